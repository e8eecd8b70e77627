/** The settings of one TCP endpoint that a user may change. Spans are in microseconds, sizes in bytes. */
import * as v from 'valibot'

const span = (min: number, max = 86_400e6) => v.pipe(v.number(), v.minValue(min), v.maxValue(max))
const integer = (min: number, max: number) =>
  v.pipe(v.number(), v.integer(), v.minValue(min), v.maxValue(max))

export const CONGESTION_CONTROLS = ['newreno', 'cubic', 'bbr', 'bbr1', 'none'] as const

export const TcpSettings = v.strictObject({
  /**
   * RFC 5681 and 6582, RFC 9438, BBR as draft-ietf-ccwg-bbr has it (version 3), BBR version 1 (draft-cardwell-iccrg-bbr-congestion-control-00),
   * or a window that never limits (for teaching).
   */
  congestion: v.optional(v.picklist(CONGESTION_CONTROLS), 'cubic'),
  /** The MSS option that is sent; the peer's and the path's may be smaller (RFC 9293 3.7.1). */
  mss: v.optional(integer(64, 65_495), 1460),
  /** Off: no MSS option is sent, and one that is missing or present is no limit: IP must cut what is too long. Only to show what it is for. */
  mssOption: v.optional(v.boolean(), true),
  /** RFC 1191: sets DF and heeds what routers say of the path. Off: routers may cut its packets. */
  pathMtuDiscovery: v.optional(v.boolean(), true),
  /** RFC 4821: finds the largest segment that the path takes by trying, and so a way out of a black hole (RFC 2923). */
  mtuProbing: v.optional(v.boolean(), false),
  /** RFC 6928: the initial window in segments. */
  initialWindow: v.optional(integer(1, 1000), 10),
  /** RFC 7323 window scale. */
  windowScaling: v.optional(v.boolean(), true),
  /** RFC 7323 timestamps; PAWS needs them. */
  timestamps: v.optional(v.boolean(), true),
  paws: v.optional(v.boolean(), true),
  /** RFC 2018 and 6675. */
  sack: v.optional(v.boolean(), true),
  /** RFC 2883: tells the peer of what arrived twice, and heeds it. */
  dsack: v.optional(v.boolean(), false),
  /** RFC 8985 6: a segment is lost when one that was sent after it has arrived, and a reordering window has passed. */
  rack: v.optional(v.boolean(), false),
  /** RFC 8985 7: a probe when the tail of what was sent is not acknowledged. */
  tailLossProbe: v.optional(v.boolean(), false),
  /** RFC 5682: is a retransmission timeout spurious? */
  frto: v.optional(v.boolean(), false),
  /** Gives back the window that a spurious recovery took: found by D-SACK (RFC 3708) or timestamps (RFC 3522, RFC 4015). */
  undo: v.optional(v.boolean(), false),
  /** RFC 9937: the window shrinks in step with what arrives, instead of at once. */
  prr: v.optional(v.boolean(), false),
  /** RFC 9406: slow start ends when the round trip grows. */
  hystart: v.optional(v.boolean(), false),
  /** Spreads segments over the round trip (RFC 9002 7.7's rule for windows); BBR always does. */
  pacing: v.optional(v.boolean(), false),
  /** RFC 3168. */
  ecn: v.optional(v.boolean(), false),
  /** RFC 3042. */
  limitedTransmit: v.optional(v.boolean(), true),
  /** Duplicate acknowledgments that make a loss (RFC 5681 3.2). */
  dupThresh: v.optional(integer(1, 300), 3),
  /** Karn's rule (RFC 6298 3): no sample of a segment sent twice. Off only to show what it is for. */
  karn: v.optional(v.boolean(), true),
  /** RFC 6298 2.1, 2.4, 2.5. */
  initialRto: v.optional(span(1_000), 1_000_000),
  minRto: v.optional(span(1_000), 1_000_000),
  maxRto: v.optional(span(1_000), 60_000_000),
  /** How often a SYN, or data, is sent again before the connection is given up (RFC 9293 3.8.3). */
  synRetries: v.optional(integer(0, 255), 6),
  dataRetries: v.optional(integer(0, 255), 15),
  /** Gives up when data stay unacknowledged this long (RFC 9293 3.8.3, RFC 5482); 0: never. */
  userTimeout: v.optional(span(0), 0),
  /** RFC 9293 3.7.4. */
  nagle: v.optional(v.boolean(), true),
  /** Longest time that an acknowledgment waits (RFC 9293 3.8.6.3); 0: every segment at once. */
  delayedAck: v.optional(span(0, 500_000), 40_000),
  /** Full-sized segments that are acknowledged by one ACK. */
  ackEvery: v.optional(integer(1, 100), 2),
  /** Silly window syndrome avoidance of the sender and of the receiver (RFC 9293 3.8.6.2). */
  senderSws: v.optional(v.boolean(), true),
  receiverSws: v.optional(v.boolean(), true),
  sendBuffer: v.optional(integer(1, 1 << 30), 4_194_304),
  receiveBuffer: v.optional(integer(1, 1 << 30), 6_291_456),
  /** RFC 9293 3.8.4: idle time before the first probe (0: no keep-alive), between probes, and how many. */
  keepAliveIdle: v.optional(span(0), 0),
  keepAliveInterval: v.optional(span(1_000), 75_000_000),
  keepAliveCount: v.optional(integer(1, 255), 9),
  /** Maximum segment lifetime; TIME-WAIT lasts twice as long (RFC 9293 3.4.2). 0: no TIME-WAIT. */
  msl: v.optional(span(0), 30_000_000),
  /** The most half-open connections of a listener, and the most that wait to be accepted. */
  synBacklog: v.optional(integer(1, 65_535), 128),
  acceptBacklog: v.optional(integer(1, 65_535), 128),
  /** RFC 4987 3.6: answers without memory when the SYN queue is full. */
  synCookies: v.optional(v.boolean(), false),
  /**
   * Established with the SYN, as if two were enough; and as there is no third segment, a SYN-ACK that nobody asked for is not objected
   * to either. Only to show why three are.
   */
  twoWayHandshake: v.optional(v.boolean(), false),
  /** Challenge ACKs a second (RFC 5961 7). */
  challengeAckLimit: v.optional(integer(0, 1_000_000), 1000),
  /**
   * An option that nobody knows yet: kind 253 with an experiment's number (RFC 4727, RFC 6994), in the SYN, and in the SYN-ACK if
   * the SYN had it. Both ends must have it on; a middlebox may have other ideas.
   */
  experimentalOption: v.optional(v.boolean(), false),
  /** The initial sequence number, for experiments that choose it; without, RFC 6528's. */
  initialSequence: v.optional(integer(0, 0xffff_ffff)),
})
export type TcpSettings = v.InferOutput<typeof TcpSettings>
export type TcpSettingsInput = v.InferInput<typeof TcpSettings>
export type CongestionControlName = (typeof CONGESTION_CONTROLS)[number]

/** The states of RFC 9293 3.3.2. */
export const TCP_STATES = [
  'CLOSED',
  'LISTEN',
  'SYN-SENT',
  'SYN-RECEIVED',
  'ESTABLISHED',
  'FIN-WAIT-1',
  'FIN-WAIT-2',
  'CLOSE-WAIT',
  'CLOSING',
  'LAST-ACK',
  'TIME-WAIT',
] as const
export type TcpState = (typeof TCP_STATES)[number]
