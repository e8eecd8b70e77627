/** What is told of the blocking of one stream, whatever carries it; `blocking.ts` says what it means. */
import { byCondition, heldIn, type Held, type HeldAccount, type HeldCondition } from './held.ts'
import { lengthOf, union, without, type Interval } from './intervals.ts'

export type Condition = 'transferring' | HeldCondition

/** What one end of a connection sends. */
export interface SentSide {
  /** Numbers of the names of the connection and of the node that sends. */
  readonly flow: number
  readonly node: number
  /** `client` or `server`; empty as long as nothing says so. */
  readonly side: string
}

/** What became of the bytes of one stream in one direction. Times in microseconds of lab time. */
export interface StreamBlocking {
  /** The bytes that it is part of; of QUIC, the streams. The same object for all streams of one end of a connection. */
  readonly within: SentSide
  readonly lane: string
  /** Stream of HTTP/2 or QUIC, or in HTTP/1.1 the number of the request on its connection. */
  readonly stream: number
  /** Bytes that arrived; each counts once. */
  readonly bytes: number
  /** First arrival, and the last time that bytes were given to the application (the end of the trace while some wait). */
  readonly start: number
  readonly end: number
  readonly transferring: readonly Interval[]
  readonly held: readonly Held[]
  /** How long it was in each condition. */
  readonly time: Readonly<Record<Condition, number>>
  /** Byte-milliseconds held in each condition. */
  readonly byteMs: Readonly<Record<HeldCondition, number>>
}

/** Why bytes waited: the packets that carried the missing byte and died, and the one that brought it (0: none yet). */
export interface Blame {
  readonly lost: readonly number[]
  readonly brought: number
}

/** What an account comes to at `now`, the end of the trace. */
export function resultOf(
  within: SentSide,
  lane: string,
  stream: number,
  account: HeldAccount,
  now: number,
): StreamBlocking {
  const { bytes, start, held } = account
  const blocked = union([...heldIn(held, 'self', now), ...heldIn(held, 'cross', now)])
  const transferring = without(account.arrivals.all, blocked)
  return {
    within,
    lane,
    stream,
    bytes,
    start,
    end: Math.min(account.end, now),
    transferring,
    held,
    time: {
      transferring: lengthOf(transferring),
      ...byCondition((condition) => account.time(condition, now)),
    },
    byteMs: byCondition((condition) => account.byteMs(condition, now)),
  }
}
