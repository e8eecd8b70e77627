/** A TCP segment in a line, in the words of the trade; numbers relative to the initial ones. */
import { flagNames, ACK } from '../../shared/projections/flags.ts'
import type { Packet, Segment } from '../../shared/projections/packets.ts'

/** What is subtracted from the sequence and acknowledgment numbers of a segment. */
export interface Origins {
  readonly seq: number
  readonly ack: number
}

export const relative = (number: number, origin: number): number => (number - origin) >>> 0

export function optionText(segment: Segment, origins: Origins): string {
  const parts: string[] = []
  if (segment.mss > 0) parts.push(`mss ${segment.mss}`)
  if (segment.windowScale !== 255) parts.push(`wscale ${segment.windowScale}`)
  if (segment.sackPermitted) parts.push('sackOK')
  if (segment.tsVal !== 0 || segment.tsEcr !== 0) parts.push(`ts ${segment.tsVal}/${segment.tsEcr}`)
  for (let i = 0; i + 1 < segment.sack.length; i += 2)
    parts.push(`sack ${relative(segment.sack[i], origins.ack)}–${relative(segment.sack[i + 1], origins.ack)}`)
  return parts.join(', ')
}

/** `SYN  seq 0  win 64240  mss 1460, wscale 7`. */
export function packetLine(
  { segment, protocol, size }: Packet,
  origins: Origins,
  withOptions: boolean,
): string {
  if (!segment) return `${protocol}  ${size} B`
  const parts = [flagNames(segment.flags) || 'none']
  parts.push(`seq ${relative(segment.seq, origins.seq)}`)
  if (segment.flags & ACK) parts.push(`ack ${relative(segment.ack, origins.ack)}`)
  if (segment.payload > 0) parts.push(`len ${segment.payload}`)
  if (!withOptions) return parts.join('  ')
  parts.push(`win ${segment.window}`)
  const options = optionText(segment, origins)
  return options === '' ? parts.join('  ') : `${parts.join('  ')}  ${options}`
}
