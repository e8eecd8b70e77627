/** The HTTP messages and frames of a lane as an onlooker read them, added up. */
import type { EventData } from '../../../shared/trace/events.ts'

/** What an onlooker tells of HTTP. */
export const MESSAGE_EVENTS = [
  'http:message_started',
  'http:message_finished',
  'http:frame',
  'http:table_changed',
  'http:qpack_instruction',
  'http:section_blocked',
] as const

/** Header sections of one kind. */
export class HeaderBytes {
  onWire = 0
  uncompressed = 0

  add({ length, uncompressed }: EventData<'http:message_started'>): void {
    this.onWire += length
    this.uncompressed += uncompressed
  }

  /** The share that compression saved; null: there was nothing to save. */
  get saving(): number | null {
    return this.uncompressed === 0 ? null : 1 - this.onWire / this.uncompressed
  }
}

/** One exchange of an HTTP/1.1 connection, as its server sees it. */
export interface Exchange {
  /** The last byte of the request left the client, and reached the server; null: it did not, or not at the first try. */
  requestSent: number | null
  requestArrived: number | null
  /** The last byte of the response left the server. */
  responseSent: number | null
}

export class MessageLog {
  seen = false
  readonly requestHeaders = new HeaderBytes()
  /** Those of all requests but the first of each connection. */
  readonly repeatedHeaders = new HeaderBytes()
  readonly responseHeaders = new HeaderBytes()
  readonly trailers = new HeaderBytes()
  /** Frames by type. */
  readonly frames = new Map<string, number>()
  /** Streams on which a header section was sent, and those among them that a server opened. */
  readonly streams = new Set<string>()
  readonly serverStreams = new Set<string>()
  /** Entries that left the tables that requests are written with. */
  evictions = 0
  /** HTTP/1.1: exchanges by connection, in their order. */
  readonly connections = new Map<string, Exchange[]>()
  /** QPACK (RFC 9204): instructions on encoder streams, their bytes, and field sections that had to wait for some. */
  encoderInstructions = 0
  encoderBytes = 0
  sectionsBlocked = 0
  private readonly began = new Set<string>()
  /** Requests whose last byte a packet carries. */
  private readonly underWay = new Map<number, Exchange[]>()

  onStarted(flow: string, message: EventData<'http:message_started'>): void {
    this.seen = true
    if (message.version === 'http/1.1' && message.part === 'request') this.exchange(flow, message.exchange)
    if (message.part === 'request') {
      this.requestHeaders.add(message)
      if (this.began.has(flow)) this.repeatedHeaders.add(message)
      this.began.add(flow)
    } else if (message.part === 'response') this.responseHeaders.add(message)
    else if (message.part === 'trailers') this.trailers.add(message)
  }

  onFinished(t: number, flow: string, pkt: number, message: EventData<'http:message_finished'>): void {
    const exchange = this.connections.get(flow)?.[message.exchange - 1]
    if (exchange === undefined) return
    if (message.part === 'response') exchange.responseSent = t
    else {
      exchange.requestSent = t
      const list = this.underWay.get(pkt)
      if (list === undefined) this.underWay.set(pkt, [exchange])
      else list.push(exchange)
    }
  }

  /** `h3`: whether it is one of HTTP/3. */
  onFrame(flow: string, { type, stream }: EventData<'http:frame'>, h3: boolean): void {
    this.seen = true
    this.frames.set(type, (this.frames.get(type) ?? 0) + 1)
    if (type !== 'HEADERS') return
    this.streams.add(`${flow} ${stream}`)
    // RFC 9113 5.1.1: the server's are even; RFC 9000 2.1: they are odd.
    if ((stream % 2 === 0) !== h3) this.serverStreams.add(`${flow} ${stream}`)
  }

  onTable({ from, what }: EventData<'http:table_changed'>): void {
    if (from === 'client' && what === 'evict') this.evictions++
  }

  onInstruction({ on, length }: EventData<'http:qpack_instruction'>): void {
    this.seen = true
    if (on !== 'encoder') return
    this.encoderInstructions++
    this.encoderBytes += length
  }

  /** A packet reached the other end. */
  onArrival(t: number, pkt: number): void {
    if (this.underWay.size === 0) return
    for (const exchange of this.underWay.get(pkt) ?? []) exchange.requestArrived = t
    this.underWay.delete(pkt)
  }

  private exchange(flow: string, number: number): void {
    let list = this.connections.get(flow)
    if (list === undefined) this.connections.set(flow, (list = []))
    // An onlooker that lost its place does not know the number; what it counts then is no exchange of ours.
    if (number !== list.length + 1) return
    list.push({ requestSent: null, requestArrived: null, responseSent: null })
  }
}
