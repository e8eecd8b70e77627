/** RACK: what was overtaken is lost when a reordering window has passed (RFC 8985 6). */
import { describe, expect } from 'vitest'
import { rule } from '../../../support/rule.ts'
import { Script } from '../../../support/tcp-script.ts'

const MSS = 1000
const RTT = 100_000
/** The position after segment n, counted from 1. */
const after = (n: number): number => 1 + n * MSS

/** Established over a path of 100 ms; `segments` are outstanding, each sent a millisecond after the one before. */
function flying(segments: number, settings = {}): Script {
  const s = new Script({
    mss: MSS,
    congestion: 'newreno',
    initialWindow: segments,
    rack: true,
    dsack: true,
    limitedTransmit: false,
    ...settings,
  })
  s.connect()
  s.expect('S')
  s.elapse(RTT)
  const { timestamps } = s.settings
  s.inject('S.', {
    options: {
      mss: MSS,
      sackPermitted: true,
      timestamps: timestamps ? { value: 1, echo: s.last.segment.options.timestamps!.value } : undefined,
    },
  })
  s.expect('.')
  for (let i = 0; i < segments; i++) {
    s.write(MSS)
    s.expect('.', { length: timestamps ? MSS - 12 : MSS })
    if (timestamps) s.expect('.', { length: 12 })
    s.elapse(1_000)
  }
  return s
}

const lost = (s: Script) =>
  s.trace.of('tcp:segment_lost').map((e) => [e.trigger, e.late, e.reordering_window])
const windows = (s: Script) => s.trace.of('tcp:reordering_window_changed').map((e) => [e.why, e.window])

describe('what was sent when (6.1, 6.2 steps 1 to 3)', () => {
  rule(8985, '6.1', 'a retransmission has the time of its last sending', () => {
    const s = flying(5)
    s.elapse(RTT - 5_000)
    s.inject('.', { ack: 1, sack: [after(1), after(4)] })
    s.expect('.', { seq: 1, cause: 'rack' })
    // The last of the first flight comes: it was sent before the retransmission, so that is not overtaken.
    s.elapse(4_000)
    s.inject('.', { ack: 1, sack: [after(1), after(5)] }).quiet()
    expect(lost(s)).toHaveLength(1)
  })

  rule(8985, '6.2 step 1', 'the window is a quarter of the shortest round trip', () => {
    const s = flying(4)
    s.elapse(RTT - 4_000)
    s.inject('.', { ack: after(1) })
    expect(windows(s)).toEqual([['start', RTT / 4]])
  })

  rule.not(
    8985,
    '6.2 step 1',
    'the shortest round trip is that of the last while',
    'it is that of the connection: a run lasts minutes, and no path of it becomes much longer by itself',
  )

  rule(8985, '6.2 step 2', 'the round trip is that of the segment sent last of those that arrived', () => {
    const s = flying(4)
    s.elapse(RTT - 4_000)
    s.inject('.', { ack: 1, sack: [after(1), after(2)] })
    // Segment 2 was sent 99 ms ago; 1 a millisecond before, so it has 24 ms left.
    expect(s.untilSent()).toBe(RTT / 4 - 1_000)
    s.expect('.', { seq: 1, cause: 'rack' })
  })

  rule(8985, '6.2 step 2', 'what is late raises it, though something sent later has arrived', () => {
    const s = flying(6)
    s.elapse(RTT - 6_000)
    s.inject('.', { ack: 1, sack: [after(3), after(4)] })
    s.elapse(10_000)
    // Segment 2 took 109 ms, where 4 took 97. So 3, which was sent 108 ms ago, has 26 ms left.
    s.inject('.', { ack: after(2), sack: [after(3), after(4)] })
    expect(s.untilSent()).toBe(RTT / 4 + 1_000)
    s.expect('.', { seq: after(2), cause: 'rack' })
  })

  rule(8985, '6.2 step 2', 'an ACK of a retransmission that came too soon for it says nothing', () => {
    const s = flying(6)
    s.elapse(RTT - 6_000)
    s.inject('.', { ack: 1, sack: [after(1), after(4)] })
    s.expect('.', { seq: 1, cause: 'rack' })
    s.elapse(10_000)
    // The original of 1 was only late. Were this taken for the retransmission, 5 and 6 would count as overtaken by it.
    s.inject('.', { ack: after(4) })
    expect(lost(s)).toHaveLength(1)
    s.elapse(40_000)
    expect(lost(s)).toHaveLength(1)
  })

  rule(8985, '6.2 step 3', 'a segment below what has arrived, and never sent again, shows reordering', () => {
    const s = flying(6)
    s.elapse(RTT - 6_000)
    s.inject('.', { ack: 1, sack: [after(1), after(2)] })
    s.inject('.', { ack: after(2) })
    expect(windows(s)).toEqual([['start', RTT / 4]])
    // From now on three SACKed segments do not decide at once.
    s.inject('.', { ack: after(2), sack: [after(3), after(6)] }).quiet()
    expect(lost(s)).toEqual([])
  })
})

