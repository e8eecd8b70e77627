/** The tail loss probe (RFC 8985 7). */
import { describe, expect, it } from 'vitest'
import { rule } from '../../../support/rule.ts'
import { Script } from '../../../support/tcp-script.ts'

const MSS = 1000
const RTT = 100_000
/** The position after segment n, counted from 1. */
const after = (n: number): number => 1 + n * MSS

/** Established over a path of 100 ms, after one more sample: SRTT is 100 ms, RTO a second. */
function connected(settings = {}): Script {
  const s = new Script({
    mss: MSS,
    congestion: 'newreno',
    rack: true,
    dsack: true,
    tailLossProbe: true,
    ...settings,
  })
  s.connect()
  s.expect('S')
  s.elapse(RTT)
  s.inject('S.', { options: { mss: MSS, sackPermitted: true } })
  s.expect('.')
  return s
}

const flying = (segments: number, settings = {}): Script => {
  const s = connected(settings)
  s.write(segments * MSS)
  s.expectData(segments, MSS)
  s.quiet()
  return s
}

const verdicts = (s: Script) => s.trace.of('tcp:loss_probe_ended').map((e) => e.verdict)
const probes = (s: Script) => s.trace.of('tcp:loss_probe_sent').map((e) => [e.what, e.timeout])

describe('the probe timeout (7.2)', () => {
  rule(8985, '7.2', 'it is two smoothed round trips', () => {
    const s = flying(3)
    expect(s.untilSent()).toBe(2 * RTT)
    s.expect('.', { seq: after(2), length: MSS, cause: 'loss_probe' }).quiet()
    expect(probes(s)).toEqual([['last', 2 * RTT]])
  })

  rule(8985, '7.2', 'for a single segment, whose ACK may be delayed, 200 ms more', () => {
    const s = flying(1)
    expect(s.untilSent()).toBe(2 * RTT + 200_000)
    s.expect('.', { seq: 1, cause: 'loss_probe' })
  })

  rule(8985, '7.2', 'never later than the retransmission timer', () => {
    const s = flying(1, { minRto: 1_000 })
    // SRTT 100 and RTTVAR 50 ms.
    expect(s.untilSent()).toBe(300_000)
    s.expect('.', { seq: 1, cause: 'loss_probe' })
    expect(s.untilSent()).toBe(300_000)
    s.expect('.', { seq: 1, cause: 'rto' })
  })

  rule(8985, '7.2', 'it starts anew with new data, and with an ACK that covers more', () => {
    const s = flying(3)
    s.elapse(150_000)
    s.write(MSS)
    s.expectData(1, MSS)
    s.elapse(150_000)
    s.inject('.', { ack: after(2) })
    expect(s.untilSent()).toBeGreaterThan(190_000)
    s.expect('.', { seq: after(3), cause: 'loss_probe' })
  })

  rule(8985, '7.2', 'it does not run while segments are SACKed, nor in a recovery', () => {
    const s = flying(3)
    s.elapse(RTT)
    s.inject('.', { ack: 1, sack: [after(1), after(2)] })
    // The reordering timer takes over, then a recovery; nothing but the retransmission timer follows.
    s.elapse(RTT / 4)
    s.expect('.', { seq: 1, cause: 'rack' })
    expect(s.untilSent()).toBeGreaterThan(800_000)
    s.expect('.', { cause: 'rto' })
    expect(probes(s)).toEqual([])
  })

  rule(8985, '7.2', 'it needs SACK', () => {
    const s = flying(3, { sack: false })
    expect(s.untilSent()).toBe(1_000_000)
    s.expect('.', { cause: 'rto' })
  })
})

describe('the probe (7.3)', () => {
  rule(8985, '7.3', 'it carries new data if there are any, though the congestion window is full', () => {
    const s = connected({ initialWindow: 2 })
    s.write(3 * MSS)
    s.expectData(2, MSS)
    expect(s.untilSent()).toBe(2 * RTT)
    s.expect('.', { seq: after(2), length: MSS, cause: 'loss_probe' }).quiet()
    expect(probes(s)).toEqual([['new', 2 * RTT]])
  })

  rule(8985, '7.3', 'the last segment goes again when the receive window is full', () => {
    const s = connected()
    s.inject('.', { window: 2 * MSS })
    s.write(3 * MSS)
    s.expectData(2, MSS)
    s.untilSent()
    s.expect('.', { seq: after(1), length: MSS, cause: 'loss_probe' })
  })

  rule(8985, '7.3', 'one is on its way at most; then the retransmission timer has its full time', () => {
    const s = flying(3)
    s.untilSent()
    s.expect('.', { cause: 'loss_probe' })
    s.write(MSS)
    s.expectData(1, MSS)
    // The timeout of the new data comes, no probe may go, and the timer counts anew.
    expect(s.untilSent()).toBe(2 * RTT + 1_000_000)
    s.expect('.', { seq: 1, cause: 'rto' })
    expect(probes(s)).toHaveLength(1)
    expect(verdicts(s)).toEqual(['overtaken'])
  })

  rule(8985, '7.3', 'the next wants a round trip measured since', () => {
    const s = flying(1)
    s.untilSent()
    s.expect('.', { cause: 'loss_probe' })
    // The ACK is of a segment that was sent twice: no sample (Karn), and the D-SACK ends the probe.
    s.inject('.', { ack: after(1), sack: [1, after(1)] })
    s.write(2 * MSS)
    s.expectData(2, MSS)
    expect(s.untilSent()).toBe(2 * RTT + 1_000_000)
    s.expect('.', { cause: 'rto' })
  })
})

