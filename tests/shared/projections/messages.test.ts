/** What became of each message: intended, delivered, missing, duplicated, out of order, mistaken. */
import { describe, expect, test } from 'vitest'
import { Layers } from '../../../shared/projections/layers.ts'
import {
  carrierOf,
  lostAt,
  Messages,
  quantileOf,
  type LaneMessages,
} from '../../../shared/projections/messages.ts'
import type { TraceStore } from '../../../shared/trace/store.ts'
import { FLOW, TraceMaker } from '../../support/trace-maker.ts'

const at = (node: string, flow = FLOW) => ({ node, flow })

function laneOf(store: TraceStore, lane = ''): LaneMessages {
  const messages = new Messages()
  messages.update(store)
  return messages.lanes.get(lane)!
}

/** `#number receiver copies` of each delivery, with a star where it is not intended. */
const told = ({ deliveries }: LaneMessages): string[] =>
  deliveries.map(
    ({ message, receiver, receipts, isIntended }) =>
      `#${message.number} ${receiver || '?'} ${receipts.length}${isIntended ? '' : '*'}`,
  )

const sent = (maker: TraceMaker, t: number, message: number, channel = 'server:5001'): TraceMaker =>
  maker.add(t, 'app:message_sent', { channel, message, size: 100 }, at('client'))
const got = (
  maker: TraceMaker,
  t: number,
  message: number,
  how: { copy?: number; late?: boolean; node?: string; channel?: string } = {},
): TraceMaker => {
  const { copy = 1, late = false, node = 'server', channel = 'server:5001' } = how
  const delay = 50
  return maker.add(
    t,
    'app:message_received',
    { channel, message, size: 100, copy, late, delay, wrong: '' },
    at(node),
  )
}

describe('messages of applications', () => {
  const maker = new TraceMaker().pair()
  for (const number of [1, 2, 3, 4]) sent(maker, number, number)
  got(maker, 51, 1)
  got(maker, 53, 3)
  got(maker, 54, 2, { late: true })
  got(maker, 55, 3, { copy: 2 })
  maker.add(
    60,
    'app:message_received',
    { channel: 'server:5001', message: 0, size: 7, copy: 0, late: false, delay: -1, wrong: 'glued' },
    at('server'),
  )
  const lane = laneOf(maker.store())

  test('each is for the one receiver of its channel', () => {
    expect(told(lane)).toEqual(['#1 server 1', '#2 server 1', '#3 server 2', '#4 server 0'])
  })

  test('the figures are those of the metrics: lost is what was intended and never came whole', () => {
    expect(lane.figures).toMatchObject({
      sent: 4,
      intended: 4,
      delivered: 3,
      missing: 1,
      duplicated: 1,
      outOfOrder: 1,
      mistaken: 1,
      delays: Float64Array.of(50, 50, 50),
    })
    expect(lane.mistakes).toEqual([{ t: 60, receiver: 'server', size: 7, wrong: 'glued' }])
  })

  test('before anything came there is one receiver, whom nobody knows', () => {
    expect(told(laneOf(sent(new TraceMaker().pair(), 1, 1).store()))).toEqual(['#1 ? 0'])
  })

  test('what is sent to several is for all of them, though the second comes late', () => {
    const feed = new TraceMaker().pair()
    const channel = 'feed'
    sent(feed, 1, 1, channel)
    got(feed, 2, 1, { channel, node: 'a' })
    sent(feed, 3, 2, channel)
    got(feed, 4, 2, { channel, node: 'b' })
    expect(told(laneOf(feed.store()))).toEqual(['#1 a 1', '#1 b 0', '#2 a 0', '#2 b 1'])
  })

  test('channels and lanes count by themselves', () => {
    const two = new TraceMaker().pair('a').pair('b')
    for (const lane of ['a', 'b'])
      two.add(1, 'app:message_sent', { channel: 'x', message: 1, size: 1 }, at(`${lane}/client`))
    sent(two, 2, 1, 'x')
    sent(two, 2, 1, 'y')
    const store = two.store()
    expect(['a', 'b', ''].map((lane) => laneOf(store, lane).figures.sent)).toEqual([1, 1, 2])
  })
})

