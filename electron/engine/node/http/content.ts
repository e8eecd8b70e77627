/** What a site is made of: bytes that follow from the seed. */
import { createHash } from 'node:crypto'
import type { Rng } from '../../../protocol/random.ts'
import { PIECE, type Payload } from '../../apps/payload.ts'

/** Bytes in pieces, so that a long content need not be in memory as a whole. */
export interface Content {
  readonly length: number
  pieces(): Iterable<Uint8Array>
}

export const bytesContent = (bytes: Uint8Array): Content => ({
  length: bytes.length,
  pieces: () => (bytes.length > 0 ? [bytes] : []),
})

export const textContent = (text: string): Content => bytesContent(Buffer.from(text, 'latin1'))

export const NO_CONTENT: Content = bytesContent(new Uint8Array(0))

/** Letters, which do not compress well and which no analyser takes for a protocol. `index` tells contents apart. */
export function lettersContent(payload: Payload, index: number, length: number): Content {
  // The schema bounds a content at 1e9 bytes, so that it has fewer pieces than this.
  const first = index * 16_384
  return {
    length,
    *pieces() {
      for (let i = 0, left = length; left > 0; i++, left -= PIECE)
        yield payload.piece(first + i, Math.min(left, PIECE))
    },
  }
}

const WORDS = (
  'the of and to in is that for it as was with be by on not he this are or his from at which but have an they you were ' +
  'packet window segment stream buffer router server client header answer request network congestion delay loss path'
).split(' ')

/** Words as they come in a text, the short ones often: what a compressor makes about a third of. */
export function wordsContent(rng: Rng, length: number): Content {
  const words: string[] = []
  for (let made = 0; made < length;) {
    // The product of two dice favours the front of the list, as common words are favoured in any language.
    const word = WORDS[Math.floor(rng.next() * rng.next() * WORDS.length)]
    const text = word + (rng.int(12) === 0 ? '.\n' : ' ')
    words.push(text)
    made += text.length
  }
  return textContent(words.join('').slice(0, length))
}

/** All of a content in one piece. */
export const wholeOf = (content: Content): Buffer => Buffer.concat([...content.pieces()])

/** SHA-256 of a content in hexadecimal. */
export function digestOf(content: Content): string {
  const hash = createHash('sha256')
  for (const piece of content.pieces()) hash.update(piece)
  return hash.digest('hex')
}
