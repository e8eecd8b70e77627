/** Recoveries for nothing: F-RTO (RFC 5682), Eifel (RFC 3522, RFC 4015), and undo by D-SACK (RFC 3708). */
import { describe, expect, it } from 'vitest'
import { rule } from '../../../support/rule.ts'
import { Script } from '../../../support/tcp-script.ts'

const MSS = 1000
/** The position after segment n, counted from 1. */
const after = (n: number): number => 1 + n * MSS
const NOT_SET = 0xffff_ffff

/** Established; ten segments are outstanding and there is more to send. */
function flying(settings = {}): Script {
  const s = Script.connected({ mss: MSS, congestion: 'newreno', ...settings })
  s.write(100 * MSS)
  for (let i = 0; i < 10; i++) s.expect('.')
  s.quiet()
  return s
}

const timedOut = (settings = {}): Script => {
  const s = flying({ frto: true, ...settings })
  s.untilSent()
  s.expect('.', { seq: 1, cause: 'rto' }).quiet()
  return s
}

const steps = (s: Script) => s.trace.of('tcp:frto_step').map((e) => `${e.step} ${e.verdict}`)
const undone = (s: Script) => s.trace.of('tcp:recovery_undone').map((e) => e.found_by)

describe('F-RTO without SACK (RFC 5682 2.1)', () => {
  rule(5682, '2.1 (1)', 'a timeout sends the first segment again and waits what comes', () => {
    const s = timedOut({ sack: false })
    expect(steps(s)).toEqual(['1 undecided'])
  })

  rule(5682, '2.1 (1)', 'a second timeout on the way is none of its business', () => {
    const s = timedOut({ sack: false })
    s.untilSent()
    s.expect('.', { seq: 1, cause: 'rto' })
    s.inject('.', { ack: after(1) })
    s.expect('.', { seq: after(1), cause: 'rto' })
    expect(steps(s)).toEqual(['1 undecided'])
  })

  rule(5682, '2.1 (2a)', 'a duplicate ACK: genuine, slow start sends the rest again', () => {
    const s = timedOut({ sack: false })
    s.inject('.', { ack: 1 })
    expect(steps(s).at(-1)).toBe('2a genuine')
    s.inject('.', { ack: after(1) })
    s.expect('.', { seq: after(1), cause: 'rto' })
  })

  rule(5682, '2.1 (2a)', 'an ACK of everything, or of a part of what went again: genuine', () => {
    for (const ack of [after(10), 501]) {
      const s = timedOut({ sack: false })
      s.inject('.', { ack })
      expect(steps(s).at(-1)).toBe('2a genuine')
    }
  })

  rule(5682, '2.1 (2b)', 'else two new segments go instead of old ones', () => {
    const s = timedOut({ sack: false })
    s.inject('.', { ack: after(1) })
    s.expect('.', { seq: after(10), length: MSS, cause: '' })
    s.expect('.', { seq: after(11), length: MSS, cause: '' }).quiet()
    expect(steps(s).at(-1)).toBe('2b undecided')
  })

  rule(5682, '2.1 (2b)', 'without new data, or room for them, the conventional recovery goes on', () => {
    const s = timedOut({ sack: false })
    s.inject('.', { ack: after(1), window: 9 * MSS })
    s.expect('.', { seq: after(1), cause: 'rto' })
      .expect('.', { seq: after(2), cause: 'rto' })
      .quiet()
    expect(steps(s)).toEqual(['1 undecided', '2b undecided'])
  })

  rule(5682, '2.1 (3a)', 'then a duplicate ACK: genuine, with three segments at most', () => {
    const s = timedOut({ sack: false })
    s.inject('.', { ack: after(1) })
    s.expect('.', { seq: after(10) }).expect('.', { seq: after(11) })
    s.inject('.', { ack: after(1) })
    expect(steps(s).at(-1)).toBe('3a genuine')
    expect(s.connection.metrics().cwnd).toBeLessThanOrEqual(3 * MSS)
    s.expect('.', { seq: after(1), cause: 'rto' })
  })

  rule(
    5682,
    '2.1 (3b)',
    'then an ACK of more: spurious, nothing is sent again and the window is given back',
    () => {
      const s = timedOut({ sack: false })
      s.inject('.', { ack: after(1) })
      s.expect('.', { seq: after(10) }).expect('.', { seq: after(11) })
      s.inject('.', { ack: after(2) })
      expect(steps(s).at(-1)).toBe('3b spurious')
      expect(s.trace.of('tcp:recovery_undone')).toEqual([
        { found_by: 'frto', cwnd: expect.any(Number), ssthresh: NOT_SET },
      ])
      // FlightSize is ten, one was acknowledged.
      expect(s.connection.metrics().cwnd).toBeGreaterThanOrEqual(11 * MSS)
      s.expect('.', { seq: after(12), cause: '' })
      expect(s.trace.of('tcp:congestion_state_changed').at(-1)).toMatchObject({
        from: 'loss',
        trigger: 'undo',
      })
    },
  )
})

