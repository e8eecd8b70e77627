/** Encoder and decoder with streams that overtake one another: what comes out is what went in, within all limits (RFC 9204 2). */
import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { QpackDecoder, type DecodeResult } from '../../../../electron/protocol/qpack/decoder.ts'
import { QpackEncoder } from '../../../../electron/protocol/qpack/encoder.ts'
import type { FieldLine } from '../../../../electron/protocol/qpack/fields.ts'
import {
  decodeInsertCount,
  encodeInsertCount,
  maxEntries,
} from '../../../../electron/protocol/qpack/insert-count.ts'

const RUNS = process.env.REXMIT_FULL === '1' ? 20_000 : 600

interface Setting {
  readonly wanted: number
  readonly allowed: number
  readonly blocked: number
  readonly huffman: boolean
}

/** Both ends, and the octets on their way. */
class Pipe {
  readonly encoder: QpackEncoder
  readonly decoder: QpackDecoder
  readonly sent = new Map<number, (readonly FieldLine[])[]>()
  readonly got = new Map<number, FieldLine[][]>()
  readonly cancelled = new Set<number>()
  /** Sections that have not been given to the decoder, by stream. */
  private readonly sections = new Map<number, Uint8Array[]>()
  private readonly waiting = new Set<number>()
  private toDecoder: number[] = []
  private toEncoder: number[] = []
  private readonly setting: Setting

  constructor(setting: Setting) {
    this.setting = setting
    this.encoder = new QpackEncoder({ capacity: setting.wanted, huffman: setting.huffman })
    this.decoder = new QpackDecoder({
      maxTableCapacity: setting.allowed,
      blockedStreams: setting.blocked,
      maxSectionSize: 1 << 20,
    })
  }

  encode(stream: number, fields: readonly FieldLine[]): void {
    const { bytes } = this.encoder.encode(stream, fields)
    this.sent.set(stream, [...(this.sent.get(stream) ?? []), fields])
    this.sections.set(stream, [...(this.sections.get(stream) ?? []), bytes])
    this.check()
  }

  /** Brings `count` octets of the encoder stream. */
  bringInstructions(count: number): void {
    this.toDecoder.push(...this.encoder.takeOutput())
    const error = this.decoder.handleEncoderStream(Uint8Array.from(this.toDecoder.splice(0, count)))
    expect(error).toBeUndefined()
    for (let freed = this.decoder.takeUnblocked(); freed; freed = this.decoder.takeUnblocked()) {
      this.waiting.delete(freed.stream)
      this.take(freed.stream, freed.result)
    }
    this.check()
  }

  bringAcknowledgments(count: number): void {
    this.toEncoder.push(...this.decoder.takeOutput())
    const error = this.encoder.handleDecoderStream(Uint8Array.from(this.toEncoder.splice(0, count)))
    expect(error).toBeUndefined()
    this.check()
  }

  bringSection(stream: number): void {
    if (this.waiting.has(stream) || this.cancelled.has(stream)) return
    const next = this.sections.get(stream)?.shift()
    if (next !== undefined) this.take(stream, this.decoder.decode(stream, next))
    this.check()
  }

  cancel(stream: number): void {
    if (!this.sections.has(stream) || this.cancelled.has(stream)) return
    this.cancelled.add(stream)
    this.waiting.delete(stream)
    this.decoder.cancel(stream)
  }

  settle(): void {
    this.bringInstructions(Infinity)
    for (const [stream, left] of this.sections) for (const _ of [...left]) this.bringSection(stream)
    this.bringAcknowledgments(Infinity)
  }

  private take(stream: number, result: DecodeResult): void {
    if (result.type === 'error') throw new Error(`${result.error.code}: ${result.error.reason}`)
    if (result.type === 'blocked') this.waiting.add(stream)
    else
      this.got.set(stream, [
        ...(this.got.get(stream) ?? []),
        result.section.lines.map(({ name, value, sensitive }) => ({
          name,
          value,
          ...(sensitive && { sensitive }),
        })),
      ])
  }

