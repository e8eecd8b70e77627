/** What switches and routers did to the packets of one lane, and which links lie between two nodes of it. */
import type { EventName } from '../../../shared/trace/events.ts'
import { ACK, SYN } from '../../protocol/wire/tcp.ts'
import type { TraceEvent } from '../recording/types.ts'

/** What is on the way beside links. */
export const ON_THE_WAY = [
  'ethernet:frame_forwarded',
  'arp:message_sent',
  'ip:packet_forwarded',
  'ip:packet_discarded',
] as const satisfies readonly EventName[]

export type WayEvent = TraceEvent<(typeof ON_THE_WAY)[number]>

const NAMES: ReadonlySet<string> = new Set(ON_THE_WAY)
export const isOnTheWay = (event: { readonly name: EventName }): event is WayEvent => NAMES.has(event.name)

/** Places of fields in the hexadecimal digits of a frame's headers: both MAC addresses, time to live, header checksum. */
const REWRITTEN = [
  [0, 12],
  [12, 24],
  [44, 46],
  [48, 52],
] as const

export class WayLog {
  framesFlooded = 0
  arpRequests = 0
  arpReplies = 0
  packetsForwarded = 0
  headersRewritten = 0
  ttlExpired = 0
  /** Routers that the first SYN passed which arrived; undefined: none has. */
  hops: number | undefined
  /** Routers that SYNs have passed which are still on their way, by packet. */
  private readonly opening = new Map<number, number>()
  /** By link: the nodes at its sides. */
  private readonly sides = new Map<string, readonly [string, string]>()

  onLink(link: string, a: string, b: string): void {
    this.sides.set(link, [a, b])
  }

  onSegmentSent(pkt: number, flags: number): void {
    if (this.hops === undefined && (flags & (SYN | ACK)) === SYN) this.opening.set(pkt, 0)
  }

  onSegmentReceived(pkt: number): void {
    if (this.hops !== undefined) return
    this.hops = this.opening.get(pkt)
    if (this.hops !== undefined) this.opening.clear()
  }

  take(event: WayEvent): void {
    switch (event.name) {
      case 'ethernet:frame_forwarded':
        if (event.data.decision === 'flooded') this.framesFlooded++
        return
      case 'arp:message_sent':
        if (event.data.operation === 'request') this.arpRequests++
        else this.arpReplies++
        return
      case 'ip:packet_discarded':
        if (event.data.reason === 'ttl_expired') this.ttlExpired++
        return
      case 'ip:packet_forwarded': {
        const passed = this.opening.get(event.pkt)
        if (passed !== undefined) this.opening.set(event.pkt, passed + 1)
        this.packetsForwarded++
        const { before, after } = event.data
        if (REWRITTEN.every(([from, to]) => before.slice(from, to) !== after.slice(from, to)))
          this.headersRewritten++
      }
    }
  }

  /** The links on the shortest way between two nodes; undefined: there is none. */
  linksBetween(from: string, to: string): readonly string[] | undefined {
    /** Each node with the link by which it was reached first. */
    const reached = new Map<string, { link: string; node: string } | undefined>([[from, undefined]])
    for (const node of reached.keys()) {
      for (const [link, [a, b]] of this.sides) {
        const next = a === node ? b : b === node ? a : undefined
        if (next !== undefined && !reached.has(next)) reached.set(next, { link, node })
      }
    }
    if (!reached.has(to)) return undefined
    const links: string[] = []
    for (let step = reached.get(to); step !== undefined; step = reached.get(step.node)) links.push(step.link)
    return links.reverse()
  }
}
