/**
 * What the field sections of one side are read with: the dynamic table that its encoder stream makes (RFC 9204 3.2). As a decoder,
 * but it may look on: it acknowledges nothing, and learns the decoder's settings when it sees them.
 */
import { DecoderTable } from '../../qpack/decoder-table.ts'
import { qpackError, type QpackError } from '../../qpack/errors.ts'
import { readPrefix, readSection, type SectionPrefix } from '../../qpack/field-section.ts'
import type { Section, TableChange } from '../../qpack/fields.ts'
import { InstructionStream } from '../../qpack/instruction-stream.ts'
import { readEncoderInstruction, type EncoderInstruction } from '../../qpack/instructions.ts'
import { Reader } from '../../qpack/reader.ts'

/** The largest table that is kept here, in octets as RFC 9204 3.2.1 counts them; endpoints allow less. */
const MOST_CAPACITY = 65_536

export type TellInstruction = (
  offset: number,
  length: number,
  instruction: EncoderInstruction,
  change: TableChange,
) => void

export class Sections {
  private readonly table = new DecoderTable()
  private readonly stream = new InstructionStream()
  /** SETTINGS_QPACK_MAX_TABLE_CAPACITY of the other side, once it was seen. */
  private maxCapacity: number | undefined

  set decoderCapacity(capacity: number) {
    this.maxCapacity = Math.min(capacity, MOST_CAPACITY)
  }

  /** Insertions so far. */
  get insertCount(): number {
    return this.table.insertCount
  }

  /** The next bytes of the encoder stream, which begin at `offset`. */
  handleInstructions(offset: number, bytes: Uint8Array, tell: TellInstruction): QpackError | undefined {
    const base = offset - this.stream.pending
    return this.stream.feed(bytes, MOST_CAPACITY, 'QPACK_ENCODER_STREAM_ERROR', (reader) => {
      const start = reader.at
      const instruction = readEncoderInstruction(reader)
      if (instruction === undefined) return undefined
      const change = this.table.apply(instruction, this.maxCapacity ?? MOST_CAPACITY)
      if ('code' in change) return change
      tell(base + start, reader.at - start, instruction, change)
      return undefined
    })
  }

  /** How a section begins; its Required Insert Count says whether it can be read already. */
  prefix(bytes: Uint8Array): SectionPrefix | QpackError {
    const { maxCapacity, table } = this
    if (maxCapacity !== undefined) return readPrefix(bytes, maxCapacity, table.insertCount)
    return this.earlyPrefix(bytes)
  }

  read(bytes: Uint8Array, prefix: SectionPrefix, maxSize: number): Section | QpackError {
    return readSection(bytes, prefix, this.table, maxSize)
  }

  /**
   * In 0-RTT the client goes by settings of an earlier connection that nobody here has seen. Until as many entries as the table could
   * hold were inserted twice, the count stands as it is, plus one (RFC 9204 4.5.1.1); the settings come sooner.
   */
  private earlyPrefix(bytes: Uint8Array): SectionPrefix | QpackError {
    const encoded = new Reader(bytes, 0).integer(8)
    // As if the table held all that was ever inserted: the count is not taken modulo anything.
    const capacity = 32 * Math.max(encoded, this.table.insertCount + 1)
    return Number.isSafeInteger(capacity)
      ? readPrefix(bytes, capacity, this.table.insertCount)
      : qpackError('QPACK_DECOMPRESSION_FAILED', `9204 4.5.1.1: a Required Insert Count of ${encoded - 1}`)
  }
}
