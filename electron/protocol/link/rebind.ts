/**
 * A network address translator that forgets its mappings once, in mid-run, as home routers do (RFC 4787 4.3;
 * RFC 9000 9.3.3 calls it NAT rebinding): from then on the near side's packets come from elsewhere.
 */
import type { RebindSpec } from '../../../shared/link.ts'
import type { Micros } from '../../../shared/units.ts'
import { parseAddress, type Ipv4Address } from '../wire/address.ts'
import { read16, read32, write16, write32 } from '../wire/bytes.ts'
import { PROTOCOL_TCP, PROTOCOL_UDP } from '../wire/ipv4.ts'
import { isIpv4, transportLayout, type PacketStart } from './peek.ts'
import { followInHeader, followInTransport } from './rewrite.ts'

/** In the IPv4 header. */
const SOURCE = 12
const DESTINATION = 16

interface Inside {
  readonly address: Ipv4Address
  readonly port: number
}

/** The translator at the near side of one direction. ICMP errors' quotations are not translated. */
export class Rebinding {
  private readonly ip: PacketStart
  private at = 0
  private outside: Ipv4Address = 0
  private portShift = 0
  /** By protocol and outside port. */
  private readonly mappings = new Map<string, Inside>()
  private readonly insideAddresses = new Set<Ipv4Address>()
  private lastInside: Ipv4Address = 0

  constructor(ip: PacketStart) {
    this.ip = ip
  }

  configure(spec: RebindSpec): void {
    this.at = spec.at
    this.outside = parseAddress(spec.address) ?? 0
    this.portShift = spec.portShift % 65_536
  }

  get active(): boolean {
    return this.at > 0
  }

  /** A packet that leaves the near side. */
  outward(now: Micros, bytes: Uint8Array): Uint8Array {
    const { ip } = this
    if (!isIpv4(bytes, ip)) return bytes
    const address = read32(bytes, ip + SOURCE)
    this.insideAddresses.add(address)
    if (now < this.at) return bytes
    this.lastInside = address
    const ports = portsOf(bytes, ip)
    if (ports === undefined) return translate(bytes, ip, SOURCE, this.outside, undefined)
    const outsidePort = (ports.source + this.portShift) % 65_536
    this.mappings.set(`${bytes[ip + 9]}:${outsidePort}`, { address, port: ports.source })
    return translate(bytes, ip, SOURCE, this.outside, outsidePort)
  }

  /** A packet for the near side; undefined when no mapping leads to anyone, so that it dies. */
  inward(now: Micros, bytes: Uint8Array): Uint8Array | undefined {
    const { ip } = this
    if (now < this.at || !isIpv4(bytes, ip)) return bytes
    const destination = read32(bytes, ip + DESTINATION)
    if (destination !== this.outside) return this.insideAddresses.has(destination) ? undefined : bytes
    const ports = portsOf(bytes, ip)
    if (ports === undefined) {
      return this.lastInside === 0 ? undefined : translate(bytes, ip, DESTINATION, this.lastInside, undefined)
    }
    const inside = this.mappings.get(`${bytes[ip + 9]}:${ports.destination}`)
    return inside && translate(bytes, ip, DESTINATION, inside.address, inside.port)
  }
}

function portsOf(bytes: Uint8Array, ip: PacketStart): { source: number; destination: number } | undefined {
  const layout = transportLayout(bytes, ip)
  if (layout?.protocol !== PROTOCOL_TCP && layout?.protocol !== PROTOCOL_UDP) return undefined
  return { source: read16(bytes, layout.transport), destination: read16(bytes, layout.transport + 2) }
}

/** A copy with another address at `place` of its IPv4 header, another port that belongs to it, and valid checksums (RFC 3022 4.1). */
function translate(
  bytes: Uint8Array,
  ip: PacketStart,
  place: number,
  address: Ipv4Address,
  port: number | undefined,
): Uint8Array {
  const copy = bytes.slice()
  const layout = transportLayout(copy, ip)
  const at = ip + place
  const hasPseudoHeader = layout?.protocol === PROTOCOL_TCP || layout?.protocol === PROTOCOL_UDP
  write32(copy, at, address)
  for (const word of [at, at + 2]) {
    const before = read16(bytes, word)
    const now = read16(copy, word)
    followInHeader(copy, ip, before, now)
    if (layout !== undefined && hasPseudoHeader) followInTransport(copy, layout, before, now)
  }
  if (layout !== undefined && port !== undefined) {
    const field = layout.transport + (place === SOURCE ? 0 : 2)
    write16(copy, field, port)
    followInTransport(copy, layout, read16(bytes, field), port)
  }
  return copy
}
