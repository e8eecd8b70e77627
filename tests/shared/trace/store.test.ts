import { describe, expect, test } from 'vitest'
import { decodeBatch, type Batch } from '../../../shared/trace/batch.ts'
import { senderOf, TraceStore } from '../../../shared/trace/store.ts'
import { FLOW, TraceMaker } from '../../support/trace-maker.ts'

const drop = { direction: 0, reason: 'bernoulli', delay: 5_000 }

describe('what a store holds', () => {
  test('all events, by name, with their strings', () => {
    const store = new TraceMaker()
      .pair()
      .add(5, 'sim:mark', { text: 'first' })
      .add(9, 'sim:mark', { text: 'second' })
      .store([4])
    const marks = store.table('sim:mark')
    expect([...marks.columns.text.view()].map((id) => store.text(id))).toEqual(['first', 'second'])
    expect([...marks.t.view()]).toEqual([5, 9])
    expect([store.batches, store.events, store.end]).toEqual([2, 5, 9])
  })

  test('lists stay with their rows over batches', () => {
    const store = new TraceMaker()
      .sent(1, 1, 'server', { sack: [10, 20, 30, 40] })
      .sent(2, 2, 'server', { sack: [] })
      .sent(3, 3, 'server', { sack: [50, 60] })
      .store([1, 2])
    const { sack } = store.table('tcp:segment_sent').lists
    expect([0, 1, 2].map((row) => [...sack.get(row)])).toEqual([[10, 20, 30, 40], [], [50, 60]])
  })

  test('the nodes, with their lanes in the order of appearance', () => {
    const store = new TraceMaker().pair('reno').pair('cubic').store()
    expect([...store.lanes]).toEqual(['reno', 'cubic'])
    expect([...store.nodes.values()].map(({ name, lane, kind, role }) => [name, lane, kind, role])).toEqual([
      ['reno/client', 'reno', 'host', 'client'],
      ['reno/server', 'reno', 'host', 'server'],
      ['reno/link', 'reno', 'link', ''],
      ['cubic/client', 'cubic', 'host', 'client'],
      ['cubic/server', 'cubic', 'host', 'server'],
      ['cubic/link', 'cubic', 'link', ''],
    ])
  })

  test('the flows, their lane, and which end sends', () => {
    const store = new TraceMaker()
      .sent(1, 1, 'reno/client', { payload: 10 })
      .sent(2, 2, 'reno/server', { payload: 1000 })
      .sent(3, 3, 'reno/client', { payload: 20 })
      .store()
    const [flow] = store.flows.values()
    expect([flow.name, flow.lane, flow.start]).toEqual([FLOW, 'reno', 1])
    expect(flow.ends.map(({ bytes, segments }) => [bytes, segments])).toEqual([
      [30, 2],
      [1000, 1],
    ])
    expect(store.text(senderOf(flow).node)).toBe('reno/server')
  })
})

test('a flow is finished when its first end is done with it, and alive again when it is opened again', () => {
  const change = (to: string) => ({ from: '', to, why: '' })
  const maker = new TraceMaker().sent(1, 1, 'client', {})
  const where = { node: 'client', flow: FLOW }
  const finished = () => [...maker.store().flows.values()][0].finished
  expect(finished()).toBe(Infinity)
  maker.add(5, 'tcp:state_changed', change('CLOSED'), { ...where, node: 'server' })
  maker.add(9, 'tcp:state_changed', change('TIME-WAIT'), where)
  expect(finished()).toBe(5)
  maker.add(12, 'tcp:state_changed', change('ESTABLISHED'), where)
  expect(finished()).toBe(Infinity)
})

test('more strings than two bytes can number', () => {
  const maker = new TraceMaker().add(0, 'sim:mark', { text: 'first' })
  for (let i = 0; i < 66_000; i++) maker.add(i, 'sim:mark', { text: `mark ${i}` })
  const store = maker.store([40_000])
  const { text } = store.table('sim:mark').columns
  expect([0, 1, 40_000, 65_999, 66_000].map((row) => store.text(text.get(row)))).toEqual([
    'first',
    'mark 0',
    'mark 39999',
    'mark 65998',
    'mark 65999',
  ])
})

