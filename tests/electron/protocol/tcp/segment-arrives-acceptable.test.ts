/** SEGMENT ARRIVES, fifth to eighth: what an acceptable segment does in each state (RFC 9293 3.10.7.4, RFC 5961 5). */
import { describe, expect } from 'vitest'
import { rule } from '../../../support/rule.ts'
import { Script } from '../../../support/tcp-script.ts'
import { AFTER_FIN, scriptIn, scriptInPassiveSynReceived, SYNCHRONIZED } from '../../../support/tcp-states.ts'

describe('fifth: the ACK field', () => {
  rule(9293, '3.10.7.4 fifth', 'without ACK a segment is dropped', () => {
    for (const state of SYNCHRONIZED) {
      const s = scriptIn(state)
      s.inject('', { seq: s.peerNext, data: AFTER_FIN.includes(state) ? 0 : 10 }).quiet()
      expect(s.refused).toBe('RFC 9293 3.10.7.4 fifth: no ACK -> none')
      expect(s.connection.readable).toBe(0)
    }
  })

  rule(5961, '5.2', 'an ACK older than the largest window is discarded, and an ACK sent back', () => {
    const s = Script.connected()
    s.inject('.', { ack: 1 - 65_001, data: 10 }).expect('.', { seq: 1, ack: 1 })
    expect(s.refused).toBe('RFC 5961 5.2: ACK too old -> challenge_ack')
    expect(s.connection.readable).toBe(0)
  })

  rule(5961, '5.2', 'one that is not older than that does no harm: its text counts', () => {
    const s = Script.connected()
    s.inject('.', { ack: 1 - 65_000, data: 10 })
    expect(s.connection.readable).toBe(10)
  })

  rule(5961, '5.2', 'an ACK of what was not sent is discarded, and an ACK sent back', () => {
    for (const state of SYNCHRONIZED) {
      const s = scriptIn(state)
      s.inject('.', { seq: s.peerNext, ack: s.ourNext + 1 }).expect('.', { seq: s.ourNext, ack: s.peerNext })
      expect(s.refused).toBe('RFC 9293 3.10.7.4 fifth: ACK of what was not sent -> challenge_ack')
      expect(s.connection.state).toBe(state)
    }
  })

  rule(
    9293,
    '3.10.7.4 fifth',
    'SYN-RECEIVED: the ACK of our SYN makes ESTABLISHED, and its window counts',
    () => {
      const s = scriptInPassiveSynReceived()
      s.inject('.', { ack: 1, window: 5_000 }).quiet()
      expect(s.events()).toEqual(['accepted'])
      expect(s.connection.state).toBe('ESTABLISHED')
      expect(s.connection.metrics().send_window).toBe(5_000)
    },
  )

  rule(9293, '3.10.7.4 fifth', 'SYN-RECEIVED: any other ACK is answered by a RST at that ACK', () => {
    const s = scriptInPassiveSynReceived()
    for (const ack of [0, 2, 900]) s.inject('.', { seq: 1, ack }).expect('R', { seq: ack })
    expect(s.refused).toBe('RFC 9293 3.10.7.4 fifth: ACK of a SYN that was not sent -> rst')
    expect(s.stack.connectionCount).toBe(1)
  })

  rule(9293, '3.10.7.4 fifth', 'ESTABLISHED: SND.UNA advances, what is acknowledged is forgotten', () => {
    const s = Script.connected({ nagle: false })
    s.write(2_000)
    s.expect('.', { length: 1460 }).expect('.', { length: 540 })
    s.inject('.', { ack: 1461 })
    expect(s.connection.unacknowledged).toBe(540)
    expect(s.untilSent()).toBe(1e6)
    s.expect('.', { seq: 1461, length: 540, cause: 'rto' })
  })

  rule(9293, '3.10.7.4 fifth', 'ESTABLISHED: a duplicate ACK is ignored', () => {
    const s = Script.connected()
    s.inject('.', { ack: 1 }).inject('.', { ack: 1 }).quiet()
    expect(s.connection.state).toBe('ESTABLISHED')
  })

  rule(
    9293,
    '3.10.7.4 fifth',
    'ESTABLISHED: a newer segment updates the window, an older one does not',
    () => {
      const s = Script.connected()
      const window = () => {
        s.skip()
        return s.connection.metrics().send_window
      }
      s.inject('.', { data: 100, window: 7_000 })
      expect(window()).toBe(7_000)
      // SND.WL1: a segment of before, which comes late and overlaps.
      s.inject('.', { seq: 0, data: 200, window: 3_000 })
      expect(window()).toBe(7_000)
      // SND.WL2: the same sequence number, an ACK that is no older.
      s.inject('.', { window: 9_000 })
      expect(window()).toBe(9_000)
    },
  )

  rule(9293, '3.10.7.4 fifth', 'FIN-WAIT-1: the ACK of our FIN leads to FIN-WAIT-2', () => {
    const s = scriptIn('FIN-WAIT-1')
    s.inject('.', { ack: 1 })
    expect(s.connection.state).toBe('FIN-WAIT-1')
    s.inject('.', { ack: 2 }).quiet()
    expect(s.connection.state).toBe('FIN-WAIT-2')
  })

  rule(9293, '3.10.7.4 fifth', 'FIN-WAIT-2: nothing is outstanding, and the connection stays', () => {
    const s = scriptIn('FIN-WAIT-2')
    s.inject('.', { ack: 2 }).quiet()
    s.elapse(3_600e6)
    expect(s.connection.state).toBe('FIN-WAIT-2')
  })

  rule(9293, '3.10.7.4 fifth', 'CLOSE-WAIT: as in ESTABLISHED', () => {
    const s = scriptIn('CLOSE-WAIT')
    s.write(100)
    s.expect('.', { seq: 1, length: 100 })
    s.inject('.', { ack: 101 })
    expect([s.connection.unacknowledged, s.connection.state]).toEqual([0, 'CLOSE-WAIT'])
  })

  rule(9293, '3.10.7.4 fifth', 'CLOSING: the ACK of our FIN leads to TIME-WAIT, another is ignored', () => {
    const s = scriptIn('CLOSING')
    s.inject('.', { ack: 1 }).quiet()
    expect(s.connection.state).toBe('CLOSING')
    s.inject('.', { ack: 2 }).quiet()
    expect(s.connection.state).toBe('TIME-WAIT')
  })

  rule(9293, '3.10.7.4 fifth', 'LAST-ACK: the ACK of our FIN leads to CLOSED', () => {
    const s = scriptIn('LAST-ACK')
    s.inject('.', { ack: 1 })
    expect(s.connection.state).toBe('LAST-ACK')
    s.inject('.', { ack: 2 }).quiet()
    expect(s.events()).toEqual(['closed'])
    expect(s.stack.connectionCount).toBe(0)
  })

  rule(9293, '3.10.7.4 fifth', 'TIME-WAIT: the FIN again is acknowledged, and 2 MSL start anew', () => {
    const s = scriptIn('TIME-WAIT', { msl: 30e6 })
    s.elapse(50e6)
    s.inject('F.', { seq: 1, ack: 2 }).expect('.', { seq: 2, ack: 2 })
    s.elapse(60e6 - 1)
    expect(s.connection.state).toBe('TIME-WAIT')
    s.elapse(1)
    expect(s.connection.state).toBe('CLOSED')
  })
})

