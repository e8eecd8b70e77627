/**
 * Frames of HTTP/3 in qlog's words (draft-ietf-quic-qlog-h3-events): created where their sender lets the last byte go, parsed where
 * the receiver could read it, since all bytes of the stream up to there had come. Version 0.3 has QPACK, too, which the draft has
 * given up; there it stands in a namespace of ours.
 */
import type { EventData, EventName } from '../../../shared/trace/events.ts'
import { Reassembly, streamPieces, type StreamPiece } from '../metrics/stream-bytes.ts'
import type { TraceEvent } from '../recording/types.ts'
import { parseHeaderFields } from './page-loads.ts'
import type { Line, QlogVersion } from './qlog-line.ts'

/** The events that it has to see. */
export const HTTP3_SEEN = [
  'transport:packet_sent',
  'transport:packet_received',
  'http:frame',
  'http:message_started',
  'http:stream_opened',
  'http:qpack_instruction',
  'http:section_blocked',
  'http:section_unblocked',
] as const satisfies readonly EventName[]

export type Http3SeenEvent = TraceEvent<(typeof HTTP3_SEEN)[number]>

const SEEN: ReadonlySet<string> = new Set(HTTP3_SEEN)
export const isSeenOfHttp3 = (event: TraceEvent): event is Http3SeenEvent => SEEN.has(event.name)

/** A line with what the event that it was made of carries. */
export interface Told {
  readonly event: TraceEvent
  readonly line: Line
}

/** A frame on a stream, and the offset of the byte after it. */
interface Frame {
  readonly stream: number
  readonly end: number
  data: Readonly<Record<string, unknown>>
}

const STREAM_TYPES: Readonly<Record<string, string>> = {
  qpack_encoder: 'qpack_encode',
  qpack_decoder: 'qpack_decode',
}

/** Bytes of a variable-length integer (RFC 9000 16). */
const varintLength = (value: number): number =>
  value < 1 << 6 ? 1 : value < 1 << 14 ? 2 : value < 1 << 30 ? 4 : 8

/** RFC 9218 7.2: the only frame that we know with a type beyond one byte. */
const typeLength = (type: string): number => (type === 'PRIORITY_UPDATE' ? 4 : 1)

export class Http3Teller {
  private readonly host: string
  private readonly version: QlogVersion
  /** Connections over QUIC. */
  private readonly flows = new Set<string>()
  /** A HEADERS frame of ours: what it says comes next. */
  private held: { readonly event: TraceEvent<'http:frame'>; readonly frame: Frame } | undefined
  /** Of the others, by flow and stream: frames on their way, and how far their bytes have come. */
  private readonly coming = new Map<string, Frame[]>()
  private readonly arrived = new Map<string, Reassembly>()
  /** STREAM frames of the others' packets, by flow and number. */
  private readonly underWay = new Map<string, readonly StreamPiece[]>()

  constructor(host: string, version: QlogVersion) {
    this.host = host
    this.version = version
  }

  /** Whether an event is about HTTP/3 and not about HTTP/2. */
  owns({ flow }: TraceEvent<'http:frame'>): boolean {
    return this.flows.has(flow)
  }

  /** All that is to be written before the next event, of which nothing is held back any more. */
  tell(event: Http3SeenEvent): Told[] {
    const { node, flow } = event
    if (event.name === 'transport:packet_sent') this.flows.add(flow)
    if (!this.flows.has(flow)) return []
    if (node !== this.host) {
      this.learn(event)
      return []
    }
    if (event.name === 'http:message_started') return this.takeHeaders(event)
    const before = this.release()
    if (event.name === 'http:frame') return [...before, ...this.created(event)]
    return [...before, ...this.tellStream(event)]
  }

  /** What is held back still. To be called before any line that is not from here, and at the end. */
  release(): Told[] {
    const { held } = this
    this.held = undefined
    return held === undefined ? [] : [this.told(held.event, 'frame_created', held.frame.data)]
  }

  private created(event: TraceEvent<'http:frame'>): Told[] {
    const frame = this.frameOf(event.data)
    if (event.data.type === 'HEADERS') {
      this.held = { event, frame }
      return []
    }
    return [this.told(event, 'frame_created', frame.data)]
  }

  private takeHeaders({ data }: TraceEvent<'http:message_started'>): Told[] {
    if (this.held?.frame.stream === data.exchange) addHeaders(this.held.frame, data)
    return this.release()
  }

  /** What the others do: their frames will be parsed here. */
  private learn(event: Http3SeenEvent): void {
    const { flow } = event
    if (event.name === 'transport:packet_sent') {
      const { number, frames } = event.data
      const pieces = streamPieces(frames)
      if (pieces.length > 0) this.underWay.set(`${flow} ${number}`, pieces)
    } else if (event.name === 'http:frame') {
      const key = `${flow} ${event.data.stream}`
      const frame = this.frameOf(event.data)
      const frames = this.coming.get(key)
      if (frames === undefined) this.coming.set(key, [frame])
      else frames.push(frame)
    } else if (event.name === 'http:message_started') {
      const frame = this.coming.get(`${flow} ${event.data.exchange}`)?.at(-1)
      if (frame !== undefined) addHeaders(frame, event.data)
    }
  }

