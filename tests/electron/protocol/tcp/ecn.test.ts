/** Explicit congestion notification of TCP (RFC 3168 6.1), as packet scripts. */
import { describe, expect } from 'vitest'
import { CE, ECT_0, NOT_ECT } from '../../../../electron/protocol/wire/ipv4.ts'
import type { TcpSettingsInput } from '../../../../shared/tcp.ts'
import { rule } from '../../../support/rule.ts'
import { Script } from '../../../support/tcp-script.ts'

const MSS = 1000
const after = (n: number): number => 1 + n * MSS

/** A connection that we opened and that agreed on ECN. */
function agreed(settings: TcpSettingsInput = {}): Script {
  return Script.connected({ ecn: true, mss: MSS, congestion: 'newreno', nagle: false, ...settings })
}

/** So many segments are outstanding, and more wait. */
function flying(segments: number, settings: TcpSettingsInput = {}): Script {
  const s = agreed({ initialWindow: segments, ...settings })
  s.write(100 * MSS)
  s.expectData(segments, MSS).quiet()
  return s
}

const verdict = (s: Script) => s.trace.of('tcp:ecn_negotiated').map(({ on, why }) => ({ on, why }))
const told = (s: Script) => s.trace.of('tcp:congestion_notified').map(({ reduced }) => reduced)

describe('the handshake', () => {
  rule(3168, '6.1.1', 'a SYN with ECE and CWR asks, a SYN-ACK with ECE agrees', () => {
    const s = new Script({ ecn: true })
    s.connect()
    s.expect('SEW', { ecn: NOT_ECT }).inject('S.E').expect('.')
    expect(verdict(s)).toEqual([{ on: true, why: 'agreed' }])
  })

  rule(3168, '6.1.1', 'a listener that is asked agrees with ECE alone, if it wants to', () => {
    const s = new Script({ ecn: true })
    s.listen()
    s.inject('SEW').expect('S.E', { ecn: NOT_ECT }).inject('.').quiet()
    expect(verdict(s)).toEqual([{ on: true, why: 'agreed' }])
    const t = new Script({ ecn: false })
    t.listen()
    t.inject('SEW').expect('S.').inject('.').quiet()
    expect(verdict(t)).toEqual([{ on: false, why: 'not_wanted' }])
  })

  rule(3168, '6.1.1', 'a SYN-ACK that reflects both flags, or sets none, does not agree', () => {
    for (const answer of ['S.EW', 'S.', 'S.W']) {
      const s = new Script({ ecn: true, nagle: false })
      s.connect()
      s.expect('SEW').inject(answer).expect('.')
      s.write(10)
      s.expect('.', { length: 10, ecn: NOT_ECT })
      expect(verdict(s)).toEqual([{ on: false, why: 'peer_refused' }])
    }
  })

  rule(3168, '6.1.1', 'a listener that is not asked does not offer', () => {
    const s = new Script({ ecn: true })
    s.listen()
    s.inject('S').expect('S.').inject('.').quiet()
    expect(verdict(s)).toEqual([{ on: false, why: 'not_offered' }])
  })

  rule(3168, '6.1.1.1', 'a SYN that must go again goes without, and the connection then does without', () => {
    const s = new Script({ ecn: true, nagle: false })
    s.connect()
    s.expect('SEW')
    s.untilSent()
    s.expect('S', { cause: 'syn' }).inject('S.E').expect('.')
    s.write(10)
    s.expect('.', { ecn: NOT_ECT })
    expect(verdict(s)).toEqual([{ on: false, why: 'not_offered' }])
  })
})

describe('which packets are ECN-capable', () => {
  rule(3168, '6.1.2', 'new data go with ECT(0) when both ends agreed', () => {
    const s = agreed()
    s.write(10)
    s.expect('.', { length: 10, ecn: ECT_0 })
  })

  rule(3168, '6.1.4', 'a pure ACK is not ECN-capable', () => {
    const s = agreed({ delayedAck: 0 })
    s.inject('.', { data: 100 }).expect('.', { length: 0, ecn: NOT_ECT })
  })

  rule(3168, '6.1.5', 'what is sent again is not ECN-capable, by fast retransmit or by timer', () => {
    const s = flying(10)
    for (let i = 2; i <= 4; i++) s.inject('.', { ack: 1, sack: [after(1), after(i)] })
    s.expect('.', { seq: 1, cause: 'sack', ecn: NOT_ECT })
    const t = agreed()
    t.write(10)
    t.expect('.', { ecn: ECT_0 })
    t.untilSent()
    t.expect('.', { cause: 'rto', ecn: NOT_ECT })
  })

  rule(3168, '6.1.6', 'a window probe is not ECN-capable', () => {
    const s = agreed()
    s.write(10)
    s.expect('.')
    s.inject('.', { window: 0 })
    s.write(10)
    s.untilSent()
    s.expect('.', { length: 1, cause: 'window_probe', ecn: NOT_ECT })
  })
})

