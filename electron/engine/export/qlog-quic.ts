/**
 * What the ends of QUIC connections say, in qlog's words: of the current draft (draft-ietf-quic-qlog-quic-events, namespace
 * `quic`), or of 0.3 (categories `transport`, `recovery`, `connectivity`, `security`). Times are milliseconds.
 */
import type { EventData, EventName } from '../../../shared/trace/events.ts'
import type { TraceEvent } from '../recording/types.ts'
import { qlogFrames } from './qlog-frames.ts'
import type { Line, QlogVersion } from './qlog-line.ts'

/** The events that have a word in qlog. */
export const QUIC_TOLD = [
  'transport:packet_sent',
  'transport:packet_received',
  'transport:packet_dropped',
  'transport:packet_buffered',
  'transport:key_phase_changed',
  'transport:parameters_set',
  'transport:stream_state_changed',
  'recovery:packets_acked',
  'recovery:congestion_state_changed',
  'recovery:timer_expired',
  'recovery:packet_lost',
  'recovery:rtt_sampled',
  'recovery:metrics_updated',
  'connectivity:connection_state_changed',
  'connectivity:connection_closed',
  'connectivity:path_state_changed',
  'connectivity:path_changed',
] as const satisfies readonly EventName[]

export type QuicToldEvent = TraceEvent<(typeof QUIC_TOLD)[number]>

const TOLD: ReadonlySet<string> = new Set(QUIC_TOLD)
export const isToldOfQuic = (event: TraceEvent): event is QuicToldEvent => TOLD.has(event.name)

/** Category in 0.3 of an event that the draft has in its one namespace. */
const CATEGORIES: Readonly<Record<string, string>> = {
  packet_lost: 'recovery',
  metrics_updated: 'recovery',
  congestion_state_updated: 'recovery',
  loss_timer_updated: 'recovery',
  connection_state_updated: 'connectivity',
  connection_closed: 'connectivity',
  key_updated: 'security',
}

const PACKET_TYPES: Readonly<Record<string, string>> = { '0rtt': '0RTT', '1rtt': '1RTT' }
/** `ssthresh` as long as there is none; an absent field says the same. */
const NOT_SET = 0xffff_ffff

const DROP_TRIGGERS: Readonly<Record<string, string>> = {
  header_parse_error: 'invalid',
  unknown_connection_id: 'connection_unknown',
  unsupported_version: 'unsupported',
  key_unavailable: 'key_unavailable',
  decryption_failure: 'decryption_failure',
  duplicate: 'duplicate',
  unexpected_packet: 'rejected',
  unknown_path: 'rejected',
}

const CONNECTION_STATES: Record<QlogVersion, Readonly<Record<string, string>>> = {
  draft: { handshaking: 'handshake_started', open: 'handshake_complete' },
  '0.3': { handshaking: 'handshake_started', open: 'handshake_completed' },
}

const CLOSE_TRIGGERS: Readonly<Record<string, string>> = {
  timeout: 'idle_timeout',
  reset: 'stateless_reset',
  version_negotiation: 'version_mismatch',
}

/** RFC 9000 2.1: the second bit of a stream's number. */
const streamType = (id: number): string => (Math.floor(id / 2) % 2 === 0 ? 'bidirectional' : 'unidirectional')

/** `address:port` of IPv4 as the two fields that qlog has for it. */
function endpoint(text: string): Record<string, unknown> {
  const colon = text.lastIndexOf(':')
  return { ip_v4: text.slice(0, colon), port_v4: Number(text.slice(colon + 1)) }
}

const space = (name: string): string => (name === 'application' ? 'application_data' : name)

/** What the other end said of a packet that has not come here yet. */
type UnderWay = Pick<EventData<'transport:packet_sent'>, 'frames' | 'dcid'> & { readonly node: string }

/** The view of one host. Takes the events of all nodes, for the frames of a packet stand where it was sent. */
export class QuicTeller {
  private readonly host: string
  private readonly version: QlogVersion
  /** Frames of the others' packets that have not come here yet. */
  private readonly underWay = new Map<string, UnderWay>()
  /** By sender and flow: the exponent of its acknowledgment delays. */
  private readonly exponents = new Map<string, number>()
  /** Our 0-RTT packets, by flow and number: those with 1-RTT keys have numbers of the same space. */
  private readonly early = new Set<string>()
  private readonly paths = new Set<string>()

  constructor(host: string, version: QlogVersion) {
    this.host = host
    this.version = version
  }

  tell(event: QuicToldEvent): Line[] {
    const here = event.node === this.host
    if (event.name === 'transport:packet_sent') return this.packetSent(event, here)
    if (event.name === 'transport:parameters_set') this.learn(event)
    return here ? this.tellOwn(event) : []
  }

