/** The data structures under a connection, each against the plainest thing that does the same. */
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { ConnectionTable } from '../../../../electron/protocol/tcp/connection-table.ts'
import type { ControlBlock } from '../../../../electron/protocol/tcp/control-block.ts'
import { Deadlines } from '../../../../electron/protocol/tcp/deadlines.ts'
import { Fifo } from '../../../../electron/protocol/fifo.ts'
import { Inbox } from '../../../../electron/protocol/tcp/inbox.ts'
import { RangeSet } from '../../../../electron/protocol/stream/ranges.ts'
import { Reassembly } from '../../../../electron/protocol/stream/reassembly.ts'
import { SendBuffer } from '../../../../electron/protocol/stream/send-buffer.ts'
import { SequenceSpace, before } from '../../../../electron/protocol/tcp/sequence.ts'
import { streamBytes } from '../../../support/tcp-pipe.ts'

const numRuns = process.env.REXMIT_FULL === '1' ? 5_000 : 200

describe('sequence numbers (RFC 9293 3.4)', () => {
  it('go to positions and back across any number of wraps', () => {
    const position = fc.integer({ min: 0, max: 2 ** 45 })
    fc.assert(
      fc.property(
        fc.integer({ min: 0, max: 2 ** 32 - 1 }),
        position,
        fc.integer(),
        (initial, near, distance) => {
          const space = new SequenceSpace(initial)
          const there = near + (distance | 0)
          fc.pre(there >= 0 && Math.abs(there - near) < 2 ** 31)
          expect(space.toPosition(space.toWire(there), near)).toBe(there)
        },
      ),
      { numRuns },
    )
  })

  it('are before one another by less than half of the circle', () => {
    expect(before(0xffff_ffff, 0)).toBe(true)
    expect(before(0, 0xffff_ffff)).toBe(false)
    expect(before(5, 5)).toBe(false)
  })
})

describe('a set of ranges', () => {
  it('is the set of its numbers', () => {
    const range = fc.tuple(fc.nat(60), fc.integer({ min: 1, max: 12 }))
    const step = fc.oneof({ weight: 5, arbitrary: range }, { weight: 1, arbitrary: fc.nat(60) })
    fc.assert(
      fc.property(fc.array(step, { maxLength: 30 }), (steps) => {
        const ranges = new RangeSet()
        const plain = new Set<number>()
        for (const s of steps) {
          if (typeof s === 'number') {
            ranges.removeBelow(s)
            for (const n of plain) if (n < s) plain.delete(n)
          } else {
            const [left, length] = s
            const fresh = Array.from({ length }, (_, i) => left + i).filter((n) => !plain.has(n))
            const index = ranges.add(left, left + length)
            expect(numbers(ranges.added)).toEqual(fresh)
            for (const n of fresh) plain.add(n)
            expect(ranges.left(index) <= left && ranges.right(index) >= left + length).toBe(true)
          }
          expect(all(ranges)).toEqual([...plain].sort((a, b) => a - b))
        }
        for (let n = 0; n < 80; n++) expect(ranges.indexOf(n) >= 0).toBe(plain.has(n))
        for (let i = 1; i < ranges.size; i++) expect(ranges.left(i)).toBeGreaterThan(ranges.right(i - 1))
      }),
      { numRuns },
    )
  })

  const numbers = (flat: readonly number[]): number[] => {
    const list: number[] = []
    for (let i = 0; i < flat.length; i += 2) for (let n = flat[i]; n < flat[i + 1]; n++) list.push(n)
    return list
  }
  const all = (ranges: RangeSet): number[] =>
    numbers(Array.from({ length: ranges.size }, (_, i) => [ranges.left(i), ranges.right(i)]).flat())
})

describe('the send buffer', () => {
  it('gives any piece of what was appended and not released, however it was cut', () => {
    const step = fc.record({
      append: fc.nat(50),
      release: fc.nat(60),
      from: fc.nat(1000),
      length: fc.nat(80),
    })
    fc.assert(
      fc.property(fc.array(step, { maxLength: 200 }), (steps) => {
        const buffer = new SendBuffer(1)
        for (const s of steps) {
          buffer.append(streamBytes(buffer.end, s.append))
          buffer.release(buffer.start + s.release - 20)
          const from = buffer.start + (buffer.length === 0 ? 0 : s.from % buffer.length)
          const length = Math.min(s.length, buffer.end - from)
          if (length > 0) expect(buffer.slice(from, length)).toEqual(streamBytes(from, length))
        }
      }),
      { numRuns },
    )
  })

  it('copies nothing that lies within one piece', () => {
    const data = new Uint8Array(100)
    const buffer = new SendBuffer(1)
    buffer.append(data)
    expect(buffer.slice(11, 20).buffer).toBe(data.buffer)
  })
})

