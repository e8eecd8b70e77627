/** The retransmission timer and the round-trip time: RFC 6298, Karn's rule, RFC 7323 4 and appendix G. */
import { describe, expect, it } from 'vitest'
import { RttEstimator } from '../../../../electron/protocol/tcp/rtt.ts'
import { rule } from '../../../support/rule.ts'
import { Script } from '../../../support/tcp-script.ts'

const settings = { initialRto: 1_000_000, minRto: 1_000, maxRto: 60_000_000 }

describe('the estimator (RFC 6298 2)', () => {
  rule(6298, '2.1', 'it begins with the initial RTO', () => {
    expect(new RttEstimator(settings).rto).toBe(1_000_000)
  })

  rule(6298, '2.2', 'the first sample R: SRTT = R, RTTVAR = R/2, RTO = R + 4 R/2', () => {
    const rtt = new RttEstimator(settings)
    rtt.sample(100_000, 1)
    expect([rtt.smoothed, rtt.variance, rtt.rto]).toEqual([100_000, 50_000, 300_000])
  })

  rule(6298, '2.3', 'the next is smoothed with 1/8 and 1/4, the variance first', () => {
    const rtt = new RttEstimator(settings)
    rtt.sample(100_000, 1)
    rtt.sample(180_000, 1)
    expect(rtt.variance).toBe(0.75 * 50_000 + 0.25 * 80_000)
    expect(rtt.smoothed).toBe(0.875 * 100_000 + 0.125 * 180_000)
    expect(rtt.rto).toBe(rtt.smoothed + 4 * rtt.variance)
  })

  rule(6298, '2.4, 2.5', 'it does not go below SRTT + G, nor the least RTO, nor above the most', () => {
    const rtt = new RttEstimator(settings)
    for (let i = 0; i < 200; i++) rtt.sample(50_000, 1)
    expect(rtt.rto).toBe(51_000)
    rtt.configure({ ...settings, minRto: 200_000 })
    expect(rtt.rto).toBe(200_000)
    rtt.backOff = 20
    expect(rtt.rto).toBe(60_000_000)
  })

  rule(7323, 'appendix G', 'it remembers as long with many samples a round trip as with one', () => {
    const one = new RttEstimator(settings)
    const many = new RttEstimator(settings)
    for (const rtt of [one, many]) rtt.sample(100_000, 1)
    one.sample(200_000, 1)
    for (let i = 0; i < 50; i++) many.sample(200_000, 50)
    expect(many.smoothed / one.smoothed).toBeCloseTo(1, 1)
  })
})

