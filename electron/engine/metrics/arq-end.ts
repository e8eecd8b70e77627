/** What one end of a transfer over UDP did (`electron/protocol/arq`): a "segment" is a packet of data, its window is the congestion window. */
import type { EventData } from '../../../shared/trace/events.ts'
import type { EventName } from '../../../shared/trace/events.ts'
import type { TraceEvent } from '../recording/types.ts'
import { ConnectionEnd, NOT_SET } from './connection-end.ts'
import { FlowFacts } from './flow-facts.ts'

export const ARQ_LOG_EVENTS = [
  'arq:packet_sent',
  'arq:packet_received',
  'arq:window_moved',
  'arq:timer_expired',
] as const satisfies readonly EventName[]

export type ArqLogEvent = TraceEvent<(typeof ARQ_LOG_EVENTS)[number]>

const NAMES: ReadonlySet<string> = new Set(ARQ_LOG_EVENTS)
export const isArqLogEvent = (event: { readonly name: string }): event is ArqLogEvent => NAMES.has(event.name)

export class ArqEnd extends ConnectionEnd {
  readonly active: boolean
  /** Packets of data that came and were thrown away although they were new: those of go-back-N that came too early. */
  thrownAway = 0
  /** By number: only the last packet of a transfer is shorter. */
  private lastPayload = 0
  private lastNumber = Infinity
  private delivered = 0
  private window = 0

  constructor(node: string, flow: string, active: boolean) {
    super(node, flow)
    this.active = active
  }

  onSent(t: number, { kind, number, payload, last, cause }: EventData<'arq:packet_sent'>): void {
    this.firstSent ??= t
    this.segments++
    if (kind !== 'data') return
    this.firstData ??= t
    this.lastData = t
    this.dataSegments++
    this.sentBytes += payload
    this.segmentSize = Math.max(this.segmentSize, payload)
    if (last) {
      this.lastNumber = number
      this.lastPayload = payload
    }
    if (cause === '') this.newBytes += payload
    else this.countResent(cause)
  }

  /** Bytes of data packet `number` of this end. */
  private payloadOf(number: number): number {
    return number === this.lastNumber ? this.lastPayload : this.segmentSize
  }

  onReceived({ kind, number, verdict }: EventData<'arq:packet_received'>, sender: ArqEnd): void {
    if (kind !== 'data') return
    const payload = sender.payloadOf(number)
    this.receivedBytes += payload
    if (verdict === 'duplicate') this.duplicateBytes += payload
    if (verdict === 'out_of_order' || verdict === 'out_of_window') this.thrownAway++
  }

  /** The window of the sender, in bytes, is what congestion control would allow; at the receiver it moves with what was delivered. */
  onWindowMoved(t: number, { base, size }: EventData<'arq:window_moved'>, peer: ArqEnd | undefined): void {
    if (this.dataSegments > 0) {
      const window = size * this.segmentSize
      if (window !== this.window) this.onWindow(t, (this.window = window), NOT_SET)
      return
    }
    for (; peer !== undefined && this.delivered < base; this.delivered++)
      this.onRead(t, peer.payloadOf(this.delivered))
  }

  /** There is no congestion control whose reductions could be looked at. */
  protected get reducible(): number {
    return 0
  }

  protected get floor(): number {
    return 0
  }
}

export class ArqFlow extends FlowFacts<ArqEnd> {
  protected create(node: string): ArqEnd {
    return new ArqEnd(node, this.name, this.ends.length === 0)
  }

  take({ t, node, ...event }: ArqLogEvent): void {
    const end = this.end(node)
    const peer = this.ends.find((other) => other !== end)
    switch (event.name) {
      case 'arq:packet_sent':
        return end.onSent(t, event.data)
      case 'arq:packet_received':
        if (peer !== undefined) end.onReceived(event.data, peer)
        return
      case 'arq:window_moved':
        return end.onWindowMoved(t, event.data, peer)
      case 'arq:timer_expired':
        end.timeouts++
    }
  }
}
