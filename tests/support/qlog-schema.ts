/**
 * What a file of qlog has to look like: events of QUIC by draft-ietf-quic-qlog-quic-events, of HTTP/3 by
 * draft-ietf-quic-qlog-h3-events, both as of July 2026, strictly: no field that they do not know. Events of our own namespaces are
 * ours to define. And what qvis asks of a file of 0.3 before it draws it.
 */
import * as v from 'valibot'

const uint = v.pipe(v.number(), v.integer(), v.minValue(0))
const float = v.pipe(v.number(), v.finite())
const hex = v.pipe(v.string(), v.regex(/^([0-9a-f]{2})*$/))
const maybe = v.optional
const text = v.string()
const oneOf = <const T extends readonly string[]>(...values: T) => v.picklist(values)
const raw = v.strictObject({ length: maybe(uint), payload_length: maybe(uint), data: maybe(hex) })

const packetType = oneOf(
  ...['initial', 'handshake', '0RTT', '1RTT', 'retry', 'version_negotiation', 'stateless_reset', 'unknown'],
)
const header = v.strictObject({
  packet_type: packetType,
  packet_number: maybe(uint),
  dcil: maybe(uint),
  dcid: maybe(hex),
})
const space = oneOf('initial', 'handshake', 'application_data')
const owner = oneOf('local', 'remote')
const streamType = oneOf('unidirectional', 'bidirectional')
const endpoint = v.strictObject({ ip_v4: maybe(v.pipe(text, v.ipv4())), port_v4: maybe(uint) })
const errors = { error: text, error_code: maybe(uint), raw: maybe(raw) }

const frame = <T extends v.ObjectEntries>(type: string, entries: T) =>
  v.strictObject({ frame_type: v.literal(type), ...entries, raw: maybe(raw) })

/** Either one number or the lowest and the highest, of which none is below the one before it. */
const ackedRanges = v.pipe(
  v.array(v.pipe(v.array(uint), v.minLength(1), v.maxLength(2))),
  v.minLength(1),
  v.check((ranges) => {
    const flat = ranges.flat()
    return flat.every((number, i) => i === 0 || number > flat[i - 1])
  }, 'ranges that go up'),
)

const QUIC_FRAMES = [
  frame('padding', {}),
  frame('ping', {}),
  frame('ack', {
    ack_delay: maybe(float),
    acked_ranges: ackedRanges,
    ...{ ect0: maybe(uint), ect1: maybe(uint), ce: maybe(uint) },
  }),
  frame('reset_stream', { stream_id: uint, ...errors, final_size: uint }),
  frame('stop_sending', { stream_id: uint, ...errors }),
  v.strictObject({ frame_type: v.literal('crypto'), offset: uint, raw }),
  frame('new_token', { token: v.strictObject({ raw }) }),
  frame('stream', { stream_id: uint, offset: maybe(uint), fin: maybe(v.boolean()) }),
  frame('max_data', { maximum: uint }),
  frame('max_stream_data', { stream_id: uint, maximum: uint }),
  frame('max_streams', { stream_type: streamType, maximum: uint }),
  frame('data_blocked', { limit: uint }),
  frame('stream_data_blocked', { stream_id: uint, limit: uint }),
  frame('streams_blocked', { stream_type: streamType, limit: uint }),
  frame('new_connection_id', {
    sequence_number: uint,
    retire_prior_to: uint,
    connection_id_length: uint,
    connection_id: hex,
    stateless_reset_token: v.pipe(hex, v.length(32)),
  }),
  frame('retire_connection_id', { sequence_number: uint }),
  frame('path_challenge', { data: maybe(v.pipe(hex, v.length(16))) }),
  frame('path_response', { data: maybe(v.pipe(hex, v.length(16))) }),
  frame('connection_close', {
    error_space: oneOf('transport', 'application'),
    ...errors,
    reason: maybe(text),
    trigger_frame_type: maybe(v.union([uint, text])),
  }),
  frame('handshake_done', {}),
  frame('datagram', {}),
  frame('unknown', { frame_type_bytes: uint }),
]
const quicFrames = v.array(v.variant('frame_type', QUIC_FRAMES as never))

const packet = { header, raw: maybe(raw), frames: maybe(quicFrames) }
const tuple = { tuple_id: text, tuple_remote: maybe(endpoint), tuple_local: maybe(endpoint) }

const streamState = oneOf(
  ...['idle', 'open', 'closed', 'ready', 'send', 'data_sent', 'reset_sent', 'reset_received'],
  ...['receive', 'size_known', 'data_read', 'reset_read', 'data_received'],
)
const connectionState = oneOf(
  ...['attempted', 'handshake_started', 'handshake_complete', 'closed'],
  ...['peer_validated', 'early_write', 'handshake_confirmed', 'closing', 'draining'],
)