  private check(): void {
    const { encoder, decoder, setting } = this
    if (encoder.blockableStreams > setting.blocked || decoder.blockedStreams > setting.blocked)
      throw new Error(`${encoder.blockableStreams}, ${decoder.blockedStreams} of ${setting.blocked} blocked`)
    for (const { table } of [encoder, decoder])
      if (table.size > table.capacity || table.capacity > setting.allowed)
        throw new Error(`${table.size} in ${table.capacity}`)
  }
}

const octetText = fc
  .array(fc.integer({ min: 0, max: 255 }), { maxLength: 12 })
  .map((codes) => String.fromCharCode(...codes))
const line: fc.Arbitrary<FieldLine> = fc.record(
  {
    name: fc.oneof(
      fc.constantFrom('a', 'b', 'x-long-name-of-a-field', 'cookie', ':path', ':status'),
      octetText,
    ),
    value: fc.oneof(fc.constantFrom('', '1', '200', '/', 'v'.repeat(40), 'w'.repeat(90)), octetText),
    sensitive: fc.constant(true as const),
  },
  { requiredKeys: ['name', 'value'] },
)
const stream = fc.integer({ min: 0, max: 6 }).map((n) => n * 4)
const action = fc.oneof(
  {
    weight: 4,
    arbitrary: fc.tuple(fc.constant('encode' as const), stream, fc.array(line, { maxLength: 8 })),
  },
  { weight: 4, arbitrary: fc.tuple(fc.constant('section' as const), stream) },
  { weight: 3, arbitrary: fc.tuple(fc.constant('instructions' as const), fc.integer({ min: 1, max: 80 })) },
  { weight: 3, arbitrary: fc.tuple(fc.constant('acknowledgments' as const), fc.integer({ min: 1, max: 6 })) },
  { weight: 1, arbitrary: fc.tuple(fc.constant('cancel' as const), stream) },
  { weight: 1, arbitrary: fc.tuple(fc.constant('capacity' as const), fc.integer({ min: 0, max: 600 })) },
)
const setting: fc.Arbitrary<Setting> = fc.record({
  wanted: fc.oneof(fc.constant(4_096), fc.integer({ min: 0, max: 700 })),
  allowed: fc.oneof(
    { weight: 3, arbitrary: fc.integer({ min: 64, max: 400 }) },
    { weight: 1, arbitrary: fc.constantFrom(0, 31, 32, 64, 4_096) },
  ),
  blocked: fc.integer({ min: 0, max: 4 }),
  huffman: fc.boolean(),
})

