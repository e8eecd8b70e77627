/** One request and its response, between what a client wants and what carries it. */
import type { HttpClientApp, HttpVersion, RequestSetup } from '../../../../shared/http.ts'
import type { Cancel } from '../program.ts'
import type { Fields } from './fields.ts'
import type { Failure } from './transport.ts'

export interface OutgoingRequest {
  readonly method: string
  readonly target: string
  /** Without those that the version of HTTP makes itself: `host`, `connection`, `content-length`. */
  readonly fields: Readonly<Record<string, string>>
  readonly body: Uint8Array
  readonly priorityFrame?: RequestSetup['priorityFrame']
  /** For how long the content of the answer is to be left unread, in microseconds. */
  readonly readDelay: number
}

/** What is told of an exchange, in this order; after `finished` or `failed` nothing more. */
export interface ExchangeEvents {
  /**
   * It was handed to a connection: the flow, its number or stream there, whether that had served another before. Once more when the
   * server could not have looked at it there.
   */
  sent(flow: string, version: HttpVersion, exchange: number, reused: boolean): void
  started(status: number, fields: Fields): void
  content(bytes: Uint8Array): void
  finished(): void
  /** `unread`: the connection had served others and ended before any of the response came: it may be asked again. */
  failed(failure: Failure, unread: boolean): void
}

/** Connections of a client to its server, in one version of HTTP. */
export interface Carrier {
  /** Sends it as soon as a connection is free. Cancelling gives it up, and with HTTP/1.1 its connection. */
  send(request: OutgoingRequest, events: ExchangeEvents): Cancel
  /** No more will be sent: ends all connections in order and calls `closed` when they are gone. */
  close(closed: () => void): void
  /** Lets go of all connections, at once and without a word. */
  stop(): void
}

/** Of a client's set-up: whom it asks. */
type Origin = Pick<HttpClientApp, 'to' | 'port' | 'tls' | 'lookup'> & {
  /** Of a server that is not in the lab: its own name. */
  readonly authority?: string
}

/** The name of the site: that which is looked up, or the host's. */
export const siteName = ({ to, lookup }: Pick<HttpClientApp, 'to' | 'lookup'>): string =>
  lookup?.name ?? `${to}.lab`

/** The server's name, as requests give it (RFC 9110 7.2): with the port, unless it is the usual one. */
export function authorityOf(origin: Origin): string {
  const { port, tls, authority } = origin
  if (authority !== undefined) return authority
  const usual = tls === null ? 80 : 443
  return port === usual ? siteName(origin) : `${siteName(origin)}:${port}`
}
