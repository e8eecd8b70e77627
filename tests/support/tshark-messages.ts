/**
 * The messages above TCP and UDP in a run, read twice: by our onlookers, from the trace, and by tshark, from the capture alone. Each as
 * lines of text in the order in which each side has sent them, by flow, so that a difference can be read.
 */
import { execFileSync } from 'node:child_process'
import type { RecordingReader } from '../../electron/engine/recording/types.ts'
import { findTshark } from './tools.ts'

/** A layer of tshark's JSON: fields by name, texts, or layers again. */
interface Layer {
  readonly [field: string]: Value
}
type Value = string | Layer | readonly (string | Layer)[]

const list = (value: Value | undefined): readonly (string | Layer)[] =>
  value === undefined
    ? []
    : Array.isArray(value)
      ? (value as readonly (string | Layer)[])
      : [value as string | Layer]

const layersOf = (value: Value | undefined): readonly Layer[] =>
  list(value).filter((item): item is Layer => typeof item !== 'string')

/** The first value of a field, wherever it stands in the layer; empty: it has none. */
function find(layer: Layer, field: string): string {
  for (const [name, value] of Object.entries(layer)) {
    if (name === field && typeof list(value)[0] === 'string') return list(value)[0] as string
    for (const inner of layersOf(value)) {
      const found = find(inner, field)
      if (found !== '') return found
    }
  }
  return ''
}

function findAll(layer: Layer, field: string): string[] {
  return Object.entries(layer).flatMap(([name, value]) =>
    list(value).flatMap((item) =>
      typeof item !== 'string' ? findAll(item, field) : name === field ? [item] : [],
    ),
  )
}

export interface TsharkMessages {
  readonly file: string
  readonly preferences?: readonly string[]
  readonly decodeAs?: readonly string[]
}

/** Lines by `flow from`, and what tshark calls malformed. */
export interface Told {
  readonly lines: Map<string, string[]>
  readonly malformed: number
}

const say = (lines: Map<string, string[]>, key: string, line: string): void => {
  lines.set(key, [...(lines.get(key) ?? []), line])
}

/** As tshark reads the file. */
export function messagesByTshark({ file, preferences = [], decodeAs = [] }: TsharkMessages): Told {
  const args = [
    '-r',
    file,
    '-n',
    '-T',
    'json',
    '--no-duplicate-keys',
    '-J',
    'ip tcp udp mqtt dns websocket http2 grpc _ws.malformed',
  ]
  args.push('-Y', 'mqtt || dns || websocket || grpc')
  for (const preference of ['tcp.reassemble_out_of_order:TRUE', ...preferences]) args.push('-o', preference)
  for (const rule of decodeAs) args.push('-d', rule)
  const text = execFileSync(findTshark()!, args, { encoding: 'utf8', stdio: 'pipe', maxBuffer: 1 << 29 })
  const frames = JSON.parse(text) as { _source: { layers: Layer } }[]
  const lines = new Map<string, string[]>()
  let malformed = 0
  for (const { _source } of frames) {
    const { layers } = _source
    const transport = layersOf(layers.tcp)[0] ?? layersOf(layers.udp)[0]
    const kind = layers.tcp === undefined ? 'udp' : 'tcp'
    const [ip] = layersOf(layers.ip)
    const from = `${find(ip, 'ip.src')}:${find(transport, `${kind}.srcport`)}`
    const to = `${find(ip, 'ip.dst')}:${find(transport, `${kind}.dstport`)}`
    const key = `${from} > ${to}`
    if (layers['_ws.malformed'] !== undefined) malformed++
    for (const layer of layersOf(layers.mqtt)) say(lines, key, mqttLine(layer))
    for (const layer of layersOf(layers.dns)) say(lines, key, dnsLine(layer, kind))
    for (const layer of layersOf(layers.websocket)) say(lines, key, wsLine(layer))
    for (const layer of grpcOf(layers)) say(lines, key, grpcLine(layer))
  }
  return { lines, malformed }
}

const number = (text: string): number => (text === '' ? 0 : Number(text))
const isSet = (text: string): boolean => text === '1' || text === 'True'

function mqttLine(layer: Layer): string {
  const type = number(find(layer, 'mqtt.msgtype'))
  const isPublish = type === 3
  const flags = isPublish
    ? [find(layer, 'mqtt.qos'), isSet(find(layer, 'mqtt.dupflag')), isSet(find(layer, 'mqtt.retain'))]
    : ['0', false, false]
  const id = number(find(layer, 'mqtt.msgid'))
  const length = number(find(layer, 'mqtt.len'))
  const topics = type === 8 || type === 10 || isPublish ? findAll(layer, 'mqtt.topic') : []
  return ['mqtt', type, id, ...flags, length, ...topics].join(' ')
}

