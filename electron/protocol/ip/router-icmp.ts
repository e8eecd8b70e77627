/** The ICMP messages of a router: its packets, and how often it may complain (RFC 1812 4.3.2). */
import { elapsed, micros, type Micros } from '../../../shared/units.ts'
import type { Ipv4Address } from '../wire/address.ts'
import { encodeIcmp, icmpLength, isIcmpError, icmpType, type IcmpMessage } from '../wire/icmp.ts'
import { encodeIpv4, IPV4_MIN_HEADER, NO_OPTIONS, NOT_ECT, PROTOCOL_ICMP } from '../wire/ipv4.ts'

/** Errors a second in the long run, and in one go: RFC 1812 4.3.2.8 wants a limit and leaves its size open. */
const ERRORS_A_SECOND = 100
const MOST_AT_ONCE = 50

/** RFC 1812 4.3.2.5: errors go with the precedence of network control, 6, which is DSCP CS6 (RFC 2474 4.2.2). */
const NETWORK_CONTROL = 48
const TTL = 64

/** What a router may still say: a bucket of errors that fills with time. */
export class ErrorBudget {
  private left = MOST_AT_ONCE
  private filledAt = micros(0)

  /** Whether one more error may go. */
  take(now: Micros): boolean {
    const gained = (elapsed(this.filledAt, now) * ERRORS_A_SECOND) / 1e6
    this.left = Math.min(MOST_AT_ONCE, this.left + gained)
    this.filledAt = now
    if (this.left < 1) return false
    this.left--
    return true
  }
}

/** The IPv4 packet of a message. */
export function icmpPacket(
  source: Ipv4Address,
  destination: Ipv4Address,
  identification: number,
  message: IcmpMessage,
): Uint8Array {
  const bytes = new Uint8Array(IPV4_MIN_HEADER + icmpLength(message))
  const header = {
    dscp: isIcmpError(icmpType(message)) ? NETWORK_CONTROL : 0,
    ecn: NOT_ECT,
    identification,
    dontFragment: false,
    moreFragments: false,
    fragmentOffset: 0,
    ttl: TTL,
    protocol: PROTOCOL_ICMP,
    source,
    destination,
    options: NO_OPTIONS,
  }
  encodeIcmp(message, bytes, encodeIpv4(header, icmpLength(message), bytes))
  return bytes
}
