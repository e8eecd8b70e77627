/** The names of the metrics; `summary.json` carries each as `lane/name`. */
import { STALL_CAUSES } from '../../../shared/trace/events.ts'
import { BLOCKING_METRICS } from './blocking.ts'
import { CALL_METRICS } from './calls.ts'
import { DELIVERY_METRICS } from './deliveries.ts'
import { JOURNEY_METRICS } from './journey.ts'
import type { LaneFacts } from './lane-facts.ts'
import { FRAGMENT_METRICS } from './fragment-log.ts'
import * as handshake from './handshake.ts'
import { LIFE_METRICS } from './lives.ts'
import * as messages from './messages.ts'
import { MQTT_METRICS } from './mqtt.ts'
import * as page from './page.ts'
import { PATH_MTU_METRICS } from './path-mtu.ts'
import * as path from './path.ts'
import { PROBE_METRICS } from './probes.ts'
import { QUEUE_METRICS } from './queue-log.ts'
import * as quic from './quic.ts'
import { deadPeerFound, keepAlives } from './silence.ts'
import * as stalls from './stalls.ts'
import * as steady from './steady.ts'
import { synCookiesAccepted, synCookiesSent } from './syn-cookies.ts'
import { RECOVERY_METRICS } from './recovery.ts'
import { serverSignatureReplayable, serverSignatureValid } from './server-signature.ts'
import { TLS_FAILURE_METRICS } from './tls-failures.ts'
import { TLS_MESSAGE_METRICS } from './tls-messages.ts'
import * as tls from './tls.ts'
import * as transfer from './transfer.ts'
import { WAITING_METRICS } from './waiting.ts'
import { WAY_METRICS } from './way.ts'

/** A figure of a lane, `end` being the time of the last event in microseconds. null: the run did not yield it. */
export type Metric = (lane: LaneFacts, end: number) => number | null

/** As the trace names them; `none` stands for a retransmission without a cause, which should not be. */
const CAUSES = [
  'dup_acks',
  'sack',
  'rack',
  'loss_probe',
  'partial_ack',
  'rto',
  'mtu',
  'window_probe',
] as const

const numbered = (name: string, count: number, metric: (n: number) => Metric): [string, Metric][] =>
  Array.from({ length: count }, (_, i) => [`${name}_${i + 1}`, metric(i + 1)])

