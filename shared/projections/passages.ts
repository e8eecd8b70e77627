/**
 * Each packet's passages: one link in one direction after another, from where it was sent to where it arrived or died. A frame
 * that a switch floods passes several links at once.
 */
import { Column, type EventTable } from '../trace/columns.ts'
import type { EventName } from '../trace/events.ts'
import { PacketIndex } from '../trace/packet-index.ts'
import type { TraceStore } from '../trace/store.ts'
import { Cursor } from './cursor.ts'

export interface Passage {
  readonly pkt: number
  /** Number of the link's name. */
  readonly link: number
  readonly direction: number
  /** When it came to the link; a link without a rate tells of it only when it is through. */
  readonly entered: number
  /** When it came out of the queue onto the wire; infinite while it waits, and for ever if it died there. */
  readonly began: number
  /** When it came out or died; infinite while it is on the link. */
  readonly until: number
  readonly fate: 'under_way' | 'delivered' | 'dropped' | 'fragmented'
  /** Why it died; empty otherwise. */
  readonly reason: string
}

const FATES = ['under_way', 'delivered', 'dropped', 'fragmented'] as const
const EVENTS = [
  'link:packet_enqueued',
  'link:packet_dequeued',
  'link:packet_delivered',
  'link:packet_dropped',
  'link:packet_fragmented',
] as const satisfies readonly EventName[]
type LinkEvent = (typeof EVENTS)[number]
/** A packet of a damaged recording may have been anywhere; no honest one has crossed more links. */
const MOST_LINKS = 512

export class Passages {
  private readonly pkts = new Column('u32')
  private readonly links = new Column('u32')
  private readonly directions = new Column('u8')
  private readonly entered = new Column('f64')
  private readonly began = new Column('f64')
  private readonly until = new Column('f64')
  private readonly fates = new Column('u8')
  private readonly reasons = new Column('u32')
  /** The passage of the same packet before this one, and 1; 0: none. */
  private readonly before = new Column('u32')
  /** The latest passage of each packet, and 1. */
  private readonly latest = new PacketIndex()
  /** Links twice, and their direction. */
  private readonly queues = new Set<number>()
  private readonly cursor = new Cursor<LinkEvent>(...EVENTS)

  update(store: TraceStore): void {
    this.cursor.read(store, (name, table, row) => this.onRow(name, table, row))
  }

  get length(): number {
    return this.pkts.length
  }

  at(store: TraceStore, index: number): Passage {
    return {
      pkt: this.pkts.data[index],
      link: this.links.data[index],
      direction: this.directions.data[index],
      entered: this.entered.data[index],
      began: this.began.data[index],
      until: this.until.data[index],
      fate: FATES[this.fates.data[index]],
      reason: store.text(this.reasons.data[index]),
    }
  }

  /** The passages of a packet, as it entered the links. */
  of(store: TraceStore, pkt: number): Passage[] {
    const list: Passage[] = []
    for (let at = this.latest.get(pkt); at > 0 && list.length < MOST_LINKS; at = this.before.data[at - 1])
      list.push(this.at(store, at - 1))
    return list.reverse().sort((a, b) => a.entered - b.entered)
  }

  /** Whether this direction of a link tells of its queue, as those with a rate do. */
  tellsOfQueue(link: number, direction: number): boolean {
    return this.queues.has(2 * link + direction)
  }

  private onRow(name: LinkEvent, { t, node, pkt, columns }: EventTable, row: number): void {
    const now = t.data[row]
    const link = node.data[row]
    const direction = columns.direction.data[row] & 1
    let at = this.find(pkt.data[row], link, direction)
    const isNew = at < 0
    if (isNew) at = this.add(pkt.data[row], link, direction, now)
    switch (name) {
      case 'link:packet_enqueued':
        this.began.data[at] = Infinity
        this.queues.add(2 * link + direction)
        return
      case 'link:packet_dequeued':
        this.began.data[at] = now
        return
      case 'link:packet_fragmented':
        return this.end(at, now, 3)
      case 'link:packet_delivered':
      case 'link:packet_dropped':
        this.end(at, now, name === 'link:packet_delivered' ? 1 : 2)
        if (name === 'link:packet_dropped') this.reasons.data[at] = columns.reason.data[row]
        if (isNew) this.entered.data[at] = this.began.data[at] = Math.max(0, now - columns.delay.data[row])
    }
  }

  private end(at: number, now: number, fate: number): void {
    this.until.data[at] = now
    this.fates.data[at] = fate
  }

  /** The passage of a packet that is not over, by this link and direction; -1: there is none. */
  private find(pkt: number, link: number, direction: number): number {
    let at = this.latest.get(pkt)
    for (let i = 0; at > 0 && i < MOST_LINKS; i++, at = this.before.data[at - 1])
      if (
        this.links.data[at - 1] === link &&
        this.directions.data[at - 1] === direction &&
        this.until.data[at - 1] === Infinity
      )
        return at - 1
    return -1
  }

  private add(pkt: number, link: number, direction: number, t: number): number {
    this.pkts.push(pkt)
    this.links.push(link)
    this.directions.push(direction)
    this.entered.push(t)
    this.began.push(t)
    this.until.push(Infinity)
    this.fates.push(0)
    this.reasons.push(0)
    this.before.push(this.latest.get(pkt))
    this.latest.set(pkt, this.length)
    return this.length - 1
  }
}
