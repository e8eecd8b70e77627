/** The messages of a feed: a line of text each, that says which one it is, of how many, and when it came up. */
import type { Micros } from '../../../../shared/units.ts'
import type { Rng } from '../../../protocol/random.ts'

export interface FeedMessage {
  /** From 1. */
  readonly number: number
  /** How many there will be: who has them all need not ask for more. */
  readonly total: number
  readonly sentAt: Micros
}

const HEAD = /^#(\d{1,6}) of (\d{1,6}) @(\d{1,12}) [a-z]*\.$/
const LETTERS = 26
const FIRST_LETTER = 'a'.charCodeAt(0)

/** The message in `size` characters of ASCII, or in as many as it takes to say the least. */
export function writeFeedMessage({ number, total, sentAt }: FeedMessage, size: number, rng: Rng): string {
  const head = `#${number} of ${total} @${Math.floor(sentAt)} `
  const letters = Array.from(
    { length: Math.max(0, size - head.length - 1) },
    () => FIRST_LETTER + rng.int(LETTERS),
  )
  return `${head}${String.fromCharCode(...letters)}.`
}

/** undefined: it is no message of a feed. */
export function readFeedMessage(text: string): FeedMessage | undefined {
  const [, number, total, sentAt] = (HEAD.exec(text) ?? []).map(Number)
  return number === undefined ? undefined : { number, total, sentAt: sentAt as Micros }
}
