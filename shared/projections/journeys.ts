/**
 * The way of a packet step by step: where it was sent, how long each link took, what each switch and router did with it, and where it
 * arrived or was given up.
 */
import { Column } from '../trace/columns.ts'
import type { EventName } from '../trace/events.ts'
import { PacketIndex } from '../trace/packet-index.ts'
import type { TraceStore } from '../trace/store.ts'
import { Cursor } from './cursor.ts'
import type { Packet } from './packets.ts'
import type { Passage } from './passages.ts'
import type { Paths } from './paths.ts'

export type Step = {
  /** When it happened; of a link when the packet came to it. */
  readonly t: number
  /** Number of the name of the node, or of the link. */
  readonly node: number
} & (
  | { readonly kind: 'sent' }
  /** It waits for the Ethernet address of its next hop. */
  | { readonly kind: 'held' | 'released'; readonly address: string }
  | { readonly kind: 'link'; readonly passage: Passage; readonly from: number; readonly to: number }
  | {
      readonly kind: 'switched'
      readonly inPort: number
      /** 255: all others. */
      readonly outPort: number
      readonly source: string
      readonly destination: string
      readonly decision: string
    }
  | {
      readonly kind: 'routed'
      readonly inInterface: number
      readonly outInterface: number
      readonly prefix: string
      readonly nextHop: string
      readonly ttl: number
      readonly before: string
      readonly after: string
    }
  | {
      readonly kind: 'discarded'
      readonly reason: string
      readonly ttl: number
      readonly destination: string
    }
  /** It was not taken in: not for this node, or not to be understood. */
  | { readonly kind: 'rejected'; readonly reason: string }
  | { readonly kind: 'arrived' }
)

const EVENTS = [
  'arp:packet_held',
  'arp:packet_released',
  'ethernet:frame_forwarded',
  'ip:packet_forwarded',
  'ip:packet_discarded',
  'ethernet:frame_rejected',
] as const satisfies readonly EventName[]
type StepEvent = (typeof EVENTS)[number]

/** A packet of a damaged recording may have been anywhere; no honest one has passed more nodes. */
const MOST_STEPS = 1_024
/** A router counts for more than all switches between two of them. */
const ROUTER = 1_000

/** The packet of a lane that has passed most routers, or switches where there are none. */
interface Furthest {
  readonly pkt: number
  readonly score: number
}

export class Journeys {
  private readonly events = new Column('u8')
  private readonly rows = new Column('u32')
  private readonly before = new Column('u32')
  /** The latest step of each packet, and 1. */
  private readonly latest = new PacketIndex()
  private readonly scores = new PacketIndex()
  private readonly furthest = new Map<string, Furthest>()
  private readonly cursor = new Cursor<StepEvent>(...EVENTS)

  update(store: TraceStore): void {
    this.cursor.read(store, (name, table, row) => {
      const pkt = table.pkt.data[row]
      if (pkt === 0) return
      this.events.push(EVENTS.indexOf(name))
      this.rows.push(row)
      this.before.push(this.latest.get(pkt))
      this.latest.set(pkt, this.rows.length)
      const gain = name === 'ip:packet_forwarded' ? ROUTER : name === 'ethernet:frame_forwarded' ? 1 : 0
      if (gain > 0) this.count(store.laneOf(table.node.data[row]), pkt, gain)
    })
  }

  private count(lane: string, pkt: number, gain: number): void {
    const score = this.scores.get(pkt) + gain
    this.scores.set(pkt, score)
    const most = this.furthest.get(lane)
    if (most === undefined || score > most.score) this.furthest.set(lane, { pkt, score })
    else if (score === most.score && pkt < most.pkt) this.furthest.set(lane, { pkt, score })
  }

  /** The packet of a lane that has passed most routers and switches, the first of several; undefined: none has passed any. */
  furthestOf(lane: string): number | undefined {
    return this.furthest.get(lane)?.pkt
  }

  /** How many routers have passed a packet on. */
  routersOf(pkt: number): number {
    return Math.floor(this.scores.get(pkt) / ROUTER)
  }

