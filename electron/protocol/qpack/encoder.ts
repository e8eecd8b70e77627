/**
 * A QPACK encoder (RFC 9204 2.1): field lines in, encoded field sections and instructions for the peer's decoder out. It never
 * lets more streams risk being blocked than the decoder allows, and never evicts what a section on the way refers to.
 */
import { EncoderTable } from './encoder-table.ts'
import { qpackError, type QpackError } from './errors.ts'
import {
  sectionSize,
  type EncodedLine,
  type FieldLine,
  type OnTableChange,
  type Section,
  type TableEntry,
} from './fields.ts'
import { encodeInsertCount } from './insert-count.ts'
import { InstructionStream } from './instruction-stream.ts'
import { readDecoderInstruction } from './instructions.ts'
import { Outstanding } from './outstanding.ts'
import type { Reader } from './reader.ts'
import { findStatic } from './static-table.ts'
import { Writer } from './writer.ts'

/** Values of these differ from message to message: an entry would cost more than it saves. */
const NOT_WORTH_AN_ENTRY = new Set([
  ':path',
  'age',
  'content-length',
  'etag',
  'if-modified-since',
  'if-none-match',
  'last-modified',
  'location',
  'set-cookie',
])
/** Sections that may wait for their acknowledgment; beyond that the table is not used (RFC 9204 7.3: memory of the encoder). */
const MOST_OUTSTANDING = 1_024

export interface EncoderOptions {
  /** The size of table that we would like, in octets as RFC 9204 3.2.1 counts them, as far as the decoder allows it. */
  readonly capacity: number
  /** Strings are Huffman-coded where that is shorter; by default they are. */
  readonly huffman?: boolean
  /** Whether an entry is made for a line; by default not for names whose values hardly repeat. */
  readonly isWorthAnEntry?: (field: FieldLine) => boolean
}

/** A section in the making. */
interface Making {
  readonly base: number
  readonly body: Writer
  readonly lines: EncodedLine[]
  readonly references: Set<number>
  /** The stream may be blocked, so entries may be used that the decoder may not have yet. */
  readonly mayBlock: boolean
  /** The table may be used at all. */
  readonly mayRefer: boolean
  required: number
  /** Octets that the encoder stream takes. */
  room: number
}

type Found = Pick<EncodedLine, 'representation' | 'index' | 'table'>

const broken = (reason: string): QpackError => qpackError('QPACK_DECODER_STREAM_ERROR', reason)

export class QpackEncoder {
  readonly table = new EncoderTable()
  private readonly wanted: number
  private readonly huffman: boolean
  private readonly isWorthAnEntry: (field: FieldLine) => boolean
  private readonly onChange: OnTableChange | undefined
  private readonly instructions = new InstructionStream()
  private readonly output = new Writer()
  private readonly outstanding = new Outstanding()
  /** The decoder's SETTINGS_QPACK_MAX_TABLE_CAPACITY and SETTINGS_QPACK_BLOCKED_STREAMS; until they come, both are 0. */
  private maxCapacity = 0
  private mostBlocked = 0

  constructor({ capacity, huffman = true, isWorthAnEntry }: EncoderOptions, onChange?: OnTableChange) {
    this.wanted = capacity
    this.huffman = huffman
    this.isWorthAnEntry = isWorthAnEntry ?? (({ name }) => !NOT_WORTH_AN_ENTRY.has(name))
    this.onChange = onChange
  }

  /** Streams that may be blocked at the decoder just now. */
  get blockableStreams(): number {
    return this.outstanding.blockable(this.table.known).size
  }

  /** The decoder's settings have come. */
  applySettings(maxTableCapacity: number, blockedStreams: number): void {
    this.maxCapacity = maxTableCapacity
    this.mostBlocked = blockedStreams
    this.setCapacity(Math.min(this.wanted, maxTableCapacity))
  }

  /** RFC 9204 4.3.1. Returns false where entries that are still in use would have to go; then nothing changes. */
  setCapacity(capacity: number): boolean {
    if (capacity > this.maxCapacity || !this.table.canMakeRoom(capacity)) return false
    if (capacity === this.table.capacity) return true
    this.output.integer(capacity, 5, 0x20)
    this.tell('set_capacity', undefined, this.table.resize(capacity))
    return true
  }

