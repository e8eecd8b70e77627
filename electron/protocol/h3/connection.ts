/** An HTTP/3 connection (RFC 9114) over a QUIC connection, as its owner sees it: requests, responses, content. */
import type { Micros } from '../../../shared/units.ts'
import { sectionSize, type FieldLine } from '../qpack/fields.ts'
import type { QuicEvent } from '../quic/events.ts'
import { isOpenedByServer, directionOf } from '../quic/streams.ts'
import { HTTP3_ERROR, violation, type Http3ErrorName } from './errors.ts'
import type { Http3Event } from './events.ts'
import { encodeDataHeader } from './frames.ts'
import { formatPriority, type Priority } from './priority.ts'
import { advance } from './receiving.ts'
import type { RequestStream } from './request-stream.ts'
import { Session, type Http3Options } from './session.ts'
import type { Http3Settings } from './settings.ts'
import type { QuicTransport } from './transport.ts'
import { UniStreams } from './uni-streams.ts'

export type { Http3Options }

/** Why a request can't be made: not yet; not on this connection; not with these fields. */
export type RequestRefusal = 'no_stream' | 'going_away' | 'closed' | 'too_large'

export class Http3Connection {
  private readonly session: Session
  private uniStreams: UniStreams

  constructor(quic: QuicTransport, options: Http3Options) {
    this.session = new Session(quic, options)
    this.uniStreams = new UniStreams(this.session)
  }

  /** Takes each event of the QUIC connection, in their order. */
  handleQuicEvent(now: Micros, event: QuicEvent): void {
    const { session } = this
    session.now = now
    if (event.type === 'closed') {
      session.isOver = true
      session.events.push(event)
    }
    if (session.isOver) return
    this.onQuicEvent(event)
    session.flush(event.type === 'settled')
  }

  pollEvent(): Http3Event | undefined {
    return this.session.events.shift()
  }

  // --- messages -------------------------------------------------------------------------------------------

  /** Makes a request and returns the id of its stream; `end`: nothing follows. Client only. */
  request(now: Micros, fields: readonly FieldLine[], end = false): number | RequestRefusal {
    const { session } = this
    session.now = now
    if (session.isOver) return 'closed'
    if (session.goawayReceived !== undefined || session.goawaySent !== undefined) return 'going_away'
    if (sectionSize(fields) > session.peerSettings.maxFieldSectionSize) return 'too_large'
    const id = session.own && session.quic.openStream('bidirectional')
    if (id === undefined) return 'no_stream'
    const stream = session.addRequest(id)
    stream.method = fields.find(({ name }) => name === ':method')?.value
    this.sendSection(stream, fields, end)
    return id
  }

  /**
   * Sends the header section of a response, an interim one (1xx) as often as wished, then the final one. False: the stream takes
   * nothing any more. Server only.
   */
  respond(now: Micros, id: number, fields: readonly FieldLine[], end = false): boolean {
    const stream = this.writable(now, id, 'headers')
    if (stream === undefined) return false
    const isInterim = fields.some(({ name, value }) => name === ':status' && value.startsWith('1'))
    if (isInterim) this.session.sendSection(id, fields, false)
    else {
      const isGranted = fields.some(({ name, value }) => name === ':status' && value.startsWith('2'))
      if (stream.method === 'CONNECT' && isGranted) stream.becomeTunnel()
      this.sendSection(stream, fields, end)
    }
    return true
  }

  /** Sends content as one DATA frame; the bytes must not be changed afterwards. False: the stream takes nothing any more. */
  sendData(now: Micros, id: number, data: Uint8Array, end = false): boolean {
    const stream = this.writable(now, id, 'content')
    if (stream === undefined) return false
    const { session } = this
    if (data.length > 0) {
      const header = encodeDataHeader(data.length)
      const frame = { type: 'data', length: data.length } as const
      session.observer?.onFrameCreated(now, id, frame, header.length + data.length)
      session.write(id, header)
    }
    session.write(id, data, end)
    if (end) this.endSending(stream)
    return true
  }

  /** Sends the trailer section, which ends the message. False: the stream takes nothing any more. */
  sendTrailers(now: Micros, id: number, fields: readonly FieldLine[]): boolean {
    const stream = this.writable(now, id, 'content')
    if (stream === undefined) return false
    this.sendSection(stream, fields, true)
    return true
  }

  /** The next content of the peer's message; undefined: none at the moment. What follows it is told by events. */
  read(now: Micros, id: number): Uint8Array | undefined {
    const { session } = this
    session.now = now
    const stream = session.requests.get(id)
    const content = stream?.content
    if (stream === undefined || content === undefined) return undefined
    stream.content = undefined
    advance(session, stream)
    session.flush()
    return content
  }

  /** Gives an exchange up in both directions (RFC 9114 4.1.1). */
  cancel(now: Micros, id: number, code: Http3ErrorName = 'H3_REQUEST_CANCELLED'): void {
    const { session } = this
    session.now = now
    const stream = session.requests.get(id)
    if (stream === undefined || session.isOver) return
    session.giveUp(stream, HTTP3_ERROR[code])
    session.flush()
  }

