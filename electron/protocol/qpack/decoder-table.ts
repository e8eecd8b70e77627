/** The decoder's dynamic table: what the instructions of the encoder make of it (RFC 9204 4.3). */
import { DynamicTable, entrySize } from './dynamic-table.ts'
import { qpackError, type QpackError } from './errors.ts'
import type { TableChange, TableEntry } from './fields.ts'
import type { EncoderInstruction } from './instructions.ts'
import { STATIC_TABLE } from './static-table.ts'

const broken = (reason: string): QpackError => qpackError('QPACK_ENCODER_STREAM_ERROR', reason)

export class DecoderTable extends DynamicTable {
  /** Does what an instruction says; `maxCapacity` is SETTINGS_QPACK_MAX_TABLE_CAPACITY of the decoder. */
  apply(instruction: EncoderInstruction, maxCapacity: number): TableChange | QpackError {
    switch (instruction.type) {
      case 'set_dynamic_table_capacity':
        return this.resize(instruction.capacity, maxCapacity)
      case 'insert_with_name_reference':
        return this.insertWithName(instruction)
      case 'insert_with_literal_name':
        return this.insert('insert_literal', instruction.name, instruction.value)
      case 'duplicate': {
        const entry = this.relative(instruction.index)
        return entry === undefined
          ? broken(`9204 4.3.4: no dynamic entry with index ${instruction.index}`)
          : this.insert('duplicate', entry.name, entry.value)
      }
    }
  }

  private resize(capacity: number, maxCapacity: number): TableChange | QpackError {
    if (capacity > maxCapacity)
      return broken(`9204 4.3.1: a capacity of ${capacity}, ${maxCapacity} are allowed`)
    return this.change('set_capacity', undefined, this.setCapacity(capacity))
  }

  private insertWithName({
    table,
    index,
    value,
  }: Extract<EncoderInstruction, { type: 'insert_with_name_reference' }>): TableChange | QpackError {
    const name = table === 'static' ? STATIC_TABLE[index] : this.relative(index)
    return name === undefined
      ? broken(`9204 4.3.2: no ${table} entry with index ${index}`)
      : this.insert('insert_with_name', name.name, value)
  }

  private insert(
    instruction: TableChange['instruction'],
    name: string,
    value: string,
  ): TableChange | QpackError {
    const size = entrySize(name, value)
    if (size > this.capacity)
      return broken(`9204 3.2.2: an entry of ${size} into a table of ${this.capacity}`)
    const evicted = this.makeRoom(size)
    return this.change(instruction, this.add(name, value), evicted)
  }

  /** Index 0 is the newest entry (RFC 9204 3.2.5). */
  private relative(index: number): TableEntry | undefined {
    return this.get(this.insertCount - 1 - index)
  }

  private change(
    instruction: TableChange['instruction'],
    inserted: TableEntry | undefined,
    evicted: readonly TableEntry[],
  ): TableChange {
    const { capacity, size, insertCount } = this
    return { instruction, inserted, evicted, capacity, size, insertCount }
  }
}