describe('F-RTO with SACK (RFC 5682 3.1)', () => {
  rule(5682, '3.1 (2)', 'duplicate ACKs before the first that counts only tell of more that arrived', () => {
    const s = timedOut()
    s.inject('.', { ack: 1, sack: [after(4), after(5)] }).quiet()
    expect(steps(s)).toEqual(['1 undecided'])
  })

  rule(5682, '3.1 (2a)', 'an ACK of everything: as any timeout', () => {
    const s = timedOut()
    s.inject('.', { ack: after(10) })
    expect(steps(s).at(-1)).toBe('2a genuine')
  })

  rule(5682, '3.1 (2b)', 'else two new segments go', () => {
    const s = timedOut()
    s.inject('.', { ack: after(1) })
    s.expect('.', { seq: after(10), cause: '' })
      .expect('.', { seq: after(11), cause: '' })
      .quiet()
  })

  rule(5682, '3.1 (3a)', 'a SACK of the new ones: genuine', () => {
    const s = timedOut()
    s.inject('.', { ack: after(1) }).skip()
    s.ourNext = after(12)
    s.inject('.', { ack: after(1), sack: [after(10), after(11)] })
    expect(steps(s).at(-1)).toBe('3a genuine')
    s.expect('.', { seq: after(1), cause: 'rto' })
  })

  rule(5682, '3.1 (3b)', 'a SACK of what was sent before the timeout, and once: spurious', () => {
    const s = timedOut()
    s.inject('.', { ack: after(1) }).skip()
    s.ourNext = after(12)
    s.inject('.', { ack: after(1), sack: [after(2), after(3)] })
    expect(steps(s).at(-1)).toBe('3b spurious')
    expect(undone(s)).toEqual(['frto'])
    expect(s.trace.of('tcp:segment_sent')).toEqual([])
  })

  rule(4015, '3.2 (7)', 'after a spurious timeout the estimate allows for such delays', () => {
    const s = timedOut()
    s.inject('.', { ack: after(1) }).skip()
    s.ourNext = after(12)
    s.elapse(500_000)
    s.inject('.', { ack: after(2) })
    expect(s.trace.of('tcp:rtt_sampled').at(-1)!.rtt).toBe(1_500_000)
    expect(s.connection.metrics()).toMatchObject({ smoothed_rtt: 1_500_000, rtt_variance: 750_000 })
  })
})

