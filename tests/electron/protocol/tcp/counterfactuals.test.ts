/** Mechanisms that can be switched off to show what they are for: the third segment of the handshake, the MSS option. */
import { describe, expect, it } from 'vitest'
import { MemoryTrace, tcpEnv, tcpSettings } from '../../../support/tcp-env.ts'
import { TcpStack } from '../../../../electron/protocol/tcp/stack.ts'
import { ACK, SYN } from '../../../../electron/protocol/wire/tcp.ts'
import { LOCAL, LOCAL_PORT, REMOTE, Script } from '../../../support/tcp-script.ts'
import { TcpPipe } from '../../../support/tcp-pipe.ts'

describe('a handshake of two', () => {
  const opened = () => {
    const s = new Script({ twoWayHandshake: true })
    s.listen()
    s.inject('S', { options: { mss: 1460 } })
    return s
  }

  it('is done with the SYN: the connection waits to be accepted, and its SYN-ACK is sent once', () => {
    const s = opened()
    expect(s.events()).toEqual(['accepted'])
    expect(s.connection.state).toBe('ESTABLISHED')
    s.expect('S.', { seq: 0, ack: 1, cause: '' })
    s.elapse(60e6).quiet()
    expect(s.connection.state).toBe('ESTABLISHED')
    expect(s.trace.of('tcp:rtt_sampled')).toEqual([])
  })

  it('lets the server write before anybody has heard it', () => {
    const s = opened()
    s.events()
    s.write(10)
    s.expect('S.').expect('.', { seq: 1, length: 10, cause: '' })
  })

  it('answers the SYN again when it comes again: the SYN-ACK may be lost', () => {
    const s = opened()
    s.events()
    s.expect('S.')
    s.inject('S', { options: { mss: 1460 } }).expect('S.', { seq: 0, ack: 1, cause: 'syn' })
    s.write(10)
    s.expect('.', { seq: 1, length: 10 })
  })

  it('moves data both ways', () => {
    const pipe = new TcpPipe({ seed: 1, delay: 10_000, server: { twoWayHandshake: true } })
    pipe.listen()
    const client = pipe.connect()
    pipe.server.application = ({ type, connection }, now) => {
      if (type === 'accepted') connection.write(now, new Uint8Array(20_000))
    }
    client.write(pipe.now, new Uint8Array(30_000))
    pipe.run(1e6)
    expect([client.readable, client.unacknowledged]).toEqual([20_000, 0])
  })

  it('has no third segment by which an end could object to a SYN-ACK that it has not asked for', () => {
    const answers = [false, true].map((twoWayHandshake) => {
      const trace = new MemoryTrace()
      const stack = new TcpStack(tcpEnv(1, trace), LOCAL, undefined, tcpSettings({ twoWayHandshake }))
      const s = new Script()
      stack.handleSegment(s.now, REMOTE, {
        sourcePort: 5_001,
        destinationPort: LOCAL_PORT,
        sequence: 9,
        acknowledgment: 70,
        flags: SYN | ACK,
        window: 1_000,
        urgent: 0,
        options: {},
        payload: new Uint8Array(0),
      })
      return [stack.pollTransmit(s.now)?.segment.sequence, trace.of('tcp:segment_refused')[0].answer]
    })
    expect(answers).toEqual([
      [70, 'rst'],
      [undefined, 'none'],
    ])
  })
})

describe('without the MSS option', () => {
  it('none is sent, and the one of the peer is no limit', () => {
    const s = new Script({ mssOption: false, mss: 4_000 })
    s.connect()
    s.expect('S')
    expect(s.last.segment.options.mss).toBeUndefined()
    s.inject('S.', { options: { mss: 1_000 } }).expect('.')
    s.write(4_000)
    s.expect('.', { length: 4_000 })
  })

  it('a peer that sends none is no limit either; with the option it is 536 (RFC 9293 3.7.1)', () => {
    const lengths = [true, false].map((mssOption) => {
      const s = new Script({ mssOption, mss: 1_460 })
      s.connect()
      s.expect('S')
      s.inject('S.').expect('.')
      s.write(4_000)
      return s.expect('.').last.segment.payload.length
    })
    expect(lengths).toEqual([536, 1_460])
  })
})
