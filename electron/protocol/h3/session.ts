/** The state of an HTTP/3 connection, and what all of its parts do: open streams, send frames, give up. */
import type { Micros } from '../../../shared/units.ts'
import { Fifo } from '../fifo.ts'
import { QpackDecoder } from '../qpack/decoder.ts'
import { QpackEncoder } from '../qpack/encoder.ts'
import type { FieldLine } from '../qpack/fields.ts'
import { HTTP3_ERROR, violation, type Http3Violation } from './errors.ts'
import type { Http3Event } from './events.ts'
import type { Role } from './frame-rules.ts'
import { encodeFrame, varint, type Http3Frame } from './frames.ts'
import type { Http3Observer } from './observer.ts'
import type { Priority } from './priority.ts'
import { RequestStream } from './request-stream.ts'
import { INITIAL_SETTINGS, reservedNumber, settingsList, type Http3Settings } from './settings.ts'
import type { QuicTransport } from './transport.ts'

export interface Http3Options {
  readonly role: Role
  /** Ours, as the peer is told. `maxFieldSectionSize` also bounds what is kept of a section; Infinity is not allowed. */
  readonly settings: Http3Settings
  /** The dynamic table that we would like for what we send, in octets; the peer may allow less. */
  readonly encoderTableCapacity: number
  /** The server's settings of the connection whose session is taken up: they hold for 0-RTT (RFC 9114 7.2.4.2). Client only. */
  readonly remembered?: Http3Settings
  /** Sends a setting and a frame with reserved numbers, which the peer is to ignore (RFC 9114 7.2.8); undefined: none. */
  readonly grease?: number
  readonly observer?: Http3Observer
}

/** Types of unidirectional streams (RFC 9114 6.2, RFC 9204 4.2). */
export const STREAM_TYPES = { control: 0x00, push: 0x01, qpack_encoder: 0x02, qpack_decoder: 0x03 } as const

/** More urgent than any request (RFC 9218 knows 0 to 7): the connection depends on them. */
const CRITICAL_URGENCY = -1

/** Our three streams that must never close. */
export interface CriticalStreams {
  readonly control: number
  readonly qpack_encoder: number
  readonly qpack_decoder: number
}

export class Session {
  readonly quic: QuicTransport
  readonly options: Http3Options
  readonly events = new Fifo<Http3Event>()
  readonly requests = new Map<number, RequestStream>()
  encoder: QpackEncoder
  decoder: QpackDecoder
  /** The moment that is being handled. */
  now = 0 as Micros
  own: CriticalStreams | undefined
  /** The peer's, as far as we know. */
  peerSettings: Http3Settings = INITIAL_SETTINGS
  /** Our streams were opened in 0-RTT, so they are void if that is refused. */
  private isEarly = false
  /** Settings that the client has gone by in 0-RTT: the server may not fall short of them. */
  inForce: Http3Settings | undefined
  /** Nothing is done any more: it is closed, or about to be. */
  isOver = false
  /** Ids of GOAWAY, once sent and received (RFC 9114 5.2). */
  goawaySent: number | undefined
  goawayReceived: number | undefined
  /** The client's MAX_PUSH_ID. We never push, but it may not shrink (RFC 9114 7.2.7). */
  maxPushId: number | undefined
  /** The first request of the peer's that has not come yet. */
  nextRequest = 0
  /** Priorities of requests that have not come yet, or that outweigh those in their header sections (RFC 9218 7). */
  readonly priorities = new Map<number, Priority>()

  constructor(quic: QuicTransport, options: Http3Options) {
    this.quic = quic
    this.options = options
    this.encoder = this.makeEncoder()
    this.decoder = this.makeDecoder()
  }

  get observer(): Http3Observer | undefined {
    return this.options.observer
  }

  get isServer(): boolean {
    return this.options.role === 'server'
  }

  /** Opens our three streams and sends SETTINGS, as soon as the transport can send (RFC 9114 6.2.1, 7.2.4.2). */
  start(): void {
    if (this.own !== undefined || this.isOver) return
    const ids = [STREAM_TYPES.control, STREAM_TYPES.qpack_encoder, STREAM_TYPES.qpack_decoder].map((type) => {
      const id = this.quic.openStream('unidirectional')
      if (id === undefined) return undefined
      this.quic.setPriority(id, CRITICAL_URGENCY, false)
      this.write(id, varint(type))
      return id
    })
    const [control, encoder, decoder] = ids
    if (control === undefined || encoder === undefined || decoder === undefined)
      return this.fail(
        violation(
          'H3_GENERAL_PROTOCOL_ERROR',
          '9114 6.2: the peer allows fewer than three unidirectional streams',
        ),
      )
    this.own = { control, qpack_encoder: encoder, qpack_decoder: decoder }
    for (const type of ['control', 'qpack_encoder', 'qpack_decoder'] as const)
      this.observer?.onStreamType(this.now, this.own[type], type, false)
    this.sendSettings()
    this.events.push({ type: 'ready' })
  }

  /**
   * Data may be sent before the handshake is complete: a server's settings, so that the client has them with its first 1-RTT packet
   * (RFC 9114 3.2, 7.2.4.2); a client's 0-RTT, by the settings of last time.
   */
  startEarly(): void {
    this.inForce = this.options.remembered
    if (this.inForce !== undefined) this.applySettings(this.inForce)
    this.isEarly = true
    this.start()
  }

  applySettings(settings: Http3Settings): void {
    this.peerSettings = settings
    this.encoder.applySettings(settings.qpackMaxTableCapacity, settings.qpackBlockedStreams)
  }