describe('Eifel detection (RFC 3522 3.2)', () => {
  /** With timestamps: segment 1 was sent at one tick and again at a later one. */
  const resent = (settings = {}) => {
    const s = flying({ timestamps: true, undo: true, limitedTransmit: false, ...settings })
    const first = s.last.segment.options.timestamps!.value
    s.elapse(50_000)
    s.inject('.', { ack: 1, ts: [1_001, first], sack: [1 + 988, 1 + 5 * 988] })
    s.expect('.', { seq: 1, cause: 'sack' })
    s.elapse(10_000)
    return { s, first, again: s.last.segment.options.timestamps!.value }
  }

  rule(
    3522,
    '3.2 (4)',
    'an ACK that echoes an earlier time than the retransmission is of the original',
    () => {
      const { s, first } = resent()
      s.inject('.', { ack: 1 + 5 * 988, ts: [1_002, first] })
      expect(undone(s)).toEqual(['timestamp'])
      expect(s.connection.metrics().ssthresh).toBe(NOT_SET)
      expect(s.trace.of('tcp:congestion_state_changed').map((e) => e.trigger)).toEqual(['sack', 'undo'])
    },
  )

  rule(3522, '3.2 (4)', 'one that echoes the retransmission is not', () => {
    const { s, again } = resent()
    s.inject('.', { ack: 1 + 5 * 988, ts: [1_002, again] })
    expect(undone(s)).toEqual([])
  })

  rule(3522, '3.2 (5)', 'nor one with a D-SACK', () => {
    const { s, first } = resent({ dsack: true })
    s.inject('.', { ack: 1 + 5 * 988, ts: [1_002, first], sack: [1 + 988, 1 + 2 * 988] })
    expect(undone(s)).toEqual([])
  })

  rule(
    3522,
    '3.2 (5)',
    'nor one of all that is outstanding, from a peer that never reported a duplicate',
    () => {
      const { s, first } = resent()
      s.inject('.', { ack: 1 + 10 * 988, ts: [1_002, first] })
      expect(undone(s)).toEqual([])
    },
  )

  rule(
    4015,
    '3.2',
    'the window comes back, but for a burst: what is in flight and what was acknowledged',
    () => {
      const { s, first } = resent()
      s.inject('.', { ack: 1 + 5 * 988, ts: [1_002, first] })
      expect(s.trace.of('tcp:recovery_undone')).toEqual([
        { found_by: 'timestamp', cwnd: 10 * 988, ssthresh: NOT_SET },
      ])
    },
  )

  it('can be switched off', () => {
    const { s, first } = resent({ undo: false })
    s.inject('.', { ack: 1 + 5 * 988, ts: [1_002, first] })
    expect(undone(s)).toEqual([])
  })
})

describe('undo by D-SACK (RFC 3708 3)', () => {
  const recovering = (settings = {}) => {
    const s = flying({ dsack: true, undo: true, limitedTransmit: false, ...settings })
    s.inject('.', { ack: 1, sack: [after(2), after(10)] })
    s.expect('.', { seq: 1, cause: 'sack' }).expect('.', { seq: after(1), cause: 'sack' })
    s.skip()
    return s
  }

  rule(3708, '3', 'when all that was sent again arrived twice, nothing had been lost', () => {
    const s = recovering()
    s.inject('.', { ack: after(10), sack: [1, after(1)] })
    expect(undone(s)).toEqual([])
    s.inject('.', { ack: after(10), sack: [after(1), after(2)] })
    expect(undone(s)).toEqual(['dsack'])
    expect(s.connection.metrics().ssthresh).toBe(NOT_SET)
  })

  rule(3708, '3', 'when only some of it did, there was a loss', () => {
    const s = recovering()
    s.inject('.', { ack: after(10), sack: [1, after(1)] })
    s.inject('.', { ack: after(11) })
    expect(undone(s)).toEqual([])
    expect(s.connection.metrics().ssthresh).toBe(5 * MSS)
  })

  rule(3708, '3', 'a copy that the network made proves nothing', () => {
    const s = recovering()
    for (let n = 2; n < 6; n++) s.inject('.', { ack: after(10), sack: [after(n), after(n + 1)] })
    expect(undone(s)).toEqual([])
  })

  it('comes after the recovery is over, too, as D-SACKs do', () => {
    const s = recovering()
    s.inject('.', { ack: after(10) })
    s.skip()
    expect(s.trace.of('tcp:congestion_state_changed').at(-1)!.trigger).toBe('full_ack')
    s.inject('.', { ack: after(10), sack: [1, after(1)] })
    s.inject('.', { ack: after(10), sack: [after(1), after(2)] })
    expect(undone(s)).toEqual(['dsack'])
    expect(s.connection.metrics().ssthresh).toBe(NOT_SET)
  })

  rule(9438, '4.9', 'CUBIC goes on with its curve as if there had been no loss', () => {
    const s = recovering({ congestion: 'cubic' })
    expect(s.connection.metrics().ssthresh).toBe(7 * MSS)
    s.inject('.', { ack: after(10), sack: [1, after(1)] })
    s.inject('.', { ack: after(10), sack: [after(1), after(2)] })
    expect(undone(s)).toEqual(['dsack'])
    expect(s.connection.metrics().ssthresh).toBe(NOT_SET)
  })
})