describe('what became of it (7.4)', () => {
  rule(8985, '7.4.1', 'the SACK of a probe shows all that is missing before it, and RACK repairs it', () => {
    const s = flying(3)
    s.untilSent()
    s.expect('.', { seq: after(2), cause: 'loss_probe' })
    s.elapse(RTT)
    s.inject('.', { ack: 1, sack: [after(2), after(3)] })
    s.expect('.', { seq: 1, cause: 'rack' }).expect('.', { seq: after(1), cause: 'rack' })
    expect(verdicts(s)).toEqual(['overtaken'])
  })

  rule(8985, '7.4.2', 'new data that are acknowledged leave no question', () => {
    const s = connected({ initialWindow: 2 })
    s.write(3 * MSS)
    s.expectData(2, MSS)
    s.untilSent()
    s.expect('.', { seq: after(2), cause: 'loss_probe' })
    s.inject('.', { ack: after(3) })
    expect(verdicts(s)).toEqual(['new'])
  })

  rule(8985, '7.4.2', 'case 1: its D-SACK says that the original had arrived', () => {
    const s = flying(3)
    s.untilSent()
    s.expect('.', { cause: 'loss_probe' })
    s.inject('.', { ack: after(3) })
    s.inject('.', { ack: after(3), sack: [after(2), after(3)] })
    expect(verdicts(s)).toEqual(['duplicate'])
    expect(s.trace.of('tcp:duplicate_reported').map((e) => e.resent)).toEqual([true])
    expect(s.connection.metrics().ssthresh).toBe(0xffff_ffff)
  })

  rule(8985, '7.4.2', 'case 2: so does a duplicate ACK without any SACK', () => {
    const s = flying(3)
    s.untilSent()
    s.expect('.', { cause: 'loss_probe' })
    s.write(2 * MSS)
    s.expectData(2, MSS)
    s.inject('.', { ack: after(3) })
    s.inject('.', { ack: after(3) })
    expect(verdicts(s)).toEqual(['duplicate'])
  })

  rule(8985, '7.4.2', 'an ACK beyond it without either: it has repaired a loss, and the window pays', () => {
    const s = flying(3)
    s.untilSent()
    s.expect('.', { cause: 'loss_probe' })
    s.inject('.', { ack: after(3) })
    expect(verdicts(s)).toEqual([])
    s.write(2 * MSS)
    s.expectData(2, MSS)
    s.inject('.', { ack: after(5) })
    expect(verdicts(s)).toEqual(['repaired'])
    expect(s.connection.metrics().ssthresh).toBeLessThan(10 * MSS)
  })

  rule.not(
    8985,
    '6.2 step 4',
    'the D-SACK of a loss probe widens the reordering window, too',
    'it says nothing of reordering; Linux leaves it out as well',
  )

  it('the D-SACK of a probe does not widen the reordering window', () => {
    const s = flying(3)
    s.untilSent()
    s.expect('.', { cause: 'loss_probe' })
    s.inject('.', { ack: after(3) })
    s.inject('.', { ack: after(3), sack: [after(2), after(3)] })
    expect(s.trace.of('tcp:reordering_window_changed').map((e) => e.why)).not.toContain('dsack')
  })
})

describe('the stall that it ends (DESIGN 6.2)', () => {
  it('from the probe to its answer the sender waits for it, later for the timer', () => {
    const s = flying(3)
    s.untilSent()
    s.expect('.', { cause: 'loss_probe' }).quiet()
    expect(s.trace.of('tcp:stall_changed').at(-1)).toEqual({ cause: 'loss_probe' })
    s.elapse(RTT)
    expect(s.trace.of('tcp:stall_changed').at(-1)).toEqual({ cause: 'loss_probe' })
    s.elapse(2 * RTT)
    expect(s.trace.of('tcp:stall_changed').at(-1)).toEqual({ cause: 'retransmission_timer' })
  })
})
