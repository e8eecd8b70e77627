/** What the user asks of a connection (RFC 9293 3.10.1 to 3.10.6), by state, and what the timers do (3.10.8). */
import { describe, expect } from 'vitest'
import { rule } from '../../../support/rule.ts'
import { Script } from '../../../support/tcp-script.ts'
import { AFTER_FIN, scriptIn, scriptInPassiveSynReceived, SYNCHRONIZED } from '../../../support/tcp-states.ts'

const opening = () => {
  const s = new Script()
  s.connect()
  return s.expect('S')
}

describe('OPEN (3.10.1)', () => {
  rule(9293, '3.10.1 CLOSED', 'an active OPEN sends a SYN and enters SYN-SENT', () => {
    const s = opening()
    expect(s.states).toEqual(['SYN-SENT'])
  })

  rule(9293, '3.10.1 CLOSED', 'a passive OPEN sends nothing and waits in LISTEN', () => {
    const s = new Script()
    s.listen()
    s.quiet()
    s.inject('S').expect('S.')
  })

  rule(9293, '3.10.1', 'in any other state: the connection exists already', () => {
    for (const state of SYNCHRONIZED)
      expect(() => scriptIn(state).connect()).toThrow(/connected to this end already/)
    expect(() => opening().connect()).toThrow(/connected to this end already/)
  })

  rule.not(
    9293,
    '3.10.1 LISTEN',
    'an active OPEN turns LISTEN into SYN-SENT',
    'a listener serves many connections here, as sockets do',
  )
})

describe('SEND (3.10.2)', () => {
  rule(9293, '3.10.2 CLOSED', 'error: the connection does not exist', () => {
    const s = opening()
    s.connection.abort(s.now)
    expect(s.write(10)).toBe(0)
    s.quiet()
  })

  rule(9293, '3.10.2 SYN-SENT, SYN-RECEIVED', 'data are queued until ESTABLISHED', () => {
    for (const s of [opening(), scriptIn('SYN-RECEIVED')]) {
      expect(s.write(10)).toBe(10)
      s.quiet()
    }
    const s = scriptIn('SYN-RECEIVED')
    s.write(10)
    s.inject('.', { ack: 1 }).expect('.', { seq: 1, length: 10 })
  })

  rule(9293, '3.10.2 ESTABLISHED, CLOSE-WAIT', 'data are sent with an acknowledgment', () => {
    for (const state of ['ESTABLISHED', 'CLOSE-WAIT'] as const) {
      const s = scriptIn(state)
      s.write(10)
      s.expect('.', { seq: 1, ack: s.peerNext, length: 10 })
    }
  })

  rule(9293, '3.10.2 FIN-WAIT-1 to TIME-WAIT', 'error: closing, nothing is taken', () => {
    for (const state of ['FIN-WAIT-1', 'FIN-WAIT-2', 'CLOSING', 'LAST-ACK', 'TIME-WAIT'] as const) {
      const s = scriptIn(state)
      expect(s.write(10), state).toBe(0)
      s.quiet()
    }
  })
})

describe('RECEIVE (3.10.3)', () => {
  rule(
    9293,
    '3.10.3 ESTABLISHED, FIN-WAIT-1, FIN-WAIT-2',
    'what arrived in order is given, and what was not read stays',
    () => {
      for (const state of ['ESTABLISHED', 'FIN-WAIT-1', 'FIN-WAIT-2'] as const) {
        const s = scriptIn(state)
        s.inject('.', { data: 100 }).inject('.', { seq: 201, data: 100 }).skip()
        expect(s.connection.read(s.now, 60)).toHaveLength(60)
        expect(s.read()).toBe(40)
        expect(s.connection.read(s.now)).toBeUndefined()
      }
    },
  )

  rule(
    9293,
    '3.10.3 CLOSE-WAIT',
    'what was not read before the FIN is still given, then there is no more',
    () => {
      const s = Script.connected()
      s.inject('F.', { data: 100 })
      expect(s.connection.peerClosed).toBe(false)
      expect(s.read()).toBe(100)
      expect(s.connection.peerClosed).toBe(true)
    },
  )

  rule(9293, '3.10.3 CLOSED', 'nothing is given', () => {
    const s = scriptIn('TIME-WAIT', { msl: 1e6 })
    s.elapse(2e6)
    expect(s.connection.state).toBe('CLOSED')
    expect(s.connection.read(s.now)).toBeUndefined()
  })
})