  /** RFC 9001 4.6.2: everything that was sent is void. */
  startAgain(): void {
    if (!this.isEarly) return
    this.isEarly = false
    this.own = undefined
    this.inForce = undefined
    this.peerSettings = INITIAL_SETTINGS
    this.requests.clear()
    this.encoder = this.makeEncoder()
    this.decoder = this.makeDecoder()
    this.events.push({ type: 'early_refused' })
    this.start()
  }

  /** Sends a whole frame. */
  send(id: number, frame: Exclude<Http3Frame, { type: 'data' | 'http2' }>, fin = false): void {
    const bytes = encodeFrame(frame)
    this.observer?.onFrameCreated(this.now, id, frame, bytes.length)
    this.write(id, bytes, fin)
  }

  /** Writes to a stream, unless the peer has just stopped it: of that we are still to hear. */
  write(id: number, bytes: Uint8Array, fin = false): void {
    if (this.quic.stream(id)?.send?.isReset === false) this.quic.write(id, bytes, fin)
  }

  /** Encodes a field section and sends it as HEADERS, behind the instructions that it needs. */
  sendSection(id: number, fields: readonly FieldLine[], fin: boolean): void {
    const { bytes, section } = this.encoder.encode(id, fields, this.roomForInstructions())
    this.flush()
    this.observer?.onSectionEncoded(this.now, id, section)
    this.send(id, { type: 'headers', section: bytes }, fin)
  }

  /** Writes what QPACK has for its two streams; `settled`: all that came with the last datagram is handled. */
  flush(settled = false): void {
    if (this.own === undefined || this.isOver) return
    const instructions = this.encoder.takeOutput()
    if (instructions.length > 0) this.write(this.own.qpack_encoder, instructions)
    const acknowledgments = this.decoder.takeOutput(settled)
    if (acknowledgments.length > 0) this.write(this.own.qpack_decoder, acknowledgments)
  }

  /** Closes the connection for what the peer did. */
  fail(broken: Http3Violation): void {
    if (this.isOver) return
    this.observer?.onViolation(this.now, undefined, broken)
    this.isOver = true
    this.quic.close(this.now, HTTP3_ERROR[broken.code], broken.reason)
  }

  /** Gives a stream up for what the peer did on it (RFC 9114 4.1.2, 8). */
  failStream(stream: RequestStream, broken: Http3Violation): void {
    this.observer?.onViolation(this.now, stream.id, broken)
    this.giveUp(stream, HTTP3_ERROR[broken.code])
    this.events.push({ type: 'failed', id: stream.id, violation: broken })
  }

  /** Ends both directions of a stream with a code, as far as they are open. */
  giveUp(stream: RequestStream, code: number): void {
    if (stream.isReceiving) {
      this.quic.stopSending(stream.id, code)
      this.stopReceiving(stream)
    }
    if (stream.isSending) {
      this.quic.resetStream(stream.id, code)
      stream.outgoing = 'given_up'
    }
    this.forgetIfOver(stream)
  }

  /** Nothing more of a stream is read; the peer's encoder is told (RFC 9204 2.2.2.2). */
  stopReceiving(stream: RequestStream): void {
    if (!stream.isReceiving) return
    if (stream.isBlocked) this.observer?.onUnblocked(this.now, stream.id, false)
    stream.isBlocked = false
    stream.content = undefined
    stream.incoming = 'given_up'
    this.decoder.cancel(stream.id)
    this.discard(stream.id)
  }

  /** Reads what comes on a stream that was given up, so that its credit comes back. */
  discard(id: number): void {
    const { quic } = this
    // What was reset QUIC has discarded itself.
    while (quic.stream(id)?.receive?.resetCode === undefined && quic.read(id) !== undefined);
  }

  forgetIfOver(stream: RequestStream): void {
    if (stream.isReceiving || stream.isSending) return
    this.requests.delete(stream.id)
    this.priorities.delete(stream.id)
  }

  addRequest(id: number): RequestStream {
    const { role, settings } = this.options
    const stream = new RequestStream(id, role, settings.maxFieldSectionSize)
    this.requests.set(id, stream)
    return stream
  }

  // --- inside ---------------------------------------------------------------------------------------------

  private sendSettings(): void {
    const { settings, grease } = this.options
    const list = settingsList(settings)
    if (grease !== undefined) list.push({ id: reservedNumber(grease), value: grease })
    this.send(this.own!.control, { type: 'settings', settings: list })
    if (grease !== undefined)
      this.send(this.own!.control, { type: 'unknown', code: reservedNumber(grease), length: grease % 8 })
  }

  /** RFC 9204 2.1.3: as much as our encoder stream may send at once. */
  private roomForInstructions(): number {
    const send = this.own && this.quic.stream(this.own.qpack_encoder)?.send
    if (send === undefined) return 0
    return Math.max(0, Math.min(send.limit - send.end, this.quic.metrics.credit))
  }

  private makeEncoder(): QpackEncoder {
    return new QpackEncoder({ capacity: this.options.encoderTableCapacity }, (change) =>
      this.observer?.onTableChange(this.now, 'encoder', change),
    )
  }

  private makeDecoder(): QpackDecoder {
    const { qpackMaxTableCapacity, qpackBlockedStreams, maxFieldSectionSize } = this.options.settings
    const limits = {
      maxTableCapacity: qpackMaxTableCapacity,
      blockedStreams: qpackBlockedStreams,
      maxSectionSize: maxFieldSectionSize,
    }
    return new QpackDecoder(limits, (change) => this.observer?.onTableChange(this.now, 'decoder', change))
  }
}
