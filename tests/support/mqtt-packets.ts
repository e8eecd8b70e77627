/** MQTT packets of all kinds, as the library mqtt-packet has them: another reading of the standards, to hold ours against. */
import fc from 'fast-check'
import mqttPacket, { type Packet } from 'mqtt-packet'
import type { MqttPacket } from '../../electron/protocol/wire/mqtt/packets.ts'
import type { MqttProperty } from '../../electron/protocol/wire/mqtt/properties.ts'
import type { MqttLevel } from '../../electron/protocol/wire/mqtt/rules.ts'

export const generate = (packet: Packet, level: MqttLevel): Uint8Array =>
  new Uint8Array(mqttPacket.generate(packet, { protocolVersion: level } as never))

/** What the library reads in these bytes; its error, if it finds one. */
export function parseByLibrary(bytes: Uint8Array, level: MqttLevel): { packets: Packet[]; error?: Error } {
  const parser = mqttPacket.parser({ protocolVersion: level } as never)
  const packets: Packet[] = []
  let error: Error | undefined
  // It gives the same object every time.
  parser.on('packet', (packet: Packet) => packets.push({ ...packet }))
  parser.on('error', (found: Error) => (error ??= found))
  try {
    parser.parse(Buffer.from(bytes))
  } catch (thrown) {
    error ??= thrown as Error
  }
  return { packets, ...(error && { error }) }
}

const text = fc
  .string({ unit: 'grapheme', maxLength: 12 })
  .filter((value) => !/[\0\p{Surrogate}]/u.test(value))