  /**
   * Encodes a field section of a stream. `room` is what the encoder stream takes without waiting for credit: an instruction
   * that had to wait for it might wait for the very section that needs it (RFC 9204 2.1.3).
   */
  encode(
    stream: number,
    fields: readonly FieldLine[],
    room = Infinity,
  ): { readonly bytes: Uint8Array; readonly section: Section } {
    const blockable = this.outstanding.blockable(this.table.known)
    const making: Making = {
      base: this.table.insertCount,
      body: new Writer(this.huffman),
      lines: [],
      references: new Set(),
      mayBlock: blockable.has(stream) || blockable.size < this.mostBlocked,
      mayRefer: this.table.capacity > 0 && this.outstanding.size < MOST_OUTSTANDING,
      required: 0,
      room: room - this.output.length,
    }
    for (const field of fields) this.encodeLine(making, field)
    const { base, lines, required, references } = making
    if (required > 0)
      this.outstanding.add(stream, { requiredInsertCount: required, references: [...references] })
    const bytes = this.withPrefix(making)
    const size = sectionSize(fields)
    return {
      bytes,
      section: {
        lines,
        requiredInsertCount: required,
        base: required === 0 ? 0 : base,
        encodedLength: bytes.length,
        size,
        omitted: 0,
      },
    }
  }

  /**
   * Inserts a line before any section needs it, or a copy of its entry (RFC 9204 2.1.1.1). False: it does not fit, or what would
   * go for it may not just now.
   */
  insertAhead(name: string, value: string): boolean {
    const making = { room: Infinity }
    const entry = this.table.findLine(name, value)
    return (
      (entry === undefined ? this.insert(making, name, value) : this.duplicate(making, entry)) !== undefined
    )
  }

  /** Octets of the decoder stream that came (RFC 9204 4.4). */
  handleDecoderStream(bytes: Uint8Array): QpackError | undefined {
    return this.instructions.feed(bytes, 0, 'QPACK_DECODER_STREAM_ERROR', (reader) => this.execute(reader))
  }

  /** What is to go on the encoder stream. */
  takeOutput(): Uint8Array {
    return this.output.take()
  }

  // --- a line ---------------------------------------------------------------------------------------------

  private encodeLine(making: Making, field: FieldLine): void {
    const { body } = making
    const start = body.length
    const found = field.sensitive ? this.byName(making, field) : this.find(making, field)
    const { name, value, sensitive } = field
    if (found.representation === 'literal') {
      body.string(name, 3, sensitive ? 0x30 : 0x20)
      body.string(value, 7, 0)
    } else this.writeReference(making, found, field)
    making.lines.push({ name, value, ...(sensitive && { sensitive }), ...found, length: body.length - start })
  }

  /** How a line is best written; inserts it where that pays. */
  private find(making: Making, { name, value }: FieldLine): Found {
    const fixed = findStatic(name, value)
    if (fixed?.exact) return { representation: 'indexed', index: fixed.index, table: 'static' }
    const entry = this.entryFor(making, name, value)
    return entry !== undefined && this.refer(making, entry)
      ? { representation: this.relationTo(making, entry, 'indexed'), index: entry.absolute, table: 'dynamic' }
      : this.byName(making, { name, value })
  }

  /** The entry of a line: one that is there, a copy of it, or a new one; undefined: none, and none is to be made. */
  private entryFor(making: Making, name: string, value: string): TableEntry | undefined {
    if (!making.mayRefer) return undefined
    const entry = this.table.findLine(name, value)
    if (entry === undefined)
      return this.isWorthAnEntry({ name, value }) ? this.insert(making, name, value) : undefined
    // A copy that may not be referred to yet would be of no use to this section.
    return making.mayBlock && this.table.isDraining(entry) ? (this.duplicate(making, entry) ?? entry) : entry
  }

  /** A reference to its name in a table, with the value as a literal, or both as literals. */
  private byName(making: Making, { name, value }: FieldLine): Found {
    const fixed = findStatic(name, value)
    if (fixed !== undefined) return { representation: 'name_reference', index: fixed.index, table: 'static' }
    const entry = making.mayRefer ? this.table.findName(name) : undefined
    return entry !== undefined && this.refer(making, entry)
      ? {
          representation: this.relationTo(making, entry, 'name_reference'),
          index: entry.absolute,
          table: 'dynamic',
        }
      : { representation: 'literal', index: undefined, table: undefined }
  }

  private relationTo<T extends 'indexed' | 'name_reference'>(
    { base }: Making,
    { absolute }: TableEntry,
    kind: T,
  ): T | `${T}_post_base` {
    return absolute < base ? kind : `${kind}_post_base`
  }

  /** Notes that the section needs an entry; false: the stream would risk being blocked and may not (RFC 9204 2.1.2). */
  private refer(making: Making, { absolute }: TableEntry): boolean {
    if (absolute >= this.table.known && !making.mayBlock) return false
    making.required = Math.max(making.required, absolute + 1)
    if (making.references.has(absolute)) return true
    making.references.add(absolute)
    // At once, so that no later line of this section evicts it.
    this.table.refer(absolute)
    return true
  }