describe('the reordering window (6.2 step 4)', () => {
  rule(8985, '6.2 step 4', 'without reordering seen, three SACKed segments decide at once', () => {
    const s = flying(6)
    s.elapse(RTT - 6_000)
    s.inject('.', { ack: 1, sack: [after(1), after(2)] }).quiet()
    s.inject('.', { ack: 1, sack: [after(1), after(3)] }).quiet()
    s.inject('.', { ack: 1, sack: [after(1), after(4)] })
    s.expect('.', { seq: 1, cause: 'rack' })
    expect(windows(s)).toEqual([
      ['start', RTT / 4],
      ['recovery', 0],
    ])
  })

  rule(8985, '6.2 step 4', 'without reordering seen, a recovery waits for nothing', () => {
    const s = flying(8)
    s.elapse(RTT - 8_000)
    s.inject('.', { ack: 1, sack: [after(1), after(4)] })
    s.expect('.', { seq: 1, cause: 'rack' })
    s.inject('.', { ack: 1, sack: [after(1), after(4), after(5), after(6)] })
    s.skip()
    expect(lost(s).at(-1)).toEqual(['rack', expect.any(Number), 0])
    expect(lost(s)).toHaveLength(2)
  })

  rule(8985, '6.2 step 4', 'each round trip with a D-SACK widens it by another quarter', () => {
    const s = flying(4)
    s.elapse(RTT - 4_000)
    s.inject('.', { ack: 1, sack: [after(1), after(4)] })
    s.expect('.', { seq: 1, cause: 'rack' })
    s.elapse(5_000)
    s.inject('.', { ack: after(4) })
    s.elapse(RTT - 5_000)
    s.write(MSS)
    s.expect('.')
    s.inject('.', { ack: after(4), sack: [1, after(1)] })
    expect(windows(s).at(-1)).toEqual(['dsack', RTT / 2])
    // Another in the same round trip changes nothing.
    s.inject('.', { ack: after(4), sack: [1, after(1)] })
    expect(windows(s).at(-1)).toEqual(['dsack', RTT / 2])
    s.elapse(RTT)
    s.inject('.', { ack: after(5), sack: [1, after(1)] })
    expect(windows(s).at(-1)).toEqual(['dsack', (3 * RTT) / 4])
  })

  rule(8985, '6.2 step 4', 'it never exceeds the smoothed round trip', () => {
    const s = flying(1)
    s.elapse(RTT - 1_000)
    s.inject('.', { ack: after(1) })
    for (let i = 1; i <= 6; i++) {
      s.write(MSS)
      s.expect('.')
      s.elapse(RTT)
      s.inject('.', { ack: after(i + 1), sack: [1, after(1)] })
    }
    expect(windows(s).at(-1)).toEqual(['dsack', RTT])
  })

  rule(8985, '6.2 step 4', 'sixteen recoveries without a D-SACK make it short again', () => {
    const s = flying(4, { congestion: 'none' })
    s.elapse(RTT - 4_000)
    s.inject('.', { ack: after(4), sack: [1, after(1)] })
    expect(windows(s).at(-1)).toEqual(['dsack', RTT / 2])
    for (let i = 0, n = 4; i < 16; i++, n += 5) {
      expect(s.trace.of('tcp:reordering_window_changed').map((e) => e.why)).not.toContain('persist')
      s.write(5 * MSS)
      s.expectData(5, MSS)
      s.elapse(RTT)
      s.inject('.', { ack: after(n), sack: [after(n + 1), after(n + 5)] })
      s.expect('.', { seq: after(n), cause: 'rack' })
      s.elapse(RTT)
      s.inject('.', { ack: after(n + 5) })
    }
    s.write(MSS)
    s.expectData(1, MSS)
    s.elapse(RTT)
    s.inject('.', { ack: after(85) })
    expect(s.trace.of('tcp:reordering_window_changed').map((e) => e.why)).toContain('persist')
    expect(windows(s).at(-1)![1]).toBe(RTT / 4)
  })
})