describe('sixth: URG', () => {
  rule.not(
    9293,
    '3.10.7.4 sixth',
    'the user is told of urgent data (MUST-30 to MUST-34)',
    'RFC 6093 asks new applications not to use them',
  )

  rule(6093, '6', 'urgent bytes stay in line', () => {
    const s = Script.connected()
    s.inject('U.', { data: 10 })
    expect(s.read()).toBe(10)
  })

  rule(9293, '3.10.7.4 sixth', 'CLOSE-WAIT, CLOSING, LAST-ACK, TIME-WAIT: URG is ignored', () => {
    for (const state of AFTER_FIN) {
      const s = scriptIn(state)
      s.inject('U.', { seq: 2, ack: 1 }).quiet()
      expect(s.connection.state).toBe(state)
    }
  })
})

describe('seventh: the text', () => {
  rule(
    9293,
    '3.10.7.4 seventh',
    'ESTABLISHED, FIN-WAIT-1, FIN-WAIT-2: it is delivered and acknowledged',
    () => {
      for (const state of ['ESTABLISHED', 'FIN-WAIT-1', 'FIN-WAIT-2'] as const) {
        const s = scriptIn(state, { delayedAck: 0 })
        s.inject('P.', { data: 100 }).expect('.', { seq: s.ourNext, ack: 101 })
        expect(s.events()).toEqual(['readable'])
        expect(s.read()).toBe(100)
      }
    },
  )

  rule(9293, '3.10.7.4 seventh', 'the right edge of the window never moves to the left', () => {
    const s = Script.connected({ receiveBuffer: 10_000, delayedAck: 0 })
    const edges = [1_000, 2_000, 500].map((data) => {
      s.inject('.', { data }).expect('.')
      const { acknowledgment, window } = s.last.segment
      return acknowledgment + window
    })
    expect(new Set(edges).size).toBe(1)
  })

  rule(9293, '3.10.7.4 seventh', 'the ACK goes with data that are due', () => {
    const s = Script.connected()
    s.inject('.', { data: 100 })
    s.write(50)
    s.expect('.', { seq: 1, length: 50, ack: 101 }).quiet()
  })

  rule(
    9293,
    '3.10.7.4 seventh',
    'CLOSE-WAIT, CLOSING, LAST-ACK, TIME-WAIT: text behind the FIN is ignored',
    () => {
      for (const state of AFTER_FIN) {
        const s = scriptIn(state)
        s.inject('P.', { seq: 2, ack: 1, data: 10 }).expect('.', { ack: 2 })
        expect(s.refused, state).toBe('RFC 9293 3.10.7.4 seventh: text after the FIN -> ack')
        expect(s.connection.readable).toBe(0)
      }
    },
  )
})

