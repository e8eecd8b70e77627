/** The states of BBR version 3, ACK by ACK, on a path of 1,000 bytes a millisecond and a round trip of 40 ms (draft-ietf-ccwg-bbr). */
import { describe, expect, test } from 'vitest'
import { Bbr } from '../../../../electron/protocol/congestion/bbr.ts'
import { DeliveryRate, type SentMark } from '../../../../electron/protocol/congestion/delivery-rate.ts'
import type { Micros } from '../../../../shared/units.ts'

const MSS = 1_000
const RTT = 40_000
/** Time of a packet at the bottleneck. */
const GAP = 1_000

/** A sender with data without end over that path: it keeps to window and rate, and its queue has no end. */
class Sender {
  readonly control = new Bbr({ segmentSize: MSS, initialWindow: 10 * MSS, smoothedRtt: RTT })
  readonly states: string[] = []
  now = 0
  private readonly rates = new DeliveryRate()
  private readonly flying: { readonly mark: SentMark; readonly at: number; lost: boolean }[] = []
  private freeAt = 0
  private nextSend = 0
  private inFlight = 0
  private sent = 0

  /** Goes on until `done`; of the packets sent, those for which `loses` says so are lost. */
  run(done: () => boolean, loses: (n: number) => boolean = () => false): void {
    for (let step = 0; !done(); step++) {
      if (step > 200_000) throw new Error(`still ${this.control.state} after ${this.now} us`)
      const acked = this.flying[0]?.at ?? Infinity
      const free = this.inFlight + MSS <= this.control.window
      this.now = Math.min(acked, free ? Math.max(this.nextSend, this.now) : Infinity)
      if (acked <= this.now) this.acknowledge()
      else this.send(loses)
    }
  }

  private send(loses: (n: number) => boolean): void {
    this.nextSend = Math.max(this.nextSend, this.now) + MSS / this.control.pacing.rate
    this.freeAt = Math.max(this.freeAt, this.now) + GAP
    const mark = this.rates.onSent(this.now as Micros, this.inFlight, MSS)
    this.flying.push({ mark, at: this.freeAt + RTT - GAP, lost: loses(++this.sent) })
    this.inFlight += MSS
  }

  private acknowledge(): void {
    const { mark, lost } = this.flying.shift()!
    const priorInFlight = this.inFlight
    this.inFlight -= MSS
    if (lost) return this.rates.onLost(MSS, mark)
    this.rates.onAcked(this.now as Micros, MSS, mark)
    const sample = this.rates.take(RTT, { rtt: undefined, priorInFlight, inFlight: this.inFlight })!
    this.control.onRateSample(this.now as Micros, sample)
    if (this.states.at(-1) !== this.control.state) this.states.push(this.control.state)
  }

  /** Until it is in this state. */
  until(state: string): this {
    this.run(() => this.control.state === state)
    return this
  }
}

const started = () => new Sender().until('probe_bw_cruise')

describe('Startup and Drain (5.3.1, 5.3.2)', () => {
  test('a plateau of three round trips ends Startup; the rate is known to 2 %', () => {
    const s = new Sender().until('drain')
    const { max_rate, min_rtt, pacing_gain } = s.control.metrics()
    expect(Math.abs(max_rate - 1)).toBeLessThan(0.02)
    expect(min_rtt).toBeCloseTo(RTT, 6)
    expect(pacing_gain).toBe(0.5)
  })

  test('Drain ends when what is in flight is what the path holds', () => {
    const s = started()
    expect(s.states.slice(0, 3)).toEqual(['startup', 'drain', 'probe_bw_cruise'])
  })

  test('a tenth lost, in many places, ends it sooner, and bounds what is in flight', () => {
    const s = new Sender()
    s.run(() => s.control.window > 30 * MSS)
    s.control.onLoss()
    s.run(
      () => s.control.state !== 'startup',
      (n) => n % 10 === 0,
    )
    expect(s.control.metrics().inflight_longterm).toBeGreaterThan(0)
    expect(s.control.metrics().inflight_longterm).toBeLessThan(150 * MSS)
  })

  test('but not before the recovery has lasted a round trip, nor a single burst of losses', () => {
    const s = new Sender()
    s.run(() => s.control.window > 30 * MSS)
    s.control.onLoss()
    let first = Infinity
    s.run(
      () => s.control.state !== 'startup',
      // Ten in a row, once.
      (n) => n >= (first = Math.min(first, n)) && n < first + 10,
    )
    expect(s.control.metrics().inflight_longterm).toBe(0)
  })

  test('a recovery that was none gives Startup back (5.5.11.2)', () => {
    const s = new Sender()
    s.run(() => s.control.window > 30 * MSS)
    s.control.onLoss()
    s.run(
      () => s.control.state !== 'startup',
      (n) => n % 10 === 0,
    )
    s.control.onSpurious()
    expect(s.control.state).toBe('startup')
    expect(s.control.metrics().inflight_longterm).toBe(0)
    s.until('drain')
  })

  test('a mark ends it as too many losses do (3.6)', () => {
    const s = new Sender()
    s.run(() => s.control.window > 30 * MSS)
    s.control.onNotified(s.now as Micros)
    s.run(() => s.control.state !== 'startup')
    expect(s.control.state).toBe('drain')
    expect(s.control.metrics().inflight_longterm).toBeGreaterThan(0)
  })
})

