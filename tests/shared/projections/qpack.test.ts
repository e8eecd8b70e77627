/** QPACK in the order in which it left (RFC 9204). */
import { describe, expect, it } from 'vitest'
import { tableAfter } from '../../../shared/projections/dynamic-table.ts'
import { Qpack, readSection, waitOf, type FieldSection } from '../../../shared/projections/qpack.ts'
import type { TraceStore } from '../../../shared/trace/store.ts'
import { FLOW, TraceMaker } from '../../support/trace-maker.ts'

const [C, S] = ['client', 'server']
const at = (node: string, pkt = 0) => ({ node, flow: FLOW, pkt })
const FIELDS = JSON.stringify([
  [':method', 'GET', 'indexed', 1, 17, 'static'],
  [':authority', 'a.test', 'indexed', 1, 0, 'dynamic'],
  ['x', 'long words', 'literal', 9, 0, ''],
])

const instruction = (on: 'encoder' | 'decoder', name: string, detail: string) => ({
  ...{ from: 'client', on, offset: 0, length: 3, name, detail, stream: -1 },
})
const change = (what: string, name = '', value = '') => ({
  ...{ from: 'client', stream: 2, what, name, value, entries: 1, size: 49, limit: 100 },
})
const section = (stream: number, fields = FIELDS) => ({
  ...{ from: 'client', version: 'h3', part: 'request', exchange: stream, offset: 0, length: 11 },
  ...{ uncompressed: 60, method: 'GET', target: '/', status: 0, fields, end: true },
})

/** The client sets its capacity, inserts an entry, and refers to it in a request that overtakes the insertion. */
const told = (): TraceMaker =>
  new TraceMaker()
    .pair()
    .quicSent(0, 1, C, { level: 'initial', number: 0 })
    .add(10, 'http:qpack_instruction', instruction('encoder', 'set_dynamic_table_capacity', '100'), at(C, 2))
    .add(10, 'http:table_changed', change('resize'), at(C, 2))
    .add(11, 'http:qpack_instruction', instruction('encoder', 'insert_with_name_reference', ''), at(C, 2))
    .add(11, 'http:table_changed', change('insert', ':authority', 'a.test'), at(C, 2))
    .add(12, 'http:message_started', section(0), at(C, 3))
    .add(40, 'http:section_blocked', { stream: 0, required: 1, known: 0, length: 11 }, at(S))
    .add(90, 'http:section_unblocked', { stream: 0 }, at(S))

function qpackOf(store: TraceStore) {
  const qpack = new Qpack()
  qpack.update(store)
  return qpack.flows.get(store.strings.indexOf(FLOW))!
}

describe('the steps', () => {
  it('are instructions and field sections in their order, with the table as each left it', () => {
    const { steps, changes, inserts } = qpackOf(told().store())
    expect(steps.map(({ kind, changes: made, changesBefore }) => [kind, changesBefore, made.client])).toEqual(
      [
        ['instruction', 0, 1],
        ['instruction', 1, 2],
        ['section', 2, 2],
      ],
    )
    expect(inserts).toEqual({ client: 1, server: 0 })
    expect(tableAfter(changes.client, 0, 0, 0).limit).toBe(0)
    expect(tableAfter(changes.client, 2, 1, 0)).toMatchObject({ size: 48, limit: 100, added: 1 })
  })

  it('are the same however the events are cut into batches', () => {
    expect(qpackOf(told().store([5, 6, 9])).steps).toEqual(qpackOf(told().store()).steps)
  })

  it('leave out the tables of HTTP/2, whose changes come without instructions', () => {
    const store = new TraceMaker()
      .pair()
      .add(10, 'http:table_changed', change('insert', 'a', 'b'), at(C))
      .store()
    expect(qpackOf(store)).toBeUndefined()
  })
})

describe('a field section', () => {
  const sectionIn = (store: TraceStore): FieldSection =>
    qpackOf(store).steps.find((step): step is FieldSection => step.kind === 'section')!

  it('needs one insertion more than the largest index that it refers to', () => {
    expect(sectionIn(told().store()).required).toBe(1)
  })

  it('waited from its arrival until the encoder stream had it', () => {
    const found = sectionIn(told().store())
    expect([found.blocked, found.unblocked, found.known]).toEqual([40, 90, 0])
    expect(waitOf(found, 1_000)).toBe(50)
    expect(waitOf(found, 60)).toBe(20)
  })

  it('did not wait where nobody says so', () => {
    const store = told().add(95, 'http:message_started', section(4, '[]'), at(C, 4)).store()
    const last = qpackOf(store).steps.at(-1) as FieldSection
    expect([last.required, waitOf(last, 1_000)]).toEqual([0, 0])
  })
})

describe('field lines', () => {
  it('have their table, and are Huffman-coded where they are shorter than they would be', () => {
    expect(readSection(FIELDS).map(({ table, index, huffman }) => [table, index, huffman])).toEqual([
      ['static', 17, false],
      ['dynamic', 0, false],
      ['none', 0, true],
    ])
  })

  it.each(['', '{}', '[1]', '[["a","b","nonsense",1,0,""]]', '[["a","b","literal",-1,0,""]]'])(
    'from %j are none',
    (json) => expect(readSection(json)).toEqual([]),
  )
})
