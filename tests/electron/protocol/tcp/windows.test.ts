/** Flow control and when to send: RFC 9293 3.8.6 (windows, probes, silly windows), 3.7.4 (Nagle), 3.8.6.3 (delayed ACK). */
import { describe, expect, it } from 'vitest'
import { PSH } from '../../../../electron/protocol/wire/tcp.ts'
import { rule } from '../../../support/rule.ts'
import { Script } from '../../../support/tcp-script.ts'

describe('delayed ACK (RFC 9293 3.8.6.3, RFC 5681 4.2)', () => {
  rule(9293, '3.8.6.3', 'SHLD-19: an ACK for every second full-sized segment at least', () => {
    const s = Script.connected()
    s.inject('.', { data: 1460 }).quiet()
    s.inject('.', { data: 1460 }).expect('.', { ack: 2921 })
  })

  rule(9293, '3.8.6.3', 'MUST-40: an ACK is not delayed beyond its time, less than 0.5 s', () => {
    const s = Script.connected({ delayedAck: 100_000 })
    s.inject('.', { data: 1460 })
    expect(s.untilSent()).toBe(100_000)
    s.expect('.', { ack: 1461 })
    expect(s.trace.of('tcp:timer_expired').at(-1)).toEqual({ timer: 'delayed_ack', count: 1 })
  })

  rule(9293, '3.8.6.3', 'SHLD-18: an ACK may wait, to ride on data that go the other way', () => {
    const s = Script.connected()
    s.inject('.', { data: 1460 }).quiet()
    s.write(10)
    s.expect('.', { length: 10, ack: 1461 })
    expect(s.untilSent()).toBe(1e6)
    s.expect('.', { cause: 'rto' })
  })

  it('is off with delayedAck 0', () => {
    const s = Script.connected({ delayedAck: 0 })
    s.inject('.', { data: 10 }).expect('.', { ack: 11 })
  })

  it('waits for as many segments as ackEvery says', () => {
    const s = Script.connected({ ackEvery: 4 })
    for (let i = 0; i < 3; i++) s.inject('.', { data: 1000 }).quiet()
    s.inject('.', { data: 1000 }).expect('.', { ack: 4001 })
  })

  it('is immediate for a segment out of order, one for each, and for one that fills a gap', () => {
    const s = Script.connected({ sack: false })
    s.inject('.', { seq: 1001, data: 1000 }).inject('.', { seq: 2001, data: 1000 })
    s.expect('.', { ack: 1 }).expect('.', { ack: 1 }).quiet()
    s.inject('.', { seq: 1, data: 1000 }).expect('.', { ack: 3001 }).quiet()
  })
})

describe('SACK blocks (RFC 2018 4)', () => {
  it('begin with the block of the segment that came last, then the most recent before it', () => {
    const s = Script.connected()
    s.inject('.', { seq: 1001, data: 1000 }).expect('.', { ack: 1, sack: [1001, 2001] })
    s.inject('.', { seq: 5001, data: 1000 }).expect('.', { ack: 1, sack: [5001, 6001, 1001, 2001] })
    s.inject('.', { seq: 2001, data: 1000 }).expect('.', { ack: 1, sack: [1001, 3001, 5001, 6001] })
    s.inject('.', { seq: 3001, data: 2000 }).expect('.', { ack: 1, sack: [1001, 6001] })
    s.inject('.', { seq: 1, data: 1000 }).expect('.', { ack: 6001, sack: [] })
  })

  it('are four at most, three beside timestamps', () => {
    for (const [timestamps, most] of [
      [false, 4],
      [true, 3],
    ] as const) {
      const s = Script.connected({ timestamps })
      for (let seq = 1001; seq < 12_000; seq += 2000) s.inject('.', { seq, data: 1000, ts: [1_000, 0] })
      s.skip()
      s.inject('.', { seq: 20_001, data: 10, ts: [1_000, 0] }).expect('.')
      expect(s.last.segment.options.sack).toHaveLength(2 * most)
    }
  })

  it('do not come from who did not offer SACK', () => {
    const s = Script.connected({ sack: false })
    s.inject('.', { seq: 1001, data: 1000 }).expect('.', { sack: [] })
  })
})

