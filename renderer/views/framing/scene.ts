/** What stands in the strips of a stream: messages, writes, segments, reads, and what the reader took for messages. */
import type { ByteStream } from '../../../shared/projections/byte-stream.ts'
import { within, type FramedStream, type Frame } from '../../../shared/projections/framing.ts'
import type { PageLoad } from '../../../shared/projections/page-load.ts'
import type { Span } from '../../../shared/projections/spans.ts'
import type { TraceStore } from '../../../shared/trace/store.ts'
import { LayersScene } from '../layers-scene.ts'

export const STRIPS = ['messages', 'writes', 'segments', 'reads', 'taken'] as const
export type Strip = (typeof STRIPS)[number]

/** `odd` and `even` are messages; `again` and `lost` segments; the rest what was taken for messages. */
export type StripLook =
  'odd' | 'even' | 'write' | 'segment' | 'again' | 'lost' | 'read' | 'whole' | 'glued' | 'split' | 'damaged'

export interface StripItem extends Span {
  readonly strip: Strip
  readonly look: StripLook
  /** When; NaN: of a message, which has no moment of its own. */
  readonly t: number
  /** Packet of a segment, 0: none. */
  readonly pkt: number
  /** From the most telling to the shortest. */
  readonly texts: readonly string[]
}

/** What a lane shows of its stream. */
export interface FramingLane {
  readonly id: string
  readonly label: string
  readonly stream: FramedStream
  /** undefined: no segment has been sent. */
  readonly bytes: ByteStream | undefined
}

/** No more is drawn of a strip: beyond this nothing can be told apart. */
const MOST = 4_000

export class FramingScene {
  private readonly store: TraceStore
  private readonly load: PageLoad
  /** What a wrong message is called. */
  private readonly words: Readonly<Record<string, string>>

  constructor(store: TraceStore, load: PageLoad, words: Readonly<Record<string, string>>) {
    this.store = store
    this.load = load
    this.words = words
  }

  /** The items of a strip that have a byte in a span. */
  items({ stream, bytes }: FramingLane, strip: Strip, span: Span): StripItem[] {
    const pieces = (list: readonly (Span & { t: number })[], look: StripLook): StripItem[] =>
      within(list, span)
        .slice(0, MOST)
        .map(({ from, to, t }) => ({ strip, look, from, to, t, pkt: 0, texts: [`${to - from} B`] }))
    switch (strip) {
      case 'messages':
        return within(stream.frames, span)
          .slice(0, MOST)
          .map((frame) => messageItem(frame))
      case 'writes':
        return pieces(stream.writes, 'write')
      case 'segments':
        return bytes === undefined ? [] : this.segments(bytes, span)
      case 'reads':
        return pieces(stream.reads, 'read')
      case 'taken':
        return within(stream.taken, span)
          .slice(0, MOST)
          .map(({ from, to, t, message, wrong }) => ({
            ...{ strip, from, to, t, pkt: 0 },
            look: lookOf(wrong),
            texts: wrong === '' ? [`#${message}`] : [this.words[wrong] ?? wrong],
          }))
    }
  }

  private segments(bytes: ByteStream, span: Span): StripItem[] {
    const { t, pkt } = this.store.table('tcp:segment_sent')
    return new LayersScene(this.store, this.load, bytes)
      .items('segments', span)
      .map(({ id, from, to, look, again, texts }) => ({
        ...{ strip: 'segments' as const, from, to, texts, t: t.data[id], pkt: pkt.data[id] },
        look: look === 'lost' ? 'lost' : again ? 'again' : 'segment',
      }))
  }

  /** Boundaries of messages inside a span, its ends left out. */
  boundaries({ stream }: FramingLane, { from, to }: Span): number[] {
    return within(stream.frames, { from, to })
      .map((frame) => frame.to)
      .filter((at) => at > from && at < to)
  }
}

const messageItem = ({ from, to, message }: Frame): StripItem => ({
  ...{ strip: 'messages', from, to, t: NaN, pkt: 0 },
  look: message % 2 === 1 ? 'odd' : 'even',
  texts: [`#${message}  ${to - from} B`, `#${message}`],
})

const lookOf = (wrong: string): StripLook =>
  wrong === '' ? 'whole' : wrong === 'glued' || wrong === 'split' ? wrong : 'damaged'