describe('packets are found by their number', () => {
  const maker = new TraceMaker()
    .sent(1, 1, 'client', {})
    .sent(2, 2, 'client', {})
    .sent(3, 3, 'client', {})
    .add(4, 'link:packet_duplicated', { direction: 0, copy: 4 }, { node: 'link', pkt: 3 })
    .add(5, 'link:packet_delivered', { direction: 0, delay: 4 }, { node: 'link', pkt: 1 })
    .add(6, 'link:packet_dropped', drop, { node: 'link', pkt: 2 })
    .add(7, 'link:packet_dropped', drop, { node: 'link', pkt: 4 })

  test.each([[[]], [[1, 2, 3, 4, 5, 6]], [[3]]])('cut before %j', (cuts) => {
    const store = maker.store(cuts)
    expect([1, 2, 3].map((pkt) => store.sentRow(pkt))).toEqual([0, 1, 2])
    expect(store.sentRow(4), 'a copy has the segment of its original').toBe(2)
    expect([1, 2, 3, 4].map((pkt) => store.fate(pkt))).toEqual([
      { kind: 'delivered', in: 'link:packet_delivered', row: 0 },
      { kind: 'dropped', in: 'link:packet_dropped', row: 0 },
      { kind: 'under_way' },
      { kind: 'dropped', in: 'link:packet_dropped', row: 1 },
    ])
  })

  test('an unknown number has no segment and no fate', () => {
    const store = maker.store()
    expect([0, 99, 0xffff_ffff].map((pkt) => store.sentRow(pkt))).toEqual([-1, -1, -1])
    expect(store.fate(99)).toEqual({ kind: 'under_way' })
  })

  test('absurdly large numbers cost an entry, not an array of that length', () => {
    const store = new TraceMaker()
      .sent(1, 0xffff_ffff, 'client', {})
      .sent(2, 70_000, 'client', {})
      .sent(3, 60_000, 'client', {})
      .sent(4, 80_000, 'client', {})
      .store()
    expect([0xffff_ffff, 70_000, 60_000, 80_000].map((pkt) => store.sentRow(pkt))).toEqual([0, 1, 2, 3])
    expect(store.byteLength).toBeLessThan(1_000_000)
  })
})

describe('a batch that is not the next one is refused and leaves nothing behind', () => {
  const maker = new TraceMaker().add(1, 'sim:mark', { text: 'a' }).add(2, 'sim:mark', { text: 'b' })
  const [first, second] = maker.batches([1])

  test.each<[string, Batch, RegExp]>([
    ['repeated', first, /batch 0 where 1/],
    ['out of order', { ...second, number: 2 }, /batch 2 where 1/],
    ['with strings missing', { ...second, stringBase: 7 }, /strings from 7 where 2/],
    ['with strings that are there already', { ...second, stringBase: 1 }, /strings from 1 where 2/],
    ['with a time that is none', withTime(second, NaN), /a time of NaN/],
    ['with an endless time', withTime(second, Infinity), /a time of Infinity/],
    ['with a time before the start', withTime(second, -1), /a time of -1/],
  ])('%s', (_, batch, reason) => {
    const store = new TraceStore()
    expect(store.append(first)).toBeUndefined()
    expect(store.append(batch)?.reason).toMatch(reason)
    expect([store.batches, store.events, store.strings.length]).toEqual([1, 1, 2])
    expect(store.append(second), 'the right one is still welcome').toBeUndefined()
  })
})

test('thinned samples are counted over all batches', () => {
  const store = new TraceStore()
  const [batch] = new TraceMaker().add(1, 'sim:mark', { text: '' }).batches()
  store.append({ ...batch, thinned: 4 })
  expect(store.thinned).toBe(4)
})

test('bytes of no batch at all are refused by the decoder, so the store never sees them', () => {
  expect(decodeBatch(new ArrayBuffer(64))).toHaveProperty('reason')
})

function withTime(batch: Batch, t: number): Batch {
  return { ...batch, tables: batch.tables.map((table) => ({ ...table, t: Float64Array.of(t) })) }
}
