/** A TCP segment in a line, in the words of the trade; numbers relative to the initial ones. */
import { flagNames, ACK } from '../../shared/tcp-flags.ts'
import { arqName, icmpName } from '../../shared/charts/packet-notes.ts'
import type { PacketNote } from '../../shared/projections/packet-notes.ts'
import type { Packet, Segment } from '../../shared/projections/packets.ts'

/** What is subtracted from the sequence and acknowledgment numbers of a segment. */
export interface Origins {
  readonly seq: number
  readonly ack: number
}

/** Numbers so little before the origin are those of a later connection that began lower, not those of the far end of a long one. */
const BEFORE = 2 ** 28

export function relative(number: number, origin: number): number {
  const distance = (number - origin) >>> 0
  return distance >= 2 ** 32 - BEFORE ? distance - 2 ** 32 : distance
}

/** The options of a segment; of SACK blocks the numbers, relative to what is acknowledged. */
function optionText(segment: Segment, origins: Origins): string {
  const parts: string[] = []
  if (segment.mss > 0) parts.push(`mss ${segment.mss}`)
  if (segment.windowScale !== 255) parts.push(`wscale ${segment.windowScale}`)
  if (segment.sackPermitted) parts.push('sackOK')
  if (segment.unknownOption > 0) parts.push(`option ${segment.unknownOption}`)
  for (let i = 0; i + 1 < segment.sack.length; i += 2)
    parts.push(
      `${i === 0 && segment.dsack ? 'dsack' : 'sack'} ${relative(segment.sack[i], origins.ack)}-${relative(segment.sack[i + 1], origins.ack)}`,
    )
  if (segment.tsVal !== 0 || segment.tsEcr !== 0) parts.push(`ts ${segment.tsVal}/${segment.tsEcr}`)
  const codepoint = ECN[segment.ecn]
  if (codepoint) parts.push(codepoint)
  return parts.join('  ')
}

/** Codepoints of ECN in the IP header (RFC 3168 5). */
const ECN = ['', 'ECT(1)', 'ECT(0)', 'CE']

/** `SYN  seq 0`, and apart from it `win 64240  mss 1460  wscale 7`. */
export function packetWords(
  { segment, protocol, size, arp }: Packet,
  origins: Origins,
  notes: readonly PacketNote[] = [],
): { readonly short: string; readonly details: string } {
  if (arp) return { short: `ARP ${arp.operation}`, details: arp.target }
  if (!segment) return { short: `${protocolText(protocol, notes)}  ${size} B`, details: '' }
  const parts = [flagNames(segment.flags) || '–', `seq ${relative(segment.seq, origins.seq)}`]
  if (segment.flags & ACK) parts.push(`ack ${relative(segment.ack, origins.ack)}`)
  if (segment.payload > 0) parts.push(`len ${segment.payload}`)
  const options = optionText(segment, origins)
  return { short: parts.join('  '), details: `win ${segment.window}${options === '' ? '' : `  ${options}`}` }
}

/** `ICMP time exceeded: TTL`, `UDP DATA 7`; of other protocols their name. */
export function protocolText(protocol: string, notes: readonly PacketNote[]): string {
  const icmp = notes.find((note) => note.kind === 'icmp')
  if (icmp) return `${protocol} ${icmpName(icmp.type, icmp.code)}`
  const arq = notes.find((note) => note.kind === 'arq')
  return arq ? `${protocol} ${arqName(arq)}` : protocol
}
