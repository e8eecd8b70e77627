/** What one side sends on a request stream (RFC 9114 4.1): frames, and the message that they are. */
import { otherSide, type Side } from '../../wire/side.ts'
import type { SectionPrefix } from '../../qpack/field-section.ts'
import type { Section } from '../../qpack/fields.ts'
import { violation, type Http3Violation } from '../errors.ts'
import { checkPlace } from '../frame-rules.ts'
import type { FrameType } from '../frames.ts'
import { readRequest, readResponse, readTrailers, type MessageHead, type SectionKind } from '../message.ts'
import type { Http3Reading } from './events.ts'
import { PassiveFrames, type PlacedFrame } from './frames.ts'
import type { Sections } from './sections.ts'

/** Octets of a field section that are read, and of the lines in it that are kept; endpoints take less. */
const LONGEST_SECTION = 131_072
/** Field sections of a stream that wait; after that its messages are not read. */
const MOST_WAITING = 64

export type Tell = (reading: Http3Reading) => void

/** A section that was sent before what it refers to. */
interface Waiting {
  readonly offset: number
  readonly bytes: Uint8Array
  readonly prefix: SectionPrefix
  readonly end: boolean
}

export class MessageStream {
  readonly id: number
  private readonly from: Side
  private readonly sections: Sections
  private readonly tell: Tell
  private readonly frames: PassiveFrames
  private waiting: Waiting[] = []
  /** Octets of sections that wait. */
  heldLength = 0
  private hasHeaders = false
  private hasFinal = false
  private hasTrailers = false
  /** FIN came, with the bytes that are being read or before. */
  private finished = false
  private content = 0
  /** How it ended, if it did: told after the sections that wait. */
  private ended: 'in_order' | 'cut_off' | undefined
  /** No section of it can be read any more. */
  private isLost = false

  constructor(from: Side, id: number, sections: Sections, tell: Tell) {
    this.from = from
    this.id = id
    this.sections = sections
    this.tell = tell
    const check = (type: FrameType) => checkPlace(type, 'request', otherSide(from)) ?? this.checkOrder(type)
    this.frames = new PassiveFrames(0, LONGEST_SECTION, check, {
      onFrame: (frame) => this.onFrame(frame),
      onContent: (length) => (this.content += length),
      onViolation: (offset, problem) => this.problem(offset, problem),
    })
  }

  get isWaiting(): boolean {
    return this.waiting.length > 0
  }

  /** It has ended, and nothing of it waits. */
  get isOver(): boolean {
    return this.ended !== undefined && !this.isWaiting
  }

  handleBytes(bytes: Uint8Array, fin: boolean): void {
    this.finished = fin
    this.frames.handleBytes(bytes)
    if (fin) this.onFinished()
  }

  /** RESET_STREAM. */
  handleReset(): void {
    this.end('cut_off')
  }

  /** The table has more in it: reads what it can. */
  advance(): void {
    while (this.waiting.length > 0) {
      const [first] = this.waiting
      if (first.prefix.requiredInsertCount > this.sections.insertCount) return
      this.waiting.shift()
      this.heldLength -= first.bytes.length
      this.read(first)
    }
    if (this.ended !== undefined) this.tellEnd()
  }

  /** Does without the sections that wait. */
  giveUp(): void {
    this.waiting = []
    this.heldLength = 0
    this.isLost = true
    this.tell({
      type: 'limit',
      from: this.from,
      id: this.id,
      offset: this.frames.length,
      limit: 'sections',
    })
    if (this.ended !== undefined) this.tellEnd()
  }

  private checkOrder(type: FrameType): Http3Violation | undefined {
    if (type === 'data' && !this.hasHeaders)
      return violation('H3_FRAME_UNEXPECTED', '9114 4.1: DATA before a header section')
    if (type === 'headers') this.hasHeaders = true
    return undefined
  }

  private onFrame(placed: PlacedFrame): void {
    const { frame, offset, payloadAt, length } = placed
    this.tell({ type: 'frame', from: this.from, id: this.id, offset, length, frame })
    if (frame.type === 'headers') this.onSection(payloadAt, frame.section)
  }

  private onSection(offset: number, bytes: Uint8Array): void {
    if (this.isLost) return
    const prefix = this.sections.prefix(bytes)
    if ('code' in prefix) {
      this.isLost = true
      return this.problem(offset, prefix)
    }
    const end = this.finished && this.frames.isBetweenFrames
    const section = { offset, bytes, prefix, end }
    const isReadable = prefix.requiredInsertCount <= this.sections.insertCount
    if (isReadable && !this.isWaiting) return this.read(section)
    this.waiting.push(section)
    this.heldLength += bytes.length
    if (this.waiting.length > MOST_WAITING) this.giveUp()
  }

  private read({ offset, bytes, prefix, end }: Waiting): void {
    const { from, id } = this
    const section = this.sections.read(bytes, prefix, LONGEST_SECTION)
    if ('code' in section) {
      this.isLost = true
      return this.problem(offset, section)
    }
    const head = this.headOf(section)
    const kind = 'code' in head ? this.kindOf(section) : head.kind
    this.tell({ type: 'section', from, id, offset, kind, section, end })
    if ('code' in head) this.problem(offset, head, 'stream')
    if (this.hasTrailers)
      this.problem(offset, violation('H3_FRAME_UNEXPECTED', '9114 4.1: HEADERS after trailers'))
    if (kind === 'trailers') this.hasTrailers = true
    else if (kind !== 'informational') this.hasFinal = true
  }

  private headOf({ lines }: Section): MessageHead | Http3Violation {
    if (this.hasFinal) return readTrailers(lines)
    return this.from === 'client' ? readRequest(lines) : readResponse(lines)
  }

  /** Of one that breaks a rule. */
  private kindOf({ lines }: Section): SectionKind {
    if (this.hasFinal) return 'trailers'
    if (this.from === 'client') return 'request'
    const status = lines.find(({ name }) => name === ':status')?.value ?? ''
    return /^1[0-9][0-9]$/.test(status) ? 'informational' : 'response'
  }

  private onFinished(): void {
    const { length, isBetweenFrames, isCutOff } = this.frames
    if (isCutOff)
      this.problem(length, violation('H3_FRAME_ERROR', '9114 7.1: the stream ends inside a frame'))
    else if (isBetweenFrames && !this.hasHeaders)
      this.problem(
        length,
        violation('H3_REQUEST_INCOMPLETE', '9114 4.1: the stream ends without a header section'),
        'stream',
      )
    this.end(isBetweenFrames ? 'in_order' : 'cut_off')
  }

  private end(how: 'in_order' | 'cut_off'): void {
    if (this.ended !== undefined) return
    this.ended = how
    if (!this.isWaiting) this.tellEnd()
  }

  private tellEnd(): void {
    if (!this.hasFinal) return
    const { from, id, content } = this
    const complete = this.ended === 'in_order'
    this.tell({ type: 'end', from, id, offset: this.frames.length, content, complete })
  }

  private problem(offset: number, problem: Http3Violation, scope: 'connection' | 'stream' = 'connection') {
    this.tell({ type: 'problem', from: this.from, id: this.id, offset, scope, violation: problem })
  }
}
