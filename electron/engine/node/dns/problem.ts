/** Tells the trace of a message that a program could not take for what it should be. */
import type { Trace } from '../../../../shared/trace/sink.ts'
import type { Fault } from './message.ts'

/** Bytes of a message that the trace keeps. */
const KEPT = 4_096

/** `from`: who has sent it. */
export function tellProblem(
  trace: Trace,
  from: 'client' | 'server',
  { rule, reason, offset }: Fault,
  bytes: Uint8Array,
): void {
  const hex = Buffer.from(bytes.subarray(0, KEPT)).toString('hex')
  trace.emit('dns:problem', { from, rule, reason, offset, bytes: hex })
}
