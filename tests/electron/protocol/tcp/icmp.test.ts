/** ICMP errors: path MTU discovery (RFC 1191), refusal (RFC 5461), and forgeries (RFC 5927). */
import { describe, expect, it } from 'vitest'
import { LOCAL_PORT, OUR_ISS, REMOTE, REMOTE_PORT, Script } from '../../../support/tcp-script.ts'

const unreachable = (s: Script, code: number, position: number, mtu = 0): void =>
  s.stack.handleUnreachable(
    s.now,
    {
      destination: REMOTE,
      sourcePort: LOCAL_PORT,
      destinationPort: REMOTE_PORT,
      sequence: (OUR_ISS + position) >>> 0,
    },
    code,
    mtu,
  )

describe('fragmentation needed (RFC 1191)', () => {
  const flying = () => {
    const s = Script.connected({ initialWindow: 4, congestion: 'newreno' })
    s.write(6 * 1460)
    s.expectData(4, 1460)
    s.quiet()
    return s
  }

  it('makes segments smaller and sends those that were too large again at once, the window as it was', () => {
    const s = flying()
    const { cwnd } = s.connection.metrics()
    unreachable(s, 4, 1, 1_040)
    for (let i = 0; i < 4; i++) {
      s.expect('.', { seq: 1 + i * 1460, length: 1000, cause: 'mtu' })
      s.expect('.', { seq: 1 + i * 1460 + 1000, length: 460, cause: 'mtu' })
    }
    s.quiet()
    expect(s.connection.metrics().cwnd).toBe(cwnd)
    s.inject('.', { ack: 1461 })
    s.expect('.', { seq: 5841, length: 1000 })
    expect(s.trace.of('tcp:congestion_state_changed')).toEqual([])
  })

  it('is believed only about what is on its way (RFC 5927 4.1)', () => {
    const s = flying()
    unreachable(s, 4, 90_000, 500)
    unreachable(s, 4, -10, 500)
    s.quiet()
  })

  it('never makes the path wider, nor narrower than IP allows', () => {
    const s = flying()
    unreachable(s, 4, 1, 9_000)
    s.quiet()
    unreachable(s, 4, 1, 10)
    s.expect('.', { seq: 1, length: 28, cause: 'mtu' })
  })
})

describe('port unreachable (RFC 5461)', () => {
  it('ends an attempt to connect', () => {
    const s = new Script()
    s.connect()
    s.expect('S')
    unreachable(s, 3, 0)
    expect(s.events()).toEqual(['closed: refused'])
  })

  it('does not end a connection', () => {
    const s = Script.connected()
    s.write(10)
    s.expect('.', { length: 10 })
    unreachable(s, 3, 1)
    expect(s.connection.state).toBe('ESTABLISHED')
  })
})
