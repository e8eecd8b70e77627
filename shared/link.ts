/**
 * What a link does to packets, one direction at a time (DESIGN 4.1 and 5). A plain record, so that every
 * part of it is a knob: a path such as `loss.rate` names it in the window, the terminal and the trace.
 *
 * Units: microseconds, bits a second, bytes, shares from 0 to 1. Everything is off by default.
 */
import * as v from 'valibot'

const ratio = v.pipe(v.number(), v.minValue(0), v.maxValue(1))
/** The correlation of neighbouring draws: the chance that a packet's draw is the one of the packet before. */
const correlation = v.optional(v.pipe(v.number(), v.minValue(0), v.maxValue(0.999)), 0)
const span = v.pipe(v.number(), v.minValue(0), v.maxValue(3_600e6))
/** How often something happens: never, or at a distance that lab time can tell apart. */
const period = v.pipe(
  span,
  v.check((us) => us === 0 || us >= 1, '0 or at least 1 microsecond'),
)
const count = v.pipe(v.number(), v.integer(), v.minValue(0), v.maxValue(0xffff_ffff))
const isSorted = (numbers: readonly number[]): boolean =>
  numbers.every((n, i) => i === 0 || n >= numbers[i - 1])
const bitRate = v.pipe(
  v.number(),
  v.minValue(0),
  v.maxValue(1e12),
  v.check((bits) => bits === 0 || bits >= 1, '0 or at least 1 bit a second'),
)

/** How fast packets leave the queue. */
export const RateSpec = v.strictObject({
  /** Bits a second of IP packets, or of Ethernet frames with their headers; 0: unlimited (to send nothing, take an outage). */
  limit: v.optional(bitRate, 0),
  /** A token bucket above `limit`: this many bytes may go at once; 0: plain serialisation. */
  bucket: v.optional(count, 0),
  /** From `at` on the rate is `limit`. Sorted by `at`; empty: no schedule. */
  schedule: v.optional(
    v.pipe(
      v.array(v.strictObject({ at: span, limit: bitRate })),
      v.maxLength(10_000),
      v.check((steps) => isSorted(steps.map((step) => step.at)), 'steps in order of time'),
    ),
    [],
  ),
  /**
   * Mahimahi's packet-delivery trace: at each of these milliseconds 1,504 bytes may go; it starts anew
   * at its end. Empty: no trace. It takes the place of `limit`.
   */
  mahimahi: v.optional(
    v.pipe(
      v.array(count),
      v.check((times: number[]) => isSorted(times), 'milliseconds that do not go backwards'),
      v.check(
        (times) => times.length === 0 || times[times.length - 1] > 0,
        'milliseconds of which the last is above 0',
      ),
    ),
    [],
  ),
})
export type RateSpec = v.InferOutput<typeof RateSpec>

export const QueueSpec = v.strictObject({
  discipline: v.optional(v.picklist(['drop-tail', 'drop-head', 'codel']), 'drop-tail'),
  /** What `limit` counts; `time` is the time that the queue takes to drain at the present rate. */
  unit: v.optional(v.picklist(['bytes', 'packets', 'time']), 'bytes'),
  /** Bytes, packets or microseconds; 0: unlimited. */
  limit: v.optional(v.pipe(v.number(), v.minValue(0)), 256_000),
  /** CoDel's target and interval (RFC 8289 4.2, 4.3). */
  target: v.optional(span, 5_000),
  interval: v.optional(span, 100_000),
  /** ECN-capable packets with which the queue is longer than this, counted as `limit`, are marked, whatever the discipline; 0: none. */
  markAbove: v.optional(v.pipe(v.number(), v.minValue(0)), 0),
  /** CoDel marks ECN-capable packets instead of dropping them. */
  ecn: v.optional(v.boolean(), false),
})
export type QueueSpec = v.InferOutput<typeof QueueSpec>

export const JitterSpec = v.strictObject({
  distribution: v.optional(v.picklist(['uniform', 'normal', 'pareto', 'paretonormal']), 'uniform'),
  /** Half the width (uniform) or the standard deviation (others). */
  amount: v.optional(span, 0),
  correlation,
  /** Packets may overtake each other because of jitter; otherwise order is kept. */
  reorders: v.optional(v.boolean(), false),
})
export type JitterSpec = v.InferOutput<typeof JitterSpec>