describe('the timer (RFC 6298 5)', () => {
  /** A connection whose handshake took 100 ms: SRTT 100, RTTVAR 50, RTO 300 ms. */
  const connected = (more = {}) => {
    const s = new Script({ minRto: 1_000, delayedAck: 0, congestion: 'newreno', ...more })
    s.connect()
    s.expect('S')
    s.elapse(100_000)
    const { timestamps } = s.settings
    s.inject('S.', {
      options: {
        mss: 1460,
        sackPermitted: s.settings.sack,
        timestamps: timestamps ? { value: 1, echo: s.last.segment.options.timestamps!.value } : undefined,
      },
    })
    s.expect('.')
    expect(s.connection.metrics().rto).toBe(300_000)
    return s
  }

  rule(6298, '5.1', 'a segment with data starts the timer if it does not run', () => {
    const s = connected()
    s.write(100)
    s.expect('.')
    expect(s.untilSent()).toBe(300_000)
    s.expect('.', { cause: 'rto' })
  })

  rule(6298, '5.1', 'a second segment does not start it anew', () => {
    const s = connected()
    s.write(1_460)
    s.expectData(1, 1460)
    s.elapse(200_000)
    s.write(1_460)
    s.expectData(1, 1460)
    expect(s.untilSent()).toBe(100_000)
    s.expect('.', { seq: 1, cause: 'rto' })
  })

  rule(6298, '5.2', 'with the ACK of all data it stops', () => {
    const s = connected()
    s.write(100)
    s.expect('.')
    s.inject('.', { ack: 101 })
    expect(s.untilSent()).toBe(Infinity)
  })

  rule(6298, '5.3', 'with an ACK of some it runs its full time again', () => {
    const s = connected()
    s.write(2_920)
    s.expectData(2, 1460)
    s.elapse(250_000)
    s.inject('.', { ack: 1461 })
    const { rto } = s.connection.metrics()
    expect(s.untilSent()).toBeCloseTo(rto, 0)
    s.expect('.', { seq: 1461 })
  })

  rule(6298, '5.4', 'when it runs out the earliest segment goes again, and no other', () => {
    const s = connected()
    s.write(4_380)
    s.expectData(3, 1460)
    s.untilSent()
    s.expect('.', { seq: 1, length: 1460, cause: 'rto' }).quiet()
  })

  rule(6298, '5.5', 'the timeout doubles, up to the most', () => {
    const s = connected({ maxRto: 1_000_000 })
    s.write(100)
    s.expect('.')
    for (const wait of [300_000, 600_000, 1_000_000, 1_000_000]) {
      expect(s.untilSent()).toBe(wait)
      s.expect('.', { cause: 'rto' })
    }
  })

  rule(6298, '5.6', 'the timer starts with the doubled value', () => {
    const s = connected()
    s.write(100)
    s.expect('.')
    s.untilSent()
    s.expect('.', { cause: 'rto' })
    expect(s.connection.metrics().rto).toBe(600_000)
    expect(s.untilSent()).toBe(600_000)
    s.expect('.', { cause: 'rto' })
  })

  rule(
    6298,
    '5.7',
    'a SYN had to be sent again and nothing was measured: data begin with three seconds',
    () => {
      const s = new Script({ timestamps: false })
      s.connect()
      s.expect('S')
      s.untilSent()
      s.expect('S')
      s.inject('S.', { options: { mss: 1460 } })
      s.expect('.')
      expect(s.connection.metrics().rto).toBe(3_000_000)
    },
  )

  it('sends the oldest segment again and doubles the timeout (5.4 to 5.6)', () => {
    const s = connected()
    s.write(2_920)
    s.expectData(2, 1460)
    for (const wait of [300_000, 600_000, 1_200_000]) {
      expect(s.untilSent()).toBe(wait)
      s.expect('.', { seq: 1, length: 1460, cause: 'rto' }).quiet()
    }
    expect(s.trace.of('tcp:timer_expired').map((e) => e.count)).toEqual([1, 2, 3])
    expect(s.connection.metrics().cwnd).toBe(1460)
  })

  rule(6298, '5.2, 5.3', 'the timer starts anew with an ACK of new data and stops with the last', () => {
    const s = connected()
    s.write(2_920)
    s.expectData(2, 1460)
    s.elapse(200_000)
    s.inject('.', { ack: 1461 })
    const { rto } = s.connection.metrics()
    expect(s.untilSent()).toBeCloseTo(rto, 0)
    s.expect('.', { seq: 1461, cause: 'rto' })
    s.inject('.', { ack: 2921 })
    expect(s.untilSent()).toBe(Infinity)
  })

  rule(
    6298,
    '3',
    "Karn's rule: a segment that was sent twice gives no sample, and the back-off stays",
    () => {
      const s = connected()
      s.write(100)
      s.expect('.', { length: 100 })
      s.untilSent()
      s.expect('.', { cause: 'rto' })
      s.elapse(50_000)
      s.inject('.', { ack: 101 })
      expect(s.trace.of('tcp:rtt_discarded')).toEqual([{ rtt: 50_000 }])
      expect(s.connection.metrics()).toMatchObject({ smoothed_rtt: 100_000, rto: 600_000 })
      // A segment that was sent once ends it.
      s.write(100)
      s.expect('.')
      s.elapse(100_000)
      s.inject('.', { ack: 201 })
      expect(s.connection.metrics().rto).toBeLessThan(300_000)
    },
  )

  it('takes the ambiguous sample with karn off, from the last sending on', () => {
    const s = connected({ karn: false })
    s.write(100)
    s.expect('.')
    s.untilSent()
    s.expect('.')
    s.elapse(50_000)
    s.inject('.', { ack: 101 })
    expect(s.trace.of('tcp:rtt_sampled').at(-1)).toEqual({ rtt: 50_000, source: 'segment' })
  })

  rule(7323, '4.1', 'the echoed timestamp tells which sending was acknowledged, so there is a sample', () => {
    const s = connected({ timestamps: true })
    s.write(100)
    s.expect('.')
    s.untilSent()
    s.expect('.', { cause: 'rto' })
    const echo = s.last.segment.options.timestamps!.value
    s.elapse(50_000)
    s.inject('.', { ack: 101, ts: [2, echo] })
    expect(s.trace.of('tcp:rtt_sampled').at(-1)).toEqual({ rtt: 50_000, source: 'timestamp' })
    expect(s.connection.metrics().rto).toBeLessThan(300_000)
  })

  rule(5681, '3.1', 'after a timeout what is lost goes again in slow start', () => {
    const s = connected({ sack: false })
    s.write(14_600)
    s.expectData(10, 1460)
    s.untilSent()
    s.expect('.', { seq: 1, cause: 'rto' }).quiet()
    expect(s.connection.metrics().ssthresh).toBe(7_300)
    s.inject('.', { ack: 1461 })
    s.expect('.', { seq: 1461, cause: 'rto' }).expect('.', { seq: 2921, cause: 'rto' }).quiet()
    // The receiver had the next five: nothing of them is sent again.
    s.inject('.', { ack: 1461 + 6 * 1460 })
    s.expect('.', { seq: 1461 + 6 * 1460 })
      .expect('.')
      .expect('.')
      .quiet()
    expect(s.trace.of('tcp:congestion_state_changed').at(-1)).toEqual({
      from: 'slow_start',
      to: 'loss',
      trigger: 'rto',
    })
    s.inject('.', { ack: 14_601 })
    expect(s.trace.of('tcp:congestion_state_changed').at(-1)).toMatchObject({
      from: 'loss',
      trigger: 'full_ack',
    })
  })

  rule(5681, '3.1', 'ssthresh stays when the same segment times out again', () => {
    const s = connected()
    s.write(14_600)
    s.expectData(10, 1460)
    for (let i = 0; i < 3; i++) {
      s.untilSent()
      s.expect('.', { seq: 1 })
      expect(s.connection.metrics().ssthresh).toBe(7_300)
    }
  })

  it('reports what was lost and why', () => {
    const s = connected()
    s.write(2_920)
    s.expectData(2, 1460)
    s.untilSent()
    s.expect('.')
    const lost = s.trace.of('tcp:segment_lost')
    expect(lost.map((e) => [e.length, e.trigger])).toEqual([
      [1460, 'rto'],
      [1460, 'rto'],
    ])
  })
})
