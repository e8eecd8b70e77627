/** MQTT 3.1.1 3.1.2.4 and 4.1: what outlives a connection. */
import { describe, expect, test } from 'vitest'
import { runMqtt, SECOND, type BrokerInput, type ClientInput } from '../../../../support/mqtt-lab.ts'

/** Away from 2 s to 10 s. */
const away: ClientInput = {
  actions: [
    { at: 2 * SECOND, do: 'disconnect' },
    { at: 10 * SECOND, do: 'connect' },
    { at: 20 * SECOND, do: 'disconnect' },
  ],
}

/** One message of each QoS while the subscriber is away. */
const offline = (sub: ClientInput, broker: BrokerInput = {}) =>
  runMqtt({
    broker,
    clients: {
      sub: { ...away, clean: false, ...sub },
      pub: { publish: ([0, 1, 2] as const).map((qos) => ({ topic: 'a/b', qos, at: 5 * SECOND })) },
    },
  })

describe('messages for a client that is away', () => {
  test('are kept if its session is to stay and they have a QoS (MQTT-3.1.2-5)', async () => {
    const { got, all } = await offline({ subscribe: [{ filter: 'a/+', qos: 2 }] })
    expect(got('sub').toSorted()).toEqual([2, 3])
    const queued = all('mqtt:queued')
    expect(queued.toSorted((a, b) => a.message - b.message)).toMatchObject([
      { message: 1, qos: 0, action: 'dropped' },
      { message: 2, qos: 1, action: 'kept' },
      { message: 3, qos: 2, action: 'kept' },
    ])
    expect(queued.map((told) => told.queued)).toEqual([0, 1, 2])
    expect(all('mqtt:message_delivered').map(({ dup }) => dup)).toEqual([false, false])
  })

  test('of QoS 0 are kept, too, by a broker that is set so', async () => {
    const { got, all } = await offline({ subscribe: [{ filter: 'a/+', qos: 2 }] }, { queueQoSZero: true })
    expect(got('sub').toSorted()).toEqual([1, 2, 3])
    expect(
      all('mqtt:message_delivered')
        .map(({ qos }) => qos)
        .toSorted(),
    ).toEqual([0, 1, 2])
  })

  test('are not kept for a clean session (MQTT-3.1.2-6)', async () => {
    const { got, all } = await offline({ clean: true, subscribe: [{ filter: 'a/+', qos: 2 }] })
    expect(got('sub')).toEqual([])
    expect(all('mqtt:queued')).toEqual([])
  })

  test('are not kept beyond the QoS of the subscription (MQTT-3.8.4-6)', async () => {
    const { all } = await offline({ subscribe: [{ filter: 'a/#', qos: 1 }] })
    expect(all('mqtt:message_delivered').map(({ qos }) => qos)).toEqual([1, 1])
    expect(all('mqtt:queued').map(({ qos }) => qos)).toEqual([0, 1, 1])
  })

  test('go when their client comes back with a clean session', async () => {
    const { all, got } = await runMqtt({
      clients: {
        sub: {
          clean: false,
          subscribe: [{ filter: 'a', qos: 1 }],
          actions: [{ at: 2 * SECOND, do: 'disconnect' }],
        },
        pub: { publish: [{ topic: 'a', qos: 1, at: 5 * SECOND }] },
        again: { clientId: 'sub', start: 10 * SECOND },
      },
    })
    expect(got('sub')).toEqual([])
    expect(
      all('mqtt:session')
        .filter(({ client }) => client === 'sub')
        .map(({ action }) => action),
    ).toEqual(['created', 'kept', 'ended', 'created'])
    expect(all('mqtt:subscription').map(({ action }) => action)).toEqual(['added', 'removed'])
  })
})

describe('CONNACK says whether there is a session', () => {
  const presence = async (client: ClientInput) => {
    const { all } = await runMqtt({ clients: { device: { ...away, ...client } } })
    return all('mqtt:state')
      .filter(({ state }) => state === 'connected')
      .map((told) => told.session_present)
  }

  test('MQTT-3.2.2-1: not to a client that wants a clean one', async () =>
    expect(await presence({ clean: true })).toEqual([false, false]))

  test('MQTT-3.2.2-2: to one that has been here, even without a subscription', async () =>
    expect(await presence({ clean: false })).toEqual([false, true]))
})

test('a session that was resumed needs no SUBSCRIBE; a clean one does', async () => {
  const count = async (clean: boolean) => {
    const { all } = await runMqtt({ clients: { sub: { ...away, clean, subscribe: [{ filter: 'a' }] } } })
    return all('mqtt:subscription').filter(({ action }) => action === 'added').length
  }
  expect([await count(true), await count(false)]).toEqual([2, 1])
})

test('what is published while there is no connection goes out with the next', async () => {
  const { got, all } = await runMqtt({
    clients: {
      sub: { subscribe: [{ filter: 'a', qos: 2 }] },
      pub: { ...away, publish: ([0, 1, 2] as const).map((qos) => ({ topic: 'a', qos, at: 5 * SECOND })) },
    },
  })
  expect(got('sub').toSorted()).toEqual([1, 2, 3])
  for (const { t, error } of all('mqtt:publish_finished')) {
    expect(t).toBeGreaterThan(10 * SECOND)
    expect(error).toBe('')
  }
})

test('MQTT-2.3.1-2: what is sent again keeps its identifier, and what is new gets another', async () => {
  // Cut off after the first of ten, of which the broker has sent all by then.
  const { got, all } = await runMqtt({
    clients: {
      sub: {
        clean: false,
        subscribe: [{ filter: 'a', qos: 1 }],
        cuts: [{ packet: 'PUBLISH', when: 'received' }],
      },
      pub: { publish: [{ topic: 'a', qos: 1, at: SECOND, times: 20, every: 100_000 }] },
    },
  })
  expect(new Set(got('sub')).size).toBe(20)
  expect(all('mqtt:message_delivered').filter(({ copy }) => copy > 1)).toHaveLength(1)
})
