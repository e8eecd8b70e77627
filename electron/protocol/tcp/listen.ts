/** SEGMENT ARRIVES in LISTEN (RFC 9293 3.10.7.2), and what a full SYN queue does about it (RFC 4987 3.6). */
import type { TcpSettings } from '../../../shared/tcp.ts'
import type { Trace } from '../../../shared/trace/sink.ts'
import type { Micros } from '../../../shared/units.ts'
import type { SyncCrypto } from '../crypto.ts'
import { flowName, type Endpoint, type Ipv4Address } from '../wire/address.ts'
import { NOT_ECT } from '../wire/ipv4.ts'
import { ACK, CWR, ECE, RST, SYN, type TcpOptions, type TcpSegment } from '../wire/tcp.ts'
import { segmentArrives } from './arrives.ts'
import type { ControlBlock } from './control-block.ts'
import type { OutgoingSegment } from './events.ts'
import { DEFAULT_MSS, establish, learnPeer } from './handshake.ts'
import type { FourTuple } from './isn.ts'
import type { TcpListener } from './listener.ts'
import { windowShiftFor } from './receiver.ts'
import { carriedOptions, carryOptions, SynCookies } from './syn-cookies.ts'

/** What LISTEN needs of its stack. */
export interface ListenOwner {
  /** A new connection in the table, in CLOSED; a `cookie` is its initial sequence number, and it has to be beyond a `previous` one. */
  create(now: Micros, listener: TcpListener, { cookie, previous, remote }: Birth): ControlBlock
  /** What the timestamps of this four-tuple begin with. */
  timestampOffset(now: Micros, tuple: FourTuple): number
  /** Puts a segment of no connection on the wire. */
  answer(segment: OutgoingSegment): void
  refuse(source: Ipv4Address, segment: TcpSegment, rule: string, answer: 'none' | 'rst'): void
  traceOf(source: Ipv4Address, segment: TcpSegment): Trace
}

export interface Birth {
  readonly remote: Endpoint
  readonly cookie?: number
  readonly previous?: ControlBlock
}

/** A segment for a port that is listened on. */
export interface Arrival {
  readonly tuple: FourTuple
  readonly segment: TcpSegment
  /** The ECN field of its IP packet. */
  readonly codepoint: number
  /** The connection in TIME-WAIT in whose place it may begin another. */
  readonly previous?: ControlBlock
}

const EMPTY = new Uint8Array(0)

export class Listening {
  private readonly owner: ListenOwner
  private readonly cookies: SynCookies

  /** @param secret 32 bytes that nobody else knows */
  constructor(owner: ListenOwner, crypto: SyncCrypto, secret: Uint8Array) {
    this.owner = owner
    this.cookies = new SynCookies(crypto, secret)
  }

  /** The steps of 3.10.7.2 in their order. */
  arrives(now: Micros, arrival: Arrival, listener: TcpListener): void {
    const { tuple, segment } = arrival
    const { flags } = segment
    const source = tuple.remoteAddress
    if (flags & RST) {
      return this.owner.refuse(source, segment, 'RFC 9293 3.10.7.2 first: RST in LISTEN', 'none')
    }
    if (flags & ACK) {
      if (this.opensByCookie(now, arrival, listener)) return
      return this.owner.refuse(source, segment, 'RFC 9293 3.10.7.2 second: ACK in LISTEN', 'rst')
    }
    if (!(flags & SYN)) {
      return this.owner.refuse(source, segment, 'RFC 9293 3.10.7.2 fourth: not a SYN', 'none')
    }
    if (!listener.isFull && !listener.isSynQueueFull) return this.open(now, arrival, listener)
    if (!listener.isFull && listener.settings.synCookies) {
      return this.sendCookie(now, arrival, listener)
    }
    listener.onOverflow()
    const queue = listener.isFull ? 'accept' : 'SYN'
    this.owner.refuse(source, segment, `RFC 4987 2: ${queue} queue full`, 'none')
  }

  /** Third: a SYN, and room for it. */
  private open(now: Micros, { tuple, segment, previous }: Arrival, listener: TcpListener): void {
    const block = this.owner.create(now, listener, { remote: remoteOf(tuple), previous })
    learnPeer(block, now, segment)
    block.trace.emit('tcp:segment_received', { payload: segment.payload.length, new_data: 0 })
    const twoWay = listener.settings.twoWayHandshake
    // RFC 9293 3.3.2: the connection begins as a copy of the LISTEN that it was opened by.
    const firstSentAt = twoWay ? undefined : now
    block.setState({ name: 'SYN-RECEIVED', passive: true, firstSentAt, resent: 0 }, 'segment')
    if (twoWay) establish(block, now, segment)
    else listener.onHalfOpen(block)
    block.sendSyn()
  }

