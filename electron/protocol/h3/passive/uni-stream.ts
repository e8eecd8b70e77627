/** A unidirectional stream of one side (RFC 9114 6.2, RFC 9204 4.2): what it is for, then what comes on it. */
import { InstructionStream } from '../../qpack/instruction-stream.ts'
import { readDecoderInstruction } from '../../qpack/instructions.ts'
import { Cursor } from '../../wire/quic/cursor.ts'
import { otherSide, type Side } from '../../wire/side.ts'
import { violation, type Http3Violation } from '../errors.ts'
import { checkPlace } from '../frame-rules.ts'
import type { FrameType } from '../frames.ts'
import { STREAM_TYPES } from '../session.ts'
import { isReserved, settingsOf, type Http3Settings } from '../settings.ts'
import type { StreamKind } from './events.ts'
import { PassiveFrames } from './frames.ts'
import type { Tell } from './message-stream.ts'
import type { Sections } from './sections.ts'

/** What a side's unidirectional streams have to do with each other and with the rest of the connection. */
export interface UniContext {
  readonly from: Side
  readonly tell: Tell
  /** What this side's field sections are read with. */
  readonly sections: Sections
  /** Kinds of which there may be one only, as far as they came. */
  readonly seen: Set<StreamKind>
  onSettings(settings: Http3Settings): void
  /** Sections may be readable that were not. */
  onInsertions(): void
}

const KINDS = new Map<number, StreamKind>(
  Object.entries(STREAM_TYPES).map(([name, code]) => [code, name as keyof typeof STREAM_TYPES]),
)
const kindOf = (code: number): StreamKind => KINDS.get(code) ?? (isReserved(code) ? 'reserved' : 'unknown')

const isCritical = (kind: StreamKind | undefined): boolean =>
  kind === 'control' || kind === 'qpack_encoder' || kind === 'qpack_decoder'

/** Octets of an integer (RFC 9000 16). */
const LONGEST_TYPE = 8

export class UniStream {
  private readonly id: number
  private readonly context: UniContext
  private kind: StreamKind | undefined
  /** The beginning of the type, as long as it is not whole. */
  private readonly prefix = new Uint8Array(LONGEST_TYPE)
  private position = 0
  /** Something was wrong with it, or nobody knows what it says. */
  private isLost = false
  private frames: PassiveFrames | undefined
  private readonly decoderStream = new InstructionStream()

  constructor(id: number, context: UniContext) {
    this.id = id
    this.context = context
  }

  /** The next bytes; `fin`: the last ones. */
  handleBytes(bytes: Uint8Array, fin: boolean): void {
    const rest = this.kind === undefined ? this.readKind(bytes) : bytes
    if (rest.length > 0 && !this.isLost) this.handleContent(rest)
    this.position += rest.length
    if (fin) this.handleClosed()
  }

  /** FIN or RESET_STREAM. */
  handleClosed(): void {
    if (isCritical(this.kind))
      this.problem(
        this.position,
        violation('H3_CLOSED_CRITICAL_STREAM', `9114 6.2.1: the ${this.kind!} stream was closed`),
      )
  }

  /** Reads the type and returns what is behind it. */
  private readKind(bytes: Uint8Array): Uint8Array {
    const before = this.position
    const taken = Math.min(bytes.length, LONGEST_TYPE - before)
    this.prefix.set(bytes.subarray(0, taken), before)
    const cursor = new Cursor(this.prefix, 0, before + taken)
    const code = cursor.varint()
    if (cursor.failed) {
      this.position += taken
      return bytes.subarray(taken)
    }
    this.position = cursor.at
    this.begin(kindOf(code))
    return bytes.subarray(cursor.at - before)
  }

  private begin(kind: StreamKind): void {
    const { context, id } = this
    const { from, tell, seen } = context
    this.kind = kind
    tell({ type: 'stream', from, id, kind })
    if (isCritical(kind) && seen.has(kind)) {
      const clause = kind === 'control' ? '9114 6.2.1' : '9204 4.2'
      this.problem(0, violation('H3_STREAM_CREATION_ERROR', `${clause}: a second ${kind} stream`))
      this.isLost = true
    }
    seen.add(kind)
    if (kind === 'control') this.frames = this.makeFrames()
    // Pushes are of no use to a lab in which none is ever allowed.
    else if (kind !== 'qpack_encoder' && kind !== 'qpack_decoder') this.isLost = true
  }

  private handleContent(bytes: Uint8Array): void {
    if (this.frames !== undefined) this.frames.handleBytes(bytes)
    else if (this.kind === 'qpack_encoder') this.handleEncoder(bytes)
    else this.handleDecoder(bytes)
  }

  private makeFrames(): PassiveFrames {
    const { from, tell, onSettings } = this.context
    const { id } = this
    let hasSettings = false
    const check = (type: FrameType): Http3Violation | undefined => {
      const problem = checkPlace(type, 'control', otherSide(from))
      if (problem !== undefined) return problem
      if (!hasSettings && type !== 'settings')
        return violation('H3_MISSING_SETTINGS', `9114 6.2.1: ${type.toUpperCase()} before SETTINGS`)
      if (hasSettings && type === 'settings')
        return violation('H3_FRAME_UNEXPECTED', '9114 7.2.4: a second SETTINGS frame')
      hasSettings = true
      return undefined
    }
    return new PassiveFrames(this.position, 0, check, {
      onFrame: ({ frame, offset, length }) => {
        tell({ type: 'frame', from, id, offset, length, frame })
        if (frame.type === 'settings') onSettings(settingsOf(frame.settings))
      },
      onContent: () => undefined,
      onViolation: (offset, problem) => this.problem(offset, problem),
    })
  }

  private handleEncoder(bytes: Uint8Array): void {
    const { from, tell, sections, onInsertions } = this.context
    const { id } = this
    const error = sections.handleInstructions(this.position, bytes, (offset, length, instruction, change) => {
      tell({ type: 'instruction', from, id, on: 'encoder', offset, length, instruction })
      tell({ type: 'table', from, id, change })
    })
    onInsertions()
    if (error === undefined) return
    this.isLost = true
    this.problem(this.position, error)
  }

  private handleDecoder(bytes: Uint8Array): void {
    const { from, tell } = this.context
    const { id, decoderStream } = this
    const base = this.position - decoderStream.pending
    const error = decoderStream.feed(bytes, 0, 'QPACK_DECODER_STREAM_ERROR', (reader) => {
      const start = reader.at
      const instruction = readDecoderInstruction(reader)
      if (instruction === undefined) return undefined
      const length = reader.at - start
      tell({ type: 'instruction', from, id, on: 'decoder', offset: base + start, length, instruction })
      return undefined
    })
    if (error === undefined) return
    this.isLost = true
    this.problem(this.position, error)
  }

  private problem(offset: number, problem: Http3Violation): void {
    const { from, tell } = this.context
    tell({ type: 'problem', from, id: this.id, offset, scope: 'connection', violation: problem })
  }
}
