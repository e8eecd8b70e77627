/** Figures of MQTT. null: nobody here speaks it. */
import type { LaneFacts } from './lane-facts.ts'
import type { MqttLog } from './mqtt-log.ts'
import { inRoundTrips } from './path.ts'

type Figure = (lane: LaneFacts) => number | null

const of =
  (figure: (log: MqttLog) => number | null): Figure =>
  ({ mqtt }) =>
    mqtt.seen ? figure(mqtt) : null

const packets = (type: string): Figure => of((log) => log.packets.get(type) ?? 0)

export const MQTT_METRICS: Readonly<Record<string, Figure>> = {
  /** Control packets of both sides, and their bytes. */
  mqtt_packets_sent: of(({ lengths }) => lengths.count),
  mqtt_packet_bytes_min: of(({ lengths }) => lengths.min),
  mqtt_packet_bytes_max: of(({ lengths }) => lengths.max),
  /** Of a fixed header, from 2 to 5 (MQTT 3.1.1 2.2). */
  mqtt_header_bytes_max: of(({ headerMax }) => headerMax),
  mqtt_connects: packets('CONNECT'),
  pings: packets('PINGREQ'),

  mqtt_refusals: of(({ refusals }) => refusals),
  /** Of the CONNACK that a client got last (3.2.2.3). */
  mqtt_return_code: of(({ returnCode }) => returnCode ?? null),
  /** From the first CONNECT to its CONNACK. */
  connect_rtts: (lane) => inRoundTrips(lane, lane.mqtt.connectTime ?? null),

  /** PUBLISH and all that answers it, for each message that was published, on all its ways. */
  mqtt_qos_packets: of(({ ofMessages, published }) => (published === 0 ? null : ofMessages / published)),
  /** Messages of which the publisher knows that the broker has them (QoS 0: that it wrote), and that it gave up. */
  publishes_finished: of(({ publishesFinished }) => publishesFinished),
  publishes_failed: of(({ publishesFailed }) => publishesFailed),
  /** PUBLISH with DUP (3.3.1.1). */
  mqtt_redeliveries: of(({ redeliveries }) => redeliveries),

  /** The most at a time. */
  subscriptions: of(({ subscriptionsMax }) => subscriptionsMax),
  messages_queued_max: of(({ queuedMax }) => queuedMax),
  /** For clients that were away, and not kept. */
  messages_dropped: of(({ dropped }) => dropped),
  sessions_resumed: of(({ sessionsResumed }) => sessionsResumed),
  /** At the end. */
  retained_messages: of(({ retained }) => retained.size),

  wills_published: of(({ willsPublished }) => willsPublished),
  wills_discarded: of(({ willsDiscarded }) => willsDiscarded),
  keep_alive_expired: of(({ keepAliveExpired }) => keepAliveExpired),
  /** Microseconds from the last packet that the broker received to its closing the connection, and in units of the keep alive. */
  keep_alive_silence: of(({ expiry }) => expiry?.silent ?? null),
  keep_alive_factor: of(({ expiry }) => (expiry === undefined ? null : expiry.silent / expiry.interval)),
}
