/** SEGMENT ARRIVES: a packet script for every numbered step of RFC 9293 3.10.7, with RFC 5961 where it takes a step's place. */
import { describe, expect } from 'vitest'
import { rule } from '../../../support/rule.ts'
import { Script } from '../../../support/tcp-script.ts'
import { scriptIn, scriptInPassiveSynReceived, SYNCHRONIZED } from '../../../support/tcp-states.ts'

describe('CLOSED (3.10.7.1)', () => {
  rule(9293, '3.10.7.1', 'a segment without ACK is answered by RST,ACK that acknowledges all of it', () => {
    const s = new Script()
    s.inject('S', { seq: 0, data: 3 }).expect('R.', { ack: 4 })
    expect(s.last.segment.sequence).toBe(0)
    s.inject('F', { seq: 10, data: 3 }).expect('R.', { ack: 14 })
    expect(s.refused).toBe('RFC 9293 3.10.7.1: no connection -> rst')
  })

  rule(9293, '3.10.7.1', 'a segment with ACK is answered by a RST at that ACK', () => {
    const s = new Script()
    s.inject('P.', { seq: 9, ack: 70, data: 3 }).expect('R', { seq: 70, ack: 0 })
    s.inject('S.', { seq: 9, ack: 71 }).expect('R', { seq: 71 })
  })

  rule(9293, '3.10.7.1', 'a RST is never answered', () => {
    const s = new Script()
    s.inject('R', { seq: 9 }).inject('R.', { seq: 9 }).quiet()
    expect(s.refused).toBe('RFC 9293 3.10.7.1: no connection -> none')
  })
})

describe('LISTEN (3.10.7.2)', () => {
  const listening = () => {
    const s = new Script()
    s.listen()
    return s
  }

  rule(9293, '3.10.7.2 first', 'a RST is ignored, with whatever else', () => {
    const s = listening()
    for (const flags of ['R', 'R.', 'RS', 'RS.']) s.inject(flags, { seq: 50 }).quiet()
    expect(s.refused).toBe('RFC 9293 3.10.7.2 first: RST in LISTEN -> none')
  })

  rule(9293, '3.10.7.2 second', 'an ACK is answered by a RST at that ACK', () => {
    const s = listening()
    for (const flags of ['.', 'S.', 'F.']) s.inject(flags, { seq: 50, ack: 33 }).expect('R', { seq: 33 })
    expect(s.refused).toBe('RFC 9293 3.10.7.2 second: ACK in LISTEN -> rst')
  })

  rule(9293, '3.10.7.2 third', 'a SYN is answered by SYN,ACK, and the connection is in SYN-RECEIVED', () => {
    const s = listening()
    s.inject('S', { options: { mss: 1000 } }).expect('S.', { seq: 0, ack: 1 })
    expect(s.states).toEqual(['SYN-RECEIVED'])
    expect(s.stack.connectionCount).toBe(1)
  })

  rule.not(
    9293,
    '3.10.7.2 third',
    'security and compartment of a SYN',
    'IP security options are obsolete (RFC 6814)',
  )

  rule.not(
    9293,
    '3.10.7.2 third',
    'text in a SYN is queued',
    'the peer sends it again, and a stranger shall cost no memory',
  )

  rule(9293, '3.10.7.2 third', 'text in a SYN is not acknowledged, so that the peer sends it again', () => {
    const s = listening()
    s.inject('S', { data: 10 }).expect('S.', { ack: 1 })
    s.peerNext = 1
    s.inject('P.', { ack: 1, data: 10 })
    expect(s.events()).toEqual(['accepted', 'readable'])
    expect(s.read()).toBe(10)
  })

  rule(9293, '3.10.7.2 fourth', 'anything else is dropped without an answer', () => {
    const s = listening()
    for (const flags of ['', 'F', 'P', 'U']) s.inject(flags, { seq: 50, data: 5 }).quiet()
    expect(s.refused).toBe('RFC 9293 3.10.7.2 fourth: not a SYN -> none')
  })
})