const NUMBERS = [
  'max_idle_timeout',
  'max_udp_payload_size',
  'ack_delay_exponent',
  'max_ack_delay',
  'active_connection_id_limit',
  'initial_max_data',
  'initial_max_stream_data_bidi_local',
  'initial_max_stream_data_bidi_remote',
  'initial_max_stream_data_uni',
  'initial_max_streams_bidi',
  'initial_max_streams_uni',
  'max_datagram_frame_size',
]
const IDS = [
  'original_destination_connection_id',
  'initial_source_connection_id',
  'retry_source_connection_id',
  'stateless_reset_token',
]

/** By name: the data of an event. */
const EVENTS: Readonly<Record<string, v.ObjectEntries>> = {
  'quic:packet_sent': packet,
  'quic:packet_received': packet,
  'quic:packet_dropped': {
    raw: maybe(raw),
    trigger: oneOf(
      ...['internal_error', 'rejected', 'unsupported', 'invalid', 'duplicate', 'connection_unknown'],
      ...['decryption_failure', 'key_unavailable', 'general'],
    ),
    details: maybe(v.record(text, v.unknown())),
  },
  'quic:packet_buffered': {
    header: maybe(header),
    raw: maybe(raw),
    trigger: oneOf('backpressure', 'keys_unavailable'),
  },
  'quic:packets_acked': { packet_number_space: space, packet_numbers: v.pipe(v.array(uint), v.minLength(1)) },
  'quic:parameters_set': {
    initiator: owner,
    ...Object.fromEntries(NUMBERS.map((name) => [name, maybe(uint)])),
    ...Object.fromEntries(IDS.map((name) => [name, maybe(hex)])),
    disable_active_migration: maybe(v.boolean()),
    preferred_address: maybe(v.record(text, v.unknown())),
    unknown_parameters: maybe(v.array(v.strictObject({ id: uint, value: maybe(hex) }))),
    // By the event's extension point (draft-ietf-quic-ack-frequency).
    min_ack_delay: maybe(uint),
  },
  'quic:stream_state_updated': {
    stream_id: uint,
    stream_type: maybe(streamType),
    old: maybe(streamState),
    new: streamState,
    stream_side: oneOf('sending', 'receiving'),
  },
  'quic:connection_state_updated': { old: maybe(connectionState), new: connectionState },
  'quic:connection_closed': {
    initiator: maybe(owner),
    connection_error: maybe(v.pipe(text, v.regex(/^([a-z_]+|crypto_error_0x1[0-9a-f]{2})$/))),
    application_error: maybe(text),
    error_code: maybe(uint),
    reason: maybe(text),
    trigger: oneOf(
      ...['idle_timeout', 'application', 'error', 'version_mismatch', 'stateless_reset', 'aborted'],
      'unspecified',
    ),
  },
  'quic:tuple_assigned': tuple,
  'quic:migration_state_updated': {
    ...{ ...tuple, tuple_id: maybe(text) },
    new: oneOf(
      ...['probing_started', 'probing_abandoned', 'probing_successful', 'migration_started'],
      ...['migration_abandoned', 'migration_complete'],
    ),
  },
  'quic:timer_updated': {
    timer_type: oneOf('ack', 'pto', 'loss_timeout', 'path_validation', 'handshake_timeout', 'idle_timeout'),
    packet_number_space: maybe(space),
    event_type: oneOf('set', 'expired', 'cancelled'),
  },
  'quic:key_updated': {
    key_type: oneOf('client_1rtt_secret', 'server_1rtt_secret'),
    key_phase: maybe(uint),
    trigger: oneOf('tls', 'remote_update', 'local_update'),
  },
  'quic:recovery_metrics_updated': Object.fromEntries(
    [
      ...['min_rtt', 'smoothed_rtt', 'latest_rtt', 'rtt_variance', 'pto_count'],
      ...['congestion_window', 'bytes_in_flight', 'ssthresh'],
    ].map((name) => [name, maybe(float)]),
  ),
  'quic:congestion_state_updated': { old: maybe(text), new: text, trigger: maybe(text) },
  'quic:packet_lost': {
    header,
    trigger: oneOf('reordering_threshold', 'time_threshold', 'pto_expired'),
  },
}

const fields = v.array(v.strictObject({ name: text, value: text }))
const HTTP3_FRAMES = [
  frame('data', {}),
  frame('headers', { headers: fields }),
  frame('cancel_push', { push_id: uint }),
  frame('settings', {
    settings: v.array(
      v.strictObject({
        name: oneOf(
          ...['settings_qpack_max_table_capacity', 'settings_max_field_section_size'],
          ...['settings_qpack_blocked_streams', 'settings_enable_connect_protocol', 'settings_h3_datagram'],
          ...['reserved', 'unknown'],
        ),
        name_bytes: maybe(uint),
        value: uint,
      }),
    ),
  }),
  frame('push_promise', { push_id: uint, headers: fields }),
  frame('goaway', { id: uint }),
  frame('max_push_id', { push_id: uint }),
  frame('priority_update', { stream_id: maybe(uint), push_id: maybe(uint), priority_field_value: text }),
  frame('reserved', { frame_type_bytes: uint }),
  frame('unknown', { frame_type_bytes: uint }),
]
const http3Frame = { stream_id: uint, frame: v.variant('frame_type', HTTP3_FRAMES as never) }