describe('CLOSE (3.10.4)', () => {
  const close = (s: Script) => s.connection.shutdown(s.now)

  rule(9293, '3.10.4 LISTEN', 'the listener is gone; who is half-open or waits in it is reset', () => {
    const s = scriptInPassiveSynReceived()
    s.inject('.', { ack: 1 })
    s.listener.close(s.now)
    s.expect('R', { seq: 1 })
    s.inject('S', { seq: 500, sourcePort: 1_234 }).expect('R.')
  })

  rule.not(
    9293,
    '3.10.4 SYN-SENT',
    'the connection is deleted',
    'what was written shall still go; abort() deletes it (MAY-1 leaves half-closing to the implementation)',
  )

  rule(
    9293,
    '3.10.4 SYN-RECEIVED',
    'the FIN waits until the connection is established and data are sent',
    () => {
      const s = scriptIn('SYN-RECEIVED')
      s.write(10)
      close(s)
      s.quiet()
      s.inject('.', { ack: 1 }).expect('F.', { seq: 1, length: 10 })
      expect(s.connection.state).toBe('FIN-WAIT-1')
    },
  )

  rule(9293, '3.10.4 ESTABLISHED', 'the FIN follows what is queued: FIN-WAIT-1', () => {
    const s = Script.connected()
    s.write(2_000)
    close(s)
    expect(s.connection.state).toBe('FIN-WAIT-1')
    s.expect('.', { seq: 1, length: 1460 }).expect('F.', { seq: 1461, length: 540 })
  })

  rule(9293, '3.10.4 CLOSE-WAIT', 'the FIN follows what is queued: LAST-ACK', () => {
    const s = scriptIn('CLOSE-WAIT')
    s.write(100)
    close(s)
    s.expect('F.', { seq: 1, length: 100, ack: 2 })
    expect(s.connection.state).toBe('LAST-ACK')
  })

  rule(9293, '3.10.4 FIN-WAIT-1 to TIME-WAIT', 'a second CLOSE does nothing', () => {
    for (const state of ['FIN-WAIT-1', 'FIN-WAIT-2', 'CLOSING', 'LAST-ACK', 'TIME-WAIT'] as const) {
      const s = scriptIn(state)
      close(s)
      s.quiet()
      expect(s.connection.state).toBe(state)
    }
  })
})

describe('ABORT (3.10.5)', () => {
  rule(9293, '3.10.5 SYN-SENT', 'the connection is deleted, the peer knows of nothing', () => {
    const s = opening()
    s.connection.abort(s.now)
    s.quiet()
    expect(s.stack.connectionCount).toBe(0)
  })

  rule(9293, '3.10.5 SYN-RECEIVED to CLOSE-WAIT', 'a RST goes out, all queues are flushed', () => {
    for (const state of ['SYN-RECEIVED', 'ESTABLISHED', 'FIN-WAIT-1', 'FIN-WAIT-2', 'CLOSE-WAIT'] as const) {
      const s = scriptIn(state)
      s.write(100)
      s.skip()
      s.connection.abort(s.now)
      s.expect('R').quiet()
      expect(s.events(), state).toEqual(['closed: aborted'])
      expect(s.stack.connectionCount).toBe(0)
    }
  })

  rule(9293, '3.10.5 CLOSING, LAST-ACK, TIME-WAIT', 'the connection is deleted without a word', () => {
    for (const state of ['CLOSING', 'LAST-ACK', 'TIME-WAIT'] as const) {
      const s = scriptIn(state)
      s.connection.abort(s.now)
      s.quiet()
      expect(s.stack.connectionCount).toBe(0)
    }
  })
})

