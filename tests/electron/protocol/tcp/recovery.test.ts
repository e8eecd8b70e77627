/** Fast retransmit and fast recovery: RFC 5681 3.2, RFC 6582 (no SACK), RFC 6675 (SACK), RFC 3042. */
import { describe, expect, it } from 'vitest'
import { rule } from '../../../support/rule.ts'
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
  rule(3042, '2', 'a new segment goes for each of the first two duplicate ACKs', () => {
    const s = flying(10, { sack: false })
    s.inject('.', { ack: 1 })
      .expect('.', { seq: after(10), cause: 'limited_transmit' })
      .quiet()
    s.inject('.', { ack: 1 })
      .expect('.', { seq: after(11), cause: 'limited_transmit' })
      .quiet()
  })

  rule(5681, '3.2 (2)', 'what limited transmit sent does not count when the window is halved', () => {
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

  rule(6675, '5 (3)', 'before a loss is known new data go as the pipe allows: limited transmit', () => {
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

  rule(
    6582,
    '3.2 (2)',
    'the third duplicate ACK sends the lost segment again and halves the window, not one before',
    () => {
      const s = reno()
      duplicates(s, 2)
      s.quiet()
      duplicates(s, 1)
      s.expect('.', { seq: 1, length: MSS, cause: 'dup_acks' }).quiet()
      // ssthresh = FlightSize / 2; cwnd = ssthresh + 3 SMSS.
      expect(s.connection.metrics()).toMatchObject({ ssthresh: 5 * MSS, cwnd: 8 * MSS })
      expect(s.trace.of('tcp:segment_lost').map((e) => e.trigger)).toEqual(['dup_acks'])
    },
  )

  it('does so at another threshold, if asked', () => {
    const s = flying(10, { sack: false, limitedTransmit: false, dupThresh: 5 })
    duplicates(s, 4)
    s.quiet()
    duplicates(s, 1)
    s.expect('.', { seq: 1, cause: 'dup_acks' })
  })

  rule(6582, '3.2 (2)', 'each further duplicate inflates the window, and new data go when it allows', () => {
    const s = reno()
    duplicates(s, 3)
    s.expect('.', { cause: 'dup_acks' })
    duplicates(s, 2)
    s.quiet()
    duplicates(s, 1)
    s.expect('.', { seq: after(10), length: MSS, cause: '' }).quiet()
  })

  rule(6582, '3.2 (3) partial', 'a partial ACK sends the next hole again and deflates the window', () => {
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

  rule(6582, '3.2 (3) partial', 'of a segment that arrived in part the rest goes again', () => {
    const s = reno()
    duplicates(s, 3)
    s.expect('.', { seq: 1, length: MSS })
    s.inject('.', { ack: 501 })
    s.expect('.', { seq: 501, length: 500, cause: 'partial_ack' })
  })

  rule(6582, '3.2 (3) full', 'a full ACK ends it: cwnd = min(ssthresh, FlightSize + SMSS)', () => {
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

  rule(
    6582,
    '3.2 (4)',
    'the echo of what a timeout sent again begins no recovery: "recover" must be passed',
    () => {
      const s = reno()
      s.untilSent()
      s.expect('.', { seq: 1, cause: 'rto' })
      s.inject('.', { ack: after(10) })
      s.expectData(2, MSS)
      duplicates(s, 4)
      s.quiet()
    },
  )

  rule(5681, '2', 'a segment with data or another window is no duplicate ACK', () => {
    const s = reno()
    for (let i = 0; i < 4; i++) s.inject('.', { ack: 1, window: 60_000 + i })
    s.quiet()
    for (let i = 0; i < 4; i++) s.inject('.', { ack: 1, data: 1 })
    s.expect('.', { seq: after(10), length: 0, ack: 5 }).quiet()
    expect(phases(s)).toEqual([])
  })
})

describe('recovery with SACK (RFC 6675)', () => {
  rule(6675, '5 (1)', 'it begins when DupThresh segments above the hole are SACKed', () => {
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

  rule(6675, '5 (2)', 'it begins at once when one ACK makes IsLost true of the first segment', () => {
    const s = flying(10)
    s.inject('.', { ack: 1, sack: [after(1), after(6)] })
    s.expect('.', { seq: 1, cause: 'sack' })
  })

  rule(
    6675,
    '5 (C)',
    'every hole goes again as the pipe allows, then new data (NextSeg rules 1 and 2)',
    () => {
      const s = flying(12)
      // 1, 3 and 5 are lost. Only six octets' worth of segments above make a loss certain.
      s.inject('.', { ack: 1, sack: [after(5), after(12), after(3), after(4), after(1), after(2)] })
      s.expect('.', { seq: 1, cause: 'sack' })
      s.expect('.', { seq: after(2), cause: 'sack' })
      s.expect('.', { seq: after(4), cause: 'sack' })
      // cwnd 6, pipe 3: three new ones.
      s.expectData(3, MSS)
      s.quiet()
    },
  )

  rule(6675, '5 (A)', 'it ends with the ACK of RecoveryPoint, and keeps its window until then', () => {
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

  rule(6675, '4 NextSeg (3), (4)', 'with nothing new doubtful segments go, and the last as a rescue', () => {
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

  rule(6675, '4 NextSeg (4)', 'one rescue in each recovery, not one in a lifetime', () => {
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

  rule(6675, '5.1', 'after a timeout no recovery begins before its RecoveryPoint is passed', () => {
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

  rule(6675, '5.1', 'a retransmission that is lost is left to the timer; then only holes are filled', () => {
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

  rule(6675, '5 (B)', 'a SACK block of what was never sent, or lies below SND.UNA, changes nothing', () => {
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

describe('the steps of a SACK recovery one by one (RFC 6675 5)', () => {
  const recovering = (): Script => {
    const s = flying(10, { limitedTransmit: false })
    s.inject('.', { ack: 1, sack: [after(1), after(4)] })
    return s
  }

  rule(6675, '5 (4.1)', 'RecoveryPoint is what was sent highest: an ACK of less ends nothing', () => {
    const s = recovering()
    s.expect('.', { seq: 1, cause: 'sack' })
    s.inject('.', { ack: after(9) })
    expect(phases(s)).toEqual(['slow_start -> recovery: sack'])
    s.inject('.', { ack: after(10) })
    expect(phases(s).at(-1)).toBe('recovery -> congestion_avoidance: full_ack')
  })

  rule(6675, '5 (4.2)', 'ssthresh and cwnd become half of FlightSize', () => {
    const s = recovering()
    expect(s.connection.metrics()).toMatchObject({ ssthresh: 5 * MSS, cwnd: 5 * MSS })
  })

  rule(6675, '5 (4.3)', 'the first segment goes again whatever the window says', () => {
    const s = recovering()
    // Six are in flight and five allowed.
    s.expect('.', { seq: 1, length: MSS, cause: 'sack' }).quiet()
  })

  rule(6675, '5 (4.4)', 'pipe is what was sent, less what is SACKed or lost, and what went again', () => {
    const s = recovering()
    s.expect('.', { seq: 1 })
    expect(s.connection.metrics().in_flight).toBe(7 * MSS)
  })

  rule(6675, '5 (4.5)', 'more goes only when cwnd exceeds the pipe by a segment', () => {
    const s = recovering()
    s.expect('.', { seq: 1 }).quiet()
    s.inject('.', { ack: 1, sack: [after(1), after(5)] }).quiet()
    s.inject('.', { ack: 1, sack: [after(1), after(6)] }).quiet()
    s.inject('.', { ack: 1, sack: [after(1), after(7)] })
    s.expect('.', { seq: after(10), cause: '' }).quiet()
  })

  rule(6675, '5 (B)', 'each ACK in between updates the scoreboard and the pipe', () => {
    const s = recovering()
    s.expect('.', { seq: 1 })
    s.inject('.', { ack: 1, sack: [after(1), after(5)] })
    expect(s.connection.metrics().in_flight).toBe(6 * MSS)
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
