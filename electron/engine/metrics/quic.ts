/** Figures of QUIC connections. null: there is none in the lane, or what is asked for did not come. */
import type { LaneFacts } from './lane-facts.ts'
import type { QuicFlow } from './flow-facts.ts'
import { Mean } from './mean.ts'
import { inRoundTrips } from './path.ts'
import type { QuicEnd } from './quic-end.ts'

type Figure = (lane: LaneFacts) => number | null

const flowsOf = (lane: LaneFacts): QuicFlow[] => [...lane.quic.values()]

/** A sum over all connections. */
const sumOfFlows =
  (of: (flow: QuicFlow) => number): Figure =>
  (lane) =>
    lane.quic.size === 0 ? null : flowsOf(lane).reduce((sum, flow) => sum + of(flow), 0)

/** A sum over both ends of all connections. */
const sumOfEnds = (of: (end: QuicEnd) => number): Figure =>
  sumOfFlows(({ ends }) => ends.reduce((sum, end) => sum + of(end), 0))

const atClients = (of: (client: QuicEnd) => number): Figure =>
  sumOfFlows(({ client }) => (client === undefined ? 0 : of(client)))

const server = ({ ends }: QuicFlow): QuicEnd | undefined => ends.find(({ active }) => !active)

/** Connections that clients began; one that was begun anew by another version of QUIC is the same. */
export const quicConnections = sumOfFlows(({ client }) => (client === undefined ? 0 : 1))

/** Microseconds from the client's first Initial packet until its handshake is complete (RFC 9001 4.1.1); the mean. */
export function quicHandshakeTime(lane: LaneFacts): number | null {
  const sum = new Mean()
  for (const { client } of flowsOf(lane)) {
    const { established = null, firstInitial = null } = client ?? {}
    if (established !== null && firstInitial !== null) sum.add(established - firstInitial)
  }
  return sum.value
}

/** The same in round trips of the path. */
export const quicHandshakeRoundTrips: Figure = (lane) => inRoundTrips(lane, quicHandshakeTime(lane))

/** Datagrams with Initial or Handshake packets that both ends sent; the mean of the connections whose clients completed it. */
export function handshakeDatagrams(lane: LaneFacts): number | null {
  const sum = new Mean()
  for (const { client, ends } of flowsOf(lane))
    if (typeof client?.established === 'number')
      sum.add(ends.reduce((count, end) => count + end.handshakeDatagrams, 0))
  return sum.value
}

/**
 * The most bytes of UDP payload that a server had sent for each that it had got, before a packet under the client's handshake
 * keys proved its address. RFC 9000 8.1: at most 3, unless a token of Retry or NEW_TOKEN proved it earlier.
 */
export const amplificationFactorMax: Figure = ({ datagrams }) => datagrams.amplification

/** QUIC packets that both ends sent, those that share a datagram each for itself. */
export const quicPacketsSent = sumOfEnds(({ segments }) => segments)

/** Packets that their senders took for lost (RFC 9002 6.1), and those among them that had arrived or did so later. */
export const quicPacketsLost = sumOfEnds(({ packetsLost }) => packetsLost)
export const quicPacketsSpuriouslyLost = sumOfEnds(({ packetsSpuriouslyLost }) => packetsSpuriouslyLost)

/** Packets with a number that their space had had before. RFC 9000 12.3 forbids it: 0. */
export const quicNumbersRepeated = sumOfEnds(({ numbersRepeated }) => numbersRepeated)

/** Round trips that were measured (RFC 9002 5.1), by both ends. */
export const quicRttSamples = sumOfEnds(({ rtt }) => rtt.count)

/** Retry packets that clients obeyed: the server's parameters tell of them (RFC 9000 7.3). */
export const quicRetries = atClients(({ peerParameters }) =>
  peerParameters.has('retry_source_connection_id') ? 1 : 0,
)

/** Connections that clients gave up for another version, on a Version Negotiation packet (RFC 9000 6.2). */
export const quicVersionsNegotiated = atClients(({ versionsNegotiated }) => versionsNegotiated)

/** Streams that clients opened and wrote on in 0-RTT packets: requests, each on one (RFC 9114 4.1). */
export const earlyDataRequests = atClients(({ earlyStreams }) => earlyStreams.size)

/** Bytes of streams in 0-RTT packets. */
export const earlyDataBytes = atClients(({ earlyBytes }) => earlyBytes)

/** Connections of servers that read 0-RTT packets, those included that a recorded first flight makes when it is sent again. */
export const earlyDataAccepted = sumOfFlows((flow) => server(flow)?.earlyAccepted ?? 0)

/** How often connections went on by other addresses (RFC 9000 9), as seen by the end that saw it more often. */
export const pathChanges = sumOfFlows(({ ends }) => Math.max(...ends.map((end) => end.pathChanges)))

/** Paths but the first of each connection that an end has validated (RFC 9000 8.2); both ends count. */
export const pathsValidated = sumOfEnds((end) => end.pathsValidated)

/** 1: a server heard of a transport parameter that nobody knows (RFC 9000 7.4.2), 0: none did. */
export const unknownParameterArrived: Figure = (lane) =>
  lane.quic.size === 0
    ? null
    : Number(flowsOf(lane).some((flow) => server(flow)?.peerParameters.has('unknown') === true))

/** The longest pause in any single stream of both sides, between two moments at which bytes of it became readable. */
export function streamWaitMax(lane: LaneFacts): number | null {
  let longest: number | null = null
  for (const { ends } of flowsOf(lane))
    for (const { pauses } of ends)
      for (const { longest: pause } of pauses.values())
        if (pause !== null) longest = Math.max(longest ?? 0, pause)
  return longest
}
