/** Header blocks (RFC 7541 3, 6) as an onlooker reads them: what was written, how, and what it did to the table. */
import type { WireError } from '../result.ts'
import { DynamicTable, ENTRY_OVERHEAD, type TableEntry } from './dynamic-table.ts'
import { PrimitiveReader, type PrimitiveFault } from './primitives.ts'
import { STATIC_TABLE, type NameValue } from './static-table.ts'

/** The representations of RFC 7541 6.1 and 6.2.1 to 6.2.3. */
export type Representation = 'indexed' | 'literal_indexed' | 'literal' | 'literal_never_indexed'

/** Why a block is not one; all are COMPRESSION_ERROR in HTTP/2 (RFC 9113 4.3). */
export type HpackReason =
  | PrimitiveFault
  | 'index_zero'
  | 'index_out_of_range'
  | 'size_update_too_large'
  | 'size_update_misplaced'
  | 'size_update_missing'

/** What a representation did to the dynamic table. */
export interface TableChange {
  readonly sizeBefore: number
  readonly sizeAfter: number
  /** The new entry; none when it was larger than the table. */
  readonly inserted?: TableEntry
  readonly evicted: readonly TableEntry[]
}

export interface HeaderField extends NameValue {
  readonly representation: Representation
  /** Index of the field or of its name; 0: the name is a literal. Up to 61 static, beyond dynamic. */
  readonly index: number
  /** Where its representation lies in the block. */
  readonly offset: number
  readonly length: number
  /** Octets of name and value without compression. */
  readonly plainLength: number
  /** Which of its literals are Huffman-coded. */
  readonly huffmanName: boolean
  readonly huffmanValue: boolean
  /** Only for `literal_indexed`. */
  readonly change: TableChange | undefined
}

/** A dynamic table size update (RFC 7541 6.3). */
export interface SizeUpdate {
  readonly maxSize: number
  readonly offset: number
  readonly length: number
  readonly change: TableChange
}

export interface HeaderBlock {
  readonly fields: readonly HeaderField[]
  readonly updates: readonly SizeUpdate[]
  /** Octets of the block, and of the list as RFC 9113 6.5.2 counts it: names, values and 32 for each field. */
  readonly encodedLength: number
  readonly listSize: number
  /** Fields that were read but not kept, the list being longer than its limit. */
  readonly omitted: number
  /** What is wrong; `offset` counts in the block. What stands before it was read. */
  readonly error?: WireError
  /** An earlier block could not be read, so indexes of the dynamic table may mean something else here. */
  readonly inDoubt: boolean
}

export interface HpackLimits {
  /** Octets that the dynamic table may take here, whatever the endpoints agree on. */
  readonly tableSize: number
  /** Octets of a list, counted as in `HeaderBlock.listSize`, that are kept. */
  readonly listSize: number
}

export const HPACK_LIMITS: HpackLimits = { tableSize: 1 << 20, listSize: 1 << 20 }

/** SETTINGS_HEADER_TABLE_SIZE at the start (RFC 9113 6.5.2). */
export const DEFAULT_TABLE_SIZE = 4096

/** Size updates of a block that are kept: two would do (RFC 7541 4.2), a hostile one may have an octet each. */
const MOST_UPDATES = 64

interface Reading {
  readonly reader: PrimitiveReader
  readonly fields: HeaderField[]
  readonly updates: SizeUpdate[]
  /** An update to no more than this has to stand at the start. */
  readonly required: number
  smallest: number
  listSize: number
  omitted: number
  error?: WireError
}

export class HpackDecoder {
  readonly table: DynamicTable
  private readonly limits: HpackLimits
  private readonly reader = new PrimitiveReader()
  /** What the encoder may set, and the least that it was since the last block. */
  private allowed = DEFAULT_TABLE_SIZE
  private leastAllowed = DEFAULT_TABLE_SIZE
  /** The maximum that the encoder has set, before our limit. */
  private agreed = DEFAULT_TABLE_SIZE
  private inDoubt = false

  constructor(limits: HpackLimits = HPACK_LIMITS) {
    this.limits = limits
    this.table = new DynamicTable(Math.min(DEFAULT_TABLE_SIZE, limits.tableSize))
  }

  /** The encoder has acknowledged a SETTINGS_HEADER_TABLE_SIZE of the decoder's. */
  allowTableSize(size: number): void {
    this.allowed = size
    this.leastAllowed = Math.min(this.leastAllowed, size)
  }

  /** A block that cannot be read at all has gone by: later ones are in doubt. */
  skipBlock(): void {
    this.inDoubt = true
  }

