/** CONNECT and CONNACK (MQTT 3.1.1 3.1 and 3.2, MQTT 5 likewise). */
import type { DissectedField } from '../../../../shared/dissection.ts'
import { bits } from '../dissect/reader.ts'
import type { MqttFieldReader } from './field-reader.ts'
import { isReasonCode, reasonName, RETURN_CODES } from './names.ts'
import type { MqttConnack, MqttConnect, MqttWill } from './packets.ts'
import { readProperties } from './properties.ts'
import { isMqttLevel } from './rules.ts'
import { checkTopicName } from './topics.ts'

/** What a reader of a packet's body gives: all but what the fixed header says. */
export type Body<P extends { type: string; header: number; length: number }> = Omit<
  P,
  'type' | 'header' | 'length'
>

const USERNAME = 0x80
const PASSWORD = 0x40
const WILL_RETAIN = 0x20
const WILL = 0x04
const CLEAN = 0x02
const RESERVED = 0x01

/** Return codes of CONNACK with which a CONNECT is refused (MQTT 3.1.1 3.1.2.2, 3.1.3.1). */
const UNACCEPTABLE_VERSION = 1
const IDENTIFIER_REJECTED = 2

const VERSIONS: Readonly<Record<number, string>> = { 3: 'MQTT 3.1', 4: 'MQTT 3.1.1', 5: 'MQTT 5' }

export function readConnect(reader: MqttFieldReader): Body<MqttConnect> {
  const { flags, ...header } = reader.group('Variable header', () => readConnectHeader(reader))
  const payload = reader.group('Payload', () => readConnectPayload(reader, flags))
  return { ...header, ...payload }
}

function readConnectHeader(reader: MqttFieldReader) {
  const protocolName = reader.text('Protocol Name')
  const isOldName = protocolName === 'MQIsdp'
  if (!isOldName && protocolName !== 'MQTT')
    reader.breaks(reader.rules.protocolName, 'the protocol is not called MQTT')
  const level = readLevel(reader, isOldName)
  const flags = readFlags(reader)
  const keepAlive = reader.number('Keep Alive', 2, (seconds) => (seconds === 0 ? 'off' : `${seconds} s`))
  const properties = readProperties(reader, 'CONNECT')
  return { protocolName, level, flags, clean: (flags & CLEAN) !== 0, keepAlive, properties }
}

function readConnectPayload(reader: MqttFieldReader, flags: number) {
  const { rules, level } = reader
  const clientId = reader.text('Client Identifier')
  // MQTT 5 gives an identifier to whoever has none (3.1.3.1); before, only a session that is not kept can be without.
  if (clientId === '' && !reader.stopped && rules.clientId !== '' && (level === 3 || (flags & CLEAN) === 0)) {
    reader.breaks(rules.clientId, 'no client identifier')
    reader.refuseWith(IDENTIFIER_REJECTED, rules.clientId)
  }
  const will = (flags & WILL) !== 0 ? readWill(reader, flags) : undefined
  const username = (flags & USERNAME) !== 0 ? reader.text('User Name') : undefined
  const password = (flags & PASSWORD) !== 0 ? reader.binary('Password') : undefined
  return {
    clientId,
    ...(will && { will }),
    ...(username !== undefined && { username }),
    ...(password && { password }),
  }
}

function readLevel(reader: MqttFieldReader, isOldName: boolean): number {
  const level = reader.number('Protocol Level', 1, (value) => `${value} (${VERSIONS[value] ?? 'unknown'})`)
  if (isMqttLevel(level) && isOldName === (level === 3)) {
    reader.setLevel(level)
    return level
  }
  reader.breaks(reader.rules.protocolLevel, `protocol level ${level} is not known`)
  reader.refuseWith(UNACCEPTABLE_VERSION, reader.rules.protocolLevel)
  return level
}

function readFlags(reader: MqttFieldReader): number {
  const { at, rules } = reader
  const flags = reader.number('Connect Flags', 1, (value) => `0x${value.toString(16).padStart(2, '0')}`)
  if (reader.noting && !reader.stopped) reader.annotate(flagFields(flags, at))
  if ((flags & RESERVED) !== 0) reader.breaks(rules.connectReserved, 'the reserved flag is set')
  if ((flags & WILL) === 0) {
    if (willQos(flags) !== 0) reader.breaks(rules.noWillQos, 'Will QoS without a will')
    if ((flags & WILL_RETAIN) !== 0) reader.breaks(rules.noWillRetain, 'Will Retain without a will')
  } else if (willQos(flags) === 3) reader.breaks(rules.willQos, 'Will QoS 3')
  if ((flags & (USERNAME | PASSWORD)) === PASSWORD)
    reader.breaks(rules.passwordAlone, 'a password without a user name')
  return flags
}

function flagFields(flags: number, at: number): DissectedField[] {
  const names = [
    'User Name Flag',
    'Password Flag',
    'Will Retain',
    '',
    '',
    'Will Flag',
    'Clean Session',
    'Reserved',
  ]
  const [user, password, retain, ...others] = bits(flags, names, at, 1)
  const qos = { name: 'Will QoS', text: String(willQos(flags)), offset: at, length: 1 }
  return [user, password, retain, qos, ...others]
}

const willQos = (flags: number): number => (flags >>> 3) & 3

function readWill(reader: MqttFieldReader, flags: number): MqttWill {
  const properties = readProperties(reader, 'will')
  const topic = reader.text('Will Topic')
  checkTopicName(reader, topic)
  const payload = reader.binary('Will Message')
  return { topic, payload, qos: willQos(flags), retain: (flags & WILL_RETAIN) !== 0, properties }
}

export function readConnack(reader: MqttFieldReader): Body<MqttConnack> {
  return reader.group('Variable header', () => readConnackHeader(reader))
}

function readConnackHeader(reader: MqttFieldReader): Body<MqttConnack> {
  // A server that does not know MQTT 5 refuses its CONNECT in the form of 3.1.1, which has no properties.
  if (reader.level === 5 && reader.left === 2 && reader.bytes[reader.at + 1] === UNACCEPTABLE_VERSION)
    reader.setLevel(4)
  const { rules, level } = reader
  const flags = reader.number('Connect Acknowledge Flags', 1, (value) =>
    value & 1 ? 'session present' : 'none',
  )
  if (flags > 1) reader.breaks(rules.connackFlags, 'reserved flags are set')
  const code = reader.number(level < 5 ? 'Connect Return Code' : 'Connect Reason Code', 1, (value) =>
    connackText(level, value),
  )
  const known = level < 5 ? code < RETURN_CODES.length : isReasonCode('CONNACK', code)
  if (!known) reader.breaks(rules.connackCode, `there is no code ${code}`)
  else if (code !== 0 && (flags & 1) !== 0)
    reader.breaks(rules.sessionPresent, 'a session in a refused connection')
  const properties = readProperties(reader, 'CONNACK')
  return { sessionPresent: (flags & 1) !== 0, code, properties }
}

/** What the code of a CONNACK says. */
export const connackText = (level: number, code: number): string =>
  `${code}: ${level < 5 ? (RETURN_CODES[code] ?? 'unknown') : reasonName('CONNACK', code)}`
