/** What the list of messages says of each, and which pass its filter. */
import { describe, expect, test } from 'vitest'
import { PduRows } from '../../../renderer/views/pdus/rows.ts'
import { pduLabel, pduLabels, pduWords } from '../../../renderer/views/pdus/words.ts'
import { Pdus } from '../../../shared/projections/pdus.ts'
import type { EventData } from '../../../shared/trace/events.ts'
import { FLOW, TraceMaker } from '../../support/trace-maker.ts'

const PUBLISH: EventData<'mqtt:packet'> = {
  from: 'client',
  type: 'PUBLISH',
  version: 4,
  packet_id: 7,
  qos: 1,
  dup: true,
  retain: false,
  topic: 'sensors/1',
  message: 17,
  header: 2,
  length: 40,
  offset: 0,
  detail: '',
  bytes: '3226',
}
const QUERY: EventData<'dns:message'> = {
  from: 'client',
  over: 'udp',
  id: 0x2a,
  response: false,
  rcode: 'NOERROR',
  flags: 'rd',
  name: 'www.lab',
  type: 'A',
  answers: 0,
  detail: '',
  length: 25,
  bytes: '002a',
}
const FRAME: EventData<'ws:frame'> = {
  from: 'client',
  opcode: 'text',
  fin: true,
  rsv: 0,
  masked: true,
  key: '01020304',
  header: 6,
  length: 5,
  offset: 0,
  detail: 'hello',
  bytes: '8185',
}
const ARP: EventData<'arp:message_sent'> = {
  operation: 'request',
  sender_mac: '02:00:00:00:00:01',
  sender_address: '10.77.0.1',
  target_mac: '00:00:00:00:00:00',
  target_address: '10.77.0.2',
  interface: 0,
  bytes: 'ff',
}
const at = (node: string, pkt: number) => ({ node, flow: FLOW, pkt })
const store = new TraceMaker()
  .pair()
  .add(1, 'arp:message_sent', ARP, { node: 'client', pkt: 1 })
  .add(2, 'arp:message_sent', { ...ARP, operation: 'reply' }, { node: 'server', pkt: 2 })
  .add(3, 'dns:message', QUERY, at('client', 3))
  .add(
    4,
    'dns:message',
    {
      ...QUERY,
      from: 'server',
      response: true,
      flags: 'aa,rd',
      answers: 1,
      detail: 'www.lab. 300 IN A 10.77.0.2',
    },
    at('server', 4),
  )
  .add(5, 'mqtt:packet', PUBLISH, at('client', 5))
  .add(
    6,
    'mqtt:packet',
    { ...PUBLISH, from: 'server', type: 'PUBACK', message: 0, topic: '' },
    at('server', 6),
  )
  .add(7, 'mqtt:packet', { ...PUBLISH, type: 'SUBSCRIBE', message: 0, topic: 'a/#\nb/+' }, at('client', 7))
  .add(
    8,
    'mqtt:problem',
    { from: 'client', offset: 0, rule: 'MQTT-2.2.2-2', reason: 'reserved bits', bytes: 'c1' },
    at('client', 8),
  )
  .add(9, 'ws:frame', FRAME, at('client', 9))
  .add(
    10,
    'grpc:message',
    { from: 'server', stream: 3, compressed: false, length: 1, bytes: '' },
    at('server', 10),
  )
  .store()
const pdus = new Pdus()
pdus.update(store)

test.each(
  [
    ['request', 'who has 10.77.0.2? tell 10.77.0.1 (02:00:00:00:00:01)'],
    ['reply', '10.77.0.1 is at 02:00:00:00:00:01'],
    ['query', '0x002a  UDP  www.lab A  (rd)'],
    ['response', '0x002a  UDP  www.lab A  NOERROR  www.lab. 300 IN A 10.77.0.2  (aa,rd)'],
    ['PUBLISH', 'QoS 1  DUP  id 7  sensors/1  #17'],
    ['PUBACK', 'id 7'],
    ['SUBSCRIBE', 'id 7  a/#, b/+'],
    ['MQTT-2.2.2-2', 'reserved bits'],
    ['text', 'FIN, mask 01020304  hello'],
    ['message', 'stream 3'],
  ].map((row, number) => [number, ...row] as const),
)('message %i is a %s: %s', (number, type, summary) => {
  expect(pduWords(store, pdus.get(store, number))).toEqual({ type, summary })
})

test.each([
  'ARP request',
  'ARP reply',
  'DNS query www.lab A',
  'DNS response NOERROR www.lab A',
  'PUBLISH DUP 7 #17',
  'PUBACK 7',
  'SUBSCRIBE 7',
  '⚠ MQTT-2.2.2-2',
  'WebSocket text',
  'gRPC message',
])('beside other words message %$ is called %s', (label) => {
  const labels = Array.from({ length: pdus.length }, (_, number) => pduLabel(store, pdus.get(store, number)))
  expect(labels).toContain(label)
})

test('a packet is told of by the first few messages that end in it', () => {
  const maker = new TraceMaker().pair()
  for (let i = 0; i < 5; i++) maker.add(1, 'mqtt:packet', { ...PUBLISH, packet_id: i + 1 }, at('client', 9))
  const many = maker.store()
  const all = new Pdus()
  all.update(many)
  expect(pduLabels(many, all, 9)).toBe('PUBLISH DUP 1 #17, PUBLISH DUP 2 #17, PUBLISH DUP 3 #17 +2')
  expect(pduLabels(many, all, 8)).toBeUndefined()
})

describe('the list', () => {
  const shown = (query: string, lane = ''): number[] => {
    const rows = new PduRows(lane, query)
    rows.update(store, pdus)
    return Array.from({ length: rows.length }, (_, row) => rows.at(row))
  }

  test.each([
    ['', [0, 1, 2, 3, 4, 5, 6, 7, 8, 9]],
    ['mqtt', [4, 5, 6, 7]],
    ['MQTT -client', [5]],
    ['problem', [7]],
    ['-problem mqtt client', [4, 6]],
    ['10.77.0.2', [0, 3]],
    ['websocket', [8]],
    ['publish server', []],
  ])('filtered by %j: %j', (query, numbers) => {
    expect(shown(query)).toEqual(numbers)
  })

  test('leaves other lanes out, and knows the place of each message and its protocols', () => {
    expect(shown('', 'other')).toEqual([])
    const rows = new PduRows('', 'dns')
    rows.update(store, pdus)
    expect([rows.indexOf(3), rows.indexOf(4), rows.total]).toEqual([1, -1, 10])
    expect([...rows.protocols]).toEqual(['arp', 'dns', 'mqtt', 'websocket', 'grpc'])
  })
})
