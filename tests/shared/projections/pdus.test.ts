/** Messages above and below IP: which there are, and which of them a packet carries a part of. */
import { describe, expect, test } from 'vitest'
import { Layers } from '../../../shared/projections/layers.ts'
import { Pdus } from '../../../shared/projections/pdus.ts'
import type { EventData } from '../../../shared/trace/events.ts'
import type { TraceStore } from '../../../shared/trace/store.ts'
import { FLOW, TraceMaker } from '../../support/trace-maker.ts'

const PACKET: EventData<'mqtt:packet'> = {
  from: 'client',
  type: 'PINGREQ',
  version: 4,
  packet_id: 0,
  qos: 0,
  dup: false,
  retain: false,
  topic: '',
  message: 0,
  header: 2,
  length: 2,
  offset: 0,
  detail: '',
  bytes: 'c000',
}
const at = (pkt: number, node = 'client') => ({ node, flow: FLOW, pkt })

function read(store: TraceStore): { pdus: Pdus; layers: Layers; of: (pkt: number) => string[] } {
  const [pdus, layers] = [new Pdus(), new Layers()]
  pdus.update(store)
  layers.update(store)
  const of = (pkt: number): string[] =>
    pdus.ofPacket(store, layers, pkt).map((number) => {
      const { event, row } = pdus.get(store, number)
      return `${event} ${row}`
    })
  return { pdus, layers, of }
}

describe('in a stream of TCP', () => {
  /** Two packets of 150 and 2 bytes in segments of 100: the first begins in one and ends in the next, which is lost and sent again. */
  const store = new TraceMaker()
    .pair()
    .sent(0, 1, 'client', { seq: 999, flags: 2 })
    .sent(10, 2, 'client', { seq: 1_000, payload: 100 })
    .sent(11, 3, 'client', { seq: 1_100, payload: 52 })
    .add(11, 'mqtt:packet', { ...PACKET, type: 'PUBLISH', length: 150, bytes: '30' }, at(3))
    .add(11, 'mqtt:packet', { ...PACKET, offset: 150 }, at(3))
    .sent(99, 4, 'client', { seq: 1_100, payload: 52, cause: 'rto' })
    .sent(100, 5, 'server', { seq: 7, ack: 1_152 })
    .store()
  const { pdus, of } = read(store)

  test('every segment with a part of a message leads to it, one that was sent again, too', () => {
    expect([1, 2, 3, 4, 5].map(of)).toEqual([
      [],
      ['mqtt:packet 0'],
      ['mqtt:packet 0', 'mqtt:packet 1'],
      ['mqtt:packet 0', 'mqtt:packet 1'],
      [],
    ])
  })

  test('a message knows its length though only its beginning was kept', () => {
    expect(pdus.get(store, 0)).toMatchObject({ protocol: 'mqtt', pkt: 3, length: 150, hex: '30', version: 4 })
  })
})

test('in TLS, the place of a message is among the application data', () => {
  const maker = new TraceMaker().pair().sent(0, 1, 'client', { seq: 0, flags: 2 })
  const sealed: EventData<'security:record'> = {
    ...{ from: 'client', offset: 0, length: 100, content_type: 23, inner_type: 23, version: 0x0303 },
    ...{ protected: true, plain_offset: 0, plain_length: 78, problem: '' },
  }
  maker
    .sent(10, 2, 'client', { seq: 1, payload: 60 })
    .sent(11, 3, 'client', { seq: 61, payload: 40 })
    .add(11, 'security:record', sealed, at(3))
    .add(11, 'mqtt:packet', { ...PACKET, length: 40 }, at(3))
    .add(11, 'mqtt:packet', { ...PACKET, offset: 40, length: 38 }, at(3))
  const { of } = read(maker.store())
  // Five bytes of header, then 55 of the 78: all of the first message, 15 bytes of the second.
  expect(of(2)).toEqual(['mqtt:packet 0', 'mqtt:packet 1'])
  expect(of(3)).toEqual(['mqtt:packet 0', 'mqtt:packet 1'])
})

describe('of every protocol', () => {
  const store = new TraceMaker()
    .pair('a')
    .pair('b')
    .add(
      1,
      'arp:message_sent',
      {
        operation: 'request',
        sender_mac: '02:00:00:00:00:01',
        sender_address: '10.77.0.1',
        target_mac: '00:00:00:00:00:00',
        target_address: '10.77.0.2',
        interface: 0,
        bytes: 'ff'.repeat(42),
      },
      { node: 'a/client', pkt: 1 },
    )
    .add(
      2,
      'dns:problem',
      { from: 'server', rule: 'RFC 1035 4.1.4', reason: 'loop of pointers', offset: 12, bytes: 'c00c' },
      { node: 'a/server', flow: FLOW, pkt: 2 },
    )
    .add(
      3,
      'ws:frame',
      {
        from: 'client',
        opcode: 'text',
        fin: true,
        rsv: 0,
        masked: true,
        key: '01020304',
        header: 6,
        length: 1_000,
        offset: 0,
        detail: 'x',
        bytes: '81fe',
      },
      { node: 'b/client', flow: FLOW, pkt: 3 },
    )
    .add(
      4,
      'grpc:message',
      { from: 'server', stream: 1, compressed: false, length: 3, bytes: '0000000003080110' },
      { node: 'b/server', flow: FLOW, pkt: 4 },
    )
    .store()
  const { pdus, of } = read(store)
  const all = Array.from({ length: pdus.length }, (_, number) => pdus.get(store, number))

  test('they come in the order of time, with protocol, lane, sender, whole length and the rule that is broken', () => {
    expect(all.map(({ protocol, lane, from, length, rule }) => [protocol, lane, from, length, rule])).toEqual(
      [
        ['arp', 'a', '', 42, ''],
        ['dns', 'a', 'server', 2, 'RFC 1035 4.1.4'],
        ['websocket', 'b', 'client', 1_006, ''],
        ['grpc', 'b', 'server', 8, ''],
      ],
    )
  })

  test('each is found by its event and by its packet', () => {
    all.forEach(({ event, row, pkt }, number) => {
      expect(pdus.numberOf(event, row)).toBe(number)
      expect(of(pkt)).toEqual([`${event} ${row}`])
    })
  })
})