  // --- SYN cookies ----------------------------------------------------------------------------------------

  /** Answers a SYN and forgets it: all that is known of it is in the answer. */
  private sendCookie(now: Micros, { tuple, segment }: Arrival, listener: TcpListener): void {
    const { options, flags } = segment
    const { settings } = listener
    const { sequence, mss } = this.cookies.make(now, tuple, segment.sequence, options.mss ?? DEFAULT_MSS)
    const ecn = settings.ecn && (flags & (ECE | CWR)) === (ECE | CWR)
    const offset = this.owner.timestampOffset(now, tuple)
    const flow = flowName(tuple.localAddress, tuple.localPort, tuple.remoteAddress, tuple.remotePort)
    const answer = cookieOptions(now, options, settings, offset, ecn)
    const window = Math.min(0xffff, settings.receiveBuffer)
    this.owner.traceOf(tuple.remoteAddress, segment).emit('tcp:syn_cookie', { what: 'sent', mss })
    listener.onCookieSent(now)
    this.owner.answer({
      destination: tuple.remoteAddress,
      segment: {
        sourcePort: tuple.localPort,
        destinationPort: tuple.remotePort,
        sequence,
        acknowledgment: (segment.sequence + 1) >>> 0,
        flags: SYN | ACK | (ecn && answer.timestamps !== undefined ? ECE : 0),
        window,
        urgent: 0,
        options: answer,
        payload: EMPTY,
      },
      cause: '',
      flow,
      scaledWindow: window,
      ecn: NOT_ECT,
      fresh: undefined,
    })
  }

  /** An ACK that no connection waits for may bring a cookie back. False: it does not, and is what any other ACK is here. */
  private opensByCookie(now: Micros, arrival: Arrival, listener: TcpListener): boolean {
    const { tuple, segment, codepoint } = arrival
    if (segment.flags & SYN || !listener.expectsCookies(now)) return false
    const peerInitial = (segment.sequence - 1) >>> 0
    const cookie = (segment.acknowledgment - 1) >>> 0
    const { what, mss } = this.cookies.check(now, tuple, peerInitial, cookie)
    this.owner.traceOf(tuple.remoteAddress, segment).emit('tcp:syn_cookie', { what, mss })
    if (what !== 'accepted') return false
    if (listener.isFull) {
      // As for any last ACK of a handshake; the peer's data will bring the cookie again.
      listener.onOverflow()
      this.owner.refuse(tuple.remoteAddress, segment, 'RFC 4987 2: accept queue full', 'none')
      return true
    }
    const block = this.owner.create(now, listener, { remote: remoteOf(tuple), cookie })
    learnPeer(block, now, synOf(segment, peerInitial, mss))
    block.recallSyn()
    block.setState({ name: 'SYN-RECEIVED', passive: true, firstSentAt: undefined, resent: 0 }, 'segment')
    segmentArrives(block, now, segment, codepoint)
    return true
  }
}

const remoteOf = (tuple: FourTuple): Endpoint => ({ address: tuple.remoteAddress, port: tuple.remotePort })

/** The options of an answer with a cookie: those that both ends want and that can be remembered. */
function cookieOptions(
  now: Micros,
  offered: TcpOptions,
  settings: TcpSettings,
  timestampOffset: number,
  ecn: boolean,
): TcpOptions {
  const mss = settings.mssOption ? settings.mss : undefined
  if (!settings.timestamps || offered.timestamps === undefined) return { mss }
  const sack = settings.sack && offered.sackPermitted === true
  const scales = settings.windowScaling && offered.windowScale !== undefined
  const carried = { windowScale: scales ? Math.min(14, offered.windowScale) : undefined, sack, ecn }
  const timestamp = (Math.floor(now / 1_000) + timestampOffset) >>> 0
  return {
    mss,
    windowScale: scales ? windowShiftFor(settings.receiveBuffer) : undefined,
    sackPermitted: sack,
    timestamps: { value: carryOptions(timestamp, carried), echo: offered.timestamps.value },
  }
}

/** The SYN that a cookie was made for, as far as cookie and timestamp tell. */
function synOf(segment: TcpSegment, sequence: number, mss: number): TcpSegment {
  const { timestamps } = segment.options
  const carried = timestamps === undefined ? undefined : carriedOptions(timestamps.echo)
  const options = { mss, timestamps, windowScale: carried?.windowScale, sackPermitted: carried?.sack }
  const flags = carried?.ecn ? SYN | ECE | CWR : SYN
  return { ...segment, sequence, flags, options, payload: EMPTY }
}
