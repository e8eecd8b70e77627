/** The properties of MQTT 5 (2.2.2): identifier, type and the packets that each belongs to. */
import type { MqttPacketType } from '../../../../shared/mqtt.ts'
import { shownText } from '../rule-reader.ts'
import type { MqttFieldReader } from './field-reader.ts'

export type PropertyValue = number | string | Uint8Array | readonly [name: string, value: string]

export interface MqttProperty {
  readonly id: number
  /** As the standard calls it. */
  readonly name: string
  readonly value: PropertyValue
}

/** `flag` is a byte that is 0 or 1. */
type Kind = 'flag' | 'two' | 'four' | 'integer' | 'text' | 'binary' | 'pair'

/** Where a property may stand: in a packet of this type, or among those of a will. */
export type PropertyPlace = MqttPacketType | 'will'

interface Shape {
  readonly name: string
  readonly kind: Kind
  readonly places: readonly PropertyPlace[]
  /** It may be there more than once in these. */
  readonly repeats?: readonly PropertyPlace[]
  /** Its value must not be 0. */
  readonly positive?: true
}

const ANSWERS = [
  ...(['CONNACK', 'PUBACK', 'PUBREC', 'PUBREL', 'PUBCOMP', 'SUBACK', 'UNSUBACK', 'DISCONNECT'] as const),
  'AUTH',
] as const
const MESSAGES = ['PUBLISH', 'will'] as const
const ALL = ['CONNECT', ...ANSWERS, ...MESSAGES, 'SUBSCRIBE', 'UNSUBSCRIBE'] as const
const PROOF = ['CONNECT', 'CONNACK', 'AUTH'] as const
const LIMITS = ['CONNECT', 'CONNACK'] as const

const shape = (
  name: string,
  kind: Kind,
  places: readonly PropertyPlace[],
  more: Partial<Shape> = {},
): Shape => ({ name, kind, places, ...more })

/** Table 2-4. */
const SHAPES: Readonly<Record<number, Shape>> = {
  0x01: shape('Payload Format Indicator', 'flag', MESSAGES),
  0x02: shape('Message Expiry Interval', 'four', MESSAGES),
  0x03: shape('Content Type', 'text', MESSAGES),
  0x08: shape('Response Topic', 'text', MESSAGES),
  0x09: shape('Correlation Data', 'binary', MESSAGES),
  0x0b: shape('Subscription Identifier', 'integer', ['PUBLISH', 'SUBSCRIBE'], {
    repeats: ['PUBLISH'],
    positive: true,
  }),
  0x11: shape('Session Expiry Interval', 'four', ['CONNECT', 'CONNACK', 'DISCONNECT']),
  0x12: shape('Assigned Client Identifier', 'text', ['CONNACK']),
  0x13: shape('Server Keep Alive', 'two', ['CONNACK']),
  0x15: shape('Authentication Method', 'text', PROOF),
  0x16: shape('Authentication Data', 'binary', PROOF),
  0x17: shape('Request Problem Information', 'flag', ['CONNECT']),
  0x18: shape('Will Delay Interval', 'four', ['will']),
  0x19: shape('Request Response Information', 'flag', ['CONNECT']),
  0x1a: shape('Response Information', 'text', ['CONNACK']),
  0x1c: shape('Server Reference', 'text', ['CONNACK', 'DISCONNECT']),
  0x1f: shape('Reason String', 'text', ANSWERS),
  0x21: shape('Receive Maximum', 'two', LIMITS, { positive: true }),
  0x22: shape('Topic Alias Maximum', 'two', LIMITS),
  0x23: shape('Topic Alias', 'two', ['PUBLISH'], { positive: true }),
  0x24: shape('Maximum QoS', 'flag', ['CONNACK']),
  0x25: shape('Retain Available', 'flag', ['CONNACK']),
  0x26: shape('User Property', 'pair', ALL, { repeats: ALL }),
  0x27: shape('Maximum Packet Size', 'four', LIMITS, { positive: true }),
  0x28: shape('Wildcard Subscription Available', 'flag', ['CONNACK']),
  0x29: shape('Subscription Identifier Available', 'flag', ['CONNACK']),
  0x2a: shape('Shared Subscription Available', 'flag', ['CONNACK']),
}

export const SUBSCRIPTION_IDENTIFIER = 0x0b
export const TOPIC_ALIAS = 0x23

const NONE: readonly MqttProperty[] = []

/** Property Length and properties; none at all before MQTT 5. */
export function readProperties(reader: MqttFieldReader, place: PropertyPlace): readonly MqttProperty[] {
  if (reader.level < 5) return NONE
  const length = reader.integer('Property Length')
  if (length === 0 || reader.stopped) return NONE
  const found: MqttProperty[] = []
  const seen = new Set<number>()
  return reader.group(
    'Properties',
    () =>
      reader.within(length, () => {
        while (reader.left > 0) {
          const property = readProperty(reader, place, seen)
          if (property !== undefined) found.push(property)
        }
        return found
      }),
    ({ length: count }) => String(count),
  )
}

function readProperty(
  reader: MqttFieldReader,
  place: PropertyPlace,
  seen: Set<number>,
): MqttProperty | undefined {
  let id = 0
  const property = reader.group(
    () => SHAPES[id]?.name ?? `Property ${id}`,
    (): MqttProperty | undefined => {
      id = reader.integer('Identifier', (value) => `${value}, ${SHAPES[value]?.name ?? 'unknown'}`)
      const shape = SHAPES[id]
      if (shape === undefined) {
        // How long its value is nobody can say, nor where the next one begins.
        reader.breaks(reader.rules.property, `there is no property ${id}`)
        reader.rest('Not read')
        return undefined
      }
      return { id, name: shape.name, value: readValue(reader, shape) }
    },
    (found) => (found === undefined ? '' : valueText(found.value)),
  )
  if (property === undefined) return undefined
  judge(reader, property, place, seen)
  seen.add(id)
  return property
}

function readValue(reader: MqttFieldReader, { kind }: Shape): PropertyValue {
  switch (kind) {
    case 'flag':
      return reader.number('Value', 1)
    case 'two':
      return reader.number('Value', 2)
    case 'four':
      return reader.number('Value', 4)
    case 'integer':
      return reader.integer('Value')
    case 'text':
      return reader.text('Value')
    case 'binary':
      return reader.binary('Value')
    case 'pair':
      return [reader.text('Name'), reader.text('Value')]
  }
}

function judge(
  reader: MqttFieldReader,
  { id, name, value }: MqttProperty,
  place: PropertyPlace,
  seen: ReadonlySet<number>,
): void {
  const { rules } = reader
  const { kind, places, repeats = [], positive } = SHAPES[id]
  if (!places.includes(place)) reader.breaks(rules.property, `${name} does not belong here`)
  else if (seen.has(id) && !repeats.includes(place)) reader.breaks(rules.property, `${name} is there twice`)
  else if (kind === 'flag' && (value as number) > 1)
    reader.breaks(rules.property, `${name} is neither 0 nor 1`)
  else if (positive && value === 0)
    reader.breaks(id === TOPIC_ALIAS ? rules.topicAlias : rules.property, `${name} is 0`)
}

/** A value in words. */
export function valueText(value: PropertyValue): string {
  if (typeof value === 'number') return String(value)
  if (typeof value === 'string') return shownText(value)
  if (value instanceof Uint8Array) return `${value.length} bytes`
  return `${shownText(value[0])}: ${shownText(value[1])}`
}
