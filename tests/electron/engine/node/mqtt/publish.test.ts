/** MQTT 3.1.1 3.3, 3.8, 3.10 and 4.7: who gets what, at which QoS, and what is retained. */
import { describe, expect, test } from 'vitest'
import { runMqtt, SECOND, type ClientInput } from '../../../../support/mqtt-lab.ts'

describe('filters (4.7)', () => {
  const TOPICS = ['a', 'a/b', 'a/b/c', '/a', 'b', '$lab/a']
  test.each([
    ['#', ['a', 'a/b', 'a/b/c', '/a', 'b']],
    ['a/#', ['a', 'a/b', 'a/b/c']],
    ['+', ['a', 'b']],
    ['a/+', ['a/b']],
    ['+/+', ['a/b', '/a']],
    ['a/+/c', ['a/b/c']],
    ['$lab/#', ['$lab/a']],
    ['a/b', ['a/b']],
  ])('%s', async (filter, topics) => {
    const { all } = await runMqtt({
      clients: {
        sub: { subscribe: [{ filter }] },
        pub: { publish: TOPICS.map((topic) => ({ topic, at: SECOND })) },
      },
    })
    expect(all('mqtt:message_delivered').map(({ topic }) => topic)).toEqual(topics)
  })
})

describe('QoS of a delivery', () => {
  const deliveries = async (subscribe: ClientInput['subscribe'], clean = true) => {
    const { all } = await runMqtt({
      clients: {
        sub: { clean, subscribe },
        pub: { publish: ([0, 1, 2] as const).map((qos) => ({ topic: 'a/b', qos, at: SECOND })) },
      },
    })
    return all('mqtt:message_delivered')
      .map(({ message, qos }) => [message, qos])
      .toSorted(([a], [b]) => a - b)
  }

  test.each([
    [0, [0, 0, 0]],
    [1, [0, 1, 1]],
    [2, [0, 1, 2]],
  ] as const)(
    'MQTT-3.8.4-6: not above the subscription, here %i, with wildcards, too',
    async (qos, expected) => {
      for (const clean of [true, false])
        expect((await deliveries([{ filter: 'a/+', qos }], clean)).map(([, at]) => at)).toEqual(expected)
    },
  )

  test('MQTT-3.3.5-1: of overlapping subscriptions the highest counts, and the message comes once', async () => {
    const overlapping = [
      { filter: 'a/#', qos: 0 },
      { filter: 'a/b', qos: 2 },
      { filter: '+/b', qos: 1 },
    ] as const
    for (const clean of [true, false])
      expect(await deliveries([...overlapping], clean)).toEqual([
        [1, 0],
        [2, 1],
        [3, 2],
      ])
  })
})

describe('subscriptions come and go', () => {
  test('at their time', async () => {
    const { got, all } = await runMqtt({
      clients: {
        sub: { subscribe: [{ filter: 'a', at: 3 * SECOND, until: 6 * SECOND }] },
        pub: { publish: [{ topic: 'a', times: 8, every: SECOND, at: SECOND / 2 }] },
      },
    })
    expect(got('sub')).toEqual([4, 5, 6])
    expect(all('mqtt:subscription').map(({ action }) => action)).toEqual(['added', 'removed'])
  })

  test('what was asked for again is taken up at the new QoS (MQTT-3.8.4-3)', async () => {
    const { all } = await runMqtt({
      clients: {
        sub: { subscribe: [{ filter: 'a', qos: 0 }] },
        same: { subscribe: [{ filter: 'a', qos: 2, at: 3 * SECOND }] },
        pub: { publish: [{ topic: 'a', qos: 1, at: 2 * SECOND, times: 2, every: 2 * SECOND }] },
      },
    })
    const of = (client: string) => all('mqtt:message_delivered').filter((told) => told.client === client)
    expect(of('sub').map(({ qos }) => qos)).toEqual([0, 0])
    expect(of('same').map(({ qos }) => qos)).toEqual([1])
  })
})

describe('retained messages (3.3.1.3)', () => {
  const retained = (...publish: NonNullable<ClientInput['publish']>) =>
    runMqtt({
      clients: {
        early: { subscribe: [{ filter: '#', qos: 2 }] },
        pub: { publish },
        late: { start: 10 * SECOND, subscribe: [{ filter: 'a/+', qos: 1 }] },
      },
    })

  test('the last one is for those that come later, marked (MQTT-3.3.1-8); for others it is not marked (-9)', async () => {
    const { all } = await retained({ topic: 'a/b', retain: true, qos: 1, times: 2, at: SECOND })
    const told = all('mqtt:message_delivered').map(({ client, message, retain }) => [client, message, retain])
    expect(told).toEqual([
      ['early', 1, false],
      ['early', 2, false],
      ['late', 2, true],
    ])
    expect(all('mqtt:retained').map(({ action }) => action)).toEqual(['set', 'set'])
  })

  test('MQTT-3.3.1-10: an empty one clears it, and is delivered like any other', async () => {
    const { all, got } = await retained(
      { topic: 'a/b', retain: true, at: SECOND },
      { topic: 'a/b', retain: true, size: 0, at: 2 * SECOND },
    )
    expect(got('late')).toEqual([])
    expect(all('mqtt:retained').map(({ action }) => action)).toEqual(['set', 'cleared'])
    expect(all('mqtt:message_delivered')).toHaveLength(2)
  })

  test('MQTT-3.3.1-12: what is not to be retained changes nothing', async () => {
    const { got } = await retained(
      { topic: 'a/b', retain: true, at: SECOND },
      { topic: 'a/b', at: 2 * SECOND },
    )
    expect(got('late')).toEqual([1])
  })
})

test('MQTT-3.3.1-3: a mark of the publisher is not the mark of the subscriber', async () => {
  const { all } = await runMqtt({
    clients: {
      sub: { subscribe: [{ filter: 'a', qos: 1 }] },
      pub: {
        clean: false,
        publish: [{ topic: 'a', qos: 1, at: SECOND }],
        cuts: [{ packet: 'PUBLISH', when: 'sent' }],
      },
    },
  })
  expect(all('mqtt:message_delivered').map(({ copy, dup }) => [copy, dup])).toEqual([
    [1, false],
    [2, false],
  ])
})

test('payloads of any length arrive whole', async () => {
  const sizes = [0, 1, 127, 16_500, 2_097_200]
  const { all } = await runMqtt({
    link: { up: { delay: 1_000 }, down: { delay: 1_000 } },
    clients: {
      sub: { subscribe: [{ filter: 'a', qos: 1 }] },
      pub: { publish: sizes.map((size, i) => ({ topic: 'a', qos: 1, size, at: (1 + i) * SECOND })) },
    },
  })
  expect(all('mqtt:message_published').map(({ size }) => size)).toEqual([0, 3, 127, 16_500, 2_097_200])
  expect(all('mqtt:message_delivered').map(({ message }) => message)).toEqual([0, 2, 3, 4, 5])
})