describe('RFC 9204 2: in whatever order the streams are brought', () => {
  test('sections come out as they went in, and no limit is exceeded', () => {
    let blocked = 0
    let evictions = 0
    fc.assert(
      fc.property(
        setting,
        fc.array(action, { minLength: 20, maxLength: 120, size: 'max' }),
        (settings, actions) => {
          const pipe = new Pipe(settings)
          pipe.encoder.applySettings(settings.allowed, settings.blocked)
          for (const step of actions) {
            if (step[0] === 'encode' && !pipe.cancelled.has(step[1])) pipe.encode(step[1], step[2])
            else if (step[0] === 'section') pipe.bringSection(step[1])
            else if (step[0] === 'instructions') pipe.bringInstructions(step[1])
            else if (step[0] === 'acknowledgments') pipe.bringAcknowledgments(step[1])
            else if (step[0] === 'cancel') pipe.cancel(step[1])
            else if (step[0] === 'capacity') pipe.encoder.setCapacity(step[1])
            if (pipe.decoder.blockedStreams > 0) blocked++
          }
          pipe.settle()
          evictions += pipe.decoder.table.oldest
          for (const [id, sections] of pipe.sent)
            if (!pipe.cancelled.has(id)) expect(pipe.got.get(id)).toEqual(sections)
          expect(pipe.encoder.table.known).toBe(pipe.encoder.table.insertCount)
          expect(pipe.encoder.blockableStreams).toBe(0)
          expect([...pipe.encoder.table.entries()]).toEqual([...pipe.decoder.table.entries()])
        },
      ),
      { numRuns: RUNS },
    )
    // The property says little if nothing was ever blocked or evicted.
    expect(blocked).toBeGreaterThan(RUNS / 10)
    expect(evictions).toBeGreaterThan(RUNS / 2)
  })

  test('2.1.1: an entry that the decoder may not have yet is not evicted, nor is one that a section needs', () => {
    const encoder = new QpackEncoder({ capacity: 64 })
    encoder.applySettings(64, 10)
    expect(encoder.insertAhead('a', 'b')).toBe(true)
    expect(encoder.insertAhead('c', 'd')).toBe(false)
    expect(encoder.handleDecoderStream(Uint8Array.of(0x01))).toBeUndefined()
    encoder.encode(0, [{ name: 'a', value: 'b' }])
    expect(encoder.insertAhead('c', 'd')).toBe(false)
    expect(encoder.setCapacity(33)).toBe(false)
    expect(encoder.handleDecoderStream(Uint8Array.of(0x80))).toBeUndefined()
    expect(encoder.insertAhead('c', 'd')).toBe(true)
    expect([...encoder.table.entries()].map(({ name }) => name)).toEqual(['c'])
  })

  test('2.1.3: an insertion for which the encoder stream has no credit is not made', () => {
    const fields = [{ name: 'user-agent', value: 'rexmit' }]
    const encode = (room: number) => {
      const encoder = new QpackEncoder({ capacity: 4_096 })
      encoder.applySettings(4_096, 10)
      encoder.takeOutput()
      const { representation } = encoder.encode(0, fields, room).section.lines[0]
      return { representation, instructions: encoder.takeOutput().length }
    }
    const needed = encode(Infinity).instructions
    expect(encode(needed)).toEqual({ representation: 'indexed_post_base', instructions: needed })
    expect(encode(needed - 1)).toEqual({ representation: 'name_reference', instructions: 0 })
  })

  test('7.1.3: a sensitive line is in no table, and stays sensitive', () => {
    const pipe = new Pipe({ wanted: 4_096, allowed: 4_096, blocked: 10, huffman: true })
    pipe.encoder.applySettings(4_096, 10)
    const fields = [
      { name: 'authorization', value: 'secret', sensitive: true },
      { name: 'x-own', value: 'secret', sensitive: true },
    ]
    pipe.encode(0, fields)
    pipe.bringSection(0)
    expect(pipe.got.get(0)).toEqual([fields])
    expect(pipe.encoder.table.insertCount).toBe(0)
  })

  test('7.3: sections that are never acknowledged stop the use of the table', () => {
    const encoder = new QpackEncoder({ capacity: 4_096 })
    encoder.applySettings(4_096, 10_000)
    const fields = [{ name: 'x', value: 'y' }]
    const required = Array.from(
      { length: 2_000 },
      (_, n) => encoder.encode(n * 4, fields).section.requiredInsertCount,
    )
    expect(required.filter((count) => count === 1)).toHaveLength(1_024)
    expect(required.at(-1)).toBe(0)
  })
})

describe('RFC 9204 4.5.1.1: the Required Insert Count', () => {
  test('is meant as it was written, however often it has wrapped', () => {
    fc.assert(
      fc.property(
        fc.integer({ min: 32, max: 5_000 }),
        fc.integer({ min: 0, max: 1e9 }),
        fc.double({ min: 0, max: 1, noNaN: true }),
        (capacity, inserted, share) => {
          const entries = maxEntries(capacity)
          const least = Math.max(1, inserted - entries + 1)
          const required = least + Math.floor(share * (inserted + entries - least))
          expect(decodeInsertCount(encodeInsertCount(required, capacity), capacity, inserted)).toBe(required)
        },
      ),
    )
  })

  test('the example: 100 octets, 10 insertions, 4 on the wire mean 9', () => {
    expect(decodeInsertCount(4, 100, 10)).toBe(9)
    expect(encodeInsertCount(9, 100)).toBe(4)
  })
})
