import { describe, expect, test } from 'vitest'
import { carriersOf, Mqtt, outcomeOf, type MqttMessage } from '../../../shared/projections/mqtt.ts'
import { PageLoad } from '../../../shared/projections/page-load.ts'
import type { TraceStore } from '../../../shared/trace/store.ts'
import { MqttMaker } from '../../support/mqtt-trace.ts'

const read = (store: TraceStore) => {
  const mqtt = new Mqtt()
  mqtt.update(store)
  return mqtt.lanes.get('')!
}
const wordsOf = ({ steps }: MqttMessage): string[] =>
  steps.map(({ t, client, from, type, dup }) => `${t} ${client} ${from} ${type}${dup ? ' DUP' : ''}`)

/** The publisher on port 1, a subscriber on port 2, whose connection is cut; it comes back on port 3. */
const qos2 = (): MqttMaker =>
  new MqttMaker()
    .pair()
    .connected(0, 'sensor', 1, true)
    .connected(0, 'display', 2)
    .subscribed(10, 'display', 'lab/+', 2)
    .published(1_000, 'sensor', 1, 'lab/a', 2)
    .mqtt(1_000, 1, { topic: 'lab/a', message: 1, qos: 2, packet_id: 7 })
    .mqtt(1_100, 1, { from: 'server', type: 'PUBREC', packet_id: 7, length: 4 })
    .mqtt(1_200, 1, { type: 'PUBREL', packet_id: 7, length: 4 })
    .mqtt(1_300, 1, { from: 'server', type: 'PUBCOMP', packet_id: 7, length: 4 })
    .mqtt(1_300, 2, { from: 'server', topic: 'lab/a', message: 1, qos: 2, packet_id: 1 }, null)
    .again(1_900, 2, 'server')
    .mqtt(2_000, 2, { type: 'PUBREC', packet_id: 1, length: 4 }, null)
    .add(
      2_000,
      'mqtt:session',
      { client: 'display', action: 'kept', clean: false, queued: 1 },
      { node: 'server' },
    )
    .add(
      2_000,
      'mqtt:state',
      { client: 'display', state: 'closed', session_present: false, code: 0, reason: 'cut' },
      { node: 'client' },
    )
    .connected(5_000, 'display', 3, false, 1, 'resumed')
    .mqtt(5_100, 3, { from: 'server', topic: 'lab/a', message: 1, qos: 2, packet_id: 1, dup: true })
    .mqtt(5_200, 3, { type: 'PUBREC', packet_id: 1, length: 4 })
    .mqtt(5_300, 3, { from: 'server', type: 'PUBREL', packet_id: 1, length: 4 })
    .mqtt(5_400, 3, { type: 'PUBCOMP', packet_id: 1, length: 4 })
    .delivered(5_400, 'display', 1, 'lab/a', 2)

describe('a message of QoS 2', () => {
  const store = qos2().store()
  const lane = read(store)
  const [message] = lane.messages

  test('is followed through both handshakes, and over the cut', () => {
    expect(lane.messages).toHaveLength(1)
    expect(message).toMatchObject({
      number: 1,
      topic: 'lab/a',
      qos: 2,
      publisher: 'sensor',
      intended: ['display'],
    })
    expect(wordsOf(message)).toEqual([
      '1000 sensor client PUBLISH',
      '1100 sensor server PUBREC',
      '1200 sensor client PUBREL',
      '1300 sensor server PUBCOMP',
      '1300 display server PUBLISH',
      '2000 display client PUBREC',
      '5100 display server PUBLISH DUP',
      '5200 display client PUBREC',
      '5300 display server PUBREL',
      '5400 display client PUBCOMP',
    ])
  })

  test('was delivered once', () => {
    expect(outcomeOf(message)).toEqual({ intended: 1, delivered: 1, waiting: 0, missing: 0, duplicated: 0 })
  })

  test('has the segments that carried each packet, those that were lost, too', () => {
    const load = new PageLoad()
    load.update(store)
    const fates = (step: number) =>
      carriersOf(store, load.layers, message.steps[step]).map((pkt) => store.fate(pkt).kind)
    expect(fates(0)).toEqual(['delivered'])
    expect(fates(4)).toEqual(['dropped', 'delivered'])
    expect(fates(5)).toEqual(['dropped'])
    expect(fates(6)).toEqual(['delivered'])
  })

  test('its packets lead back to it', () => {
    expect(message.steps.every(({ row }) => lane.ofRow.get(row) === message)).toBe(true)
  })

  test('does not depend on how the events were cut into batches', () => {
    const maker = qos2()
    const apart = maker.store(maker.events.map((_, i) => i))
    expect(read(apart).messages).toEqual(lane.messages)
  })

  test('and clients are as they were at each moment', () => {
    const at = (client: string, t: number) => lane.clientAt(lane.clients.get(client)!, t)
    expect(at('display', 5)).toMatchObject({ state: 'connected', subscriptions: [] })
    expect(at('display', 1_000)).toMatchObject({
      subscriptions: [{ filter: 'lab/+', qos: 2 }],
      isKept: false,
    })
    expect(at('display', 3_000)).toMatchObject({ state: 'closed', isKept: true, queued: 1 })
    expect(at('display', 6_000)).toMatchObject({ state: 'connected', isKept: false, queued: 0 })
    expect(at('display', 6_000).subscriptions, 'the session holds them').toHaveLength(1)
    expect(at('sensor', -1)).toMatchObject({ state: '' })
  })
})

