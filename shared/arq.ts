/** Reliable transfer over UDP by the three textbook protocols of automatic repeat request (RFC 3366 1.3). */
import * as v from 'valibot'

const name = v.pipe(v.string(), v.regex(/^[a-z][a-z0-9-]{0,31}$/))
const span = v.pipe(v.number(), v.minValue(0), v.maxValue(86_400e6))
const port = v.pipe(v.number(), v.integer(), v.minValue(1), v.maxValue(65_535))

export const ARQ_SCHEMES = ['stop-and-wait', 'go-back-n', 'selective-repeat'] as const
export type ArqScheme = (typeof ARQ_SCHEMES)[number]

const common = {
  /** Both ends must have the same. */
  scheme: v.optional(v.picklist(ARQ_SCHEMES), 'selective-repeat'),
  /** Packets that may be unacknowledged; of stop-and-wait always 1. */
  window: v.optional(v.pipe(v.number(), v.integer(), v.minValue(1), v.maxValue(4_096)), 32),
} as const

export const ArqSenderApp = v.strictObject({
  kind: v.literal('arq-sender'),
  host: name,
  to: name,
  port,
  start: v.optional(span, 0),
  ...common,
  bytes: v.optional(v.pipe(v.number(), v.integer(), v.minValue(1), v.maxValue(1e9)), 1_000_000),
  /** Bytes of data in a packet; more than the path's MTU holds means fragments. */
  payload: v.optional(v.pipe(v.number(), v.integer(), v.minValue(1), v.maxValue(65_000)), 1_200),
  /** The retransmission timer; 0: by RFC 6298 from measured round trips. */
  timeout: v.optional(span, 0),
  /** The least timeout by RFC 6298, which says one second (2.4); systems in the field use less for TCP. */
  leastTimeout: v.optional(v.pipe(span, v.minValue(1_000)), 1_000_000),
  /** A packet that was sent so often without an answer ends the transfer. */
  retries: v.optional(v.pipe(v.number(), v.integer(), v.minValue(1), v.maxValue(1_000)), 20),
})
export type ArqSenderApp = v.InferOutput<typeof ArqSenderApp>

export const ArqReceiverApp = v.strictObject({
  kind: v.literal('arq-receiver'),
  host: name,
  port,
  ...common,
})
export type ArqReceiverApp = v.InferOutput<typeof ArqReceiverApp>
