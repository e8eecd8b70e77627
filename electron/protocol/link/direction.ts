import type { DirectionSpec, DropRule, HoldRule } from '../../../shared/link.ts'
import type { DirectionAudit, PacketOnLink } from '../../../shared/link-audit.ts'
import { micros, type Micros } from '../../../shared/units.ts'
import type { Env } from '../sansio.ts'
import { Bottleneck } from './bottleneck.ts'
import { Ledger } from './ledger.ts'
import { MatchingRules } from './matching.ts'
import { inspect } from './middlebox.ts'
import { handleTooLarge, TOO_LARGE_ERROR } from './mtu.ts'
import { isUp, nextChange } from './outage.ts'
import { Path } from './path.ts'
import { isUdp, type PacketStart } from './peek.ts'
import { Rebinding } from './rebind.ts'
import { Transit } from './transit.ts'

/** What a direction needs of the link around it. */
export interface Surroundings {
  /** Puts a packet through the translators on its way; undefined: no mapping leads anywhere. */
  translate(now: Micros, bytes: Uint8Array): Uint8Array | undefined
  /** At the far side. */
  forward(id: number, bytes: Uint8Array): void
  /** Back to the near side: what the link itself has to say to the sender. */
  back(id: number, bytes: Uint8Array): void
}

/** One direction of a link: what is turned away or translated at its entrance, then bottleneck, then path. */
export class Direction {
  /** The translator at the entrance; the other direction's packets pass it backwards. */
  readonly rebinding: Rebinding
  private readonly index: 0 | 1
  private readonly ip: PacketStart
  private readonly env: Env
  private readonly around: Surroundings
  private readonly ledger: Ledger
  private readonly bottleneck: Bottleneck
  private readonly path: Path
  private spec: DirectionSpec
  private readonly losing = new MatchingRules<DropRule>()
  private readonly holding = new MatchingRules<HoldRule>()
  private numbered = 0
  private up = true
  private nextOutageChange = micros(Infinity)

  constructor(env: Env, index: 0 | 1, ip: PacketStart, spec: DirectionSpec, around: Surroundings) {
    this.env = env
    this.index = index
    this.ip = ip
    this.rebinding = new Rebinding(ip)
    this.spec = spec
    this.around = around
    this.ledger = new Ledger(env.trace, index)
    const owner = {
      rng: env.rng.fork(index === 0 ? 'up' : 'down'),
      ledger: this.ledger,
      nextPacketId: () => env.nextPacketId(),
      deliver: (transit: Transit) => around.forward(transit.id, transit.bytes),
    }
    this.path = new Path(spec, owner, ip)
    this.bottleneck = new Bottleneck(spec, this.ledger, ip, (transit) => this.path.send(transit))
    this.losing.configure(spec.dropMatching)
    this.holding.configure(spec.holdMatching)
    this.rebinding.configure(spec.rebind)
    this.nextOutageChange = nextChange(spec.outage, micros(0))
    this.up = isUp(spec.outage, micros(0))
  }

  configure(now: Micros, spec: DirectionSpec): void {
    this.advance(now)
    this.losing.configure(spec.dropMatching)
    this.holding.configure(spec.holdMatching)
    this.spec = spec
    this.rebinding.configure(spec.rebind)
    this.path.configure(spec)
    this.bottleneck.configure(now, spec)
    this.followOutage(now)
    this.path.advance(now)
  }

  /** A packet comes in at the near side. */
  receive(now: Micros, id: number, bytes: Uint8Array): void {
    this.advance(now)
    this.ledger.offered++
    if (bytes.length - this.ip <= this.spec.mtu) this.admit(now, id, bytes)
    else this.receiveTooLarge(now, id, bytes)
    this.path.advance(now)
  }

  advance(now: Micros): void {
    if (now >= this.nextOutageChange) this.followOutage(now)
    this.bottleneck.advance(now)
    this.path.advance(now)
  }

  nextTime(): Micros {
    return micros(Math.min(this.bottleneck.nextTime(), this.path.nextTime(), this.nextOutageChange))
  }

  /** Drops a packet that is on the link, because the user says so; false: it is not here. */
  dropByHand(now: Micros, id: number): boolean {
    const transit = this.bottleneck.take(id) ?? this.path.take(id)
    if (transit === undefined) return false
    this.ledger.dropped(now, transit, 'by_hand')
    return true
  }

  get size(): number {
    return this.bottleneck.size + this.path.size
  }

  list(): PacketOnLink[] {
    return [...this.bottleneck.list(this.index), ...this.path.list(this.index)]
  }

  audit(): DirectionAudit {
    return this.ledger.audit(this.size)
  }

  /** Gives a packet its number. All packets of the direction have one, also those that die at once. */
  private number(now: Micros, id: number, bytes: Uint8Array): Transit {
    return new Transit(id, ++this.numbered, bytes, now)
  }

  private admit(now: Micros, id: number, bytes: Uint8Array): void {
    const transit = this.number(now, id, bytes)
    transit.condemned = this.losing.find(bytes, this.ip) !== undefined
    transit.held = this.holding.find(bytes, this.ip)?.by ?? 0
    if (!this.up) this.ledger.dropped(now, transit, 'outage')
    else if (this.spec.udpBlocked && isUdp(bytes, this.ip)) this.ledger.dropped(now, transit, 'udp_blocked')
    else this.enter(now, transit)
  }

  private enter(now: Micros, transit: Transit): void {
    const inspection = inspect(this.spec.middlebox, transit.bytes, this.ip)
    if (inspection.kind === 'dropped') return this.ledger.dropped(now, transit, 'middlebox')
    if (inspection.kind === 'rewritten') {
      this.ledger.rewritten(transit, inspection.options)
      transit.bytes = inspection.bytes
    }
    const translated = this.around.translate(now, transit.bytes)
    if (translated === undefined) {
      this.ledger.dropped(now, transit, 'no_mapping')
      return
    }
    transit.bytes = translated
    this.bottleneck.accept(now, transit)
  }

  private receiveTooLarge(now: Micros, id: number, bytes: Uint8Array): void {
    const outcome = this.spec.blackHole ? undefined : handleTooLarge(bytes, this.ip, this.spec.mtu)
    if (outcome?.kind === 'fits') {
      this.admit(now, id, bytes)
      return
    }
    if (outcome?.kind === 'fragments') {
      const ids = outcome.pieces.map(() => this.env.nextPacketId())
      this.ledger.cut(id, ids.length, ids[0], this.spec.mtu)
      for (const [i, piece] of outcome.pieces.entries()) this.admit(now, ids[i], piece)
      return
    }
    this.ledger.dropped(now, this.number(now, id, bytes), 'mtu')
    if (outcome?.error !== undefined) this.complain(outcome.error)
  }

  private complain(error: Uint8Array): void {
    const id = this.env.nextPacketId()
    const size = error.length - this.ip
    this.env.trace.emit('icmp:message_sent', { ...TOO_LARGE_ERROR, size }, id)
    this.around.back(id, error)
  }

  private followOutage(now: Micros): void {
    const up = isUp(this.spec.outage, now)
    this.nextOutageChange = nextChange(this.spec.outage, now)
    if (up === this.up) return
    this.up = up
    this.ledger.stateChanged(up)
  }
}