  /** The frames that can be read with a packet that came here. */
  parsed(event: TraceEvent): Told[] {
    if (event.name !== 'transport:packet_received' || event.node !== this.host) return []
    const { flow, data } = event
    if (data.level !== '0rtt' && data.level !== '1rtt') return []
    const key = `${flow} ${data.number}`
    const pieces = this.underWay.get(key) ?? []
    this.underWay.delete(key)
    return pieces.flatMap(({ id, offset, length }) => {
      const stream = `${flow} ${id}`
      let reassembly = this.arrived.get(stream)
      if (reassembly === undefined) this.arrived.set(stream, (reassembly = new Reassembly()))
      reassembly.add(offset, length)
      const coming = this.coming.get(stream) ?? []
      const whole = coming.findIndex(({ end }) => end > reassembly.next)
      const done = coming.splice(0, whole < 0 ? coming.length : whole)
      return done.map((frame) => this.told(event, 'frame_parsed', frame.data))
    })
  }

  private tellStream(event: Http3SeenEvent): Told[] {
    if (event.name === 'http:stream_opened') {
      const { stream, kind } = event.data
      const type = STREAM_TYPES[kind] ?? kind
      const whose = this.version === 'draft' ? { initiator: 'local' } : { owner: 'local' }
      return [this.told(event, 'stream_type_set', { ...whose, stream_id: stream, stream_type: type })]
    }
    if (this.version === 'draft') return []
    if (event.name === 'http:qpack_instruction') {
      const { name, length, detail } = event.data
      const data = { instruction: { instruction_type: name, detail }, length }
      return [{ event, line: { name: 'qpack:instruction_created', data } }]
    }
    if (event.name !== 'http:section_blocked' && event.name !== 'http:section_unblocked') return []
    const state = event.name === 'http:section_blocked' ? 'blocked' : 'unblocked'
    const data = { stream_id: event.data.stream, state }
    return [{ event, line: { name: 'qpack:stream_state_updated', data } }]
  }

  private frameOf({ stream, type, offset, length, detail }: EventData<'http:frame'>): Frame {
    const end = offset + typeLength(type) + varintLength(length) + length
    const frame = contentOf(type, detail)
    const data =
      this.version === 'draft'
        ? { stream_id: stream, frame: { ...frame, raw: { payload_length: length } } }
        : { stream_id: stream, length, frame }
    return { stream, end, data }
  }

  private told(event: TraceEvent, name: string, data: Line['data']): Told {
    return { event, line: { name: `${this.version === 'draft' ? 'http3' : 'http'}:${name}`, data } }
  }
}

function addHeaders(frame: Frame, { fields }: EventData<'http:message_started'>): void {
  const headers = parseHeaderFields(fields).map(([name, value]) => ({ name, value }))
  frame.data = { ...frame.data, frame: { ...(frame.data.frame as object), headers } }
}

const numberIn = (detail: string): number => Number(/\d+/.exec(detail)?.[0] ?? 0)

/** What a frame says, from the onlooker's words. */
function contentOf(type: string, detail: string): Record<string, unknown> {
  const unknown = /^(reserved|type) (0x[0-9a-f]+)$/.exec(type)
  if (unknown !== null)
    return {
      frame_type: unknown[1] === 'reserved' ? 'reserved' : 'unknown',
      frame_type_bytes: Number(unknown[2]),
    }
  const frame = { frame_type: type.toLowerCase() }
  switch (type) {
    case 'HEADERS':
      return { ...frame, headers: [] }
    case 'SETTINGS':
      return { ...frame, settings: detail === '' ? [] : detail.split(', ').map(settingOf) }
    case 'GOAWAY':
      return { ...frame, id: numberIn(detail) }
    case 'CANCEL_PUSH':
    case 'MAX_PUSH_ID':
      return { ...frame, push_id: numberIn(detail) }
    case 'PUSH_PROMISE':
      return { ...frame, push_id: numberIn(detail), headers: [] }
    case 'PRIORITY_UPDATE': {
      const [element, ...value] = detail.split(', ')
      const id = element.startsWith('push') ? 'push_id' : 'stream_id'
      return { ...frame, [id]: numberIn(element), priority_field_value: value.join(', ') }
    }
    default:
      return frame
  }
}

/** `NAME value`, `reserved 0x.. value` or `0x.. value`. */
function settingOf(text: string): Record<string, unknown> {
  const words = text.split(' ')
  const value = Number(words.at(-1))
  if (words[0] === 'reserved') return { name: 'reserved', name_bytes: Number(words[1]), value }
  if (words[0].startsWith('0x')) return { name: 'unknown', name_bytes: Number(words[0]), value }
  return { name: `settings_${words[0].toLowerCase()}`, value }
}