/** A sudden extra delay that comes at random and decays linearly. */
export const SpikeSpec = v.strictObject({
  /** Mean time between two spikes (exponential); 0: none. */
  every: v.optional(period, 0),
  extra: v.optional(span, 0),
  duration: v.optional(span, 0),
})
export type SpikeSpec = v.InferOutput<typeof SpikeSpec>

/** Packets are collected and let go in slots, as a radio or a DOCSIS modem does. */
export const SlotSpec = v.pipe(
  v.strictObject({
    /** Time between slots is uniform between the two; both 0: no slots. */
    min: v.optional(span, 0),
    max: v.optional(period, 0),
    /** The most packets of one slot; 0: any. */
    packets: v.optional(count, 0),
  }),
  v.check(({ min, max }) => min <= max, 'min no greater than max'),
)
export type SlotSpec = v.InferOutput<typeof SlotSpec>

export const LossSpec = v.strictObject({ rate: v.optional(ratio, 0), correlation })
export type LossSpec = v.InferOutput<typeof LossSpec>

/** Gilbert and Elliott's two states: p good to bad, r bad to good, loss 1-h in bad and 1-k in good. */
export const GilbertElliottSpec = v.strictObject({
  p: v.optional(ratio, 0),
  r: v.optional(ratio, 1),
  lossBad: v.optional(ratio, 1),
  lossGood: v.optional(ratio, 0),
})
export type GilbertElliottSpec = v.InferOutput<typeof GilbertElliottSpec>

/** Four states as netem's `loss state`: p13, p31, p32, p23, p14. */
export const MarkovSpec = v.pipe(
  v.strictObject({
    p13: v.optional(ratio, 0),
    p31: v.optional(ratio, 1),
    p32: v.optional(ratio, 0),
    p23: v.optional(ratio, 1),
    p14: v.optional(ratio, 0),
  }),
  v.check(({ p13, p14 }) => p13 + p14 <= 1, 'p13 + p14 up to 1'),
  v.check(({ p31, p32 }) => p31 + p32 <= 1, 'p31 + p32 up to 1'),
)
export type MarkovSpec = v.InferOutput<typeof MarkovSpec>

/** Which packets a rule means; all conditions that are given must hold. */
export const MatchSpec = v.strictObject({
  protocol: v.optional(v.picklist(['tcp', 'udp', 'icmp'])),
  /** TCP flags that must all be set. */
  flags: v.optional(v.array(v.picklist(['fin', 'syn', 'rst', 'psh', 'ack', 'urg', 'ece', 'cwr']))),
  /** TCP flags that must all be clear. */
  without: v.optional(v.array(v.picklist(['fin', 'syn', 'rst', 'psh', 'ack', 'urg', 'ece', 'cwr']))),
  /** Source or destination port. */
  port: v.optional(v.pipe(v.number(), v.integer(), v.minValue(0), v.maxValue(65_535))),
  /** With payload, or without. */
  payload: v.optional(v.boolean()),
})

/** Drops packets that match: those with these ordinals among the matching, from 1; empty: all of them. */
export const DropRule = v.strictObject({
  match: MatchSpec,
  ordinals: v.optional(v.array(v.pipe(count, v.minValue(1))), []),
})
export type DropRule = v.InferOutput<typeof DropRule>

/** Holds packets that match for `by`, beside all other delay; others overtake them. Ordinals as in DropRule. */
export const HoldRule = v.strictObject({
  match: MatchSpec,
  ordinals: v.optional(v.array(v.pipe(count, v.minValue(1))), []),
  by: span,
})
export type HoldRule = v.InferOutput<typeof HoldRule>

export const ReorderSpec = v.strictObject({
  rate: v.optional(ratio, 0),
  correlation,
  /** A reordered packet comes out after this many later ones have (or after `hold`, should none come). */
  gap: v.optional(v.pipe(count, v.minValue(1)), 3),
  hold: v.optional(span, 50_000),
})
export type ReorderSpec = v.InferOutput<typeof ReorderSpec>

