/** Proportional rate reduction (RFC 9937), as packet scripts. */
import { describe, expect } from 'vitest'
import type { TcpSettingsInput } from '../../../../shared/tcp.ts'
import { Prr } from '../../../../electron/protocol/tcp/prr.ts'
import { rule } from '../../../support/rule.ts'
import { Script } from '../../../support/tcp-script.ts'

const MSS = 1000
const after = (n: number): number => 1 + n * MSS

/** So many segments are outstanding, and more wait; no limited transmit, so that the numbers are plain. */
function flying(segments: number, settings: TcpSettingsInput = {}): Script {
  const s = Script.connected({
    mss: MSS,
    congestion: 'newreno',
    prr: true,
    limitedTransmit: false,
    initialWindow: segments,
    ...settings,
  })
  s.write(200 * MSS)
  s.expectData(segments, MSS).quiet()
  return s
}

/** SACKs of the segments from the second to the n-th, one ACK each; returns how many segments each let go. */
function sacks(s: Script, from: number, to: number): number[] {
  const sent: number[] = []
  for (let i = from; i <= to; i++) {
    const before = s.trace.of('tcp:proportional_reduction').length
    s.inject('.', { ack: 1, sack: [after(1), after(i)] })
    sent.push(drain(s))
    expect(s.trace.of('tcp:proportional_reduction').length - before).toBeLessThanOrEqual(1)
  }
  return sent
}

/** How many segments go now, new ones and such as go again. */
function drain(s: Script): number {
  const before = s.connection.metrics().in_flight
  s.skip()
  return (s.connection.metrics().in_flight - before) / MSS
}

const last = (s: Script) => s.trace.of('tcp:proportional_reduction').at(-1)!
const bounds = (s: Script) => s.trace.of('tcp:proportional_reduction').map(({ bound }) => bound)

describe('with SACK', () => {
  rule(
    9937,
    '6.1',
    'an episode begins with nothing delivered and nothing sent, and RecoverFS is what was in flight',
    () => {
      // The third duplicate delivers a segment: a twentieth of RecoverFS less two that were SACKed before.
      const s = flying(20)
      expect(sacks(s, 2, 4)).toEqual([0, 0, 1])
      expect(last(s)).toMatchObject({ delivered: MSS, sent: 0, bound: 'proportional' })
      expect(last(s).allowance).toBe(Math.ceil((MSS * 10) / 18))
    },
  )

  rule(9937, '6.2', 'while more is in flight than ssthresh, half as much goes as arrives', () => {
    const s = flying(20)
    sacks(s, 2, 4)
    const sent = sacks(s, 5, 12)
    expect(sent.reduce((a, b) => a + b)).toBe(4)
    // Not all at once, and no long silence: never two for one ACK, never three ACKs in a row for nothing.
    expect(Math.max(...sent)).toBe(1)
    expect(sent.join('')).not.toContain('000')
    expect(new Set(bounds(s))).toEqual(new Set(['proportional']))
  })

  rule(
    9937,
    '6.2',
    'without it nothing goes until half of the window has been acknowledged, then one for each',
    () => {
      const s = flying(20, { prr: false })
      sacks(s, 2, 4)
      expect(sacks(s, 5, 12)).toEqual([0, 0, 0, 0, 0, 0, 0, 1])
    },
  )

  rule(
    9937,
    '6.2',
    'below ssthresh as much goes as arrives when SND.UNA does not move (conservation)',
    () => {
      // Most of the window is lost: far less than ssthresh is in flight.
      const s = flying(20)
      s.inject('.', { ack: 1, sack: [after(14), after(17)] })
      expect(last(s).bound).toBe('conservation')
      drain(s)
      s.inject('.', { ack: 1, sack: [after(14), after(18)] })
      expect(last(s).bound).toBe('conservation')
      expect(drain(s)).toBe(1)
    },
  )

  rule(9937, '6.2', 'and a segment more when SND.UNA moves and no further loss is known (slow start)', () => {
    const s = flying(20)
    s.inject('.', { ack: 1, sack: [after(14), after(17)] })
    drain(s)
    s.inject('.', { ack: after(1), sack: [after(14), after(17)] })
    expect(last(s).bound).toBe('slow_start')
    expect(drain(s)).toBe(2)
  })

  rule(9937, '6.2', 'an ACK that moves SND.UNA and brings a new loss to light is not safe', () => {
    const s = flying(20)
    // Of the first six, segments 1 to 3 are known to be lost.
    s.inject('.', { ack: 1, sack: [after(3), after(6)] })
    s.skip()
    // Segments 7 to 14 turn out lost as well.
    s.inject('.', { ack: after(1), sack: [after(3), after(6), after(14), after(17)] })
    expect(last(s).bound).toBe('conservation')
  })

  rule(9937, '6.2', 'an ACK that delivers nothing changes nothing', () => {
    const s = flying(20)
    sacks(s, 2, 6)
    const before = s.trace.of('tcp:proportional_reduction').length
    s.inject('.', { ack: 1, sack: [after(1), after(6)] }).quiet()
    expect(s.trace.of('tcp:proportional_reduction').length).toBe(before)
  })

  rule(9937, '6.2', 'at most ssthresh is in flight', () => {
    const s = flying(20)
    s.inject('.', { ack: 1, sack: [after(14), after(17)] })
    for (let n = 1; n <= 12; n++) {
      s.skip().inject('.', { ack: after(n), sack: [after(14), after(17)] })
      s.skip()
      expect(s.connection.metrics().in_flight).toBeLessThanOrEqual(10 * MSS)
    }
    expect(s.connection.metrics().in_flight).toBe(10 * MSS)
  })

  rule(9937, '6.2', 'the first retransmission goes in any case', () => {
    const prr = new Prr(10_000)
    prr.onAck({ delivered: 1, inFlight: 5_000, ssthresh: 5_000, safe: false, segmentSize: MSS })
    expect(prr.count).toBe(MSS)
  })

  rule(9937, '6.3', 'what goes, new or again, is counted', () => {
    const s = flying(20)
    sacks(s, 2, 12)
    const { sent, delivered } = last(s)
    expect(delivered).toBe(9 * MSS)
    expect(sent).toBeGreaterThanOrEqual(4 * MSS)
    expect(sent).toBeLessThanOrEqual(5 * MSS)
  })

  rule(9937, '6.4', 'at the end of the episode the window is ssthresh', () => {
    const s = flying(20)
    sacks(s, 2, 20)
    s.inject('.', { ack: after(20) }).skip()
    expect(s.connection.metrics()).toMatchObject({ ssthresh: 10 * MSS, cwnd: 10 * MSS })
    expect(s.trace.of('tcp:congestion_state_changed').at(-1)!.to).toBe('congestion_avoidance')
  })

  rule(9937, '6', 'CUBIC sets the target, seven tenths', () => {
    const s = flying(20, { congestion: 'cubic' })
    sacks(s, 2, 4)
    const sent = sacks(s, 5, 14)
    expect(sent.reduce((a, b) => a + b)).toBe(7)
  })

  rule(9937, '6.1', 'an echoed mark begins an episode, too', () => {
    const s = flying(20, { ecn: true })
    const sent: number[] = []
    for (let n = 1; n <= 20; n++) {
      s.inject('.E', { ack: after(n) })
      sent.push(drain(s))
    }
    expect(sent.reduce((a, b) => a + b)).toBe(10)
    expect(Math.max(...sent)).toBe(1)
    expect(s.connection.metrics()).toMatchObject({ cwnd: 10 * MSS, in_flight: 10 * MSS })
  })
})

