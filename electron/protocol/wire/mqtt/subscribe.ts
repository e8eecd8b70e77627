/** SUBSCRIBE, UNSUBSCRIBE and what answers them (MQTT 3.1.1 3.8 to 3.11, MQTT 5 likewise). */
import type { MqttPacketType } from '../../../../shared/mqtt.ts'
import { shownText } from '../rule-reader.ts'
import type { Body } from './connect.ts'
import type { MqttFieldReader } from './field-reader.ts'
import { isReasonCode, reasonName, SUBACK_CODES } from './names.ts'
import type { MqttCodes, MqttSubscribe, MqttSubscription, MqttUnsubscribe } from './packets.ts'
import { readProperties } from './properties.ts'
import { checkFilter } from './topics.ts'

/** Packet Identifier and properties. */
const readHeader = (reader: MqttFieldReader, type: MqttPacketType, rule?: string) =>
  reader.group('Variable header', () => {
    const packetId = reader.packetId(rule)
    return { packetId, properties: readProperties(reader, type) }
  })

/** The payload: as many items as there is room for, at least one. */
function readItems<T>(reader: MqttFieldReader, item: () => T, none: { rule: string; reason: string }): T[] {
  if (reader.left === 0) reader.breaks(none.rule, none.reason)
  const items: T[] = []
  reader.group('Payload', () => {
    while (reader.left > 0) items.push(item())
  })
  return items
}

export function readSubscribe(reader: MqttFieldReader): Body<MqttSubscribe> {
  const header = readHeader(reader, 'SUBSCRIBE')
  const item = (): MqttSubscription =>
    reader.group(
      'Subscription',
      () => readSubscription(reader),
      ({ filter, qos }) => `${shownText(filter)}, QoS ${qos}`,
    )
  const none = { rule: reader.rules.subscribeEmpty, reason: 'no topic filter' }
  return { ...header, subscriptions: readItems(reader, item, none) }
}

function readSubscription(reader: MqttFieldReader): MqttSubscription {
  const { rules, level } = reader
  const filter = reader.text('Topic Filter')
  if (!reader.stopped) checkFilter(reader, filter)
  const name = level < 5 ? 'Requested QoS' : 'Subscription Options'
  const options = reader.number(name, 1, (value) => (level < 5 ? String(value & 3) : optionsText(value)))
  if (options >>> (level < 5 ? 2 : 6) !== 0) reader.breaks(rules.subscribeReserved, 'reserved bits are set')
  const qos = options & 3
  if (qos === 3) reader.breaks(rules.subscribeQos, 'QoS 3')
  if (level < 5) return { filter, qos, noLocal: false, retainAsPublished: false, retainHandling: 0 }
  const noLocal = (options & 4) !== 0
  const retainHandling = (options >>> 4) & 3
  if (retainHandling === 3) reader.breaks(rules.subscribeQos, 'Retain Handling 3')
  if (noLocal && filter.startsWith('$share/'))
    reader.breaks(rules.noLocalShared, 'No Local on a shared subscription')
  return { filter, qos, noLocal, retainAsPublished: (options & 8) !== 0, retainHandling }
}

function optionsText(options: number): string {
  const words = [`QoS ${options & 3}`]
  if (options & 4) words.push('No Local')
  if (options & 8) words.push('Retain As Published')
  return [...words, `Retain Handling ${(options >>> 4) & 3}`].join(', ')
}

export function readUnsubscribe(reader: MqttFieldReader): Body<MqttUnsubscribe> {
  const header = readHeader(reader, 'UNSUBSCRIBE')
  const item = (): string => {
    const filter = reader.text('Topic Filter')
    if (!reader.stopped) checkFilter(reader, filter)
    return filter
  }
  const none = { rule: reader.rules.unsubscribeEmpty, reason: 'no topic filter' }
  return { ...header, filters: readItems(reader, item, none) }
}

export function readCodes(reader: MqttFieldReader, type: MqttCodes['type']): Body<MqttCodes> {
  const { level, rules } = reader
  const header = readHeader(reader, type, rules.sameId)
  // Before MQTT 5, UNSUBACK says no more than its identifier.
  if (type === 'UNSUBACK' && level < 5) return { ...header, codes: [] }
  const none = { rule: rules.subackEmpty, reason: 'no code' }
  return { ...header, codes: readItems(reader, () => readCode(reader, type), none) }
}

function readCode(reader: MqttFieldReader, type: MqttCodes['type']): number {
  const { level, rules } = reader
  const name = level < 5 ? 'Return Code' : 'Reason Code'
  const code = reader.number(name, 1, (value) => codeText(type, level, value))
  const known = level < 5 ? SUBACK_CODES[code] !== undefined : isReasonCode(type, code)
  if (!known)
    reader.breaks(type === 'SUBACK' ? rules.subackCode : rules.unsubackCode, `there is no code ${code}`)
  return code
}

/** What a code of SUBACK or UNSUBACK says. */
export const codeText = (type: MqttCodes['type'], level: number, code: number): string =>
  `${code}: ${level < 5 ? (SUBACK_CODES[code] ?? 'unknown') : reasonName(type, code)}`
