/** Figures of the way between networks: switches, ARP and routers. */
import type { LaneFacts } from './lane-facts.ts'
import type { WayLog } from './way-log.ts'

const ofWay =
  (figure: (way: WayLog) => number | undefined) =>
  ({ way }: LaneFacts): number | null =>
    figure(way) ?? null

export const WAY_METRICS = {
  /** Routers that the first TCP SYN passed which arrived. null: none has. */
  hops: ofWay(({ hops }) => hops),
  /** Frames that switches sent to all ports because they did not know where the one station is (IEEE 802.1D 7.7); without broadcasts. */
  frames_flooded: ofWay(({ framesFlooded }) => framesFlooded),
  /** ARP messages that hosts and routers sent (RFC 826). */
  arp_requests: ofWay(({ arpRequests }) => arpRequests),
  arp_replies: ofWay(({ arpReplies }) => arpReplies),
  /** Packets that routers passed on, a packet at each router counting anew. */
  packets_forwarded: ofWay(({ packetsForwarded }) => packetsForwarded),
  /** Those among them that left with both MAC addresses, time to live and header checksum changed. */
  headers_rewritten: ofWay(({ headersRewritten }) => headersRewritten),
  /** Packets that a router discarded since their time to live was over (RFC 1812 5.3.1). */
  ttl_expired: ofWay(({ ttlExpired }) => ttlExpired),
} as const
