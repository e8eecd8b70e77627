/**
 * Putting fragments together again: RFC 791 3.2, RFC 815, RFC 1122 3.3.2; overlaps as RFC 5722 3 and RFC 8200 4.5
 * have it for IPv6; ECN of RFC 3168 5.3.
 *
 * RFC 791 lets a later fragment overwrite what an earlier one brought. No honest sender makes such fragments;
 * they serve to slip past filters that put them together otherwise than the host does (RFC 1858, RFC 3128). So a
 * datagram whose fragments overlap is given up as a whole, and what still comes of it is dropped. An exact copy of a
 * fragment is no overlap: networks duplicate packets (RFC 8200 4.5).
 */
import { after, type Micros } from '../../../shared/units.ts'
import {
  CE,
  encodeIpv4,
  IPV4_MAX_PACKET,
  IPV4_MIN_HEADER,
  ipv4HeaderLength,
  NOT_ECT,
  type Ipv4Header,
  type Ipv4Packet,
} from './ipv4.ts'

export interface ReassemblySettings {
  /** How long after its first fragment a datagram is given up; RFC 1122 3.3.2 asks for 60 to 120 s. */
  readonly timeout: Micros
  /** The most bytes that all unfinished datagrams may hold; beyond it the oldest are given up. */
  readonly memory: number
}

export const REASSEMBLY_DEFAULTS: ReassemblySettings = { timeout: 60_000_000 as Micros, memory: 4_194_304 }

export type AbandonReason = 'timeout' | 'overlap' | 'too_many' | 'too_long' | 'ecn_mismatch'

/** A datagram that was given up. */
export interface Abandoned {
  readonly reason: AbandonReason
  readonly identification: number
  /** The fragment at offset 0 as it came, if it did: what an ICMP error quotes (RFC 1122 3.3.2). */
  readonly first: Uint8Array | undefined
}

/** What became of a fragment. */
export type ReassemblyStep =
  /** Kept until the others are there. */
  | { readonly kind: 'held' }
  /** It was the last one missing: the whole packet, with a header of its own and valid checksum. */
  | { readonly kind: 'complete'; readonly bytes: Uint8Array }
  /** Not taken: an exact copy, a fragment that no sender may make, or one of a datagram that was given up. */
  | { readonly kind: 'ignored'; readonly reason: 'duplicate' | 'bad_fragment' | 'abandoned' }

interface Fragment {
  readonly start: number
  readonly end: number
  /** The whole fragment, header included. */
  readonly bytes: Uint8Array
  readonly headerLength: number
  readonly ecn: number
}

/** One datagram in the making. */
interface Unfinished {
  readonly key: string
  readonly identification: number
  readonly deadline: Micros
  /** By offset, without overlap. */
  fragments: Fragment[]
  /** Bytes of payload in them. */
  received: number
  /** Where the payload ends, once the last fragment has told. */
  total: number | undefined
  /** The header of the fragment at offset 0. */
  header: Ipv4Header | undefined
  /** Bytes that count against `memory`. */
  held: number
  /** Given up; stays until the deadline so that what still comes is known for what it is. */
  dead: boolean
}

/** What keeping one fragment or datagram costs besides its bytes, so that tiny ones are not for free. */
const OVERHEAD = 128

export class Reassembler {
  private readonly settings: ReassemblySettings
  /** In the order of their first fragment, hence of their deadlines. */
  private readonly unfinished = new Map<string, Unfinished>()
  private readonly abandoned: Abandoned[] = []
  private heldBytes = 0

  constructor(settings: ReassemblySettings = REASSEMBLY_DEFAULTS) {
    this.settings = settings
  }

  /** Bytes held at present, an allowance for bookkeeping included. */
  get held(): number {
    return this.heldBytes
  }

  /**
   * Takes the fragment in `bytes` whose header is `packet`. The bytes are kept as they are, not copied. What was
   * given up on the way is told by `pollAbandoned`.
   */
  handleFragment(now: Micros, packet: Ipv4Packet, bytes: Uint8Array): ReassemblyStep {
    const fragment = asFragment(packet, bytes)
    if (fragment === undefined) return { kind: 'ignored', reason: 'bad_fragment' }
    const datagram = this.find(now, packet)
    if (datagram.dead) return { kind: 'ignored', reason: 'abandoned' }
    const place = placeOf(datagram.fragments, fragment.start)
    const known = datagram.fragments[place]
    if (known !== undefined && isCopy(known, fragment)) return { kind: 'ignored', reason: 'duplicate' }
    const misfit = misfitOf(datagram, place, packet, fragment)
    if (misfit !== undefined) return this.abandon(datagram, misfit)
    this.insert(datagram, place, packet, fragment)
    if (datagram.received === datagram.total) return this.finish(datagram)
    this.makeRoom()
    return { kind: 'held' }
  }

  /** When `handleTimeout` has something to do; undefined: nothing is unfinished. */
  pollTimeout(): Micros | undefined {
    for (const datagram of this.unfinished.values()) return datagram.deadline
    return undefined
  }

  /** Gives up the datagrams whose time is over. */
  handleTimeout(now: Micros): void {
    for (const datagram of this.unfinished.values()) {
      if (datagram.deadline > now) return
      if (!datagram.dead) this.abandon(datagram, 'timeout')
      this.remove(datagram)
    }
  }

  /** Forgets all that is unfinished, without a word. */
  clear(): void {
    this.unfinished.clear()
    this.abandoned.length = 0
    this.heldBytes = 0
  }

