/**
 * SYN cookies (RFC 4987 3.6 and appendix A): the initial sequence number of a SYN-ACK says, to nobody but us, all that has to be
 * known to make the connection once its ACK comes. So a listener whose SYN queue is full remembers nobody and still serves everybody
 * who can hear it.
 *
 * From its top: 5 bits of a clock, 3 bits that choose an MSS, 24 bits of a keyed hash over both, the four-tuple and the peer's
 * initial sequence number. Window scale, SACK and ECN find no room there; they ride in the lowest bits of the timestamp, which the
 * peer echoes (as Linux and FreeBSD do). Without timestamps such a connection does without them.
 */
import type { Micros } from '../../../shared/units.ts'
import type { SyncCrypto } from '../crypto.ts'
import type { FourTuple } from './isn.ts'

/** RFC 4987 appendix A: the clock ticks every 64 s, and a cookie is good in its own tick and the next. */
const TICK = 64_000_000
const TICKS = 32
const GOOD_FOR = 2
/** How long after a cookie was sent an ACK may still bring it back. */
export const COOKIE_LIFETIME = GOOD_FOR * TICK

/** Of the peer's MSS the largest of these that is not above it is kept; the common ones lose nothing. */
const MSS_VALUES = [64, 536, 1_220, 1_360, 1_400, 1_440, 1_460, 8_960] as const

/** What a cookie said when it came back. */
export interface Verdict {
  readonly what: 'accepted' | 'expired' | 'forged'
  readonly mss: number
}

export class SynCookies {
  private readonly crypto: SyncCrypto
  private readonly secret: Uint8Array

  constructor(crypto: SyncCrypto, secret: Uint8Array) {
    this.crypto = crypto
    this.secret = secret
  }

  /** The initial sequence number for an answer to the SYN with `peerInitial`, and the MSS that it remembers. */
  make(
    now: Micros,
    tuple: FourTuple,
    peerInitial: number,
    peerMss: number,
  ): { sequence: number; mss: number } {
    const tick = tickOf(now)
    const kept = Math.max(0, MSS_VALUES.filter((mss) => mss <= peerMss).length - 1)
    return { sequence: this.sequenceOf(tick, kept, tuple, peerInitial), mss: MSS_VALUES[kept] }
  }

  /** Whether `sequence` is a cookie that this end made for that SYN, and not too long ago. */
  check(now: Micros, tuple: FourTuple, peerInitial: number, sequence: number): Verdict {
    const current = tickOf(now)
    const age = (current - (sequence >>> 27)) & (TICKS - 1)
    const tick = current - age
    const kept = (sequence >>> 24) & 7
    const isOurs = tick >= 0 && this.sequenceOf(tick, kept, tuple, peerInitial) === sequence
    const what = !isOurs ? 'forged' : age < GOOD_FOR ? 'accepted' : 'expired'
    return { what, mss: MSS_VALUES[kept] }
  }

  private sequenceOf(tick: number, kept: number, tuple: FourTuple, peerInitial: number): number {
    const data = new Uint8Array(21)
    const view = new DataView(data.buffer)
    view.setUint32(0, tuple.localAddress)
    view.setUint16(4, tuple.localPort)
    view.setUint32(6, tuple.remoteAddress)
    view.setUint16(10, tuple.remotePort)
    view.setUint32(12, peerInitial)
    view.setUint32(16, tick)
    view.setUint8(20, kept)
    const [a, b, c] = this.crypto.hmacSha256(this.secret, data)
    return (((tick % TICKS) << 27) | (kept << 24) | (a << 16) | (b << 8) | c) >>> 0
  }
}

const tickOf = (now: Micros): number => Math.floor(now / TICK)

/** What of a SYN's options the timestamp carries. */
export interface CarriedOptions {
  /** undefined: no scaling. */
  readonly windowScale: number | undefined
  readonly sack: boolean
  readonly ecn: boolean
}

const CARRIED_BITS = 6
const CARRIED_MASK = (1 << CARRIED_BITS) - 1
const NO_SCALE = 15
const SACK_BIT = 16
const ECN_BIT = 32

/** A timestamp that carries these options and is not ahead of `timestamp`, so that time never runs backwards for the peer. */
export function carryOptions(
  timestamp: number,
  { windowScale = NO_SCALE, sack, ecn }: CarriedOptions,
): number {
  const bits = windowScale | (sack ? SACK_BIT : 0) | (ecn ? ECN_BIT : 0)
  const stamped = ((timestamp & ~CARRIED_MASK) | bits) >>> 0
  return bits > (timestamp & CARRIED_MASK) ? (stamped - (1 << CARRIED_BITS)) >>> 0 : stamped
}

/** The options that an echoed timestamp carries. */
export function carriedOptions(echo: number): CarriedOptions {
  const windowScale = echo & 15
  return {
    windowScale: windowScale === NO_SCALE ? undefined : windowScale,
    sack: (echo & SACK_BIT) !== 0,
    ecn: (echo & ECN_BIT) !== 0,
  }
}
