/** The account of one stream at its receiver: what arrived when, and what was held why; see `blocking.ts`. */
import { Intervals, lengthOf, union, type Interval } from './intervals.ts'

/** In the order of precedence: record for TCP, key and QPACK for QUIC. */
export const HELD_CONDITIONS = ['self', 'cross', 'record', 'key', 'qpack'] as const
export type HeldCondition = (typeof HELD_CONDITIONS)[number]

/** A value for each condition. */
export const byCondition = <T>(value: (condition: HeldCondition) => T): Record<HeldCondition, T> => ({
  self: value('self'),
  cross: value('cross'),
  record: value('record'),
  key: value('key'),
  qpack: value('qpack'),
})

/** A byte that others had to wait for: when it came (infinite: not yet), and what is known of it. */
export interface Moment {
  readonly t: number
  /** The packet that brought it, 0: none yet. */
  readonly pkt: number
  /** Its offset: TCP's, or that in its QUIC stream. */
  readonly offset: number
  /** In TCP the stream that it belongs to, 0: none; in QUIC it is of the stream that waits. */
  readonly owner?: number
  /** When the wait for it began, if that was later than the wait for what comes before in precedence ended. */
  readonly since?: number
}

/** A condition, and the moment until which bytes are in it at the latest. */
export type Wait = readonly [HeldCondition, Moment]

/** Bytes that waited in one condition for the same byte. */
export interface Held {
  readonly condition: HeldCondition
  /** When the first of them arrived in this condition, and when all left it; infinite: not yet. */
  readonly from: number
  readonly to: number
  readonly bytes: number
  /** Sum of the moments at which they entered it, a byte each: what `byteTime` needs. */
  readonly entered: number
  readonly until: Moment
}

/** Byte-microseconds that were spent, until `end` by those that still wait. */
export const byteTime = ({ bytes, entered, to }: Held, end: number): number =>
  bytes * Math.min(to, end) - entered

/** When something was held in a condition, until `end` at most. */
export function heldIn(held: readonly Held[], condition: HeldCondition, end: number): Interval[] {
  const intervals: Interval[] = []
  for (const { condition: of, from, to } of held)
    if (of === condition) intervals.push({ from, to: Math.min(to, end) })
  return intervals
}

/** Some bytes that came together and share their fate. */
export interface Chunk {
  readonly bytes: number
  /** When they came. */
  readonly t: number
  /** When the link began and ended to transmit them, seen from their arrival: what follows them in the segment comes after. */
  readonly begin: number
  readonly finish: number
}

export class HeldAccount {
  bytes = 0
  /** First arrival, and when the last byte so far was given to the application. */
  start = Infinity
  end = -Infinity
  readonly arrivals: Intervals
  readonly held: Held[]
  /** By condition: where the latest one stands in `held`. */
  private readonly latest: Record<HeldCondition, number>

  constructor(before?: HeldAccount) {
    this.arrivals = new Intervals(before?.arrivals.all)
    this.held = before ? [...before.held] : []
    this.latest = before ? { ...before.latest } : byCondition(() => -1)
    if (before === undefined) return
    this.bytes = before.bytes
    this.start = before.start
    this.end = before.end
  }

  /** Bytes that came, and all conditions that they can be in, in the order of precedence. */
  add({ bytes, t, begin, finish }: Chunk, ...waits: readonly Wait[]): void {
    this.bytes += bytes
    this.start = Math.min(this.start, t)
    this.arrivals.add(begin, finish)
    let at = t
    for (const [condition, until] of waits) {
      this.wait(condition, Math.max(at, until.since ?? at), until, bytes)
      at = Math.max(at, until.t)
    }
    this.end = Math.max(this.end, at)
  }

  private wait(condition: HeldCondition, from: number, until: Moment, bytes: number): void {
    if (!(until.t > from)) return
    const at = this.latest[condition]
    const last = this.held[at]
    const entered = bytes * from
    if (last?.until.offset === until.offset && last.to === until.t)
      this.held[at] = {
        ...last,
        from: Math.min(last.from, from),
        bytes: last.bytes + bytes,
        entered: last.entered + entered,
      }
    else this.latest[condition] = this.held.push({ condition, from, to: until.t, bytes, entered, until }) - 1
  }

  /** How long something was held in a condition, until `now` at most. */
  time(condition: HeldCondition, now: number): number {
    return lengthOf(union(heldIn(this.held, condition, now)))
  }

  /** Byte-milliseconds held in a condition, until `now` at most. */
  byteMs(condition: HeldCondition, now: number): number {
    let sum = 0
    for (const one of this.held) if (one.condition === condition) sum += byteTime(one, now)
    return sum / 1000
  }
}
