/** What takes the calls of a client to its server: JSON over HTTP/1.1, or gRPC over HTTP/2. */
import type { Cancel } from '../program.ts'
import type { CallResult } from './service.ts'

export interface OutgoingCall {
  /** Its number at this client, from 1. */
  readonly number: number
  readonly method: string
  readonly message: Uint8Array
  /** What the server is told of how long the client will wait, in microseconds; 0: for ever. */
  readonly deadline: number
}

export interface Caller {
  /** Makes a call; `done` is called once, unless the call was given up before. */
  call(call: OutgoingCall, done: (result: CallResult) => void): Cancel
  /** No more calls will be made: ends all connections in order and calls `closed` when they are gone. */
  close(closed: () => void): void
  /** Lets go of all connections, at once and without a word. */
  stop(): void
}

/** Both styles say the same of themselves. */
export const USER_AGENT = 'rexmit'
