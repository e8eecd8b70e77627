/**
 * Figures of the HTTP messages and frames that crossed, as an onlooker read them. null: there were none, or there is
 * nothing to take a share of.
 */
import type { LaneFacts } from './lane-facts.ts'
import type { MessageLog } from './message-log.ts'
import { shortestRoundTrip } from './path.ts'

type Figure = (lane: LaneFacts) => number | null

const ofMessages =
  (figure: (messages: MessageLog) => number | null): Figure =>
  ({ messages }) =>
    messages.seen ? figure(messages) : null

/** Frames that HTTP/2 (RFC 9113 6), HTTP/3 (RFC 9114 7.2) or both know (RFC 9218 7). */
const FRAME_TYPES = [
  'DATA',
  'HEADERS',
  'PRIORITY',
  'RST_STREAM',
  'SETTINGS',
  'PUSH_PROMISE',
  'PING',
  'GOAWAY',
  'WINDOW_UPDATE',
  'CONTINUATION',
  'PRIORITY_UPDATE',
  'CANCEL_PUSH',
  'MAX_PUSH_ID',
] as const

const frames = (type: string): Figure => ofMessages((log) => log.frames.get(type) ?? 0)

/** `frames_data` and so on: frames of this type that both ends sent. */
export const FRAME_METRICS: Readonly<Record<string, Figure>> = Object.fromEntries(
  FRAME_TYPES.map((type) => [`frames_${type.toLowerCase()}`, frames(type)]),
)

/** Streams of HTTP/2 and HTTP/3 on which a header section was sent. */
export const streams = ofMessages((log) => log.streams.size)

/** Those among them that the client opened, and those that the server did, to push (RFC 9113 5.1.1, RFC 9114 4.6). */
export const streamsOfClients = ofMessages(({ streams, serverStreams }) => streams.size - serverStreams.size)
export const streamsOfServers = ofMessages(({ serverStreams }) => serverStreams.size)

/** Entries that were evicted from the dynamic tables of requests (RFC 7541 4.4, RFC 9204 3.2.2), by a smaller limit or a newer entry. */
export const tableEvictions = ofMessages(({ evictions }) => evictions)

/** Responses that a server announced unasked (RFC 9113 8.4). */
export const pushes = frames('PUSH_PROMISE')

/** Instructions that both ends sent on their encoder streams (RFC 9204 4.3), and the bytes of these. */
export const encoderInstructions = ofMessages((log) => log.encoderInstructions)
export const encoderStreamBytes = ofMessages((log) => log.encoderBytes)

/** Field sections that could not be read when they were there, for want of entries of the table (RFC 9204 2.1.2). */
export const sectionsBlocked = ofMessages((log) => log.sectionsBlocked)

/** Bytes of the header sections of requests: as they crossed, and as HTTP/1.1 would write them. */
export const requestHeaderBytes = ofMessages((log) => log.requestHeaders.onWire)
export const requestHeaderUncompressed = ofMessages((log) => log.requestHeaders.uncompressed)

/** Likewise of responses. */
export const responseHeaderBytes = ofMessages((log) => log.responseHeaders.onWire)
export const responseHeaderUncompressed = ofMessages((log) => log.responseHeaders.uncompressed)

/** The share of the bytes of request headers that compression saved. */
export const headerSaving = ofMessages((log) => log.requestHeaders.saving)

/** The same over all requests but the first of each connection, which fills the table. */
export const headerSavingRepeated = ofMessages((log) => log.repeatedHeaders.saving)

/**
 * HTTP/1.1 (RFC 9112 9.3.2): the sum over all responses of the time, in microseconds, for which the server had the whole
 * request and was not yet done sending the response before it on that connection. The time of arrival is that of the
 * packet with the last byte; where it was lost, the shortest way stands in.
 */
export function pipelineBlockedTime(lane: LaneFacts): number | null {
  if (!lane.messages.seen) return null
  const way = (shortestRoundTrip(lane) ?? 0) / 2
  let sum = 0
  for (const exchanges of lane.messages.connections.values())
    for (const [i, { requestSent, requestArrived }] of exchanges.entries()) {
      const before = exchanges[i - 1]?.responseSent ?? null
      if (requestSent === null || before === null) continue
      sum += Math.max(0, before - (requestArrived ?? requestSent + way))
    }
  return sum
}
