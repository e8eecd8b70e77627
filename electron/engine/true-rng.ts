/** Randomness that nobody can repeat, for keys and ids of connections with programs outside the lab: a seed would give them away. */
import { randomBytes } from 'node:crypto'
import type { Rng } from '../protocol/random.ts'

const uint32 = (): number => randomBytes(4).readUInt32LE()

/** The system's generator; its forks are itself. */
export const TRUE_RNG: Rng = {
  uint32,
  next: () => uint32() / 0x1_0000_0000,
  int: (n) => Math.floor((uint32() / 0x1_0000_0000) * n),
  bytes: (n) => new Uint8Array(randomBytes(n)),
  fork: () => TRUE_RNG,
}
