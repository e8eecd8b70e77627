/** SYN cookies of a lane's listeners (RFC 4987 3.6). */
import type { LaneFacts } from './lane-facts.ts'

/** SYNs that were answered without being remembered. */
export const synCookiesSent = (lane: LaneFacts): number => lane.synCookies.get('sent') ?? 0

/** Connections that were made of a cookie that came back. */
export const synCookiesAccepted = (lane: LaneFacts): number => lane.synCookies.get('accepted') ?? 0
