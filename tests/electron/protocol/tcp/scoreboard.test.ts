/**
 * The scoreboard against RFC 6675 as it is written: a model that keeps one flag an octet and looks at every octet for each
 * question. Whatever happens, both must agree.
 */
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { Scoreboard } from '../../../../electron/protocol/tcp/scoreboard.ts'

const SMSS = 3
const runs = process.env.REXMIT_FULL === '1' ? 5_000 : 300

/** RFC 6675 3 and 4 by octets. */
class Model {
  una = 0
  nxt = 0
  readonly sacked = new Set<number>()
  readonly resent = new Set<number>()
  readonly marked = new Set<number>()

  /** IsLost (4): three discontiguous ranges above, or more than two segments' worth of octets. */
  isLost(octet: number): boolean {
    if (this.marked.has(octet)) return true
    let octets = 0
    let ranges = 0
    for (let o = octet + 1; o < this.nxt; o++) {
      if (!this.sacked.has(o)) continue
      octets++
      if (!this.sacked.has(o - 1)) ranges++
    }
    return ranges >= 3 || octets > 2 * SMSS
  }

  /** SetPipe (4). */
  get pipe(): number {
    let pipe = 0
    for (let o = this.una; o < this.nxt; o++) {
      if (this.sacked.has(o)) continue
      if (!this.isLost(o)) pipe++
      if (this.resent.has(o)) pipe++
    }
    return pipe
  }

  /** NextSeg (4), rule 1. */
  get nextLost(): number {
    for (let o = this.una; o < this.nxt; o++) {
      if (!this.sacked.has(o) && !this.resent.has(o) && this.isLost(o)) return o
    }
    return -1
  }
}

type Step =
  | { readonly do: 'send'; readonly length: number }
  | { readonly do: 'sack'; readonly from: number; readonly segments: number }
  | { readonly do: 'ack'; readonly segments: number }
  | { readonly do: 'resend' }
  | { readonly do: 'timeout' }

const step: fc.Arbitrary<Step> = fc.oneof(
  {
    weight: 25,
    arbitrary: fc.record({ do: fc.constant('send' as const), length: fc.integer({ min: 1, max: SMSS }) }),
  },
  {
    weight: 25,
    arbitrary: fc.record({
      do: fc.constant('sack' as const),
      from: fc.nat(40),
      segments: fc.integer({ min: 1, max: 4 }),
    }),
  },
  {
    weight: 5,
    arbitrary: fc.record({ do: fc.constant('ack' as const), segments: fc.integer({ min: 1, max: 5 }) }),
  },
  { weight: 10, arbitrary: fc.record({ do: fc.constant('resend' as const) }) },
  { weight: 1, arbitrary: fc.record({ do: fc.constant('timeout' as const) }) },
)

/** The board and the model side by side. */
class Pair {
  readonly board = new Scoreboard()
  readonly model = new Model()
  private readonly starts: number[] = []

  apply(s: Step): void {
    const { board, model } = this
    const outstanding = this.starts.filter((start) => start >= model.una)
    if (s.do === 'send') {
      board.push(model.nxt, s.length, 0)
      this.starts.push(model.nxt)
      model.nxt += s.length
    } else if (s.do === 'sack') {
      const left = outstanding[s.from % Math.max(1, outstanding.length)]
      if (left === undefined || left === model.una) return
      const right = outstanding[outstanding.indexOf(left) + s.segments] ?? model.nxt
      board.markSacked(left, right)
      for (let o = left; o < right; o++) model.sacked.add(o)
    } else if (s.do === 'ack') {
      let to = outstanding[s.segments] ?? model.nxt
      while (model.sacked.has(to)) to++
      board.acknowledge(to)
      model.una = to
    } else if (s.do === 'resend') {
      this.resend()
    } else {
      board.markAllLost(() => undefined)
      model.resent.clear()
      for (let o = model.una; o < model.nxt; o++) if (!model.sacked.has(o)) model.marked.add(o)
    }
    board.markLostBySack(3, SMSS, () => undefined)
    for (let o = model.una; o < model.nxt; o++)
      if (!model.sacked.has(o) && model.isLost(o)) model.marked.add(o)
  }

  private resend(): void {
    const index = this.board.nextLost()
    if (index < 0) return
    const position = this.board.position(index)
    for (let o = position; o < position + this.board.length(index); o++) this.model.resent.add(o)
    this.board.resent(index, 0)
  }

  check(): void {
    const { board, model } = this
    const index = board.nextLost()
    expect(index < 0 ? -1 : board.position(index)).toBe(model.nextLost)
    expect(board.pipe).toBe(model.pipe)
  }
}

describe('the scoreboard', () => {
  it('agrees with SetPipe, IsLost and NextSeg of RFC 6675 4, octet by octet', () => {
    fc.assert(
      fc.property(fc.array(step, { maxLength: 80 }), (steps) => {
        const pair = new Pair()
        for (const s of steps) {
          pair.apply(s)
          pair.check()
        }
      }),
      { numRuns: runs, seed: 3 },
    )
  })

  it('takes a segment for SACKed when its parts were SACKed one after the other', () => {
    const board = new Scoreboard()
    board.push(0, 10, 0)
    board.push(10, 10, 0)
    expect(board.markSacked(10, 15)).toBe(0)
    expect(board.markSacked(15, 20)).toBe(10)
    expect(board.pipe).toBe(10)
  })

  it('forgets all SACKs when the oldest segment was SACKed and the timer ran out (RFC 2018 8)', () => {
    const board = new Scoreboard()
    for (const start of [0, 10, 20]) board.push(start, 10, 0)
    board.markSacked(0, 20)
    board.markAllLost(() => undefined)
    expect([board.sackedLength, board.waiting, board.pipe]).toEqual([0, 3, 0])
  })

  it('cuts segments for a narrower path and wants those sent again that were too large (RFC 1191 6.4)', () => {
    const board = new Scoreboard()
    for (const [start, length] of [
      [0, 10],
      [10, 10],
      [20, 10],
      [30, 4],
    ]) {
      board.push(start, length, 0)
    }
    board.markSacked(20, 30)
    board.split(4, () => undefined)
    // Two segments in three pieces each; what is SACKed, or small enough, stays.
    expect([board.pipe, board.sackedLength, board.waiting]).toEqual([4, 10, 6])
    expect([board.position(board.nextLost()), board.length(board.nextLost())]).toEqual([0, 4])
    expect(board.congestionLoss).toBe(false)
    expect(board.acknowledge(15).length).toBe(15)
    expect([board.pipe, board.waiting]).toEqual([4, 2])
  })

  it('finds a loss that comes to light below those that were sent again already', () => {
    const board = new Scoreboard()
    for (const [start, length] of [
      [0, 8],
      [8, 4],
      [12, 8],
      [20, 4],
      [24, 4],
      [28, 4],
    ]) {
      board.push(start, length, 0)
    }
    board.split(4, () => undefined)
    for (let index = board.nextLost(); index >= 0; index = board.nextLost()) board.resent(index, 0)
    board.markSacked(20, 32)
    const lost: number[] = []
    board.markLostBySack(3, 4 - 1, (index) => lost.push(board.position(index)))
    expect(lost).toEqual([8])
    expect(board.position(board.nextLost())).toBe(8)
  })
})
