/** HTTP servers and clients as data: what a site offers, and what a client does with it. */
import * as v from 'valibot'
import { DomainName, ResolverSettings } from './dns.ts'
import { TlsClientSettings, TlsServerSettings } from './tls.ts'

const name = v.pipe(v.string(), v.regex(/^[a-z][a-z0-9-]{0,31}$/))
const span = v.pipe(v.number(), v.minValue(0), v.maxValue(86_400e6))
const size = v.pipe(v.number(), v.integer(), v.minValue(0), v.maxValue(1e9))
const count = v.pipe(v.number(), v.integer(), v.minValue(0), v.maxValue(10_000))
const port = v.pipe(v.number(), v.integer(), v.minValue(1), v.maxValue(65_535))
/** Visible ASCII, as a request target must be (RFC 9112 3.2). */
const target = v.pipe(v.string(), v.regex(/^\/[\x21-\x7e]{0,2000}$/))
const fieldValue = v.pipe(v.string(), v.maxLength(8_000), v.regex(/^[\x20-\x7e]*$/))
/** What HTTP makes itself, or what a version of it knows nothing of (RFC 9113 8.2.2). */
const OWN_FIELDS =
  'connection content-length date host http2-settings keep-alive proxy-connection te trailer transfer-encoding upgrade'
const fieldName = v.pipe(
  v.string(),
  v.regex(/^[a-z][a-z0-9-]{0,63}$/),
  v.check((name) => !OWN_FIELDS.split(' ').includes(name), 'is made by HTTP itself'),
)
const fields = v.record(fieldName, fieldValue)

export const HTTP_VERSIONS = ['http/1.1', 'h2', 'h3'] as const
export type HttpVersion = (typeof HTTP_VERSIONS)[number]

/** What a side announces of HTTP/2 (RFC 9113 6.5.2); without, Node's own values. */
export const Http2Settings = v.strictObject({
  /** The dynamic table that the peer may keep for the header blocks that it sends to this side (RFC 7541 4.2). */
  headerTableSize: v.optional(v.pipe(size, v.maxValue(65_536)), 4_096),
  /** What the peer may send on a stream before this side gives it more (RFC 9113 6.9.2). */
  initialWindow: v.optional(v.pipe(size, v.minValue(1)), 65_535),
  /** Likewise on all streams together; no setting, so a WINDOW_UPDATE of stream 0 raises it (RFC 9113 6.9.2). */
  connectionWindow: v.optional(v.pipe(size, v.minValue(65_535)), 65_535),
})
export type Http2Settings = v.InferOutput<typeof Http2Settings>

/** What a side announces of HTTP/3 (RFC 9114 7.2.4.1, RFC 9204 5) and does with it; credit is QUIC's, in the host's settings. */
export const Http3Settings = v.strictObject({
  /** The dynamic table that the peer may keep for the field sections that it sends to this side. */
  tableCapacity: v.optional(v.pipe(size, v.maxValue(65_536)), 4_096),
  /** How many streams may wait for the encoder stream (RFC 9204 2.1.2); 0: none, so nothing is ever QPACK-blocked. */
  blockedStreams: v.optional(v.pipe(count, v.maxValue(1_000)), 100),
})
export type Http3Settings = v.InferOutput<typeof Http3Settings>

