/** Names of MQTT's packets and codes, as the standards print them. */
import { MQTT_PACKETS, type MqttPacketType } from '../../../../shared/mqtt.ts'

/** By the number in the first four bits (MQTT 3.1.1 2.2.1, MQTT 5 2.1.2); undefined: no packet has it. */
export const packetTypeOf = (firstByte: number): MqttPacketType | undefined =>
  MQTT_PACKETS[(firstByte >>> 4) - 1]

/** Return codes of CONNACK before MQTT 5 (MQTT 3.1.1 3.2.2.3). */
export const RETURN_CODES: readonly string[] = [
  'connection accepted',
  'unacceptable protocol version',
  'identifier rejected',
  'server unavailable',
  'bad user name or password',
  'not authorized',
]

/** Return codes of SUBACK before MQTT 5 (MQTT 3.1.1 3.9.3). */
export const SUBACK_CODES: Readonly<Record<number, string>> = {
  0: 'success, maximum QoS 0',
  1: 'success, maximum QoS 1',
  2: 'success, maximum QoS 2',
  128: 'failure',
}

/** Every reason code of MQTT 5 (2.4) that has one name, whatever packet it is in. */
const REASONS: Readonly<Record<number, string>> = {
  0x00: 'success',
  0x04: 'disconnect with will message',
  0x10: 'no matching subscribers',
  0x11: 'no subscription existed',
  0x18: 'continue authentication',
  0x19: 're-authenticate',
  0x80: 'unspecified error',
  0x81: 'malformed packet',
  0x82: 'protocol error',
  0x83: 'implementation specific error',
  0x84: 'unsupported protocol version',
  0x85: 'client identifier not valid',
  0x86: 'bad user name or password',
  0x87: 'not authorized',
  0x88: 'server unavailable',
  0x89: 'server busy',
  0x8a: 'banned',
  0x8b: 'server shutting down',
  0x8c: 'bad authentication method',
  0x8d: 'keep alive timeout',
  0x8e: 'session taken over',
  0x8f: 'topic filter invalid',
  0x90: 'topic name invalid',
  0x91: 'packet identifier in use',
  0x92: 'packet identifier not found',
  0x93: 'receive maximum exceeded',
  0x94: 'topic alias invalid',
  0x95: 'packet too large',
  0x96: 'message rate too high',
  0x97: 'quota exceeded',
  0x98: 'administrative action',
  0x99: 'payload format invalid',
  0x9a: 'retain not supported',
  0x9b: 'QoS not supported',
  0x9c: 'use another server',
  0x9d: 'server moved',
  0x9e: 'shared subscriptions not supported',
  0x9f: 'connection rate exceeded',
  0xa0: 'maximum connect time',
  0xa1: 'subscription identifiers not supported',
  0xa2: 'wildcard subscriptions not supported',
}

/** What the first codes mean where they are not plain success. */
const OTHERWISE: Partial<Record<MqttPacketType, readonly string[]>> = {
  SUBACK: ['granted QoS 0', 'granted QoS 1', 'granted QoS 2'],
  DISCONNECT: ['normal disconnection'],
}

/** The reason codes that MQTT 5 allows in each packet (the tables of 3.2.2.2, 3.4.2.1 and so on). */
const ALLOWED: Partial<Record<MqttPacketType, readonly number[]>> = {
  CONNACK: [
    ...[0x00, 0x80, 0x81, 0x82, 0x83, 0x84, 0x85, 0x86, 0x87, 0x88, 0x89, 0x8a, 0x8c, 0x90, 0x95, 0x97],
    ...[0x99, 0x9a, 0x9b, 0x9c, 0x9d, 0x9f],
  ],
  PUBACK: [0x00, 0x10, 0x80, 0x83, 0x87, 0x90, 0x91, 0x97, 0x99],
  PUBREC: [0x00, 0x10, 0x80, 0x83, 0x87, 0x90, 0x91, 0x97, 0x99],
  PUBREL: [0x00, 0x92],
  PUBCOMP: [0x00, 0x92],
  SUBACK: [0x00, 0x01, 0x02, 0x80, 0x83, 0x87, 0x8f, 0x91, 0x97, 0x9e, 0xa1, 0xa2],
  UNSUBACK: [0x00, 0x11, 0x80, 0x83, 0x87, 0x8f, 0x91],
  DISCONNECT: [
    ...[0x00, 0x04, 0x80, 0x81, 0x82, 0x83, 0x87, 0x89, 0x8b, 0x8d, 0x8e, 0x8f, 0x90, 0x93, 0x94, 0x95],
    ...[0x96, 0x97, 0x98, 0x99, 0x9a, 0x9b, 0x9c, 0x9d, 0x9e, 0x9f, 0xa0, 0xa1, 0xa2],
  ],
  AUTH: [0x00, 0x18, 0x19],
}

export const isReasonCode = (type: MqttPacketType, code: number): boolean =>
  ALLOWED[type]?.includes(code) === true

/** What a reason code of MQTT 5 says in this packet. */
export const reasonName = (type: MqttPacketType, code: number): string =>
  OTHERWISE[type]?.[code] ?? REASONS[code] ?? 'unknown'
