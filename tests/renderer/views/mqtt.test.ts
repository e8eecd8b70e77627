/** What the view of MQTT says: the broker with its clients at a moment, and the handshakes of a message. */
import { describe, expect, test } from 'vitest'
import { flyingAt } from '../../../shared/projections/flight.ts'
import { Mqtt } from '../../../shared/projections/mqtt.ts'
import { PageLoad } from '../../../shared/projections/page-load.ts'
import { Paths } from '../../../shared/projections/paths.ts'
import { handshakeScene } from '../../../renderer/views/mqtt/handshake-scene.ts'
import { starScene } from '../../../renderer/views/mqtt/star-scene.ts'
import { MqttMaker } from '../../support/mqtt-trace.ts'

/** QoS 1: the PUBLISH to the display is lost once; its connection is cut before PUBACK, and it gets the message again. */
const store = new MqttMaker()
  .pair()
  .connected(0, 'display', 2)
  .connected(0, 'sensor', 1, true)
  .subscribed(10, 'display', 'lab/+', 1)
  .subscribed(10, 'display', 'other', 0)
  .add(
    10,
    'mqtt:will',
    { client: 'display', action: 'registered', topic: 'gone', reason: '' },
    { node: 'server' },
  )
  .add(20, 'mqtt:retained', { topic: 'lab/a', message: 1, size: 9, action: 'set' }, { node: 'server' })
  .published(1_000, 'sensor', 1, 'lab/a', 1)
  .mqtt(1_000, 1, { topic: 'lab/a', message: 1, qos: 1, packet_id: 7 })
  .mqtt(1_100, 1, { from: 'server', type: 'PUBACK', packet_id: 7, length: 4 })
  .mqtt(1_100, 2, { from: 'server', topic: 'lab/a', message: 1, qos: 1, packet_id: 1 }, null)
  .again(1_500, 2, 'server')
  .delivered(1_600, 'display', 1, 'lab/a', 1)
  .add(
    1_600,
    'mqtt:session',
    { client: 'display', action: 'kept', clean: false, queued: 1 },
    { node: 'server' },
  )
  .add(
    1_600,
    'mqtt:state',
    { client: 'display', state: 'closed', session_present: false, code: 0, reason: 'cut' },
    { node: 'client' },
  )
  .connected(90_000, 'display', 3, false, 1, 'resumed')
  .mqtt(90_100, 3, { from: 'server', topic: 'lab/a', message: 1, qos: 1, packet_id: 1, dup: true })
  .delivered(90_200, 'display', 1, 'lab/a', 1, 2)
  .mqtt(90_200, 3, { type: 'PUBACK', packet_id: 1, length: 4 })
  .store()
const mqtt = new Mqtt()
mqtt.update(store)
const lane = mqtt.lanes.get('')!
const [message] = lane.messages
const paths = new Paths()
paths.update(store)
const { layers } = (() => {
  const load = new PageLoad()
  load.update(store)
  return load
})()
const t = (key: string, values: object = {}): string =>
  [key.replace('view.mqtt.', ''), ...Object.values(values).map(String)].join(' ')

describe('the broker and its clients', () => {
  const at = (now: number) =>
    starScene({
      store,
      paths,
      lane,
      now,
      flying: flyingAt(store, paths, '', now),
      message,
      carriers: new Set([1]),
      t,
    })
  const client = (now: number, id: string) => at(now).clients.find((one) => one.id === id)

  test('have who only publishes first, as in a ladder', () => {
    expect(at(1_000).clients.map(({ id }) => id)).toEqual(['sensor', 'display'])
  })

  test('say of connections, sessions, wills and retained messages how they are', () => {
    expect(at(1_000).lines).toEqual(['retained 1', 'lab/a #1'])
    expect(client(1_000, 'display')).toMatchObject({
      connection: 'open',
      lines: ['state.connected', 'will.registered gone'],
      isLit: true,
    })
    expect(client(50_000, 'display')).toMatchObject({
      connection: 'away',
      lines: ['away 1', 'will.registered gone'],
    })
    expect(at(5).lines).toEqual([])
  })

  test('show subscriptions, and which of them the message is for', () => {
    expect(client(1_000, 'display')?.subscriptions).toEqual([
      { text: 'lab/+ · QoS 1', isMeant: true },
      { text: 'other · QoS 0', isMeant: false },
    ])
  })

  test('have each packet on the line of its client, from there or to there', () => {
    const packets = (now: number) =>
      at(now).packets.map(({ client: id, place, fromClient, isLit }) => [
        id,
        Number(place.toFixed(2)),
        fromClient,
        isLit,
      ])
    expect(packets(1_025)).toEqual([['sensor', 0.25, true, true]])
    expect(packets(1_525)).toEqual([['display', 0.75, false, false]])
    expect(
      at(1_115)
        .packets.filter(({ flying }) => flying.dead)
        .map((one) => one.client),
    ).toEqual(['display'])
  })
})

describe('the handshakes of a message', () => {
  const scene = (most = 8) =>
    handshakeScene({
      store,
      paths,
      layers,
      lane,
      message,
      language: 'en',
      cursor: null,
      most,
      broker: 'broker',
    })

  test('stand between publisher, broker and subscribers', () => {
    expect(scene().frame.sides.map(({ name, role }) => [name, role])).toEqual([
      ['sensor', 'client'],
      ['broker', 'server'],
      ['display', 'client'],
    ])
  })

  test('have a line for every time that a packet was sent, by TCP again or by MQTT', () => {
    const lines = scene().tries.map(
      ({ step, place, path, from, to }) =>
        `${from}-${to} ${step.type}${step.dup ? ' DUP' : ''}${place > 0 ? ' again' : ''} ${path?.packet.fate ?? 'unsent'}`,
    )
    expect(lines).toEqual([
      '0-1 PUBLISH delivered',
      '1-0 PUBACK delivered',
      '1-2 PUBLISH dropped',
      '1-2 PUBLISH again delivered',
      '1-2 PUBLISH DUP delivered',
      '2-1 PUBACK delivered',
    ])
  })

  test('tell when the application got it, and how often', () => {
    expect(scene().handOvers).toEqual([
      { t: 1_600, column: 2, copy: 1 },
      { t: 90_200, column: 2, copy: 2 },
    ])
  })

  test('fold the time that the subscriber was away', () => {
    const { frame } = scene()
    expect(frame.silences).toHaveLength(1)
    expect(frame.silences[0].lasts).toBe(88_500)
    expect(frame.range.to - 90_300).toBeLessThan(1_000)
  })

  test('have one subscriber at least, however narrow the view, and say how many have no column', () => {
    expect(scene(2).hidden).toBe(0)
    expect(scene(1).frame.sides).toHaveLength(3)
  })
})
