import type { DirectionSpec, MatchSpec } from '../../../shared/link.ts'
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

type Rules = DirectionSpec['dropMatching']

/** Rules that name packets by what is in them, each with a count of the packets that it has seen. */
export class MatchingLoss {
  private readonly rules: Rules
  private readonly seen: number[]

  constructor(rules: Rules) {
    this.rules = rules
    this.seen = rules.map(() => 0)
  }

  /** Shown each packet once, in order; whether a rule wants it dropped. */
  condemns(bytes: Uint8Array, ip: PacketStart): boolean {
    let condemned = false
    for (let i = 0; i < this.rules.length; i++) {
      const { match, ordinals } = this.rules[i]
      if (!matches(match, bytes, ip)) continue
      const ordinal = ++this.seen[i]
      if (ordinals.length === 0 || ordinals.includes(ordinal)) condemned = true
    }
    return condemned
  }
}
