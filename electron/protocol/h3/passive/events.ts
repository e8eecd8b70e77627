/** What whoever reads HTTP/3 from the bytes of its streams is told. Offsets are places in the QUIC stream. */
import type { DecoderInstruction, EncoderInstruction } from '../../qpack/instructions.ts'
import type { Section, TableChange } from '../../qpack/fields.ts'
import type { Side } from '../../wire/side.ts'
import type { Http3Violation } from '../errors.ts'
import type { Http3Frame } from '../frames.ts'
import type { SectionKind } from '../message.ts'

/** What a unidirectional stream is for (RFC 9114 6.2); `reserved`: for nothing (6.2.3). */
export type StreamKind = 'control' | 'push' | 'qpack_encoder' | 'qpack_decoder' | 'reserved' | 'unknown'

/** Who sent it, and on which stream. */
interface Place {
  readonly from: Side
  readonly id: number
}

/** A frame, once its last byte is there. */
export interface FrameReading extends Place {
  readonly type: 'frame'
  /** Of its header. */
  readonly offset: number
  /** Of its payload. */
  readonly length: number
  readonly frame: Http3Frame
}

/** A field section, once all that it refers to is there. */
export interface SectionReading extends Place {
  readonly type: 'section'
  readonly offset: number
  readonly kind: SectionKind
  readonly section: Section
  /** The stream ends with it. */
  readonly end: boolean
}

/** The end of a request or response whose header section was read. */
export interface EndReading extends Place {
  readonly type: 'end'
  /** Of the byte after it. */
  readonly offset: number
  /** Bytes of content. */
  readonly content: number
  /** It ended in order, between two frames. */
  readonly complete: boolean
}

export type InstructionReading = Place & {
  readonly type: 'instruction'
  readonly offset: number
  readonly length: number
} & (
    | { readonly on: 'encoder'; readonly instruction: EncoderInstruction }
    | { readonly on: 'decoder'; readonly instruction: DecoderInstruction }
  )

export interface ProblemReading extends Place {
  readonly type: 'problem'
  readonly offset: number
  readonly scope: 'connection' | 'stream'
  readonly violation: Http3Violation
}

export type Http3Reading =
  | (Place & { readonly type: 'stream'; readonly kind: StreamKind })
  | FrameReading
  | SectionReading
  | EndReading
  | InstructionReading
  /** What an instruction did to the table that the field sections of `from` are read with; after the instruction. */
  | (Place & { readonly type: 'table'; readonly change: TableChange })
  | ProblemReading
  /** More than is kept here; what was given up is not told of any more. */
  | (Place & { readonly type: 'limit'; readonly offset: number; readonly limit: 'streams' | 'sections' })
