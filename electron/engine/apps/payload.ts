/** What applications send: bytes that follow from the seed and their position alone, so that none can be mistaken. */
import { createHash, type Hash } from 'node:crypto'
import type { Rng } from '../../protocol/random.ts'

/** Piece by piece, because a hash takes long bytes much faster than many short ones. */
const PIECE = 65_536

export class Payload {
  private readonly key: number

  constructor(rng: Rng) {
    this.key = rng.uint32()
  }

  /** The `length` bytes from `position` on; `position` and `length` are multiples of 4, but for the end. */
  slice(position: number, length: number): Uint8Array {
    const words = new Uint32Array(Math.ceil(length / 4))
    const first = Math.floor(position / 4)
    for (let i = 0; i < words.length; i++) {
      // Scrambles a counter: the finaliser of MurmurHash3, which maps each word to another one.
      let word = (first + i) ^ this.key
      word = Math.imul(word ^ (word >>> 16), 0x85ebca6b)
      word = Math.imul(word ^ (word >>> 13), 0xc2b2ae35)
      words[i] = word ^ (word >>> 16)
    }
    return new Uint8Array(words.buffer, 0, length)
  }
}

/** SHA-256 of what passes by. */
export class Digest {
  private readonly hash: Hash = createHash('sha256')
  private readonly piece = Buffer.allocUnsafe(PIECE)
  private used = 0
  /** Bytes so far. */
  bytes = 0

  update(bytes: Uint8Array): void {
    this.bytes += bytes.length
    if (bytes.length >= PIECE - this.used) {
      this.flush()
      if (bytes.length >= PIECE) {
        this.hash.update(bytes)
        return
      }
    }
    this.piece.set(bytes, this.used)
    this.used += bytes.length
  }

  /** The digest in hexadecimal; nothing may be added after. */
  finish(): string {
    this.flush()
    return this.hash.digest('hex')
  }

  private flush(): void {
    this.hash.update(this.piece.subarray(0, this.used))
    this.used = 0
  }
}
