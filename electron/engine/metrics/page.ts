/**
 * Figures of what the HTTP clients of a lane asked for and got, by their own account. null: nobody here speaks HTTP, or
 * the moment that is asked for did not come.
 */
import type { LaneFacts } from './lane-facts.ts'
import type { FlowFacts } from './flow-facts.ts'
import { inRoundTrips } from './path.ts'
import type { RequestLog } from './request-log.ts'

type Figure = (lane: LaneFacts) => number | null

const ofRequests =
  (figure: (requests: RequestLog) => number | null): Figure =>
  ({ requests }) =>
    requests.seen ? figure(requests) : null

/** Microseconds from the first request asked for to the last response finished, failed ones included. */
export const pageTime: Figure = ({ requests: { firstQueued, lastFinished } }) =>
  firstQueued === null || lastFinished === null ? null : lastFinished - firstQueued

/** The same in round trips of the path. */
export const pageRoundTrips: Figure = (lane) => inRoundTrips(lane, pageTime(lane))

/**
 * The time that each request took from being asked for to its answer, summed, in round trips of the path. What the cache
 * answers takes none; pauses between requests do not count.
 */
export const waitingRoundTrips: Figure = (lane) =>
  lane.requests.seen ? inRoundTrips(lane, lane.requests.waited) : null

/** Responses that were complete before that of a request that their client had sent earlier. */
export const overtakings = ofRequests((log) => log.overtakings)

/** Requests that went to a connection, redirected ones and repeated tries included. */
export const requests = ofRequests(({ sent }) => sent)

/** Requests that ended with an error, retries and all. */
export const requestsFailed = ofRequests((log) => log.ended(({ error }) => error !== ''))

/** Responses that the client had, and used without asking (RFC 9111 4.2). */
export const responsesCached = ofRequests((log) => log.ended(({ source }) => source === 'cache'))

/** Responses that the client had, and used after asking: 304 (RFC 9111 4.3). */
export const responsesValidated = ofRequests((log) => log.ended(({ source }) => source === 'validated'))

/** Bytes of content that clients got, codings taken off, wherever from. */
export const contentBytes = ofRequests((log) => log.contentBytes)

/** Bytes of content as they crossed the network. */
export const encodedBytes = ofRequests((log) => log.encodedBytes)

/** Bytes as they crossed, as a share of what they are without their coding. */
export const codingRatio = ofRequests(({ encodedBytes, contentBytes }) =>
  contentBytes === 0 ? null : encodedBytes / contentBytes,
)

/** Contents that clients got and that differ from each other, by their digests. */
export const distinctContents = ofRequests(({ contents }) => contents.size)

/** The longest that a client waited between handing a request to a connection and the header section of the answer. */
export const responseWaitMax = ofRequests(({ waits }) => (waits.count === 0 ? null : waits.max))

/** Things that the servers hold in the end, such as orders or sessions. */
export const counted = (what: string): Figure => ofRequests((log) => log.counted(what))

/** Sessions that a server began. */
export const sessionsCreated = ofRequests((log) => log.sessionsCreated)

/** Cookies that clients sent, each time. */
export const cookiesSent = ofRequests((log) => log.cookiesSent)

/** Connections that clients asked for, of TCP and of QUIC. */
export const connectionsOpened = (lane: LaneFacts): number =>
  lane.flows.filter(({ client }) => client !== undefined).length

/** TCP payload that both ends of all connections sent, retransmissions included, and payload of UDP datagrams, in bytes. */
export function wireBytes(lane: LaneFacts): number {
  let bytes = lane.datagrams.bytes
  for (const { ends } of lane.tcp.values()) for (const end of ends) bytes += end.sentBytes
  return bytes
}

/** Microseconds from the first SYN or QUIC packet of the lane until the client has the header section of the first response. */
export function firstByteTime(lane: LaneFacts): number | null {
  const { firstResponse } = lane.requests
  const first = Math.min(...lane.flows.map(({ client }) => client?.firstSent ?? Infinity))
  return firstResponse === null || first > firstResponse ? null : firstResponse - first
}

/** The same in round trips of the path. */
export const firstByteRoundTrips: Figure = (lane) => inRoundTrips(lane, firstByteTime(lane))

/**
 * From the first packet of the connection that was opened last to the header section of the first response on it, in round trips
 * of the path: what a client that has been here before waits.
 */
export function lastFirstByteRoundTrips(lane: LaneFacts): number | null {
  let last: { readonly opened: number; readonly answered: number | undefined } | undefined
  const consider = ({ name, client }: FlowFacts, protocol: 'tcp' | 'quic'): void => {
    const opened = client?.firstSent ?? null
    if (opened === null || (last !== undefined && last.opened >= opened)) return
    last = { opened, answered: lane.requests.firstResponseOn(name, protocol) }
  }
  for (const flow of lane.tcp.values()) consider(flow, 'tcp')
  for (const flow of lane.quic.values()) consider(flow, 'quic')
  if (last?.answered === undefined) return null
  return inRoundTrips(lane, last.answered - last.opened)
}

/** Of a client with a fallback: microseconds from its first try to the connection that it used; null: that was QUIC, or none. */
export const fallbackTime: Figure = ({ requests: { firstTry, won } }) =>
  firstTry === null || won === null || won.version === 'h3' ? null : won.t - firstTry

const VERSION_NUMBERS: Readonly<Record<string, number>> = { 'http/1.1': 1.1, h2: 2, h3: 3 }

/** The version of HTTP that the last request was sent with, as a number: 1.1, 2 or 3. */
export const versionUsed: Figure = ({ requests }) => VERSION_NUMBERS[requests.version] ?? null
