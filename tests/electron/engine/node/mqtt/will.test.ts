/** MQTT 3.1.1 3.1.2.5 (wills) and 3.1.2.10 (keep alive). */
import { describe, expect, test } from 'vitest'
import { runMqtt, RTT, SECOND, type ClientInput, type MqttLab } from '../../../../support/mqtt-lab.ts'

const will = { topic: 'wills/device', qos: 1, retain: true } as const
/** Whoever gets the will. It stays for a minute, and with it the run. */
const heir: ClientInput = {
  subscribe: [{ filter: 'wills/#', qos: 1 }],
  actions: [{ at: 60 * SECOND, do: 'disconnect' }],
}

const fate = async (device: ClientInput, lab: Partial<MqttLab> = {}) => {
  const result = await runMqtt({
    ...lab,
    clients: { heir, device: { will, reconnect: 0, ...device } },
  })
  return { ...result, wills: result.all('mqtt:will').map(({ action, reason }) => [action, reason]) }
}

describe('a will', () => {
  test('MQTT-3.1.2-10: is discarded by DISCONNECT', async () => {
    const { wills, got } = await fate({ actions: [{ at: SECOND, do: 'disconnect' }] })
    expect(wills).toEqual([
      ['registered', ''],
      ['discarded', 'disconnect'],
    ])
    expect(got('heir')).toEqual([])
  })

  test('MQTT-3.1.2-8: is published when the connection breaks', async () => {
    const { wills, got, all } = await fate({ actions: [{ at: SECOND, do: 'break' }] })
    expect(wills).toEqual([
      ['registered', ''],
      ['published', 'broken'],
    ])
    expect(got('heir')).toEqual([1])
    expect(all('mqtt:retained')).toMatchObject([{ topic: will.topic, action: 'set' }])
  })

  test('is published when the broker closes the connection', async () => {
    const { wills } = await fate({}, { broker: { closings: [{ client: 'device', at: SECOND }] } })
    expect(wills).toEqual([
      ['registered', ''],
      ['published', 'broken'],
    ])
  })

  test('is published when another takes over', async () => {
    const { all } = await runMqtt({
      clients: {
        heir,
        device: { will, reconnect: 0 },
        other: { clientId: 'device', start: SECOND },
      },
    })
    expect(all('mqtt:will').map(({ action }) => action)).toEqual(['registered', 'published'])
  })

  test('is not published of a client that was refused', async () => {
    const { wills } = await fate({}, { broker: { refusedClients: ['device'] } })
    expect(wills).toEqual([])
  })
})

describe('keep alive', () => {
  /** The way is cut in both directions from 5 s on. */
  const cut = { at: 5 * SECOND, set: { 'links.link.up.loss.rate': 1, 'links.link.down.loss.rate': 1 } }

  test('MQTT-3.1.2-24: who is silent for 1.5 times as long is let go, counted from the last packet', async () => {
    const { all, wills } = await fate(
      { keepAlive: 10 * SECOND, publish: [{ topic: 'a', at: 3 * SECOND }] },
      { steps: [cut] },
    )
    const [expired] = all('mqtt:keep_alive_expired')
    expect(expired).toMatchObject({ client: 'device', interval: 10 * SECOND })
    expect(expired.silent).toBeCloseTo(15 * SECOND, 0)
    expect(expired.t).toBeGreaterThan(18 * SECOND)
    expect(expired.t).toBeLessThan(18 * SECOND + RTT)
    expect(wills).toEqual([
      ['registered', ''],
      ['published', 'keep_alive'],
    ])
  })

  test('the client finds out for itself that no PINGRESP comes', async () => {
    const { all } = await fate({ keepAlive: 10 * SECOND }, { steps: [cut] })
    const closed = all('mqtt:state').find(({ state }) => state === 'closed')
    expect(closed).toMatchObject({ client: 'device', reason: 'keep_alive' })
    expect(closed!.t).toBeCloseTo(15 * SECOND, -5)
  })

  test('PINGREQ keeps a silent client alive', async () => {
    const { all } = await fate({ keepAlive: 2 * SECOND, actions: [{ at: 30 * SECOND, do: 'disconnect' }] })
    expect(all('mqtt:keep_alive_expired')).toEqual([])
    expect(
      all('mqtt:state')
        .filter(({ client }) => client === 'device')
        .map(({ state }) => state),
    ).toEqual(['connecting', 'connected', 'closed'])
  })

  test('0 switches it off', async () => {
    const { all } = await fate({ keepAlive: 0 }, { steps: [cut] })
    expect(all('mqtt:keep_alive_expired')).toEqual([])
  })
})
