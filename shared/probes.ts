/** Programs that look at the path itself: `ping` and `traceroute`. */
import * as v from 'valibot'

const name = v.pipe(v.string(), v.regex(/^[a-z][a-z0-9-]{0,31}$/))
const span = v.pipe(v.number(), v.minValue(0), v.maxValue(86_400e6))
const count = v.pipe(v.number(), v.integer(), v.minValue(1), v.maxValue(100_000))

/** Where to: a host or router of the lane, or an address as in the first lane, such as one that nobody has. */
const target = v.union([name, v.pipe(v.string(), v.ipv4())])

/** Echo requests (RFC 792, RFC 1122 3.2.2.6), one after the other. */
export const PingApp = v.strictObject({
  kind: v.literal('ping'),
  host: name,
  to: target,
  start: v.optional(span, 0),
  count: v.optional(count, 5),
  every: v.optional(v.pipe(span, v.minValue(1_000)), 1_000_000),
  /** Bytes of data in each request. */
  size: v.optional(v.pipe(v.number(), v.integer(), v.minValue(8), v.maxValue(65_507)), 56),
  /** Sets DF: what is too large is answered by a router instead of cut. */
  dontFragment: v.optional(v.boolean(), false),
  ttl: v.optional(v.pipe(v.number(), v.integer(), v.minValue(1), v.maxValue(255)), 64),
  /** When an answer is no longer waited for. */
  timeout: v.optional(v.pipe(span, v.minValue(1_000)), 2_000_000),
})
export type PingApp = v.InferOutput<typeof PingApp>

/** One hop more each time, by a TTL that runs out (RFC 1393 2, RFC 1812 4.3.3.4). */
export const TracerouteApp = v.strictObject({
  kind: v.literal('traceroute'),
  host: name,
  to: target,
  start: v.optional(span, 0),
  /** Datagrams to ports that nobody listens on, or echo requests. */
  probe: v.optional(v.picklist(['udp', 'icmp']), 'udp'),
  port: v.optional(v.pipe(v.number(), v.integer(), v.minValue(1), v.maxValue(65_000)), 33_434),
  maxHops: v.optional(v.pipe(v.number(), v.integer(), v.minValue(1), v.maxValue(255)), 30),
  /** Probes a hop, one after the other. */
  probes: v.optional(v.pipe(v.number(), v.integer(), v.minValue(1), v.maxValue(10)), 3),
  timeout: v.optional(v.pipe(span, v.minValue(1_000)), 1_000_000),
})
export type TracerouteApp = v.InferOutput<typeof TracerouteApp>
