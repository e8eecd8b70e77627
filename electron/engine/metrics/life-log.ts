/** How TCP connections of one lane lived and ended, one life after the other: a four-tuple may come again. And what programs say of it. */
import type { TcpState } from '../../../shared/tcp.ts'
import type { EventName } from '../../../shared/trace/events.ts'
import { ACK, FIN, RST, SYN } from '../../protocol/wire/tcp.ts'
import type { TraceEvent } from '../recording/types.ts'

/** What is not of TCP itself. */
export const LIFE_LOG_EVENTS = [
  'app:connected',
  'app:compared',
  'app:client_left',
] as const satisfies readonly EventName[]

type ProgramEvent = TraceEvent<(typeof LIFE_LOG_EVENTS)[number]>

const NAMES: ReadonlySet<string> = new Set(LIFE_LOG_EVENTS)
export const isLifeLogEvent = (event: { readonly name: EventName }): event is ProgramEvent =>
  NAMES.has(event.name)

/** One end of one connection, from the first state that is not CLOSED. */
interface Life {
  readonly node: string
  state: TcpState
  /** What it keeps: unacknowledged, unread, and the room that it has promised to the peer. */
  kept: number
  /** After the last byte that it sent; undefined: none yet. */
  sentEnd: number | undefined
  /** After the FIN that it sent; undefined: none yet. */
  finEnd: number | undefined
  finAcknowledged: boolean
  /** When TIME-WAIT began, and when it began anew because the FIN came again; how long it lasted after that. */
  waitingSince: number | undefined
  timeWait: number | undefined
  waitedAnew: number
}

/** The connections of one four-tuple. */
interface Flow {
  readonly lives: Life[]
  /** Segments with FIN, and those that acknowledge one first, of its first connection. */
  closingSegments: number
}

/** A sequence number at or after another, modulo 2^32 (RFC 9293 3.4). */
const isAtOrAfter = (a: number, b: number): boolean => ((a - b) | 0) >= 0

export class LifeLog {
  readonly flows = new Map<string, Flow>()
  /** Packets that carry a FIN. */
  private readonly fins = new Set<number>()
  /** RSTs by the node that sent them. */
  readonly resets = new Map<string, number>()
  finsRepeated = 0
  /** Times that the sequence numbers of a sender went past 2^32. */
  wraps = 0
  /** Segments that PAWS took for old (RFC 7323 5.3). */
  refusedAsOld = 0
  /** Payload that came to an end which had sent its FIN. */
  halfClosedBytes = 0
  /** Connections that programs were told of, by node. */
  readonly connected = new Map<string, number>()
  /** Read and held against what was written; undefined: nothing was. */
  compared: { bytes: number; differing: number } | undefined
  /** How long clients of a crowd waited that were served; how many were not. */
  readonly served: number[] = []
  unserved = 0

  takeProgram({ name, node, data }: ProgramEvent): void {
    switch (name) {
      case 'app:connected':
        this.connected.set(node, (this.connected.get(node) ?? 0) + 1)
        return
      case 'app:compared':
        this.compared ??= { bytes: 0, differing: 0 }
        this.compared.bytes += data.bytes
        this.compared.differing += data.differing
        return
      case 'app:client_left':
        if (data.error === '') this.served.push(data.waited)
        else this.unserved++
    }
  }

  takeTcp(event: TraceEvent<EventName>): void {
    switch (event.name) {
      case 'tcp:segment_sent':
        return this.onSent(event)
      case 'tcp:segment_received':
        return this.onReceived(event)
      case 'tcp:state_changed':
        return this.onState(event)
      case 'tcp:segment_refused':
        if (event.data.rule.includes('PAWS')) this.refusedAsOld++
        return
      case 'tcp:metrics_updated': {
        const { send_buffer, receive_buffer, out_of_order, receive_window } = event.data
        const life = this.lifeOf(event.flow, event.node)
        if (life !== undefined) life.kept = send_buffer + receive_buffer + out_of_order + receive_window
      }
    }
  }

  private flow(name: string): Flow {
    let flow = this.flows.get(name)
    if (flow === undefined) this.flows.set(name, (flow = { lives: [], closingSegments: 0 }))
    return flow
  }

  /** The life that an end is in. */
  private lifeOf(flow: string, node: string): Life | undefined {
    return this.flows.get(flow)?.lives.findLast((life) => life.node === node)
  }

  private onState({ t, node, flow: name, data: { from, to } }: TraceEvent<'tcp:state_changed'>): void {
    const { lives } = this.flow(name)
    if (from === 'CLOSED') {
      const state = to as TcpState
      const none = { sentEnd: undefined, finEnd: undefined, waitingSince: undefined, timeWait: undefined }
      lives.push({ node, state, kept: 0, finAcknowledged: false, waitedAnew: 0, ...none })
      return
    }
    const life = this.lifeOf(name, node)
    if (life === undefined) return
    life.state = to as TcpState
    if (to === 'TIME-WAIT') life.waitingSince = t
    if (from === 'TIME-WAIT' && life.waitingSince !== undefined) life.timeWait = t - life.waitingSince
  }

  private onSent({ pkt, node, flow: name, data }: TraceEvent<'tcp:segment_sent'>): void {
    const { flags, seq, ack, payload, cause } = data
    if (flags & RST) {
      this.resets.set(node, (this.resets.get(node) ?? 0) + 1)
      return
    }
    if (cause === 'fin') this.finsRepeated++
    const flow = this.flow(name)
    const life = this.lifeOf(name, node)
    const peer = flow.lives.findLast((other) => other.node !== node)
    const isFirst = flow.lives.length <= 2
    if (life !== undefined && payload > 0) this.onData(life, (seq + payload) >>> 0)
    const acknowledgesFin =
      flags & ACK && !(flags & SYN) && peer?.finEnd !== undefined && isAtOrAfter(ack, peer.finEnd)
    if (flags & FIN) {
      this.fins.add(pkt)
      if (life !== undefined) life.finEnd = (seq + payload + 1) >>> 0
    }
    const isNews = acknowledgesFin && peer?.finAcknowledged === false
    if (isNews) peer.finAcknowledged = true
    if (isFirst && (flags & FIN || isNews)) flow.closingSegments++
  }

  private onData(life: Life, end: number): void {
    if (life.sentEnd !== undefined && !isAtOrAfter(end, life.sentEnd)) return
    if (life.sentEnd !== undefined && end < life.sentEnd) this.wraps++
    life.sentEnd = end
  }

  private onReceived({ t, pkt, node, flow, data }: TraceEvent<'tcp:segment_received'>): void {
    const life = this.lifeOf(flow, node)
    if (life === undefined) return
    if (life.finEnd !== undefined) this.halfClosedBytes += data.new_data
    // TIME-WAIT starts anew with each FIN that comes (RFC 9293 3.10.7.4 eighth).
    if (!this.fins.has(pkt) || life.state !== 'TIME-WAIT' || life.waitingSince === t) return
    life.waitingSince = t
    life.waitedAnew++
  }
}
