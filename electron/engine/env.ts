/** What the engine injects into cores (DESIGN 3, rule 3). */
import type { Trace } from '../../shared/trace/sink.ts'
import type { Rng } from '../protocol/random.ts'
import type { Env } from '../protocol/sansio.ts'
import { nodeCrypto } from './node-crypto.ts'

/** The packet numbers of one run, from 1; all its nodes draw from the same. */
export class PacketNumbers {
  private last = 0

  readonly next = (): number => ++this.last
}

/** The environment of one node: its own dice and trace, the run's packet numbers. */
export function createEnv(rng: Rng, trace: Trace, numbers: PacketNumbers): Env {
  return { rng, crypto: nodeCrypto, trace, nextPacketId: numbers.next }
}
