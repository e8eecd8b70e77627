/**
 * Seeded randomness. sfc32 (Chris Doty-Humphrey's small fast counter generator, PractRand) over a seed that
 * is mixed from a number and a label, so that each impairment of each link draws from a stream of its own:
 * turning one knob never shifts another's dice.
 */
export interface Rng {
  /** Uniform in [0, 1), 32 bits of it. */
  next(): number
  /** Uniform integer in [0, n). */
  int(n: number): number
  /** Uniform 32-bit unsigned integer. */
  uint32(): number
  /** `n` random bytes. */
  bytes(n: number): Uint8Array
  /** An independent stream that depends on this one's seed and `label` only, not on what was drawn. */
  fork(label: string): Rng
}

/** FNV-1a, 32 bits. */
function hash(text: string, basis: number): number {
  let h = basis >>> 0
  for (let i = 0; i < text.length; i++) h = Math.imul(h ^ text.charCodeAt(i), 0x01000193) >>> 0
  return h
}

class Sfc32 implements Rng {
  private a: number
  private b: number
  private c: number
  private counter = 1
  private readonly path: string

  constructor(path: string) {
    this.path = path
    this.a = hash(path, 0x811c9dc5)
    this.b = hash(path, 0x9e3779b9)
    this.c = hash(path, 0x85ebca6b)
    for (let i = 0; i < 15; i++) this.uint32()
  }

  uint32(): number {
    const t = (this.a + this.b + this.counter) | 0
    this.counter = (this.counter + 1) | 0
    this.a = this.b ^ (this.b >>> 9)
    this.b = (this.c + (this.c << 3)) | 0
    this.c = (((this.c << 21) | (this.c >>> 11)) + t) | 0
    return t >>> 0
  }

  next(): number {
    return this.uint32() / 0x1_0000_0000
  }

  int(n: number): number {
    return Math.floor(this.next() * n)
  }

  bytes(n: number): Uint8Array {
    const out = new Uint8Array(n)
    for (let i = 0; i < n; i++) out[i] = this.uint32() & 0xff
    return out
  }

  fork(label: string): Rng {
    return new Sfc32(`${this.path}/${label}`)
  }
}

/** A generator whose whole future is fixed by `seed`. */
export function createRng(seed: number): Rng {
  return new Sfc32(`seed:${seed}`)
}
