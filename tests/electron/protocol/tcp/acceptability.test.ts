/** What a synchronized connection takes: RFC 9293 3.10.7.4, RFC 5961 (blind attacks), RFC 7323 5 (PAWS). */
import { describe, expect, it } from 'vitest'
import { rule } from '../../../support/rule.ts'
import { Script } from '../../../support/tcp-script.ts'

const BUFFER = 10_000

describe('first: the sequence number (RFC 9293 3.10.7.4)', () => {
  const connected = (settings = {}) => Script.connected({ receiveBuffer: BUFFER, sack: false, ...settings })

  it('trims what lies beyond the window', () => {
    const s = connected({ delayedAck: 0 })
    s.inject('.', { seq: 1, data: BUFFER + 500 })
    expect(s.connection.readable).toBe(BUFFER)
    s.expect('.', { ack: BUFFER + 1, window: 0 })
  })

  it('holds no more out of order than the window', () => {
    const s = connected()
    for (let seq = 1_000; seq < 3 * BUFFER; seq += 1_000) s.inject('.', { seq, data: 1_000 })
    s.skip()
    expect(s.connection.metrics().out_of_order).toBe(BUFFER + 1 - 1_000)
  })

  it('holds no more pieces than the window could pay for', () => {
    const s = connected()
    for (let seq = 3; seq < BUFFER; seq += 2) s.inject('.', { seq, data: 1 })
    s.skip()
    expect(s.connection.metrics().out_of_order).toBeLessThan(BUFFER / 50)
  })

  it('takes nothing beyond the FIN', () => {
    const s = connected()
    s.inject('F.', { seq: 101, data: 100 })
    s.inject('.', { seq: 1, data: 300 })
    expect(s.connection.readable).toBe(200)
    expect(s.connection.state).toBe('CLOSE-WAIT')
  })

  rule(
    9293,
    '3.10.7.4 first',
    'pure ACKs out of the window are answered once in half a second, so that two ends cannot go on for ever',
    () => {
      const s = connected()
      s.inject('.', { seq: -50 }).expect('.')
      s.inject('.', { seq: -50 }).quiet()
      s.elapse(500_000)
      s.inject('.', { seq: -50 }).expect('.')
    },
  )
})

describe('PAWS (RFC 7323 5.3)', () => {
  const connected = (settings = {}) => Script.connected({ timestamps: true, ...settings })

  it('refuses a segment with a timestamp from the past and answers with an ACK', () => {
    const s = connected()
    s.inject('.', { data: 10, ts: [1_010, 0] })
    s.inject('.', { data: 10, ts: [1_009, 0] })
    expect(s.refused).toBe('RFC 7323 5.3: PAWS, timestamp from the past -> ack')
    s.expect('.', { ack: 11 })
    expect(s.connection.readable).toBe(10)
  })

  it('takes it when switched off', () => {
    const s = connected({ paws: false })
    s.inject('.', { data: 10, ts: [1_010, 0] })
    s.inject('.', { data: 10, ts: [1_009, 0] })
    expect(s.connection.readable).toBe(20)
  })

  rule(7323, '4.3 (2)', 'what is echoed never goes back, PAWS or not', () => {
    const s = connected({ paws: false, delayedAck: 0 })
    s.inject('.', { data: 10, ts: [1_010, 0] }).expect('.')
    s.inject('.', { data: 10, ts: [1_009, 0] }).expect('.', { ack: 21 })
    expect(s.last.segment.options.timestamps?.echo).toBe(1_010)
  })

  it('lets a RST pass without a timestamp', () => {
    const s = connected()
    s.inject('R', { seq: 1 })
    expect(s.connection.state).toBe('CLOSED')
  })

  rule(7323, '3.2', 'a segment without timestamps is dropped once they were agreed on', () => {
    const s = connected()
    s.inject('.', { data: 10 }).quiet()
    expect(s.connection.readable).toBe(0)
  })

  it('forgets a timestamp after 24 days (RFC 7323 5.5)', () => {
    const s = connected()
    s.elapse(25 * 86_400e6)
    s.inject('.', { data: 10, ts: [1, 0] })
    expect(s.connection.readable).toBe(10)
  })

  rule(7323, '4.3', 'the timestamp of the segment that the last ACK stood before is echoed', () => {
    const s = connected({ ackEvery: 2 })
    s.inject('.', { data: 1_000, ts: [1_010, 0] })
    s.inject('.', { data: 1_000, ts: [1_020, 0] })
    s.expect('.', { ack: 2001 })
    expect(s.last.segment.options.timestamps?.echo).toBe(1_010)
    // Out of order: the ACK still stands before the gap.
    s.inject('.', { seq: 4_001, data: 1_000, ts: [1_030, 0] })
    s.expect('.', { ack: 2001 })
    expect(s.last.segment.options.timestamps?.echo).toBe(1_010)
  })
})
