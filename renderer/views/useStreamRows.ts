/** Rows of streams to point at: what is chosen among them, what each says, and what choosing one selects. */
import { storeToRefs } from 'pinia'
import { computed, type ComputedRef } from 'vue'
import { useI18n } from 'vue-i18n'
import type { RowChart, RowPlace } from '../../shared/charts/rows.ts'
import type { StreamBlocking } from '../../shared/projections/blocking.ts'
import { PageLoad } from '../../shared/projections/page-load.ts'
import { projected } from '../charts/projected.ts'
import { usePreferences } from '../stores/preferences.ts'
import { useSelection } from '../stores/selection.ts'
import { useTrace } from '../stores/trace.ts'
import { streamWords } from './stream-words.ts'

/** A chart whose rows are streams. */
interface StreamRowChart extends RowChart {
  readonly rows: readonly (RowPlace & { readonly streams: readonly StreamBlocking[] })[]
}

/** Of a `RowsChart`: brings a row into sight, and says something of it. */
interface Rows {
  reveal(plot: number, row: number): void
  say(words: string): void
}

export interface StreamRowChoice {
  readonly isSelected: ComputedRef<(stream: StreamBlocking) => boolean>
  wordsOf(drawn: StreamRowChart, plot: number, row: number, at: number): string
  choose(drawn: StreamRowChart, plot: number, row: number, at: number): void
  step(drawn: StreamRowChart, by: number): void
}

export function useStreamRows(rows: () => Rows | null): StreamRowChoice {
  const { t } = useI18n()
  const trace = useTrace()
  const selection = useSelection()
  const { locale } = storeToRefs(usePreferences())

  const isSelected = computed(() => {
    const { item } = selection
    const { strings } = trace.store.value
    return ({ within, stream }: StreamBlocking): boolean =>
      item?.kind === 'exchange' && item.exchange === stream && item.flow === strings[within.flow]
  })

  function wordsOf({ rows: drawn }: StreamRowChart, plot: number, row: number, at: number): string {
    const store = trace.store.value
    const stream = drawn[plot].streams[row]
    return stream ? streamWords(projected(store, PageLoad), store, stream, at, locale.value, t) : ''
  }

  /** Selects the stream, and the packet that it waits for at this moment or else one that carries it. */
  function choose(drawn: StreamRowChart, plot: number, row: number, at: number): void {
    const store = trace.store.value
    const stream = drawn.rows[plot].streams[row]
    if (!stream) return
    const load = projected(store, PageLoad)
    const waiting = load.blocking.heldAt(store, stream, at)
    const blame = waiting && load.blocking.blame(store, waiting.stream, waiting.held)
    const pkt = blame?.lost[0] ?? (blame && blame.brought > 0 ? blame.brought : undefined)
    const { flow, node } = stream.within
    selection.selectItem(
      { kind: 'exchange', flow: store.text(flow), exchange: stream.stream },
      pkt ?? load.carrierOf(store, flow, node, stream.stream),
      { t: at, lane: stream.lane },
    )
  }

  /** From the chosen row to another one of its lane; from none to the first. */
  function step(drawn: StreamRowChart, by: number): void {
    const plot = Math.max(
      0,
      drawn.rows.findIndex(({ streams }) => streams.some(isSelected.value)),
    )
    const { streams } = drawn.rows[plot] ?? { streams: [] }
    if (streams.length === 0) return
    const now = streams.findIndex(isSelected.value)
    const row = now < 0 ? 0 : Math.min(streams.length - 1, Math.max(0, now + by))
    choose(drawn, plot, row, streams[row].start)
    rows()?.reveal(plot, row)
    rows()?.say(wordsOf(drawn, plot, row, streams[row].start))
  }

  return { isSelected, wordsOf, choose, step }
}
