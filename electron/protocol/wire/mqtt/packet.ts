/** One control packet, from its first byte on (OASIS MQTT 3.1.1 and MQTT 5, IBM MQTT 3.1). */
import type { Dissection } from '../../../../shared/dissection.ts'
import type { MqttPacketType } from '../../../../shared/mqtt.ts'
import type { Breach } from '../rule-reader.ts'
import { readConnack, readConnect } from './connect.ts'
import { MqttFieldReader, type MqttContext } from './field-reader.ts'
import { readFixedHeader } from './fixed-header.ts'
import { isReasonCode, reasonName } from './names.ts'
import type { MqttFarewell, MqttPacket } from './packets.ts'
import { readProperties } from './properties.ts'
import { readAck, readPublish } from './publish.ts'
import { packetText } from './packet-text.ts'
import { isMqttLevel, type MqttLevel } from './rules.ts'
import { readCodes, readSubscribe, readUnsubscribe } from './subscribe.ts'
import { integerSize, integerValue } from './variable-integer.ts'

export interface MqttReading {
  /** Undefined: a rule is broken. */
  readonly packet: MqttPacket | undefined
  readonly type: MqttPacketType | undefined
  readonly breach: Breach | undefined
  /** With which CONNACK a broken CONNECT is answered; undefined: with none (MQTT 3.1.1 4.8). */
  readonly returnCode: number | undefined
  /** Bytes were missing where the packet ends, or where what was kept of it ends. */
  readonly cut: boolean
  /** The version that the packet is held to: that of a CONNECT is its own. */
  readonly level: MqttLevel
}

/**
 * Reads the packet in `bytes`, which hold it from its fixed header to its end. `length`: of the packet, when only its beginning was
 * kept. Total: a packet that breaks a rule gives the rule.
 */
export function readPacket(bytes: Uint8Array, context: MqttContext, length = bytes.length): MqttReading {
  return read(new MqttFieldReader(bytes, context), length)
}

/** Reads the fixed header alone, of a packet of which no more is there. */
export function readHeader(bytes: Uint8Array, context: MqttContext): MqttReading {
  const reader = new MqttFieldReader(bytes, context)
  const type = readFixedHeader(reader)
  return {
    packet: undefined,
    type,
    breach: reader.breach,
    returnCode: undefined,
    cut: true,
    level: reader.level,
  }
}

function read(reader: MqttFieldReader, length: number): MqttReading {
  const type = readFixedHeader(reader)
  reader.header = reader.at
  reader.partial = reader.end < length
  const body = type === undefined || reader.stopped ? undefined : readBody(reader, type, length)
  if (body !== undefined) reader.finish('Trailing bytes')
  const { breach, returnCode, header, stopped, level } = reader
  const packet =
    body === undefined || breach !== undefined || stopped
      ? undefined
      : ({ type, header, length, ...body } as MqttPacket)
  return { packet, type, breach, returnCode, cut: stopped, level }
}

/** All but what the fixed header says. */
type AnyBody = MqttPacket extends infer P
  ? P extends MqttPacket
    ? Omit<P, 'type' | 'header' | 'length'>
    : never
  : never

/** Variable header and payload. */
function readBody(reader: MqttFieldReader, type: MqttPacketType, length: number): AnyBody {
  switch (type) {
    case 'CONNECT':
      return readConnect(reader)
    case 'CONNACK':
      return readConnack(reader)
    case 'PUBLISH':
      return readPublish(reader, length)
    case 'PUBACK':
    case 'PUBREC':
    case 'PUBREL':
    case 'PUBCOMP':
      return readAck(reader, type)
    case 'SUBSCRIBE':
      return readSubscribe(reader)
    case 'UNSUBSCRIBE':
      return readUnsubscribe(reader)
    case 'SUBACK':
    case 'UNSUBACK':
      return readCodes(reader, type)
    case 'PINGREQ':
    case 'PINGRESP':
      return { properties: [] }
    case 'DISCONNECT':
    case 'AUTH':
      return readFarewell(reader, type)
  }
}

/** MQTT 5 may leave out the code 0, and the length of no properties (3.14.2.1, 3.15.2.1). */
function readFarewell(
  reader: MqttFieldReader,
  type: MqttFarewell['type'],
): Omit<MqttFarewell, 'type' | 'header' | 'length'> {
  const { rules } = reader
  if (reader.level < 5 || reader.left === 0) return { code: 0, properties: [] }
  return reader.group('Variable header', () => {
    const code = reader.number('Reason Code', 1, (value) => `${value}: ${reasonName(type, value)}`)
    const rule = type === 'AUTH' ? rules.authCode : rules.disconnectCode
    if (!isReasonCode(type, code)) reader.breaks(rule, `there is no code ${code}`)
    return { code, properties: reader.left > 0 ? readProperties(reader, type) : [] }
  })
}

/** The fields of the bytes of one packet, with its place each; and what is wrong with them, by its rule. Total. */
export function dissectMqtt(bytes: Uint8Array, level: number): Dissection {
  const reader = new MqttFieldReader(bytes, { level: isMqttLevel(level) ? level : 4 }, { noting: true })
  const { type, packet, breach } = read(reader, wholeLength(bytes))
  const words = packet === undefined ? '' : packetText(packet, reader.level)
  const wrong = breach === undefined ? '' : ` (${breach.reason}: ${breach.rule})`
  return { summary: `MQTT ${type ?? 'reserved type'}${words && ` ${words}`}${wrong}`, layers: reader.fields }
}

/** Length of the packet that begins here, which may have more bytes than these. */
function wholeLength(bytes: Uint8Array): number {
  const size = integerSize(bytes, 1, bytes.length)
  return size > 0 ? Math.max(1 + size + integerValue(bytes, 1, size), bytes.length) : bytes.length
}
