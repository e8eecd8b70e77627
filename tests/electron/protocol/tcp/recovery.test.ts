/** Fast retransmit and fast recovery: RFC 5681 3.2, RFC 6582 (no SACK), RFC 6675 (SACK), RFC 3042. */
import { describe, expect, it } from 'vitest'
import { Script } from '../../../support/tcp-script.ts'

const MSS = 1000
/** The position after segment n, counted from 1. */
const after = (n: number): number => 1 + n * MSS

/** Established, and `segments` of 1,000 bytes are outstanding, with more to send. */
function flying(segments: number, settings = {}): Script {
  const s = Script.connected({ mss: MSS, congestion: 'newreno', initialWindow: segments, ...settings })
  s.write(100 * MSS)
  s.expectData(segments, MSS)
  s.quiet()
  return s
}

const phases = (s: Script): string[] =>
  s.trace.of('tcp:congestion_state_changed').map((e) => `${e.from} -> ${e.to}: ${e.trigger}`)

describe('limited transmit (RFC 3042)', () => {
  it('sends a new segment for each of the first two duplicate ACKs', () => {
    const s = flying(10, { sack: false })
    s.inject('.', { ack: 1 })
      .expect('.', { seq: after(10), cause: 'limited_transmit' })
      .quiet()
    s.inject('.', { ack: 1 })
      .expect('.', { seq: after(11), cause: 'limited_transmit' })
      .quiet()
  })

  it('does not count when the window is halved (RFC 5681 3.2 (2))', () => {
    const s = flying(10, { sack: false })
    for (let i = 0; i < 3; i++) s.inject('.', { ack: 1 })
    s.expect('.', { seq: 1, cause: 'dup_acks' })
    const t = flying(10, { sack: false })
    t.inject('.', { ack: 1 }).expect('.', { cause: 'limited_transmit' })
    t.inject('.', { ack: 1 }).expect('.', { cause: 'limited_transmit' })
    t.inject('.', { ack: 1 }).expect('.', { seq: 1, cause: 'dup_acks' })
    expect(t.connection.metrics().ssthresh).toBe(5 * MSS)
    expect(s.connection.metrics().ssthresh).toBe(5 * MSS)
  })

  it('does so with SACK, by pipe (RFC 6675 5 (3))', () => {
    const s = flying(10)
    s.inject('.', { ack: 1, sack: [after(1), after(2)] })
    s.expect('.', { seq: after(10), cause: 'limited_transmit' }).quiet()
  })

  it('can be switched off', () => {
    for (const sack of [false, true]) {
      const s = flying(10, { sack, limitedTransmit: false })
      s.inject('.', { ack: 1, sack: sack ? [after(1), after(2)] : undefined }).quiet()
    }
  })
})

describe('NewReno without SACK (RFC 6582 3.2)', () => {
  const reno = (segments = 10) => flying(segments, { sack: false, limitedTransmit: false })
  const duplicates = (s: Script, n: number): void => {
    for (let i = 0; i < n; i++) s.inject('.', { ack: s.connection.metrics().acked + 1 })
  }

  it('sends the lost segment again at the third duplicate ACK, not before', () => {
    const s = reno()
    duplicates(s, 2)
    s.quiet()
    duplicates(s, 1)
    s.expect('.', { seq: 1, length: MSS, cause: 'dup_acks' }).quiet()
    // ssthresh = FlightSize / 2; cwnd = ssthresh + 3 SMSS.
    expect(s.connection.metrics()).toMatchObject({ ssthresh: 5 * MSS, cwnd: 8 * MSS })
    expect(s.trace.of('tcp:segment_lost').map((e) => e.trigger)).toEqual(['dup_acks'])
  })

  it('does so at another threshold, if asked', () => {
    const s = flying(10, { sack: false, limitedTransmit: false, dupThresh: 5 })
    duplicates(s, 4)
    s.quiet()
    duplicates(s, 1)
    s.expect('.', { seq: 1, cause: 'dup_acks' })
  })

  it('inflates the window with each further duplicate and sends new data when it allows', () => {
    const s = reno()
    duplicates(s, 3)
    s.expect('.', { cause: 'dup_acks' })
    duplicates(s, 2)
    s.quiet()
    duplicates(s, 1)
    s.expect('.', { seq: after(10), length: MSS, cause: '' }).quiet()
  })

  it('sends the next hole again at a partial ACK and deflates', () => {
    const s = reno()
    duplicates(s, 3)
    s.expect('.', { seq: 1 })
    duplicates(s, 6)
    s.expectData(4, MSS)
    // Segments 1 and 5 were lost: the ACK goes to 5 only.
    s.inject('.', { ack: after(4) })
    s.expect('.', { seq: after(4), cause: 'partial_ack' })
    // 14 inflated - 4 acknowledged + 1 = 11, FlightSize 10: one more may go.
    s.expect('.', { seq: after(14), cause: '' }).quiet()
    expect(phases(s)).toEqual(['slow_start -> recovery: dup_acks'])
  })

  it('sends the rest of a segment again of which only a part arrived', () => {
    const s = reno()
    duplicates(s, 3)
    s.expect('.', { seq: 1, length: MSS })
    s.inject('.', { ack: 501 })
    s.expect('.', { seq: 501, length: 500, cause: 'partial_ack' })
  })

  it('ends with the full ACK: cwnd = min(ssthresh, FlightSize + SMSS)', () => {
    const s = reno()
    duplicates(s, 3)
    s.expect('.', { seq: 1 })
    duplicates(s, 6)
    s.expectData(4, MSS)
    s.inject('.', { ack: after(10) })
    expect(s.connection.metrics()).toMatchObject({ cwnd: 5 * MSS, ssthresh: 5 * MSS })
    expect(phases(s).at(-1)).toBe('recovery -> congestion_avoidance: full_ack')
    s.expect('.', { seq: after(14) }).quiet()
  })

  it('is not begun by the echo of what a timeout sent again: "recover" must be passed (3.2 (2), 4)', () => {
    const s = reno()
    s.untilSent()
    s.expect('.', { seq: 1, cause: 'rto' })
    s.inject('.', { ack: after(10) })
    s.expectData(2, MSS)
    duplicates(s, 4)
    s.quiet()
  })

  it('takes no segment with data or another window for a duplicate ACK (RFC 5681 2)', () => {
    const s = reno()
    for (let i = 0; i < 4; i++) s.inject('.', { ack: 1, window: 60_000 + i })
    s.quiet()
    for (let i = 0; i < 4; i++) s.inject('.', { ack: 1, data: 1 })
    s.expect('.', { seq: after(10), length: 0, ack: 5 }).quiet()
    expect(phases(s)).toEqual([])
  })
})