/** One thing that a site has. */
export const Resource = v.strictObject({
  /** Bytes of its content, made from the seed; a page (`objects`) is as long as its text at least. */
  size: v.optional(size, 0),
  type: v.optional(fieldValue, 'application/octet-stream'),
  /** What the server takes to think about it. */
  delay: v.optional(span, 0),
  /** Fields that are sent with it, such as `cache-control`; `expires-in` below makes `expires`. */
  fields: v.optional(fields, {}),
  /** Microseconds from the answer to the `expires` that it carries. */
  expiresIn: v.optional(v.pipe(v.number(), v.minValue(-86_400e6), v.maxValue(86_400e6))),
  etag: v.optional(v.boolean(), false),
  /** The date of its last change; what has not changed since the run began changed a day before. */
  lastModified: v.optional(v.boolean(), false),
  /** Moments at which it changes: `edit` is new content, `touch` the same content with a new date. */
  changes: v.optional(v.array(v.strictObject({ at: span, kind: v.picklist(['edit', 'touch']) })), []),
  /**
   * A page: so many objects are named in it, `/object/1` to `/object/n`, each of `objectSize` bytes and with the page's fields,
   * expiry and validators. A resource of such a target takes the object's place.
   */
  objects: v.optional(count, 0),
  objectSize: v.optional(size, 0),
  /** 302 to there. */
  redirect: v.optional(target),
  /** Text that compresses, sent in the coding that the client likes best (RFC 9110 12.5.3): gzip, br or identity. */
  compressible: v.optional(v.boolean(), false),
  /** Representations to choose from by `accept` (RFC 9110 12.5.1). */
  variants: v.optional(v.array(v.strictObject({ type: fieldValue, size })), []),
  /** Targets that are pushed with it (RFC 9113 8.4). */
  push: v.optional(v.array(target), []),
  /**
   * What stands behind it. `orders`: POST makes an order, once for each `idempotency-key`; PUT makes the one of this target,
   * or writes it again; GET counts them. `session`:
   * a server-side session, found by the cookie `SID` or the parameter `sid`.
   */
  behaviour: v.optional(v.picklist(['static', 'orders', 'session']), 'static'),
  /** Of a session: how long its cookie is good for (`max-age`), and its other attributes. */
  session: v.optional(
    v.strictObject({
      maxAge: v.optional(span, 0),
      secure: v.optional(v.boolean(), false),
      httpOnly: v.optional(v.boolean(), true),
      sameSite: v.optional(v.picklist(['strict', 'lax', 'none']), 'lax'),
    }),
    {},
  ),
})
export type Resource = v.InferOutput<typeof Resource>

export const HttpServerApp = v.strictObject({
  kind: v.literal('http-server'),
  host: name,
  port,
  /** null: in the clear. */
  tls: v.optional(v.nullable(TlsServerSettings), null),
  /**
   * Offered by ALPN in this order; in the clear the first one is spoken, `h2` with prior knowledge (RFC 9113 3.3). `h3` waits on the
   * UDP port of the same number, with TLS 1.3 whatever `tls.version` says.
   */
  versions: v.optional(v.pipe(v.array(v.picklist(HTTP_VERSIONS)), v.minLength(1)), ['h2', 'http/1.1']),
  /** An idle connection is closed after so long; 0: after each response. */
  keepAlive: v.optional(span, 5_000_000),
  http2: v.optional(Http2Settings),
  http3: v.optional(Http3Settings),
  resources: v.record(target, Resource),
})
export type HttpServerApp = v.InferOutput<typeof HttpServerApp>

/** One request, or a page with all that it names. */
export const RequestSetup = v.strictObject({
  method: v.optional(v.picklist(['GET', 'HEAD', 'POST', 'PUT', 'DELETE', 'OPTIONS']), 'GET'),
  target,
  fields: v.optional(fields, {}),
  /** Bytes of its content. */
  body: v.optional(size, 0),
  /** When it may begin, from the start of the application; and not before the one before it is done, if `after`. */
  at: v.optional(span, 0),
  after: v.optional(v.boolean(), false),
  /** Asked for so many times, one after the other if `after`, else all at once. */
  times: v.optional(v.pipe(count, v.minValue(1)), 1),
  /** Asks for all that the page names as soon as it has read it. */
  page: v.optional(v.boolean(), false),
  /** It is made for a page of another site, which `SameSite` is about (RFC 6265bis 5.2). */
  crossSite: v.optional(v.boolean(), false),
  /** The client leaves the content of the answer unread for so long, once its header section is there. HTTP/2 and HTTP/3. */
  readDelay: v.optional(span, 0),
  /** RFC 9218. */
  priority: v.optional(
    v.strictObject({
      urgency: v.optional(v.pipe(v.number(), v.integer(), v.minValue(0), v.maxValue(7)), 3),
      incremental: v.optional(v.boolean(), false),
    }),
  ),
  /**
   * A PRIORITY frame of RFC 7540 (5.3) for its stream, written by hand: RFC 9113 (5.3.2) has given the scheme up, so that
   * nobody need heed it. HTTP/2 in the clear only.
   */
  priorityFrame: v.optional(
    v.strictObject({
      dependsOn: v.optional(count, 0),
      weight: v.optional(v.pipe(v.number(), v.integer(), v.minValue(1), v.maxValue(256)), 16),
      exclusive: v.optional(v.boolean(), false),
    }),
  ),
})
export type RequestSetup = v.InferOutput<typeof RequestSetup>