describe('STATUS (3.10.6)', () => {
  rule(9293, '3.10.6', 'the state is told in every state', () => {
    for (const state of [...SYNCHRONIZED, ...AFTER_FIN]) expect(scriptIn(state).connection.state).toBe(state)
    expect(opening().connection.state).toBe('SYN-SENT')
  })
})

describe('USER TIMEOUT (3.10.8)', () => {
  const patience = { userTimeout: 5e6 }

  rule(9293, '3.10.8 user timeout', 'in SYN-SENT: closed, nothing to tell the peer', () => {
    const s = new Script(patience)
    s.connect()
    s.expect('S')
    for (const wait of [1e6, 2e6]) {
      expect(s.untilSent()).toBe(wait)
      s.expect('S')
    }
    s.elapse(2e6).quiet()
    expect(s.events()).toEqual(['closed: timed_out'])
  })

  rule(9293, '3.10.8 user timeout', 'in SYN-RECEIVED: the half-open connection is gone', () => {
    const s = scriptInPassiveSynReceived(patience)
    s.untilSent()
    s.expect('S.')
    s.untilSent()
    s.expect('S.')
    s.elapse(2e6)
    expect(s.stack.connectionCount).toBe(0)
  })

  rule(9293, '3.10.8 user timeout', 'progress begins the patience anew', () => {
    const s = Script.connected({ ...patience, minRto: 4e6, nagle: false })
    s.write(2_000)
    s.skip()
    s.ourNext = 2_001
    s.elapse(3e6)
    s.inject('.', { ack: 1461 })
    expect(s.untilSent()).toBe(4e6)
    s.expect('.', { seq: 1461 })
    expect(s.untilSent()).toBe(1e6)
    s.expect('R')
    expect(s.events()).toEqual(['closed: timed_out'])
  })

  rule(9293, '3.8.6.1', 'a peer that keeps its window closed but answers probes is waited for', () => {
    const s = Script.connected(patience)
    s.inject('.', { window: 0 })
    s.write(10)
    for (let i = 0; i < 8; i++) {
      s.untilSent()
      s.expect('.', { length: 1, cause: 'window_probe' })
      s.inject('.', { ack: 1, window: 0 })
    }
    expect(s.connection.state).toBe('ESTABLISHED')
  })

  rule(9293, '3.10.8 user timeout', 'a peer that answers no window probe is given up', () => {
    const s = Script.connected(patience)
    s.inject('.', { window: 0 })
    s.write(10)
    const start = s.now
    for (let out = s.untilSent(); out !== Infinity; out = s.untilSent()) {
      s.expect(s.connection.state === 'CLOSED' ? 'R' : '.')
    }
    expect(s.events()).toEqual(['closed: timed_out'])
    expect(s.now - start).toBe(5e6)
  })

  rule.not(5482, '3', 'the user timeout option tells the peer', 'the timeout is a setting of each end here')
})

describe('RETRANSMISSION and TIME-WAIT TIMEOUT (3.10.8)', () => {
  rule(
    9293,
    '3.10.8 retransmission timeout',
    'the first segment of the queue goes again, the timer starts anew',
    () => {
      const s = Script.connected()
      s.write(100)
      s.expect('.', { seq: 1, length: 100 })
      expect(s.untilSent()).toBe(1e6)
      s.expect('.', { seq: 1, length: 100, cause: 'rto' })
      expect(s.untilSent()).toBe(2e6)
    },
  )

  rule(9293, '3.10.8 time-wait timeout', 'the connection is deleted: CLOSED', () => {
    const s = scriptIn('TIME-WAIT', { msl: 10e6 })
    s.elapse(20e6 - 1)
    expect(s.connection.state).toBe('TIME-WAIT')
    s.elapse(1)
    expect(s.events()).toEqual(['closed'])
    expect(s.stack.connectionCount).toBe(0)
  })

  rule.not(
    9293,
    '3.8.3 MUST-23',
    'a SYN goes again for three minutes at least',
    'synRetries is 6 by default, two minutes, as on Linux; it is a setting',
  )
})
