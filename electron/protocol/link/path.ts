import type { DirectionSpec } from '../../../shared/link.ts'
import type { PacketOnLink } from '../../../shared/link-audit.ts'
import type { DropReason } from '../../../shared/trace/events.ts'
import { after, micros, type Micros } from '../../../shared/units.ts'
import type { Rng } from '../random.ts'
import { BernoulliLoss } from './bernoulli.ts'
import { Corrupter } from './corrupt.ts'
import { Chance } from './dice.ts'
import { markCongestion } from './ecn.ts'
import { Flight } from './flight.ts'
import { GilbertElliottLoss } from './gilbert-elliott.ts'
import { Jitter } from './jitter.ts'
import type { Ledger } from './ledger.ts'
import { EveryNthLoss, ListedLoss } from './listed.ts'
import type { LossModel, RandomLossModel } from './loss.ts'
import { MarkovLoss } from './markov.ts'
import type { PacketStart } from './peek.ts'
import { HoldBack } from './reorder.ts'
import { Slots } from './slots.ts'
import { Spikes } from './spikes.ts'
import { Transit } from './transit.ts'

/** What a path needs from the link. */
export interface PathOwner {
  readonly rng: Rng
  readonly ledger: Ledger
  nextPacketId(): number
  deliver(transit: Transit): void
}

/** What happens to packets between the near side's last bit and the far side: loss, damage, delay, disorder. */
export class Path {
  private readonly owner: PathOwner
  private readonly ledger: Ledger
  private readonly ip: PacketStart
  private spec: DirectionSpec

  private readonly bernoulli: BernoulliLoss
  private readonly gilbertElliott: GilbertElliottLoss
  private readonly markov: MarkovLoss
  private readonly corrupter: Corrupter
  private readonly duplicate: Chance
  private readonly reorder: Chance
  private readonly jitter: Jitter
  /** Copies have dice of their own, so that making one changes no other packet's delay. */
  private readonly jitterOfCopies: Jitter
  private readonly spikes: Spikes
  private readonly slots: Slots

  /** Only what is switched on is asked at all: an idle impairment costs nothing. */
  private exactLosses: LossModel[] = []
  private randomLosses: RandomLossModel[] = []
  private promisedLoss = 0
  private promisedBurst = NaN

  private readonly flight = new Flight()
  private readonly heldBack = new HoldBack()
  private lastDue = micros(0)

  constructor(spec: DirectionSpec, owner: PathOwner, ip: PacketStart) {
    const { rng } = owner
    this.owner = owner
    this.ledger = owner.ledger
    this.ip = ip
    this.spec = spec
    this.bernoulli = new BernoulliLoss(rng.fork('bernoulli'))
    this.gilbertElliott = new GilbertElliottLoss(rng.fork('gilbert-elliott'))
    this.markov = new MarkovLoss(rng.fork('markov'))
    this.corrupter = new Corrupter(rng.fork('corrupt'), ip)
    this.duplicate = new Chance(rng.fork('duplicate'))
    this.reorder = new Chance(rng.fork('reorder'))
    this.jitter = new Jitter(rng.fork('jitter'))
    this.jitterOfCopies = new Jitter(rng.fork('jitter of copies'))
    this.spikes = new Spikes(rng.fork('spikes'))
    this.slots = new Slots(rng.fork('slots'))
    this.configure(spec)
  }

  /** What is on its way keeps its fate. */
  configure(spec: DirectionSpec): void {
    this.spec = spec
    this.bernoulli.configure(spec.loss)
    this.gilbertElliott.configure(spec.gilbertElliott)
    this.markov.configure(spec.markov)
    this.corrupter.configure(spec.corrupt)
    this.duplicate.configure(spec.duplicate)
    this.reorder.configure(spec.reorder)
    this.jitter.configure(spec.jitter)
    this.jitterOfCopies.configure(spec.jitter)
    this.spikes.configure(spec.spikes)
    this.slots.configure(spec.slots)

    this.exactLosses = []
    if (spec.drop.length > 0) this.exactLosses.push(new ListedLoss(spec.drop))
    if (spec.everyNth > 0) this.exactLosses.push(new EveryNthLoss(spec.everyNth))
    const models: RandomLossModel[] = [this.bernoulli, this.gilbertElliott, this.markov]
    this.randomLosses = models.filter((model) => model.active)
    this.promisedLoss = 1 - this.randomLosses.reduce((passes, model) => passes * (1 - model.meanLoss()), 1)
    this.promisedBurst = this.randomLosses.length === 1 ? this.randomLosses[0].meanBurst() : NaN
  }

  /** Takes a packet whose last bit went out at `transit.sentAt`. */
  send(transit: Transit): void {
    const { sentAt, n } = transit
    const reason = this.lossOf(transit)
    if (reason !== undefined) {
      this.ledger.dropped(sentAt, transit, reason)
      return
    }
    if (this.corrupter.chance.rate > 0) this.corrupt(transit)
    if (this.reorder.rate > 0) this.chooseToHoldBack(transit)
    this.launch(transit, this.jitter)
    if (this.duplicate.rate === 0) return
    const happens = this.duplicate.happens(n)
    this.ledger.duplicate.count(happens, this.duplicate.rate, this.duplicate.correlated)
    if (happens) this.launchCopy(transit)
  }

