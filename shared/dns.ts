/** DNS servers and clients as data. */
import * as v from 'valibot'

const name = v.pipe(v.string(), v.regex(/^[a-z][a-z0-9-]{0,31}$/))
const span = v.pipe(v.number(), v.minValue(0), v.maxValue(86_400e6))
const port = v.pipe(v.number(), v.integer(), v.minValue(1), v.maxValue(65_535))
/** The name of a domain, in lower case and without the dot at its end (RFC 1035 2.3.1). */
export const DomainName = v.pipe(
  v.string(),
  v.maxLength(253),
  v.regex(/^[a-z0-9_]([a-z0-9_-]{0,61}[a-z0-9])?(\.[a-z0-9_]([a-z0-9_-]{0,61}[a-z0-9])?)*$/),
)
export const DNS_TYPES = ['A', 'AAAA', 'CNAME', 'TXT', 'MX', 'NS', 'SOA'] as const
/** Bytes of UDP that a side is ready for by EDNS (RFC 6891 6.2.3); 0: no EDNS, so 512 (RFC 1035 4.2.1). */
const udpSize = v.pipe(v.number(), v.integer(), v.minValue(0), v.maxValue(4_096))

/** One record of a zone. */
export const DnsRecord = v.strictObject({
  name: DomainName,
  type: v.picklist(DNS_TYPES),
  /** Seconds. */
  ttl: v.optional(v.pipe(v.number(), v.integer(), v.minValue(0), v.maxValue(0x7fff_ffff)), 300),
  /**
   * Of A: a host of the set-up, or an address. Of CNAME and NS a name, of MX a preference before it, of TXT its text; of SOA two
   * names and five numbers, the last of which says for how many seconds a no is good (RFC 2308 4).
   */
  value: v.pipe(v.string(), v.maxLength(1_000)),
  /** So many records of this kind, with values of their own: for an answer that is long. */
  times: v.optional(v.pipe(v.number(), v.integer(), v.minValue(1), v.maxValue(200)), 1),
})
export type DnsRecord = v.InferOutput<typeof DnsRecord>

/** A server that answers for its zone from what it has; anything else does not exist (NXDOMAIN). UDP and TCP. */
export const DnsServerApp = v.strictObject({
  kind: v.literal('dns-server'),
  host: name,
  port: v.optional(port, 53),
  records: v.array(DnsRecord),
  /** What it takes to find an answer. */
  delay: v.optional(span, 0),
  udpSize: v.optional(udpSize, 1_232),
})
export type DnsServerApp = v.InferOutput<typeof DnsServerApp>

/** How a client finds addresses. */
export const ResolverSettings = v.strictObject({
  /** The host of the server. */
  server: name,
  port: v.optional(port, 53),
  /** Asked again after so long, each time after twice as long (RFC 1035 4.2.1). */
  timeout: v.optional(v.pipe(span, v.minValue(1_000)), 1_000_000),
  tries: v.optional(v.pipe(v.number(), v.integer(), v.minValue(1), v.maxValue(10)), 3),
  /** Keep answers for as long as their TTL says. */
  cache: v.optional(v.boolean(), true),
  udpSize: v.optional(udpSize, 1_232),
})
export type ResolverSettings = v.InferOutput<typeof ResolverSettings>

/** Asks for names, one after another. */
export const DnsClientApp = v.strictObject({
  kind: v.literal('dns-client'),
  host: name,
  resolver: ResolverSettings,
  queries: v.pipe(
    v.array(
      v.strictObject({
        name: DomainName,
        type: v.optional(v.picklist(DNS_TYPES), 'A'),
        at: v.optional(span, 0),
      }),
    ),
    v.minLength(1),
    v.maxLength(1_000),
  ),
})
export type DnsClientApp = v.InferOutput<typeof DnsClientApp>
