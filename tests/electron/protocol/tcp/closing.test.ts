/** Closing a connection: RFC 9293 3.6, 3.10.4, 3.10.5, 3.10.7.4; TIME-WAIT and RFC 6191. */
import { describe, expect, it } from 'vitest'
import { micros } from '../../../../shared/units.ts'
import { rule } from '../../../support/rule.ts'
import { TcpPipe } from '../../../support/tcp-pipe.ts'
import { Script } from '../../../support/tcp-script.ts'

const shutdown = (s: Script) => s.connection.shutdown(s.now)

describe('active close (RFC 9293 3.6, figure 12)', () => {
  rule(9293, '3.6 figure 12', 'active close: FIN-WAIT-1, FIN-WAIT-2, TIME-WAIT, CLOSED after 2 MSL', () => {
    const s = Script.connected({ msl: 30_000_000 })
    shutdown(s)
    s.expect('F.', { seq: 1, ack: 1, cause: '' })
    expect(s.connection.state).toBe('FIN-WAIT-1')
    s.inject('.', { ack: 2 })
    expect(s.connection.state).toBe('FIN-WAIT-2')
    s.inject('F.', { seq: 1, ack: 2 })
    s.expect('.', { seq: 2, ack: 2 })
    expect(s.connection.state).toBe('TIME-WAIT')
    s.elapse(60e6 - 1)
    expect(s.connection.state).toBe('TIME-WAIT')
    s.elapse(1)
    expect(s.connection.state).toBe('CLOSED')
    expect(s.events()).toEqual(['peer_closed', 'closed'])
    expect(s.stack.connectionCount).toBe(0)
  })

  it('puts the FIN on the last data and sends it again when it is lost', () => {
    const s = Script.connected()
    s.write(2_000)
    shutdown(s)
    s.expect('.', { seq: 1, length: 1460 })
    s.expect('F.', { seq: 1461, length: 540 })
    s.inject('.', { ack: 2001 })
    expect(s.untilSent()).toBe(1e6)
    s.expect('F.', { seq: 2001, length: 0, cause: 'fin' })
    s.inject('.', { ack: 2002 })
    expect(s.connection.state).toBe('FIN-WAIT-2')
  })

  rule(9293, '3.6', 'FIN and ACK in one: FIN-WAIT-1 to TIME-WAIT at once', () => {
    const s = Script.connected()
    shutdown(s)
    s.expect('F.')
    s.inject('F.', { ack: 2 })
    s.expect('.', { seq: 2, ack: 2 })
    expect(s.states.slice(-3)).toEqual(['FIN-WAIT-1', 'FIN-WAIT-2', 'TIME-WAIT'])
  })

  rule(9293, '3.6.1', 'half-closed: the other direction goes on', () => {
    const s = Script.connected()
    shutdown(s)
    s.expect('F.')
    s.inject('.', { ack: 2 })
    s.inject('P.', { ack: 2, data: 1460 }).inject('P.', { ack: 2, data: 1460 })
    s.expect('.', { seq: 2, ack: 2921 })
    expect(s.read()).toBe(2920)
    s.inject('F.', { ack: 2 })
    s.expect('.', { seq: 2, ack: 2922 })
    expect(s.connection.peerClosed).toBe(true)
  })
})

describe('passive close (RFC 9293 3.6, figure 12)', () => {
  rule(9293, '3.6 figure 12', 'passive close: CLOSE-WAIT, what it still has, LAST-ACK, CLOSED', () => {
    const s = Script.connected()
    s.inject('F.')
    expect(s.connection.state).toBe('CLOSE-WAIT')
    expect(s.events()).toEqual(['peer_closed'])
    expect(s.untilSent()).toBe(40_000)
    s.expect('.', { ack: 2 })
    s.write(100)
    s.expect('.', { seq: 1, length: 100 })
    shutdown(s)
    expect(s.connection.state).toBe('CLOSE-WAIT')
    s.expect('F.', { seq: 101 })
    expect(s.connection.state).toBe('LAST-ACK')
    s.inject('.', { ack: 102 })
    expect(s.events()).toEqual(['closed'])
    expect(s.stack.connectionCount).toBe(0)
  })

  it('needs three segments when the application closes within the time of the delayed ACK', () => {
    const s = Script.connected()
    s.inject('F.')
    s.elapse(10_000)
    shutdown(s)
    s.expect('F.', { seq: 1, ack: 2 })
    s.inject('.', { ack: 2 })
    s.quiet()
    expect(s.connection.state).toBe('CLOSED')
  })
})

