/** The rows of the frame table: the HTTP/2 frames of a lane, all or those of one stream, kept up as the run goes on. */
import { Column } from '../../shared/trace/columns.ts'
import { lowerBound } from '../../shared/projections/series.ts'
import type { TraceStore } from '../../shared/trace/store.ts'

export interface FrameChoice {
  readonly lane: string
  /** Name of the connection; null: all of the lane. */
  readonly flow: string | null
  /** Words that must all hold: see `passes`. */
  readonly query: string
}

/** A frame as the table shows it. */
export interface FrameRow {
  /** In `http:frame`. */
  readonly row: number
  readonly t: number
  readonly pkt: number
  /** client or server. */
  readonly from: string
  readonly stream: number
  readonly type: string
  readonly flags: number
  readonly length: number
  readonly detail: string
  /** What its sender may send afterwards; -1: not changed. */
  readonly connectionWindow: number
  readonly streamWindow: number
}

export function frameAt(store: TraceStore, row: number): FrameRow {
  const table = store.table('http:frame')
  const number = (field: string): number => table.columns[field].data[row]
  return {
    row,
    t: table.t.data[row],
    pkt: table.pkt.data[row],
    from: store.text(number('from')),
    stream: number('stream'),
    type: store.text(number('type')),
    flags: number('flags'),
    length: number('length'),
    detail: store.text(number('detail')),
    connectionWindow: number('connection_window'),
    streamWindow: number('stream_window'),
  }
}

/** A number is a stream, `client` and `server` are who sends; anything else is looked for in type and details. */
export function passes(frame: FrameRow, words: readonly string[]): boolean {
  const text = `${frame.type} ${frame.detail}`.toLowerCase()
  return words.every((word) => {
    if (/^#?\d+$/.test(word)) return frame.stream === Number(word.replace('#', ''))
    if (word === 'client' || word === 'server') return frame.from === word
    return text.includes(word)
  })
}

export class FrameRows {
  /** Rows of `http:frame`. */
  private readonly rows = new Column('u32')
  /** Frames of the lane and connection, whether they pass the filter or not. */
  total = 0
  private next = 0
  private readonly choice: FrameChoice
  private readonly words: readonly string[]

  constructor(choice: FrameChoice) {
    this.choice = choice
    this.words = choice.query.toLowerCase().split(/\s+/).filter(Boolean)
  }

  get length(): number {
    return this.rows.length
  }

  at(index: number): number {
    return this.rows.data[index]
  }

  /** Place of a row of `http:frame`, -1 when it is not shown. */
  indexOf(row: number): number {
    const at = lowerBound(this.rows, row)
    return at < this.rows.length && this.rows.data[at] === row ? at : -1
  }

  /** Looks at the frames that are new. */
  update(store: TraceStore): void {
    const table = store.table('http:frame')
    const { lane, flow } = this.choice
    for (; this.next < table.length; this.next++) {
      if (store.laneOf(table.node.data[this.next]) !== lane) continue
      if (flow !== null && store.text(table.flow.data[this.next]) !== flow) continue
      this.total++
      if (this.words.length === 0 || passes(frameAt(store, this.next), this.words)) this.rows.push(this.next)
    }
  }
}
