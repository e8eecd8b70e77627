/** SYN cookies (RFC 4987 3.6 and appendix A): a listener with a full SYN queue that serves all the same. */
import { describe, expect, it } from 'vitest'
import fc from 'fast-check'
import { micros } from '../../../../shared/units.ts'
import { createRng } from '../../../../electron/protocol/random.ts'
import { carriedOptions, carryOptions, SynCookies } from '../../../../electron/protocol/tcp/syn-cookies.ts'
import { before } from '../../../../electron/protocol/tcp/sequence.ts'
import { rule } from '../../../support/rule.ts'
import { tcpEnv } from '../../../support/tcp-env.ts'
import { LOCAL, OUR_ISS, PEER_ISS, REMOTE, Script } from '../../../support/tcp-script.ts'

/** A listener whose one place for half-open connections is taken by somebody else. */
function flooded(settings = {}) {
  const s = new Script({
    synBacklog: 1,
    synCookies: true,
    synRetries: 20,
    initialSequence: undefined,
    ...settings,
  })
  s.listen()
  s.inject('S', { sourcePort: 7, options: { mss: 1460 } }).expect('S.', { cause: '' })
  return s
}

/** The ACK that brings back the cookie of the last SYN-ACK. */
const cookieOf = (s: Script) => (s.last.segment.sequence - OUR_ISS + 1) | 0
const cookies = (s: Script) => s.trace.of('tcp:syn_cookie').map(({ what, mss }) => `${what} ${mss}`)

describe('a SYN for a full queue', () => {
  rule(4987, '3.6', 'is answered by a SYN,ACK, and nothing is remembered', () => {
    const s = flooded()
    const queues = s.trace.of('tcp:queues_changed').at(-1)
    for (let port = 100; port < 200; port++) {
      s.inject('S', { sourcePort: port, options: { mss: 1460 } }).expect('S.', {
        ack: 1,
        options: { mss: 1460 },
      })
    }
    expect(s.stack.connectionCount).toBe(1)
    expect(s.trace.of('tcp:queues_changed').at(-1)).toEqual(queues)
    // No timer, so no repetition but that of the connection in the queue.
    expect(s.untilSent()).toBe(1e6)
    expect(s.expect('S.').last.segment.destinationPort).toBe(7)
  })

  rule(4987, '3.6', 'with the queue not full no cookie is sent: it has its price', () => {
    const s = flooded({ synBacklog: 2 })
    s.inject('S', { options: { mss: 1460 } }).expect('S.')
    expect(cookies(s)).toEqual([])
    expect(s.stack.connectionCount).toBe(2)
  })

  rule(4987, '3.6', 'without cookies it is dropped and counted', () => {
    const s = flooded({ synCookies: false })
    s.inject('S', { options: { mss: 1460 } }).quiet()
    expect(s.trace.of('tcp:queues_changed').at(-1)?.dropped).toBe(1)
    expect(s.refused).toBe('RFC 4987 2: SYN queue full -> none')
  })

  it('is dropped, cookies or not, while the accept queue is full', () => {
    const s = flooded({ acceptBacklog: 1 })
    s.inject('.', { sourcePort: 7, ack: cookieOf(s) })
    s.inject('S', { options: { mss: 1460 } }).quiet()
    expect(s.refused).toBe('RFC 4987 2: accept queue full -> none')
  })
})

