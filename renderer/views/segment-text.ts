/** A TCP segment in a line, in the words of the trade; numbers relative to the initial ones. */
import { flagNames, ACK } from '../../shared/tcp-flags.ts'
import type { Packet, Segment } from '../../shared/projections/packets.ts'

/** What is subtracted from the sequence and acknowledgment numbers of a segment. */
export interface Origins {
  readonly seq: number
  readonly ack: number
}

export const relative = (number: number, origin: number): number => (number - origin) >>> 0

/** The options of a segment; of SACK blocks the numbers, relative to what is acknowledged. */
function optionText(segment: Segment, origins: Origins): string {
  const parts: string[] = []
  if (segment.mss > 0) parts.push(`mss ${segment.mss}`)
  if (segment.windowScale !== 255) parts.push(`wscale ${segment.windowScale}`)
  if (segment.sackPermitted) parts.push('sackOK')
  if (segment.unknownOption > 0) parts.push(`option ${segment.unknownOption}`)
  for (let i = 0; i + 1 < segment.sack.length; i += 2)
    parts.push(`sack ${relative(segment.sack[i], origins.ack)}-${relative(segment.sack[i + 1], origins.ack)}`)
  if (segment.tsVal !== 0 || segment.tsEcr !== 0) parts.push(`ts ${segment.tsVal}/${segment.tsEcr}`)
  return parts.join('  ')
}

/** `SYN  seq 0`, and apart from it `win 64240  mss 1460  wscale 7`. */
export function packetWords(
  { segment, protocol, size, arp }: Packet,
  origins: Origins,
): { readonly short: string; readonly details: string } {
  if (arp) return { short: `ARP ${arp.operation}`, details: arp.target }
  if (!segment) return { short: `${protocol}  ${size} B`, details: '' }
  const parts = [flagNames(segment.flags) || '–', `seq ${relative(segment.seq, origins.seq)}`]
  if (segment.flags & ACK) parts.push(`ack ${relative(segment.ack, origins.ack)}`)
  if (segment.payload > 0) parts.push(`len ${segment.payload}`)
  const options = optionText(segment, origins)
  return { short: parts.join('  '), details: `win ${segment.window}${options === '' ? '' : `  ${options}`}` }
}
