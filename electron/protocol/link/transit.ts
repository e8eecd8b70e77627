import type { Micros } from '../../../shared/units.ts'

/** A packet while it is on the link. One direction owns it; stages write what the later ones need. */
export class Transit {
  readonly id: number
  /** Its number in this direction, from 1; all dice are thrown by it. */
  readonly n: number
  readonly enteredAt: Micros
  bytes: Uint8Array
  /** A matching rule named it; it will be lost after transmission. */
  condemned = false
  /** A matching rule holds it for so long, beside all other delay. */
  held = 0
  /** The user dropped it in mid-transmission: it takes its time on the wire and goes nowhere. */
  dead = false
  /** The last bit left the near side. */
  sentAt: Micros
  /** The propagation delay that was asked for without jitter, and the jitter's standard deviation. */
  nominalDelay = 0
  deviation = 0
  /** Its delay is a draw of its own: no correlation, no slot, no other packet in the way. */
  independent = true
  /** When it comes out at the far side. */
  due: Micros
  /** It is to come out behind this many later ones; 0: in its turn. */
  gap = 0
  /** Place among packets with the same `due`. */
  order = 0

  constructor(id: number, n: number, bytes: Uint8Array, enteredAt: Micros) {
    this.id = id
    this.n = n
    this.bytes = bytes
    this.enteredAt = enteredAt
    this.sentAt = enteredAt
    this.due = enteredAt
  }
}