describe('what becomes of messages', () => {
  test('who subscribes later is not meant; a second copy is a duplicate; what is kept waits', () => {
    const lane = read(
      new MqttMaker()
        .pair()
        .connected(0, 'a', 1)
        .connected(0, 'b', 2)
        .connected(0, 'c', 3)
        .subscribed(10, 'a', '#', 1)
        .subscribed(10, 'b', 'x', 1)
        .published(100, 'c', 1, 'x', 1)
        .subscribed(200, 'c', 'x', 1)
        .delivered(300, 'a', 1, 'x', 1)
        .delivered(400, 'a', 1, 'x', 1, 2)
        .add(
          400,
          'mqtt:queued',
          { client: 'b', message: 1, qos: 1, action: 'kept', queued: 1 },
          { node: 'server' },
        )
        .store(),
    )
    expect(outcomeOf(lane.messages[0])).toEqual({
      intended: 2,
      delivered: 1,
      waiting: 1,
      missing: 0,
      duplicated: 1,
    })
  })

  test('retained messages and wills are known at each moment', () => {
    const lane = read(
      new MqttMaker()
        .pair()
        .connected(0, 'a', 1)
        .add(
          5,
          'mqtt:will',
          { client: 'a', action: 'registered', topic: 'gone', reason: '' },
          { node: 'server' },
        )
        .add(10, 'mqtt:retained', { topic: 'x', message: 1, size: 9, action: 'set' }, { node: 'server' })
        .add(20, 'mqtt:retained', { topic: 'x', message: 2, size: 9, action: 'set' }, { node: 'server' })
        .add(30, 'mqtt:retained', { topic: 'x', message: 3, size: 0, action: 'cleared' }, { node: 'server' })
        .add(
          40,
          'mqtt:will',
          { client: 'a', action: 'published', topic: 'gone', reason: 'broken' },
          { node: 'server' },
        )
        .store(),
    )
    expect([5, 15, 25, 35].map((t) => lane.retainedAt(t).map(({ message }) => message))).toEqual([
      [],
      [1],
      [2],
      [],
    ])
    const will = (t: number) => lane.clientAt(lane.clients.get('a')!, t).will?.action
    expect([1, 5, 50].map(will)).toEqual([undefined, 'registered', 'published'])
  })
})

describe('outsiders', () => {
  const lane = read(
    new MqttMaker()
      .pair()
      .mqtt(0, 1, { type: 'CONNECT', detail: 'client pub, Clean Session, keep alive 60 s' })
      .mqtt(100, 1, { from: 'server', type: 'CONNACK', detail: '0: accepted' })
      .mqtt(0, 2, { type: 'CONNECT', detail: 'client sub, keep alive 60 s' })
      .mqtt(100, 2, { from: 'server', type: 'CONNACK', detail: '0: accepted' })
      .mqtt(200, 2, { type: 'SUBSCRIBE', packet_id: 1, topic: 'a/#\nb', detail: 'a/# QoS 1, b QoS 0' })
      .mqtt(300, 1, { topic: 'a/x', qos: 1, packet_id: 1 })
      .mqtt(310, 1, { topic: 'a/x', qos: 1, packet_id: 2 })
      .mqtt(400, 1, { from: 'server', type: 'PUBACK', packet_id: 1, length: 4 })
      .mqtt(400, 2, { from: 'server', topic: 'a/x', qos: 1, packet_id: 1 })
      .mqtt(410, 1, { from: 'server', type: 'PUBACK', packet_id: 2, length: 4 })
      .mqtt(410, 2, { from: 'server', topic: 'a/x', qos: 1, packet_id: 2 })
      .mqtt(500, 2, { type: 'PUBACK', packet_id: 1, length: 4 })
      .mqtt(900, 1, { type: 'DISCONNECT', length: 2 })
      .store(),
  )

  test('are known by their CONNECT, their subscriptions by SUBSCRIBE', () => {
    expect([...lane.clients.keys()]).toEqual(['pub', 'sub'])
    const at = (client: string, t: number) => lane.clientAt(lane.clients.get(client)!, t)
    expect(at('sub', 250)).toMatchObject({
      state: 'connected',
      subscriptions: [
        { filter: 'a/#', qos: 1 },
        { filter: 'b', qos: 0 },
      ],
    })
    expect([0, 100, 900].map((t) => at('pub', t).state)).toEqual(['connecting', 'connected', 'closed'])
  })

  test('connect and go by their packets, even where the broker tells of their sessions', () => {
    const told = read(
      new MqttMaker()
        .pair()
        .mqtt(0, 1, { type: 'CONNECT', detail: 'client pub, keep alive 60 s' })
        .add(
          50,
          'mqtt:session',
          { client: 'pub', action: 'created', clean: false, queued: 0 },
          { node: 'server' },
        )
        .mqtt(100, 1, { from: 'server', type: 'CONNACK', detail: '0: accepted' })
        .add(
          900,
          'mqtt:session',
          { client: 'pub', action: 'kept', clean: false, queued: 0 },
          { node: 'server' },
        )
        .store(),
    )
    const at = (t: number) => told.clientAt(told.clients.get('pub')!, t)
    expect([0, 100, 900].map((t) => at(t).state)).toEqual(['connecting', 'connected', 'closed'])
    expect(at(900).isKept).toBe(true)
  })

  test('messages without a number are followed by packet identifier, topic and order', () => {
    expect(lane.messages.map(wordsOf)).toEqual([
      ['300 pub client PUBLISH', '400 pub server PUBACK', '400 sub server PUBLISH', '500 sub client PUBACK'],
      ['310 pub client PUBLISH', '410 pub server PUBACK', '410 sub server PUBLISH'],
    ])
    expect(outcomeOf(lane.messages[0])).toMatchObject({ intended: 1, delivered: 1, missing: 0 })
  })
})
