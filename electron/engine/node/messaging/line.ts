/** What takes the messages of a sender to the other side: a stream or datagrams. */
import type { MessageSenderApp } from '../../../../shared/messaging.ts'
import type { Trace } from '../../../../shared/trace/sink.ts'
import { LEAST_MESSAGE } from './message.ts'

export interface Line {
  /** For what is told of the messages. */
  readonly trace: Trace
  send(number: number, message: Uint8Array): void
  /** That was the last one. */
  end(): void
  /** Lets go of it, at once. */
  stop(): void
}

/** Called once, when a line is gone: bytes that were handed to it, their digest, and why it went before its time. */
export type LineEnded = (bytes: number, sha256: string, error: string) => void

/** The receiving application, by its place. */
export const channelOf = (host: string, port: number): string => `${host}:${port}`

/** Bytes of the longest message of a set-up. */
export const longestOf = ({ longest }: Pick<MessageSenderApp, 'longest'>): number =>
  Math.max(longest, LEAST_MESSAGE)
