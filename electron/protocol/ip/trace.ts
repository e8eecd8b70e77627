/** How the packets of a host look in the trace. */
import type { EventData } from '../../../shared/trace/events.ts'
import type { TcpSegment } from '../wire/tcp.ts'

const NO_RANGES: readonly number[] = []

/** The fields of `tcp:segment_sent`; the window as it counts, the whole packet's size, why it goes again. */
export function segmentFields(
  segment: TcpSegment,
  scaledWindow: number,
  size: number,
  cause: string,
): EventData<'tcp:segment_sent'> {
  const { options } = segment
  return {
    seq: segment.sequence,
    ack: segment.acknowledgment,
    flags: segment.flags,
    window: scaledWindow,
    payload: segment.payload.length,
    size,
    mss: options.mss ?? 0,
    window_scale: options.windowScale ?? 255,
    sack_permitted: options.sackPermitted ?? false,
    unknown_option: options.unknown?.[0]?.kind ?? 0,
    ts_val: options.timestamps?.value ?? 0,
    ts_ecr: options.timestamps?.echo ?? 0,
    sack: options.sack ?? NO_RANGES,
    dsack: false,
    ecn: 0,
    cause,
  }
}