describe('simultaneous close (RFC 9293 3.6, figure 13)', () => {
  rule(9293, '3.6 figure 13', 'simultaneous close: FIN-WAIT-1, CLOSING, TIME-WAIT', () => {
    const s = Script.connected()
    shutdown(s)
    s.expect('F.', { seq: 1 })
    s.inject('F.', { ack: 1 })
    s.expect('.', { seq: 2, ack: 2 })
    expect(s.connection.state).toBe('CLOSING')
    s.inject('.', { seq: 2, ack: 2 })
    expect(s.connection.state).toBe('TIME-WAIT')
  })
})

describe('TIME-WAIT (RFC 9293 3.10.7.4 eighth, 3.6.1)', () => {
  const waiting = (settings = {}, options = {}) => {
    const s = Script.connected({ msl: 30_000_000, ...settings }, options)
    shutdown(s)
    s.expect('F.')
    s.inject('F.', { ack: 2 })
    s.expect('.', { seq: 2, ack: 2 })
    s.events()
    return s
  }

  it('lasts no time with msl 0, but the last ACK goes out', () => {
    const s = Script.connected({ msl: 0 })
    shutdown(s)
    s.expect('F.').quiet()
    // The peer's FIN comes at the very moment at which our timer would have run out, and timers are asked first.
    s.now = micros(s.now + 1e6)
    s.inject('F.', { ack: 2 })
    s.stack.handleTimeout(s.now)
    expect(s.connection.state).toBe('CLOSED')
    s.expect('.', { seq: 2, ack: 2 })
    s.elapse(1)
    expect(s.stack.connectionCount).toBe(0)
    // The FIN again: there is nobody any more.
    s.inject('F.', { seq: 1, ack: 2 })
    s.expect('R', { seq: 2 })
  })

  rule(
    9293,
    '3.6.1 MAY-2',
    'TIME-WAIT gives way to a SYN beyond its sequence numbers, if the port is listened on',
    () => {
      const s = waiting()
      s.listen()
      s.inject('S', { seq: 10_000, options: { mss: 1460 } })
      expect(
        s.trace
          .of('tcp:state_changed')
          .slice(-2)
          .map((e) => e.to),
      ).toEqual(['CLOSED', 'SYN-RECEIVED'])
      s.expect('S.', { ack: 10_001 })
    },
  )

  rule(9293, '3.6.1 MAY-2', 'TIME-WAIT does not give way to an old SYN', () => {
    const s = waiting()
    s.listen()
    s.inject('S', { seq: -10_000 })
    s.expect('.', { seq: 2, ack: 2 })
    expect(s.connection.state).toBe('TIME-WAIT')
  })

  rule(9293, '3.6.1 MAY-2 (1)', 'its successor begins beyond all that the old connection has sent', () => {
    const sent: number[] = []
    const pipe = new TcpPipe({
      seed: 1,
      delay: 1_000,
      // Faster than the clock of initial numbers (RFC 6528 3), which makes 250,000 a second.
      server: { congestion: 'none', timestamps: false },
      drop: (from, _, { segment }) => from === 'server' && sent.push(segment.sequence) < 0,
    })
    pipe.listen()
    pipe.server.application = ({ type, connection }, now) => {
      if (type !== 'accepted') return
      connection.write(now, new Uint8Array(1_000_000))
      connection.shutdown(now)
    }
    pipe.client.application = ({ type, connection }, now) => {
      while (connection.read(now) !== undefined) continue
      if (type === 'peer_closed') connection.shutdown(now)
    }
    pipe.connect(40_000)
    pipe.run(1e6)
    const last = sent.at(-1)!
    expect((last - sent[0]) >>> 0).toBe(1_000_002)
    pipe.connect(40_000)
    pipe.run(1.1e6)
    const next = sent[sent.indexOf(last) + 1]
    expect((next - last) >>> 0).toBe(1)
  })

  rule.not(
    9293,
    '3.6.1 MAY-2 (2)',
    'back to TIME-WAIT when the SYN turns out to be an old duplicate',
    'its timestamp or number says that it is none (RFC 6191)',
  )

  rule(6191, '2', 'TIME-WAIT gives way to a SYN with a newer timestamp, whatever its number', () => {
    const s = new Script({ timestamps: true })
    s.connect()
    s.expect('S')
    s.inject('S.', { ts: [1_000, 0] })
    s.expect('.')
    shutdown(s)
    s.expect('F.')
    s.inject('F.', { ack: 2, ts: [1_001, 0] })
    s.expect('.')
    s.listen()
    s.inject('S', { seq: -10_000, ts: [1_000, 0] })
    expect(s.connection.state).toBe('TIME-WAIT')
    s.expect('.')
    s.inject('S', { seq: -10_000, ts: [1_002, 0] })
    s.expect('S.')
    expect(s.connection.state).toBe('CLOSED')
  })

  rule(
    6191,
    '2',
    'TIME-WAIT gives way to a SYN with the same timestamp only beyond its sequence numbers',
    () => {
      const s = new Script({ timestamps: true })
      s.connect()
      s.expect('S')
      s.inject('S.', { ts: [1_000, 0] })
      s.expect('.')
      shutdown(s)
      s.expect('F.')
      s.inject('F.', { ack: 2, ts: [1_001, 0] })
      s.expect('.')
      s.listen()
      s.inject('S', { seq: 10_000, ts: [1_001, 0] })
      s.expect('S.', { ack: 10_001 })
    },
  )
})

