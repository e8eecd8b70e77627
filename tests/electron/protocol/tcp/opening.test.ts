/** Opening a connection: RFC 9293 3.5, 3.10.7.1 to 3.10.7.4; RFC 6528, 7323 1.3, 6298 5.7; queues of a listener. */
import { describe, expect, it } from 'vitest'
import { micros } from '../../../../shared/units.ts'
import { createRng } from '../../../../electron/protocol/random.ts'
import { InitialNumbers } from '../../../../electron/protocol/tcp/isn.ts'
import { rule } from '../../../support/rule.ts'
import { LOCAL, REMOTE, Script } from '../../../support/tcp-script.ts'
import { tcpEnv } from '../../../support/tcp-env.ts'

describe('active open (RFC 9293 3.5, figure 6)', () => {
  rule(9293, '3.5 figure 6', 'SYN with its options, SYN,ACK, ACK: both ends are established', () => {
    const s = new Script({ timestamps: true, windowScaling: true, receiveBuffer: 1 << 20, mss: 1400 })
    s.connect()
    s.expect('S', {
      seq: 0,
      length: 0,
      cause: '',
      options: { mss: 1400, windowScale: 5, sackPermitted: true },
    })
    s.quiet()
    s.inject('S.', {
      options: { mss: 1000, windowScale: 7, sackPermitted: true, timestamps: { value: 5, echo: 0 } },
    })
    s.expect('.', {
      seq: 1,
      ack: 1,
      options: { timestamps: { value: expect.anything() as number, echo: 5 } },
    })
    expect(s.events()).toEqual(['connected'])
    expect(s.states).toEqual(['SYN-SENT', 'ESTABLISHED'])
  })

  rule(7323, '2.2', 'the window of a SYN is not scaled, but those that follow', () => {
    const s = new Script({ windowScaling: true, receiveBuffer: 1 << 20 })
    s.connect()
    s.expect('S', { window: 0xffff })
    s.inject('S.', { options: { mss: 1460, windowScale: 2 } })
    s.expect('.', { window: (1 << 20) >> 5 })
    expect(s.last.scaledWindow).toBe(1 << 20)
    s.inject('.', { window: 1_000 })
    s.quiet()
    expect(s.connection.metrics().send_window).toBe(4_000)
  })

  rule(7323, '1.3', 'no option is used that the peer did not offer', () => {
    const s = new Script({ timestamps: true, windowScaling: true, receiveBuffer: 1 << 20 })
    s.connect()
    s.expect('S')
    s.inject('S.', {})
    s.expect('.', { window: 0xffff })
    expect(s.last.segment.options.timestamps).toBeUndefined()
    s.write(2_000)
    // RFC 9293 3.7.1: without MSS option the peer takes 536.
    s.expect('.', { length: 536 })
  })

  rule(9293, '3.8.3', 'the SYN goes again after 1, 2, 4 ... seconds, and not for ever', () => {
    const s = new Script({ synRetries: 3 })
    s.connect()
    s.expect('S', { cause: '' })
    const waits = [1, 2, 3].map(() => {
      const wait = s.untilSent()
      s.expect('S', { seq: 0, cause: 'syn' })
      return wait / 1e6
    })
    expect(waits).toEqual([1, 2, 4])
    s.elapse(8e6)
    expect(s.events()).toEqual(['closed: timed_out'])
    expect(s.connection.state).toBe('CLOSED')
  })

  rule(6298, '5.7', 'the RTO begins with 3 s when the SYN had to go again and nothing was measured', () => {
    const s = new Script()
    s.connect()
    s.expect('S')
    s.untilSent()
    s.expect('S')
    s.inject('S.', { options: { mss: 1460 } })
    s.expect('.')
    s.write(100)
    s.expect('.', { length: 100 })
    expect(s.untilSent()).toBe(3e6)
  })

  rule(6928, '2', 'the window begins with one segment when several SYNs were lost, not when one was', () => {
    for (const [lost, segments] of [
      [1, 10],
      [2, 1],
    ]) {
      const s = new Script({ nagle: false })
      s.connect()
      s.expect('S')
      for (let i = 0; i < lost; i++) {
        s.untilSent()
        s.expect('S')
      }
      s.inject('S.', { options: { mss: 1000 } })
      s.expect('.')
      s.write(100_000)
      s.expectData(segments, 1000)
      s.quiet()
    }
  })

  rule(
    9293,
    '3.10.2 SYN-SENT',
    'what is written before the connection is there is queued, and so is the CLOSE behind it',
    () => {
      const s = new Script()
      s.connect()
      s.write(10)
      s.connection.shutdown(s.now)
      s.expect('S').quiet()
      s.inject('S.', { options: { mss: 1460 } })
      s.expect('F.', { seq: 1, length: 10 })
      expect(s.states).toEqual(['SYN-SENT', 'ESTABLISHED', 'FIN-WAIT-1'])
    },
  )
})

