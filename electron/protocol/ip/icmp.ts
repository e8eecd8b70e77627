/** ICMP at hosts and routers: when an error may be answered, and which echo belongs to which ping. */
import { elapsed, type Micros } from '../../../shared/units.ts'
import { isSingleHost, type Ipv4Address } from '../wire/address.ts'
import { isIcmpError, type IcmpEcho } from '../wire/icmp.ts'
import { PROTOCOL_ICMP, type Ipv4Packet } from '../wire/ipv4.ts'

/**
 * Whether the packet in `bytes` may be answered with an ICMP error at all: never one that is an error itself, was sent to many, is
 * a fragment other than the first, or has no single sender (RFC 1122 3.2.2, RFC 1812 4.3.2.7).
 */
export function mayBeTold(packet: Ipv4Packet, bytes: Uint8Array): boolean {
  if (!isSingleHost(packet.destination) || !isSingleHost(packet.source) || packet.fragmentOffset > 0)
    return false
  if (packet.protocol !== PROTOCOL_ICMP) return true
  return packet.totalLength > packet.headerLength && !isIcmpError(bytes[packet.headerLength])
}

/** The same for a host with this address, which answers for nobody else. */
export const mayReportError = (packet: Ipv4Packet, bytes: Uint8Array, address: Ipv4Address): boolean =>
  packet.destination === address && mayBeTold(packet, bytes)

/** Echo requests that may be unanswered at a time; beyond it the oldest are forgotten. */
const PENDING_LIMIT = 1024

export interface EchoId {
  readonly identifier: number
  readonly sequence: number
}

/** The pings that wait for their answer. */
export class Pings {
  private readonly sent = new Map<string, Micros>()
  private readonly identifier: number
  private sequence = 0

  constructor(identifier: number) {
    this.identifier = identifier
  }

  /** The next request's identifier and sequence number. */
  start(now: Micros, to: Ipv4Address): EchoId {
    this.sequence = (this.sequence + 1) & 0xffff
    const id = { identifier: this.identifier, sequence: this.sequence }
    this.sent.set(keyOf(id, to), now)
    if (this.sent.size > PENDING_LIMIT) {
      for (const oldest of this.sent.keys()) {
        this.sent.delete(oldest)
        break
      }
    }
    return id
  }

  /** Nobody waits for an answer any more. */
  clear(): void {
    this.sent.clear()
  }

  /** The round-trip time that this reply ends; undefined: nobody waits for it (any more). */
  finish(now: Micros, from: Ipv4Address, reply: IcmpEcho): Micros | undefined {
    const key = keyOf(reply, from)
    const sentAt = this.sent.get(key)
    this.sent.delete(key)
    return sentAt === undefined ? undefined : elapsed(sentAt, now)
  }
}

const keyOf = ({ identifier, sequence }: EchoId, host: Ipv4Address): string =>
  `${host} ${identifier} ${sequence}`
