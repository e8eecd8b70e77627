/**
 * qlog in its current draft (draft-ietf-quic-qlog-main-schema): one file, a trace for each node. Our events stand in
 * namespaces of our own, named as in the trace, but for those that have words: QUIC in `quic` (draft-ietf-quic-qlog-quic-events),
 * HTTP/3 in `http3` (draft-ietf-quic-qlog-h3-events), frames of HTTP/2 in `http2` (draft-pardue-httpbis-qlog-h2-events), what steers
 * the simulation in `simulation`. Keys are left out. Times are milliseconds. The metrics of TCP's sender carry the names and units
 * that QUIC's have, so that a tool that draws one can draw the other.
 */
import { EVENTS, type EventData, type FieldSpec } from '../../../shared/trace/events.ts'
import type { RecordingMeta, RecordingReader, TraceEvent } from '../recording/types.ts'
import type { Told } from './qlog-http3.ts'
import type { Line } from './qlog-line.ts'
import { HostTeller } from './qlog-teller.ts'
import { publicEvents } from './secrets.ts'
import { survey, type Survey, type SurveyedNode } from './survey.ts'

const FILE_SCHEMA = 'urn:ietf:params:qlog:file:contained'
const SIMULATION = 'urn:ietf:params:qlog:events:simulation'
/** An individual draft: its number belongs to the name (section "Draft Event Schema Identification"). */
const HTTP2 = 'urn:ietf:params:qlog:events:http2-00'
/** Namespaces of our own; a private schema needs a URI of its own (section 8.1 of the draft). */
const OWN = [
  ...['tcp', 'udp', 'icmp', 'ip', 'link', 'app', 'security', 'http', 'wire'],
  ...['ethernet', 'arp', 'dns', 'mqtt', 'ws', 'grpc', 'rpc', 'probe', 'arq'],
  // What QUIC and HTTP/3 have no words for.
  ...['recovery', 'connectivity'],
].map((name) => `urn:x-rexmit:qlog:events:${name}`)
const QUIC = 'urn:ietf:params:qlog:events:quic'
const HTTP3 = 'urn:ietf:params:qlog:events:http3'

/** `ssthresh` as long as there is none; an absent field says the same. */
const NOT_SET = 0xffff_ffff

/** Fields with spans of time go from microseconds to milliseconds; the others stay. */
function plainData(event: TraceEvent): Record<string, unknown> {
  const fields: Readonly<Record<string, FieldSpec>> = EVENTS[event.name].fields
  const data: Record<string, unknown> = {}
  for (const [name, value] of Object.entries(event.data as Record<string, unknown>))
    data[name] = fields[name]?.unit === 'us' ? (value as number) / 1000 : value
  return data
}

function recoveryMetrics(data: EventData<'tcp:metrics_updated'>): Record<string, unknown> {
  const { cwnd, ssthresh, in_flight, smoothed_rtt, rtt_variance, rto, ...sizes } = data
  return {
    congestion_window: cwnd,
    ...(ssthresh === NOT_SET ? {} : { ssthresh }),
    bytes_in_flight: in_flight,
    ...(smoothed_rtt === 0 ? {} : { smoothed_rtt: smoothed_rtt / 1000, rtt_variance: rtt_variance / 1000 }),
    retransmission_timeout: rto / 1000,
    ...sizes,
  }
}

/**
 * A frame as its sender made it. The draft lets a frame be any map with a `frame_type`, and the event be extended: so what
 * the frame says stands in words, and the windows beside it.
 */
function http2Frame({ stream, type, flags, length, detail, ...rest }: EventData<'http:frame'>) {
  const { from, offset, connection_window, stream_window } = rest
  return {
    stream_id: stream,
    length,
    frame: { frame_type: type.toLowerCase(), flags, ...(detail === '' ? {} : { detail }) },
    from,
    offset,
    ...(connection_window < 0 ? {} : { connection_window }),
    ...(stream_window < 0 ? {} : { stream_window }),
  }
}

/** An event of ours in the file; undefined: the header of a trace says it. */
function project(event: TraceEvent): Line | undefined {
  switch (event.name) {
    case 'sim:node_added':
      return undefined
    case 'tcp:metrics_updated':
      return { name: 'tcp:recovery_metrics_updated', data: recoveryMetrics(event.data) }
    case 'http:frame':
      return { name: 'http2:frame_created', data: http2Frame(event.data) }
    case 'sim:knob_changed': {
      const { path, from, to } = event.data
      return {
        name: 'simulation:marker',
        data: { type: 'knob_changed', message: `${path}: ${from} -> ${to}` },
      }
    }
    case 'sim:interface_added':
    case 'sim:route_added':
    case 'sim:route_removed':
      return {
        name: 'simulation:scenario',
        data: { name: event.name.slice('sim:'.length), details: event.data },
      }
    case 'sim:mark':
      return { name: 'simulation:marker', data: { type: 'mark', message: event.data.text } }
    case 'sim:fault': {
      const { what, detail, count } = event.data
      return { name: 'simulation:marker', data: { type: 'fault', message: `${what}: ${detail} (${count})` } }
    }
    default:
      return { name: event.name, data: plainData(event) }
  }
}

function written({ event, line: { name, data, tuple } }: Told): string {
  return JSON.stringify({
    time: event.t / 1000,
    name,
    ...(tuple === undefined ? {} : { tuple }),
    ...(event.flow === '' ? {} : { group_id: event.flow }),
    data: event.pkt === 0 ? data : { packet: event.pkt, ...data },
  })
}

function header(meta: RecordingMeta, node: SurveyedNode): Record<string, unknown> {
  const { info, startedAt } = meta
  const vantage =
    node.kind === 'link'
      ? { name: node.name, type: 'network', flow: 'client' }
      : { name: node.name, type: node.role === 'client' || node.role === 'server' ? node.role : 'unknown' }
  return {
    title: node.name,
    vantage_point: vantage,
    common_fields: {
      time_format: 'relative_to_epoch',
      reference_time: {
        clock_type: 'monotonic',
        epoch: 'unknown',
        ...(info.driver === 'live' ? { wall_clock_time: startedAt } : {}),
      },
    },
    event_schemas: [SIMULATION, QUIC, HTTP3, HTTP2, ...OWN],
  }
}

function scenario({ info, set }: RecordingMeta): string {
  const details = { seed: info.seed, driver: info.driver, parameters: set }
  return JSON.stringify({ time: 0, name: 'simulation:scenario', data: { name: info.experiment, details } })
}

function* traceOf(reader: RecordingReader, node: SurveyedNode): Generator<string> {
  yield `${JSON.stringify(header(reader.meta, node)).slice(0, -1)},"events":[\n`
  yield scenario(reader.meta)
  const teller = new HostTeller(node.name, 'draft')
  for (const event of publicEvents(reader))
    for (const told of teller.tell(event, project)) yield `,\n${written(told)}`
  for (const told of teller.finish()) yield `,\n${written(told)}`
  yield ']}'
}

export function* qlogDraft(reader: RecordingReader, run: Survey = survey(reader)): Generator<string> {
  const { info } = reader.meta
  const head = {
    file_schema: FILE_SCHEMA,
    serialization_format: 'application/qlog+json',
    title: info.title.en,
    description: `${info.experiment}, seed ${info.seed}, ${info.driver} time`,
  }
  yield `${JSON.stringify(head).slice(0, -1)},"traces":[\n`
  let first = true
  for (const node of run.nodes.values()) {
    if (!first) yield ',\n'
    first = false
    yield* traceOf(reader, node)
  }
  yield ']}\n'
}
