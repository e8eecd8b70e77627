/** QUIC, as its endpoints say, in the names and words of qlog. */
import { u8, u16, u32, f64, str, ranges, type EventSpec } from './spec.ts'

export const QUIC_EVENTS = {
  //
  // Several QUIC packets may share a datagram, and so a `pkt`. `level` is initial, 0rtt, handshake or 1rtt, `space` initial,
  // handshake or application.
  'transport:packet_sent': {
    doc: 'A QUIC packet left its endpoint',
    fields: {
      level: str('of its keys'),
      number: f64('packet number'),
      size: u16('header and tag included', 'B'),
      frames: str('what it carries, as JSON: an array of frames without their data'),
      path: u8('number of the path, 0: the first'),
      dcid: str('destination connection id, in hexadecimal; empty: it has none'),
    },
  },
  'transport:packet_received': {
    doc: 'A QUIC packet was authentic and new; its frames stand in the packet_sent of the same pkt, level and number',
    fields: { level: str('of its keys'), number: f64('packet number'), size: u16('on the wire', 'B') },
  },
  'transport:packet_dropped': {
    doc: 'A QUIC packet was not taken in',
    fields: {
      reason: str('such as decryption_failure, duplicate, key_unavailable'),
      size: u16('bytes', 'B'),
    },
  },
  'transport:packet_buffered': {
    doc: 'A QUIC packet came before its keys (DESIGN 6.1, key-blocked)',
    fields: { level: str('of the keys that it waits for'), size: u16('bytes', 'B') },
  },
  'transport:key_phase_changed': {
    doc: 'The keys of 1-RTT packets were updated (RFC 9001 6)',
    fields: { generation: u32('0 at first'), by: str('local or peer') },
  },
  'transport:parameters_set': {
    doc: 'The transport parameters of one side (RFC 9000 18.2), as this end has or heard them',
    fields: { owner: str('local or remote'), parameters: str('JSON: an object, names as in RFC 9000') },
  },
  'transport:stream_state_changed': {
    doc: 'The state of a half of a stream (RFC 9000 3)',
    fields: {
      stream: f64('stream id'),
      side: str('sending or receiving'),
      from: str('such as ready, send, data_sent, data_received, reset_sent; recv, size_known, data_read'),
      to: str('likewise'),
    },
  },
  'recovery:packets_acked': {
    doc: 'The peer acknowledged packets for the first time',
    fields: { space: str('of their numbers'), packets: ranges('packet numbers, each [from, to)') },
  },
  'recovery:congestion_state_changed': {
    doc: 'The phase of congestion control (RFC 9002 7.3)',
    fields: {
      from: str(
        'slow_start, conservative_slow_start, congestion_avoidance or recovery; of BBR its own states',
      ),
      to: str('likewise'),
      trigger: str('such as packet_lost, ecn, persistent_congestion, acknowledged'),
    },
  },
  'recovery:timer_expired': {
    doc: 'A timer of the connection ran out (RFC 9002 6)',
    fields: { timer: str('loss or pto'), space: str('whose'), count: u16('of pto: how many times in a row') },
  },
  'recovery:stall_changed': {
    doc: 'Why the sender does not send more, from now on (DESIGN 6.2)',
    fields: { cause: str('one of STALL_CAUSES') },
  },
  'recovery:packet_lost': {
    doc: 'The sender took a packet for lost (RFC 9002 6.1)',
    fields: {
      space: str('of its number'),
      number: f64('packet number'),
      trigger: str('reordering_threshold or time_threshold'),
    },
  },
  'recovery:rtt_sampled': {
    doc: 'A round trip was measured (RFC 9002 5.1)',
    fields: { rtt: u32('the sample', 'us') },
  },
  'recovery:metrics_updated': {
    doc: 'The state of the sender after something changed it',
    fields: {
      cwnd: u32('congestion window', 'B'),
      ssthresh: u32('slow start threshold, 4294967295: not yet set', 'B'),
      in_flight: u32('bytes in flight', 'B'),
      smoothed_rtt: u32('0: no sample yet', 'us'),
      min_rtt: u32('0: no sample yet', 'us'),
      rtt_variance: u32('rttvar', 'us'),
      pto_count: u16('probe timeouts in a row'),
    },
  },
  'connectivity:connection_state_changed': {
    doc: 'The state of a QUIC connection',
    fields: { from: str('handshaking, open, closing, draining or closed'), to: str('likewise') },
  },
  'connectivity:connection_closed': {
    doc: 'A QUIC connection is over',
    fields: {
      by: str('local, peer, timeout, reset or version_negotiation'),
      layer: str('whose code: transport or application'),
      code: f64('error code'),
      name: str('of a code of the transport'),
      reason: str('in words; ours begin with RFC and clause'),
    },
  },
  'connectivity:path_state_changed': {
    doc: 'A path is being, was, or could not be validated (RFC 9000 8.2)',
    fields: {
      path: u8('number of the path, 0: the first'),
      local: str('address:port of this end'),
      remote: str('address:port of the other'),
      state: str('validating, validated, failed or abandoned'),
    },
  },
  'connectivity:address_changed': {
    doc: 'A host has moved to another network',
    fields: { from: str('its IPv4 address before'), to: str('and now') },
  },
  'connectivity:path_changed': {
    doc: 'A QUIC connection goes on by other addresses (RFC 9000 9)',
    fields: { local_port: u16('of this end'), remote: str('address:port of the other') },
  },
} as const satisfies Record<string, EventSpec>
