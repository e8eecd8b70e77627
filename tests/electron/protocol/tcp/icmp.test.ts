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

  rule(5461, '4.1', 'a hard error does not end a connection that is established', () => {
    const s = Script.connected()
    s.write(10)
    s.expect('.', { length: 10 })
    s.unreachable(3, 1)
    expect(s.connection.state).toBe('ESTABLISHED')
  })
})