export const CorruptSpec = v.strictObject({
  rate: v.optional(ratio, 0),
  correlation,
  /** Repair the checksums after flipping the bit, so that only the application can tell. */
  repair: v.optional(v.boolean(), false),
})
export type CorruptSpec = v.InferOutput<typeof CorruptSpec>

export const OutageSpec = v.pipe(
  v.strictObject({
    /** Down now, by hand. */
    down: v.optional(v.boolean(), false),
    /** Flapping: up for `up`, then down for `downFor`, from `start` on; `downFor` 0: none. */
    start: v.optional(span, 0),
    up: v.optional(span, 0),
    downFor: v.optional(span, 0),
  }),
  v.check(
    ({ up, downFor }) => up === 0 || downFor === 0 || up + downFor >= 1_000,
    'up and downFor of at least 1,000 microseconds together',
  ),
)
export type OutageSpec = v.InferOutput<typeof OutageSpec>

/** Network address translation at the direction's near side that changes its mapping in mid-run. */
export const RebindSpec = v.strictObject({
  /** From this time on packets of this direction have another source; answers find back. 0: never. */
  at: v.optional(span, 0),
  address: v.optional(v.pipe(v.string(), v.ipv4()), '10.77.0.99'),
  /** Added to the port, modulo 65,536. */
  portShift: v.optional(count, 1000),
})
export type RebindSpec = v.InferOutput<typeof RebindSpec>

/** A box on the way that reads what is none of its business (RFC 3234, RFC 8558). */
export const MiddleboxSpec = v.strictObject({
  /** TCP options whose kind it does not know: let through, overwritten with NOP, or the packet dropped. */
  unknownTcpOptions: v.optional(v.picklist(['pass', 'strip', 'drop']), 'pass'),
})
export type MiddleboxSpec = v.InferOutput<typeof MiddleboxSpec>

/** One direction of a link. */
export const DirectionSpec = v.strictObject({
  rate: v.optional(RateSpec, {}),
  /** Propagation delay. */
  delay: v.optional(span, 0),
  /** Of IP packets, whatever carries them. Larger ones: with DF an ICMP "fragmentation needed", unless `blackHole`; without, fragments. */
  mtu: v.optional(v.pipe(count, v.minValue(68), v.maxValue(65_535)), 1500),
  /** Too large packets die without a word (RFC 2923). */
  blackHole: v.optional(v.boolean(), false),
  queue: v.optional(QueueSpec, {}),
  jitter: v.optional(JitterSpec, {}),
  spikes: v.optional(SpikeSpec, {}),
  slots: v.optional(SlotSpec, {}),
  /** Bernoulli loss; with a correlation, losses come in groups. */
  loss: v.optional(LossSpec, {}),
  gilbertElliott: v.optional(GilbertElliottSpec, {}),
  markov: v.optional(MarkovSpec, {}),
  /** Every n-th packet is lost; 0: none. */
  everyNth: v.optional(count, 0),
  /** Exactly these packets of this direction are lost, counted from 1. */
  drop: v.optional(v.array(v.pipe(count, v.minValue(1))), []),
  dropMatching: v.optional(v.pipe(v.array(DropRule), v.maxLength(100)), []),
  holdMatching: v.optional(v.pipe(v.array(HoldRule), v.maxLength(100)), []),
  /** ECN-capable packets that the random models would lose are marked instead. */
  markInsteadOfDrop: v.optional(v.boolean(), false),
  duplicate: v.optional(LossSpec, {}),
  reorder: v.optional(ReorderSpec, {}),
  corrupt: v.optional(CorruptSpec, {}),
  outage: v.optional(OutageSpec, {}),
  rebind: v.optional(RebindSpec, {}),
  udpBlocked: v.optional(v.boolean(), false),
  middlebox: v.optional(MiddleboxSpec, {}),
})
export type DirectionSpec = v.InferOutput<typeof DirectionSpec>
export type DirectionInput = v.InferInput<typeof DirectionSpec>
export type MatchSpec = v.InferOutput<typeof MatchSpec>

/** Both directions: up is from side a to side b, down from b to a. */
export const LinkSpec = v.strictObject({
  up: v.optional(DirectionSpec, {}),
  down: v.optional(DirectionSpec, {}),
})
export type LinkSpec = v.InferOutput<typeof LinkSpec>
export type LinkInput = v.InferInput<typeof LinkSpec>
