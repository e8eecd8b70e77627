/**
 * A link between two sides that may be slow, narrow, lossy and disordered (DESIGN 4.1, 5). A packet that comes
 * in by port 0 (side a) leaves by port 1 (side b): direction "up"; and the other way round: "down".
 */
import type { LinkSpec } from '../../../shared/link.ts'
import type { LinkAudit, PacketOnLink } from '../../../shared/link-audit.ts'
import { micros, type Micros } from '../../../shared/units.ts'
import type { Datagram, Env, SansIo } from '../sansio.ts'
import { Direction } from './direction.ts'
import { Fifo } from './fifo.ts'

export class Link implements SansIo<never> {
  private readonly up: Direction
  private readonly down: Direction
  private readonly out = new Fifo<Datagram>()

  /** `env.rng` is the link's own; equal seeds, specifications and packets give equal fates. */
  constructor(env: Env, spec: LinkSpec) {
    const leaveBy = (port: 0 | 1) => (id: number, bytes: Uint8Array) => this.out.push({ id, bytes, port })
    this.up = new Direction(env, 0, spec.up, { forward: leaveBy(1), back: leaveBy(0) })
    this.down = new Direction(env, 1, spec.down, { forward: leaveBy(0), back: leaveBy(1) })
  }

  /** Turns knobs while packets are on the link: those in the queue stay, those in flight keep their fate. */
  configure(now: Micros, spec: LinkSpec): void {
    this.up.configure(now, spec.up)
    this.down.configure(now, spec.down)
  }

  handleDatagram(now: Micros, datagram: Datagram): void {
    const own = datagram.port === 0 ? this.up : this.down
    const other = datagram.port === 0 ? this.down : this.up
    let bytes: Uint8Array | undefined = datagram.bytes
    if (own.rebinding.active) bytes = own.rebinding.outward(now, bytes)
    if (other.rebinding.active) bytes = other.rebinding.inward(now, bytes)
    if (bytes === undefined) own.refuseUnmapped(now, datagram.id, datagram.bytes)
    else own.receive(now, datagram.id, bytes)
  }

  handleTimeout(now: Micros): void {
    this.up.advance(now)
    this.down.advance(now)
  }

  pollTransmit(): Datagram | undefined {
    return this.out.shift()
  }

  /** A link that flaps always has a next time: it changes state without end. */
  pollTimeout(): Micros | undefined {
    const next = Math.min(this.up.nextTime(), this.down.nextTime())
    return next === Infinity ? undefined : micros(next)
  }

  pollEvent(): undefined {
    return undefined
  }

  /** Drops a packet that the user clicked; false: it is not on the link (any more). */
  dropInFlight(now: Micros, pkt: number): boolean {
    return this.up.dropByHand(now, pkt) || this.down.dropByHand(now, pkt)
  }

  /** What is on the link now, for the window to draw. */
  inFlight(): PacketOnLink[] {
    return [...this.up.list(), ...this.down.list()]
  }

  /** What was asked of the link against what it did. */
  audit(): LinkAudit {
    return { up: this.up.audit(), down: this.down.audit() }
  }
}
