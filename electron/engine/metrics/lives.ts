/** Figures of how TCP connections end, of what programs read that nobody wrote, and of crowds. */
import type { LaneFacts } from './lane-facts.ts'
import { quantile } from './quantile.ts'

type Figure = (lane: LaneFacts) => number | null

/** The connections that servers have when the run ends; one in TIME-WAIT is over. */
const leftAtServers = ({ lives, clients }: LaneFacts) =>
  [...lives.flows.values()]
    .flatMap((flow) => flow.lives)
    .filter(({ node, state }) => !clients.has(node) && state !== 'CLOSED' && state !== 'TIME-WAIT')

const timesOfWaiting = ({ lives }: LaneFacts): number[] =>
  [...lives.flows.values()].flatMap((flow) => flow.lives).flatMap(({ timeWait }) => timeWait ?? [])

const ofCrowd =
  (figure: (waits: readonly number[], unserved: number) => number | null): Figure =>
  ({ lives: { served, unserved } }) =>
    served.length + unserved === 0 ? null : figure(served, unserved)

export const LIFE_METRICS: Readonly<Record<string, Figure>> = {
  /** Connections that servers still have at the end of the run, in whatever state but TIME-WAIT. */
  connections_left: (lane) => leftAtServers(lane).length,
  /** What these keep, in bytes: unacknowledged, unread, and the room that they have promised to a peer. */
  bytes_left_buffered: (lane) => leftAtServers(lane).reduce((sum, { kept }) => sum + kept, 0),
  /** Connections that programs on servers were given. */
  connections_accepted: ({ lives, clients }) =>
    [...lives.connected].reduce((sum, [node, count]) => sum + (clients.has(node) ? 0 : count), 0),
  resets_sent: ({ lives }) => [...lives.resets.values()].reduce((sum, count) => sum + count, 0),
  resets_of_clients: ({ lives, clients }) =>
    [...lives.resets].reduce((sum, [node, count]) => sum + (clients.has(node) ? count : 0), 0),

  /** Segments with FIN, and those that were the first to acknowledge one: of the first connection. */
  segments_to_close: ({ lives }) => [...lives.flows.values()][0]?.closingSegments || null,
  fins_repeated: ({ lives }) => lives.finsRepeated,
  /** Bytes that came to an end after it had closed its side. */
  half_closed_bytes: ({ lives }) => lives.halfClosedBytes,
  /** Microseconds from the last FIN that came until TIME-WAIT was over: the longest. */
  time_wait_length: (lane) => timesOfWaiting(lane).reduce<number | null>((a, b) => Math.max(a ?? 0, b), null),
  /** Times that TIME-WAIT started anew because the FIN came again. */
  time_wait_restarts: ({ lives }) =>
    [...lives.flows.values()]
      .flatMap((flow) => flow.lives)
      .reduce((sum, { waitedAnew }) => sum + waitedAnew, 0),

  /** Ends that came to TIME-WAIT. */
  time_waits: ({ lives }) =>
    [...lives.flows.values()].flatMap((flow) => flow.lives).filter((life) => life.waitingSince !== undefined)
      .length,

  /** Times that the sequence numbers of data went past 2^32. */
  sequence_wraps: ({ lives }) => lives.wraps,
  /** Segments that were refused because their timestamp is from the past (RFC 7323 5.3, PAWS). */
  paws_refused: ({ lives }) => lives.refusedAsOld,

  /** Bytes that programs read at a place where the other end of their connection wrote another. null: nothing was compared. */
  corrupted_bytes: ({ lives }) => lives.compared?.differing ?? null,

  crowd_served: ofCrowd(({ length }) => length),
  crowd_failed: ofCrowd((_, unserved) => unserved),
  crowd_served_share: ofCrowd(({ length }, unserved) => length / (length + unserved)),
  /** Microseconds from coming to the answer, of those that were served. */
  crowd_wait_median: ofCrowd((waits) => (waits.length === 0 ? null : quantile(waits, 0.5))),
  crowd_wait_p95: ofCrowd((waits) => (waits.length === 0 ? null : quantile(waits, 0.95))),
}
