import type { CorruptSpec } from '../../../shared/link.ts'
import type { Rng } from '../random.ts'
import { read16 } from '../wire/bytes.ts'
import { PROTOCOL_ICMP, PROTOCOL_TCP } from '../wire/ipv4.ts'
import { Chance, CorrelatedDice } from './dice.ts'
import { isIpv4, transportLayout, type Layout, type PacketStart } from './peek.ts'
import { followInTransport } from './rewrite.ts'

export interface Corruption {
  readonly bytes: Uint8Array
  /** The byte that changed. */
  readonly offset: number
  readonly repaired: boolean
}

/**
 * Flips one bit in a share of the packets: in the payload of the transport protocol, or of its fixed header when
 * there is no payload. The IP header stays whole and so does the shape of the packet, so that exactly one
 * checksum is bad, or, with `repair`, none: then only the application can tell. What has no payload is
 * left alone by `repair`; so is an ARP message always, which only the check of its frame protects: hardware would drop it.
 */
export class Corrupter {
  readonly chance: Chance
  private readonly where: CorrelatedDice
  private readonly ip: PacketStart
  private repair = false

  constructor(rng: Rng, ip: PacketStart) {
    this.ip = ip
    this.chance = new Chance(rng.fork('whether'))
    this.where = new CorrelatedDice(rng.fork('where'))
  }

  configure(spec: CorruptSpec): void {
    this.chance.configure(spec)
    this.repair = spec.repair
  }

  /** The n-th packet's corrupted copy; undefined when it is spared. */
  corrupt(n: number, bytes: Uint8Array): Corruption | undefined {
    const where = this.where.at(n)
    if (!this.chance.happens(n) || bytes.length === 0) return undefined
    if (this.ip > 0 && !isIpv4(bytes, this.ip)) return undefined
    const layout = transportLayout(bytes, this.ip)
    const hasPayload = layout !== undefined && layout.payload < layout.end
    if (this.repair && !hasPayload) return undefined

    const [from, to] = layout === undefined ? [this.ip, this.endOf(bytes)] : target(layout)
    const bit = Math.floor(where * (to - from) * 8)
    const offset = from + (bit >>> 3)
    const copy = bytes.slice()
    copy[offset] ^= 1 << (bit & 7)
    if (this.repair && layout !== undefined) repair(bytes, copy, offset, layout)
    return { bytes: copy, offset, repaired: this.repair }
  }

  /** Where the packet ends; a frame may be padded beyond. */
  private endOf(bytes: Uint8Array): number {
    return this.ip === 0 ? bytes.length : Math.min(bytes.length, this.ip + read16(bytes, this.ip + 2))
  }
}

/** The bytes that may be hit. Of headers those that say how long something is are spared. */
function target(layout: Layout): [number, number] {
  if (layout.payload < layout.end) return [layout.payload, layout.end]
  switch (layout.protocol) {
    case PROTOCOL_TCP:
      return [layout.transport, layout.transport + 12]
    case PROTOCOL_ICMP:
      return [layout.transport + 4, layout.transport + 8]
    default:
      return [layout.transport, layout.transport + 4]
  }
}

/** Words are counted from the transport header, which begins at an even place. */
function repair(before: Uint8Array, now: Uint8Array, offset: number, layout: Layout): void {
  const at = offset & ~1
  const word = (bytes: Uint8Array): number => (bytes[at] << 8) | (at + 1 < layout.end ? bytes[at + 1] : 0)
  followInTransport(now, layout, word(before), word(now))
}