describe('ProbeBW (5.3.3)', () => {
  test('cruises for two to three seconds, or as often as Reno of this size would lose; then refill, up, down', () => {
    const s = started()
    const since = s.now
    s.until('probe_bw_up')
    // What the path holds is 40 segments: so many round trips at most.
    expect(s.now - since).toBeLessThan(41.5 * RTT)
    expect(s.now - since).toBeGreaterThan(30 * RTT)
    s.until('probe_bw_cruise')
    expect(s.states.slice(3)).toEqual(['probe_bw_refill', 'probe_bw_up', 'probe_bw_down', 'probe_bw_cruise'])
  })

  test('more than 2 % lost while it asks: down, and no more in flight than that from now on', () => {
    const s = started().until('probe_bw_up')
    s.run(
      () => s.control.state !== 'probe_bw_up',
      (n) => n % 8 === 0,
    )
    expect(s.control.state).toBe('probe_bw_down')
    const bound = s.control.metrics().inflight_longterm
    // Not below what CUBIC would keep of 40 segments.
    expect(bound).toBeGreaterThanOrEqual(0.7 * 39 * MSS)
    expect(bound).toBeLessThan(60 * MSS)
    expect(s.control.window).toBeLessThanOrEqual(bound)
    s.until('probe_bw_cruise')
    // It leaves others 15 %.
    s.run(() => s.control.window <= 0.86 * bound)
  })

  test('the next probe is cut short where the last went too far, and goes on at once if nothing is lost', () => {
    const s = started().until('probe_bw_up')
    s.run(
      () => s.control.state !== 'probe_bw_up',
      (n) => n % 8 === 0,
    )
    const from = s.states.length
    s.until('probe_bw_up').until('probe_bw_down').until('probe_bw_refill').until('probe_bw_up')
    const names = s.states.slice(from - 1)
    expect(names.join(' ')).toMatch(/up probe_bw_down( probe_bw_cruise)? probe_bw_refill probe_bw_up$/)
    // The short probe lasts less than two round trips, and the second follows without the usual wait.
    expect(names.filter((name) => name === 'probe_bw_up').length).toBeGreaterThanOrEqual(2)
  })

  test('losses while it does not ask slow it down until it asks again (5.5.10.3)', () => {
    const s = started()
    const calm = s.control.metrics().rate
    const at = s.now
    s.run(
      () => s.now > at + 10 * RTT,
      (n) => n % 5 === 0,
    )
    expect(s.control.state).toBe('probe_bw_cruise')
    expect(s.control.metrics().rate).toBeLessThan(0.95 * calm)
    expect(s.control.metrics().max_rate).toBeGreaterThan(0.95 * calm)
    s.until('probe_bw_refill')
    expect(s.control.metrics().rate).toBeGreaterThan(0.95 * calm)
  })

  test('after a timeout one segment goes, and the window of before comes back when all is repaired', () => {
    const s = started()
    const before = s.control.window
    s.control.onTimeout()
    expect(s.control.window).toBe(MSS)
    s.control.onRecovered()
    expect(s.control.window).toBe(before)
  })
})