describe('the receive window (RFC 9293 3.8.6)', () => {
  rule(9293, '3.8.6', 'the window closes as the user does not read, and opens when it does', () => {
    const s = Script.connected({ receiveBuffer: 4_000 })
    s.inject('.', { data: 1000 }).inject('.', { data: 1000 }).expect('.', { ack: 2001, window: 2_000 })
    s.inject('.', { data: 1000 }).inject('.', { data: 1000 }).expect('.', { ack: 4001, window: 0 })
    expect(s.read()).toBe(4_000)
    s.expect('.', { ack: 4001, window: 4_000 }).quiet()
  })

  it('leaves it to the next ACK to tell of room while the peer has plenty', () => {
    const s = Script.connected({ receiveBuffer: 60_000 })
    for (let i = 0; i < 10; i++) s.inject('.', { data: 1000 })
    s.expect('.', { window: 50_000 })
    s.read()
    s.quiet()
    s.inject('.', { data: 1000 }).inject('.', { data: 1000 }).expect('.', { window: 58_000 })
  })

  it('says nothing of room to a peer that has sent its FIN', () => {
    const s = Script.connected({ receiveBuffer: 4_001, delayedAck: 0 })
    for (let i = 0; i < 4; i++) s.inject('.', { data: 1000 }).expect('.')
    s.inject('F.').expect('.', { ack: 4_002 })
    expect(s.read()).toBe(4_000)
    s.quiet()
  })

  rule(
    9293,
    '3.8.6.2.2',
    'MUST-39: the edge of the window moves by a segment or half of the buffer, or stays',
    () => {
      const s = Script.connected({ receiveBuffer: 4_000, delayedAck: 0 })
      for (let i = 0; i < 4; i++) s.inject('.', { data: 1000 }).expect('.')
      s.connection.read(s.now, 1_000)
      s.quiet()
      s.inject('.', { data: 1 }).expect('.', { ack: 4001, window: 0 })
      s.connection.read(s.now, 1_000)
      s.expect('.', { window: 2_000 })
    },
  )

  it('advertises any window with receiverSws off', () => {
    const s = Script.connected({ receiveBuffer: 4_000, delayedAck: 0, receiverSws: false })
    for (let i = 0; i < 4; i++) s.inject('.', { data: 1000 }).expect('.')
    s.connection.read(s.now, 20)
    s.expect('.', { window: 20 })
    // Each read, however little it adds to what the peer has (RFC 813).
    s.connection.read(s.now, 10)
    s.expect('.', { window: 30 })
  })

  rule(9293, '3.8.6', 'SHLD-14: a window that was advertised is not taken back', () => {
    const s = Script.connected({ receiveBuffer: 10_000, delayedAck: 0 })
    s.connection.configure(s.now, { receiveBuffer: 1_000 })
    s.inject('.', { data: 1000 }).expect('.', { window: 9_000 })
    s.inject('.', { data: 9000 }).expect('.', { ack: 10_001, window: 0 })
  })

  rule(
    9293,
    '3.8.6.1',
    'a segment at a closed window is answered with next number and window, and its ACK counts',
    () => {
      const s = Script.connected({ receiveBuffer: 1_000, delayedAck: 0 })
      s.inject('.', { data: 1000 }).expect('.', { window: 0 })
      s.write(10)
      s.expect('.', { length: 10 })
      s.inject('.', { data: 1 }).expect('.', { ack: 1001, window: 0 })
      expect(s.connection.metrics().acked).toBe(10)
      expect(s.connection.readable).toBe(1_000)
    },
  )
})

