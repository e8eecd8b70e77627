/** What a synchronized connection takes: RFC 9293 3.10.7.4, RFC 5961 (blind attacks), RFC 7323 5 (PAWS). */
import { describe, expect, it } from 'vitest'
import { Script } from '../../../support/tcp-script.ts'

const BUFFER = 10_000

describe('first: the sequence number (RFC 9293 3.10.7.4)', () => {
  const connected = (settings = {}) => Script.connected({ receiveBuffer: BUFFER, sack: false, ...settings })

  it('answers a segment from before the window, or beyond it, with an ACK', () => {
    const s = connected()
    s.inject('.', { seq: 1, data: 100 }).inject('.', { seq: 101, data: 100 })
    s.expect('.', { ack: 201 })
    s.inject('.', { seq: 1, data: 100 })
    s.expect('.', { seq: 1, ack: 201 })
    s.inject('.', { seq: BUFFER + 1, data: 100 })
    s.expect('.', { ack: 201 })
    expect(s.refused).toBe('RFC 9293 3.10.7.4 first: out of window -> ack')
    expect(s.connection.readable).toBe(200)
  })

  it('takes what is new of a segment that overlaps', () => {
    const s = connected()
    s.inject('.', { seq: 1, data: 100 })
    s.inject('.', { seq: 51, data: new Uint8Array(100).fill(7) })
    expect(s.connection.readable).toBe(150)
    s.connection.read(s.now, 100)
    expect(s.connection.read(s.now)).toEqual(new Uint8Array(50).fill(7))
  })

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

  it('does not answer pure ACKs out of the window for ever: one in half a second', () => {
    const s = connected()
    s.inject('.', { seq: -50 }).expect('.')
    s.inject('.', { seq: -50 }).quiet()
    s.elapse(500_000)
    s.inject('.', { seq: -50 }).expect('.')
  })
})

describe('second: RST (RFC 5961 3.2)', () => {
  it('resets with exactly the next sequence number', () => {
    const s = Script.connected()
    s.inject('R', { seq: 1 })
    expect(s.events()).toEqual(['closed: reset'])
    s.quiet()
  })

  it('is challenged elsewhere in the window', () => {
    const s = Script.connected()
    s.inject('R', { seq: 2 })
    s.expect('.', { seq: 1, ack: 1 })
    expect(s.connection.state).toBe('ESTABLISHED')
    expect(s.refused).toMatch(/challenge_ack$/)
  })

  it('is ignored outside of the window', () => {
    const s = Script.connected()
    s.inject('R', { seq: -1 }).quiet()
    s.inject('R', { seq: 7_000_000 }).quiet()
    expect(s.connection.state).toBe('ESTABLISHED')
  })
})

describe('fourth: SYN (RFC 5961 4.2)', () => {
  it('is challenged, so that a peer that has forgotten us resets us properly', () => {
    const s = Script.connected()
    s.inject('S', { seq: 500 })
    s.expect('.', { seq: 1, ack: 1 })
    s.inject('R', { seq: 1 })
    expect(s.events()).toEqual(['closed: reset'])
  })

  it('gets so many challenges a second and no more (RFC 5961 7)', () => {
    const s = Script.connected({ challengeAckLimit: 2 })
    s.inject('S', { seq: 500 }).expect('.')
    s.inject('S', { seq: 500 }).expect('.')
    s.inject('S', { seq: 500 }).quiet()
    expect(s.refused).toMatch(/none$/)
    s.elapse(1e6)
    s.inject('S', { seq: 500 }).expect('.')
  })
})

describe('fifth: ACK (RFC 9293 3.10.7.4, RFC 5961 5.2)', () => {
  it('is needed', () => {
    const s = Script.connected()
    s.inject('', { data: 10 }).quiet()
    expect(s.connection.readable).toBe(0)
  })

  it('of what was not sent is answered and dropped', () => {
    const s = Script.connected()
    s.inject('.', { ack: 2, data: 10 })
    s.expect('.', { ack: 1 })
    expect(s.connection.readable).toBe(0)
  })

  it('older than the largest window is challenged', () => {
    const s = Script.connected()
    s.inject('.', { ack: 1 - 65_001, data: 10 })
    s.expect('.', { ack: 1 })
    expect(s.refused).toBe('RFC 5961 5.2: ACK too old -> challenge_ack')
    expect(s.connection.readable).toBe(0)
  })

  it('older than SND.UNA, though within the window, does no harm: the text counts', () => {
    const s = Script.connected()
    s.inject('.', { ack: -100, data: 10 })
    expect(s.connection.readable).toBe(10)
  })
})

describe('sixth: URG (RFC 6093)', () => {
  it('changes nothing: urgent bytes stay in line', () => {
    const s = Script.connected()
    s.inject('U.', { data: 10 })
    expect(s.read()).toBe(10)
  })
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

  it('never goes back in what it echoes, PAWS or not (RFC 7323 4.3 (2))', () => {
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

  it('drops a segment without timestamps once they were agreed on (RFC 7323 3.2)', () => {
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

  it('echoes the timestamp of the segment that the last ACK stood before (RFC 7323 4.3)', () => {
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