const someText = text.filter((value) => value !== '')
const topic = someText.map((value) => value.replace(/[#+]/g, 'x'))
const filter = fc.oneof(topic, fc.constantFrom('#', '+', 'a/#', '+/b', '+/+/#'))
const octets = fc.uint8Array({ maxLength: 300 }).map((bytes) => Buffer.from(bytes))
const id = fc.integer({ min: 1, max: 65_535 })
const four = fc.integer({ min: 0, max: 0xffff_ffff })
const two = fc.integer({ min: 0, max: 65_535 })
const qos = fc.constantFrom(0, 1, 2)
const flag = fc.boolean()
const some = <T>(entries: { [K in keyof T]: fc.Arbitrary<T[K]> }) => fc.record(entries, { requiredKeys: [] })

const user = {
  // An empty value that another of the same name follows the library forgets: that it cannot be held to.
  userProperties: fc.dictionary(topic, fc.oneof(text, fc.array(someText, { minLength: 2, maxLength: 3 })), {
    minKeys: 1,
    maxKeys: 3,
    noNullPrototype: true,
  }),
}
const reason = { ...user, reasonString: text }

const PROPERTIES = {
  connect: some({
    ...user,
    sessionExpiryInterval: four,
    receiveMaximum: id,
    maximumPacketSize: four.filter((value) => value > 0),
    topicAliasMaximum: two,
    requestResponseInformation: flag,
    requestProblemInformation: flag,
    authenticationMethod: someText,
    authenticationData: octets,
  }),
  will: some({
    ...user,
    willDelayInterval: four,
    payloadFormatIndicator: flag,
    messageExpiryInterval: four,
    contentType: text,
    responseTopic: topic,
    correlationData: octets,
  }),
  connack: some({
    ...reason,
    sessionExpiryInterval: four,
    receiveMaximum: id,
    maximumQoS: fc.constantFrom(0, 1),
    retainAvailable: flag,
    maximumPacketSize: four.filter((value) => value > 0),
    assignedClientIdentifier: someText,
    topicAliasMaximum: two,
    wildcardSubscriptionAvailable: flag,
    subscriptionIdentifiersAvailable: flag,
    sharedSubscriptionAvailable: flag,
    serverKeepAlive: two,
    responseInformation: text,
    serverReference: text,
    authenticationMethod: someText,
    authenticationData: octets,
  }),
  publish: some({
    ...user,
    payloadFormatIndicator: flag,
    messageExpiryInterval: four,
    topicAlias: id,
    contentType: text,
    responseTopic: topic,
    correlationData: octets,
  }),
  subscribe: some({ ...user, subscriptionIdentifier: fc.integer({ min: 1, max: 268_435_455 }) }),
  reason: some(reason),
  user: some(user),
}

const PUBLISH_CODES = [0x00, 0x10, 0x80, 0x83, 0x87, 0x90, 0x91, 0x97, 0x99]

/** A packet of this protocol level, as the library takes it. */
export function arbitraryPacket(level: MqttLevel): fc.Arbitrary<Packet> {
  const isNew = level === 5
  const properties = (kind: keyof typeof PROPERTIES): Record<string, fc.Arbitrary<unknown>> =>
    isNew ? { properties: PROPERTIES[kind] } : {}
  const code = (...codes: number[]): Record<string, fc.Arbitrary<unknown>> =>
    isNew ? { reasonCode: fc.constantFrom(...codes) } : {}
  const of = (cmd: string, entries: Record<string, fc.Arbitrary<unknown>> = {}) =>
    fc.record({ cmd: fc.constant(cmd), ...entries })
  const will = fc.record({ topic, payload: octets, qos, retain: flag, ...properties('will') })
  const ack = (cmd: string, codes: number[]) =>
    of(cmd, { messageId: id, ...code(...codes), ...properties('reason') })
  const publish = fc.tuple(qos, flag, id).chain(([level_, dup, messageId]) =>
    of('publish', {
      topic,
      payload: octets,
      qos: fc.constant(level_),
      retain: flag,
      dup: fc.constant(dup && level_ > 0),
      ...(level_ > 0 && { messageId: fc.constant(messageId) }),
      ...properties('publish'),
    }),
  )
  const options: Record<string, fc.Arbitrary<unknown>> = isNew
    ? { nl: flag, rap: flag, rh: fc.constantFrom(0, 1, 2) }
    : {}
  const packets: fc.Arbitrary<unknown>[] = [
    of('connect', {
      protocolId: fc.constant(level === 3 ? 'MQIsdp' : 'MQTT'),
      protocolVersion: fc.constant(level),
      clean: flag,
      clientId: someText,
      keepalive: two,
      will: fc.option(will, { nil: undefined }),
      // The library writes no password without one.
      username: someText,
      password: fc.option(octets, { nil: undefined }),
      ...properties('connect'),
    }),
    of('connack', {
      sessionPresent: fc.constant(false),
      ...(isNew ? code(0, 0x80, 0x87, 0x9f) : { returnCode: fc.integer({ min: 0, max: 5 }) }),
      ...properties('connack'),
    }),
    publish,
    ack('puback', PUBLISH_CODES),
    ack('pubrec', PUBLISH_CODES),
    ack('pubrel', [0, 0x92]),
    ack('pubcomp', [0, 0x92]),
    of('subscribe', {
      messageId: id,
      subscriptions: fc.array(fc.record({ topic: filter, qos, ...options }), { minLength: 1, maxLength: 5 }),
      ...properties('subscribe'),
    }),
    of('suback', {
      messageId: id,
      granted: fc.array(isNew ? fc.constantFrom(0, 1, 2, 0x80, 0xa2) : fc.constantFrom(0, 1, 2, 0x80), {
        minLength: 1,
        maxLength: 5,
      }),
      ...properties('reason'),
    }),
    of('unsubscribe', {
      messageId: id,
      unsubscriptions: fc.array(filter, { minLength: 1, maxLength: 5 }),
      ...properties('user'),
    }),
    of('unsuback', {
      messageId: id,
      ...(isNew && { granted: fc.array(fc.constantFrom(0, 0x11, 0x8f), { minLength: 1, maxLength: 5 }) }),
      ...properties('reason'),
    }),
    of('pingreq'),
    of('pingresp'),
    of('disconnect', { ...code(0, 4, 0x81, 0x8e), ...properties('reason') }),
    ...(isNew
      ? [
          of('auth', {
            reasonCode: fc.constantFrom(0, 0x18, 0x19),
            properties: some({ ...reason, authenticationMethod: someText, authenticationData: octets }),
          }),
        ]
      : []),
  ]
  return fc.oneof(...packets) as fc.Arbitrary<Packet>
}

/** Property names of the library for those of the standard that it calls otherwise. */
const CAMEL = (name: string): string => {
  const [first, ...others] = name.split(' ')
  return first.toLowerCase() + others.map((word) => word[0].toUpperCase() + word.slice(1)).join('')
}
const OTHERWISE: Readonly<Record<string, string>> = {
  'User Property': 'userProperties',
  'Subscription Identifier Available': 'subscriptionIdentifiersAvailable',
}
const FLAGS = new Set([1, 0x17, 0x19, 0x25, 0x28, 0x29, 0x2a])

function propertiesAsLibrary(properties: readonly MqttProperty[]): object {
  if (properties.length === 0) return {}
  const found: Record<string, unknown> = {}
  const users: Record<string, string | string[]> = Object.create(null) as Record<string, string | string[]>
  for (const { id: identifier, name, value } of properties) {
    const key = OTHERWISE[name] ?? CAMEL(name)
    if (Array.isArray(value)) {
      const [userKey, userValue] = value as [string, string]
      const before = users[userKey]
      users[userKey] = before === undefined ? userValue : [before, userValue].flat()
      found[key] = users
    } else
      found[key] = FLAGS.has(identifier)
        ? value === 1
        : value instanceof Uint8Array
          ? Buffer.from(value)
          : value
  }
  return { properties: found }
}

/** What the library would have said of a packet that we have read; what it leaves undefined or out is left out. */
export function asLibrary(packet: MqttPacket, level: number): object {
  const base = { cmd: packet.type.toLowerCase(), length: packet.length - packet.header }
  const properties = propertiesAsLibrary(packet.properties)
  const code = (value: number): object => (level === 5 ? { reasonCode: value } : {})
  switch (packet.type) {
    case 'CONNECT': {
      const {
        protocolName,
        level: protocolVersion,
        clean,
        keepAlive,
        clientId,
        username,
        password,
        will,
      } = packet
      return {
        ...base,
        ...{
          protocolId: protocolName,
          protocolVersion,
          clean,
          keepalive: keepAlive,
          clientId,
          ...properties,
        },
        ...(username !== undefined && { username }),
        ...(password && { password: Buffer.from(password) }),
        ...(will && {
          will: {
            ...{ topic: will.topic, payload: Buffer.from(will.payload), qos: will.qos, retain: will.retain },
            ...propertiesAsLibrary(will.properties),
          },
        }),
      }
    }
    case 'CONNACK':
      return {
        ...base,
        sessionPresent: packet.sessionPresent,
        ...(level === 5 ? { reasonCode: packet.code } : { returnCode: packet.code }),
        ...properties,
      }
    case 'PUBLISH': {
      const { topic: name, dup, qos: level_, retain, packetId, payload } = packet
      return {
        ...base,
        ...{ topic: name, dup, qos: level_, retain, payload: Buffer.from(payload), ...properties },
        ...(packetId > 0 && { messageId: packetId }),
      }
    }
    case 'SUBSCRIBE':
      return {
        ...base,
        messageId: packet.packetId,
        subscriptions: packet.subscriptions.map(({ filter: name, qos: level_, ...more }) => ({
          topic: name,
          qos: level_,
          ...(level === 5 && { nl: more.noLocal, rap: more.retainAsPublished, rh: more.retainHandling }),
        })),
        ...properties,
      }
    case 'UNSUBSCRIBE':
      return { ...base, messageId: packet.packetId, unsubscriptions: packet.filters, ...properties }
    case 'SUBACK':
    case 'UNSUBACK':
      return {
        ...base,
        messageId: packet.packetId,
        ...(packet.type === 'UNSUBACK' && level < 5 ? {} : { granted: packet.codes }),
        ...properties,
      }
    case 'PINGREQ':
    case 'PINGRESP':
      return base
    case 'DISCONNECT':
    case 'AUTH':
      return { ...base, ...code(packet.code), ...properties }
    default:
      return { ...base, messageId: packet.packetId, ...code(packet.code), ...properties }
  }
}

/** The library's packet without what it writes for everything: flags of a PUBLISH on others, its topic and payload, null. */
export function plain(packet: Packet): object {
  const isPublish = packet.cmd === 'publish'
  return Object.fromEntries(
    Object.entries(packet).filter(
      ([key, value]) =>
        value !== undefined &&
        value !== null &&
        (isPublish || !['dup', 'qos', 'retain', 'topic', 'payload'].includes(key)),
    ),
  )
}
