/**
 * The way out of a host: makes IPv4 packets, cuts those that are too long, and keeps in order what waits to be
 * fetched (RFC 791; identification RFC 6864; fragmentation RFC 1122 3.3.3). TCP's segments do not wait here: the
 * host asks TCP for them one by one.
 */
import type { Datagram } from '../sansio.ts'
import { PacketArena } from '../wire/arena.ts'
import type { Ipv4Address } from '../wire/address.ts'
import { fragmentIpv4 } from '../wire/fragment.ts'
import { encodeIpv4, IPV4_MIN_HEADER, NO_OPTIONS, NOT_ECT } from '../wire/ipv4.ts'

export interface PacketSpec {
  readonly protocol: number
  readonly destination: Ipv4Address
  readonly payloadLength: number
  readonly dontFragment: boolean
  /** Instead of the host's own. */
  readonly source?: Ipv4Address
  readonly ttl?: number
  readonly ecn?: number
}

/** A packet that is finished and has no number yet; `announce` tells the trace of it when it has. */
interface Waiting {
  readonly bytes: Uint8Array
  readonly announce: (pkt: number) => void
}

/** Packets that wait before new ones are refused, as with an interface's transmit queue. */
const WAITING_LIMIT = 1000

export class IpOutput {
  /** The source of what is made from now on; what waits keeps its own. */
  address: Ipv4Address
  readonly mtu: number
  private readonly ttl: number
  private readonly arena = new PacketArena()
  private readonly waiting: Waiting[] = []
  private identification: number

  constructor(address: Ipv4Address, mtu: number, ttl: number, firstIdentification: number) {
    this.address = address
    this.mtu = mtu
    this.ttl = ttl
    this.identification = firstIdentification
  }

  /** A packet with its header written; the payload, at IPV4_MIN_HEADER, is for the caller to write. */
  start(spec: PacketSpec): Uint8Array {
    const bytes = this.arena.allocate(IPV4_MIN_HEADER + spec.payloadLength)
    const header = {
      dscp: 0,
      ecn: spec.ecn ?? NOT_ECT,
      identification: this.identification,
      dontFragment: spec.dontFragment,
      moreFragments: false,
      fragmentOffset: 0,
      ttl: spec.ttl ?? this.ttl,
      protocol: spec.protocol,
      source: spec.source ?? this.address,
      destination: spec.destination,
      options: NO_OPTIONS,
    }
    this.identification = (this.identification + 1) & 0xffff
    encodeIpv4(header, spec.payloadLength, bytes)
    return bytes
  }

  /** Whether there is no room for another packet. */
  get isFull(): boolean {
    return this.waiting.length >= WAITING_LIMIT
  }

  /** What waits never leaves. */
  clear(): void {
    this.waiting.length = 0
  }

  /** Puts a packet in the queue, whatever its length. */
  push(bytes: Uint8Array, announce: (pkt: number) => void): void {
    this.waiting.push({ bytes, announce })
  }

  /**
   * Puts a packet in the queue, in fragments if it is longer than the MTU. `announce` is called once, with the
   * number of the first piece; `announceFragment` for each piece when there are several. False: Don't Fragment
   * forbids it.
   */
  pushCut(
    bytes: Uint8Array,
    announce: (pkt: number) => void,
    announceFragment: (fragment: Uint8Array, pkt: number) => void,
  ): boolean {
    const cut = fragmentIpv4(bytes, this.mtu)
    if (!cut.ok) return false
    const pieces = cut.value
    pieces.forEach((piece, i) => {
      this.push(piece, (pkt) => {
        if (i === 0) announce(pkt)
        if (pieces.length > 1) announceFragment(piece, pkt)
      })
    })
    return true
  }

  /** The packet that has waited longest, numbered and announced; undefined when none waits. */
  shift(nextPacketId: () => number): Datagram | undefined {
    const next = this.waiting.shift()
    if (next === undefined) return undefined
    const id = nextPacketId()
    next.announce(id)
    return { id, bytes: next.bytes, port: 0 }
  }
}
