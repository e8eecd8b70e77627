/** The settings of one QUIC endpoint that a user may change. Spans are in microseconds, sizes in bytes. */
import * as v from 'valibot'
import { CONGESTION_CONTROLS } from './tcp.ts'

const span = (min: number, max = 86_400e6) => v.pipe(v.number(), v.minValue(min), v.maxValue(max))
const integer = (min: number, max: number) =>
  v.pipe(v.number(), v.integer(), v.minValue(min), v.maxValue(max))

export const QuicSettings = v.strictObject({
  congestion: v.optional(v.picklist(CONGESTION_CONTROLS), 'cubic'),
  /** RFC 9002 7.2: the initial window in datagrams. */
  initialWindow: v.optional(integer(1, 1_000), 10),
  /** RFC 9002 7.7: spread packets over the round trip. */
  pacing: v.optional(v.boolean(), true),
  /** RFC 9406: slow start ends when the round trip grows. */
  hystart: v.optional(v.boolean(), false),
  /** Bytes of a UDP payload; 1,200 is the least that QUIC needs (RFC 9000 14). */
  maxDatagram: v.optional(integer(1_200, 65_527), 1_350),
  /** RFC 9000 10.1; 0: never. */
  idleTimeout: v.optional(span(0), 30_000_000),
  /** Credit of the connection and of a stream (RFC 9000 4.1). */
  maxData: v.optional(integer(0, 1 << 30), 15_728_640),
  maxStreamData: v.optional(integer(0, 1 << 30), 6_291_456),
  /** Credit grows with what the path holds, up to so many times what it began with; 1: it stays as it is. */
  creditGrowth: v.optional(integer(1, 64), 1),
  /** Streams that the peer may have open (RFC 9000 4.6). */
  maxStreamsBidi: v.optional(integer(0, 65_536), 100),
  maxStreamsUni: v.optional(integer(0, 65_536), 100),
  /** RFC 9000 13.2.1 and 18.2. */
  maxAckDelay: v.optional(span(0, 16_383_000), 25_000),
  /** Bytes of the connection ids that this side gives out; 0 only at a client. */
  connectionIdLength: v.optional(integer(0, 20), 8),
  /** RFC 9000 8.1.2: the server asks the client to prove its address first. */
  retry: v.optional(v.boolean(), false),
  /**
   * The version that a client begins with: 1 (RFC 9000), 2 (RFC 9369), or one that nobody has (RFC 9000 15), so that the server
   * negotiates (6) and the client begins anew with version 1.
   */
  version: v.optional(v.picklist(['1', '2', 'reserved']), '1'),
  /** Looks for larger datagrams that the path takes, up to this (RFC 9000 14.3, RFC 8899); 0: stays with `maxDatagram`. */
  searchDatagram: v.optional(
    v.pipe(
      v.number(),
      v.integer(),
      v.check((n) => n === 0 || (n >= 1_200 && n <= 65_527), '0 or 1200 to 65527'),
    ),
    0,
  ),
  /** Sends ECT(0) and heeds what the peer counts (RFC 9000 13.4). */
  ecn: v.optional(v.boolean(), false),
  /**
   * Asks the peer to acknowledge only so many packets together, by ACK_FREQUENCY (draft-ietf-quic-ack-frequency), if the peer knows
   * the extension; 0: does not ask.
   */
  ackEvery: v.optional(integer(0, 1_000), 0),
  /** Declares a transport parameter that nobody knows (RFC 9000 18.1), as a new extension would be. */
  unknownParameter: v.optional(v.boolean(), false),
  /** RFC 9221: the largest DATAGRAM frame that is taken; 0: none. */
  maxDatagramFrame: v.optional(integer(0, 65_535), 0),
  /** A key update after so many packets (RFC 9001 6); 0: none of our own. */
  keyUpdateAfter: v.optional(integer(0, 1e9), 0),
})
export type QuicSettings = v.InferOutput<typeof QuicSettings>
