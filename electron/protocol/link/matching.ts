import type { MatchSpec } from '../../../shared/link.ts'
import { read16 } from '../wire/bytes.ts'
import { PROTOCOL_ICMP, PROTOCOL_TCP, PROTOCOL_UDP } from '../wire/ipv4.ts'
import { ACK, CWR, ECE, FIN, PSH, RST, SYN, URG } from '../wire/tcp.ts'
import { transportLayout, type Layout, type PacketStart } from './peek.ts'

const PROTOCOLS = { tcp: PROTOCOL_TCP, udp: PROTOCOL_UDP, icmp: PROTOCOL_ICMP } as const
const FLAGS = { fin: FIN, syn: SYN, rst: RST, psh: PSH, ack: ACK, urg: URG, ece: ECE, cwr: CWR } as const

const mask = (flags: readonly (keyof typeof FLAGS)[] | undefined): number =>
  (flags ?? []).reduce((bits, flag) => bits | FLAGS[flag], 0)

/**
 * Whether a packet is one that `match` means. A condition on something that the packet does not have (ports of
 * an ICMP message, flags of a UDP datagram, anything of bytes that are no packet) does not hold.
 */
export function matches(match: MatchSpec, bytes: Uint8Array, ip: PacketStart): boolean {
  const layout = transportLayout(bytes, ip)
  if (layout === undefined) return false
  if (match.protocol !== undefined && PROTOCOLS[match.protocol] !== layout.protocol) return false
  if (match.port !== undefined && !hasPort(match.port, bytes, layout)) return false
  if (match.payload !== undefined && match.payload !== layout.payload < layout.end) return false
  if (match.flags === undefined && match.without === undefined) return true
  if (layout.protocol !== PROTOCOL_TCP) return false
  const flags = bytes[layout.transport + 13]
  const set = mask(match.flags)
  return (flags & set) === set && (flags & mask(match.without)) === 0
}

function hasPort(port: number, bytes: Uint8Array, layout: Layout): boolean {
  if (layout.protocol === PROTOCOL_ICMP) return false
  return read16(bytes, layout.transport) === port || read16(bytes, layout.transport + 2) === port
}

/** Names packets by what is in them: all that match, or those with these ordinals among the matching. */
interface Rule {
  readonly match: MatchSpec
  readonly ordinals: readonly number[]
}

/** Rules of one kind, each with a count of the packets that it has seen. */
export class MatchingRules<R extends Rule> {
  private rules: readonly R[] = []
  private seen: number[] = []

  /** Rules that stay as they are go on counting. */
  configure(rules: readonly R[]): void {
    if (JSON.stringify(rules) === JSON.stringify(this.rules)) return
    this.rules = rules
    this.seen = rules.map(() => 0)
  }

  /** Shown each packet once, in order; the first rule that means it. */
  find(bytes: Uint8Array, ip: PacketStart): R | undefined {
    let found: R | undefined
    for (const [i, rule] of this.rules.entries()) {
      if (!matches(rule.match, bytes, ip)) continue
      const ordinal = ++this.seen[i]
      if (rule.ordinals.length === 0 || rule.ordinals.includes(ordinal)) found ??= rule
    }
    return found
  }
}
