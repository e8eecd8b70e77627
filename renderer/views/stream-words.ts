/** A stream in words: what it is, and what its bytes waited for at a moment. */
import { momentText, valueText } from '../../shared/charts/axes.ts'
import { conditionName } from '../../shared/charts/conditions.ts'
import type { Language } from '../../shared/charts/texts.ts'
import type { StreamBlocking } from '../../shared/projections/blocking.ts'
import type { PageLoad } from '../../shared/projections/page-load.ts'
import type { Attempt } from '../../shared/projections/requests.ts'
import type { TraceStore } from '../../shared/trace/store.ts'

export type Translate = (key: string, values: Record<string, string | number>) => string

/** `/object/7` of `https://server.lab/object/7`. */
export function targetOf(url: string): string {
  const path = /^[a-z]+:\/\/[^/]*(\/.*)$/i.exec(url)
  return path ? path[1] : url
}

export const requestName = ({ method, url }: Attempt): string => `${method} ${targetOf(url)}`

export function streamWords(
  load: PageLoad,
  store: TraceStore,
  stream: StreamBlocking,
  t: number,
  language: Language,
  translate: Translate,
): string {
  const attempt = load.requests.ofExchange(stream.within.flow, stream.stream)
  const name = [`#${stream.stream}`, attempt ? requestName(attempt) : ''].filter(Boolean).join(' ')
  const size = valueText(stream.bytes, 'B')
  const waiting = load.blocking.heldAt(store, stream, t)
  if (waiting === undefined)
    return translate('view.streams.whole', {
      name,
      size,
      from: momentText(stream.start),
      to: momentText(stream.end),
    })
  const { held } = waiting
  const { lost, brought } = load.blocking.blame(store, waiting.stream, held)
  const until = Math.min(held.to, store.end)
  const values = {
    name,
    condition: conditionName(language, held.condition),
    span: valueText(until - held.from, 'us'),
    bytes: valueText(held.bytes, 'B'),
    lost: lost.map((pkt) => `#${pkt}`).join(' '),
    brought,
  }
  if (held.condition === 'record') return translate('view.streams.in_record', values)
  if (brought === 0) return translate('view.streams.open', values)
  return translate(lost.length > 0 ? 'view.streams.by_loss' : 'view.streams.overtaken', values)
}
