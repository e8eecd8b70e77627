/** MQTT 3.1.1 4.3 and 4.4: what a cut connection does to a message of each QoS, at the publisher and at the subscriber. */
import { describe, expect, test } from 'vitest'
import type { MqttClientApp } from '../../../../../shared/mqtt.ts'
import { runMqtt, SECOND, type MqttLab } from '../../../../support/mqtt-lab.ts'

type Cut = MqttClientApp['cuts'][number]

/** Three messages, the connection of one of the two being cut once; both sessions are to last. */
function exchange(qos: 0 | 1 | 2, cuts: Partial<Record<'pub' | 'sub', Omit<Cut, 'nth'> & { nth?: number }>>) {
  const lasting = { clean: false, reconnect: SECOND }
  const lab: MqttLab = {
    clients: {
      sub: { ...lasting, subscribe: [{ filter: 'a', qos }], cuts: cuts.sub ? [cuts.sub] : [] },
      pub: {
        ...lasting,
        publish: [{ topic: 'a', qos, at: SECOND, times: 3, every: 10 * SECOND }],
        cuts: cuts.pub ? [cuts.pub] : [],
        actions: [{ at: 40 * SECOND, do: 'disconnect' }],
      },
    },
  }
  return runMqtt(lab)
}

describe('without a cut', () => {
  test.each([0, 1, 2] as const)('QoS %i delivers each message once', async (qos) => {
    const { got, all } = await exchange(qos, {})
    expect(got('sub')).toEqual([1, 2, 3])
    expect(all('mqtt:publish_finished').map(({ error }) => error)).toEqual(['', '', ''])
  })
})

describe('the publisher is cut off', () => {
  test('QoS 0: what was not read by the broker is lost, and nobody sends it again', async () => {
    // The second message never gets out: its connection is gone with the first.
    const { got } = await exchange(0, { pub: { packet: 'PUBLISH', when: 'sent', nth: 1 } })
    expect(got('sub').filter((message) => message > 1)).toEqual([2, 3])
  })

  test('QoS 1, between PUBLISH and PUBACK: the broker gets it again, and so does the subscriber', async () => {
    const { got, all } = await exchange(1, { pub: { packet: 'PUBLISH', when: 'sent' } })
    expect(got('sub')).toEqual([1, 1, 2, 3])
    expect(all('mqtt:message_delivered').map(({ copy }) => copy)).toEqual([1, 2, 1, 1])
  })

  test('QoS 2, between PUBLISH and PUBREC: PUBLISH goes again, marked, and is known', async () => {
    const { got } = await exchange(2, { pub: { packet: 'PUBLISH', when: 'sent' } })
    expect(got('sub')).toEqual([1, 2, 3])
  })

  test('QoS 2, between PUBREC and PUBREL: PUBREL goes on the next connection', async () => {
    const { got } = await exchange(2, { pub: { packet: 'PUBREC', when: 'received' } })
    expect(got('sub')).toEqual([1, 2, 3])
  })

  test('QoS 2, between PUBREL and PUBCOMP', async () => {
    const { got } = await exchange(2, { pub: { packet: 'PUBREL', when: 'sent' } })
    expect(got('sub')).toEqual([1, 2, 3])
  })
})

describe('the subscriber is cut off', () => {
  test('QoS 0: what comes while it is away is lost', async () => {
    const { got } = await exchange(0, { sub: { packet: 'PUBLISH', when: 'received' } })
    expect(got('sub')).toEqual([1, 2, 3])
  })

  test('QoS 1, between PUBLISH and PUBACK: the application has it, and gets it again', async () => {
    const { got, all } = await exchange(1, { sub: { packet: 'PUBLISH', when: 'received' } })
    expect(got('sub')).toEqual([1, 1, 2, 3])
    // MQTT-3.3.1-1: the second is marked.
    expect(all('mqtt:message_delivered').map(({ dup }) => dup)).toEqual([false, true, false, false])
  })

  test('QoS 2, between PUBLISH and PUBREC: the application has not seen it yet', async () => {
    const { got } = await exchange(2, { sub: { packet: 'PUBLISH', when: 'received' } })
    expect(got('sub')).toEqual([1, 2, 3])
  })

  test('QoS 2, between PUBREL and PUBCOMP: the application has it, and PUBREL comes again', async () => {
    const { got } = await exchange(2, { sub: { packet: 'PUBREL', when: 'received' } })
    expect(got('sub')).toEqual([1, 2, 3])
  })
})
