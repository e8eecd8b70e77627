/** Which header block is on show, and what it is called. */
import type { HeaderBlock } from '../../../shared/projections/hpack.ts'

/**
 * The block that the packet that is selected has brought, else the last one up to the cursor; without a cursor the newest.
 */
export function blockAt(
  blocks: readonly Pick<HeaderBlock, 't' | 'pkt'>[],
  { pkt, cursor }: { readonly pkt: number | null; readonly cursor: number | null },
): number {
  const brought = pkt === null ? -1 : blocks.findIndex((block) => block.pkt === pkt)
  if (brought >= 0) return brought
  if (cursor === null) return blocks.length - 1
  const later = blocks.findIndex(({ t }) => t > cursor)
  return later < 0 ? blocks.length - 1 : Math.max(0, later - 1)
}

/** `GET /style.css`, `200`, or what else it is. */
export function blockTitle({
  method,
  target,
  status,
  part,
}: Pick<HeaderBlock, 'method' | 'target' | 'status' | 'part'>): string {
  const plain = status > 0 ? String(status) : `${method} ${target}`.trim()
  if (part === 'request' || part === 'response') return plain
  return `${part} ${plain}`.trim()
}
