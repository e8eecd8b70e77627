/**
 * qlog 0.3, the version that the visualiser qvis reads: QUIC as it is, and TCP told in the words of QUIC, as far as these carry. A
 * segment of TCP is a packet with a number (the how-manieth its end has sent), its payload a frame of stream 0, its
 * acknowledgment an ack frame over the numbers it newly covers, its window a max_data frame. A trace for each host;
 * connections are told apart by `group_id`. What has no word in QUIC is left out; the draft has it all.
 */
import type { EventData } from '../../../shared/trace/events.ts'
import { ACK, FIN, SYN } from '../../protocol/wire/tcp.ts'
import type { RecordingReader, TraceEvent } from '../recording/types.ts'
import { AckTracker, type NumberRanges } from './ack-tracker.ts'
import { HTTP3_SEEN, type Told } from './qlog-http3.ts'
import type { Line } from './qlog-line.ts'
import { QUIC_TOLD } from './qlog-quic.ts'
import { HostTeller } from './qlog-teller.ts'
import { hostsOf, survey, type Survey, type SurveyedNode } from './survey.ts'

/** TCP has one space of numbers, as QUIC has once the handshake is over. */
const PACKET_TYPE = '1RTT'
const NOT_SET = 0xffff_ffff

const READ = [
  ...QUIC_TOLD,
  ...HTTP3_SEEN,
  'tcp:segment_sent',
  'tcp:segment_received',
  'tcp:segment_lost',
  'tcp:metrics_updated',
  'tcp:rtt_sampled',
  'tcp:congestion_state_changed',
  'tcp:state_changed',
  'link:packet_duplicated',
  'link:packet_dropped',
] as const

type Segment = EventData<'tcp:segment_sent'> & { readonly number: number }

/** One end of a flow: numbers of its segments, and its initial sequence number. */
class End {
  count = 0
  origin: number | undefined
  /** Its segments that the peer has not acknowledged, and the peer's that it has not. */
  readonly sent = new AckTracker()
  readonly received = new AckTracker()

  /** A sequence number of this end as an offset from the initial one. */
  offset(seq: number): number {
    return (seq - (this.origin ?? seq)) >>> 0
  }
}

class TcpTeller {
  private readonly host: string
  private readonly flows = new Map<string, Map<string, End>>()
  /** Segments on their way, by packet. */
  private readonly underWay = new Map<number, Segment>()

  constructor(host: string) {
    this.host = host
  }

  /** What the host has to say of an event; events of others only keep the books. */
  tell(event: TraceEvent): Line | undefined {
    const here = event.node === this.host
    switch (event.name) {
      case 'tcp:segment_sent': {
        const segment = this.number(event)
        return here
          ? this.tellPacket('transport:packet_sent', event.flow, event.node, segment, true)
          : undefined
      }
      case 'link:packet_duplicated': {
        const original = this.underWay.get(event.pkt)
        if (original) this.underWay.set(event.data.copy, original)
        return undefined
      }
      case 'link:packet_dropped':
        this.underWay.delete(event.pkt)
        return undefined
      case 'tcp:segment_received': {
        const segment = this.underWay.get(event.pkt)
        this.underWay.delete(event.pkt)
        if (!here || segment === undefined) return undefined
        return this.tellPacket('transport:packet_received', event.flow, event.node, segment, false)
      }
      default:
        return here ? this.tellState(event) : undefined
    }
  }

  private end(flow: string, node: string): End {
    let ends = this.flows.get(flow)
    if (!ends) this.flows.set(flow, (ends = new Map()))
    let end = ends.get(node)
    if (!end) ends.set(node, (end = new End()))
    return end
  }

  /** The other end of a flow; undefined until it has spoken. */
  private peer(flow: string, node: string): End | undefined {
    for (const [name, end] of this.flows.get(flow) ?? []) if (name !== node) return end
    return undefined
  }

  private number({ flow, node, pkt, data }: TraceEvent<'tcp:segment_sent'>): Segment {
    const end = this.end(flow, node)
    end.origin ??= data.seq
    const segment = { ...data, number: end.count++ }
    this.underWay.set(pkt, segment)
    return segment
  }

