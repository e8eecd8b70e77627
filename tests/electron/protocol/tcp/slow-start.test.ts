/** Slow start, congestion avoidance, fast retransmit and delayed ACKs (RFC 5681), and HyStart++ (RFC 9406), as packet scripts. */
import { describe, expect, it } from 'vitest'
import { HyStart } from '../../../../electron/protocol/congestion/hystart.ts'
import type { TcpSettingsInput } from '../../../../shared/tcp.ts'
import { rule } from '../../../support/rule.ts'
import { Script } from '../../../support/tcp-script.ts'

const MSS = 1000
const after = (n: number): number => 1 + n * MSS

function flying(segments: number, settings: TcpSettingsInput = {}): Script {
  const s = Script.connected({ mss: MSS, congestion: 'newreno', initialWindow: segments, ...settings })
  s.write(1000 * MSS)
  s.expectData(segments, MSS).quiet()
  return s
}

const windowOf = (s: Script) => s.connection.metrics().cwnd / MSS

describe('RFC 5681: the window', () => {
  rule(5681, '3.1', 'slow start: a segment more for each that is acknowledged', () => {
    const s = flying(4)
    for (let n = 1; n <= 4; n++) {
      s.inject('.', { ack: after(n) }).skip()
      expect(windowOf(s)).toBe(4 + n)
    }
  })

  rule(5681, '3.1', 'the first ssthresh is as high as can be', () => {
    expect(flying(4).connection.metrics().ssthresh).toBe(0xffff_ffff)
  })

  rule(
    5681,
    '3.1',
    'a SYN that was lost makes the first window one segment, at the second loss (RFC 6928 2)',
    () => {
      const s = new Script({ mss: MSS, congestion: 'newreno' })
      s.connect()
      s.expect('S')
      for (let i = 0; i < 2; i++) {
        s.untilSent()
        s.expect('S', { cause: 'syn' })
      }
      s.inject('S.', { options: { mss: MSS } }).expect('.')
      s.write(10 * MSS)
      s.expect('.', { length: MSS }).quiet()
    },
  )

  rule(
    5681,
    '3.1 (4)',
    'a timeout sets ssthresh to half of what was in flight, and the window to one segment',
    () => {
      const s = flying(10)
      s.untilSent()
      s.expect('.', { seq: 1, cause: 'rto' }).quiet()
      expect(s.connection.metrics()).toMatchObject({ cwnd: MSS, ssthresh: 5 * MSS })
    },
  )

  rule(5681, '3.1', 'congestion avoidance: a segment more for each window', () => {
    const s = flying(10)
    s.untilSent()
    s.expect('.', { cause: 'rto' })
    s.inject('.', { ack: after(10) }).skip()
    // Slow start up to ssthresh, five segments, and from there one a window.
    let acked = 10
    const windows: number[] = []
    for (let round = 0; round < 6; round++) {
      const inFlight = s.connection.metrics().in_flight / MSS
      for (let i = 0; i < inFlight; i++) s.inject('.', { ack: after(++acked) }).skip()
      windows.push(windowOf(s))
    }
    const reached = windows.findIndex((window) => window >= 5)
    const later = windows.slice(reached)
    expect(later.length).toBeGreaterThan(2)
    for (let i = 1; i < later.length; i++) expect(Math.floor(later[i]) - Math.floor(later[i - 1])).toBe(1)
  })

  rule(5681, '3.1', 'a window that is not used does not grow', () => {
    const s = Script.connected({ mss: MSS, congestion: 'newreno', initialWindow: 10 })
    for (let n = 1; n <= 20; n++) {
      s.write(MSS)
      s.expect('.').inject('.', { ack: after(n) })
    }
    expect(windowOf(s)).toBe(10)
  })

  rule(5681, '4.1', 'after a pause longer than the timeout it begins with the initial window', () => {
    const s = Script.connected({ mss: MSS, congestion: 'newreno', initialWindow: 4 })
    s.write(12 * MSS)
    s.expectData(4, MSS)
    for (let n = 1; n <= 4; n++) s.inject('.', { ack: after(n) })
    s.expectData(8, MSS)
    s.inject('.', { ack: after(12) }).elapse(10e6)
    s.write(20 * MSS)
    s.expectData(4, MSS).quiet()
  })
})

