/** What both sides of HTTP/2 announce, for Node's `http2`. */
import type { Http2Session, Settings } from 'node:http2'
import type { Http2Settings } from '../../../../shared/http.ts'

/** Megabytes that a session may hold; Node's 10 are fewer than a large content in large windows takes. */
export const MOST_SESSION_MEMORY = 1_000

/** SETTINGS (RFC 9113 6.5.2); without set-up Node's own, which are the initial values of the RFC. */
export const settingsOf = (setup: Http2Settings | undefined): Settings =>
  setup === undefined
    ? {}
    : { headerTableSize: setup.headerTableSize, initialWindowSize: setup.initialWindow }

/** Both directions of a connection begin with this (RFC 9113 6.9.2). */
const INITIAL_CONNECTION_WINDOW = 65_535

/** Lets the peer send as much on all streams together as the set-up says. Not before the session is connected. */
export function openConnectionWindow(session: Http2Session, setup: Http2Settings | undefined): void {
  if (setup !== undefined && setup.connectionWindow > INITIAL_CONNECTION_WINDOW)
    session.setLocalWindowSize(setup.connectionWindow)
}
