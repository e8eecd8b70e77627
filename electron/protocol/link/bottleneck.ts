import type { DirectionSpec } from '../../../shared/link.ts'
import type { PacketOnLink } from '../../../shared/link-audit.ts'
import { micros, type Micros } from '../../../shared/units.ts'
import { Codel } from './codel.ts'
import { markCongestion } from './ecn.ts'
import type { Ledger } from './ledger.ts'
import type { PacketStart } from './peek.ts'
import { Queue } from './queue.ts'
import { createServer, type Server } from './rate.ts'
import type { Transit } from './transit.ts'

/** The packet whose bits are going out. */
interface Transmission {
  readonly transit: Transit
  startedAt: Micros
  endsAt: Micros
  /** Of it, those that go from `startedAt` on. */
  bytes: number
  /** It found an idle server. */
  readonly first: boolean
}

/** The queue of a direction and the server that empties it at the rate. */
export class Bottleneck {
  private readonly queue = new Queue()
  private readonly codel = new Codel()
  private readonly ledger: Ledger
  private readonly ip: PacketStart
  private readonly onSent: (transit: Transit) => void
  private spec: DirectionSpec
  private server: Server | undefined
  private current: Transmission | undefined

  /** `onSent` is given each packet when its last bit is out, with `sentAt` set. */
  constructor(spec: DirectionSpec, ledger: Ledger, ip: PacketStart, onSent: (transit: Transit) => void) {
    this.spec = spec
    this.server = createServer(spec.rate, micros(0))
    this.ledger = ledger
    this.ip = ip
    this.onSent = onSent
  }

  /** The queue keeps its packets; what is left of the present transmission goes on at the new rate. */
  configure(now: Micros, spec: DirectionSpec): void {
    const rateChanged = JSON.stringify(spec.rate) !== JSON.stringify(this.spec.rate)
    this.spec = spec
    if (!rateChanged) return
    const { current } = this
    const span = current === undefined ? 0 : current.endsAt - current.startedAt
    const share = current === undefined || span === 0 ? 0 : (current.endsAt - now) / span
    const before = this.server
    this.server = createServer(spec.rate, now)
    if (current === undefined) return
    this.meter(current, now, current.bytes * (1 - share), before)
    current.bytes *= share
    current.startedAt = now
    current.endsAt = this.server === undefined ? now : this.server.serve(now, current.bytes)
    this.advance(now)
  }

  accept(now: Micros, transit: Transit): void {
    if (this.current !== undefined) {
      this.enqueue(now, transit)
    } else if (this.server === undefined) {
      this.send(now, transit)
    } else {
      this.queue.push(transit)
      this.ledger.enqueued(transit, this.queue)
      this.startNext(now, this.server, true)
      this.advance(now)
    }
  }

  /** Ends the transmissions that are over by `now`, each at its own time. */
  advance(now: Micros): void {
    for (let current = this.current; current !== undefined; current = this.current) {
      const { endsAt, transit } = current
      if (endsAt > now) return
      this.meter(current, endsAt, current.bytes, this.server)
      this.current = undefined
      if (!transit.dead) this.send(endsAt, transit)
      this.startNext(endsAt, this.server, false)
    }
  }

  nextTime(): Micros {
    return this.current?.endsAt ?? micros(Infinity)
  }

  /** Takes a packet out for good; one in transmission keeps the wire busy to its end. */
  take(id: number): Transit | undefined {
    const transit = this.current?.transit
    if (transit?.id !== id) return this.queue.take(id)
    if (transit.dead) return undefined
    transit.dead = true
    return transit
  }

  get size(): number {
    const transmitting = this.current !== undefined && !this.current.transit.dead
    return this.queue.packets.length + (transmitting ? 1 : 0)
  }

  list(direction: 0 | 1): PacketOnLink[] {
    const entry = (transit: Transit, stage: PacketOnLink['stage'], until: Micros | null): PacketOnLink => ({
      pkt: transit.id,
      direction,
      stage,
      size: transit.bytes.length,
      enteredAt: transit.enteredAt,
      until,
    })
    const { current } = this
    const sending =
      current && !current.transit.dead ? [entry(current.transit, 'transmission', current.endsAt)] : []
    return [...sending, ...this.queue.packets.toArray().map((transit) => entry(transit, 'queue', null))]
  }

  private enqueue(now: Micros, transit: Transit): void {
    const { queue, ledger } = this
    const spec = this.spec.queue
    const rate = this.server?.rateAt(now) ?? 0
    const size = transit.bytes.length
    while (spec.discipline === 'drop-head' && queue.overflows(size, spec, rate)) {
      const head = queue.shift()
      if (head === undefined) break
      ledger.dropped(now, head, 'queue_full')
    }
    if (queue.overflows(size, spec, rate)) {
      ledger.dropped(now, transit, 'queue_full')
      return
    }
    if (queue.congests(size, spec, rate)) this.mark(transit)
    queue.push(transit)
    ledger.enqueued(transit, queue)
  }

  /** False: its sender does not know ECN. */
  private mark(transit: Transit): boolean {
    const marked = markCongestion(transit.bytes, this.ip)
    if (marked === undefined) return false
    transit.bytes = marked
    this.ledger.marked(transit)
    return true
  }

  /** Without a server, what has queued goes at once. */
  private startNext(now: Micros, server: Server | undefined, first: boolean): void {
    for (;;) {
      const transit = this.dequeue(now)
      if (transit === undefined) return
      this.ledger.dequeued(now, transit, this.queue)
      if (server === undefined) {
        this.send(now, transit)
        continue
      }
      const bytes = transit.bytes.length
      this.current = { transit, startedAt: now, endsAt: server.serve(now, bytes), bytes, first }
      return
    }
  }

  private dequeue(now: Micros): Transit | undefined {
    const spec = this.spec.queue
    if (spec.discipline !== 'codel') return this.queue.shift()
    return this.codel.dequeue(now, this.queue, spec, this.spec.mtu, (transit) => {
      if (spec.ecn && this.mark(transit)) return true
      this.ledger.dropped(now, transit, 'codel')
      return false
    })
  }

  private send(now: Micros, transit: Transit): void {
    transit.sentAt = now
    this.onSent(transit)
  }

  private meter(current: Transmission, until: Micros, bytes: number, server: Server | undefined): void {
    const busy = until - current.startedAt
    // What found the server idle and left at once was not limited by the rate and says nothing of it.
    if (server === undefined || (current.first && busy === 0)) return
    this.ledger.rate.count(bytes, busy, server.capacity(current.startedAt, until))
  }
}