export const HttpClientApp = v.strictObject({
  kind: v.literal('http-client'),
  host: name,
  to: name,
  port,
  start: v.optional(span, 0),
  /** null: in the clear. */
  tls: v.optional(v.nullable(TlsClientSettings), null),
  version: v.optional(v.picklist(HTTP_VERSIONS), 'http/1.1'),
  /** The site's name, which the client first has to find the address of; null: it knows the address of `to`. */
  lookup: v.optional(v.nullable(v.strictObject({ name: DomainName, resolver: ResolverSettings })), null),
  /** The most connections at a time; HTTP/2 and HTTP/3 need one. */
  connections: v.optional(v.pipe(count, v.minValue(1), v.maxValue(64)), 1),
  http2: v.optional(Http2Settings),
  http3: v.optional(Http3Settings),
  /**
   * Of `h3`: another version to fall back on. It is tried after so long without an answer over QUIC, and whichever connection is
   * ready first is used (RFC 8305's race, for protocols); null: QUIC or nothing.
   */
  fallback: v.optional(
    v.nullable(v.strictObject({ version: v.picklist(['http/1.1', 'h2']), after: v.optional(span, 300_000) })),
    null,
  ),
  /** Use a connection again; else a new one for each request. */
  reuse: v.optional(v.boolean(), true),
  /** Send requests without waiting for the responses before (RFC 9112 9.3.2). HTTP/1.1 only. */
  pipelining: v.optional(v.boolean(), false),
  /** Keep a cache (RFC 9111). */
  cache: v.optional(v.boolean(), false),
  /** Keep cookies (RFC 6265); `rewriting`: none, the session's id goes into the target instead. */
  cookies: v.optional(v.picklist(['on', 'off', 'rewriting']), 'off'),
  /** Give a request up after so long, close its connection (HTTP/2 and HTTP/3: its stream, and open another connection for what follows) and try again; 0: wait for ever. */
  timeout: v.optional(span, 0),
  /** Of any method and after any failure, as a client that knows no better does; each try has the same number. */
  retries: v.optional(v.pipe(count, v.maxValue(10)), 0),
  /** Send `idempotency-key` with each POST, the same with each try. */
  idempotencyKey: v.optional(v.boolean(), false),
  /** Follow redirects, at most so many in a row. */
  redirects: v.optional(v.pipe(count, v.maxValue(20)), 5),
  requests: v.pipe(v.array(RequestSetup), v.minLength(1), v.maxLength(1_000)),
})
export type HttpClientApp = v.InferOutput<typeof HttpClientApp>

/**
 * Someone on the network of a host who has recorded the first flight of one of its QUIC connections and sends the same datagrams
 * again, from the same address and port (RFC 8446 8, RFC 9001 9.2).
 */
export const ReplayerApp = v.strictObject({
  kind: v.literal('replayer'),
  host: name,
  to: name,
  port,
  /** Which of the connections of the host to that port, from 1. */
  connection: v.optional(v.pipe(count, v.minValue(1)), 1),
  /** When it sends the copies, from the start of the run. */
  at: span,
  times: v.optional(v.pipe(count, v.minValue(1), v.maxValue(100)), 1),
})
export type ReplayerApp = v.InferOutput<typeof ReplayerApp>

/**
 * Someone who has recorded all that a host sent and received, and gets hold of the server's private key afterwards. It
 * tries to read the recording with it, once all others are done.
 */
export const EavesdropperApp = v.strictObject({
  kind: v.literal('eavesdropper'),
  host: name,
  /** The HTTP server, by its name among the applications, whose key leaks. */
  server: name,
})
export type EavesdropperApp = v.InferOutput<typeof EavesdropperApp>
