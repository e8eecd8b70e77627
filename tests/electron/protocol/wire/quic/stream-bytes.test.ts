/** Streams pieced together from frames in any order: each byte once, and the end once (RFC 9000 2.2). */
import * as fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { StreamBytes } from '../../../../../electron/protocol/wire/quic/stream-bytes.ts'
import { StreamTable } from '../../../../../electron/protocol/wire/quic/stream-table.ts'

const NUM_RUNS = process.env.REXMIT_FULL === '1' ? 10_000 : 500
const whole = Uint8Array.from({ length: 200 }, (_, i) => (i * 7) % 251)

/** Pieces of 200 bytes anywhere, and then pieces that cover them all. */
const pieces = fc
  .tuple(
    fc.array(fc.tuple(fc.nat(199), fc.nat(60))),
    fc.shuffledSubarray(
      Array.from({ length: 20 }, (_, i): [number, number] => [i * 10, 10]),
      { minLength: 20 },
    ),
  )
  .map(([any, all]) =>
    [...any, ...all].map(([from, length]) => ({ from, bytes: whole.subarray(from, from + length) })),
  )

test('whatever comes, each byte is given once and in order', () => {
  fc.assert(
    fc.property(pieces, (all) => {
      const stream = new StreamBytes(1_000)
      const given: number[] = []
      for (const { from, bytes } of all) {
        const lost = stream.handle(from, bytes, (at, piece) => {
          if (at !== given.length) throw new Error(`${at} after ${given.length}`)
          given.push(...piece)
        })
        if (lost > 0 || stream.heldLength > 200 - given.length) throw new Error(`${lost} lost`)
      }
      expect(Uint8Array.from(given)).toEqual(whole)
      expect(stream.heldLength).toBe(0)
    }),
    { numRuns: NUM_RUNS },
  )
})

test('it keeps copies, and no more of them than it may', () => {
  const stream = new StreamBytes(20)
  const bytes = Uint8Array.of(1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12)
  expect(stream.handle(100, bytes, () => undefined)).toBe(0)
  expect(stream.handle(200, bytes, () => undefined)).toBe(12)
  expect(stream.heldLength).toBe(12)
  bytes.fill(0)
  const given: Uint8Array[] = []
  stream.handle(0, new Uint8Array(100), (_, piece) => given.push(piece))
  expect([...given[1]]).toEqual([1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12])
})

describe('of the streams of a side', () => {
  const said = () => {
    const table = new StreamTable()
    const told: [number, number, number, boolean][] = []
    const send = (id: number, offset: number, length: number, fin = false): void =>
      table.handleFrame(id, offset, new Uint8Array(length), fin, (of, at, bytes, last) =>
        told.push([of, at, bytes.length, last]),
      )
    return { table, told, send }
  }

  test('the end comes with the last byte, or alone, and once', () => {
    const { told, send } = said()
    send(0, 10, 5, true)
    send(0, 0, 10)
    send(0, 0, 15, true)
    send(4, 0, 3)
    send(4, 3, 0, true)
    send(4, 3, 0, true)
    expect(told).toEqual([
      [0, 0, 10, false],
      [0, 10, 5, true],
      [4, 0, 3, false],
      [4, 3, 0, true],
    ])
  })

  test('what comes after a reset is not told, and a reset once', () => {
    const { table, told, send } = said()
    send(8, 0, 5)
    expect([table.handleReset(8), table.handleReset(8)]).toEqual([true, false])
    send(8, 5, 5)
    expect(told).toHaveLength(1)
  })

  test('those that have ended cost nothing, however many', () => {
    const { table, told, send } = said()
    for (let n = 0; n < 50_000; n++) send(4 * n, 0, 1, true)
    send(4 * 49_999, 0, 1, true)
    expect(told).toHaveLength(50_000)
    expect(JSON.stringify(table)).toHaveLength(JSON.stringify(said().table).length + 4)
  })
})
