import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { RecordEdges } from '../../../../electron/engine/node/record-edges.ts'

const [CHANGE_CIPHER_SPEC, ALERT, HANDSHAKE, DATA] = [20, 21, 22, 23]

const record = (type: number, length: number, version = 0x0303): Uint8Array => {
  const bytes = new Uint8Array(5 + length).fill(0xaa)
  bytes.set([type, version >> 8, version & 0xff, length >> 8, length & 0xff])
  return bytes
}

const join = (...parts: readonly Uint8Array[]): Uint8Array =>
  Uint8Array.from(parts.flatMap((part) => [...part]))

/** The pieces of `bytes` that end at `cuts` and at its end, each with whether it was worth telling. */
function cut(edges: RecordEdges, bytes: Uint8Array, cuts: readonly number[]) {
  const ends = [...new Set([...cuts.filter((at) => at > 0 && at < bytes.length), bytes.length])]
  ends.sort((a, b) => a - b)
  return ends.map((to, i) => {
    const from = i === 0 ? 0 : ends[i - 1]
    return { from, to, told: edges.isWorthTelling(bytes.subarray(from, to)) }
  })
}

describe('of application data', () => {
  it('each piece with the last byte of a record is worth telling, and no other, however they are cut', () => {
    const lengths = fc.array(fc.integer({ min: 0, max: 400 }), { minLength: 1, maxLength: 6 })
    fc.assert(
      fc.property(lengths, fc.array(fc.nat(2_400), { maxLength: 20 }), (sizes, cuts) => {
        const bytes = join(...sizes.map((size) => record(DATA, size)))
        let end = 0
        const ends = sizes.map((size) => (end += 5 + size))
        for (const { from, to, told } of cut(new RecordEdges(), bytes, cuts))
          expect(told).toBe(ends.some((at) => at > from && at <= to))
      }),
    )
  })

  it('the longest record that there may be is waited for', () => {
    const edges = new RecordEdges()
    const bytes = record(DATA, 16_640)
    expect(edges.isWorthTelling(bytes.subarray(0, -1))).toBe(false)
    expect(edges.isWorthTelling(bytes.subarray(-1))).toBe(true)
  })
})

describe('anything else is told as it comes', () => {
  it.each([CHANGE_CIPHER_SPEC, ALERT, HANDSHAKE])('a record of type %i', (type) => {
    const bytes = join(record(type, 100, 0x0301), record(DATA, 100))
    const pieces = cut(new RecordEdges(), bytes, [3, 5, 50, 104, 105, 110, 209])
    expect(pieces.map(({ told }) => told)).toEqual([false, true, true, true, true, false, false, true])
  })

  it.each([
    ['a header that is none', Uint8Array.of(71, 69, 84, 32, 47)],
    ['data of another version', record(DATA, 10, 0x0404).subarray(0, 5)],
    ['a record longer than there may be', record(DATA, 16_641).subarray(0, 5)],
  ])('%s, and all that follows', (_, header) => {
    const edges = new RecordEdges()
    expect(edges.isWorthTelling(header.subarray(0, 4))).toBe(false)
    expect(edges.isWorthTelling(header.subarray(4))).toBe(true)
    expect(edges.isWorthTelling(record(DATA, 100).subarray(0, 50))).toBe(true)
  })

  it('any bytes, without a throw', () => {
    fc.assert(
      fc.property(fc.array(fc.uint8Array({ maxLength: 300 })), (pieces) => {
        const edges = new RecordEdges()
        for (const piece of pieces) expect(typeof edges.isWorthTelling(piece)).toBe('boolean')
      }),
    )
  })
})
