/** How the packets of a host look in the trace. */
import type { EventData } from '../../../shared/trace/events.ts'
import { isDuplicateReport } from '../tcp/duplicates.ts'
import type { OutgoingSegment } from '../tcp/events.ts'

const NO_RANGES: readonly number[] = []

/** The fields of `tcp:segment_sent`; `size`: of the whole packet. */
export function segmentFields(out: OutgoingSegment, size: number): EventData<'tcp:segment_sent'> {
  const { segment } = out
  const { options } = segment
  return {
    seq: segment.sequence,
    ack: segment.acknowledgment,
    flags: segment.flags,
    window: out.scaledWindow,
    payload: segment.payload.length,
    size,
    mss: options.mss ?? 0,
    window_scale: options.windowScale ?? 255,
    sack_permitted: options.sackPermitted ?? false,
    unknown_option: options.unknown?.[0]?.kind ?? 0,
    ts_val: options.timestamps?.value ?? 0,
    ts_ecr: options.timestamps?.echo ?? 0,
    sack: options.sack ?? NO_RANGES,
    dsack: options.sack !== undefined && isDuplicateReport(options.sack, segment.acknowledgment),
    ecn: out.ecn,
    cause: out.cause,
  }
}
