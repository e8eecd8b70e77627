/** The settings of one QUIC endpoint that a user may change. Spans are in microseconds, sizes in bytes. */
import * as v from 'valibot'

const span = (min: number, max = 86_400e6) => v.pipe(v.number(), v.minValue(min), v.maxValue(max))
const integer = (min: number, max: number) =>
  v.pipe(v.number(), v.integer(), v.minValue(min), v.maxValue(max))

export const QuicSettings = v.strictObject({
  congestion: v.optional(v.picklist(['newreno', 'cubic', 'none']), 'cubic'),
  /** RFC 9002 7.2: the initial window in datagrams. */
  initialWindow: v.optional(integer(1, 1_000), 10),
  /** RFC 9002 7.7: spread packets over the round trip. */
  pacing: v.optional(v.boolean(), true),
  /** Bytes of a UDP payload; 1,200 is the least that QUIC needs (RFC 9000 14). */
  maxDatagram: v.optional(integer(1_200, 65_527), 1_350),
  /** RFC 9000 10.1; 0: never. */
  idleTimeout: v.optional(span(0), 30_000_000),
  /** Credit of the connection and of a stream (RFC 9000 4.1). */
  maxData: v.optional(integer(0, 1 << 30), 15_728_640),
  maxStreamData: v.optional(integer(0, 1 << 30), 6_291_456),
  /** Streams that the peer may have open (RFC 9000 4.6). */
  maxStreamsBidi: v.optional(integer(0, 65_536), 100),
  maxStreamsUni: v.optional(integer(0, 65_536), 100),
  /** RFC 9000 13.2.1 and 18.2. */
  maxAckDelay: v.optional(span(0, 16_383_000), 25_000),
  /** Bytes of the connection ids that this side gives out; 0 only at a client. */
  connectionIdLength: v.optional(integer(0, 20), 8),
  /** RFC 9000 8.1.2: the server asks the client to prove its address first. */
  retry: v.optional(v.boolean(), false),
  /** RFC 9369. */
  version: v.optional(v.picklist(['1', '2']), '1'),
  /** RFC 9221: the largest DATAGRAM frame that is taken; 0: none. */
  maxDatagramFrame: v.optional(integer(0, 65_535), 0),
  /** A key update after so many packets (RFC 9001 6); 0: none of our own. */
  keyUpdateAfter: v.optional(integer(0, 1e9), 0),
})
export type QuicSettings = v.InferOutput<typeof QuicSettings>
