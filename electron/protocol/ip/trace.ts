/** How the packets of a host look in the trace. */
import type { EventData } from '../../../shared/trace/events.ts'
import { isDuplicateReport } from '../tcp/duplicates.ts'
import type { OutgoingSegment } from '../tcp/events.ts'
import { read16 } from '../wire/bytes.ts'

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

/** The fields of `ip:fragment_sent`, from the header of a packet of our own. */
export function fragmentFields(fragment: Uint8Array): EventData<'ip:fragment_sent'> {
  const word = read16(fragment, 6)
  return {
    identification: read16(fragment, 4),
    fragment_offset: (word & 0x1fff) * 8,
    more_fragments: (word & 0x2000) !== 0,
    size: fragment.length,
    protocol: fragment[9],
  }
}