describe('SYN-SENT (3.10.7.3)', () => {
  const opening = () => {
    const s = new Script()
    s.connect()
    return s.expect('S')
  }

  rule(9293, '3.10.7.3 first', 'an ACK of what was not sent is answered by a RST at that ACK', () => {
    const s = opening()
    for (const ack of [0, 2, 300]) s.inject('S.', { seq: 77, ack }).expect('R', { seq: ack })
    expect(s.refused).toBe('RFC 9293 3.10.7.3 first: ACK of a SYN that was not sent -> rst')
    expect(s.connection.state).toBe('SYN-SENT')
    s.inject('S.').expect('.', { seq: 1, ack: 1 })
  })

  rule(9293, '3.10.7.3 first', 'a RST with such an ACK is dropped', () => {
    const s = opening()
    s.inject('R.', { seq: 0, ack: 7 }).quiet()
    expect(s.refused).toBe('RFC 9293 3.10.7.3 first: RST with a wrong ACK -> none')
    expect(s.connection.state).toBe('SYN-SENT')
  })

  rule(9293, '3.10.7.3 second', 'a RST with an acceptable ACK ends the connection', () => {
    const s = opening()
    s.inject('R.', { seq: 0, ack: 1 }).quiet()
    expect(s.events()).toEqual(['closed: refused'])
    expect(s.stack.connectionCount).toBe(0)
  })

  rule(9293, '3.10.7.3 second', 'a RST without ACK is dropped', () => {
    const s = opening()
    s.inject('R', { seq: 0 }).quiet()
    expect(s.refused).toBe('RFC 9293 3.10.7.3 second: RST without ACK -> none')
    expect(s.connection.state).toBe('SYN-SENT')
  })

  rule.not(9293, '3.10.7.3 third', 'security and compartment', 'IP security options are obsolete (RFC 6814)')

  rule(9293, '3.10.7.3 fourth', 'SYN with an acceptable ACK: ESTABLISHED, and an ACK', () => {
    const s = opening()
    s.inject('S.', { ack: 1 }).expect('.', { seq: 1, ack: 1 })
    expect(s.states).toEqual(['SYN-SENT', 'ESTABLISHED'])
    expect(s.events()).toEqual(['connected'])
  })

  rule(9293, '3.10.7.3 fourth', 'data that wait are sent with, or right after, that ACK', () => {
    const s = opening()
    s.write(10)
    s.inject('S.', { ack: 1 }).expect('.', { seq: 1, ack: 1, length: 10 }).quiet()
  })

  rule(
    9293,
    '3.10.7.3 fourth',
    'SYN without ACK: SYN-RECEIVED, and SYN,ACK with the same initial number',
    () => {
      const s = opening()
      s.inject('S', { options: { mss: 1460 } }).expect('S.', { seq: 0, ack: 1 })
      expect(s.states).toEqual(['SYN-SENT', 'SYN-RECEIVED'])
      s.inject('.', { ack: 1 })
      expect(s.events()).toEqual(['connected'])
    },
  )

  rule.not(
    9293,
    '3.10.7.3 fourth',
    'text and FIN of a SYN,ACK are processed',
    'they are not acknowledged, so that the peer sends them again',
  )

  rule(9293, '3.10.7.3 fifth', 'a segment with neither SYN nor RST is dropped', () => {
    const s = opening()
    for (const flags of ['.', 'F.', '', 'F']) s.inject(flags, { seq: 1, ack: 1, data: 5 }).quiet()
    expect(s.refused).toBe('RFC 9293 3.10.7.3 fifth: neither SYN nor RST -> none')
    expect(s.connection.state).toBe('SYN-SENT')
  })
})