describe('the ACK that brings the cookie back', () => {
  rule(4987, '3.6', 'makes the connection, with the MSS that the cookie carries', () => {
    const s = flooded()
    s.inject('S', { options: { mss: 1_400 } }).expect('S.')
    s.inject('.', { ack: cookieOf(s) })
    expect(s.events()).toEqual(['accepted'])
    expect(s.connection.state).toBe('ESTABLISHED')
    expect(cookies(s)).toEqual(['sent 1400', 'accepted 1400'])
    s.write(3_000)
    s.expect('.', { length: 1_400 })
    expect(s.last.segment.options).toEqual({})
  })

  rule(4987, '3.6', 'may itself carry data, which are taken', () => {
    const s = flooded()
    s.inject('S', { options: { mss: 1460 } }).expect('S.')
    s.inject('P.', { ack: cookieOf(s), data: 20 })
    expect(s.events()).toEqual(['accepted', 'readable'])
    expect(s.read()).toBe(20)
  })

  rule(4987, '3.6', 'window scale and SACK survive in the echoed timestamp', () => {
    const s = flooded({ timestamps: true, windowScaling: true, receiveBuffer: 1 << 20 })
    const timestamps = { value: 4_000, echo: 0 }
    s.inject('S', { options: { mss: 1460, windowScale: 3, sackPermitted: true, timestamps } })
    s.expect('S.', { options: { windowScale: 5, sackPermitted: true } })
    const echo = s.last.segment.options.timestamps!.value
    const ack = cookieOf(s)
    s.inject('.', { ack, window: 1_000, ts: [4_010, echo] })
    expect(s.events()).toEqual(['accepted'])
    expect(s.connection.metrics().send_window).toBe(8_000)
    // SACK is on in both directions: a gap is reported, with the window scaled.
    s.inject('.', { seq: 101, ack, data: 100, ts: [4_011, echo] }).expect('.', { sack: [101, 201] })
    expect(s.last.scaledWindow).toBe(1 << 20)
  })

  rule(4987, '3.6', 'without timestamps there is neither', () => {
    const s = flooded({ windowScaling: true })
    s.inject('S', { options: { mss: 1460, windowScale: 3, sackPermitted: true } }).expect('S.')
    expect(s.last.segment.options.windowScale).toBeUndefined()
    expect(s.last.segment.options.sackPermitted).toBeUndefined()
  })

  rule(4987, '3.6', 'is good for one to two ticks of 64 s, then it has expired', () => {
    const s = flooded({ synRetries: 255 })
    s.inject('S', { options: { mss: 1460 } }).expect('S.')
    const ack = cookieOf(s)
    s.now = micros(127e6)
    s.inject('.', { ack })
    expect(s.events()).toEqual(['accepted'])
    const late = flooded({ synRetries: 255 })
    late.inject('S', { options: { mss: 1460 } }).expect('S.')
    late.now = micros(128e6)
    late.inject('.', { ack: cookieOf(late) }).expect('R')
    expect(cookies(late)).toEqual(['sent 1460', 'expired 1460'])
    expect(late.stack.connectionCount).toBe(1)
  })

  rule(4987, '3.6', 'a forged one is what every ACK is in LISTEN', () => {
    const s = flooded()
    s.inject('S', { options: { mss: 1460 } }).expect('S.')
    const ack = cookieOf(s)
    s.inject('.', { ack: ack + 1 }).expect('R', { seq: ack + 1 })
    s.inject('.', { ack, sourcePort: 999 }).expect('R', { seq: ack })
    s.inject('.', { seq: 2, ack }).expect('R', { seq: ack })
    expect(cookies(s).map((text) => text.split(' ')[0])).toEqual(['sent', 'forged', 'forged', 'forged'])
    expect(s.refused).toBe('RFC 9293 3.10.7.2 second: ACK in LISTEN -> rst')
    expect(s.events()).toEqual([])
  })

  rule(4987, '3.6', 'none is expected when none was sent for two ticks', () => {
    const s = new Script({ synCookies: true })
    s.listen()
    s.inject('.', { ack: 33 }).expect('R', { seq: 33 })
    expect(cookies(s)).toEqual([])
  })

  it('waits for room in the accept queue: the data of the peer bring it again', () => {
    const s = flooded({ acceptBacklog: 1 })
    const half = cookieOf(s)
    s.inject('S', { options: { mss: 1460 } }).expect('S.')
    const ack = cookieOf(s)
    s.inject('.', { sourcePort: 7, ack: half })
    s.inject('.', { ack }).quiet()
    expect(s.refused).toBe('RFC 4987 2: accept queue full -> none')
    expect(s.listener.accept(s.now)).toBeDefined()
    s.inject('P.', { seq: 1, ack, data: 20 })
    expect(s.listener.accept(s.now)?.readable).toBe(20)
  })
})

describe('a cookie', () => {
  const make = (seed: number) => new SynCookies(tcpEnv(1).crypto, createRng(seed).bytes(32))
  const tuple = { localAddress: LOCAL, localPort: 1, remoteAddress: REMOTE, remotePort: 2 }
  const at = (us: number) => micros(us)

  it('carries the largest MSS of its table that the peer takes, and never more', () => {
    fc.assert(
      fc.property(fc.integer({ min: 64, max: 65_535 }), fc.integer({ min: 0, max: 1e12 }), (mss, now) => {
        const cookie = make(1).make(at(now), tuple, PEER_ISS, mss)
        expect(cookie.mss).toBeLessThanOrEqual(mss)
        expect(make(1).check(at(now), tuple, PEER_ISS, cookie.sequence)).toEqual({
          what: 'accepted',
          mss: cookie.mss,
        })
      }),
    )
    expect(make(1).make(at(0), tuple, 0, 1_460).mss).toBe(1_460)
  })

  it('is nothing to another listener, for another four-tuple or another SYN', () => {
    const { sequence } = make(1).make(at(5e6), tuple, 77, 1_460)
    const check = (seed: number, other: object, peerInitial: number) =>
      make(seed).check(at(5e6), { ...tuple, ...other }, peerInitial, sequence).what
    expect(check(1, {}, 77)).toBe('accepted')
    expect([check(2, {}, 77), check(1, { remotePort: 3 }, 77), check(1, {}, 78)]).toEqual(
      Array(3).fill('forged'),
    )
  })

  it('that is guessed is right once in 2^24 at best', () => {
    const rng = createRng(3)
    const lucky = Array.from(
      { length: 20_000 },
      () => make(1).check(at(5e6), tuple, 77, rng.int(2 ** 32)).what,
    )
    expect(lucky.filter((what) => what !== 'forged')).toEqual([])
  })
})

describe('a timestamp that carries options', () => {
  it('gives them back and is never ahead, and less than 64 ticks behind', () => {
    const carried = fc.record({
      windowScale: fc.option(fc.integer({ min: 0, max: 14 }), { nil: undefined }),
      sack: fc.boolean(),
      ecn: fc.boolean(),
    })
    fc.assert(
      fc.property(fc.integer({ min: 0, max: 0xffff_ffff }), carried, (timestamp, options) => {
        const stamped = carryOptions(timestamp, options)
        expect(carriedOptions(stamped)).toEqual(options)
        expect(before(timestamp, stamped)).toBe(false)
        expect((timestamp - stamped) >>> 0).toBeLessThan(64)
      }),
    )
  })
})
