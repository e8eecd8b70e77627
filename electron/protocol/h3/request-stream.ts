/** One exchange: a request and its response on a bidirectional stream (RFC 9114 4.1, 6.1), as one end sees it. */
import { violation, type Http3Violation } from './errors.ts'
import { FrameReader } from './frame-reader.ts'
import { checkPlace, type Role } from './frame-rules.ts'
import type { FrameType } from './frames.ts'

/**
 * What the peer may send next: its header section; content, or trailers; nothing more but the end. Then the message is complete,
 * or the stream was given up.
 */
export type Incoming = 'headers' | 'content' | 'end' | 'complete' | 'given_up'
/** What we may send next. */
export type Outgoing = 'headers' | 'content' | 'complete' | 'given_up'

export class RequestStream {
  readonly id: number
  readonly reader: FrameReader
  incoming: Incoming = 'headers'
  outgoing: Outgoing = 'headers'
  /** Method of the request, once it is known. */
  method: string | undefined
  /** A CONNECT that was granted: only DATA from now on (RFC 9114 4.4). */
  isTunnel = false
  /** Octets of content that there must be; undefined: any number. */
  contentLength: number | undefined
  contentReceived = 0
  /** Content that the owner has not read; nothing behind it is looked at. */
  content: Uint8Array | undefined
  /** A section waits for the encoder stream (RFC 9204 2.1.2). */
  isBlocked = false
  /** QUIC has no more of it. */
  ended = false

  constructor(id: number, receiver: Role, longestSection: number) {
    this.id = id
    this.reader = new FrameReader(
      longestSection,
      (type) => checkPlace(type, 'request', receiver) ?? this.checkOrder(type),
    )
  }

  get isReceiving(): boolean {
    return this.incoming !== 'complete' && this.incoming !== 'given_up'
  }

  get isSending(): boolean {
    return this.outgoing !== 'complete' && this.outgoing !== 'given_up'
  }

  /** More of what came may be looked at. */
  get canAdvance(): boolean {
    return this.isReceiving && !this.isBlocked && this.content === undefined
  }

  /** RFC 9114 4.4. */
  becomeTunnel(): void {
    this.isTunnel = true
    this.contentLength = undefined
  }

  /** RFC 9114 4.1: headers, content, trailers, in this order. */
  private checkOrder(type: FrameType): Http3Violation | undefined {
    const { incoming, isTunnel } = this
    if (type === 'data' && incoming !== 'content')
      return violation(
        'H3_FRAME_UNEXPECTED',
        `9114 4.1: DATA ${incoming === 'headers' ? 'before a header section' : 'after trailers'}`,
      )
    if (type === 'headers' && incoming === 'end')
      return violation('H3_FRAME_UNEXPECTED', '9114 4.1: HEADERS after trailers')
    if (type === 'headers' && isTunnel)
      return violation('H3_FRAME_UNEXPECTED', '9114 4.4: HEADERS in a tunnel')
    return undefined
  }
}
