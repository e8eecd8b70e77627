/**
 * What crossed a run's connections, counted twice: by our onlooker, from the trace, and by tshark, from the capture alone.
 * Both as sorted lines of text, so that a difference can be read.
 */
import type { RecordingReader } from '../../electron/engine/recording/types.ts'
import { laneOfName } from '../../shared/trace/store.ts'
import { tsharkFields } from './tshark.ts'

/** RFC 9113 6, RFC 9218 7.1, RFC 7838 4, RFC 8336 2. */
const FRAME_TYPES: Readonly<Record<string, number>> = {
  DATA: 0,
  HEADERS: 1,
  PRIORITY: 2,
  RST_STREAM: 3,
  SETTINGS: 4,
  PUSH_PROMISE: 5,
  PING: 6,
  GOAWAY: 7,
  WINDOW_UPDATE: 8,
  CONTINUATION: 9,
  ALTSVC: 10,
  ORIGIN: 12,
  PRIORITY_UPDATE: 16,
}

class Tally {
  private readonly counts = new Map<string, number>()

  add(what: string): void {
    this.counts.set(what, (this.counts.get(what) ?? 0) + 1)
  }

  get lines(): string[] {
    return [...this.counts].map(([what, count]) => `${what}: ${count}`).sort()
  }
}

/** Frames and streams of HTTP/2, requests and responses of HTTP/1.1, handshake messages of TLS. */
export interface Crossed {
  readonly frames: string[]
  readonly streams: string[]
  readonly messages: string[]
  readonly handshakes: string[]
}

const addressOf = (reader: RecordingReader): Map<string, string> =>
  new Map([...reader.events(['sim:node_added'])].map(({ node, data }) => [node, data.address]))

/** As our onlooker has it, of the connections of one lane over TCP; `quic-counts.ts` has the others. */
export function countedByTrace(reader: RecordingReader, lane: string): Crossed {
  const addresses = addressOf(reader)
  const [frames, streams, messages, handshakes] = Array.from({ length: 4 }, () => new Tally())
  const seen = new Set<string>()
  const quic = new Set<string>()
  const names = [
    'connectivity:address_changed',
    'transport:packet_sent',
    'http:frame',
    'http:message_started',
    'security:handshake_message',
  ] as const
  for (const { name, node, flow, data } of reader.events(names)) {
    if (laneOfName(node) !== lane) continue
    if (name === 'connectivity:address_changed') addresses.set(node, data.to)
    else if (name === 'transport:packet_sent') quic.add(flow)
    if (name === 'connectivity:address_changed' || name === 'transport:packet_sent' || quic.has(flow))
      continue
    const from = addresses.get(node)!
    if (name === 'http:frame') {
      frames.add(`${from} type ${FRAME_TYPES[data.type] ?? data.type}`)
      const stream = `${flow} ${data.stream}`
      if (!seen.has(stream)) streams.add('streams')
      seen.add(stream)
    } else if (name === 'security:handshake_message') handshakes.add(`${from} type ${data.type}`)
    else if (data.version === 'http/1.1' && data.part !== 'trailers')
      messages.add(`${from} ${data.part === 'request' ? data.method : data.status}`)
  }
  return toCrossed(frames, streams, messages, handshakes)
}

const toCrossed = (frames: Tally, streams: Tally, messages: Tally, handshakes: Tally): Crossed => ({
  frames: frames.lines,
  streams: streams.lines,
  messages: messages.lines,
  handshakes: handshakes.lines,
})

const FIELDS = [
  'ip.src',
  'tcp.stream',
  'http2.type',
  'http2.streamid',
  'http.request.method',
  'http.response.code',
  'tls.handshake.type',
] as const

interface Reading {
  /** Ports on which HTTP/2 is spoken in the clear: before the client's preface tshark could not know. */
  readonly clearHttp2?: readonly number[]
}

/** As tshark has it, from the capture alone. */
export function countedByTshark(file: string, { clearHttp2 = [] }: Reading = {}): Crossed {
  const [frames, streams, messages, handshakes] = Array.from({ length: 4 }, () => new Tally())
  const seen = new Set<string>()
  const values = (text: string): string[] => (text === '' ? [] : text.split(','))
  const rows = tsharkFields(file, FIELDS, {
    occurrence: 'a',
    filter: '(http || http2 || tls) && !quic',
    // A segment that came out of order belongs where its number says (off by default).
    preferences: ['tcp.reassemble_out_of_order:TRUE'],
    decodeAs: clearHttp2.map((port) => `tcp.port==${port},http2`),
  })
  for (const row of rows) {
    const from = row['ip.src']
    for (const type of values(row['http2.type'])) frames.add(`${from} type ${type}`)
    for (const id of values(row['http2.streamid'])) {
      const stream = `${row['tcp.stream']} ${id}`
      if (!seen.has(stream)) streams.add('streams')
      seen.add(stream)
    }
    for (const method of values(row['http.request.method'])) messages.add(`${from} ${method}`)
    for (const code of values(row['http.response.code'])) messages.add(`${from} ${code}`)
    for (const type of values(row['tls.handshake.type'])) handshakes.add(`${from} type ${type}`)
  }
  return toCrossed(frames, streams, messages, handshakes)
}