describe('simultaneous open (RFC 9293 3.5, figure 7)', () => {
  rule(9293, '3.5 figure 7', 'both open at once: through SYN-RECEIVED to one connection', () => {
    const s = new Script()
    s.connect()
    s.expect('S')
    s.inject('S', { options: { mss: 1460 } })
    s.expect('S.', { seq: 0, ack: 1 })
    expect(s.connection.state).toBe('SYN-RECEIVED')
    // The peer's SYN-ACK repeats a SYN that we know: it is answered with an ACK, as is ours by the peer.
    s.inject('S.', { ack: 1 })
    s.expect('.', { seq: 1, ack: 1 })
    s.inject('.', { seq: 1, ack: 1 })
    expect(s.connection.state).toBe('ESTABLISHED')
    expect(s.events()).toEqual(['connected'])
  })
})

describe('passive open (RFC 9293 3.10.7.2)', () => {
  const opened = (settings = {}) => {
    const s = new Script(settings)
    s.listen()
    s.inject('S', { options: { mss: 1000, sackPermitted: true } })
    s.expect('S.', { seq: 0, ack: 1 })
    return s
  }

  rule(9293, '3.5 figure 6', 'passive: SYN,ACK for a SYN, and the connection is there with the ACK', () => {
    const s = opened()
    expect(s.events()).toEqual([])
    s.inject('.', { ack: 1 })
    expect(s.events()).toEqual(['accepted'])
    const accepted = s.listener.accept(s.now)
    expect(accepted?.state).toBe('ESTABLISHED')
    expect(s.listener.accept(s.now)).toBeUndefined()
    expect(s.states).toEqual(['SYN-RECEIVED', 'ESTABLISHED'])
    s.quiet()
  })

  rule(9293, '3.8.1', 'the SYN,ACK goes again by its timer, and at once when the SYN comes again', () => {
    const s = opened()
    expect(s.untilSent()).toBe(1e6)
    s.expect('S.', { seq: 0, ack: 1, cause: 'syn' })
    s.inject('S', { options: { mss: 1000 } })
    s.expect('S.', { seq: 0, ack: 1, cause: 'syn' })
    s.inject('.', { ack: 1 })
    s.quiet()
    expect(s.events()).toEqual(['accepted'])
  })

  rule(7323, '3.2', 'a SYN,ACK echoes the timestamp of the SYN', () => {
    const s = new Script({ timestamps: true })
    s.listen()
    s.inject('S', { ts: [4_711, 0] })
    s.expect('S.')
    expect(s.last.segment.options.timestamps?.echo).toBe(4_711)
  })

  it('forgets a SYN-ACK that is due when the ACK makes it needless', () => {
    const s = opened()
    s.inject('S', { options: { mss: 1000 } }).inject('.', { ack: 1 })
    s.quiet()
    s.events()
    s.write(10)
    s.expect('.', { seq: 1, length: 10 })
  })

  it('takes data that come with the ACK of the handshake', () => {
    const s = opened()
    s.inject('P.', { ack: 1, data: 20 })
    expect(s.events()).toEqual(['accepted', 'readable'])
    expect(s.read()).toBe(20)
  })

  rule(9293, '3.5 figure 8', 'a RST for the SYN,ACK of an old duplicate SYN leaves nothing behind', () => {
    const s = opened()
    s.inject('R', { seq: 1 })
    expect(s.stack.connectionCount).toBe(0)
    expect(s.events()).toEqual([])
  })

  it('resets who is not accepted when the listener closes', () => {
    const s = opened()
    s.inject('.', { ack: 1 })
    s.listener.close(s.now)
    s.expect('R', { seq: 1 })
    s.inject('S', { seq: 500, sourcePort: 1234 })
    s.expect('R.', { seq: -0xffff_fff0 | 0 })
  })
})