describe('without SACK', () => {
  const reno = (segments: number) => flying(segments, { sack: false })
  const duplicates = (s: Script, n: number): number[] =>
    Array.from({ length: n }, () => {
      s.inject('.', { ack: 1 })
      return drain(s)
    })

  rule(9937, '6.2', 'each duplicate ACK of the episode is taken to deliver a segment', () => {
    const s = reno(20)
    expect(duplicates(s, 3)).toEqual([0, 0, 1])
    const sent = duplicates(s, 8)
    // 9 delivered allow 4.5, of which the retransmission was one.
    expect(sent.reduce((a, b) => a + b)).toBe(3)
    expect(last(s)).toMatchObject({ delivered: 9 * MSS, sent: 4 * MSS, allowance: MSS / 2 })
  })

  rule(9937, '6.2', 'when SND.UNA moves, what the duplicates were taken for is deducted', () => {
    const s = reno(20)
    duplicates(s, 13)
    // One segment was lost: what is acknowledged now had been counted but for the segment itself and two early duplicates.
    s.inject('.', { ack: after(19) }).skip()
    const { delivered } = last(s)
    expect(delivered).toBe(19 * MSS)
  })

  rule(
    9937,
    '6.2',
    'a receiver that sends too many duplicates does not make more go than was in flight',
    () => {
      const s = reno(10)
      duplicates(s, 60)
      expect(last(s).delivered).toBe(10 * MSS)
      const before = s.trace.of('tcp:proportional_reduction').length
      expect(duplicates(s, 20).reduce((a, b) => a + b)).toBe(0)
      expect(s.trace.of('tcp:proportional_reduction').length).toBe(before)
    },
  )

  rule(9937, '6.4', 'the full acknowledgment leaves no more than ssthresh, and no burst', () => {
    const s = reno(20)
    duplicates(s, 19)
    s.inject('.', { ack: after(20) })
    expect(drain(s)).toBeLessThanOrEqual(2)
    expect(s.connection.metrics().ssthresh).toBe(10 * MSS)
    expect(s.connection.metrics().cwnd).toBeLessThanOrEqual(10 * MSS)
  })
})

describe('with RACK (RFC 8985 9.3)', () => {
  rule(
    9937,
    '6.1',
    'a loss that a timer finds begins an episode in which nothing has been delivered yet',
    () => {
      const s = flying(20, { rack: true })
      // The round trip must be known, and one reordering window is given.
      s.elapse(40_000)
      for (let n = 1; n <= 4; n++) s.inject('.', { ack: after(n) })
      s.skip().elapse(40_000)
      s.inject('.', { ack: after(4), sack: [after(5), after(6)] })
      const outstanding = s.connection.metrics().in_flight
      s.skip()
      s.untilSent()
      s.expect('.', { seq: after(4), cause: 'rack' }).skip()
      expect(outstanding).toBeGreaterThan(0)
      expect(s.trace.of('tcp:proportional_reduction')).toEqual([])
      s.inject('.', { ack: after(4), sack: [after(5), after(8)] })
      expect(last(s)).toMatchObject({ delivered: 2 * MSS, sent: MSS })
    },
  )
})