describe('a full segment (RFC 9293 3.7.1)', () => {
  it('leaves room for the timestamps within the MSS', () => {
    const s = Script.connected({ timestamps: true })
    s.write(2_000)
    s.expect('.', { length: 1460 - 12 })
  })

  it('carries SACK blocks only as far as its payload leaves room', () => {
    const s = Script.connected({ nagle: false })
    s.inject('.', { seq: 1001, data: 1000 }).expect('.', { sack: [1001, 2001] })
    s.write(1460)
    s.expect('.', { length: 1460, sack: [] })
    s.write(100)
    s.expect('.', { length: 100, sack: [1001, 2001] })
  })
})

describe("the peer's window", () => {
  rule(9293, '3.8.6', 'no more is outstanding than the window allows', () => {
    const s = Script.connected()
    s.inject('.', { window: 4_000 })
    s.write(10_000)
    s.expectData(2, 1460)
    s.quiet()
    expect(s.trace.of('tcp:stall_changed').at(-1)).toEqual({ cause: 'receive_window' })
    s.inject('.', { ack: 2921, window: 4_000 })
    s.expectData(2, 1460)
  })

  it('counts the FIN, too: it takes a place in the sequence space', () => {
    const s = Script.connected()
    s.inject('.', { window: 1_000 })
    s.write(1_000)
    s.connection.shutdown(s.now)
    s.expect('.', { seq: 1, length: 1_000 }).quiet()
    s.inject('.', { ack: 1_001, window: 1_000 })
    s.expect('F.', { seq: 1_001, length: 0 })
  })

  rule(9293, '3.10.7.4 fifth', 'an old segment does not change the window (SND.WL1, SND.WL2)', () => {
    const s = Script.connected()
    s.inject('.', { data: 100, window: 5_000 })
    s.inject('.', { seq: 1, data: 0, window: 1_000 })
    expect(s.connection.metrics().send_window).toBe(5_000)
  })

  rule(
    9293,
    '3.8.6.2.1',
    'MUST-38 (3): a segment that the window cuts goes if it is half of the largest window',
    () => {
      for (const senderSws of [true, false]) {
        const s = Script.connected({ senderSws, nagle: false })
        s.inject('.', { window: 4_000 })
        s.write(10_000)
        s.expectData(2, 1460)
        if (!senderSws) s.expect('.', { length: 1080 })
        s.quiet()
      }
    },
  )

  rule(9293, '3.8.6.2.1', '(4): the override timer lets go what fits', () => {
    const s = Script.connected()
    s.inject('.', { window: 500 })
    s.write(10_000)
    s.quiet()
    expect(s.untilSent()).toBe(1e6)
    s.expect('.', { seq: 1, length: 500, cause: '' })
  })
})

