/** How the ends of TCP connections find out that their peer is gone (RFC 9293 3.8.3, 3.8.4). */
import type { LaneFacts } from './lane-facts.ts'
import { Mean } from './mean.ts'
import type { TcpEnd } from './tcp-end.ts'

const endsOf = (lane: LaneFacts): TcpEnd[] => [...lane.tcp.values()].flatMap(({ ends }) => ends)

/** Mean of an end's microseconds of silence before it gave up its peer, or heard its RST. null: nobody was found dead. */
export function deadPeerFound(lane: LaneFacts): number | null {
  const mean = new Mean()
  for (const { silence } of endsOf(lane)) if (silence !== null) mean.add(silence)
  return mean.value
}

/** Probes of idle peers that were sent. */
export const keepAlives = (lane: LaneFacts): number =>
  endsOf(lane).reduce((sum, end) => sum + end.keepAlives, 0)
