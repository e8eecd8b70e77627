import type { ControlBlock } from './control-block.ts'

/** Reports a segment that is not accepted, by which rule, and how it is answered. */
export function refuse(
  block: ControlBlock,
  rule: string,
  answer: 'none' | 'ack' | 'challenge_ack' | 'rst',
): void {
  block.trace.emit('tcp:segment_refused', { rule, answer })
}
