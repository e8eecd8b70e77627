/**
 * A link between two sides that may be slow, narrow, lossy and disordered (DESIGN 4.1, 5). A packet that comes
 * in by port 0 (side a) leaves by port 1 (side b): direction "up"; and the other way round: "down".
 */
import type { LinkSpec } from '../../../shared/link.ts'
import type { LinkAudit, PacketOnLink } from '../../../shared/link-audit.ts'
import { micros, type Micros } from '../../../shared/units.ts'
import type { Datagram, Env, SansIo } from '../sansio.ts'
import { Direction, type Surroundings } from './direction.ts'
import { Fifo } from '../fifo.ts'
import { ETHERNET_HEADER } from '../wire/ethernet.ts'

export class Link implements SansIo<never> {
  private readonly up: Direction
  private readonly down: Direction
  private readonly out = new Fifo<Datagram>()

  /**
   * `env.rng` is the link's own; equal seeds, specifications and packets give equal fates. It carries IPv4 packets, or `ethernet`
   * frames.
   */
  constructor(env: Env, spec: LinkSpec, ethernet = false) {
    const ip = ethernet ? ETHERNET_HEADER : 0
    this.up = new Direction(env, 0, ip, spec.up, this.surroundingsOf(0))
    this.down = new Direction(env, 1, ip, spec.down, this.surroundingsOf(1))
  }

  /** Turns knobs while packets are on the link: those in the queue stay, those in flight keep their fate. */
  configure(now: Micros, spec: LinkSpec): void {
    this.up.configure(now, spec.up)
    this.down.configure(now, spec.down)
  }

  handleDatagram(now: Micros, datagram: Datagram): void {
    const direction = datagram.port === 0 ? this.up : this.down
    direction.receive(now, datagram.id, datagram.bytes)
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

  /** How many packets are on the link now; costs nothing, unlike the list of them. */
  get size(): number {
    return this.up.size + this.down.size
  }

  /** What is on the link now, for the window to draw. */
  inFlight(): PacketOnLink[] {
    return [...this.up.list(), ...this.down.list()]
  }

  /** What was asked of the link against what it did. */
  audit(): LinkAudit {
    return { up: this.up.audit(), down: this.down.audit() }
  }

  private surroundingsOf(direction: 0 | 1): Surroundings {
    const leaveBy = (port: number) => (id: number, bytes: Uint8Array) => this.out.push({ id, bytes, port })
    return {
      forward: leaveBy(1 - direction),
      back: leaveBy(direction),
      translate: (now, bytes) => {
        const out = direction === 0 ? this.up : this.down
        const home = direction === 0 ? this.down : this.up
        const sent = out.rebinding.active ? out.rebinding.outward(now, bytes) : bytes
        return home.rebinding.active ? home.rebinding.inward(now, sent) : sent
      },
    }
  }
}
