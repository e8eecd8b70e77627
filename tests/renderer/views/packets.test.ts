import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { characterOf, fieldAt, fieldRows, hexOf } from '../../../renderer/views/packet-fields.ts'
import { PacketRows } from '../../../renderer/views/packet-rows.ts'
import { packetWords } from '../../../renderer/views/segment-text.ts'
import type { DissectedField } from '../../../shared/dissection.ts'
import { parseFilter, type PacketTest } from '../../../shared/projections/filter.ts'
import { Packets } from '../../../shared/projections/packets.ts'
import { TraceStore } from '../../../shared/trace/store.ts'
import { TraceMaker } from '../../support/trace-maker.ts'

const field = (
  name: string,
  offset: number,
  length: number,
  children: DissectedField[] = [],
): DissectedField => ({
  name,
  text: '',
  offset,
  length,
  children,
})

describe('fields and bytes', () => {
  const rows = fieldRows({
    summary: '',
    layers: [
      field('IPv4', 0, 20, [field('Version', 0, 1), field('Total length', 2, 2)]),
      field('TCP', 20, 32, [field('Flags', 33, 1, [field('SYN', 33, 1)]), field('Options', 40, 12)]),
    ],
  })

  test('all fields are rows, each with its ancestors', () => {
    expect(rows.map(({ field: { name }, depth, parents }) => [name, depth, parents])).toEqual([
      ['IPv4', 0, []],
      ['Version', 1, [0]],
      ['Total length', 1, [0]],
      ['TCP', 0, []],
      ['Flags', 1, [3]],
      ['SYN', 2, [3, 4]],
      ['Options', 1, [3]],
    ])
  })

  test.each([
    [0, 'Version'],
    [1, 'IPv4'],
    [3, 'Total length'],
    [33, 'SYN'],
    [45, 'Options'],
    [60, undefined],
  ])('byte %d belongs to %s', (offset, name) => {
    expect(fieldAt(rows, offset)?.field.name).toBe(name)
  })

  test('a dissection that nests without end is cut', () => {
    let nested = field('innermost', 0, 1)
    for (let i = 0; i < 50; i++) nested = field('layer', 0, 1, [nested])
    expect(fieldRows({ summary: '', layers: [nested] }).length).toBeLessThan(20)
  })

  test('bytes are two digits and one character, control characters a dot', () => {
    expect([0, 9, 0x41, 0x7f, 0xff].map((byte) => [hexOf(byte), characterOf(byte)])).toEqual([
      ['00', '·'],
      ['09', '·'],
      ['41', 'A'],
      ['7f', '·'],
      ['ff', '·'],
    ])
  })
})

describe('a segment in words', () => {
  const words = (segment: Parameters<TraceMaker['sent']>[3]) => {
    const store = new TraceMaker().sent(0, 1, 'client', segment).store()
    const packets = new Packets()
    packets.update(store)
    return packetWords(packets.get(store, 0), { seq: 0xffff_fff0, ack: 1000 })
  }

  test('numbers are relative to the initial ones, over the wrap-around too', () => {
    expect(words({ seq: 0x10, ack: 1001, flags: 0x18, payload: 9 }).short).toBe(
      'PSH ACK  seq 32  ack 1  len 9',
    )
  })

  test('window and options stand apart', () => {
    const syn = {
      seq: 0xffff_fff0,
      flags: 2,
      window: 64_240,
      mss: 1460,
      window_scale: 7,
      sack_permitted: true,
      unknown_option: 253,
    }
    expect(words({ ...syn, ts_val: 5 })).toEqual({
      short: 'SYN  seq 0',
      details: 'win 64240  mss 1460  wscale 7  sackOK  option 253  ts 5/0',
    })
    expect(words({ sack: [1100, 1200] }).details).toBe('win 65535  sack 100-200')
  })
})

describe('rows of the table', () => {
  const lost = (): PacketTest => {
    const filter = parseFilter('lost')
    if ('problem' in filter) throw new Error(filter.problem)
    return filter.test
  }
  const drop = { direction: 0, reason: 'bernoulli', delay: 1 }

  test('a packet whose fate was open is looked at again', () => {
    const maker = new TraceMaker()
    for (let i = 1; i <= 6; i++) maker.sent(i, i, 'client', {})
    for (const pkt of [2, 5]) maker.add(10 + pkt, 'link:packet_dropped', drop, { node: 'link', pkt })
    maker.add(20, 'link:packet_delivered', { direction: 0, delay: 1 }, { node: 'link', pkt: 1 })
    const store = new TraceStore()
    const packets = new Packets()
    const rows = new PacketRows(packets, '', lost())
    const found: number[][] = []
    for (const batch of maker.batches([6, 7])) {
      store.append(batch)
      packets.update(store)
      while (!rows.update(store));
      found.push(Array.from({ length: rows.length }, (_, row) => packets.get(store, rows.at(row)).pkt))
    }
    expect(found).toEqual([[], [2], [2, 5]])
    expect(rows.rowOf(4)).toBe(1)
  })

  test('are the same as those of a plain filter, in order, none twice, however the run was cut', () => {
    const event = fc.record({ drop: fc.boolean(), pkt: fc.nat(40) })
    fc.assert(
      fc.property(fc.array(event, { maxLength: 80, size: 'max' }), fc.array(fc.nat(80)), (events, cuts) => {
        const maker = new TraceMaker()
        events.forEach(({ drop: dies, pkt }, i) => {
          maker.sent(i, i + 1, 'client', {})
          if (dies) maker.add(i, 'link:packet_dropped', drop, { node: 'link', pkt: Math.max(1, i + 1 - pkt) })
        })
        const store = new TraceStore()
        const packets = new Packets()
        const rows = new PacketRows(packets, '', lost())
        for (const batch of maker.batches(cuts)) {
          store.append(batch)
          packets.update(store)
          while (!rows.update(store));
        }
        const all = Array.from({ length: packets.length }, (_, i) => i)
        expect(Array.from({ length: rows.length }, (_, row) => rows.at(row))).toEqual(
          all.filter((i) => packets.get(store, i).fate === 'dropped'),
        )
      }),
    )
  })

  test('other lanes are left out', () => {
    const store = new TraceMaker().sent(0, 1, 'a/client', {}).sent(1, 2, 'b/client', {}).store()
    const packets = new Packets()
    packets.update(store)
    const rows = new PacketRows(packets, 'b', () => true)
    rows.update(store)
    expect([rows.length, rows.at(0)]).toEqual([1, 1])
  })
})