  /** Octets of a message of ours that are not acknowledged yet. */
  buffered(id: number): number {
    return this.session.quic.stream(id)?.send?.buffered ?? 0
  }

  /** Tells the server how urgent a response is (RFC 9218 7). Client only. */
  prioritize(now: Micros, id: number, priority: Priority): void {
    const { session } = this
    session.now = now
    if (session.own === undefined || session.isOver) return
    session.send(session.own.control, { type: 'priority_update', id, value: formatPriority(priority) })
  }

  // --- the whole ------------------------------------------------------------------------------------------

  /** Takes no more requests (as a client: pushes) than have come; what is under way goes on (RFC 9114 5.2). */
  goaway(now: Micros): void {
    const { session } = this
    session.now = now
    if (session.own === undefined || session.isOver || session.goawaySent !== undefined) return
    session.goawaySent = session.isServer ? session.nextRequest : 0
    session.send(session.own.control, { type: 'goaway', id: session.goawaySent })
  }

  /** Closes the connection at once. */
  close(now: Micros, code: Http3ErrorName = 'H3_NO_ERROR', reason = ''): void {
    const { session } = this
    if (session.isOver) return
    session.isOver = true
    session.quic.close(now, HTTP3_ERROR[code], reason)
  }

  /** The peer's settings; the initial ones until they have come. */
  get peerSettings(): Http3Settings {
    return this.session.peerSettings
  }

  /** Exchanges that are not over. */
  get openRequests(): number {
    return this.session.requests.size
  }

  /** Streams with a section that waits for the encoder stream. */
  get blockedStreams(): number {
    return this.session.decoder.blockedStreams
  }

  // --- inside ---------------------------------------------------------------------------------------------

  private onQuicEvent(event: QuicEvent): void {
    const { session } = this
    switch (event.type) {
      case 'early':
        return session.startEarly()
      case 'connected':
        return session.start()
      case 'early_refused':
        this.uniStreams = new UniStreams(session)
        return session.startAgain()
      case 'stream_opened':
        return directionOf(event.id) === 'unidirectional'
          ? this.uniStreams.onOpened(event.id)
          : this.onRequestStream(event.id)
      case 'readable':
        return this.onReadable(event.id)
      case 'stream_reset':
        return this.onReset(event.id, event.code)
      case 'stop_sending':
        return this.onStopSending(event.id, event.code)
      case 'writable':
        if (session.requests.has(event.id)) session.events.push(event)
        return
      case 'streams_available':
        session.events.push(event)
    }
  }

  /** The peer opened a bidirectional stream (RFC 9114 6.1). */
  private onRequestStream(id: number): void {
    const { session } = this
    if (isOpenedByServer(id))
      return session.fail(
        violation('H3_STREAM_CREATION_ERROR', `9114 6.1: the server opens bidirectional stream ${id}`),
      )
    const stream = session.addRequest(id)
    session.nextRequest = Math.max(session.nextRequest, id + 4)
    if (session.goawaySent !== undefined && id >= session.goawaySent)
      session.giveUp(stream, HTTP3_ERROR.H3_REQUEST_REJECTED)
  }

  private onReadable(id: number): void {
    if (directionOf(id) === 'unidirectional') return this.uniStreams.onReadable(id)
    const stream = this.session.requests.get(id)
    if (stream?.isReceiving) advance(this.session, stream)
    else this.session.discard(id)
  }

  private onReset(id: number, code: number): void {
    const { session } = this
    if (directionOf(id) === 'unidirectional') return this.uniStreams.onClosed(id)
    const stream = session.requests.get(id)
    // What was complete stays so (RFC 9114 4.1).
    if (stream === undefined || !stream.isReceiving) return
    session.stopReceiving(stream)
    session.events.push({ type: 'reset', id, code })
    session.forgetIfOver(stream)
  }

  private onStopSending(id: number, code: number): void {
    const { session } = this
    if (directionOf(id) === 'unidirectional')
      return session.fail(
        violation('H3_CLOSED_CRITICAL_STREAM', '9114 6.2.1: the peer asks us to stop a critical stream'),
      )
    const stream = session.requests.get(id)
    if (stream === undefined || !stream.isSending) return
    stream.outgoing = 'given_up'
    session.events.push({ type: 'stopped', id, code })
    session.forgetIfOver(stream)
  }

  /** The stream, if something may still be sent on it; throws if it is not the turn of what is to be sent. */
  private writable(now: Micros, id: number, turn: 'headers' | 'content'): RequestStream | undefined {
    const { session } = this
    session.now = now
    const stream = session.requests.get(id)
    if (stream === undefined || !stream.isSending || session.isOver) return undefined
    if (stream.outgoing !== turn) throw new Error(`stream ${id} is to send ${stream.outgoing}, not ${turn}`)
    return stream
  }

  private sendSection(stream: RequestStream, fields: readonly FieldLine[], end: boolean): void {
    this.session.sendSection(stream.id, fields, end)
    stream.outgoing = 'content'
    if (end) this.endSending(stream)
  }

  private endSending(stream: RequestStream): void {
    stream.outgoing = 'complete'
    this.session.forgetIfOver(stream)
  }
}
