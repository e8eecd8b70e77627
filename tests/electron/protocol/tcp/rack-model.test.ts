/**
 * RACK against RFC 8985 as it is written: a model that looks at every segment for each question, under random sendings, arrivals in
 * any order, D-SACKs and timers. Both must call the same segments lost at the same time, and set the same timer.
 */
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { silentTrace } from '../../../../shared/trace/sink.ts'
import { micros } from '../../../../shared/units.ts'
import { Rack } from '../../../../electron/protocol/tcp/rack.ts'
import { RttEstimator } from '../../../../electron/protocol/tcp/rtt.ts'
import { Scoreboard } from '../../../../electron/protocol/tcp/scoreboard.ts'
import { tcpSettings } from '../../../support/tcp-env.ts'

const numRuns = process.env.REXMIT_FULL === '1' ? 5_000 : 300
const MIN_RTT = 40
const SRTT = 60
const SIZE = 10

interface Segment {
  readonly end: number
  sentAt: number
  resent: boolean
  state: 'away' | 'sacked' | 'lost'
}

/** RFC 8985 6.2, names and steps as there. */
class Model {
  readonly segments: Segment[] = []
  private xmitTs = -Infinity
  private endSeq = 0
  private rtt = 0
  private fack = 0
  private reorderingSeen = false
  private reoWndMult = 1
  private dsackRound: number | undefined
  timeout = 0

  /** Steps 2 and 3 for what one ACK tells of. */
  arrive(now: number, arrived: readonly Segment[]): void {
    const fack = this.fack
    for (const segment of arrived) {
      if (segment.end > this.fack) this.fack = segment.end
      else if (segment.end < fack && !segment.resent) this.reorderingSeen = true
    }
    for (const segment of [...arrived].sort((a, b) => a.sentAt - b.sentAt || a.end - b.end)) {
      const rtt = now - segment.sentAt
      if (segment.resent && rtt < MIN_RTT) continue
      this.rtt = rtt
      if (!sentAfter(segment.sentAt, segment.end, this.xmitTs, this.endSeq)) continue
      this.xmitTs = segment.sentAt
      this.endSeq = segment.end
    }
  }

  /** Step 4. */
  duplicate(una: number, nxt: number): void {
    if (this.dsackRound !== undefined && una >= this.dsackRound) this.dsackRound = undefined
    if (this.dsackRound !== undefined) return
    this.dsackRound = nxt
    this.reoWndMult++
  }

  private get reoWnd(): number {
    const sacked = this.segments.filter(({ state }) => state === 'sacked').length
    if (!this.reorderingSeen && sacked >= 3) return 0
    return Math.min((this.reoWndMult * MIN_RTT) / 4, SRTT)
  }

  /** Step 5. */
  detect(now: number): Segment[] {
    const { reoWnd } = this
    this.timeout = 0
    const lost: Segment[] = []
    for (const segment of this.segments) {
      if (segment.state !== 'away') continue
      if (!sentAfter(this.xmitTs, this.endSeq, segment.sentAt, segment.end)) continue
      const remaining = segment.sentAt + this.rtt + reoWnd - now
      if (remaining <= 0) {
        segment.state = 'lost'
        lost.push(segment)
      } else this.timeout = Math.max(remaining, this.timeout)
    }
    return lost
  }
}

const sentAfter = (t1: number, seq1: number, t2: number, seq2: number): boolean =>
  t1 > t2 || (t1 === t2 && seq1 > seq2)

const step = fc.oneof(
  { weight: 5, arbitrary: fc.record({ do: fc.constant('send' as const), n: fc.nat(3) }) },
  { weight: 5, arbitrary: fc.record({ do: fc.constant('sack' as const), n: fc.nat(40) }) },
  { weight: 3, arbitrary: fc.record({ do: fc.constant('resend' as const), n: fc.nat(3) }) },
  { weight: 2, arbitrary: fc.record({ do: fc.constant('ack' as const), n: fc.nat(4) }) },
  { weight: 3, arbitrary: fc.record({ do: fc.constant('wait' as const), n: fc.nat(60) }) },
  { weight: 1, arbitrary: fc.constant({ do: 'dsack' as const, n: 0 }) },
)
type Step = typeof step extends fc.Arbitrary<infer T> ? T : never

class Pair {
  private now = 100
  private nxt = 0
  private una = 0
  private readonly model = new Model()
  private readonly board = new Scoreboard()
  private readonly rack: Rack
  private readonly found: number[] = []

  constructor() {
    const rtt = new RttEstimator(tcpSettings())
    rtt.smoothed = SRTT
    const { board } = this
    const at = () => ({ una: this.una, nxt: this.nxt })
    this.rack = new Rack(
      {
        board,
        settings: tcpSettings(),
        rtt,
        minRtt: MIN_RTT,
        get una() {
          return at().una
        },
        get nxt() {
          return at().nxt
        },
      },
      silentTrace,
    )
    board.onArrived = (index) => this.rack.onArrived(index)
  }

  apply({ do: what, n }: Step): void {
    const { model, board } = this
    if (what === 'send') {
      // A few at the same instant, or later ones.
      this.now += n === 3 ? 7 : 0
      board.push(this.nxt, SIZE, this.now)
      this.nxt += SIZE
      model.segments.push({ end: this.nxt, sentAt: this.now, resent: false, state: 'away' })
      return
    }
    if (what === 'resend') return this.resend(n)
    if (what === 'wait') this.now += n
    this.rack.beginAck(micros(this.now), -1)
    if (what === 'sack') this.sack(n)
    else if (what === 'ack') this.ack(n)
    else if (what === 'dsack') {
      this.rack.onDuplicateReported()
      model.duplicate(this.una, this.nxt)
    }
    this.check()
  }

  private resend(later: number): void {
    const index = this.board.nextLost()
    if (index < 0) return
    // Nothing is sent again at the instant at which it, or what is further on, was sent.
    this.now += later + 1
    const segment = this.model.segments.find(({ end }) => end === this.board.end(index))!
    Object.assign(segment, { sentAt: this.now, resent: true, state: 'away' })
    this.board.resent(index, micros(this.now))
    this.now++
  }

  private sack(n: number): void {
    const { segments } = this.model
    const segment = segments[n % Math.max(segments.length, 1)]
    if (segment === undefined || segment === segments[0] || segment.state === 'sacked') return
    this.model.arrive(this.now, [segment])
    segment.state = 'sacked'
    this.board.markSacked(segment.end - SIZE, segment.end)
  }

  private ack(n: number): void {
    const { segments } = this.model
    const gone = segments.splice(0, Math.min(n, segments.length))
    this.model.arrive(
      this.now,
      gone.filter(({ state }) => state !== 'sacked'),
    )
    if (gone.length > 0) this.una = gone[gone.length - 1].end
    this.board.acknowledge(this.una)
  }

  private check(): void {
    this.found.length = 0
    this.rack.detect(micros(this.now), false, (index) => this.found.push(this.board.end(index)))
    const expected = this.model.detect(this.now).map(({ end }) => end)
    expect([...this.found].sort((a, b) => a - b)).toEqual(expected)
    const { timeout } = this.model
    expect(this.rack.deadline).toBe(timeout === 0 ? Infinity : this.now + timeout)
  }
}

describe('RACK', () => {
  it('agrees with the steps of RFC 8985 6.2, segment by segment', () => {
    fc.assert(
      fc.property(fc.array(step, { maxLength: 100 }), (steps) => {
        const pair = new Pair()
        for (const one of steps) pair.apply(one)
      }),
      { numRuns, seed: 8985 },
    )
  })
})