describe('RFC 5681: fast retransmit and fast recovery', () => {
  const reno = () => flying(10, { sack: false })
  const duplicate = (s: Script) => s.inject('.', { ack: 1 })

  rule(5681, '3.2 (1)', 'the first two duplicate ACKs each let a new segment go', () => {
    const s = reno()
    duplicate(s)
      .expect('.', { seq: after(10), cause: 'limited_transmit' })
      .quiet()
    duplicate(s)
      .expect('.', { seq: after(11), cause: 'limited_transmit' })
      .quiet()
  })

  rule(5681, '3.2 (2)', 'the third sets ssthresh to half of what was in flight without those two', () => {
    const s = reno()
    for (let i = 0; i < 3; i++) duplicate(s).skip()
    expect(s.connection.metrics().ssthresh).toBe(5 * MSS)
  })

  rule(
    5681,
    '3.2 (3)',
    'the segment that seems lost goes again, and the window is ssthresh and three segments',
    () => {
      const s = flying(10, { sack: false, limitedTransmit: false })
      for (let i = 0; i < 3; i++) duplicate(s)
      s.expect('.', { seq: 1, length: MSS, cause: 'dup_acks' }).quiet()
      expect(windowOf(s)).toBe(8)
    },
  )

  rule(
    5681,
    '3.2 (4), (5)',
    'each further duplicate lets the window grow by a segment, and new data go when it allows',
    () => {
      const s = flying(10, { sack: false, limitedTransmit: false })
      for (let i = 0; i < 5; i++) duplicate(s).skip()
      expect(windowOf(s)).toBe(10)
      duplicate(s)
        .expect('.', { seq: after(10), cause: '' })
        .quiet()
    },
  )

  rule(5681, '3.2 (6)', 'the ACK of what was lost deflates the window', () => {
    const s = flying(10, { sack: false, limitedTransmit: false })
    for (let i = 0; i < 9; i++) duplicate(s).skip()
    s.inject('.', { ack: after(13) })
    expect(windowOf(s)).toBeLessThanOrEqual(5)
  })
})

describe('RFC 5681: the receiver', () => {
  rule(5681, '4.2', 'an ACK for every second full segment at least', () => {
    const s = Script.connected()
    s.inject('.', { data: 1460 }).quiet()
    s.inject('.', { data: 1460 }).expect('.', { ack: 2921 }).quiet()
  })

  rule(5681, '4.2', 'within 500 ms of the first segment that is not acknowledged', () => {
    const s = Script.connected({ delayedAck: 500_000 })
    s.inject('.', { data: 1460 })
    expect(s.untilSent()).toBeLessThanOrEqual(500_000)
    s.expect('.', { ack: 1461 })
  })

  rule(5681, '4.2', 'at once for a segment out of order, and for one that fills a gap', () => {
    const s = Script.connected({ sack: false })
    s.inject('.', { seq: 1001, data: 1000 }).expect('.', { ack: 1 })
    s.inject('.', { seq: 1, data: 1000 }).expect('.', { ack: 2001 }).quiet()
  })
})

/** Round trips of `count` samples each; `rttOf` says how long those of a round take. */
function rounds(hystart: HyStart, count: number, rttOf: (round: number) => number, from = 0): string[] {
  const phases: string[] = []
  for (let round = from; round < from + count; round++) {
    // Each round trip is a hundred positions, in ten ACKs.
    for (let i = 1; i <= 10; i++) hystart.onAck(rttOf(round), round * 100 + i * 10, (round + 1) * 100)
    phases.push(hystart.phase)
  }
  return phases
}

