/**
 * A QPACK decoder (RFC 9204 2.2): instructions of the peer's encoder in, field sections out, in whatever order streams bring
 * them. A section that refers to what has not been inserted yet waits; its stream is blocked.
 */
import { DecoderTable } from './decoder-table.ts'
import { qpackError, type QpackError } from './errors.ts'
import { readPrefix, readSection, type SectionPrefix } from './field-section.ts'
import type { OnTableChange, Section } from './fields.ts'
import { InstructionStream } from './instruction-stream.ts'
import { readEncoderInstruction } from './instructions.ts'
import type { Reader } from './reader.ts'
import { Writer } from './writer.ts'

export interface DecoderOptions {
  /** Our SETTINGS_QPACK_MAX_TABLE_CAPACITY, in octets as RFC 9204 3.2.1 counts them. */
  readonly maxTableCapacity: number
  /** Our SETTINGS_QPACK_BLOCKED_STREAMS. */
  readonly blockedStreams: number
  /** Octets of a section that are kept (RFC 9114 4.2.2). */
  readonly maxSectionSize: number
}

/** What became of a section. */
export type DecodeResult =
  | { readonly type: 'decoded'; readonly section: Section }
  /** It waits for the encoder stream; `takeUnblocked` tells when it no longer does. */
  | { readonly type: 'blocked'; readonly requiredInsertCount: number }
  | { readonly type: 'error'; readonly error: QpackError }

interface Waiting {
  readonly bytes: Uint8Array
  /** Read when it came: the count on the wire means another one later (RFC 9204 4.5.1.1). */
  readonly prefix: SectionPrefix
}

export class QpackDecoder {
  readonly table = new DecoderTable()
  private readonly options: DecoderOptions
  private readonly onChange: OnTableChange | undefined
  private readonly instructions = new InstructionStream()
  private readonly output = new Writer()
  /** One section a blocked stream: what comes behind it is not read before. */
  private readonly blocked = new Map<number, Waiting>()
  /** Insertions that the encoder knows we have (RFC 9204 2.1.4). */
  private known = 0

  constructor(options: DecoderOptions, onChange?: OnTableChange) {
    this.options = options
    this.onChange = onChange
  }

  /** Streams that wait. */
  get blockedStreams(): number {
    return this.blocked.size
  }

  /** Octets of the encoder stream that came. Afterwards `takeUnblocked` may have something. */
  handleEncoderStream(bytes: Uint8Array): QpackError | undefined {
    // No entry larger than the table is taken, so no string needs to be longer (RFC 9204 3.2.2).
    return this.instructions.feed(
      bytes,
      this.options.maxTableCapacity,
      'QPACK_ENCODER_STREAM_ERROR',
      (reader) => this.execute(reader),
    )
  }

  /** A whole encoded field section of a stream that is not blocked; `bytes` are kept while it waits. */
  decode(stream: number, bytes: Uint8Array): DecodeResult {
    const prefix = readPrefix(bytes, this.options.maxTableCapacity, this.table.insertCount)
    if ('code' in prefix) return { type: 'error', error: prefix }
    const { requiredInsertCount } = prefix
    if (requiredInsertCount <= this.table.insertCount) return this.read(stream, bytes, prefix)
    if (this.blocked.size >= this.options.blockedStreams)
      return {
        type: 'error',
        error: qpackError(
          'QPACK_DECOMPRESSION_FAILED',
          `9204 2.1.2: stream ${stream} is blocked beside ${this.blocked.size} others`,
        ),
      }
    this.blocked.set(stream, { bytes, prefix })
    return { type: 'blocked', requiredInsertCount }
  }

  /** The next stream that is no longer blocked, with its section. */
  takeUnblocked(): { readonly stream: number; readonly result: DecodeResult } | undefined {
    for (const [stream, { bytes, prefix }] of this.blocked) {
      if (prefix.requiredInsertCount > this.table.insertCount) continue
      this.blocked.delete(stream)
      return { stream, result: this.read(stream, bytes, prefix) }
    }
    return undefined
  }

  /** The stream was reset, or is not read any further (RFC 9204 2.2.2.2). */
  cancel(stream: number): void {
    this.blocked.delete(stream)
    if (this.options.maxTableCapacity > 0) this.output.integer(stream, 6, 0x40)
  }

  /**
   * What is to go on the decoder stream. `settled`: all that came at once has been handled, so what no acknowledged section has told
   * of insertions is told, too; before, a section that comes with them may make that needless (RFC 9204 2.2.2.3).
   */
  takeOutput(settled = true): Uint8Array {
    const { insertCount } = this.table
    if (settled && insertCount > this.known) {
      this.output.integer(insertCount - this.known, 6, 0)
      this.known = insertCount
    }
    return this.output.take()
  }

  private read(stream: number, bytes: Uint8Array, prefix: SectionPrefix): DecodeResult {
    const section = readSection(bytes, prefix, this.table, this.options.maxSectionSize)
    if ('code' in section) return { type: 'error', error: section }
    if (prefix.requiredInsertCount > 0) {
      this.output.integer(stream, 7, 0x80)
      this.known = Math.max(this.known, prefix.requiredInsertCount)
    }
    return { type: 'decoded', section }
  }

  /** An instruction of the encoder (RFC 9204 4.3). */
  private execute(reader: Reader): QpackError | undefined {
    const instruction = readEncoderInstruction(reader)
    if (instruction === undefined) return undefined
    const change = this.table.apply(instruction, this.options.maxTableCapacity)
    if ('code' in change) return change
    this.onChange?.(change)
    return undefined
  }
}
