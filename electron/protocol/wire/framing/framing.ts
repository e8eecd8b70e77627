/** Framing: what an application adds to its messages so that their boundaries are found again in a stream of bytes. */
import type { Framing } from '../../../../shared/messaging.ts'
import type { Decoded } from '../result.ts'
import { delimited } from './delimited.ts'
import { fixed } from './fixed.ts'
import { lengthPrefixed } from './length.ts'
import { none } from './none.ts'

/** A message, and where it lies in the stream with its framing. */
export interface Frame {
  readonly message: Uint8Array
  /** Of its first byte, from the beginning of the stream. */
  readonly offset: number
  readonly length: number
}

export interface FrameReader {
  /**
   * The next bytes of the stream; gives what is whole with them. The first error is the last thing that a reader tells: after it
   * nobody knows where a message begins.
   */
  push(bytes: Uint8Array): Decoded<Frame>[]
}

/** A way of framing, for messages of up to so many bytes. */
export interface Framer {
  /** The message as it goes into the stream; an error where it can't be written this way. */
  encode(message: Uint8Array): Decoded<Uint8Array>
  /** A reader at the beginning of a stream. */
  reader(): FrameReader
}

const FRAMERS: Readonly<Record<Framing, (longest: number) => Framer>> = {
  none,
  fixed,
  delimited,
  length: lengthPrefixed,
}

/** @param longest bytes of the longest message */
export const framerOf = (framing: Framing, longest: number): Framer => FRAMERS[framing](longest)
