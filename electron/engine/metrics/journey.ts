/**
 * From key press to last byte: a visit is a request that nothing but the experiment has asked for, with all that its answer named. Its
 * parts are those of the waterfall (`shared/projections/requests.ts`), so that picture and figures agree.
 */
import { Requests, type Attempt, type Phase, type PhaseKind } from '../../../shared/projections/requests.ts'
import { TraceStore } from '../../../shared/trace/store.ts'
import type { RecordingReader } from '../recording/types.ts'
import type { LaneFacts } from './lane-facts.ts'
import { shortestRoundTripBetween } from './path.ts'

/** Microseconds. */
export interface Visit {
  /** From the wish to the last byte of the last answer. */
  readonly time: number
  /** Of the first request: where its time went. */
  readonly parts: Readonly<Record<PhaseKind, number>>
  /** From the end of the first request to the last byte. */
  readonly objects: number
}

/** The visits of each lane, in order. Reads the recording anew: only for runs in which names are looked up. */
export function visitsOf(reader: RecordingReader): Map<string, Visit[]> {
  const store = new TraceStore()
  for (const batch of reader.batches()) store.append(batch)
  const requests = new Requests()
  requests.update(store)
  const lanes = new Map<string, Visit[]>()
  for (const root of requests.all.filter(isRoot)) {
    const all = familyOf(root, requests.all)
    if (all.some(({ finished }) => Number.isNaN(finished))) continue
    const phases = all
      .filter(({ request }) => request === root.request)
      .flatMap((one) => requests.phases(one, store.end))
    const ended = Math.max(
      ...all.filter(({ request }) => request === root.request).map(({ finished }) => finished),
    )
    const last = Math.max(...all.map(({ finished }) => finished))
    const visit = { time: last - root.queued, parts: sums(phases), objects: last - ended }
    lanes.set(root.lane, [...(lanes.get(root.lane) ?? []), visit])
  }
  return lanes
}

const isRoot = ({ initiator, attempt }: Attempt): boolean => initiator === 0 && attempt === 1

/** All attempts at a request and at what its answer named; what names something has been asked for before it. */
function familyOf(root: Attempt, all: readonly Attempt[]): Attempt[] {
  const members = new Set([root.request])
  return all.filter(({ node, request, initiator }) => {
    if (node !== root.node || (!members.has(request) && !members.has(initiator))) return false
    members.add(request)
    return true
  })
}

function sums(phases: readonly Phase[]): Record<PhaseKind, number> {
  const parts: Record<PhaseKind, number> = {
    ...{ resolving: 0, addressing: 0, connecting: 0, securing: 0 },
    ...{ opening: 0, queued: 0, waiting: 0, receiving: 0 },
  }
  for (const { kind, from, to } of phases) parts[kind] += to - from
  return parts
}

type Figure = (lane: LaneFacts) => number | null
type Part = (visit: Visit) => number

const PARTS: Readonly<Record<string, Part>> = {
  /** The name is looked up. */
  dns_time: ({ parts }) => parts.resolving,
  /** A packet waits for the Ethernet address of its next hop, at a host or a router on its way. */
  arp_time: ({ parts }) => parts.addressing,
  /** TCP's handshake, or all of QUIC's. */
  connect_time: ({ parts }) => parts.connecting + parts.opening,
  tls_time: ({ parts }) => parts.securing,
  /** From sending the first request to the last byte of its answer. */
  request_time: ({ parts }) => parts.waiting + parts.receiving,
  /** What the answer named, and waiting for a turn. */
  rest_time: ({ parts, objects }) => parts.queued + objects,
}

const ofVisit =
  (which: 0 | -1, figure: Part): Figure =>
  ({ visits }) => {
    const visit = visits.at(which)
    return visit === undefined ? null : figure(visit)
  }

const journeyTime: Part = ({ time }) => time
/** The parts as a share of the whole: 1, or a moment is counted twice or not at all. */
const covered: Part = (visit) => Object.values(PARTS).reduce((sum, part) => sum + part(visit), 0) / visit.time

/** The first lookup, less its waits for Ethernet addresses, in round trips between who asked and who answered. */
const lookupRoundTrips: Figure = (lane) => {
  const { client, server, first } = lane.lookups
  const rtt = shortestRoundTripBetween(lane, client, server)
  const net = lane.visits[0]?.parts.resolving ?? first
  return net === null || rtt === null || rtt === 0 ? null : net / rtt
}

/** A figure of the resolvers, if there are any. */
const ofLookups =
  (figure: (log: LaneFacts['lookups']) => number | null): Figure =>
  ({ lookups }) =>
    lookups.lookups === 0 ? null : figure(lookups)

/** Of the first visit of a lane, and with `_last` of the last one. */
export const JOURNEY_METRICS: Readonly<Record<string, Figure>> = {
  lookups: ofLookups((log) => log.lookups),
  lookup_time: ofLookups((log) => log.first),
  lookup_time_last: ofLookups((log) => log.last),
  lookup_rtts: lookupRoundTrips,
  lookups_failed: ofLookups((log) => log.failed),
  lookups_cached: ofLookups((log) => log.cached),
  dns_queries: ofLookups((log) => log.queries),
  dns_retries: ofLookups((log) => log.retries),
  dns_truncated: ofLookups((log) => log.truncated),
  dns_over_tcp: ofLookups((log) => log.overTcp),
  ...Object.fromEntries(
    Object.entries({ journey_time: journeyTime, journey_covered: covered, ...PARTS }).flatMap(
      ([name, part]) => [
        [name, ofVisit(0, part)],
        [`${name}_last`, ofVisit(-1, part)],
      ],
    ),
  ),
}