const HTTP3_EVENTS: Readonly<Record<string, v.ObjectEntries>> = {
  'http3:frame_created': http3Frame,
  'http3:frame_parsed': http3Frame,
  'http3:stream_type_set': {
    initiator: maybe(owner),
    stream_id: uint,
    stream_type: oneOf('request', 'control', 'push', 'reserved', 'unknown', 'qpack_encode', 'qpack_decode'),
  },
}

/** The number of the IP packet goes beside what the drafts have, at an extension point that every event here has. */
const DATA = new Map(
  Object.entries({ ...EVENTS, ...HTTP3_EVENTS }).map(([name, entries]) => [
    name,
    v.strictObject({ packet: maybe(uint), ...entries }),
  ]),
)

export interface QlogEvent {
  readonly time: number
  readonly name: string
  readonly group_id?: string
  readonly tuple?: string
  readonly data: Readonly<Record<string, unknown>>
}

interface QlogFile {
  readonly qlog_version?: string
  readonly qlog_format?: string
  readonly traces: readonly {
    readonly title: string
    readonly vantage_point: { readonly type: string }
    readonly common_fields: Readonly<Record<string, unknown>>
    readonly event_schemas?: readonly string[]
    readonly events: readonly QlogEvent[]
  }[]
}

/** What is wrong with events of QUIC and HTTP/3 in a file of the draft; empty: nothing. */
export function draftProblems(file: QlogFile): string[] {
  const problems = new Set<string>()
  for (const { events, event_schemas = [] } of file.traces) {
    const known = new Set(event_schemas.map((urn) => urn.slice(urn.lastIndexOf(':') + 1)))
    for (const { name, data } of events) {
      const namespace = name.slice(0, name.indexOf(':'))
      if (!known.has(namespace) && !known.has(`${namespace}-00`)) problems.add(`${name}: no schema`)
      if (namespace !== 'quic' && namespace !== 'http3') continue
      const schema = DATA.get(name)
      if (schema === undefined) problems.add(`${name}: not in the draft`)
      else
        for (const issue of v.safeParse(schema, data).issues ?? [])
          problems.add(`${name}: ${v.getDotPath(issue)}: ${issue.message}`)
    }
    problemsOfTime(events).forEach((problem) => problems.add(problem))
  }
  return [...problems]
}

function problemsOfTime(events: readonly QlogEvent[]): string[] {
  return events.some(({ time }, i) => i > 0 && time < events[i - 1].time) ? ['times go back'] : []
}

/**
 * What qvis would complain of, or fail to draw, in a file of 0.3: its loader wants the version and the format, a group for every
 * event once one has it, and times in order; its sequence diagram, congestion and multiplexing graphs want a type, a number and
 * a length of every packet, numbers of acknowledgments in pairs, and offset and length of every frame of a stream.
 */
export function qvisProblems({ qlog_version, qlog_format, traces }: QlogFile): string[] {
  const problems = new Set<string>()
  if (qlog_version !== '0.3') problems.add('a version that its loader does not know')
  if (qlog_format !== 'JSON') problems.add('no format')
  for (const { events, common_fields } of traces) {
    problemsOfTime(events).forEach((problem) => problems.add(problem))
    if (common_fields.time_format !== 'relative' || typeof common_fields.reference_time !== 'number')
      problems.add('no reference for its times')
    for (const { name, data, group_id } of events) {
      if (typeof group_id !== 'string') problems.add(`${name}: no group`)
      if (name === 'transport:packet_sent' || name === 'transport:packet_received')
        for (const issue of v.safeParse(QVIS_PACKET, data).issues ?? [])
          problems.add(`${name}: ${v.getDotPath(issue)}: ${issue.message}`)
      if (name === 'recovery:packet_lost' && !v.is(QVIS_HEADER, data.header))
        problems.add(`${name}: which packet?`)
    }
  }
  return [...problems]
}

const QVIS_HEADER = v.object({ packet_type: packetType, packet_number: uint })
/** Frames that its graphs look into. */
const DRAWN = ['ack', 'stream', 'crypto']
const QVIS_FRAME = v.union([
  v.object({ frame_type: v.literal('ack'), acked_ranges: v.array(v.tuple([uint, uint])) }),
  v.object({
    frame_type: v.literal('stream'),
    ...{ stream_id: uint, offset: uint, length: uint, fin: v.boolean() },
  }),
  v.object({ frame_type: v.literal('crypto'), offset: uint, length: uint }),
  v.object({ frame_type: v.pipe(text, v.notValues(DRAWN)) }),
])
const QVIS_PACKET = v.object({
  header: QVIS_HEADER,
  raw: v.object({ length: v.pipe(uint, v.minValue(1)) }),
  frames: v.array(QVIS_FRAME),
})