describe('reassembly', () => {
  it('delivers each byte once, in order, and holds what it says', () => {
    const piece = fc.record({ from: fc.nat(200), length: fc.nat(30) })
    fc.assert(
      fc.property(fc.array(piece, { maxLength: 60 }), (pieces) => {
        const held = new Reassembly()
        const have = new Set<number>()
        const out: number[] = []
        let next = 0
        for (const { from, length } of pieces) {
          const start = Math.max(from, next)
          const data = streamBytes(start, Math.max(0, from + length - start))
          const fresh = held.insert(start, data)
          expect(fresh).toBe(data.reduce((sum, _, i) => sum + (have.has(start + i) ? 0 : 1), 0))
          data.forEach((_, i) => have.add(start + i))
          next = held.drain(next, (bytes) => out.push(...bytes))
          expect(held.length).toBe([...have].filter((n) => n >= next).length)
        }
        expect(new Uint8Array(out)).toEqual(streamBytes(0, next))
        expect(have.has(next)).toBe(false)
      }),
      { numRuns },
    )
  })
})

describe('the inbox', () => {
  it('gives back what was put in, whatever the sizes', () => {
    const step = fc.record({ push: fc.nat(900), take: fc.integer({ min: 0, max: 1_200 }) })
    fc.assert(
      fc.property(fc.array(step, { maxLength: 80 }), (steps) => {
        const inbox = new Inbox()
        let pushed = 0
        let taken = 0
        for (const { push, take } of steps) {
          if (push > 0) inbox.push(streamBytes(pushed, push))
          pushed += push
          const piece = take > 0 ? inbox.take(take) : undefined
          if (piece !== undefined) expect(piece).toEqual(streamBytes(taken, piece.length))
          taken += piece?.length ?? 0
          expect(inbox.length).toBe(pushed - taken)
        }
      }),
      { numRuns },
    )
  })

  it('does not keep a packet for every byte of it', () => {
    const inbox = new Inbox()
    for (let i = 0; i < 10_000; i++) inbox.push(new Uint8Array(1_500).subarray(0, 1))
    const buffers = new Set<ArrayBufferLike>()
    for (let piece = inbox.take(100); piece; piece = inbox.take(100)) buffers.add(piece.buffer)
    expect(buffers.size).toBeLessThan(5)
  })
})

describe('deadlines', () => {
  it('wake every sleeper by its time, the earliest first', () => {
    const step = fc.record({ who: fc.nat(9), at: fc.nat(100), remove: fc.boolean() })
    fc.assert(
      fc.property(fc.array(step, { maxLength: 60 }), (steps) => {
        const sleepers = Array.from({ length: 10 }, () => ({ heapIndex: -1, wakeAt: Infinity }))
        const deadlines = new Deadlines<(typeof sleepers)[number]>()
        const plain = new Map<object, number>()
        for (const { who, at, remove } of steps) {
          const sleeper = sleepers[who]
          if (remove) {
            deadlines.remove(sleeper)
            plain.delete(sleeper)
          } else {
            deadlines.wakeBy(sleeper, at)
            plain.set(sleeper, Math.min(at, plain.get(sleeper) ?? Infinity))
          }
          expect(deadlines.earliest).toBe(Math.min(Infinity, ...plain.values()))
        }
        const woken: number[] = []
        for (let now = 0; now <= 100; now++) {
          for (let s = deadlines.takeDue(now); s; s = deadlines.takeDue(now)) woken.push(now)
        }
        expect(woken).toEqual([...plain.values()].sort((a, b) => a - b))
      }),
      { numRuns },
    )
  })
})

describe('a first-in first-out list', () => {
  it('gives back in order, also after many rounds', () => {
    const fifo = new Fifo<number>()
    let next = 0
    let taken = 0
    for (let round = 0; round < 500; round++) {
      for (let i = 0; i < (round % 7) + 1; i++) fifo.push(next++)
      for (let i = 0; i < (round % 5) + 1 && fifo.length > 0; i++) expect(fifo.shift()).toBe(taken++)
    }
    while (fifo.length > 0) expect(fifo.shift()).toBe(taken++)
    expect(taken).toBe(next)
    expect(fifo.shift()).toBeUndefined()
    expect(fifo.first).toBeUndefined()
  })
})

describe('the table of connections', () => {
  it('tells four-tuples apart that differ in any part', () => {
    const table = new ConnectionTable()
    const block = (own: number, localPort: number, address: number, port: number) =>
      ({ local: { address: own, port: localPort }, remote: { address, port } }) as unknown as ControlBlock
    const blocks = [
      block(1, 1, 7, 2),
      block(1, 1, 8, 2),
      block(1, 2, 7, 1),
      block(1, 1, 7, 3),
      block(2, 1, 7, 2),
    ]
    for (const b of blocks) table.add(b)
    for (const b of blocks)
      expect(table.find(b.local.address, b.local.port, b.remote.address, b.remote.port)).toBe(b)
    table.remove(blocks[0])
    expect(table.find(1, 1, 7, 2)).toBeUndefined()
    expect(table.find(1, 1, 8, 2)).toBe(blocks[1])
    expect(table.find(2, 1, 7, 2)).toBe(blocks[4])
    expect(table.size).toBe(4)
  })
})