describe('RFC 9406', () => {
  rule(
    9406,
    '4.2',
    'a round trip that is an eighth longer than the last ends slow start for conservative slow start',
    () => {
      // An eighth of 80 ms is 10 ms.
      expect(rounds(new HyStart(false), 4, (n) => (n < 3 ? 80_000 : 89_999))).not.toContain('conservative')
      expect(rounds(new HyStart(false), 4, (n) => (n < 3 ? 80_000 : 90_000)).at(-1)).toBe('conservative')
    },
  )

  rule(9406, '4.3', 'it must grow by 4 ms at least, and 16 ms suffice', () => {
    const short = (grown: number) => rounds(new HyStart(false), 4, (n) => (n < 3 ? 8_000 : grown)).at(-1)
    expect([short(11_999), short(12_000)]).toEqual(['slow_start', 'conservative'])
    const long = (grown: number) => rounds(new HyStart(false), 4, (n) => (n < 3 ? 400_000 : grown)).at(-1)
    expect([long(415_999), long(416_000)]).toEqual(['slow_start', 'conservative'])
  })

  rule(9406, '4.2', 'eight samples of a round are needed', () => {
    const hystart = new HyStart(false)
    rounds(hystart, 3, () => 80_000)
    for (let i = 1; i <= 7; i++) hystart.onAck(200_000, 300 + i * 10, 400)
    expect(hystart.phase).toBe('slow_start')
    hystart.onAck(200_000, 380, 400)
    expect(hystart.phase).toBe('conservative')
  })

  rule(9406, '4.2', 'conservative slow start grows a quarter as fast', () => {
    const hystart = new HyStart(false)
    expect(hystart.increase(2_000, MSS)).toBe(2_000)
    rounds(hystart, 4, (n) => (n < 3 ? 80_000 : 100_000))
    expect(hystart.increase(2_000, MSS)).toBe(500)
  })

  rule(
    9406,
    '4.2',
    'an ACK lets the window grow by eight segments at most, of a paced sender by any number',
    () => {
      expect(new HyStart(false).increase(20_000, MSS)).toBe(8_000)
      expect(new HyStart(true).increase(20_000, MSS)).toBe(20_000)
    },
  )

  rule(9406, '4.2', 'a round trip that is shorter again was jitter: slow start goes on', () => {
    const phases = rounds(new HyStart(false), 6, (n) => (n === 3 ? 100_000 : 80_000))
    expect(phases).toEqual([
      'slow_start',
      'slow_start',
      'slow_start',
      'conservative',
      'slow_start',
      'slow_start',
    ])
  })

  rule(
    9406,
    '4.2',
    'after five rounds, the first that was cut short with them, congestion avoidance begins',
    () => {
      const phases = rounds(new HyStart(false), 9, (n) => (n < 3 ? 80_000 : 100_000))
      expect(phases.slice(3, 8)).toEqual([
        'conservative',
        'conservative',
        'conservative',
        'conservative',
        'conservative',
      ])
      expect(phases[8]).toBe('congestion_avoidance')
    },
  )

  rule(9406, '4.2', 'then ssthresh is the window', () => {
    const s = flying(10, { hystart: true })
    const phases = () => s.trace.of('tcp:congestion_state_changed').map(({ to }) => to)
    let acked = 0
    for (let round = 0; round < 12; round++) {
      const inFlight = s.connection.metrics().in_flight / MSS
      s.elapse(round < 2 ? 80_000 : 110_000)
      for (let i = 0; i < inFlight; i++) s.inject('.', { ack: after(++acked) })
      s.skip()
      if (phases().includes('congestion_avoidance')) break
    }
    expect(phases()).toEqual(['conservative_slow_start', 'congestion_avoidance'])
    const { cwnd, ssthresh } = s.connection.metrics()
    expect(ssthresh).toBeLessThanOrEqual(cwnd)
    expect(cwnd - ssthresh).toBeLessThanOrEqual(3 * MSS)
    expect(s.trace.of('tcp:slow_start_slowed').map(({ phase }) => phase)).toEqual([
      'conservative',
      'congestion_avoidance',
    ])
  })

  rule(9406, '4.3', 'a loss ends it, and a later slow start knows its ssthresh and does without', () => {
    const s = flying(10, { hystart: true })
    s.untilSent()
    s.expect('.', { cause: 'rto' })
    let acked = 10
    s.inject('.', { ack: after(acked) }).skip()
    for (let round = 0; round < 8; round++) {
      const inFlight = s.connection.metrics().in_flight / MSS
      s.elapse(80_000 * (round + 1))
      for (let i = 0; i < inFlight; i++) s.inject('.', { ack: after(++acked) })
      s.skip()
    }
    expect(s.trace.of('tcp:slow_start_slowed')).toEqual([])
  })

  it('is CUBIC’s, too', () => {
    const s = flying(10, { hystart: true, congestion: 'cubic' })
    let acked = 0
    for (let round = 0; round < 4; round++) {
      const inFlight = s.connection.metrics().in_flight / MSS
      s.elapse(round < 2 ? 80_000 : 110_000)
      for (let i = 0; i < inFlight; i++) s.inject('.', { ack: after(++acked) })
      s.skip()
    }
    expect(s.trace.of('tcp:congestion_state_changed')[0]).toEqual({
      from: 'slow_start',
      to: 'conservative_slow_start',
      trigger: 'rtt',
    })
  })
})

describe('pacing', () => {
  it('spreads a window over the round trip, at five quarters of it (RFC 9002 7.7)', () => {
    const s = Script.connected({ mss: MSS, congestion: 'newreno', initialWindow: 30, pacing: true })
    // The handshake took no time; a first exchange tells the round trip.
    s.write(MSS)
    s.expect('.')
    s.elapse(100_000).inject('.', { ack: after(1) })
    s.write(200 * MSS)
    // Ten at once, and then one at a time.
    s.expectData(10, MSS).quiet()
    expect(s.trace.of('tcp:stall_changed').at(-1)).toEqual({ cause: 'pacer' })
    const { cwnd, smoothed_rtt } = s.connection.metrics()
    const gap = s.untilSent()
    expect(Math.abs(gap / ((MSS * smoothed_rtt) / (1.25 * cwnd)) - 1)).toBeLessThan(0.01)
    s.expect('.').quiet()
  })
})
