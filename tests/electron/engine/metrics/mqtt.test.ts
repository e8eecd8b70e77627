/** The figures of MQTT, from small runs whose packets can be counted by hand. */
import { describe, expect, test } from 'vitest'
import type { ClientInput, MqttLab } from '../../../support/mqtt-lab.ts'
import { runMqtt, SECOND } from '../../../support/mqtt-lab.ts'

const figures = async (lab: MqttLab): Promise<Record<string, number | null>> => {
  const { run } = await runMqtt(lab)
  return Object.fromEntries(
    Object.entries(run.summary!.metrics).map(([name, value]) => [name.replace('one/', ''), value]),
  )
}

const publishing = (qos: 0 | 1 | 2, more: ClientInput = {}): MqttLab => ({
  clients: {
    sub: { subscribe: [{ filter: 'a/#', qos }] },
    none: { subscribe: [{ filter: 'b', qos }] },
    pub: { publish: [{ topic: 'a/b', qos, at: SECOND, times: 5, every: SECOND }], ...more },
  },
})

describe('packets', () => {
  test.each([
    [0, 2],
    [1, 4],
    [2, 8],
  ] as const)('QoS %i takes %i of them a message, to the broker and from it', async (qos, packets) => {
    const found = await figures(publishing(qos))
    expect(found).toMatchObject({
      mqtt_connects: 3,
      mqtt_return_code: 0,
      mqtt_refusals: 0,
      mqtt_qos_packets: packets,
      // CONNECT and CONNACK of three, SUBSCRIBE and SUBACK of two.
      mqtt_packets_sent: 10 + 5 * packets,
      mqtt_header_bytes_max: 2,
      mqtt_packet_bytes_min: 4,
      subscriptions: 2,
      pings: 0,
    })
    expect(found.connect_rtts).toBeCloseTo(1, 1)
  })

  test('the length of the longest header follows the longest packet', async () => {
    const found = await figures({ clients: { pub: { publish: [{ topic: 'a', size: 20_000 }] } } })
    expect(found.mqtt_header_bytes_max).toBe(4)
    expect(found.mqtt_packet_bytes_max).toBe(4 + 3 + 20_000)
  })

  test('a refusal is told by its code', async () => {
    const found = await figures({ broker: { unavailable: true }, clients: { device: { reconnect: 0 } } })
    expect(found).toMatchObject({ mqtt_refusals: 1, mqtt_return_code: 3 })
  })
})

describe('deliveries', () => {
  test('are meant for those who are subscribed', async () => {
    expect(await figures(publishing(1))).toMatchObject({
      messages_sent: 5,
      messages_intended: 5,
      messages_delivered: 5,
      messages_lost: 0,
      messages_duplicated: 0,
      messages_out_of_order: 0,
    })
  })

  test('copies beyond the first are duplicates', async () => {
    const cuts: ClientInput['cuts'] = [{ packet: 'PUBACK', when: 'received' }]
    const lab = publishing(1)
    const cut: ClientInput = { clean: false, cuts: [{ packet: 'PUBLISH', when: 'received' }] }
    const found = await figures({
      clients: { ...lab.clients, sub: { ...lab.clients!.sub, ...cut } },
    })
    expect(found).toMatchObject({
      messages_delivered: 5,
      messages_duplicated: 1,
      messages_lost: 0,
      mqtt_redeliveries: 1,
    })
    expect(found.sessions_resumed).toBe(1)
    expect((await figures(publishing(1, { clean: false, cuts }))).messages_duplicated).toBe(0)
  })

  test('what a client that is away misses is lost, or kept', async () => {
    const away = (qos: 0 | 1): MqttLab => ({
      clients: {
        sub: {
          clean: false,
          subscribe: [{ filter: 'a', qos }],
          actions: [
            { at: SECOND, do: 'disconnect' },
            { at: 10 * SECOND, do: 'connect' },
          ],
        },
        pub: { publish: [{ topic: 'a', qos, at: 2 * SECOND, times: 3 }] },
      },
    })
    expect(await figures(away(0))).toMatchObject({
      messages_intended: 3,
      messages_lost: 3,
      messages_dropped: 3,
      messages_queued_max: 0,
    })
    const kept = await figures(away(1))
    expect(kept).toMatchObject({ messages_lost: 0, messages_dropped: 0, messages_queued_max: 3 })
    expect(kept.message_delay_max).toBeGreaterThan(8 * SECOND)
  })

  test('a retained message for who comes later makes up for no loss', async () => {
    const found = await figures({
      clients: {
        pub: { publish: [{ topic: 'a', retain: true, at: SECOND }] },
        late: { start: 5 * SECOND, subscribe: [{ filter: 'a' }] },
      },
    })
    expect(found).toMatchObject({
      messages_intended: 0,
      messages_delivered: 1,
      messages_lost: 0,
      retained_messages: 1,
    })
  })
})

test('wills and keep alive', async () => {
  const loss = { 'links.link.up.loss.rate': 1, 'links.link.down.loss.rate': 1 }
  const found = await figures({
    steps: [{ at: 5 * SECOND, set: loss }],
    clients: {
      gone: { will: { topic: 'w' }, actions: [{ at: SECOND, do: 'disconnect' }] },
      silent: { will: { topic: 'w' }, keepAlive: 10 * SECOND, reconnect: 0 },
      last: { actions: [{ at: 60 * SECOND, do: 'disconnect' }] },
    },
  })
  expect(found).toMatchObject({ wills_published: 1, wills_discarded: 1, keep_alive_expired: 1 })
  expect(found.keep_alive_silence).toBeCloseTo(15 * SECOND, 0)
  expect(found.keep_alive_factor).toBeCloseTo(1.5, 6)
})