function dnsLine(layer: Layer, over: string): string {
  const rcode = number(find(layer, 'dns.flags.rcode'))
  const counts = number(find(layer, 'dns.count.answers'))
  const isResponse = isSet(find(layer, 'dns.flags.response'))
  const type = number(find(layer, 'dns.qry.type'))
  return [
    'dns',
    over,
    number(find(layer, 'dns.id')),
    isResponse,
    rcode,
    find(layer, 'dns.qry.name'),
    type,
    counts,
  ].join(' ')
}

function wsLine(layer: Layer): string {
  const lengths = ['ext_length_64', 'payload_length_ext_64', 'payload_length_ext_16', 'payload_length']
  const length = lengths.map((name) => find(layer, `websocket.${name}`)).find((value) => value !== '')
  const key = find(layer, 'websocket.masking_key').replace(/^0x|:/g, '').replace(/^0+/, '')
  return [
    'ws',
    number(find(layer, 'websocket.opcode')),
    isSet(find(layer, 'websocket.fin')),
    key,
    number(length ?? ''),
  ].join(' ')
}

/** It stands beside the layer of HTTP/2, or inside. */
const grpcOf = (layers: Layer): readonly Layer[] => layersOf(layers.grpc)

const grpcLine = (layer: Layer): string =>
  ['grpc', isSet(find(layer, 'grpc.compressed_flag')), number(find(layer, 'grpc.message_length'))].join(' ')

const MQTT_TYPES = [
  ...['', 'CONNECT', 'CONNACK', 'PUBLISH', 'PUBACK', 'PUBREC', 'PUBREL', 'PUBCOMP', 'SUBSCRIBE', 'SUBACK'],
  ...['UNSUBSCRIBE', 'UNSUBACK', 'PINGREQ', 'PINGRESP', 'DISCONNECT', 'AUTH'],
]
const OPCODES: Readonly<Record<string, number>> = {
  continuation: 0,
  text: 1,
  binary: 2,
  close: 8,
  ping: 9,
  pong: 10,
}
const RCODES = ['NOERROR', 'FORMERR', 'SERVFAIL', 'NXDOMAIN', 'NOTIMP', 'REFUSED']
const DNS_TYPES: Readonly<Record<string, number>> = {
  A: 1,
  NS: 2,
  CNAME: 5,
  SOA: 6,
  MX: 15,
  TXT: 16,
  AAAA: 28,
}

/** As the onlookers of one lane have told it. */
export function messagesByTrace(reader: RecordingReader, lane: string): Map<string, string[]> {
  const lines = new Map<string, string[]>()
  const addresses = new Map<string, string>()
  for (const { node, data } of reader.events(['sim:node_added'])) addresses.set(node, data.address)
  const names = ['mqtt:packet', 'dns:message', 'ws:frame', 'grpc:message'] as const
  for (const event of reader.events(names)) {
    const { node, flow } = event
    if (!node.startsWith(`${lane}/`)) continue
    const [a, b] = flow.split('-')
    const isFirst = a.startsWith(`${addresses.get(node)}:`)
    say(lines, isFirst ? `${a} > ${b}` : `${b} > ${a}`, lineOf(event))
  }
  return lines
}

type Told_ = ReturnType<RecordingReader['events']> extends Iterable<infer E> ? E : never

function lineOf(event: Told_): string {
  const { name, data } = event as { name: string; data: Record<string, string | number | boolean> }
  switch (name) {
    case 'mqtt:packet': {
      const { type, packet_id, qos, dup, retain, length, header, topic } = data
      const topics = topic === '' ? [] : String(topic).split('\n')
      const remaining = Number(length) - Number(header)
      return [
        'mqtt',
        MQTT_TYPES.indexOf(String(type)),
        packet_id,
        qos,
        dup,
        retain,
        remaining,
        ...topics,
      ].join(' ')
    }
    case 'dns:message': {
      const { over, id, response, rcode, name: asked, type, answers } = data
      return [
        'dns',
        over,
        id,
        response,
        RCODES.indexOf(String(rcode)),
        asked,
        DNS_TYPES[String(type)],
        answers,
      ].join(' ')
    }
    case 'ws:frame':
      return [
        'ws',
        OPCODES[String(data.opcode)],
        data.fin,
        String(data.key).replace(/^0+/, ''),
        data.length,
      ].join(' ')
    default:
      return ['grpc', data.compressed, data.length].join(' ')
  }
}
