/** What a link says of itself: what was asked of it against what it did (DESIGN 5), as plain data. */
import type { DropReason } from './trace/events.ts'
import type { Micros } from './units.ts'

/** A confidence interval of 99 %. */
export interface Interval {
  readonly low: number
  readonly high: number
}

/**
 * One figure asked for and measured. `requested` is the mean of the setting over the packets (or the time)
 * that it applied to, so it stays meaningful when a knob was turned in mid-run.
 */
export interface Measured {
  /** Null: nothing was asked for, or what was asked for has no single value. */
  readonly requested: number | null
  /** Null: no sample. */
  readonly delivered: number | null
  /** Of `delivered`; null: too few samples, or the draws depend on each other. */
  readonly interval: Interval | null
  readonly samples: number
}

export interface DirectionAudit {
  /**
   * Counts that always add up: offered + copies + fragments
   * = delivered + all of `dropped` + fragmented + onLink.
   */
  readonly packets: {
    /** Came in at the near side. */
    readonly offered: number
    /** Came out at the far side, copies and fragments among them. */
    readonly delivered: number
    /** Made by duplication. */
    readonly copies: number
    /** Packets that were cut into `fragments`. */
    readonly fragmented: number
    readonly fragments: number
    /** Still in queue, in transmission, or on the way. */
    readonly onLink: number
    readonly dropped: Readonly<Record<DropReason, number>>
    /** ECN: congestion experienced was set. */
    readonly marked: number
    /** Held by a rule, for all others to overtake. */
    readonly held: number
  }
  /** Share lost by the random models (Bernoulli, Gilbert-Elliott, Markov) of the packets that met them. */
  readonly loss: Measured
  /** Mean number of successive packets that the random models lost. */
  readonly burst: Measured
  /** From the end of transmission to delivery, microseconds: mean. */
  readonly delay: Measured
  /** The standard deviation of the same. */
  readonly jitter: Measured
  /** Bits a second while there was something to send. */
  readonly rate: Measured
  readonly duplicate: Measured
  readonly reorder: Measured
  readonly corrupt: Measured
  /** Waiting time in the queue, microseconds. */
  readonly queueing: { readonly mean: number | null; readonly max: number }
}

export interface LinkAudit {
  readonly up: DirectionAudit
  readonly down: DirectionAudit
}

/** A packet that is on the link now; the window draws it and the user may click it away. */
export interface PacketOnLink {
  readonly pkt: number
  /** 0: up, 1: down. */
  readonly direction: 0 | 1
  readonly stage: 'queue' | 'transmission' | 'propagation' | 'held_back'
  /** Bytes of the IP packet. */
  readonly size: number
  readonly enteredAt: Micros
  /** When its transmission ends or it comes out; null: it waits for others. */
  readonly until: Micros | null
}
