/** What ICMP errors mean to a connection (RFC 9293 3.9.2.2, RFC 5461, RFC 1191, RFC 5927). */
import type { ControlBlock } from './control-block.ts'
import { effectiveMss } from './handshake.ts'
import { isSynchronized } from './state.ts'

/** Codes of destination unreachable (RFC 792). */
const PROTOCOL_UNREACHABLE = 2
const PORT_UNREACHABLE = 3
const FRAGMENTATION_NEEDED = 4

/** IPv4 and TCP headers without options. */
const HEADERS = 40
/** RFC 791 3.2: every network takes so much. */
const LEAST_MTU = 68
/** What is assumed of a router that does not say its MTU (RFC 1191 5). */
const MTU_WHEN_SILENT = 576

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
  if (position < sender.una || position >= Math.max(sender.max, 1)) return
  if (code === FRAGMENTATION_NEEDED) return narrowPath(block, nextHopMtu)
  // RFC 5461 4.1: nobody is there yet, so believe it; an established connection is not given up for it.
  const hard = code === PROTOCOL_UNREACHABLE || code === PORT_UNREACHABLE
  if (hard && block.name === 'SYN-SENT') block.close('segment', 'refused')
}

/** RFC 1191 6.4: smaller segments from now on, and those that were too large again at once, which is no congestion. */
function narrowPath(block: ControlBlock, nextHopMtu: number): void {
  const mtu = Math.max(nextHopMtu === 0 ? MTU_WHEN_SILENT : nextHopMtu, LEAST_MTU)
  if (mtu - HEADERS >= block.pathMss) return
  block.pathMss = mtu - HEADERS
  if (isSynchronized(block.name)) block.sender.configure(block.settings, effectiveMss(block))
  block.owner.wake(block)
}
