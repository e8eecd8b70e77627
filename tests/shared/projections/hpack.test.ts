/** Header blocks and dynamic tables, held to the decoder that read them. */
import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { controlOf, fieldsText, http1Length } from '../../../electron/engine/onlooker/header-list.ts'
import { HeaderTable } from '../../../electron/engine/onlooker/header-table.ts'
import { HpackDecoder } from '../../../electron/protocol/wire/hpack/decoder.ts'
import type { TableSnapshot } from '../../../electron/protocol/wire/hpack/dynamic-table.ts'
import { tableAfter } from '../../../shared/projections/dynamic-table.ts'
import { HeaderBlocks, readFields, savingOf, totalOf } from '../../../shared/projections/hpack.ts'
import { join } from '../../support/cuts.ts'
import { indexed, literal, sizeUpdate } from '../../support/hpack-encode.ts'
import { FLOW, TraceMaker } from '../../support/trace-maker.ts'

type Side = 'client' | 'server'

/** Reads blocks as the onlooker does, and keeps the table that the decoder has after each. */
class Traced {
  readonly maker = new TraceMaker().pair()
  readonly snapshots: TableSnapshot[] = []
  private readonly ends = { client: new End('client'), server: new End('server') }
  private t = 0

  block(from: Side, stream: number, ...parts: Uint8Array[]): this {
    const { decoder, table } = this.ends[from]
    const block = decoder.decode(join(...parts))
    const where = { node: from, flow: FLOW, pkt: ++this.t }
    for (const change of table.changes(stream, block))
      this.maker.add(this.t, 'http:table_changed', change, where)
    this.maker.add(
      this.t,
      'http:message_started',
      {
        from,
        version: 'h2',
        part: from === 'client' ? 'request' : 'response',
        exchange: stream,
        offset: 0,
        length: block.encodedLength,
        uncompressed: http1Length(block.fields),
        ...controlOf(block.fields),
        fields: fieldsText(block.fields),
        end: true,
      },
      where,
    )
    this.snapshots.push(decoder.table.snapshot())
    return this
  }

  read() {
    const store = this.maker.store()
    const projection = new HeaderBlocks()
    projection.update(store)
    const [connection] = projection.flows.values()
    const { columns } = store.table('http:message_started')
    const fields = connection.blocks.map(({ row }) => readFields(store.text(columns.fields.data[row])))
    return { connection, fields }
  }
}

class End {
  readonly decoder = new HpackDecoder()
  readonly table: HeaderTable
  constructor(from: Side) {
    this.table = new HeaderTable(from)
  }
}

const first = [indexed(2), indexed(7), literal('plain', 4, '/a', true), literal('indexed', 'x-lab', 'one')]

describe('a header block', () => {
  const traced = new Traced()
    .block('client', 1, ...first)
    .block('server', 1, indexed(8), literal('never', 'set-cookie', 'SID=1', true))
    .block('client', 3, indexed(2), indexed(62))
  const { connection, fields } = traced.read()

  test('knows what it is and what it cost', () => {
    expect(
      connection.blocks.map(({ from, stream, method, status }) => [from, stream, method, status]),
    ).toEqual([
      ['client', 1, 'GET', 0],
      ['server', 1, '', 200],
      ['client', 3, 'GET', 0],
    ])
    expect(connection.blocks[2].length).toBe(2)
  })

  test('has its fields with representation, index and table', () => {
    expect(fields[0].map(({ name, form, table, index }) => [name, form, table, index])).toEqual([
      [':method', 'indexed', 'static', 2],
      [':scheme', 'indexed', 'static', 7],
      [':path', 'literal', 'static', 4],
      ['x-lab', 'literal_indexed', 'none', 0],
    ])
    expect(fields[2][1]).toMatchObject({ name: 'x-lab', value: 'one', table: 'dynamic', index: 62, bytes: 1 })
    expect(fields[1][1].form).toBe('literal_never_indexed')
  })

  test('its fields add up: on the wire to its length, in HTTP/1.1 to what that would take', () => {
    connection.blocks.forEach(({ length, uncompressed }, i) => {
      expect(fields[i].reduce((sum, { bytes }) => sum + bytes, 0)).toBe(length)
      expect(fields[i].reduce((sum, { plain }) => sum + plain, '\r\n'.length)).toBe(uncompressed)
    })
  })

  test('counts whole fields by where they came from', () => {
    expect(totalOf(connection)).toMatchObject({ blocks: 3, static: 4, dynamic: 1, literal: 3 })
    const { length, uncompressed } = totalOf(connection)
    expect(savingOf({ length, uncompressed })).toBeCloseTo(1 - length / uncompressed)
    expect(savingOf({ length: 0, uncompressed: 0 })).toBe(0)
  })
})

describe('Huffman coding', () => {
  const coded = (value: string, isCoded: boolean): boolean =>
    new Traced().block('client', 1, literal('plain', 'name', value, isCoded)).read().fields[0][0].huffman

  test.each(['a', 'www.example.com', 'x'.repeat(300)])('of %s shows by its length', (value) => {
    expect(coded(value, true)).toBe(true)
    expect(coded(value, false)).toBe(false)
  })
})

describe('a dynamic table', () => {
  test('shows what the block put in and what had to go for it', () => {
    const { connection } = new Traced()
      .block('client', 1, sizeUpdate(100), literal('indexed', 'a', 'one'), literal('indexed', 'b', 'two'))
      .block('client', 3, literal('indexed', 'c', 'six'))
      .read()
    const [, block] = connection.blocks
    const table = tableAfter(connection.changes.client, block.changes.client, block.changesBefore)
    expect(table).toMatchObject({ size: 72, limit: 100, added: 1 })
    expect(table.entries.map(({ name }) => name)).toEqual(['c', 'b'])
    expect(table.evicted.map(({ name }) => name)).toEqual(['a'])
  })

  const part = fc.oneof(
    fc
      .tuple(fc.constantFrom('a', 'b', 'accept'), fc.string({ maxLength: 60, unit: 'binary-ascii' }))
      .map(([name, value]) => literal('indexed', name, value)),
    fc.constantFrom(indexed(2), indexed(62), literal('plain', 'p', 'q')),
  )
  const block = fc.record({
    from: fc.constantFrom<Side>('client', 'server'),
    size: fc.option(fc.nat(300)),
    parts: fc.array(part, { maxLength: 8 }),
  })

  test('is after each block what the decoder has', () => {
    fc.assert(
      fc.property(fc.array(block, { minLength: 1, maxLength: 30 }), (blocks) => {
        const traced = new Traced()
        blocks.forEach(({ from, size, parts }, i) =>
          traced.block(from, 2 * i + 1, ...(size === null ? [] : [sizeUpdate(size)]), ...parts),
        )
        const { connection } = traced.read()
        connection.blocks.forEach(({ from, changes, changesBefore }, i) => {
          const table = tableAfter(connection.changes[from], changes[from], changesBefore)
          const { entries, size, maxSize } = traced.snapshots[i]
          expect(table.entries.map(({ name, value }) => [name, value])).toEqual(
            entries.map(({ name, value }) => [name, value]),
          )
          expect([table.size, table.limit]).toEqual([size, maxSize])
        })
      }),
      { numRuns: process.env.REXMIT_FULL === '1' ? 5000 : 150 },
    )
  })
})

test.each(['', '{', '7', '[1,[],["a"],["a","b","indexed",-1,0],["a","b","odd",1,1]]'])(
  'fields that are none are left out: %s',
  (json) => expect(readFields(json)).toEqual([]),
)