describe('detection (6.2 step 5, 6.3)', () => {
  rule(
    8985,
    '6.2 step 5',
    'what was overtaken for longer than the window is lost, and the trace says by how much',
    () => {
      const s = flying(1, { congestion: 'none' })
      s.elapse(49_000)
      s.write(MSS)
      s.expect('.')
      s.elapse(RTT)
      // Segment 2 took 100 ms and was sent 50 ms after 1, which thus had its 100 ms and a quarter more 25 ms ago.
      s.inject('.', { ack: 1, sack: [after(1), after(2)] })
      s.expect('.', { seq: 1, cause: 'rack' })
      expect(lost(s)).toEqual([['rack', 25_000, RTT / 4]])
    },
  )

  rule(
    8985,
    '6.2 step 5',
    'the reordering timer runs for all that was overtaken, and makes one recovery',
    () => {
      const s = flying(4, { dupThresh: 10, congestion: 'none' })
      s.elapse(RTT - 4_000)
      s.inject('.', { ack: 1, sack: [after(2), after(3)] })
      expect(s.untilSent()).toBe(RTT / 4 - 1_000)
      s.expect('.', { seq: 1, cause: 'rack' }).expect('.', { seq: after(1), cause: 'rack' })
      expect(s.trace.of('tcp:timer_expired').map((e) => e.timer)).toEqual(['reordering'])
      expect(s.trace.of('tcp:congestion_state_changed').map((e) => e.trigger)).toEqual(['rack'])
    },
  )

  rule(8985, '6.2 step 5', 'a retransmission that was overtaken is lost, too', () => {
    const s = flying(6)
    s.elapse(RTT - 6_000)
    s.inject('.', { ack: 1, sack: [after(1), after(4)] })
    s.expect('.', { seq: 1, cause: 'rack' })
    s.write(3 * MSS)
    s.inject('.', { ack: 1, sack: [after(1), after(6)] })
    s.expectData(2, MSS)
    s.elapse(RTT)
    // What was sent after the retransmission has arrived, the retransmission has not.
    s.inject('.', { ack: 1, sack: [after(1), after(7)] })
    s.expect('.', { seq: 1, cause: 'rack' })
    expect(lost(s)).toHaveLength(2)
  })

  rule(
    8985,
    '6.3',
    'a timeout calls lost the first segment and what had its round trip and window, no more',
    () => {
      const s = flying(3, { dupThresh: 10, minRto: 1_000, congestion: 'none' })
      s.elapse(RTT - 3_000)
      s.inject('.', { ack: after(1) })
      const rto = s.connection.metrics().rto
      s.elapse(rto - 20_000)
      s.write(2 * MSS)
      s.expectData(2, MSS)
      expect(s.untilSent()).toBeCloseTo(20_000, 0)
      s.expect('.', { seq: after(1), cause: 'rto' })
      expect(s.trace.of('tcp:segment_lost').map((e) => e.trigger)).toEqual(['rto', 'rto'])
      s.expect('.', { seq: after(2), cause: 'rto' }).quiet()
      // The two that left 20 ms ago were not in doubt.
      expect(s.connection.metrics().in_flight).toBe(4 * MSS)
    },
  )
})

describe('beside other rules', () => {
  rule(8985, '3.3.1', 'reordering within the window makes no recovery, where three duplicates would', () => {
    for (const rack of [true, false]) {
      const s = flying(10, { rack })
      s.elapse(RTT - 10_000)
      s.inject('.', { ack: 1, sack: [after(1), after(2)] })
      s.inject('.', { ack: after(2) })
      s.skip()
      for (let n = 4; n <= 8; n++) s.inject('.', { ack: after(2), sack: [after(3), after(n)] })
      expect(lost(s).length > 0).toBe(!rack)
    }
  })

  rule(8985, '4 (1)', 'without SACK it does nothing', () => {
    const s = flying(10, { sack: false })
    s.elapse(RTT)
    for (let i = 0; i < 3; i++) s.inject('.', { ack: 1 })
    s.expect('.', { seq: 1, cause: 'dup_acks' })
  })
})