describe('messages of MQTT', () => {
  const subscribe = (maker: TraceMaker, client: string, filter: string, action = 'added', qos = 1) =>
    maker.add(1, 'mqtt:subscription', { client, filter, qos, action }, at('broker'))
  const publish = (maker: TraceMaker, message: number, topic: string, size = 30) =>
    maker.add(
      10 * message,
      'mqtt:message_published',
      { client: 'pub', message, topic, qos: 1, retain: false, size },
      at('pub'),
    )
  const deliver = (maker: TraceMaker, message: number, client: string, copy = 1, t = 10 * message + 5) =>
    maker.add(
      t,
      'mqtt:message_delivered',
      { client, message, topic: 'a/b', qos: 1, dup: false, retain: false, copy, delay: 5 },
      at(client),
    )
  const session = (maker: TraceMaker, client: string, action: string) =>
    maker.add(1, 'mqtt:session', { client, action, clean: false, queued: 0 }, at('broker'))

  test('are for those who held a matching subscription when they were published', () => {
    const maker = new TraceMaker()
    subscribe(maker, 's1', 'a/+')
    subscribe(maker, 's2', '#')
    subscribe(maker, 's3', 'b/#')
    subscribe(maker, 's4', '#', 'added', 128)
    publish(maker, 1, 'a/b')
    subscribe(maker, 's2', '#', 'removed')
    publish(maker, 2, 'a/b')
    expect(told(laneOf(maker.store()))).toEqual(['#1 s1 0', '#1 s2 0', '#2 s1 0'])
  })

  test('order is that of each publisher', () => {
    const maker = new TraceMaker()
    subscribe(maker, 's', '#')
    for (const [message, node] of [
      [1, 'one'],
      [2, 'two'],
      [3, 'one'],
    ] as const)
      maker.add(
        message,
        'mqtt:message_published',
        { client: node, message, topic: 'a/b', qos: 1, retain: false, size: 9 },
        at(node),
      )
    for (const message of [3, 2, 1]) deliver(maker, message, 's', 1, 50)
    expect(laneOf(maker.store()).figures.outOfOrder).toBe(1)
  })

  test('a session that ended or began anew has no subscriptions, one that was kept or resumed has', () => {
    const maker = new TraceMaker()
    for (const client of ['ended', 'created', 'kept', 'resumed']) {
      subscribe(maker, client, '#')
      session(maker, client, client)
    }
    publish(maker, 1, 'a/b')
    expect(told(laneOf(maker.store()))).toEqual(['#1 kept 0', '#1 resumed 0'])
  })

  test('copies, messages out of order, and what comes to someone who was not there when it was published', () => {
    const maker = new TraceMaker()
    subscribe(maker, 's', '#')
    for (const message of [1, 2, 3]) publish(maker, message, 'a/b')
    deliver(maker, 1, 's', 1, 41)
    deliver(maker, 3, 's', 1, 42)
    deliver(maker, 2, 's', 1, 43)
    deliver(maker, 3, 's', 2, 44)
    deliver(maker, 3, 'late', 1, 45)
    const lane = laneOf(maker.store())
    expect(told(lane)).toEqual(['#1 s 1', '#2 s 1', '#3 s 2', '#3 late 1*'])
    expect(lane.figures).toMatchObject({
      intended: 3,
      delivered: 4,
      unasked: 1,
      missing: 0,
      duplicated: 1,
      outOfOrder: 1,
    })
  })

  test('a will is told of when it comes, though nobody published it; one without a payload cannot be told apart', () => {
    const maker = new TraceMaker()
    subscribe(maker, 's', '#')
    publish(maker, 1, 'a/b', 0)
    deliver(maker, 2, 's')
    const lane = laneOf(maker.store())
    expect(told(lane)).toEqual(['#2 s 1*'])
    expect(lane.figures).toMatchObject({ sent: 0, intended: 0, delivered: 0 })
  })
})

describe('the packet that carried a message first', () => {
  test('is the datagram that left right after it; its loss is that of the message', () => {
    const maker = new TraceMaker().pair()
    sent(maker, 10, 1).add(10, 'udp:datagram_sent', { payload: 100, size: 128 }, { ...at('client'), pkt: 7 })
    sent(maker, 20, 2).add(20, 'udp:datagram_sent', { payload: 100, size: 128 }, { ...at('client'), pkt: 8 })
    sent(maker, 30, 3).add(
      30,
      'udp:datagram_sent',
      { payload: 9, size: 37 },
      { ...at('client', 'other'), pkt: 9 },
    )
    maker.add(
      25,
      'link:packet_dropped',
      { direction: 0, reason: 'bernoulli', delay: 5 },
      { node: 'link', pkt: 8 },
    )
    const store = maker.store()
    const { messages } = laneOf(store)
    expect(messages.map((message) => carrierOf(store, new Layers(), message))).toEqual([7, 8, null])
    expect(messages.map((message) => lostAt(store, message))).toEqual([undefined, 25, undefined])
  })

  test('is the segment with its first byte, the one that was sent first', () => {
    const maker = new TraceMaker().pair().sent(0, 1, 'client', { seq: 99, flags: 2 })
    sent(maker, 1, 1).add(
      1,
      'app:frame_written',
      { channel: 'server:5001', message: 1, offset: 150, length: 40 },
      at('client'),
    )
    maker
      .sent(2, 2, 'client', { seq: 100, payload: 150 })
      .sent(3, 3, 'client', { seq: 250, payload: 40 })
      .sent(9, 4, 'client', { seq: 250, payload: 40, cause: 'rto' })
    const store = maker.store()
    const layers = new Layers()
    layers.update(store)
    expect(carrierOf(store, layers, laneOf(store).messages[0])).toBe(3)
  })

  test('is the PUBLISH of the publisher, not one of the broker', () => {
    const maker = new TraceMaker().add(
      10,
      'mqtt:message_published',
      { client: 'p', message: 4, topic: 'a', qos: 0, retain: false, size: 9 },
      at('pub'),
    )
    const packet = {
      ...{
        type: 'PUBLISH',
        version: 4,
        packet_id: 0,
        qos: 0,
        dup: false,
        retain: false,
        topic: 'a',
        message: 4,
      },
      ...{ header: 2, length: 14, offset: 0, detail: '', bytes: '' },
    }
    maker
      .add(12, 'mqtt:packet', { ...packet, from: 'server' }, { ...at('broker'), pkt: 5 })
      .add(12, 'mqtt:packet', { ...packet, from: 'client' }, { ...at('pub'), pkt: 6 })
    const store = maker.store()
    expect(carrierOf(store, new Layers(), laneOf(store).messages[0])).toBe(6)
  })
})

test('quantiles are those of the metrics: the nearest rank', () => {
  const five = Float64Array.of(1, 2, 3, 4, 5)
  expect([0, 0.5, 0.95, 1].map((q) => quantileOf(five, q))).toEqual([1, 3, 5, 5])
  expect(quantileOf(Float64Array.of(), 0.5)).toBeNaN()
})
