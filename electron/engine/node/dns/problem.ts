/** Tells the trace why a program ignores a message, or answers with an error only. */
import { hexOfBytes } from '../../../../shared/hex.ts'
import type { Trace } from '../../../../shared/trace/sink.ts'
import { readDns } from '../../../protocol/wire/dns/message.ts'
import type { Fault } from './message.ts'

/** Bytes of a message that the trace keeps. */
const KEPT = 4_096

/** `from`: who has sent it. What its bytes alone show, the onlooker at the sender's host has told already. */
export function tellProblem(
  trace: Trace,
  from: 'client' | 'server',
  { rule, reason, offset }: Fault,
  bytes: Uint8Array,
): void {
  if (readDns(bytes).breach !== undefined) return
  trace.emit('dns:problem', { from, rule, reason, offset, bytes: hexOfBytes(bytes.subarray(0, KEPT)) })
}
