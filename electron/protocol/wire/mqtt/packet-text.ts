/** What a packet says, in the words of the standards. */
import { shownText } from '../rule-reader.ts'
import { connackText } from './connect.ts'
import { reasonName } from './names.ts'
import type { MqttConnect, MqttPacket, MqttSubscription } from './packets.ts'
import { valueText, type MqttProperty } from './properties.ts'
import { codeText } from './subscribe.ts'

/** What is not in columns of its own, with commas between; empty: nothing. `level`: of the connection. */
export function packetText(packet: MqttPacket, level: number): string {
  return [...wordsOf(packet, level), ...packet.properties.map(propertyText)].join(', ')
}

function wordsOf(packet: MqttPacket, level: number): readonly string[] {
  switch (packet.type) {
    case 'CONNECT':
      return connectWords(packet)
    case 'CONNACK':
      return [connackText(level, packet.code), ...(packet.sessionPresent ? ['session present'] : [])]
    case 'PUBLISH':
      return [`payload ${packet.payloadLength} bytes`]
    case 'SUBSCRIBE':
      return packet.subscriptions.map(subscriptionText)
    case 'UNSUBSCRIBE':
      return []
    case 'SUBACK':
    case 'UNSUBACK':
      return packet.codes.map((code) => codeText(packet.type, level, code))
    case 'PINGREQ':
    case 'PINGRESP':
      return []
    default:
      return level < 5 ? [] : [`${packet.code}: ${reasonName(packet.type, packet.code)}`]
  }
}

function connectWords({
  clientId,
  clean,
  keepAlive,
  will,
  username,
  password,
  level,
}: MqttConnect): string[] {
  const words = [`client ${shownText(clientId) || 'without identifier'}`]
  if (clean) words.push(level < 5 ? 'Clean Session' : 'Clean Start')
  words.push(`keep alive ${keepAlive} s`)
  if (will !== undefined)
    words.push(`will ${shownText(will.topic)}, will QoS ${will.qos}${will.retain ? ', will RETAIN' : ''}`)
  if (username !== undefined) words.push(`user name ${shownText(username)}`)
  // What it is, is nobody's business; its bytes are in the packet.
  if (password !== undefined) words.push('a password')
  return words
}

function subscriptionText({
  filter,
  qos,
  noLocal,
  retainAsPublished,
  retainHandling,
}: MqttSubscription): string {
  const options = [noLocal && 'No Local', retainAsPublished && 'Retain As Published']
  const more = options.filter((word) => word !== false)
  if (retainHandling > 0) more.push(`Retain Handling ${retainHandling}`)
  return [`${shownText(filter)} QoS ${qos}`, ...more].join(' ')
}

const propertyText = ({ name, value }: MqttProperty): string => `${name} ${valueText(value)}`