  private tellOwn(event: Exclude<QuicToldEvent, { readonly name: 'transport:packet_sent' }>): Line[] {
    switch (event.name) {
      case 'transport:packet_received':
        return this.packetReceived(event)
      case 'transport:packet_dropped': {
        const { reason, size } = event.data
        const trigger = DROP_TRIGGERS[reason] ?? 'general'
        return this.line('packet_dropped', { raw: { length: size }, trigger, details: { reason } })
      }
      case 'transport:packet_buffered': {
        const { level, size } = event.data
        const header = { packet_type: PACKET_TYPES[level] ?? level }
        return this.line('packet_buffered', { header, raw: { length: size }, trigger: 'keys_unavailable' })
      }
      case 'transport:key_phase_changed':
        return this.keyUpdated(event.data)
      case 'transport:parameters_set':
        return this.parametersSet(event.data)
      case 'transport:stream_state_changed':
        return this.streamState(event.data)
      case 'connectivity:connection_state_changed':
      case 'connectivity:connection_closed':
      case 'connectivity:path_state_changed':
      case 'connectivity:path_changed':
        return this.tellConnection(event)
      default:
        return this.tellRecovery(event)
    }
  }

  private packetSent(event: TraceEvent<'transport:packet_sent'>, here: boolean): Line[] {
    const { node, flow, data } = event
    const { level, number, size, path, dcid, frames } = data
    const key = `${flow} ${level} ${number}`
    if (!here) {
      this.underWay.set(key, { frames, node, dcid })
      return []
    }
    if (level === '0rtt') this.early.add(`${flow} ${number}`)
    return this.line('packet_sent', {
      header: this.header(level, number, dcid),
      raw: { length: size },
      frames: qlogFrames(frames, this.version, this.exponents.get(`${node} ${flow}`)),
    }).map((line) => (path === 0 || this.version === '0.3' ? line : { ...line, tuple: String(path) }))
  }

  private packetReceived({ flow, data }: TraceEvent<'transport:packet_received'>): Line[] {
    const { level, number, size } = data
    const key = `${flow} ${level} ${number}`
    const sent = this.underWay.get(key)
    this.underWay.delete(key)
    const exponent = sent && this.exponents.get(`${sent.node} ${flow}`)
    return this.line('packet_received', {
      header: this.header(level, number, sent?.dcid),
      raw: { length: size },
      ...(sent ? { frames: qlogFrames(sent.frames, this.version, exponent) } : {}),
    })
  }

  /** The exponent that the frames of a sender are to be read with is one of its parameters. */
  private learn({ node, flow, data }: TraceEvent<'transport:parameters_set'>): void {
    const exponent = parametersOf(data.parameters).ack_delay_exponent
    if (data.owner === 'local' && typeof exponent === 'number')
      this.exponents.set(`${node} ${flow}`, exponent)
  }

  private keyUpdated({ generation, by }: EventData<'transport:key_phase_changed'>): Line[] {
    const trigger = by === 'peer' ? 'remote_update' : 'local_update'
    const phase = this.version === 'draft' ? { key_phase: generation } : { generation }
    // RFC 9001 6.1: both directions change.
    return ['client_1rtt_secret', 'server_1rtt_secret'].flatMap((key_type) =>
      this.line('key_updated', { key_type, trigger, ...phase }),
    )
  }

  private parametersSet({ owner, parameters }: EventData<'transport:parameters_set'>): Line[] {
    const whose = this.version === 'draft' ? { initiator: owner } : { owner }
    const { unknown, ...known } = parametersOf(parameters)
    const others = unknown === undefined ? {} : { unknown_parameters: unknown }
    return this.line('parameters_set', { ...whose, ...known, ...others })
  }

  private streamState({ stream, side, from, to }: EventData<'transport:stream_state_changed'>): Line[] {
    const named = (state: string): string => (state === 'recv' ? 'receive' : state)
    return this.line('stream_state_updated', {
      stream_id: stream,
      stream_type: streamType(stream),
      old: named(from),
      new: named(to),
      stream_side: side,
    })
  }

  private tellRecovery(event: Extract<QuicToldEvent, { readonly name: `recovery:${string}` }>): Line[] {
    switch (event.name) {
      case 'recovery:packets_acked': {
        if (this.version !== 'draft') return []
        const { packets } = event.data
        const numbers: number[] = []
        for (let i = 0; i + 1 < packets.length; i += 2)
          for (let number = packets[i]; number < packets[i + 1]; number++) numbers.push(number)
        if (numbers.length === 0) return []
        const data = { packet_number_space: space(event.data.space), packet_numbers: numbers }
        return this.line('packets_acked', data)
      }
      case 'recovery:congestion_state_changed': {
        const { from, to, trigger } = event.data
        return this.line('congestion_state_updated', { old: from, new: to, trigger })
      }
      case 'recovery:timer_expired':
        return this.timerExpired(event.data)
      case 'recovery:packet_lost': {
        const { number, trigger } = event.data
        const early = this.early.has(`${event.flow} ${number}`)
        const level = event.data.space !== 'application' ? event.data.space : early ? '0rtt' : '1rtt'
        return this.line('packet_lost', { header: this.header(level, number), trigger })
      }
      case 'recovery:rtt_sampled':
        return this.metrics({ latest_rtt: event.data.rtt / 1000 })
      case 'recovery:metrics_updated':
        return this.metrics(metricsOf(event.data))
    }
  }