  private tellPacket(name: string, flow: string, node: string, segment: Segment, outgoing: boolean): Line {
    const own = this.end(flow, node)
    const peer = this.peer(flow, node)
    const from = outgoing ? own : (peer ?? own)
    const start = from.offset(segment.seq)
    const occupied = segment.payload + (segment.flags & SYN ? 1 : 0) + (segment.flags & FIN ? 1 : 0)
    ;(outgoing ? own.sent : own.received).add(segment.number, start, start + occupied)
    const frames: Record<string, unknown>[] = []
    if (segment.payload > 0 || segment.flags & FIN)
      frames.push({
        frame_type: 'stream',
        stream_id: 0,
        offset: Math.max(0, start - 1),
        length: segment.payload,
        fin: (segment.flags & FIN) !== 0,
      })
    const to = outgoing ? peer : own
    if (segment.flags & ACK && to !== undefined) {
      const acked = this.acked(outgoing ? own.received : own.sent, segment, to)
      if (acked.length > 0) frames.push({ frame_type: 'ack', acked_ranges: acked })
      frames.push({ frame_type: 'max_data', maximum: to.offset(segment.ack) + segment.window })
    }
    return {
      name,
      data: {
        header: { packet_type: PACKET_TYPE, packet_number: segment.number },
        raw: { length: segment.size, payload_length: segment.payload },
        frames,
      },
    }
  }

  private acked(tracker: AckTracker, { ack, sack }: Segment, to: End): NumberRanges {
    const blocks: [number, number][] = []
    for (let i = 0; i + 1 < sack.length; i += 2) blocks.push([to.offset(sack[i]), to.offset(sack[i + 1])])
    return tracker.take(to.offset(ack), blocks)
  }

  private tellState(event: TraceEvent): Line | undefined {
    switch (event.name) {
      case 'tcp:metrics_updated': {
        const { cwnd, ssthresh, in_flight, smoothed_rtt, rtt_variance } = event.data
        const data = {
          congestion_window: cwnd,
          bytes_in_flight: in_flight,
          ...(ssthresh === NOT_SET ? {} : { ssthresh }),
          ...(smoothed_rtt === 0
            ? {}
            : { smoothed_rtt: smoothed_rtt / 1000, rtt_variance: rtt_variance / 1000 }),
        }
        return { name: 'recovery:metrics_updated', data }
      }
      case 'tcp:rtt_sampled':
        return { name: 'recovery:metrics_updated', data: { latest_rtt: event.data.rtt / 1000 } }
      case 'tcp:congestion_state_changed': {
        const { from, to, trigger } = event.data
        return { name: 'recovery:congestion_state_updated', data: { old: from, new: to, trigger } }
      }
      case 'tcp:state_changed': {
        const { from, to } = event.data
        return { name: 'connectivity:connection_state_updated', data: { old: from, new: to } }
      }
      case 'tcp:segment_lost': {
        const end = this.end(event.flow, event.node)
        const number = end.sent.numberOf(end.offset(event.data.seq))
        if (number === undefined) return undefined
        const header = { packet_type: PACKET_TYPE, packet_number: number }
        return { name: 'recovery:packet_lost', data: { header, trigger: event.data.trigger } }
      }
    }
    return undefined
  }
}

/** What a host speaks; qvis tells TCP by it. */
const protocolsOf = ({ quic }: Survey, host: SurveyedNode): string[] =>
  quic.has(host.name) ? ['QUIC', 'HTTP3'] : ['TCP']

function written({ event, line: { name, data } }: Told): string {
  return JSON.stringify({ time: event.t / 1000, group_id: event.flow, name, data })
}

function* traceOf(reader: RecordingReader, run: Survey, host: SurveyedNode): Generator<string> {
  const { info, startedAt } = reader.meta
  const head = {
    title: host.name,
    vantage_point: { name: host.name, type: host.role === 'server' ? 'server' : 'client' },
    common_fields: {
      protocol_type: protocolsOf(run, host),
      time_format: 'relative',
      reference_time: info.driver === 'live' ? Date.parse(startedAt) : 0,
    },
  }
  yield `${JSON.stringify(head).slice(0, -1)},"events":[`
  const tcp = new TcpTeller(host.name)
  const teller = new HostTeller(host.name, '0.3')
  let separator = '\n'
  for (const event of reader.events(READ)) {
    // The books of TCP are kept over the events of both ends.
    const line = tcp.tell(event)
    for (const told of teller.tell(event, () => line)) {
      yield separator + written(told)
      separator = ',\n'
    }
  }
  for (const told of teller.finish()) yield separator + written(told)
  yield ']}'
}

export function* qlog03(reader: RecordingReader): Generator<string> {
  const run = survey(reader)
  const hosts = run.lanes.flatMap((lane) => hostsOf(run, lane)).filter((host) => host.kind === 'host')
  const head = { qlog_version: '0.3', qlog_format: 'JSON', title: reader.meta.info.title.en }
  yield `${JSON.stringify(head).slice(0, -1)},"traces":[\n`
  for (const [i, host] of hosts.entries()) {
    if (i > 0) yield ',\n'
    yield* traceOf(reader, run, host)
  }
  yield ']}\n'
}