describe("a listener's queues", () => {
  const syn = (s: Script, sourcePort: number) => s.inject('S', { sourcePort, options: { mss: 1000 } })

  rule(4987, '2', 'SYNs beyond the backlog are dropped without a word, and counted', () => {
    const s = new Script({ synBacklog: 2 })
    s.listen()
    syn(s, 1).expect('S.')
    syn(s, 2).expect('S.')
    syn(s, 3).quiet()
    expect(s.trace.of('tcp:queues_changed').at(-1)).toEqual({
      syn_queue: 2,
      accept_queue: 0,
      syn_limit: 2,
      accept_limit: 128,
      dropped: 1,
    })
  })

  it('ignores the last ACK of a handshake while the accept queue is full, and takes a later one', () => {
    const s = new Script({ acceptBacklog: 1 })
    s.listen()
    syn(s, 1).expect('S.')
    syn(s, 2).expect('S.')
    s.inject('.', { ack: 1, sourcePort: 1 })
    s.inject('.', { ack: 1, sourcePort: 2 })
    expect(s.trace.of('tcp:queues_changed').at(-1)).toMatchObject({
      syn_queue: 1,
      accept_queue: 1,
      dropped: 1,
    })
    expect(s.listener.accept(s.now)).toBeDefined()
    // The SYN-ACK comes again, and so does the ACK.
    expect(s.untilSent()).toBe(1e6)
    s.expect('S.', { cause: 'syn' })
    s.inject('.', { ack: 1, sourcePort: 2 })
    expect(s.listener.accept(s.now)).toBeDefined()
  })

  it('drops SYNs while the accept queue is full', () => {
    const s = new Script({ acceptBacklog: 1 })
    s.listen()
    syn(s, 1).expect('S.')
    s.inject('.', { ack: 1, sourcePort: 1 })
    syn(s, 2).quiet()
  })
})

describe('initial sequence numbers (RFC 6528 3)', () => {
  const numbers = new InitialNumbers(tcpEnv(1).crypto, createRng(1).bytes(32))
  const tuple = { localAddress: LOCAL, localPort: 1, remoteAddress: REMOTE, remotePort: 2 }

  rule(6528, '3', 'initial numbers of a four-tuple advance by one every 4 us', () => {
    const first = numbers.of(micros(1_000), tuple).sequence
    expect((numbers.of(micros(5_000), tuple).sequence - first) | 0).toBe(1_000)
  })

  rule(6528, '3', 'they say nothing about another four-tuple, nor of another secret', () => {
    const at = micros(1_000)
    const seen = new Set([0, 1, 2, 3].map((localPort) => numbers.of(at, { ...tuple, localPort }).sequence))
    seen.add(new InitialNumbers(tcpEnv(1).crypto, createRng(2).bytes(32)).of(at, tuple).sequence)
    expect(seen.size).toBe(5)
  })

  it('give way to the setting', () => {
    const s = new Script({ initialSequence: 77 })
    s.connect()
    s.expect('S')
    expect(s.last.segment.sequence).toBe(77)
  })
})
