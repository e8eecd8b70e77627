/** MQTT brokers and clients as data (OASIS MQTT 3.1.1). */
import * as v from 'valibot'
import { TlsClientSettings, TlsServerSettings } from './tls.ts'

const name = v.pipe(v.string(), v.regex(/^[a-z][a-z0-9-]{0,31}$/))
const span = v.pipe(v.number(), v.minValue(0), v.maxValue(86_400e6))
const size = v.pipe(v.number(), v.integer(), v.minValue(0), v.maxValue(268_435_455))
const count = v.pipe(v.number(), v.integer(), v.minValue(0), v.maxValue(100_000))
const port = v.pipe(v.number(), v.integer(), v.minValue(1), v.maxValue(65_535))
const qos = v.picklist([0, 1, 2] as const)
/** A UTF-8 string without U+0000 (MQTT-1.5.3-2). */
const text = v.pipe(
  v.string(),
  v.maxLength(1_000),
  v.check((value) => !value.includes('\0'), 'must not hold U+0000'),
)
const topicName = v.pipe(
  text,
  v.minLength(1),
  v.check((value) => !/[#+]/.test(value), 'must be a topic name, without wildcards'),
)

/** Whether `filter` is a topic filter (MQTT 3.1.1 4.7.1): `#` alone at its end, `+` alone in its level. */
export const isTopicFilter = (filter: string): boolean =>
  filter.length > 0 && /^([^#+]*|\+)(\/([^#+]*|\+))*$/.test(filter.replace(/(^|\/)#$/, '$1'))

/** Whether a message of `topic` is for a subscription to `filter` (MQTT 3.1.1 4.7). */
export function topicMatches(filter: string, topic: string): boolean {
  const levels = topic.split('/')
  const wanted = filter.split('/')
  // MQTT-4.7.2-1: what begins with $ is not for those who ask for everything.
  if (topic.startsWith('$') && (wanted[0] === '#' || wanted[0] === '+')) return false
  for (const [i, level] of wanted.entries()) {
    // `a/#` is for `a`, too.
    if (level === '#') return true
    if (i >= levels.length || (level !== '+' && level !== levels[i])) return false
  }
  return wanted.length === levels.length
}

export const MqttBrokerApp = v.strictObject({
  kind: v.literal('mqtt-broker'),
  host: name,
  port: v.optional(port, 1883),
  /** null: in the clear. */
  tls: v.optional(v.nullable(TlsServerSettings), null),
  /** Keeps messages of QoS 0 for clients that are away, too (MQTT 3.1.1 3.1.2.4 leaves it open). */
  queueQoSZero: v.optional(v.boolean(), false),
  /** Protocol levels that it speaks: 3 is MQTT 3.1, 4 is 3.1.1. Others are refused (CONNACK 1). */
  versions: v.optional(v.array(v.picklist([3, 4] as const)), [3, 4]),
  /** Client identifiers that it refuses (CONNACK 2). */
  refusedClients: v.optional(v.array(text), []),
  /** User names and passwords; null: everybody may come, else CONNACK 4 for who is not among them. */
  users: v.optional(v.nullable(v.record(text, text)), null),
  /** Users that may not come although they are known (CONNACK 5). */
  unauthorized: v.optional(v.array(text), []),
  /** Refuses everybody (CONNACK 3). */
  unavailable: v.optional(v.boolean(), false),
  /** Moments at which it closes the network connection of a client. */
  closings: v.optional(v.array(v.strictObject({ client: text, at: span })), []),
})
export type MqttBrokerApp = v.InferOutput<typeof MqttBrokerApp>

export const MqttWill = v.strictObject({
  topic: topicName,
  size: v.optional(size, 16),
  qos: v.optional(qos, 0),
  retain: v.optional(v.boolean(), false),
})

export const MqttSubscription = v.strictObject({
  filter: v.pipe(text, v.check(isTopicFilter, 'must be a topic filter (MQTT 3.1.1 4.7.1)')),
  qos: v.optional(qos, 0),
  /** From the start of the application; 0: as soon as it is connected. */
  at: v.optional(span, 0),
  /** When it unsubscribes; 0: never. */
  until: v.optional(span, 0),
})

export const MqttPublication = v.strictObject({
  topic: topicName,
  qos: v.optional(qos, 0),
  retain: v.optional(v.boolean(), false),
  /** Bytes of payload; it begins with the number of the message, so a few are the least. 0 with `retain`: clears what is retained. */
  size: v.optional(size, 32),
  /** From the start of the application; what comes up before it is connected waits. */
  at: v.optional(span, 0),
  times: v.optional(v.pipe(count, v.minValue(1)), 1),
  every: v.optional(span, 1_000_000),
})

export const MQTT_PACKETS = [
  'CONNECT',
  'CONNACK',
  'PUBLISH',
  'PUBACK',
  'PUBREC',
  'PUBREL',
  'PUBCOMP',
  'SUBSCRIBE',
  'SUBACK',
  'UNSUBSCRIBE',
  'UNSUBACK',
  'PINGREQ',
  'PINGRESP',
  'DISCONNECT',
  'AUTH',
] as const
export type MqttPacketType = (typeof MQTT_PACKETS)[number]

export const MqttClientApp = v.strictObject({
  kind: v.literal('mqtt-client'),
  host: name,
  to: name,
  port: v.optional(port, 1883),
  start: v.optional(span, 0),
  tls: v.optional(v.nullable(TlsClientSettings), null),
  /** Protocol level: 3 is MQTT 3.1, 4 is 3.1.1, 5 is MQTT 5, which the broker refuses. */
  version: v.optional(v.picklist([3, 4, 5] as const), 4),
  /** Empty: the broker is to give one (3.1.3.1). */
  clientId: v.optional(text, ''),
  /** Clean session (3.1.2.4). */
  clean: v.optional(v.boolean(), true),
  /** Keep alive (3.1.2.10), in whole seconds of microseconds; 0: off. */
  keepAlive: v.optional(span, 60_000_000),
  username: v.optional(text),
  password: v.optional(text),
  will: v.optional(v.nullable(MqttWill), null),
  /** How long after the connection was lost or refused it tries again; 0: never. */
  reconnect: v.optional(span, 1_000_000),
  subscribe: v.optional(v.array(MqttSubscription), []),
  publish: v.optional(v.array(MqttPublication), []),
  /** `disconnect`: with DISCONNECT; `break`: the TCP connection is reset; `connect`: it comes back with the same session. */
  actions: v.optional(
    v.array(v.strictObject({ at: span, do: v.picklist(['disconnect', 'break', 'connect']) })),
    [],
  ),
  /**
   * The network connection is cut the moment the client has sent, or received, the nth packet of this type, and before the answer
   * to it leaves. What the packet carried has then reached the application, or the library's store, or not, as the library does it.
   */
  cuts: v.optional(
    v.array(
      v.strictObject({
        packet: v.picklist(MQTT_PACKETS),
        when: v.picklist(['sent', 'received']),
        nth: v.optional(v.pipe(count, v.minValue(1)), 1),
      }),
    ),
    [],
  ),
})
export type MqttClientApp = v.InferOutput<typeof MqttClientApp>
