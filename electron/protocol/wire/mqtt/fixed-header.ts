/** The fixed header of a control packet (MQTT 3.1.1 2.2, MQTT 5 2.1): type, flags, remaining length. */
import type { DissectedField } from '../../../../shared/dissection.ts'
import type { MqttPacketType } from '../../../../shared/mqtt.ts'
import { otherSide, type Side } from '../side.ts'
import type { MqttFieldReader } from './field-reader.ts'
import { packetTypeOf } from './names.ts'

/** Who may send a packet; those that both may are not here (MQTT 3.1.1 table 2.1, MQTT 5 table 2-1). */
const SENDERS: Partial<Record<MqttPacketType, Side>> = {
  CONNECT: 'client',
  CONNACK: 'server',
  SUBSCRIBE: 'client',
  SUBACK: 'server',
  UNSUBSCRIBE: 'client',
  UNSUBACK: 'server',
  PINGREQ: 'client',
  PINGRESP: 'server',
}

/** Reserved flags that are not 0 (MQTT 3.1.1 table 2.2). */
const FLAGS: Partial<Record<MqttPacketType, number>> = { PUBREL: 2, SUBSCRIBE: 2, UNSUBSCRIBE: 2 }

/** Reads the fixed header; undefined: nothing has this type. */
export function readFixedHeader(reader: MqttFieldReader): MqttPacketType | undefined {
  return reader.group(
    'Fixed header',
    () => {
      const type = readFirstByte(reader)
      reader.integer('Remaining Length', (length) => `${length} bytes`)
      return type
    },
    (type) => type ?? 'reserved',
  )
}

function readFirstByte(reader: MqttFieldReader): MqttPacketType | undefined {
  const { at, rules, level, from } = reader
  const first = reader.number(
    'Control Packet type',
    1,
    (byte) => `${byte >>> 4}: ${packetTypeOf(byte) ?? 'reserved'}`,
  )
  const type = packetTypeOf(first)
  reader.flags = first & 15
  if (type === undefined || (type === 'AUTH' && level < 5)) {
    reader.breaks(rules.packetType, `packet type ${first >>> 4} is reserved`)
    return undefined
  }
  if (from !== undefined && senderOf(type, level) === otherSide(from))
    reader.breaks(rules.packetType, `no ${from} sends ${type}`)
  if (reader.stopped) return type
  if (reader.noting) {
    const shown = reader.flags.toString(2).padStart(4, '0')
    reader.note('Flags', shown, at, 1, flagFields(type, reader.flags, at))
  }
  if (type === 'PUBLISH') judgePublish(reader)
  else if (reader.flags !== (FLAGS[type] ?? 0))
    reader.breaks(rules.flags, `the reserved flags of ${type} are wrong`)
  return type
}

/** MQTT 5 lets the server send DISCONNECT, too. */
const senderOf = (type: MqttPacketType, level: number): Side | undefined =>
  type === 'DISCONNECT' && level < 5 ? 'client' : SENDERS[type]

function judgePublish(reader: MqttFieldReader): void {
  const { flags, rules } = reader
  const qos = (flags >>> 1) & 3
  if (qos === 3) reader.breaks(rules.qos, 'QoS 3')
  else if (qos === 0 && (flags & 8) !== 0) reader.breaks(rules.dup, 'DUP with QoS 0')
}

function flagFields(type: MqttPacketType, flags: number, offset: number): DissectedField[] {
  const field = (name: string, value: number): DissectedField => ({
    name,
    text: String(value),
    offset,
    length: 1,
  })
  if (type !== 'PUBLISH') return [field('Reserved', flags)]
  return [field('DUP', flags >>> 3), field('QoS', (flags >>> 1) & 3), field('RETAIN', flags & 1)]
}