  private metrics(data: Readonly<Record<string, unknown>>): Line[] {
    return this.line(this.version === 'draft' ? 'recovery_metrics_updated' : 'metrics_updated', data)
  }

  private timerExpired({ timer, space: of }: EventData<'recovery:timer_expired'>): Line[] {
    const rest = { packet_number_space: space(of), event_type: 'expired' }
    return this.version === 'draft'
      ? this.line('timer_updated', { timer_type: timer === 'loss' ? 'loss_timeout' : 'pto', ...rest })
      : this.line('loss_timer_updated', { timer_type: timer === 'loss' ? 'ack' : 'pto', ...rest })
  }

  private tellConnection(event: Extract<QuicToldEvent, { readonly name: `connectivity:${string}` }>): Line[] {
    switch (event.name) {
      case 'connectivity:connection_state_changed': {
        const named = (state: string): string => CONNECTION_STATES[this.version][state] ?? state
        const { from, to } = event.data
        return this.line('connection_state_updated', { old: named(from), new: named(to) })
      }
      case 'connectivity:connection_closed':
        return this.line('connection_closed', closedBy(event.data, this.version))
      case 'connectivity:path_state_changed':
        return this.version === 'draft' ? this.pathState(event) : []
      case 'connectivity:path_changed': {
        if (this.version !== 'draft') return []
        const tuple_remote = endpoint(event.data.remote)
        const tuple_local = { port_v4: event.data.local_port }
        return this.line('migration_state_updated', { new: 'migration_started', tuple_remote, tuple_local })
      }
    }
  }

  private pathState({ flow, data }: TraceEvent<'connectivity:path_state_changed'>): Line[] {
    const tuple = {
      tuple_id: String(data.path),
      tuple_remote: endpoint(data.remote),
      tuple_local: endpoint(data.local),
    }
    const known = `${flow} ${data.path}`
    const lines = this.paths.has(known) ? [] : this.line('tuple_assigned', tuple)
    this.paths.add(known)
    // The first path is validated by the handshake; nobody migrates to it.
    if (data.path === 0) return lines
    return [...lines, ...this.line('migration_state_updated', { new: PROBING[data.state], ...tuple })]
  }

  private header(level: string, number: number, dcid = ''): Record<string, unknown> {
    const to = dcid === '' ? {} : { dcil: dcid.length / 2, dcid }
    return { packet_type: PACKET_TYPES[level] ?? level, packet_number: number, ...to }
  }

  private line(name: string, data: Line['data']): Line[] {
    const category = this.version === 'draft' ? 'quic' : (CATEGORIES[name] ?? 'transport')
    return [{ name: `${category}:${name}`, data }]
  }
}

const PROBING: Readonly<Record<string, string>> = {
  validating: 'probing_started',
  validated: 'probing_successful',
  failed: 'probing_abandoned',
  abandoned: 'probing_abandoned',
}

function metricsOf(data: EventData<'recovery:metrics_updated'>): Record<string, unknown> {
  const { cwnd, ssthresh, in_flight, smoothed_rtt, min_rtt, rtt_variance, pto_count } = data
  const measured = {
    smoothed_rtt: smoothed_rtt / 1000,
    min_rtt: min_rtt / 1000,
    rtt_variance: rtt_variance / 1000,
  }
  return {
    congestion_window: cwnd,
    bytes_in_flight: in_flight,
    ...(ssthresh === NOT_SET ? {} : { ssthresh }),
    ...(smoothed_rtt === 0 ? {} : measured),
    pto_count,
  }
}

function closedBy(
  { by, layer, code, name, reason }: EventData<'connectivity:connection_closed'>,
  version: QlogVersion,
): Record<string, unknown> {
  const whose = by === 'local' ? 'local' : by === 'peer' ? 'remote' : undefined
  const initiator = whose === undefined ? {} : version === 'draft' ? { initiator: whose } : { owner: whose }
  const trigger = CLOSE_TRIGGERS[by] ?? (layer === 'application' || code === 0 ? 'application' : 'error')
  if (whose === undefined) return { trigger, reason }
  const known = layer === 'transport' ? errorName(code, name) : 'unknown'
  const error = layer === 'transport' ? { connection_error: known } : { application_error: known }
  return { ...initiator, ...error, ...(known === 'unknown' ? { error_code: code } : {}), reason, trigger }
}

/** Alerts of TLS are told by number (RFC 9001 4.8). */
function errorName(code: number, name: string): string {
  if (name.startsWith('CRYPTO_ERROR')) return `crypto_error_0x${code.toString(16)}`
  return /^[A-Z_]+$/.test(name) ? name.toLowerCase() : 'unknown'
}

function parametersOf(json: string): Readonly<Record<string, unknown>> {
  try {
    const value: unknown = JSON.parse(json)
    return typeof value === 'object' && value !== null ? (value as Record<string, unknown>) : {}
  } catch {
    return {}
  }
}
