/** The peer's unidirectional streams (RFC 9114 6.2, RFC 9204 4.2): what each is for, and what comes on those that we need. */
import { Cursor } from '../wire/quic/cursor.ts'
import { onControlFrame } from './control.ts'
import { violation, type Http3Violation } from './errors.ts'
import { FrameReader } from './frame-reader.ts'
import { checkPlace } from './frame-rules.ts'
import type { UniStreamType } from './observer.ts'
import { advanceUnblocked } from './receiving.ts'
import { STREAM_TYPES, type Session } from './session.ts'

const NOTHING: Uint8Array = new Uint8Array(0)

interface UniStream {
  readonly id: number
  type: UniStreamType | undefined
  /** The beginning of the type, as long as it is not whole: at most seven octets. */
  prefix: Uint8Array
}

const NAMES = new Map<number, UniStreamType>(
  Object.entries(STREAM_TYPES).map(([name, code]) => [code, name as keyof typeof STREAM_TYPES]),
)
const isCritical = (type: UniStreamType | undefined): boolean =>
  type === 'control' || type === 'qpack_encoder' || type === 'qpack_decoder'

export class UniStreams {
  private readonly session: Session
  private readonly all = new Map<number, UniStream>()
  private readonly seen = new Set<UniStreamType>()
  private readonly control: FrameReader
  private hasSettings = false

  constructor(session: Session) {
    this.session = session
    this.control = new FrameReader(0, (type) => {
      const problem = checkPlace(type, 'control', session.options.role)
      if (problem !== undefined) return problem
      const isFirst = !this.hasSettings
      if (isFirst && type !== 'settings')
        return violation('H3_MISSING_SETTINGS', `9114 6.2.1: ${type.toUpperCase()} before SETTINGS`)
      if (!isFirst && type === 'settings')
        return violation('H3_FRAME_UNEXPECTED', '9114 7.2.4: a second SETTINGS frame')
      this.hasSettings = true
      return undefined
    })
  }

  onOpened(id: number): void {
    this.all.set(id, { id, type: undefined, prefix: NOTHING })
  }

  onReadable(id: number): void {
    const stream = this.all.get(id)
    const { session } = this
    if (stream === undefined) return
    const { quic } = session
    while (!session.isOver) {
      const receive = quic.stream(id)?.receive
      if (receive === undefined || receive.resetCode !== undefined) return
      const bytes = quic.read(id)
      const ended = quic.isFinished(id)
      const problem = bytes && this.onBytes(stream, bytes)
      if (problem !== undefined) return session.fail(problem)
      if (ended) return this.onClosed(id)
      if (bytes === undefined) return
    }
  }

  /** It has ended or was reset: no critical stream may (RFC 9114 6.2.1, RFC 9204 4.2). */
  onClosed(id: number): void {
    const type = this.all.get(id)?.type
    this.all.delete(id)
    if (isCritical(type))
      this.session.fail(violation('H3_CLOSED_CRITICAL_STREAM', `9114 6.2.1: the ${type} stream was closed`))
  }

  private onBytes(stream: UniStream, bytes: Uint8Array): Http3Violation | undefined {
    if (stream.type !== undefined) return this.onContent(stream.type, stream.id, bytes)
    const all = new Uint8Array(stream.prefix.length + bytes.length)
    all.set(stream.prefix)
    all.set(bytes, stream.prefix.length)
    const cursor = new Cursor(all)
    const code = cursor.varint()
    if (cursor.failed) {
      stream.prefix = all
      return undefined
    }
    const type = (stream.type = NAMES.get(code) ?? 'unknown')
    this.session.observer?.onStreamType(this.session.now, stream.id, type, true)
    return this.checkNew(type) ?? this.onContent(type, stream.id, all.subarray(cursor.at))
  }

  private checkNew(type: UniStreamType): Http3Violation | undefined {
    if (type === 'push')
      return this.session.isServer
        ? violation('H3_STREAM_CREATION_ERROR', '9114 6.2.2: a client opens a push stream')
        : violation('H3_ID_ERROR', '9114 4.6: a push stream, and no push was allowed')
    if (isCritical(type) && this.seen.has(type))
      return violation(
        'H3_STREAM_CREATION_ERROR',
        `${type === 'control' ? '9114 6.2.1' : '9204 4.2'}: a second ${type} stream`,
      )
    this.seen.add(type)
    return undefined
  }

  private onContent(type: UniStreamType, id: number, bytes: Uint8Array): Http3Violation | undefined {
    const { session } = this
    switch (type) {
      case 'control':
        return this.onControl(id, bytes)
      case 'qpack_encoder': {
        const problem = session.decoder.handleEncoderStream(bytes)
        if (problem === undefined) advanceUnblocked(session)
        return problem
      }
      case 'qpack_decoder':
        return session.encoder.handleDecoderStream(bytes)
      default:
        // RFC 9114 6.2, 9: what is unknown is read and forgotten, so that its credit comes back.
        return undefined
    }
  }

  private onControl(id: number, bytes: Uint8Array): Http3Violation | undefined {
    const { session, control } = this
    control.push(bytes)
    for (let step = control.next(); step !== undefined; step = control.next()) {
      if (step.type === 'violation') return step.violation
      if (step.type === 'content') continue
      session.observer?.onFrameParsed(session.now, id, step.frame, step.length)
      const problem = onControlFrame(session, step.frame)
      if (problem !== undefined) return problem
    }
    return undefined
  }
}
