/** PUBLISH and what answers it (MQTT 3.1.1 3.3 to 3.7, MQTT 5 likewise). */
import { bytesText, shownText } from '../rule-reader.ts'
import { decodeUtf8 } from '../utf8.ts'
import type { Body } from './connect.ts'
import type { MqttFieldReader } from './field-reader.ts'
import { isReasonCode, reasonName } from './names.ts'
import type { MqttAck, MqttPublish } from './packets.ts'
import { readProperties, SUBSCRIPTION_IDENTIFIER, TOPIC_ALIAS, type MqttProperty } from './properties.ts'
import type { MqttRule } from './rules.ts'
import { checkTopicName } from './topics.ts'

/** `length`: bytes of the whole packet, of which the last may not have been kept. */
export function readPublish(reader: MqttFieldReader, length: number): Body<MqttPublish> {
  const { flags } = reader
  const dup = (flags & 8) !== 0
  const qos = (flags >>> 1) & 3
  const retain = (flags & 1) !== 0
  const start = reader.at - reader.header
  const header = reader.group('Variable header', () => readPublishHeader(reader, qos))
  const payloadLength = reader.stopped ? 0 : Math.max(start + length - reader.at, 0)
  const payload = reader.rest('Payload', payloadText)
  return { dup, qos, retain, ...header, payload, payloadLength }
}

function readPublishHeader(reader: MqttFieldReader, qos: number) {
  const topic = reader.text('Topic Name')
  // MQTT 5 (3.3.2.1): whether it may be empty its properties tell.
  if (topic !== '' || reader.level < 5) checkTopicName(reader, topic)
  const packetId = qos > 0 ? reader.packetId() : 0
  const properties = readProperties(reader, 'PUBLISH')
  checkProperties(reader, topic, properties)
  return { topic, packetId, properties }
}

function checkProperties(reader: MqttFieldReader, topic: string, properties: readonly MqttProperty[]): void {
  if (reader.level < 5) return
  const has = (wanted: number): boolean => properties.some(({ id }) => id === wanted)
  if (topic === '' && !has(TOPIC_ALIAS)) checkTopicName(reader, topic)
  if (reader.from === 'client' && has(SUBSCRIPTION_IDENTIFIER))
    reader.breaks(reader.rules.subscriptionIdentifier, 'a Subscription Identifier from a client')
}

function payloadText(bytes: Uint8Array): string {
  const text = decodeUtf8(bytes)
  return text === undefined ? bytesText(bytes) : shownText(text)
}

const CODE_RULES: Readonly<Record<MqttAck['type'], MqttRule>> = {
  PUBACK: 'pubackCode',
  PUBREC: 'pubrecCode',
  PUBREL: 'pubrelCode',
  PUBCOMP: 'pubcompCode',
}

/** MQTT 5 may leave out the code 0, and the length of no properties (3.4.2.1, 3.4.2.2.1). */
export const readAck = (reader: MqttFieldReader, type: MqttAck['type']): Body<MqttAck> =>
  reader.group('Variable header', () => {
    const { level, rules } = reader
    const packetId = reader.packetId(rules.sameId)
    if (level < 5 || reader.left === 0) return { packetId, code: 0, properties: [] }
    const code = reader.number('Reason Code', 1, (value) => `${value}: ${reasonName(type, value)}`)
    if (!isReasonCode(type, code)) reader.breaks(rules[CODE_RULES[type]], `there is no code ${code}`)
    return { packetId, code, properties: reader.left > 0 ? readProperties(reader, type) : [] }
  })