  /** Reads a whole header block. Total: what is wrong is in `error`, and what stands before it is kept. */
  decode(block: Uint8Array): HeaderBlock {
    const { inDoubt, reader } = this
    reader.start(block)
    const required = this.leastAllowed < this.agreed ? this.leastAllowed : Infinity
    this.leastAllowed = this.allowed
    const reading: Reading = {
      reader,
      fields: [],
      updates: [],
      required,
      smallest: Infinity,
      listSize: 0,
      omitted: 0,
    }
    while (!reader.done && reading.error === undefined) this.readOne(reading)
    if (reader.fault !== undefined) this.fail(reading, reader.fault, reader.faultAt)
    if (reading.error !== undefined) this.inDoubt = true
    const { fields, updates, listSize, omitted, error } = reading
    return { fields, updates, encodedLength: block.length, listSize, omitted, error, inDoubt }
  }

  private readOne(reading: Reading): void {
    const { reader } = reading
    const start = reader.at
    const first = reader.bytes[start]
    if ((first & 0xe0) === 0x20) return this.readUpdate(reading, start)
    const isFirst = reading.fields.length + reading.omitted === 0
    if (isFirst && !this.checkUpdated(reading, start)) return
    if (first >= 0x80) this.readIndexed(reading, start)
    else if (first >= 0x40) this.readLiteral(reading, start, 'literal_indexed', 6)
    else this.readLiteral(reading, start, first >= 0x10 ? 'literal_never_indexed' : 'literal', 4)
  }

  /** RFC 7541 4.2: a maximum that became smaller has to be answered at the start of the next block. */
  private checkUpdated(reading: Reading, start: number): boolean {
    if (reading.smallest <= reading.required) return true
    this.agreed = Math.min(this.agreed, this.allowed)
    this.fail(reading, 'size_update_missing', start)
    return false
  }

  private readUpdate(reading: Reading, start: number): void {
    const { reader, fields, updates, omitted } = reading
    const maxSize = reader.integer(5)
    if (reader.fault !== undefined) return
    if (fields.length + omitted > 0) return this.fail(reading, 'size_update_misplaced', start)
    if (maxSize > this.allowed) return this.fail(reading, 'size_update_too_large', start)
    this.agreed = maxSize
    reading.smallest = Math.min(reading.smallest, maxSize)
    const sizeBefore = this.table.size
    const evicted = this.table.resize(Math.min(maxSize, this.limits.tableSize))
    const change = { sizeBefore, sizeAfter: this.table.size, evicted }
    if (updates.length < MOST_UPDATES)
      updates.push({ maxSize, offset: start, length: reader.at - start, change })
  }

  private readIndexed(reading: Reading, start: number): void {
    const { reader } = reading
    const index = reader.integer(7)
    if (reader.fault !== undefined) return
    const field = this.lookUp(reading, index, start)
    if (field === undefined) return
    this.keep(reading, start, field.name, field.value, {
      representation: 'indexed',
      index,
      huffmanName: false,
      huffmanValue: false,
      change: undefined,
    })
  }

  private readLiteral(reading: Reading, start: number, representation: Representation, prefix: number): void {
    const { reader } = reading
    const index = reader.integer(prefix)
    if (reader.fault !== undefined) return
    const named = index === 0 ? undefined : this.lookUp(reading, index, start)
    if (reading.error !== undefined) return
    const name = named?.name ?? reader.string()
    const huffmanName = named === undefined && reader.huffman
    const value = reader.string()
    if (reader.fault !== undefined) return
    const huffmanValue = reader.huffman
    const change = representation === 'literal_indexed' ? this.insert(name, value) : undefined
    this.keep(reading, start, name, value, { representation, index, huffmanName, huffmanValue, change })
  }

  private insert(name: string, value: string): TableChange {
    const sizeBefore = this.table.size
    const { entry, evicted } = this.table.insert(name, value)
    return { sizeBefore, sizeAfter: this.table.size, inserted: entry, evicted }
  }

  /** The entry with this index (RFC 7541 2.3.3). */
  private lookUp(reading: Reading, index: number, start: number): NameValue | undefined {
    const found =
      index <= STATIC_TABLE.length ? STATIC_TABLE[index - 1] : this.table.get(index - STATIC_TABLE.length)
    if (found === undefined) this.fail(reading, index === 0 ? 'index_zero' : 'index_out_of_range', start)
    return found
  }

  private keep(
    reading: Reading,
    offset: number,
    name: string,
    value: string,
    how: Pick<HeaderField, 'representation' | 'index' | 'huffmanName' | 'huffmanValue' | 'change'>,
  ): void {
    const plainLength = name.length + value.length
    reading.listSize += plainLength + ENTRY_OVERHEAD
    if (reading.listSize > this.limits.listSize) {
      reading.omitted++
      return
    }
    const { representation, index, huffmanName, huffmanValue, change } = how
    const length = reading.reader.at - offset
    // Written out: spreading `how` would cost as much as all the rest of it.
    reading.fields.push({
      name,
      value,
      representation,
      index,
      offset,
      length,
      plainLength,
      huffmanName,
      huffmanValue,
      change,
    })
  }

  private fail(reading: Reading, reason: HpackReason, offset: number): void {
    reading.error ??= { layer: 'hpack', reason, offset }
  }
}