describe('the user timeout (RFC 9293 3.8.3, RFC 5482) and retries', () => {
  rule(
    9293,
    '3.10.8 user timeout',
    'the connection is given up when data were not acknowledged for so long',
    () => {
      const s = Script.connected({ userTimeout: 10_000_000, minRto: 1_000_000 })
      s.write(100)
      s.expect('.', { length: 100, cause: '' })
      for (const wait of [1e6, 2e6, 4e6]) {
        expect(s.untilSent()).toBe(wait)
        s.expect('.', { cause: 'rto' })
      }
      expect(s.untilSent()).toBe(3e6)
      s.expect('R')
      expect(s.events()).toEqual(['closed: timed_out'])
    },
  )

  rule(9293, '3.8.3', 'R2: the connection is given up after so many retransmissions', () => {
    const s = Script.connected({ dataRetries: 2 })
    s.write(100)
    s.expect('.', { length: 100 })
    for (let i = 0; i < 2; i++) {
      s.untilSent()
      s.expect('.', { cause: 'rto' })
    }
    expect(s.untilSent()).toBe(4e6)
    s.expect('R')
    expect(s.connection.error).toBe('timed_out')
  })
})

describe('keep-alive (RFC 9293 3.8.4)', () => {
  const settings = { keepAliveIdle: 10_000_000, keepAliveInterval: 2_000_000, keepAliveCount: 3 }

  rule(9293, '3.8.4', 'an idle peer is probed with an old sequence number; an ACK is enough', () => {
    const s = Script.connected(settings)
    expect(s.untilSent()).toBe(10e6)
    s.expect('.', { seq: 0, length: 0, cause: 'keep_alive' })
    s.inject('.', { ack: 1 })
    expect(s.untilSent()).toBe(10e6)
    s.expect('.', { seq: 0 })
  })

  rule(
    9293,
    '3.8.4',
    'a dead peer is given up after idle + n x interval, not for one probe without answer',
    () => {
      const s = Script.connected(settings)
      expect(s.untilSent()).toBe(10e6)
      s.expect('.', { seq: 0 })
      for (let i = 0; i < 2; i++) {
        expect(s.untilSent()).toBe(2e6)
        s.expect('.', { seq: 0, cause: 'keep_alive' })
      }
      expect(s.untilSent()).toBe(2e6)
      s.expect('R')
      expect(s.events()).toEqual(['closed: timed_out'])
    },
  )

  rule(9293, '3.8.4', 'while data are outstanding, their own timer finds out', () => {
    const s = Script.connected({ keepAliveIdle: 500_000 })
    s.write(10)
    s.expect('.', { length: 10 })
    expect(s.untilSent()).toBe(1e6)
    s.expect('.', { cause: 'rto' })
  })

  rule(9293, '3.8.4', 'a peer that was started anew answers the probe with a RST', () => {
    const s = Script.connected(settings)
    s.untilSent()
    s.expect('.', { seq: 0 })
    s.inject('R', { seq: 1 })
    expect(s.events()).toEqual(['closed: reset'])
  })

  rule(9293, '3.8.4 MUST-25', 'it is off unless it was asked for', () => {
    Script.connected()
      .elapse(7 * 86_400e6)
      .quiet()
  })

  rule(9293, '3.8.4', 'the probes of a peer are answered', () => {
    const s = Script.connected()
    for (let i = 0; i < 3; i++) {
      s.inject('.', { seq: 0 })
      s.expect('.', { seq: 1, ack: 1 })
    }
  })
})