describe('the receiver', () => {
  rule(3168, '6.1.3', 'each ACK echoes a mark until the sender says that it has slowed down', () => {
    const s = agreed({ delayedAck: 0 })
    s.inject('.', { data: 100, ecn: ECT_0 }).expect('.')
    s.inject('.', { data: 100, ecn: CE }).expect('.E')
    s.inject('.', { data: 100, ecn: ECT_0 }).expect('.E')
    s.inject('.W', { data: 100, ecn: ECT_0 }).expect('.')
  })

  rule(3168, '6.1.3', 'a mark on the very packet that says CWR is a new one', () => {
    const s = agreed({ delayedAck: 0 })
    s.inject('.', { data: 100, ecn: CE }).expect('.E')
    s.inject('.W', { data: 100, ecn: CE }).expect('.E')
  })

  rule(3168, '6.1.3', 'a delayed ACK echoes the mark of any packet that it covers', () => {
    const s = agreed({ mss: 100 })
    s.inject('.', { data: 100, ecn: CE }).quiet()
    s.inject('.', { data: 100, ecn: ECT_0 }).expect('.E')
  })

  rule(3168, '6.1.5', 'marks of data outside of the window do not count', () => {
    const s = agreed({ delayedAck: 0 })
    s.inject('.', { data: 100 }).expect('.')
    s.inject('.', { seq: 1, data: 100, ecn: CE }).expect('.', { ack: 101 })
    s.inject('.', { seq: 101, data: 100 }).expect('.', { ack: 201 })
  })

  rule(3168, '6.1.1', 'without agreement a mark is not echoed', () => {
    const s = Script.connected({ delayedAck: 0 })
    s.inject('.', { data: 100, ecn: CE }).expect('.')
  })
})

describe('the sender', () => {
  rule(3168, '6.1.2', 'an echo halves the window as a lost packet would, and nothing is sent again', () => {
    const s = flying(10)
    s.inject('.E', { ack: after(2) }).quiet()
    expect(s.connection.metrics()).toMatchObject({ cwnd: 5 * MSS, ssthresh: 5 * MSS })
    expect(s.trace.of('tcp:congestion_state_changed').at(-1)).toEqual({
      from: 'slow_start',
      to: 'congestion_window_reduced',
      trigger: 'ecn',
    })
    expect(s.trace.of('tcp:segment_lost')).toEqual([])
    expect(s.trace.of('tcp:stall_changed').at(-1)).toEqual({ cause: 'congestion_notified' })
  })

  rule(3168, '6.1.2', 'the first new data after the reduction carry CWR, once', () => {
    const s = flying(10)
    s.inject('.E', { ack: after(6) })
    s.expect('.W', { seq: after(10), ecn: ECT_0 }).quiet()
    s.inject('.E', { ack: after(8) })
    s.expect('.', { seq: after(11) })
      .expect('.', { seq: after(12) })
      .quiet()
  })

  rule(3168, '6.1.2', 'the sender answers echoes once a window of data', () => {
    const s = flying(10)
    for (const n of [2, 4, 6, 8, 10]) s.inject('.E', { ack: after(n) }).skip()
    expect(told(s)).toEqual([true, false, false, false, false])
    expect(s.connection.metrics().ssthresh).toBe(5 * MSS)
    // An echo of what was sent after the reduction is of another mark.
    s.inject('.E', { ack: after(11) })
    expect(told(s).at(-1)).toBe(true)
  })

  rule(3168, '6.1.2', 'the window does not grow by an ACK that echoes a mark', () => {
    const s = flying(10)
    for (const n of [2, 4, 6, 8]) s.inject('.E', { ack: after(n) }).skip()
    expect(s.connection.metrics().cwnd).toBe(5 * MSS)
  })

  rule(3168, '6.1.2', 'CWR is also said after a reduction for a loss', () => {
    const s = flying(10, { limitedTransmit: false })
    for (let i = 2; i <= 4; i++) s.inject('.', { ack: 1, sack: [after(1), after(i)] })
    s.expect('.', { seq: 1, cause: 'sack' })
    for (let i = 5; i <= 8; i++) s.inject('.', { ack: 1, sack: [after(1), after(i)] })
    s.expect('.W', { seq: after(10), ecn: ECT_0 })
  })

  rule(3168, '6.1.2', 'a loss and a mark of the same window are answered once', () => {
    const s = flying(10, { limitedTransmit: false })
    s.inject('.E', { ack: after(1) }).skip()
    for (let i = 3; i <= 5; i++) s.inject('.E', { ack: after(1), sack: [after(2), after(i)] })
    s.expect('.', { seq: after(1), cause: 'sack' })
    expect(s.connection.metrics().ssthresh).toBe(5 * MSS)
  })

  rule.not(
    3168,
    '6.1.2',
    'with a window of one segment an echo restarts the retransmission timer',
    'a mark leaves two segments at least (RFC 5681 equation 4), and after a timeout slow start is under way',
  )

  rule(3168, '6.1.2', 'an echo without agreement is ignored', () => {
    const s = Script.connected({ mss: MSS, congestion: 'newreno' })
    s.write(100 * MSS)
    s.expectData(10, MSS)
    s.inject('.E', { ack: after(2) }).skip()
    expect(s.connection.metrics().ssthresh).toBe(0xffff_ffff)
  })
})
