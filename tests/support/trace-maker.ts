/** Writes traces by hand: events in, batches or a filled `TraceStore` out. */
import { BatchBuilder, decodeBatch, type Batch } from '../../shared/trace/batch.ts'
import type { EventData, EventName } from '../../shared/trace/events.ts'
import { TraceStore } from '../../shared/trace/store.ts'

interface MadeEvent {
  readonly t: number
  readonly name: EventName
  readonly data: EventData<EventName>
  readonly node: string
  readonly flow: string
  readonly pkt: number
}

const SEGMENT: EventData<'tcp:segment_sent'> = {
  seq: 0,
  ack: 0,
  flags: 0x10,
  window: 65_535,
  payload: 0,
  size: 40,
  mss: 0,
  window_scale: 255,
  sack_permitted: false,
  unknown_option: 0,
  ts_val: 0,
  ts_ecr: 0,
  sack: [],
  dsack: false,
  ecn: 0,
  cause: '',
}

const METRICS: EventData<'tcp:metrics_updated'> = {
  cwnd: 14_600,
  ssthresh: 0xffff_ffff,
  in_flight: 0,
  send_window: 65_535,
  receive_window: 65_535,
  smoothed_rtt: 0,
  rtt_variance: 0,
  rto: 1_000_000,
  send_buffer: 0,
  receive_buffer: 0,
  out_of_order: 0,
  acked: 0,
}

export const FLOW = '10.77.0.1:40000-10.77.0.2:5001'

export class TraceMaker {
  readonly events: MadeEvent[] = []

  add<N extends EventName>(
    t: number,
    name: N,
    data: EventData<N>,
    where: { node?: string; flow?: string; pkt?: number } = {},
  ): this {
    const { node = '', flow = '', pkt = 0 } = where
    this.events.push({ t, name, data: data as EventData<EventName>, node, flow, pkt })
    return this
  }

  host(name: string, role: 'client' | 'server', address: string): this {
    return this.add(0, 'sim:node_added', { kind: 'host', role, address, a: '', b: '' }, { node: name })
  }

  link(name: string, a: string, b: string): this {
    return this.add(0, 'sim:node_added', { kind: 'link', role: '', address: '', a, b }, { node: name })
  }

  /** A client, a server and a link between them, in a lane of their own. */
  pair(lane = ''): this {
    const prefix = lane === '' ? '' : `${lane}/`
    return this.host(`${prefix}client`, 'client', '10.77.0.1')
      .host(`${prefix}server`, 'server', '10.77.0.2')
      .link(`${prefix}link`, `${prefix}client`, `${prefix}server`)
  }

  sent(
    t: number,
    pkt: number,
    node: string,
    segment: Partial<EventData<'tcp:segment_sent'>>,
    flow = FLOW,
  ): this {
    const size = 40 + (segment.payload ?? 0)
    return this.add(t, 'tcp:segment_sent', { ...SEGMENT, size, ...segment }, { node, flow, pkt })
  }

  received(t: number, pkt: number, node: string, payload = 0, flow = FLOW): this {
    return this.add(t, 'tcp:segment_received', { payload, new_data: payload }, { node, flow, pkt })
  }

  metrics(t: number, node: string, metrics: Partial<EventData<'tcp:metrics_updated'>>, flow = FLOW): this {
    return this.add(t, 'tcp:metrics_updated', { ...METRICS, ...metrics }, { node, flow })
  }

  /** A QUIC packet in a datagram of its own, unless others have the same `pkt`. */
  quicSent(
    t: number,
    pkt: number,
    node: string,
    packet: {
      level?: string
      number: number
      size?: number
      frames?: readonly object[]
      path?: number
      dcid?: string
    },
    flow = FLOW,
  ): this {
    const { level = '1rtt', number, size = 1200, frames = [{ type: 'ping' }], path = 0, dcid = '' } = packet
    const data = { level, number, size, path, dcid, frames: JSON.stringify(frames) }
    return this.add(t, 'transport:packet_sent', data, { node, flow, pkt })
  }

  quicReceived(t: number, pkt: number, node: string, number: number, level = '1rtt', flow = FLOW): this {
    return this.add(t, 'transport:packet_received', { level, number, size: 1200 }, { node, flow, pkt })
  }

  /** The events as batches, a new one before each of the events with these numbers. */
  batches(cuts: readonly number[] = []): Batch[] {
    const builder = new BatchBuilder()
    const batches: Batch[] = []
    const flush = (): void => {
      const buffer = builder.flush()
      if (!buffer) return
      const batch = decodeBatch(buffer)
      if ('reason' in batch) throw new Error(batch.reason)
      batches.push(batch)
    }
    const { strings } = builder
    this.events.forEach(({ t, name, data, node, flow, pkt }, i) => {
      if (cuts.includes(i)) flush()
      builder.add(name, data, i + 1, t, strings.number(node), strings.number(flow), pkt)
    })
    flush()
    return batches
  }

  store(cuts: readonly number[] = []): TraceStore {
    const store = new TraceStore()
    for (const batch of this.batches(cuts)) {
      const error = store.append(batch)
      if (error) throw new Error(error.reason)
    }
    return store
  }
}
