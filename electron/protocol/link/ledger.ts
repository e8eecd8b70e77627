import type { DirectionAudit } from '../../../shared/link-audit.ts'
import { DROP_REASONS, type DropReason } from '../../../shared/trace/events.ts'
import type { Trace } from '../../../shared/trace/sink.ts'
import type { Micros } from '../../../shared/units.ts'
import { DelayMeter, LossMeter, MeanMeter, RateMeter, ShareMeter } from './meters.ts'
import type { UnknownOption } from './middlebox.ts'
import type { Queue } from './queue.ts'
import type { Transit } from './transit.ts'

const noDrops = (): Record<DropReason, number> =>
  Object.fromEntries(DROP_REASONS.map((reason) => [reason, 0])) as Record<DropReason, number>

/** What became of every packet of one direction: writes it to the trace and counts it for the audit. */
export class Ledger {
  offered = 0
  readonly loss = new LossMeter()
  readonly delay = new DelayMeter()
  readonly rate = new RateMeter()
  readonly queueing = new MeanMeter()
  readonly duplicate = new ShareMeter()
  readonly reorder = new ShareMeter()
  readonly corrupt = new ShareMeter()
  private delivered = 0
  private copies = 0
  private fragmented = 0
  private fragments = 0
  private marks = 0
  private holds = 0
  private readonly drops = noDrops()
  private readonly trace: Trace
  private readonly direction: 0 | 1

  constructor(trace: Trace, direction: 0 | 1) {
    this.trace = trace
    this.direction = direction
  }

  enqueued(transit: Transit, queue: Queue): void {
    this.trace.emit('link:packet_enqueued', this.queueFields(queue), transit.id)
  }

  dequeued(now: Micros, transit: Transit, queue: Queue): void {
    this.queueing.count(now - transit.enteredAt)
    this.trace.emit('link:packet_dequeued', this.queueFields(queue), transit.id)
  }

  dropped(now: Micros, transit: Transit, reason: DropReason): void {
    this.drops[reason]++
    const delay = Math.round(now - transit.enteredAt)
    this.trace.emit('link:packet_dropped', { direction: this.direction, reason, delay }, transit.id)
  }

  deliveredAt(now: Micros, transit: Transit): void {
    this.delivered++
    if (transit.gap === 0) {
      this.delay.count(now - transit.sentAt, transit.nominalDelay, transit.deviation, transit.independent)
    }
    const delay = Math.round(now - transit.enteredAt)
    this.trace.emit('link:packet_delivered', { direction: this.direction, delay }, transit.id)
  }

  duplicated(transit: Transit, copy: number): void {
    this.copies++
    this.trace.emit('link:packet_duplicated', { direction: this.direction, copy }, transit.id)
  }

  corrupted(transit: Transit, offset: number, repaired: boolean): void {
    this.trace.emit('link:packet_corrupted', { direction: this.direction, offset, repaired }, transit.id)
  }

  rewritten(transit: Transit, options: readonly UnknownOption[]): void {
    for (const { kind, offset, length } of options) {
      const what = `tcp_option ${kind}`
      this.trace.emit(
        'link:packet_rewritten',
        { direction: this.direction, offset, length, what },
        transit.id,
      )
    }
  }

  /** It comes out later by `shift` than it would have. */
  reordered(transit: Transit, shift: number): void {
    const fields = { direction: this.direction, shift: Math.round(shift) }
    this.trace.emit('link:packet_reordered', fields, transit.id)
  }

  held(transit: Transit): void {
    this.holds++
    const fields = { direction: this.direction, by: Math.round(transit.held) }
    this.trace.emit('link:packet_held', fields, transit.id)
  }

  marked(transit: Transit): void {
    this.marks++
    this.trace.emit('link:packet_marked', { direction: this.direction }, transit.id)
  }

  cut(id: number, pieces: number, first: number, mtu: number): void {
    this.fragmented++
    this.fragments += pieces
    this.trace.emit('link:packet_fragmented', { direction: this.direction, first, count: pieces, mtu }, id)
  }

  stateChanged(up: boolean): void {
    this.trace.emit('link:state_changed', { direction: this.direction, up })
  }

  audit(onLink: number): DirectionAudit {
    return {
      packets: {
        offered: this.offered,
        delivered: this.delivered,
        copies: this.copies,
        fragmented: this.fragmented,
        fragments: this.fragments,
        onLink,
        dropped: { ...this.drops },
        marked: this.marks,
        held: this.holds,
      },
      loss: this.loss.readRate(),
      burst: this.loss.readBurst(),
      delay: this.delay.readDelay(),
      jitter: this.delay.readJitter(),
      rate: this.rate.read(),
      duplicate: this.duplicate.read(),
      reorder: this.reorder.read(),
      corrupt: this.corrupt.read(),
      queueing: this.queueing.read(),
    }
  }

  private queueFields(queue: Queue) {
    return { direction: this.direction, queue_bytes: queue.bytes, queue_packets: queue.packets.length }
  }
}