describe('recovery with SACK (RFC 6675)', () => {
  it('begins when more than two segments above the hole are SACKed, and sends it again', () => {
    const s = flying(10, { limitedTransmit: false })
    s.inject('.', { ack: 1, sack: [after(1), after(2)] }).quiet()
    s.inject('.', { ack: 1, sack: [after(1), after(3)] }).quiet()
    s.inject('.', { ack: 1, sack: [after(1), after(4)] })
    s.expect('.', { seq: 1, length: MSS, cause: 'sack' })
    expect(s.connection.metrics()).toMatchObject({ ssthresh: 5 * MSS, cwnd: 5 * MSS })
    // pipe: 6 not SACKed above the hole and the retransmission: 7 of 5.
    expect(s.connection.metrics().in_flight).toBe(7 * MSS)
    s.quiet()
  })

  it('begins at once when an ACK tells enough, though it is the first (IsLost)', () => {
    const s = flying(10)
    s.inject('.', { ack: 1, sack: [after(1), after(6)] })
    s.expect('.', { seq: 1, cause: 'sack' })
  })

  it('sends every hole again as the pipe allows, then new data (NextSeg rules 1 and 2)', () => {
    const s = flying(12)
    // 1, 3 and 5 are lost. Only six octets' worth of segments above make a loss certain.
    s.inject('.', { ack: 1, sack: [after(5), after(12), after(3), after(4), after(1), after(2)] })
    s.expect('.', { seq: 1, cause: 'sack' })
    s.expect('.', { seq: after(2), cause: 'sack' })
    s.expect('.', { seq: after(4), cause: 'sack' })
    // cwnd 6, pipe 3: three new ones.
    s.expectData(3, MSS)
    s.quiet()
  })

  it('keeps the window through partial ACKs and ends at the recovery point', () => {
    const s = flying(12)
    s.inject('.', { ack: 1, sack: [after(5), after(12), after(3), after(4), after(1), after(2)] })
    s.skip()
    s.ourNext = after(15)
    s.inject('.', { ack: after(2), sack: [after(3), after(4), after(5), after(12)] })
    expect(phases(s).at(-1)).toBe('slow_start -> recovery: sack')
    expect(s.connection.metrics().cwnd).toBe(6 * MSS)
    s.inject('.', { ack: after(12) })
    expect(phases(s).at(-1)).toBe('recovery -> congestion_avoidance: full_ack')
  })

  it('sends doubtful segments when there is nothing new (NextSeg rule 3) and rescues the last (rule 4)', () => {
    const s = Script.connected({ mss: MSS, congestion: 'newreno', initialWindow: 10 })
    s.write(10 * MSS)
    s.expectData(10, MSS)
    // 1 and 7 are missing; above 7 there are too few to call it lost.
    s.inject('.', { ack: 1, sack: [after(1), after(6), after(7), after(9)] })
    s.expect('.', { seq: 1, cause: 'sack' })
    s.expect('.', { seq: after(6), cause: 'sack' })
    s.expect('.', { seq: after(9), cause: 'sack' })
    s.quiet()
  })

  it('rescues once in each recovery, not once in a lifetime (rule 4)', () => {
    const s = Script.connected({ mss: MSS, congestion: 'newreno', initialWindow: 40 })
    for (const [start, count] of [
      [0, 40],
      [40, 20],
    ]) {
      s.write(count * MSS)
      s.expectData(count, MSS)
      const at = (n: number) => after(start + n)
      s.inject('.', { ack: at(0), sack: [at(1), at(count - 1)] })
      s.expect('.', { seq: at(0), cause: 'sack' })
      s.expect('.', { seq: at(count - 1), cause: 'sack' }).quiet()
      s.inject('.', { ack: at(1), sack: [at(1), at(count - 1)] }).quiet()
      s.inject('.', { ack: at(count) })
    }
  })

  it('leaves what was sent after a timeout to the time after its recovery point (5.1)', () => {
    const s = flying(4)
    s.untilSent()
    s.expect('.', { seq: 1, cause: 'rto' })
    s.inject('.', { ack: after(1) })
      .expect('.', { cause: 'rto' })
      .expect('.', { cause: 'rto' })
      .quiet()
    s.inject('.', { ack: after(3) }).expect('.', { seq: after(3), cause: 'rto' })
    s.expectData(2, MSS)
    // 4 is still missing, and 5, which is new; much is SACKed above it.
    for (let n = 6; n <= 9; n++) {
      s.inject('.', { ack: after(3), sack: [after(5), after(n)] })
      s.expect('.', { seq: after(n), cause: '' }).quiet()
    }
    s.inject('.', { ack: after(4), sack: [after(5), after(9)] })
    s.expect('.', { seq: after(4), cause: 'sack' })
    expect(phases(s).at(-1)).toMatch(/-> recovery: sack$/)
  })

  it('is left to the timer when a retransmission is lost, too; then only holes are filled (5.1)', () => {
    const s = flying(10)
    s.inject('.', { ack: 1, sack: [after(1), after(2), after(3), after(10)] })
    s.expect('.', { seq: 1, cause: 'sack' }).expect('.', { seq: after(2), cause: 'sack' })
    s.expectData(3, MSS)
    s.untilSent()
    s.expect('.', { seq: 1, cause: 'rto' }).quiet()
    // Half of the window as it was, not of all that is outstanding beyond it.
    expect(s.connection.metrics().ssthresh).toBe(2.5 * MSS)
    s.inject('.', { ack: after(2), sack: [after(3), after(10)] })
    s.expect('.', { seq: after(2), cause: 'rto' })
    // Slow start after a timeout: one segment more for the ACK. 4 to 10 are there; 11 was not SACKed.
    s.expect('.', { seq: after(10), cause: 'rto' }).quiet()
    expect(phases(s).at(-1)).toBe('recovery -> loss: rto')
    // No new recovery before the recovery point, whatever is SACKed (5.1).
    s.inject('.', { ack: after(10), sack: [after(11), after(13)] })
    expect(phases(s).at(-1)).toBe('recovery -> loss: rto')
  })

  it('does not count a SACK block for bytes that were never sent, or below SND.UNA', () => {
    const s = flying(10)
    for (let i = 0; i < 5; i++) s.inject('.', { ack: 1, sack: [after(50), after(60), -20, 0] })
    s.quiet()
    expect(s.connection.metrics().in_flight).toBe(10 * MSS)
  })

  it('does not hold a false SACK of the future against what is sent there later', () => {
    const s = flying(10)
    s.inject('.', { ack: 1, sack: [after(10), after(12)] }).quiet()
    s.inject('.', { ack: after(10) }).skip()
    const before = s.connection.metrics().in_flight
    s.inject('.', { ack: after(10), sack: [after(11), after(12)] })
    expect(s.connection.metrics().in_flight).toBe(before - MSS)
  })

  it('marks a retransmission with its cause in tcp:segment_lost', () => {
    const s = flying(10)
    s.inject('.', { ack: 1, sack: [after(1), after(6)] })
    s.skip()
    expect(s.trace.of('tcp:segment_lost').map((e) => [e.length, e.trigger])).toEqual([[MSS, 'sack']])
  })
})

describe('the congestion window is not the limit', () => {
  it('so it does not grow (RFC 7661 3, RFC 9438 5.8)', () => {
    const s = Script.connected({ mss: MSS, congestion: 'newreno', initialWindow: 10 })
    for (let i = 1; i <= 20; i++) {
      s.write(MSS)
      s.expect('.', { length: MSS })
      s.inject('.', { ack: after(i) })
    }
    expect(s.connection.metrics().cwnd).toBe(10 * MSS)
  })

  it('falls back to the initial window after a pause (RFC 5681 4.1)', () => {
    const s = Script.connected({ mss: MSS, congestion: 'newreno', initialWindow: 10 })
    s.write(30 * MSS)
    s.expectData(10, MSS)
    for (let i = 1; i <= 10; i++) s.inject('.', { ack: after(i) })
    expect(s.connection.metrics().cwnd).toBe(20 * MSS)
    s.expectData(20, MSS)
    s.inject('.', { ack: after(30) })
    s.elapse(10e6)
    s.write(50 * MSS)
    s.expectData(10, MSS)
    s.quiet()
  })
})
