/** How long packets of one lane waited in the queues of its links, and which of them were marked instead of dropped. */
import type { EventName } from '../../../shared/trace/events.ts'
import type { TraceEvent } from '../recording/types.ts'
import type { LaneFacts } from './lane-facts.ts'
import { shortestRoundTrip } from './path.ts'

export const QUEUE_LOG_EVENTS = [
  'link:packet_dequeued',
  'link:packet_marked',
] as const satisfies readonly EventName[]

type QueueLogEvent = TraceEvent<(typeof QUEUE_LOG_EVENTS)[number]>

const NAMES: ReadonlySet<string> = new Set(QUEUE_LOG_EVENTS)
export const isQueueLogEvent = (event: { readonly name: EventName }): event is QueueLogEvent =>
  NAMES.has(event.name)

/** Waits are counted by tenths of a millisecond, so that a run of a million packets needs no list of them. */
const STEP = 100

/** Waits in one direction of one link. */
class Waits {
  count = 0
  sum = 0
  private readonly entered = new Map<number, number>()
  private readonly bySteps = new Map<number, number>()

  enter(t: number, pkt: number): void {
    this.entered.set(pkt, t)
  }

  leave(t: number, pkt: number): void {
    const since = this.entered.get(pkt)
    if (since === undefined) return
    this.entered.delete(pkt)
    const step = Math.round((t - since) / STEP)
    this.count++
    this.sum += t - since
    this.bySteps.set(step, (this.bySteps.get(step) ?? 0) + 1)
  }

  /** The shortest wait that a share `q` of the packets did not exceed. */
  quantile(q: number): number {
    let left = Math.ceil(q * this.count)
    for (const step of [...this.bySteps.keys()].sort((a, b) => a - b)) {
      left -= this.bySteps.get(step)!
      if (left <= 0) return step * STEP
    }
    return 0
  }
}

export class QueueLog {
  marks = 0
  private readonly waits = new Map<string, Waits>()

  onEnqueued(t: number, node: string, direction: number, pkt: number): void {
    const key = `${node} ${direction}`
    let waits = this.waits.get(key)
    if (waits === undefined) this.waits.set(key, (waits = new Waits()))
    waits.enter(t, pkt)
  }

  take({ t, name, node, pkt, data }: QueueLogEvent): void {
    if (name === 'link:packet_marked') this.marks++
    else this.waits.get(`${node} ${data.direction}`)?.leave(t, pkt)
  }

  /** Of the bottleneck: the queue in which packets waited longest in all. */
  get longest(): Waits | undefined {
    let longest: Waits | undefined
    for (const waits of this.waits.values())
      if (waits.count > 0 && (longest === undefined || waits.sum > longest.sum)) longest = waits
    return longest
  }
}

export const QUEUE_METRICS = {
  /** What packets waited in the queue of the bottleneck, in microseconds. null: the lane's links have no queue that was used. */
  queue_delay_mean: ({ queues: { longest } }: LaneFacts) =>
    longest === undefined ? null : longest.sum / longest.count,
  queue_delay_p95: ({ queues: { longest } }: LaneFacts) => longest?.quantile(0.95) ?? null,
  /** What a round trip should take then: the shortest way there and back and that wait, in microseconds. */
  rtt_with_queue: (lane: LaneFacts) => {
    const shortest = shortestRoundTrip(lane)
    const { longest } = lane.queues
    return shortest === null || longest === undefined ? null : shortest + longest.sum / longest.count
  },
  /** Packets on which a link set congestion experienced (RFC 3168 5). */
  marks: ({ queues }: LaneFacts) => queues.marks,
  /** How often TCP senders reduced their window for an echoed mark (RFC 3168 6.1.2). */
  ecn_reductions: ({ tcp }: LaneFacts) =>
    [...tcp.values()].flatMap(({ ends }) => ends).reduce((sum, end) => sum + end.ecnReductions, 0),
} as const
