/** What ICMP errors mean to a connection (RFC 9293 3.9.2.2, RFC 5461, RFC 5927; of the path's MTU: path-mtu.ts). */
import type { ControlBlock } from './control-block.ts'
import { arrivesTooLarge } from './path-mtu.ts'

/** Codes of destination unreachable (RFC 792). */
const PROTOCOL_UNREACHABLE = 2
const PORT_UNREACHABLE = 3
const FRAGMENTATION_NEEDED = 4

/** A destination unreachable about a segment of ours with `sequence`. */
export function arrivesUnreachable(
  block: ControlBlock,
  code: number,
  sequence: number,
  nextHopMtu: number,
): void {
  const { sender } = block
  const position = block.space.toPosition(sequence, sender.una)
  // RFC 5927 4.1: about nothing that is on its way, so it is old or made up.
  if (position < sender.una || position >= Math.max(sender.max, 1)) {
    return block.trace.emit('icmp:error_ignored', { code, reason: 'not_outstanding' })
  }
  if (code === FRAGMENTATION_NEEDED) return arrivesTooLarge(block, position, nextHopMtu)
  // RFC 5461 4.1: nobody is there yet, so believe it; an established connection is not given up for it.
  const hard = code === PROTOCOL_UNREACHABLE || code === PORT_UNREACHABLE
  if (hard && block.name === 'SYN-SENT') block.close('segment', 'refused')
}
