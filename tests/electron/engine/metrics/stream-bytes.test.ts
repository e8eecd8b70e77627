/** How far a stream has come in order, whatever the order in which its bytes come. */
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { Pauses, Reassembly } from '../../../../electron/engine/metrics/stream-bytes.ts'

describe('reassembly', () => {
  it('agrees with a set of bytes, whatever comes in whatever order', () => {
    const piece = fc.tuple(fc.nat(60), fc.nat(20))
    fc.assert(
      fc.property(fc.array(piece, { maxLength: 40 }), (pieces) => {
        const stream = new Reassembly()
        const have = new Set<number>()
        let next = 0
        for (const [offset, length] of pieces) {
          const before = have.size
          for (let i = offset; i < offset + length; i++) have.add(i)
          let now = next
          while (have.has(now)) now++
          expect(stream.add(offset, length)).toEqual({ fresh: have.size - before, readable: now - next })
          next = now
        }
        expect(stream.next).toBe(next)
      }),
    )
  })
})

describe('pauses', () => {
  it('need two moments', () => {
    const pauses = new Pauses()
    expect(pauses.longest).toBeNull()
    pauses.at(5)
    expect(pauses.longest).toBeNull()
    for (const t of [7, 17, 18]) pauses.at(t)
    expect(pauses.longest).toBe(10)
  })
})