describe('eighth: FIN', () => {
  rule(9293, '3.10.7.4 eighth', 'CLOSED, LISTEN, SYN-SENT: a FIN is not processed', () => {
    const closed = new Script()
    closed.inject('F', { seq: 1 }).expect('R.')
    const listening = new Script()
    listening.listen()
    listening.inject('F', { seq: 1 }).quiet()
    const opening = new Script()
    opening.connect()
    opening.expect('S')
    opening.inject('F.', { seq: 1, ack: 1 }).quiet()
    expect([closed, listening, opening].map((s) => s.events())).toEqual([[], [], []])
  })

  rule(9293, '3.10.7.4 eighth', 'SYN-RECEIVED: CLOSE-WAIT', () => {
    const s = scriptInPassiveSynReceived()
    s.inject('F.', { ack: 1, data: 10 })
    expect(s.events()).toEqual(['accepted', 'readable', 'peer_closed'])
    expect(s.states).toEqual(['SYN-RECEIVED', 'ESTABLISHED', 'CLOSE-WAIT'])
  })

  rule(9293, '3.10.7.4 eighth', 'ESTABLISHED: CLOSE-WAIT, the user is told, the FIN acknowledged', () => {
    const s = Script.connected({ delayedAck: 0 })
    s.inject('F.', { data: 10 }).expect('.', { ack: 12 })
    expect(s.connection.state).toBe('CLOSE-WAIT')
    expect(s.events()).toEqual(['readable', 'peer_closed'])
  })

  rule(9293, '3.10.7.4 eighth', 'FIN-WAIT-1, our FIN acknowledged in the same segment: TIME-WAIT', () => {
    const s = scriptIn('FIN-WAIT-1')
    s.inject('F.', { ack: 2 }).expect('.', { ack: 2 })
    expect(s.states.slice(-2)).toEqual(['FIN-WAIT-2', 'TIME-WAIT'])
  })

  rule(9293, '3.10.7.4 eighth', 'FIN-WAIT-1, our FIN not acknowledged: CLOSING', () => {
    const s = scriptIn('FIN-WAIT-1')
    s.inject('F.', { ack: 1 }).expect('.', { ack: 2 })
    expect(s.connection.state).toBe('CLOSING')
  })

  rule(9293, '3.10.7.4 eighth', 'FIN-WAIT-2: TIME-WAIT, and no other timer runs', () => {
    const s = scriptIn('FIN-WAIT-2', { msl: 30e6, keepAliveIdle: 1e6 })
    s.inject('F.', { ack: 2 }).expect('.', { ack: 2 })
    expect(s.connection.state).toBe('TIME-WAIT')
    s.elapse(60e6)
    expect(s.events()).toEqual(['peer_closed', 'closed'])
  })

  rule(9293, '3.10.7.4 eighth', 'CLOSE-WAIT, CLOSING, LAST-ACK: the FIN again changes nothing', () => {
    for (const state of ['CLOSE-WAIT', 'CLOSING', 'LAST-ACK'] as const) {
      const s = scriptIn(state)
      s.inject('F.', { seq: 1, ack: 1 }).expect('.', { ack: 2 })
      expect(s.connection.state).toBe(state)
      expect(s.events()).toEqual([])
    }
  })

  rule(9293, '3.10.7.4 eighth', 'TIME-WAIT: the FIN again starts 2 MSL anew', () => {
    const s = scriptIn('TIME-WAIT', { msl: 1e6 })
    s.elapse(1.5e6)
    s.inject('F.', { seq: 1, ack: 2 }).expect('.', { ack: 2 })
    s.elapse(1.5e6)
    expect(s.connection.state).toBe('TIME-WAIT')
  })

  rule(9293, '3.10.7.4 eighth', 'a FIN that overtook data counts only when these have come', () => {
    const s = Script.connected()
    s.inject('F.', { seq: 101 }).expect('.', { ack: 1 })
    expect(s.connection.state).toBe('ESTABLISHED')
    s.inject('P.', { seq: 1, data: 100 })
    expect(s.events()).toEqual(['readable', 'peer_closed'])
  })
})