describe('other states, first: the sequence number (3.10.7.4)', () => {
  const BUFFER = 10_000
  const connected = () => Script.connected({ receiveBuffer: BUFFER, sack: false })
  const filled = () => {
    const s = connected()
    for (let i = 0; i < BUFFER; i += 1_000) s.inject('.', { data: 1_000 })
    s.skip()
    expect(s.connection.metrics().receive_window).toBe(0)
    return s
  }

  rule(9293, '3.10.7.4 first', 'no text, window closed: RCV.NXT only', () => {
    const s = filled()
    s.write(10)
    s.expect('.', { length: 10 })
    s.inject('.', { ack: 11 }).quiet()
    expect(s.connection.unacknowledged).toBe(0)
    s.inject('.', { seq: s.peerNext + 1 }).expect('.', { ack: BUFFER + 1 })
    expect(s.refused).toBe('RFC 9293 3.10.7.4 first: out of window -> ack')
  })

  rule(9293, '3.10.7.4 first', 'no text, window open: from RCV.NXT on within the window', () => {
    const s = connected()
    s.write(10)
    s.expect('.', { length: 10 })
    s.inject('.', { seq: BUFFER, ack: 11 }).quiet()
    expect(s.connection.unacknowledged).toBe(0)
    s.inject('.', { seq: BUFFER + 2 }).expect('.', { ack: 1 })
    expect(s.refused).toBe('RFC 9293 3.10.7.4 first: out of window -> ack')
  })

  rule(9293, '3.10.7.4 first', 'text, window closed: not acceptable, but its ACK counts', () => {
    const s = filled()
    s.write(10)
    s.expect('.', { length: 10 })
    s.inject('.', { ack: 11, data: 1 }).expect('.', { ack: BUFFER + 1, window: 0 })
    expect(s.refused).toBe('RFC 9293 3.10.7.4 first: text for a closed window -> ack')
    expect([s.connection.readable, s.connection.unacknowledged]).toEqual([BUFFER, 0])
  })

  rule(9293, '3.10.7.4 first', 'a closed window lets a valid RST pass', () => {
    const s = filled()
    s.events()
    s.inject('R', { seq: BUFFER + 1 })
    expect(s.events()).toEqual(['closed: reset'])
  })

  rule(9293, '3.10.7.4 first', 'text, window open: its first or its last byte in the window', () => {
    const s = connected()
    s.inject('.', { data: 100 }).inject('.', { seq: 51, data: 100 })
    expect(s.connection.readable).toBe(150)
    s.inject('.', { seq: BUFFER, data: 100 }).skip()
    expect(s.connection.metrics().out_of_order).toBe(1)
  })

  rule(9293, '3.10.7.4 first', 'an unacceptable segment is answered by an ACK and dropped', () => {
    const s = connected()
    s.inject('.', { data: 100 }).inject('.', { data: 100 }).expect('.', { ack: 201 })
    s.inject('.', { seq: 1, data: 100 }).expect('.', { seq: 1, ack: 201 })
    expect(s.refused).toBe('RFC 9293 3.10.7.4 first: duplicate -> ack')
    s.inject('.', { seq: BUFFER + 1, data: 100 }).expect('.', { ack: 201 })
    expect(s.refused).toBe('RFC 9293 3.10.7.4 first: out of window -> ack')
    expect(s.connection.readable).toBe(200)
  })

  rule(9293, '3.10.7.4 first', 'in every state: a duplicate is answered, and nothing else happens', () => {
    for (const state of SYNCHRONIZED) {
      const s = scriptIn(state)
      s.inject('.', { seq: -99, data: 100 }).expect('.', { seq: s.ourNext, ack: s.peerNext }).quiet()
      expect(s.connection.state, state).toBe(state)
    }
  })

  rule(9293, '3.10.7.4 first', 'an unacceptable RST is dropped without an answer', () => {
    for (const state of SYNCHRONIZED) {
      const s = scriptIn(state)
      s.inject('R', { seq: -1 }).inject('R', { seq: 9_000_000 }).quiet()
      expect(s.connection.state).toBe(state)
      expect(s.refused).toBe('RFC 9293 3.10.7.4 first: out of window -> none')
    }
  })

  rule(9293, '3.10.7.4 first', 'of a segment that straddles the window only the new part counts', () => {
    const s = connected()
    s.inject('.', { seq: 1, data: 100 })
    s.inject('.', { seq: 51, data: new Uint8Array(100).fill(7) })
    s.connection.read(s.now, 100)
    expect(s.connection.read(s.now)).toEqual(new Uint8Array(50).fill(7))
  })

  rule(9293, '3.10.7.4 first', 'segments beyond RCV.NXT are held (SHLD-31)', () => {
    const s = connected()
    s.inject('.', { seq: 101, data: 100 }).expect('.', { ack: 1 })
    s.inject('.', { seq: 1, data: 100 }).expect('.', { ack: 201 })
    expect(s.connection.readable).toBe(200)
  })
})

