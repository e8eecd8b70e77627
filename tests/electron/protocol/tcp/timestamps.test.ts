/** Timestamps: the round trip (RFC 7323 4) and protection against wrapped sequence numbers (RFC 7323 5). */
import { describe, expect } from 'vitest'
import { rule } from '../../../support/rule.ts'
import { Script } from '../../../support/tcp-script.ts'

const DAYS = 86_400e6

/** Established with timestamps; the peer's clock stood at 1,000 in its SYN-ACK. */
const connected = (settings = {}): Script =>
  Script.connected({ timestamps: true, delayedAck: 0, ...settings })
const echoed = (s: Script): number => s.last.segment.options.timestamps!.echo
const stamp = (s: Script): number => s.last.segment.options.timestamps!.value

describe('the round trip (RFC 7323 4)', () => {
  rule(7323, '4.1', 'only an ACK that moves SND.UNA gives a sample', () => {
    const s = connected()
    s.write(100)
    s.expect('.')
    const value = stamp(s)
    s.elapse(50_000)
    const before = s.trace.of('tcp:rtt_sampled').length
    s.inject('.', { ack: 1, data: 10, ts: [1_001, value] }).skip()
    expect(s.trace.of('tcp:rtt_sampled')).toHaveLength(before)
    s.inject('.', { ack: 101, ts: [1_002, value] })
    expect(s.trace.of('tcp:rtt_sampled')).toHaveLength(before + 1)
  })

  rule(
    7323,
    '4.3 (2)',
    'TS.Recent is of the segment with which the last ACK ended, so a delayed ACK counts',
    () => {
      const s = connected({ delayedAck: 200_000, ackEvery: 2 })
      s.inject('.', { data: 1460, ts: [2_000, 1] }).quiet()
      s.inject('.', { data: 1460, ts: [2_100, 1] })
      s.expect('.', { ack: 2921 })
      expect(echoed(s)).toBe(2_000)
    },
  )

  rule(7323, '4.3 (2)', 'a segment beyond a hole does not change it', () => {
    const s = connected()
    s.inject('.', { seq: 1001, data: 1000, ts: [2_000, 1] })
    s.expect('.', { ack: 1 })
    expect(echoed(s)).toBe(1_000)
    s.inject('.', { seq: 1, data: 1000, ts: [2_001, 1] })
    s.expect('.', { ack: 2001 })
    expect(echoed(s)).toBe(2_001)
  })
})

describe('PAWS (RFC 7323 5)', () => {
  rule(7323, '5.2', 'timestamps compare on a circle, so they may wrap', () => {
    const s = connected({})
    s.inject('.', { data: 10, ts: [0x7fff_ffff, 1] }).expect('.', { ack: 11 })
    s.inject('.', { data: 10, ts: [0xffff_fff0, 1] }).expect('.', { ack: 21 })
    s.inject('.', { data: 10, ts: [5, 1] }).expect('.', { ack: 31 })
    expect(echoed(s)).toBe(5)
  })

  rule(
    7323,
    '5.3 R1',
    'a timestamp from before TS.Recent: the segment is dropped, and answered with an ACK',
    () => {
      const s = connected()
      s.inject('.', { data: 10, ts: [2_000, 1] }).expect('.', { ack: 11 })
      s.inject('.', { data: 10, ts: [1_999, 1] }).expect('.', { ack: 11 })
      expect(s.refused).toBe('RFC 7323 5.3: PAWS, timestamp from the past -> ack')
      expect(s.read()).toBe(10)
    },
  )

  rule(7323, '5.3 R1', 'a RST is exempt', () => {
    const s = connected()
    s.inject('.', { data: 10, ts: [2_000, 1] }).expect('.', { ack: 11 })
    s.inject('R', { ts: [1, 0] })
    expect(s.connection.state).toBe('CLOSED')
  })

  rule(7323, '5.3 R2', 'a segment outside of the window is rejected whatever its timestamp', () => {
    const s = connected({ receiveBuffer: 10_000 })
    s.inject('.', { seq: 50_000, data: 10, ts: [2_000, 1] })
    s.expect('.', { ack: 1 })
    expect(s.refused).toMatch(/out of window -> ack/)
    expect(echoed(s)).toBe(1_000)
  })

  rule(7323, '5.3 R3', 'one at or before Last.ACK.sent with a later timestamp sets TS.Recent', () => {
    const s = connected()
    s.inject('.', { data: 10, ts: [2_000, 1] }).expect('.', { ack: 11 })
    expect(echoed(s)).toBe(2_000)
  })

  rule(7323, '5.3 R4, R5', 'in order it is taken in; out of order it is kept, within the window', () => {
    const s = connected()
    s.inject('.', { seq: 11, data: 10, ts: [2_000, 1] }).expect('.', { ack: 1 })
    s.inject('.', { seq: 1, data: 10, ts: [2_000, 1] }).expect('.', { ack: 21 })
    expect(s.read()).toBe(20)
  })

  rule(7323, '5.4', 'our clock ticks once a millisecond', () => {
    const s = connected()
    s.write(10)
    s.expect('.')
    const first = stamp(s)
    s.elapse(7_000)
    s.inject('.', { ack: 11, ts: [1_001, first] })
    s.write(10)
    s.expect('.')
    expect((stamp(s) - first) | 0).toBe(7)
  })

  rule(7323, '5.5', 'after 24 days of silence a timestamp proves nothing, and the segment is taken', () => {
    for (const [silence, taken] of [
      [1 * DAYS, 0],
      [25 * DAYS, 10],
    ]) {
      const s = connected({ keepAliveIdle: 0 })
      s.inject('.', { data: 10, ts: [2_000, 1] }).expect('.', { ack: 11 })
      s.read()
      s.elapse(silence)
      s.inject('.', { data: 10, ts: [1_000, 1] }).skip()
      expect(s.read()).toBe(taken)
    }
  })

  rule(7323, '3.2', 'a segment without timestamps, where they were agreed on, is dropped', () => {
    const s = connected()
    s.inject('.', { data: 10 }).quiet()
    expect(s.refused).toBe('RFC 7323 3.2: timestamps missing -> none')
  })
})
