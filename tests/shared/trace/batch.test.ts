import * as fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import {
  BATCH_VERSION,
  type Batch,
  BatchBuilder,
  type BatchError,
  decodeBatch,
  StringTable,
} from '../../../shared/trace/batch.ts'
import { EVENTS, type FieldSpec } from '../../../shared/trace/events.ts'
import { anyEvent, type AnyEvent } from '../../support/arbitrary-events.ts'

const RUNS = process.env.REXMIT_FULL === '1' ? 20_000 : 300

function add(builder: BatchBuilder, event: AnyEvent, seq: number): void {
  const { strings } = builder
  builder.add(
    event.name,
    event.data,
    seq,
    event.t,
    strings.number(event.node),
    strings.number(event.flow),
    event.pkt,
  )
}

function decode(buffer: ArrayBuffer | undefined): Batch {
  const batch = decodeBatch(buffer!)
  if ('reason' in batch) throw new Error(`${batch.reason} at ${batch.offset}`)
  return batch
}

/** The events of some batches in the order of `seq`, with their strings looked up. */
function read(batches: readonly Batch[]): (AnyEvent & { seq: number })[] {
  const strings = ['']
  const events: (AnyEvent & { seq: number })[] = []
  for (const batch of batches) {
    expect(batch.stringBase).toBe(strings.length)
    strings.push(...batch.strings)
    for (const table of batch.tables)
      for (let row = 0; row < table.rows; row++) {
        const data: Record<string, unknown> = {}
        for (const [field, spec] of Object.entries<FieldSpec>(EVENTS[table.name].fields)) {
          if (spec.type === 'ranges') {
            const { values, ends } = table.lists[field]
            data[field] = [...values.subarray(row === 0 ? 0 : ends[row - 1], ends[row])]
          } else if (spec.type === 'str') data[field] = strings[table.columns[field][row]]
          else if (spec.type === 'flag') data[field] = table.columns[field][row] === 1
          else data[field] = table.columns[field][row]
        }
        events.push({
          seq: table.seq[row],
          name: table.name,
          data: data as AnyEvent['data'],
          t: table.t[row],
          node: strings[table.node[row]],
          flow: strings[table.flow[row]],
          pkt: table.pkt[row],
        })
      }
  }
  return events.sort((a, b) => a.seq - b.seq)
}

describe('a batch', () => {
  it('gives back every event as it was written, wherever the batches are cut', () => {
    fc.assert(
      fc.property(fc.array(fc.tuple(anyEvent, fc.boolean()), { minLength: 1, maxLength: 40 }), (items) => {
        const builder = new BatchBuilder()
        const batches: Batch[] = []
        items.forEach(([event, cut], seq) => {
          add(builder, event, seq)
          if (cut) batches.push(decode(builder.flush()))
        })
        const rest = builder.flush()
        if (rest) batches.push(decode(rest))
        expect(batches.map((batch) => batch.number)).toEqual(batches.map((_, i) => i))
        expect(read(batches)).toEqual(items.map(([event], seq) => ({ ...event, seq })))
      }),
      { numRuns: RUNS },
    )
  })

  it('is not made when nothing has happened', () => {
    expect(new BatchBuilder().flush()).toBeUndefined()
  })

  it('says how many samples were left out, even with no event', () => {
    const builder = new BatchBuilder()
    builder.countThinned()
    builder.countThinned()
    expect(decode(builder.flush()).thinned).toBe(2)
  })

  it('holds strings of any length', () => {
    const builder = new BatchBuilder()
    const text = '包'.repeat(100_000)
    builder.add('sim:mark', { text }, 0, 0, 0, 0, 0)
    expect(decode(builder.flush()).strings).toEqual([text])
  })
})

describe('the numbers of strings', () => {
  const MANY = 10_000

  it('are for good for names, and for texts that come up again and again', () => {
    const strings = new StringTable()
    const name = strings.number('lab/link')
    const often = strings.textNumber('client')
    for (let i = 0; i < MANY; i++) {
      strings.textNumber(`once ${i}`)
      expect(strings.textNumber('client')).toBe(often)
    }
    expect(strings.number('lab/link')).toBe(name)
    expect(strings.textNumber('lab/link')).toBe(name)
    expect([strings.number(''), strings.textNumber('')]).toEqual([0, 0])
  })

  it('are given again when a text has not come up for long, so that not all have to be remembered', () => {
    const strings = new StringTable()
    const first = strings.textNumber('rare')
    expect(strings.textNumber('rare')).toBe(first)
    for (let i = 0; i < MANY; i++) strings.textNumber(`once ${i}`)
    strings.takeFresh()
    expect(strings.textNumber('rare')).toBe(MANY + 2)
    expect(strings.takeFresh()).toEqual(['rare'])
  })
})

describe('a buffer that is not a batch', () => {
  const valid = (): ArrayBuffer => {
    const builder = new BatchBuilder()
    builder.add(
      'link:state_changed',
      { direction: 1, up: true },
      1,
      2.5,
      builder.strings.number('lab/link'),
      0,
      0,
    )
    return builder.flush()!
  }
  const errorOf = (buffer: ArrayBuffer): BatchError => {
    const result = decodeBatch(buffer)
    if (!('reason' in result)) throw new Error('it was taken for a batch')
    return result
  }

  it.each([
    ['nothing', new ArrayBuffer(0), 'truncated'],
    ['zeros', new ArrayBuffer(64), 'not a batch'],
    ['a later version', patched(valid(), 1, 9), `version 9, not ${BATCH_VERSION}`],
    ['a wrong count of events', patched(valid(), 3, 7), '1 rows where 7 were announced'],
    ['a count of tables beyond its end', patched(valid(), 4, 2), 'truncated'],
    ['a string count that no memory could hold', patched(valid(), 6, 0xffff_ffff), 'truncated'],
  ])('%s is refused with the reason', (_what, buffer, reason) => {
    expect(errorOf(buffer).reason).toBe(reason)
  })

  it('is refused wherever it is cut off', () => {
    const whole = valid()
    for (let length = 0; length < whole.byteLength; length += 4)
      expect(errorOf(whole.slice(0, length)).reason).not.toBe('')
  })

  it('never throws and never points outside, whatever is changed in it', () => {
    fc.assert(
      fc.property(
        fc.array(anyEvent, { minLength: 1, maxLength: 8 }),
        fc.array(fc.tuple(fc.nat(), fc.integer({ min: 0, max: 255 })), { minLength: 1, maxLength: 6 }),
        (events, changes) => {
          const builder = new BatchBuilder()
          events.forEach((event, seq) => add(builder, event, seq))
          const bytes = new Uint8Array(builder.flush()!)
          for (const [at, value] of changes) bytes[at % bytes.length] = value
          const batch = decodeBatch(bytes.buffer)
          if ('reason' in batch) return
          for (const table of batch.tables)
            for (const column of [table.seq, table.t, table.node, ...Object.values(table.columns)])
              expect(column.length).toBe(table.rows)
        },
      ),
      { numRuns: RUNS },
    )
  })
})

function patched(buffer: ArrayBuffer, word: number, value: number): ArrayBuffer {
  new Uint32Array(buffer)[word] = value
  return buffer
}