describe('zero-window probes (RFC 9293 3.8.6.1)', () => {
  const closed = (settings = {}) => {
    const s = Script.connected(settings)
    s.inject('.', { window: 0 })
    s.write(3_000)
    return s
  }

  rule(
    9293,
    '3.8.6.1',
    'MUST-36, SHLD-29, SHLD-30: probes of an octet, the first after a retransmission timeout, then at intervals that double',
    () => {
      const s = closed({ minRto: 1_000_000 })
      for (const wait of [1, 2, 4, 8]) {
        expect(s.untilSent()).toBe(wait * 1e6)
        s.expect('.', { seq: 1, length: 1, cause: 'window_probe' })
        s.inject('.', { ack: 1, window: 0 })
      }
    },
  )

  rule(9293, '3.8.6.1', 'MUST-37: a connection stays as long as the peer acknowledges probes', () => {
    const s = closed({ dataRetries: 3, maxRto: 2_000_000 })
    for (let i = 0; i < 20; i++) {
      s.untilSent()
      s.expect('.', { cause: 'window_probe' })
      s.inject('.', { ack: 1, window: 0 })
    }
    expect(s.connection.state).toBe('ESTABLISHED')
  })

  rule(9293, '3.8.3', 'probes that nobody answers end like retransmissions', () => {
    const s = closed({ dataRetries: 3 })
    for (let i = 0; i < 3; i++) {
      s.untilSent()
      s.expect('.', { cause: 'window_probe' })
    }
    s.untilSent()
    s.expect('R')
    expect(s.connection.error).toBe('timed_out')
  })

  it('begin anew when the window closes again', () => {
    const s = closed({ minRto: 1_000_000 })
    s.elapse(900_000)
    s.inject('.', { ack: 1, window: 3_000 })
    s.expectData(2, 1460)
    s.quiet()
    s.inject('.', { ack: 2_921, window: 0 })
    expect(s.untilSent()).toBe(1e6)
    s.expect('.', { cause: 'window_probe' })
  })

  it('let the whole segment go when the window opens, from the probed octet on', () => {
    const s = closed()
    s.untilSent()
    s.expect('.', { length: 1 })
    s.ourNext = 1
    s.inject('.', { ack: 1, window: 10_000 })
    s.expectData(2, 1460)
    s.quiet()
  })

  rule(9293, '3.8.6.1', 'the octet of a probe counts when the peer takes it', () => {
    const s = closed()
    s.untilSent()
    s.expect('.', { length: 1 })
    s.inject('.', { ack: 2, window: 10_000 })
    s.expect('.', { seq: 2, length: 1460 })
    expect(s.connection.metrics().acked).toBe(1)
  })

  it('probe with the FIN when only that is left', () => {
    const s = Script.connected()
    s.inject('.', { window: 0 })
    s.connection.shutdown(s.now)
    s.untilSent()
    s.expect('F.', { seq: 1, length: 0, cause: 'window_probe' })
    s.inject('.', { ack: 2, window: 0 })
    expect(s.connection.state).toBe('FIN-WAIT-2')
  })
})

describe("Nagle's algorithm (RFC 9293 3.7.4)", () => {
  rule(9293, '3.7.4', 'SHLD-7: small writes are collected while anything is unacknowledged', () => {
    const s = Script.connected()
    s.write(100)
    s.expect('.', { length: 100 })
    s.write(100)
    s.write(100)
    s.quiet()
    expect(s.trace.of('tcp:stall_changed').at(-1)).toEqual({ cause: 'nagle' })
    s.inject('.', { ack: 101 })
    s.expect('.', { seq: 101, length: 200 })
  })

  rule(9293, '3.7.4', 'a full segment goes at once', () => {
    const s = Script.connected()
    s.write(100)
    s.expect('.', { length: 100 })
    s.write(1_500)
    s.expect('.', { length: 1460 }).quiet()
    s.connection.shutdown(s.now)
    s.expect('F.', { length: 40 })
  })

  rule(9293, '3.7.4', 'MUST-17: an application can switch it off for a connection', () => {
    const s = Script.connected({ nagle: false })
    s.write(100)
    s.expect('.', { length: 100 })
    s.write(100)
    s.expect('.', { length: 100 })
    s.connection.configure(s.now, { nagle: true })
    s.write(100)
    s.quiet()
    s.connection.configure(s.now, { nagle: false })
    s.expect('.', { length: 100 })
  })
})

describe('PSH (RFC 9293 3.9.1)', () => {
  it('stands on the last of what the application has written', () => {
    const s = Script.connected()
    s.write(2_000)
    s.expect('.', { length: 1460 })
    expect(s.last.segment.flags & PSH).toBe(0)
    s.connection.configure(s.now, { nagle: false })
    s.expect('.', { length: 540 })
    expect(s.last.segment.flags & PSH).toBe(PSH)
  })
})

describe('the send buffer', () => {
  it('takes what it has room for and says when there is room again', () => {
    const s = Script.connected({ sendBuffer: 4_000 })
    expect(s.write(5_000)).toBe(4_000)
    expect(s.connection.writable).toBe(0)
    s.expectData(2, 1460)
    s.inject('.', { ack: 1461 })
    expect(s.events()).toEqual([])
    s.inject('.', { ack: 2921 })
    expect(s.events()).toEqual(['writable'])
    expect(s.connection.writable).toBe(2_920)
  })
})