describe('other states, second: RST (3.10.7.4, RFC 5961 3.2)', () => {
  rule(5961, '3.2 (1)', 'a RST outside of the window is dropped silently', () => {
    const s = Script.connected()
    s.inject('R', { seq: -1 }).quiet()
    s.inject('R', { seq: 7_000_000 }).quiet()
    expect(s.connection.state).toBe('ESTABLISHED')
  })

  rule(5961, '3.2 (2)', 'a RST with exactly RCV.NXT resets', () => {
    const s = Script.connected()
    s.inject('.', { data: 10 }).inject('R', { seq: 11 })
    expect(s.events()).toEqual(['readable', 'closed: reset'])
  })

  rule(5961, '3.2 (3)', 'a RST elsewhere in the window is challenged, in every state', () => {
    for (const state of SYNCHRONIZED) {
      const s = scriptIn(state)
      const next = { seq: s.ourNext, ack: s.peerNext }
      s.inject('R', { seq: next.ack + 1 }).expect('.', next)
      expect(s.refused).toBe('RFC 5961 3.2: RST in the window, not at its edge -> challenge_ack')
      expect(s.connection.state).toBe(state)
    }
  })

  rule(
    9293,
    '3.10.7.4 second',
    'SYN-RECEIVED out of LISTEN: back to LISTEN, and the user need not know',
    () => {
      const s = scriptInPassiveSynReceived()
      s.inject('R', { seq: 1 }).quiet()
      expect(s.stack.connectionCount).toBe(0)
      expect(s.events()).toEqual([])
      s.inject('S', { options: { mss: 1460 } }).expect('S.')
    },
  )

  rule(9293, '3.10.7.4 second', 'SYN-RECEIVED out of SYN-SENT: refused', () => {
    const s = scriptIn('SYN-RECEIVED')
    s.inject('R', { seq: 1 }).quiet()
    expect(s.events()).toEqual(['closed: refused'])
  })

  rule(
    9293,
    '3.10.7.4 second',
    'ESTABLISHED, FIN-WAIT-1, FIN-WAIT-2, CLOSE-WAIT: the user hears of a reset',
    () => {
      for (const state of ['ESTABLISHED', 'FIN-WAIT-1', 'FIN-WAIT-2', 'CLOSE-WAIT'] as const) {
        const s = scriptIn(state)
        s.inject('R', { seq: s.peerNext }).quiet()
        expect(s.events(), state).toEqual(['closed: reset'])
        expect(s.stack.connectionCount).toBe(0)
      }
    },
  )

  rule(9293, '3.10.7.4 second', 'CLOSING, LAST-ACK, TIME-WAIT: CLOSED, and no more', () => {
    for (const state of ['CLOSING', 'LAST-ACK', 'TIME-WAIT'] as const) {
      const s = scriptIn(state)
      s.inject('R', { seq: s.peerNext }).quiet()
      expect(s.events(), state).toEqual(['closed'])
      expect(s.stack.connectionCount).toBe(0)
    }
  })

  rule.not(
    1337,
    '3 (F1)',
    'a RST in TIME-WAIT is ignored',
    'RFC 9293 3.10.7.4 has it close, and RFC 5961 lets the exact number pass only',
  )
})

rule.not(9293, '3.10.7.4 third', 'security and compartment', 'IP security options are obsolete (RFC 6814)')

describe('other states, fourth: SYN (3.10.7.4, RFC 5961 4.2)', () => {
  rule(9293, '3.10.7.4 fourth', 'SYN-RECEIVED out of LISTEN: back to LISTEN', () => {
    const s = scriptInPassiveSynReceived()
    s.inject('S', { seq: 500 }).quiet()
    expect(s.stack.connectionCount).toBe(0)
    expect(s.refused).toBe('RFC 9293 3.10.7.4 fourth: SYN in the window, back to LISTEN -> none')
    s.inject('S', { seq: 500 }).expect('S.', { ack: 501 })
  })

  rule(9293, '3.10.7.4 fourth', 'SYN-RECEIVED out of SYN-SENT: as in a synchronized state', () => {
    const s = scriptIn('SYN-RECEIVED')
    s.inject('S', { seq: 500 }).expect('.', { seq: 1, ack: 1 })
    expect(s.connection.state).toBe('SYN-RECEIVED')
  })

  rule(5961, '4.2', 'a SYN is challenged in every synchronized state, whatever its number', () => {
    for (const state of SYNCHRONIZED) {
      for (const seq of [0, -70_000, 500, 9_000_000]) {
        const s = scriptIn(state)
        const next = { seq: s.ourNext, ack: s.peerNext }
        s.inject('S', { seq }).expect('.', next).quiet()
        expect(s.refused).toBe('RFC 5961 4.2: SYN in a synchronized state -> challenge_ack')
        expect(s.connection.state).toBe(state)
      }
    }
  })

  rule(5961, '4.2', 'a peer that has forgotten us answers the challenge with a RST, which resets', () => {
    const s = Script.connected()
    s.inject('S', { seq: 500 }).expect('.', { seq: 1, ack: 1 })
    s.inject('R', { seq: 1 })
    expect(s.events()).toEqual(['closed: reset'])
  })

  rule(5961, '4.2', 'it is challenged though it lacks the timestamps that were agreed on', () => {
    const s = Script.connected({ timestamps: true })
    s.inject('S', { seq: 500 }).expect('.', { seq: 1, ack: 1 })
  })

  rule.not(
    5961,
    '7',
    'challenges of all connections are limited together',
    'each connection has a limit of its own: from one that all share, strangers learn of connections of others (CVE-2016-5696)',
  )

  rule(5961, '7', 'challenges are limited to so many a second', () => {
    const s = Script.connected({ challengeAckLimit: 2 })
    const attacks = [
      () => s.inject('S', { seq: 500 }),
      () => s.inject('R', { seq: 2 }),
      () => s.inject('.', { ack: -70_000 }),
    ]
    for (const attack of attacks.slice(0, 2)) attack().expect('.')
    for (const attack of attacks) attack().quiet()
    expect(s.refused).toBe('RFC 5961 5.2: ACK too old -> none')
    s.elapse(1e6)
    for (const attack of attacks.slice(0, 2)) attack().expect('.')
  })
})
