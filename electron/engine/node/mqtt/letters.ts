/**
 * The messages of a lane: each has a number, with which its payload begins, so that whoever gets it can say which one it is, and
 * how long it was on its way.
 */
import type { Micros } from '../../../../shared/units.ts'
import { PIECE, Payload } from '../../apps/payload.ts'
import type { Surroundings } from '../program.ts'

/** More pieces than the largest payload has (MQTT 3.1.1 2.2.3). */
const PIECES = 8_192

export class Letters {
  private readonly payload: Payload
  private last = 0
  private readonly publishedAt = new Map<number, Micros>()

  constructor(payload: Payload) {
    this.payload = payload
  }

  /** A new message. Of its `size` bytes the number takes what it needs; one without bytes says nothing at all. */
  write(size: number): { readonly number: number; readonly payload: Buffer } {
    const number = ++this.last
    if (size === 0) return { number, payload: Buffer.alloc(0) }
    const head = Buffer.from(`#${number} `, 'latin1')
    const pieces: Uint8Array[] = [head]
    for (let left = size - head.length, i = 0; left > 0; left -= PIECE, i++)
      pieces.push(this.payload.piece(number * PIECES + i, Math.min(left, PIECE)))
    return { number, payload: Buffer.concat(pieces) }
  }

  /** The message was given away. */
  published(number: number, now: Micros): void {
    this.publishedAt.set(number, now)
  }

  /** How long ago that was, in microseconds; -1: nobody knows. */
  age(number: number, now: Micros): number {
    const then = this.publishedAt.get(number)
    return then === undefined ? -1 : now - then
  }
}

/** The messages of the lane that a program lives in. */
export const lettersOf = (lab: Surroundings): Letters =>
  lab.common('mqtt letters', () => new Letters(new Payload(lab.rng.fork('letters'))))

/** The longest number that is looked for. */
const MOST_DIGITS = 9

/** The number with which a payload of the lab begins; 0: it is not one. */
export function numberIn(payload: Uint8Array): number {
  if (payload[0] !== HASH) return 0
  let number = 0
  for (let i = 1; i <= MOST_DIGITS + 1; i++) {
    const digit = payload[i] - ZERO
    if (digit >= 0 && digit <= 9) number = number * 10 + digit
    else return payload[i] === SPACE ? number : 0
  }
  return 0
}

const HASH = '#'.charCodeAt(0)
const ZERO = '0'.charCodeAt(0)
const SPACE = ' '.charCodeAt(0)