  /** RFC 9204 4.5.2 to 4.5.5. */
  private writeReference({ base, body }: Making, found: Found, { value, sensitive }: FieldLine): void {
    const index = found.index!
    const isStatic = found.table === 'static'
    const relative = isStatic ? index : base - index - 1
    switch (found.representation) {
      case 'indexed':
        return body.integer(relative, 6, isStatic ? 0xc0 : 0x80)
      case 'indexed_post_base':
        return body.integer(index - base, 4, 0x10)
      case 'name_reference':
        body.integer(relative, 4, (sensitive ? 0x60 : 0x40) | (isStatic ? 0x10 : 0))
        break
      default:
        body.integer(index - base, 3, sensitive ? 0x08 : 0)
    }
    body.string(value, 7, 0)
  }

  /** RFC 9204 4.5.1. */
  private withPrefix({ base, body, required }: Making): Uint8Array {
    const section = new Writer()
    section.integer(encodeInsertCount(required, this.maxCapacity), 8, 0)
    if (required === 0) section.integer(0, 7, 0)
    else if (base >= required) section.integer(base - required, 7, 0)
    else section.integer(required - base - 1, 7, 0x80)
    section.append(body.take())
    return section.take()
  }

  // --- instructions of ours (RFC 9204 4.3) ----------------------------------------------------------------

  private insert(making: Pick<Making, 'room'>, name: string, value: string): TableEntry | undefined {
    const { table } = this
    if (!table.canInsert(name, value)) return undefined
    const instruction = new Writer(this.huffman)
    const fixed = findStatic(name, value)
    const named = fixed === undefined ? table.findName(name) : undefined
    if (fixed !== undefined) instruction.integer(fixed.index, 6, 0xc0)
    else if (named !== undefined) instruction.integer(table.insertCount - 1 - named.absolute, 6, 0x80)
    else instruction.string(name, 5, 0x40)
    instruction.string(value, 7, 0)
    if (!this.send(making, instruction)) return undefined
    const { entry, evicted } = table.insert(name, value)
    this.tell((fixed ?? named) ? 'insert_with_name' : 'insert_literal', entry, evicted)
    return entry
  }

  private duplicate(
    making: Pick<Making, 'room'>,
    { name, value, absolute }: TableEntry,
  ): TableEntry | undefined {
    const { table } = this
    if (!table.canInsert(name, value)) return undefined
    const instruction = new Writer()
    instruction.integer(table.insertCount - 1 - absolute, 5, 0)
    if (!this.send(making, instruction)) return undefined
    const { entry, evicted } = table.insert(name, value)
    this.tell('duplicate', entry, evicted)
    return entry
  }

  private send(making: Pick<Making, 'room'>, instruction: Writer): boolean {
    if (instruction.length > making.room) return false
    making.room -= instruction.length
    this.output.append(instruction.take())
    return true
  }

  private tell(
    instruction: Parameters<OnTableChange>[0]['instruction'],
    inserted: TableEntry | undefined,
    evicted: readonly TableEntry[],
  ): void {
    const { capacity, size, insertCount } = this.table
    this.onChange?.({ instruction, inserted, evicted, capacity, size, insertCount })
  }

  // --- instructions of the decoder (RFC 9204 4.4) ---------------------------------------------------------

  private execute(reader: Reader): QpackError | undefined {
    const instruction = readDecoderInstruction(reader)
    switch (instruction?.type) {
      case 'section_acknowledgment':
        return this.onAcknowledged(instruction.stream)
      case 'insert_count_increment':
        return this.onIncrement(instruction.increment)
      case 'stream_cancellation':
        for (const section of this.outstanding.take(instruction.stream)) this.release(section.references)
    }
    return undefined
  }

  private onAcknowledged(stream: number): QpackError | undefined {
    const section = this.outstanding.shift(stream)
    if (section === undefined) return broken(`9204 4.4.1: stream ${stream} has no section to be acknowledged`)
    this.release(section.references)
    this.table.known = Math.max(this.table.known, section.requiredInsertCount)
    return undefined
  }

  private onIncrement(increment: number): QpackError | undefined {
    const { known, insertCount } = this.table
    if (increment === 0) return broken('9204 4.4.3: an increment of 0')
    if (known + increment > insertCount)
      return broken(`9204 4.4.3: ${known} and ${increment} insertions of ${insertCount}`)
    this.table.known = known + increment
    return undefined
  }

  private release(references: readonly number[]): void {
    for (const absolute of references) this.table.unrefer(absolute)
  }
}
