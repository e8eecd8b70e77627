/** What a window may be in the field, and what becomes of one that is taken back: RFC 7323 2, RFC 9293 3.8.6 and 3.8.6.2.1. */
import { describe, expect } from 'vitest'
import { rule } from '../../../support/rule.ts'
import { Script } from '../../../support/tcp-script.ts'

describe('window scaling', () => {
  rule(7323, '2.2', 'the SYN offers the smallest shift that lets the whole buffer be advertised', () => {
    for (const [receiveBuffer, shift] of [
      [65_535, 0],
      [65_536, 1],
      [1_048_576, 5],
      [1 << 30, 14],
    ] as const) {
      const s = new Script({ windowScaling: true, receiveBuffer })
      s.connect()
      s.expect('S', { options: { windowScale: shift } })
    }
  })

  rule(7323, '2.2', 'the window of a SYN or SYN-ACK is never scaled', () => {
    const s = new Script({ windowScaling: true, receiveBuffer: 1_048_576 })
    s.listen()
    s.inject('S', { options: { windowScale: 7 }, window: 1_000 })
    s.expect('S.', { window: 65_535, options: { windowScale: 5 } })
    s.inject('.', { window: 1_000 })
    s.connection = s.listener.accept(s.now)!
    expect(s.connection.metrics().send_window).toBe(128_000)
  })

  rule(7323, '2.2', 'a SYN-ACK has the option only if the SYN had it, and then nothing is scaled', () => {
    const s = new Script({ windowScaling: true, receiveBuffer: 1_048_576 })
    s.listen()
    s.inject('S', { window: 1_000 })
    s.expect('S.')
    expect(s.last.segment.options.windowScale).toBeUndefined()
    s.inject('.', { window: 1_000 })
    s.connection = s.listener.accept(s.now)!
    expect(s.connection.metrics().send_window).toBe(1_000)
  })

  rule(7323, '2.3', 'a shift above 14 is taken for 14', () => {
    const s = Script.connected({ windowScaling: true }, { windowScale: 15 })
    s.inject('.', { window: 2 })
    expect(s.connection.metrics().send_window).toBe(2 << 14)
  })

  rule(7323, '2.3', 'what is advertised is shifted right, and never more than there is room for', () => {
    const s = Script.connected({ windowScaling: true, receiveBuffer: 1_000_000, delayedAck: 0 })
    s.inject('.', { data: 1000 })
    s.expect('.', { window: Math.floor(999_000 / 16) })
  })
})

describe('a window that is taken back', () => {
  /** Four segments are out, and the peer takes back what it had advertised. */
  const shrunk = (window: number, settings = {}) => {
    const s = Script.connected({ minRto: 1_000_000, dataRetries: 3, ...settings })
    s.inject('.', { window: 6_000 })
    s.write(20_000)
    s.expectData(4, 1460)
    s.inject('.', { ack: 1461, window })
    return s
  }

  rule(
    9293,
    '3.8.6',
    'MUST-34: the usable window may become negative; SHLD-15: then nothing new is sent',
    () => {
      const s = shrunk(1_000)
      s.quiet()
      expect(s.connection.metrics().send_window).toBe(1_000)
      expect(s.connection.state).toBe('ESTABLISHED')
    },
  )

  rule(9293, '3.8.6', 'SHLD-16: what is outstanding is repeated as ever', () => {
    const s = shrunk(1_460)
    expect(s.untilSent()).toBe(1e6)
    s.expect('.', { seq: 1461, length: 1460, cause: 'rto' })
    s.inject('.', { ack: 2921, window: 1_460 })
    s.expect('.', { seq: 2921, length: 1460 })
  })

  rule(9293, '3.8.6', 'MUST-35: one that is taken back whole is probed until it opens', () => {
    const s = shrunk(0)
    for (let i = 0; i < 10; i++) {
      s.untilSent()
      s.expect('.', { seq: 1461 })
      s.inject('.', { ack: 1461, window: 0 })
    }
    expect(s.connection.state).toBe('ESTABLISHED')
    s.inject('.', { ack: 1461, window: 60_000 })
    s.untilSent()
    s.expect('.', { seq: 1461, length: 1460 })
  })

  rule(
    9293,
    '3.8.6',
    'SHLD-17: what lies beyond the edge does not end the connection while the peer answers',
    () => {
      const s = shrunk(500)
      for (let i = 0; i < 10; i++) {
        s.untilSent()
        s.skip()
        s.inject('.', { ack: 1461, window: 500 })
      }
      expect(s.connection.state).toBe('ESTABLISHED')
    },
  )
})

describe('when the sender has little to send', () => {
  rule(9293, '3.8.6.2.1', '(1): a full segment goes when the window has room for it', () => {
    const s = Script.connected()
    s.inject('.', { window: 3_000 })
    s.write(10_000)
    s.expectData(2, 1460)
    s.quiet()
  })

  rule(
    9293,
    '3.8.6.2.1',
    '(2): less than a segment goes when it is all that there is and nothing is out',
    () => {
      const s = Script.connected()
      s.inject('.', { window: 3_000 })
      s.write(200)
      s.expect('.', { length: 200 }).quiet()
    },
  )
})
