/** ICMP errors that are believed, or are not (RFC 5461); those about the path's MTU: path-mtu.test.ts. */
import { describe, expect } from 'vitest'
import { rule } from '../../../support/rule.ts'
import { Script } from '../../../support/tcp-script.ts'

describe('port unreachable (RFC 5461)', () => {
  rule(5461, '4.1', 'a hard error ends an attempt to connect', () => {
    const s = new Script()
    s.connect()
    s.expect('S')
    s.unreachable(3, 0)
    expect(s.events()).toEqual(['closed: refused'])
  })

  rule(5927, '4.1', 'an error about nothing that is under way is not believed, and the trace says so', () => {
    const s = new Script()
    s.connect()
    s.expect('S')
    for (const position of [1, -1, 70_000]) s.unreachable(3, position)
    expect(s.connection.state).toBe('SYN-SENT')
    expect(s.trace.of('icmp:error_ignored')).toEqual(Array(3).fill({ code: 3, reason: 'not_outstanding' }))
  })

  rule(5927, '4.1', 'nor is one about a connection that there is not', () => {
    const s = new Script()
    s.unreachable(3, 0)
    expect(s.trace.of('icmp:error_ignored')).toEqual([{ code: 3, reason: 'no_connection' }])
  })

  rule(9293, '3.9.2.2 MUST-54', 'a soft error ends nothing: neither an attempt nor a connection', () => {
    for (const code of [0, 1, 5]) {
      const s = new Script()
      s.connect()
      s.expect('S')
      s.unreachable(code, 0)
      expect(s.connection.state).toBe('SYN-SENT')
    }
  })

  rule(5461, '4.1', 'a hard error does not end a connection that is established', () => {
    const s = Script.connected()
    s.write(10)
    s.expect('.', { length: 10 })
    s.unreachable(3, 1)
    expect(s.connection.state).toBe('ESTABLISHED')
  })
})