  /** Brings out what is due by `now`. */
  advance(now: Micros): void {
    for (;;) {
      const due = this.flight.nextDue()
      const expiry = this.heldBack.nextExpiry()
      if (due > now && expiry > now) return
      if (expiry <= due) {
        for (const transit of this.heldBack.expire(expiry)) this.release(now, transit)
        continue
      }
      const transit = this.flight.pop() as Transit
      if (transit.gap > 0) this.heldBack.hold(transit.due, transit, this.spec.reorder.hold)
      else this.arrive(now, transit)
    }
  }

  nextTime(): Micros {
    const due = this.flight.nextDue()
    const expiry = this.heldBack.nextExpiry()
    return expiry < due ? expiry : due
  }

  take(id: number): Transit | undefined {
    return this.flight.take(id) ?? this.heldBack.take(id)
  }

  get size(): number {
    return this.flight.size + this.heldBack.size
  }

  list(direction: 0 | 1): PacketOnLink[] {
    const entry = (transit: Transit, stage: PacketOnLink['stage'], until: Micros): PacketOnLink => ({
      pkt: transit.id,
      direction,
      stage,
      size: transit.bytes.length,
      enteredAt: transit.enteredAt,
      until,
    })
    return [
      ...this.flight
        .toArray()
        .map((transit) => entry(transit, transit.held > 0 ? 'held_back' : 'propagation', transit.due)),
      ...this.heldBack.list().map(({ transit, until }) => entry(transit, 'held_back', until)),
    ]
  }

  private lossOf(transit: Transit): DropReason | undefined {
    if (transit.condemned) return 'matched'
    for (const model of this.exactLosses) if (model.loses(transit)) return model.reason
    if (this.randomLosses.length === 0) return undefined
    const model = this.randomLosses.find((candidate) => candidate.loses(transit))
    this.ledger.loss.count(model !== undefined, this.promisedLoss, this.promisedBurst)
    if (model === undefined) return undefined
    const marked = this.spec.markInsteadOfDrop ? markCongestion(transit.bytes, this.ip) : undefined
    if (marked === undefined) return model.reason
    transit.bytes = marked
    this.ledger.marked(transit)
    return undefined
  }

  private corrupt(transit: Transit): void {
    const corruption = this.corrupter.corrupt(transit.n, transit.bytes)
    const { chance } = this.corrupter
    this.ledger.corrupt.count(corruption !== undefined, chance.rate, chance.correlated)
    if (corruption === undefined) return
    transit.bytes = corruption.bytes
    this.ledger.corrupted(transit, corruption.offset, corruption.repaired)
  }

  private chooseToHoldBack(transit: Transit): void {
    const happens = this.reorder.happens(transit.n)
    this.ledger.reorder.count(happens, this.reorder.rate, this.reorder.correlated)
    if (happens) transit.gap = this.spec.reorder.gap
  }

  private launchCopy(original: Transit): void {
    const copy = new Transit(this.owner.nextPacketId(), original.n, original.bytes, original.enteredAt)
    copy.sentAt = original.sentAt
    this.ledger.duplicated(original, copy.id)
    this.launch(copy, this.jitterOfCopies)
  }

  /** Gives the packet its time of arrival. Order is kept unless jitter may break it. */
  private launch(transit: Transit, jitter: Jitter): void {
    const { spec } = this
    let delay = spec.delay
    transit.nominalDelay = delay
    if (jitter.active) {
      delay += jitter.at(transit.n)
      transit.deviation = jitter.deviation
      transit.independent = spec.jitter.correlation === 0
    }
    if (this.spikes.active) {
      delay += this.spikes.extraAt(transit.sentAt)
      transit.independent = false
    }
    let due = after(transit.sentAt, Math.max(0, delay))
    if (this.slots.active) {
      due = this.slots.next(due)
      transit.independent = false
    }
    if (due < this.lastDue && !spec.jitter.reorders) {
      due = this.lastDue
      transit.independent = false
    }
    if (due > this.lastDue) this.lastDue = due
    if (transit.held > 0) due = this.hold(transit, due)
    transit.due = due
    this.flight.push(transit)
  }

  /** A rule holds the packet; those behind it do not wait, for `lastDue` knows nothing of it. */
  private hold(transit: Transit, due: Micros): Micros {
    transit.nominalDelay += transit.held
    this.ledger.held(transit)
    return after(due, transit.held)
  }

  private arrive(now: Micros, transit: Transit): void {
    if (transit.held > 0) this.ledger.reordered(transit, transit.held)
    this.ledger.deliveredAt(now, transit)
    this.owner.deliver(transit)
    if (this.heldBack.size === 0) return
    for (const released of this.heldBack.onDelivered()) this.release(now, released)
  }

  private release(now: Micros, transit: Transit): void {
    this.ledger.reordered(transit, now - transit.due)
    this.ledger.deliveredAt(now, transit)
    this.owner.deliver(transit)
  }
}