export const METRICS: Readonly<Record<string, Metric>> = {
  client_established: handshake.clientEstablished,
  server_established: handshake.serverEstablished,
  client_established_rtts: handshake.clientEstablishedRoundTrips,
  server_established_rtts: handshake.serverEstablishedRoundTrips,
  connections_established: handshake.connectionsEstablished,
  handshake_segments: handshake.handshakeSegments,
  handshake_retries: handshake.openingRetries,
  ...Object.fromEntries(numbered('syn_interval', 6, handshake.synInterval)),
  ...Object.fromEntries(numbered('syn_ack_interval', 3, handshake.synAckInterval)),
  syn_queue_max: handshake.synQueueMax,
  syn_queue_rtts: handshake.synQueueRoundTrips,
  accept_queue_max: handshake.acceptQueueMax,
  connections_turned_away: handshake.connectionsTurnedAway,
  syn_cookies_sent: synCookiesSent,
  syn_cookies_accepted: synCookiesAccepted,
  dead_peer_found: deadPeerFound,
  keep_alives: keepAlives,
  unknown_option_arrived: handshake.unknownOptionArrived,

  quic_connections: quic.quicConnections,
  quic_handshake_time: quic.quicHandshakeTime,
  quic_handshake_rtts: quic.quicHandshakeRoundTrips,
  handshake_datagrams: quic.handshakeDatagrams,
  amplification_factor_max: quic.amplificationFactorMax,
  quic_packets_sent: quic.quicPacketsSent,
  quic_packets_lost: quic.quicPacketsLost,
  quic_packets_spuriously_lost: quic.quicPacketsSpuriouslyLost,
  quic_numbers_repeated: quic.quicNumbersRepeated,
  quic_rtt_samples: quic.quicRttSamples,
  quic_retries: quic.quicRetries,
  quic_versions_negotiated: quic.quicVersionsNegotiated,
  early_data_requests: quic.earlyDataRequests,
  early_data_accepted: quic.earlyDataAccepted,
  early_data_bytes: quic.earlyDataBytes,
  path_changes: quic.pathChanges,
  paths_validated: quic.pathsValidated,
  unknown_parameter_arrived: quic.unknownParameterArrived,
  stream_wait_max: quic.streamWaitMax,

  bytes_read: transfer.bytesRead,
  bytes_intact: transfer.bytesIntact,
  unfinished: transfer.unfinished,
  transfer_time: transfer.transferTime,
  goodput: transfer.goodput,
  throughput: transfer.throughput,
  steady_goodput: steady.steadyGoodput,
  steady_loss_share: steady.steadyLossShare,
  steady_rtt: steady.steadyRoundTrip,
  mathis_goodput: transfer.mathisGoodput,
  cubic_goodput: transfer.cubicGoodput,
  segment_size: transfer.segmentSize,
  data_segments: transfer.dataSegments,
  data_segments_lost: transfer.dataSegmentsLost,
  loss_share: transfer.lossShare,
  retransmissions: transfer.retransmissions,
  ...Object.fromEntries(
    CAUSES.map((cause) => [`retransmissions_${cause}`, transfer.retransmissionsBy(cause)] as const),
  ),
  retransmissions_without_cause: transfer.retransmissionsBy(''),
  resent_bytes: transfer.resentBytes,
  duplicate_bytes: transfer.duplicateBytes,
  timeouts: transfer.timeouts,
  recoveries: transfer.recoveries,
  recovery_time: transfer.recoveryTime,
  decrease_factor: transfer.decreaseFactor,
  mean_window: transfer.meanWindow,
  max_window: transfer.maxWindow,
  mean_rtt: transfer.meanRttSample,
  rtt_samples_discarded: transfer.rttSamplesDiscarded,
  ...RECOVERY_METRICS,

  ...WAITING_METRICS,
  ...LIFE_METRICS,

  ...TLS_MESSAGE_METRICS,
  ...TLS_FAILURE_METRICS,
  server_signature_valid: serverSignatureValid,
  server_signature_replayable: serverSignatureReplayable,

  path_rtt_min: path.shortestRoundTrip,
  path_rtt_mean: path.meanRoundTrip,
  packets_delivered: path.packetsDelivered,
  packets_lost: path.packetsLost,
  packets_queue_lost: path.packetsQueueLost,
  packets_duplicated: path.packetsDuplicated,
  packets_corrupted: path.packetsCorrupted,
  packets_reordered: path.packetsReordered,
  packets_rejected: path.packetsRejected,
  queue_max: path.queueMax,
  delivery_gap_max: path.deliveryGapMax,
  delivery_gap_rtts: path.deliveryGapRoundTrips,

  ...WAY_METRICS,
  ...PROBE_METRICS,
  ...QUEUE_METRICS,
  ...FRAGMENT_METRICS,
  ...PATH_MTU_METRICS,
  ...JOURNEY_METRICS,

  page_time: page.pageTime,
  page_rtts: page.pageRoundTrips,
  waiting_rtts: page.waitingRoundTrips,
  overtakings: page.overtakings,
  requests: page.requests,
  requests_failed: page.requestsFailed,
  responses_cached: page.responsesCached,
  responses_validated: page.responsesValidated,
  response_wait_max: page.responseWaitMax,
  content_bytes: page.contentBytes,
  encoded_bytes: page.encodedBytes,
  coding_ratio: page.codingRatio,
  distinct_contents: page.distinctContents,
  wire_bytes: page.wireBytes,
  /** Of all packets of the hosts, headers, acknowledgments and repetitions included. */
  packet_bytes: ({ packetBytes }) => packetBytes,
  connections_opened: page.connectionsOpened,
  first_byte_time: page.firstByteTime,
  first_byte_rtts: page.firstByteRoundTrips,
  last_first_byte_rtts: page.lastFirstByteRoundTrips,
  fallback_time: page.fallbackTime,
  version_used: page.versionUsed,
  orders: page.counted('orders'),
  sessions: page.counted('sessions'),
  sessions_created: page.sessionsCreated,
  cookies_sent: page.cookiesSent,

  request_header_bytes: messages.requestHeaderBytes,
  request_header_uncompressed: messages.requestHeaderUncompressed,
  response_header_bytes: messages.responseHeaderBytes,
  response_header_uncompressed: messages.responseHeaderUncompressed,
  header_saving: messages.headerSaving,
  header_saving_repeated: messages.headerSavingRepeated,
  pipeline_blocked_time: messages.pipelineBlockedTime,
  table_evictions: messages.tableEvictions,
  encoder_instructions: messages.encoderInstructions,
  encoder_stream_bytes: messages.encoderStreamBytes,
  qpack_sections_blocked: messages.sectionsBlocked,
  streams: messages.streams,
  streams_client: messages.streamsOfClients,
  streams_server: messages.streamsOfServers,
  pushes: messages.pushes,
  ...messages.FRAME_METRICS,
  ...BLOCKING_METRICS,

  tls_handshake_time: tls.tlsHandshakeTime,
  tls_handshake_rtts: tls.tlsHandshakeRoundTrips,
  tls_failed: tls.tlsFailed,
  tls_resumed: tls.tlsResumed,
  certificate_checks_failed: tls.certificateChecksFailed,
  plaintext_total: tls.plaintextTotal,
  plaintext_recovered: tls.plaintextRecovered,
  false_start_first_byte_rtts: tls.falseStartFirstByteRoundTrips,

  ...DELIVERY_METRICS,
  ...MQTT_METRICS,
  ...CALL_METRICS,

  stall_total: stalls.stallTotal,
  ...Object.fromEntries(STALL_CAUSES.map((cause) => [`stall_${cause}`, stalls.stallShare(cause)] as const)),
}
