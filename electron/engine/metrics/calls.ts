/** Figures of remote calls. null: nobody here calls, or no call came to its end. */
import type { CallLog } from './call-log.ts'
import type { LaneFacts } from './lane-facts.ts'
import { quantile } from './quantile.ts'

type Figure = (lane: LaneFacts) => number | null

const ofCalls =
  (figure: (calls: CallLog, lane: LaneFacts) => number | null): Figure =>
  (lane) =>
    lane.calls.started === 0 ? null : figure(lane.calls, lane)

const time = (figure: (times: readonly number[]) => number): Figure =>
  ofCalls(({ times }) => (times.length === 0 ? null : figure(times)))

const perCall = (sum: (calls: CallLog, lane: LaneFacts) => number): Figure =>
  ofCalls((calls, lane) => sum(calls, lane) / calls.started)

export const CALL_METRICS: Readonly<Record<string, Figure>> = {
  calls_finished: ofCalls(({ times }) => times.length),
  calls_failed: ofCalls(({ failed }) => failed),
  calls_deadline_exceeded: ofCalls(({ statuses }) => statuses.get('DEADLINE_EXCEEDED') ?? 0),

  /** Microseconds from a call to its answer, of those that were answered. */
  call_time_mean: time((times) => times.reduce((sum, one) => sum + one, 0) / times.length),
  call_time_median: time((times) => quantile(times, 0.5)),
  call_time_max: time((times) => quantile(times, 1)),

  /** Bytes a call: of all packets; of request and answer alone; of the header sections before and after them, as they crossed. */
  call_wire_bytes: perCall((_, { packetBytes }) => packetBytes),
  call_message_bytes: perCall(({ messageBytes }) => messageBytes),
  call_header_bytes: perCall(
    (_, { messages: { requestHeaders, responseHeaders, trailers } }) =>
      requestHeaders.onWire + responseHeaders.onWire + trailers.onWire,
  ),

  /** Bytes of all packets up to the end of the first call, opening the connection included; since the end of the call before the last. */
  first_call_bytes: ofCalls(({ packetBytes }) => packetBytes[0] ?? null),
  last_call_bytes: ofCalls(({ packetBytes }) =>
    packetBytes.length < 2 ? null : packetBytes.at(-1)! - packetBytes.at(-2)!,
  ),
}
