/** What applications send: bytes that follow from the seed and their position alone, so that none can be mistaken. */
import { createHash, type Hash } from 'node:crypto'
import type { Rng } from '../../protocol/random.ts'

/** Bytes are made and handed on piece by piece. */
export const PIECE = 65_536

const WORDS = PIECE / 4
/** Four characters of 16, from ` to o: each has half a random byte. */
const HALVES = 0x0f0f0f0f
const LETTERS = 0x60606060

/**
 * One random block over and over, each time turned and combined with another number, so that no two places look alike:
 * making random bytes must cost less than sending them. Lower-case letters only, for an analyser takes any bytes for
 * those of a protocol now and then: tshark's heuristics found some in one run of five.
 */
export class Payload {
  private readonly rng: Rng
  /** Made for the first piece: many who might send never do. */
  private block: Uint32Array | undefined

  constructor(rng: Rng) {
    this.rng = rng
  }

  /** Piece number `index`, of `PIECE` bytes but for the last one. */
  piece(index: number, length = PIECE): Uint8Array {
    const rng = this.rng.fork(String(index))
    const mask = rng.uint32() & HALVES
    const turn = rng.int(WORDS)
    const block = (this.block ??= randomBlock(this.rng))
    const words = new Uint32Array(Math.ceil(length / 4))
    for (let i = 0; i < words.length; i++) words[i] = block[(i + turn) & (WORDS - 1)] ^ mask
    return new Uint8Array(words.buffer, 0, length)
  }
}

function randomBlock(rng: Rng): Uint32Array {
  const block = new Uint32Array(WORDS)
  for (let i = 0; i < WORDS; i++) block[i] = (rng.uint32() & HALVES) | LETTERS
  return block
}

/** What is hashed at a time: longer pieces are no faster, and each response has a digest of its own. */
const HASHED = 16_384

/** SHA-256 of what passes by. */
export class Digest {
  private readonly hash: Hash = createHash('sha256')
  /** What waits to be hashed; it grows, for of thousands of connections most carry little. */
  private piece = Buffer.allocUnsafe(0)
  private used = 0
  /** Bytes so far. */
  bytes = 0

  update(bytes: Uint8Array): void {
    this.bytes += bytes.length
    if (bytes.length >= HASHED - this.used) {
      this.flush()
      if (bytes.length >= HASHED) {
        this.hash.update(bytes)
        return
      }
    }
    if (this.used + bytes.length > this.piece.length) this.grow(this.used + bytes.length)
    this.piece.set(bytes, this.used)
    this.used += bytes.length
  }

  /** The digest in hexadecimal; nothing may be added after. */
  finish(): string {
    this.flush()
    return this.hash.digest('hex')
  }

  private grow(least: number): void {
    const larger = Buffer.allocUnsafe(Math.min(HASHED, 2 * least))
    larger.set(this.piece.subarray(0, this.used))
    this.piece = larger
  }

  private flush(): void {
    this.hash.update(this.piece.subarray(0, this.used))
    this.used = 0
  }
}
