/** Programs that exchange messages: over TCP and UDP with or without framing, as a feed to a browser, as remote calls. */
import * as v from 'valibot'
import { TlsClientSettings, TlsServerSettings } from './tls.ts'

const name = v.pipe(v.string(), v.regex(/^[a-z][a-z0-9-]{0,31}$/))
const span = v.pipe(v.number(), v.minValue(0), v.maxValue(86_400e6))
const size = v.pipe(v.number(), v.integer(), v.minValue(1), v.maxValue(1_000_000))
const count = v.pipe(v.number(), v.integer(), v.minValue(1), v.maxValue(100_000))
const port = v.pipe(v.number(), v.integer(), v.minValue(1), v.maxValue(65_535))

/**
 * How the reader of a byte stream finds the messages in it. `none`: it takes each read for a message. `fixed`: all are as long as the
 * longest, filled up with zeros. `delimited`: CR LF at the end; inside a message CR, LF and the escape itself are escaped.
 * `length`: four bytes of length before each.
 */
export const FRAMINGS = ['none', 'fixed', 'delimited', 'length'] as const
export type Framing = (typeof FRAMINGS)[number]

const transport = {
  over: v.optional(v.picklist(['tcp', 'udp']), 'tcp'),
  /** Of TCP; a UDP datagram is a message. */
  framing: v.optional(v.picklist(FRAMINGS), 'length'),
  /** Bytes of the longest message. */
  longest: v.optional(size, 1_000),
} as const

/** Sends numbered messages made from the seed. */
export const MessageSenderApp = v.strictObject({
  kind: v.literal('message-sender'),
  host: name,
  to: name,
  port,
  start: v.optional(span, 0),
  ...transport,
  count: v.optional(count, 100),
  /** Bytes of the shortest; lengths in between are drawn from the seed. */
  shortest: v.optional(size, 16),
  every: v.optional(span, 10_000),
  /** Of TCP. `whole`: a write a message; `cut`: the stream is written in pieces that have nothing to do with messages. */
  writes: v.optional(v.picklist(['whole', 'cut']), 'whole'),
})
export type MessageSenderApp = v.InferOutput<typeof MessageSenderApp>

export const MessageReceiverApp = v.strictObject({
  kind: v.literal('message-receiver'),
  host: name,
  port,
  ...transport,
})
export type MessageReceiverApp = v.InferOutput<typeof MessageReceiverApp>

/** A server at which messages come up that clients want to hear of, on `/poll`, `/long-poll`, `/events` and `/socket`. */
export const FeedServerApp = v.strictObject({
  kind: v.literal('feed-server'),
  host: name,
  port,
  tls: v.optional(v.nullable(TlsServerSettings), null),
  count: v.optional(count, 20),
  size: v.optional(size, 100),
  /** The first comes up after `start`, the others at this distance: exactly, or on average with a distance drawn from the seed. */
  start: v.optional(span, 1_000_000),
  every: v.optional(v.pipe(span, v.minValue(1_000)), 1_000_000),
  spacing: v.optional(v.picklist(['even', 'random']), 'random'),
  /** A long poll without news is answered after so long. */
  hold: v.optional(v.pipe(span, v.minValue(1_000)), 30_000_000),
})
export type FeedServerApp = v.InferOutput<typeof FeedServerApp>

export const FEEDS = ['polling', 'long-polling', 'sse', 'websocket'] as const
export type Feed = (typeof FEEDS)[number]

/** Hears the messages of a feed until it has them all. */
export const FeedClientApp = v.strictObject({
  kind: v.literal('feed-client'),
  host: name,
  to: name,
  port,
  start: v.optional(span, 0),
  tls: v.optional(v.nullable(TlsClientSettings), null),
  how: v.optional(v.picklist(FEEDS), 'websocket'),
  /** Of polling. */
  interval: v.optional(v.pipe(span, v.minValue(1_000)), 2_000_000),
  /** Of the WebSocket: a Ping after so long, 0: none. */
  ping: v.optional(span, 0),
})
export type FeedClientApp = v.InferOutput<typeof FeedClientApp>

export const RPC_STYLES = ['json', 'grpc'] as const
export type RpcStyle = (typeof RPC_STYLES)[number]

/** Answers calls: JSON over HTTP/1.1, or gRPC's protobuf over HTTP/2. */
export const RpcServerApp = v.strictObject({
  kind: v.literal('rpc-server'),
  host: name,
  port,
  tls: v.optional(v.nullable(TlsServerSettings), null),
  style: v.optional(v.picklist(RPC_STYLES), 'grpc'),
  /** What it takes to work on a call. */
  delay: v.optional(span, 0),
})
export type RpcServerApp = v.InferOutput<typeof RpcServerApp>

export const RpcClientApp = v.strictObject({
  kind: v.literal('rpc-client'),
  host: name,
  to: name,
  port,
  start: v.optional(span, 0),
  tls: v.optional(v.nullable(TlsClientSettings), null),
  style: v.optional(v.picklist(RPC_STYLES), 'grpc'),
  calls: v.optional(count, 50),
  /** Calls under way at a time. JSON over HTTP/1.1 has as many connections. */
  concurrency: v.optional(v.pipe(count, v.maxValue(64)), 1),
  /** How many readings each answer carries. */
  readings: v.optional(v.pipe(count, v.maxValue(10_000)), 10),
  /** Given up after so long (`grpc-timeout`); 0: never. */
  deadline: v.optional(span, 0),
})
export type RpcClientApp = v.InferOutput<typeof RpcClientApp>