  /** The steps of a packet in their order, links among them. */
  of(store: TraceStore, paths: Paths, packet: Packet): Step[] {
    const steps: Step[] = [{ kind: 'sent', t: packet.t, node: packet.node }]
    const network = paths.network.lane(packet.lane)
    const links = paths.passages.of(store, packet.pkt).map((passage): Step => {
      const link = store.nodes.get(passage.link)
      const [a, b] = [link?.a, link?.b].map(
        (name) => network.nodes.find((node) => node.name === name)?.id ?? 0,
      )
      const [from, to] = passage.direction === 0 ? [a, b] : [b, a]
      return { kind: 'link', t: passage.entered, node: passage.link, passage, from, to }
    })
    const arrivals = links.flatMap((step): Step[] => {
      if (step.kind !== 'link' || step.passage.fate !== 'delivered') return []
      const kind = store.nodes.get(step.to)?.kind
      return kind === 'host' || kind === 'outsider'
        ? [{ kind: 'arrived', t: step.passage.until, node: step.to }]
        : []
    })
    const told = this.told(store, packet.pkt)
    // Who rejects a frame that was flooded has no use for it: it came, but did not arrive.
    const isRejected = (node: number): boolean =>
      told.some((step) => step.kind === 'rejected' && step.node === node)
    const all = [...steps, ...told, ...links, ...arrivals.filter(({ node }) => !isRejected(node))]
    return all.sort((a, b) => a.t - b.t || rank(a) - rank(b) || startOf(a) - startOf(b))
  }

  private told(store: TraceStore, pkt: number): Step[] {
    const steps: Step[] = []
    for (let at = this.latest.get(pkt); at > 0 && steps.length < MOST_STEPS; at = this.before.data[at - 1])
      steps.push(stepAt(store, EVENTS[this.events.data[at - 1]], this.rows.data[at - 1]))
    return steps.reverse()
  }
}

/** At one moment a packet comes to a node before the node does something with it, and goes on to a link after that. */
const RANKS = {
  sent: 0,
  held: 1,
  released: 1,
  arrived: 2,
  rejected: 2,
  switched: 2,
  routed: 2,
  discarded: 2,
  link: 3,
} as const
const rank = ({ kind }: Step): number => RANKS[kind]
const startOf = (step: Step): number => (step.kind === 'link' ? step.passage.until : step.t)

function stepAt(store: TraceStore, name: StepEvent, row: number): Step {
  const table = store.table(name)
  const number = (field: string): number => table.columns[field].data[row]
  const text = (field: string): string => store.text(number(field))
  const at = { t: table.t.data[row], node: table.node.data[row] }
  switch (name) {
    case 'arp:packet_held':
      return { ...at, kind: 'held', address: text('address') }
    case 'arp:packet_released':
      return { ...at, kind: 'released', address: text('address') }
    case 'ethernet:frame_forwarded':
      return {
        ...at,
        kind: 'switched',
        inPort: number('in_port'),
        outPort: number('out_port'),
        source: text('source'),
        destination: text('destination'),
        decision: text('decision'),
      }
    case 'ip:packet_forwarded':
      return {
        ...at,
        kind: 'routed',
        inInterface: number('in_interface'),
        outInterface: number('out_interface'),
        prefix: text('prefix'),
        nextHop: text('next_hop'),
        ttl: number('ttl'),
        before: text('before'),
        after: text('after'),
      }
    case 'ip:packet_discarded':
      return {
        ...at,
        kind: 'discarded',
        reason: text('reason'),
        ttl: number('ttl'),
        destination: text('destination'),
      }
    case 'ethernet:frame_rejected':
      return { ...at, kind: 'rejected', reason: text('reason') }
  }
}

/**
 * The headers of a packet around a step, in hexadecimal, as far as routers tell of them: between two routers they stay as they are.
 * Undefined where none does.
 */
export function headersAround(
  steps: readonly Step[],
  at: number,
): { readonly before: string | undefined; readonly after: string | undefined } {
  const step = steps[at] as Step | undefined
  if (step?.kind === 'routed') return { before: step.before, after: step.after }
  for (let i = at; i < steps.length; i++) {
    const next = steps[i]
    if (next.kind === 'routed') return { before: next.before, after: next.before }
  }
  for (let i = at; i >= 0; i--) {
    const last = steps[i]
    if (last?.kind === 'routed') return { before: last.after, after: last.after }
  }
  return { before: undefined, after: undefined }
}
