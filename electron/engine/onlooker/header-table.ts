/** The dynamic table of one encoder (RFC 7541 2.3.2) as its header blocks change it, step by step. */
import type { EventData } from '../../../shared/trace/events.ts'
import { DEFAULT_TABLE_SIZE, type HeaderBlock, type TableChange } from '../../protocol/wire/hpack/decoder.ts'
import type { TableEntry } from '../../protocol/wire/hpack/dynamic-table.ts'
import type { Side } from '../../protocol/wire/side.ts'

type Change = EventData<'http:table_changed'>

export class HeaderTable {
  private readonly from: Side
  private entries = 0
  private size = 0
  private limit = DEFAULT_TABLE_SIZE

  constructor(from: Side) {
    this.from = from
  }

  /** What a block did, in its order: evictions make room before an entry goes in (RFC 7541 4.4). */
  *changes(stream: number, { updates, fields }: HeaderBlock): Generator<Change> {
    for (const { maxSize, change } of updates) {
      this.limit = maxSize
      yield this.change(stream, 'resize')
      yield* this.evictions(stream, change)
    }
    for (const { change } of fields) {
      if (change === undefined) continue
      yield* this.evictions(stream, change)
      if (change.inserted === undefined) continue
      this.entries++
      this.size += change.inserted.size
      yield this.change(stream, 'insert', change.inserted)
    }
  }

  private *evictions(stream: number, { evicted }: TableChange): Generator<Change> {
    for (const entry of evicted) {
      this.entries--
      this.size -= entry.size
      yield this.change(stream, 'evict', entry)
    }
  }

  private change(stream: number, what: string, entry?: TableEntry): Change {
    const { from, entries, size, limit } = this
    return { from, stream, what, name: entry?.name ?? '', value: entry?.value ?? '', entries, size, limit }
  }
}
