/** Who looks on at a connection: told of each byte once and in order, and heard on why no more is sent. */
import { describe, expect, it } from 'vitest'
import type { Tap } from '../../../../electron/protocol/tcp/tap.ts'
import { Script } from '../../../support/tcp-script.ts'

const MSS = 1000

/** A tap that writes down what it hears, and says of the layer above what a test wants. */
class Notes implements Tap {
  active: boolean | undefined
  received = ''
  ends: string[] = []
  handshaking = false
  waiting: ReturnType<Tap['credit']>

  handleSent(): void {
    throw new Error('segments are told of by the host that sends them')
  }
  handleReceived(bytes: Uint8Array): void {
    this.received += Buffer.from(bytes).toString('latin1')
  }
  handleReceivedEnd(): void {
    this.ends.push('fin')
  }
  handleClosed(): void {
    this.ends.push('closed')
  }
  credit(): ReturnType<Tap['credit']> {
    return this.waiting
  }
}

function tapped(settings = {}) {
  const tap = new Notes()
  const s = new Script(
    { mss: MSS, congestion: 'newreno', initialWindow: 4, delayedAck: 0, ...settings },
    (_, active) => {
      tap.active = active
      return tap
    },
  )
  s.connect()
  s.expect('S')
  s.inject('S.', { options: { mss: MSS, sackPermitted: true } })
  s.expect('.').quiet()
  /** The bytes of the segment that was expected last that left for the first time, and whether its FIN did. */
  const fresh = () => {
    const { fresh } = s.last
    return fresh && { bytes: Buffer.from(fresh.bytes).toString('latin1'), fin: fresh.fin }
  }
  const cause = () => s.trace.of('tcp:stall_changed').at(-1)!.cause
  return { s, tap, fresh, cause }
}

const text = (bytes: string): Uint8Array => Uint8Array.from(bytes, (char) => char.charCodeAt(0))

describe('what has left', () => {
  it('is marked with the first segment that carries it, not with those that carry it again', () => {
    const { s, fresh } = tapped({ minRto: 1_000_000 })
    s.write(text('abc'))
    s.expect('.', { length: 3 })
    expect(fresh()).toEqual({ bytes: 'abc', fin: false })
    s.elapse(1_000_000)
    s.expect('.', { seq: 1, cause: 'rto' })
    expect(fresh()).toBeUndefined()
  })

  it('of a window probe is its octet, and what follows is the rest', () => {
    const { s, fresh } = tapped()
    s.inject('.', { window: 0 })
    s.write(text('abc'))
    s.untilSent()
    s.expect('.', { length: 1, cause: 'window_probe' })
    expect(fresh()).toEqual({ bytes: 'a', fin: false })
    s.inject('.', { ack: 1, window: 1000 })
    s.expect('.', { seq: 1, length: 3 })
    expect(fresh()).toEqual({ bytes: 'bc', fin: false })
  })

  it('has a FIN at its end, once', () => {
    const { s, fresh } = tapped({ minRto: 1_000_000 })
    s.write(text('abc'))
    s.connection.shutdown(s.now)
    s.expect('F.', { length: 3 })
    expect(fresh()).toEqual({ bytes: 'abc', fin: true })
    s.elapse(1_000_000)
    s.expect('F.', { cause: 'rto' })
    expect(fresh()).toBeUndefined()
  })

  it('is nothing where nobody looks on', () => {
    const s = Script.connected()
    s.write(text('abc'))
    s.expect('.', { length: 3 })
    expect(s.last.fresh).toBeUndefined()
  })
})

describe('what has come in', () => {
  it('is told in order, when the gap before it is filled, and once', () => {
    const { s, tap } = tapped()
    expect(tap.active).toBe(true)
    s.inject('.', { seq: 4, data: text('def') })
    expect(tap.received).toBe('')
    s.inject('.', { seq: 1, data: text('abc') })
    expect(tap.received).toBe('abcdef')
    s.inject('.', { seq: 1, data: text('abcdefg') })
    expect(tap.received).toBe('abcdefg')
  })

  it('ends with the FIN, or with a RST', () => {
    const { s, tap } = tapped()
    s.inject('F.', { data: text('abc') })
    expect([tap.received, ...tap.ends]).toEqual(['abc', 'fin'])
    const other = tapped()
    other.s.inject('R')
    expect(other.tap.ends).toEqual(['closed'])
  })
})

describe('why no more is sent, in the order of DESIGN 6.2', () => {
  it('handshake comes before all else', () => {
    const { s, tap, cause } = tapped()
    tap.handshaking = true
    s.write(20 * MSS)
    s.expectData(4, MSS).quiet()
    expect(cause()).toBe('handshake')
    tap.handshaking = false
    s.inject('.', { ack: 1 + MSS }).skip()
    expect(cause()).toBe('congestion_window')
  })

  it('credit is more than idle and application: there is something to send', () => {
    const { s, tap, cause } = tapped()
    tap.waiting = 'stream_credit'
    s.write(MSS)
    s.expectData(1, MSS).quiet()
    expect(cause()).toBe('stream_credit')
    s.inject('.', { ack: 1 + MSS }).quiet()
    expect(cause()).toBe('stream_credit')
    tap.waiting = undefined
    s.inject('.', { ack: 1 + MSS }).quiet()
    expect(cause()).toBe('idle')
  })

  it('the windows of TCP come before credit, where another segment would not fit', () => {
    const { s, tap, cause } = tapped()
    tap.waiting = 'connection_credit'
    s.write(4 * MSS)
    s.expectData(4, MSS).quiet()
    expect(cause()).toBe('congestion_window')
    s.inject('.', { ack: 1 + 4 * MSS, window: MSS - 1 }).quiet()
    expect(cause()).toBe('receive_window')
    s.inject('.', { ack: 1 + 4 * MSS, window: 65_000 }).quiet()
    expect(cause()).toBe('connection_credit')
  })

  it('recovery comes before credit', () => {
    const { s, tap, cause } = tapped({ initialWindow: 8 })
    tap.waiting = 'stream_credit'
    s.write(8 * MSS)
    s.expectData(8, MSS).quiet()
    s.inject('.', { ack: 1, sack: [1 + MSS, 1 + 5 * MSS] })
    s.expect('.', { seq: 1 }).skip()
    expect(cause()).toBe('recovery')
  })

  it('credit comes before Nagle: with more to send, the segment would be full', () => {
    const { s, tap, cause } = tapped()
    s.write(10)
    s.expect('.', { length: 10 })
    s.write(10)
    s.quiet()
    expect(cause()).toBe('nagle')
    tap.waiting = 'connection_credit'
    s.inject('.', { ack: 1 }).quiet()
    expect(cause()).toBe('connection_credit')
  })

  it('credit says nothing while TCP has segments of its own that wait', () => {
    const { s, tap, cause } = tapped()
    tap.waiting = 'stream_credit'
    s.inject('.', { window: 0 })
    s.write(5 * MSS)
    s.quiet()
    expect(cause()).toBe('receive_window')
  })
})