  /** The next datagram that was given up. Call until undefined. */
  pollAbandoned(): Abandoned | undefined {
    return this.abandoned.shift()
  }

  /** The four fields that fragments of one datagram share (RFC 791 3.2). */
  private find(now: Micros, packet: Ipv4Packet): Unfinished {
    const { source, destination, protocol, identification } = packet
    const key = `${source} ${destination} ${protocol} ${identification}`
    const known = this.unfinished.get(key)
    if (known !== undefined) return known
    const datagram: Unfinished = {
      key,
      identification,
      deadline: after(now, this.settings.timeout),
      fragments: [],
      received: 0,
      total: undefined,
      header: undefined,
      held: OVERHEAD,
      dead: false,
    }
    this.unfinished.set(key, datagram)
    this.heldBytes += OVERHEAD
    this.makeRoom()
    return datagram
  }

  private insert(datagram: Unfinished, place: number, packet: Ipv4Packet, fragment: Fragment): void {
    datagram.fragments.splice(place, 0, fragment)
    datagram.received += fragment.end - fragment.start
    if (!packet.moreFragments) datagram.total = fragment.end
    if (fragment.start === 0) datagram.header = packet
    const cost = fragment.bytes.length + OVERHEAD
    datagram.held += cost
    this.heldBytes += cost
  }

  private finish(datagram: Unfinished): ReassemblyStep {
    const { header, received } = datagram
    const ecn = commonEcn(datagram.fragments)
    if (header === undefined || ecn === undefined) return this.abandon(datagram, 'ecn_mismatch')
    if (ipv4HeaderLength(header.options) + received > IPV4_MAX_PACKET)
      return this.abandon(datagram, 'too_long')
    this.remove(datagram)
    const bytes = new Uint8Array(ipv4HeaderLength(header.options) + received)
    const whole = { ...header, ecn, moreFragments: false, fragmentOffset: 0 }
    const headerLength = encodeIpv4(whole, received, bytes)
    for (const fragment of datagram.fragments) {
      const end = fragment.headerLength + fragment.end - fragment.start
      bytes.set(fragment.bytes.subarray(fragment.headerLength, end), headerLength + fragment.start)
    }
    return { kind: 'complete', bytes }
  }

  /** Drops what is held of a datagram; the entry stays as a headstone. */
  private abandon(datagram: Unfinished, reason: AbandonReason): ReassemblyStep {
    const first = datagram.fragments[0]
    this.abandoned.push({
      reason,
      identification: datagram.identification,
      first: first?.start === 0 ? first.bytes : undefined,
    })
    this.heldBytes -= datagram.held - OVERHEAD
    datagram.held = OVERHEAD
    datagram.fragments = []
    datagram.dead = true
    return { kind: 'ignored', reason: 'abandoned' }
  }

  private remove(datagram: Unfinished): void {
    this.heldBytes -= datagram.held
    this.unfinished.delete(datagram.key)
  }

  private makeRoom(): void {
    for (const datagram of this.unfinished.values()) {
      if (this.heldBytes <= this.settings.memory) return
      if (!datagram.dead) this.abandon(datagram, 'too_many')
      this.remove(datagram)
    }
  }
}

/** The place of a fragment in its datagram; undefined for one that no sender may make (RFC 791 3.2). */
function asFragment(packet: Ipv4Packet, bytes: Uint8Array): Fragment | undefined {
  const length = packet.totalLength - packet.headerLength
  if (length === 0 || (packet.moreFragments && length % 8 !== 0)) return undefined
  const { headerLength, ecn, fragmentOffset: start } = packet
  return { start, end: start + length, bytes, headerLength, ecn }
}

/** The index of the first fragment that starts at `start` or later. */
function placeOf(fragments: readonly Fragment[], start: number): number {
  let low = 0
  let high = fragments.length
  while (low < high) {
    const middle = (low + high) >>> 1
    if (fragments[middle].start < start) low = middle + 1
    else high = middle
  }
  return low
}

function isCopy(a: Fragment, b: Fragment): boolean {
  if (a.start !== b.start || a.end !== b.end) return false
  for (let i = 0; i < a.end - a.start; i++) {
    if (a.bytes[a.headerLength + i] !== b.bytes[b.headerLength + i]) return false
  }
  return true
}

/** Why a fragment contradicts those that are there, or could be part of no datagram at all. */
function misfitOf(
  datagram: Unfinished,
  place: number,
  packet: Ipv4Packet,
  fragment: Fragment,
): AbandonReason | undefined {
  if (IPV4_MIN_HEADER + fragment.end > IPV4_MAX_PACKET) return 'too_long'
  const { fragments, total } = datagram
  const before = fragments[place - 1]
  const next = fragments[place]
  if ((before && before.end > fragment.start) || (next && next.start < fragment.end)) return 'overlap'
  const beyondTheEnd = total !== undefined && fragment.end > total
  const endBeforeOthers = !packet.moreFragments && (next !== undefined || total !== undefined)
  return beyondTheEnd || endBeforeOthers ? 'overlap' : undefined
}

/** The whole packet's ECN codepoint; undefined: there is none that loses no mark (RFC 3168 5.3). */
function commonEcn(fragments: readonly Fragment[]): number | undefined {
  if (!fragments.some(({ ecn }) => ecn === CE)) return fragments[0].ecn
  return fragments.some(({ ecn }) => ecn === NOT_ECT) ? undefined : CE
}
