/** Credit of the connection and of one stream over time: the limit as a staircase, what is sent below it, and the times without. */
import type { CreditAccount, CreditDirection } from '../projections/credit.ts'
import { niceScale, valueText } from './axes.ts'
import type { ChartContext } from './context.ts'
import { largest, Picture, type Area, type Chart } from './picture.ts'
import { valueAxis } from './plot-axes.ts'
import { quicWord } from './quic-texts.ts'
import { AREA_ICONS } from './signs.ts'

export interface CreditChoice {
  readonly direction: CreditDirection | undefined
  /** Null: the connection alone. */
  readonly stream: number | null
  readonly lane: string
  readonly sender: 'client' | 'server'
}

export function creditChart(context: ChartContext, { direction, stream, lane, sender }: CreditChoice): Chart {
  const { language } = context
  const names = (['limit', 'used', 'blocked'] as const).map((key) => quicWord(language, key))
  const picture = new Picture(context, `${quicWord(language, 'credit')} (kB)`, names)
  if (!direction) return picture.finish()
  const chosen = stream === null ? undefined : direction.streams.get(stream)
  const accounts = [
    { label: quicWord(language, 'connection'), account: direction.connection },
    ...(chosen ? [{ label: quicWord(language, 'stream', { id: stream! }), account: chosen }] : []),
  ]
  const areas = picture.areas(accounts.map(() => ({ id: lane })))
  accounts.forEach(({ label, account }, i) => addAccount(picture, areas[i], label, account, sender))
  return picture.finish()
}

/** A limit so many times what is sent leaves the picture. */
const FAR = 4

function addAccount(
  picture: Picture,
  area: Area,
  label: string,
  account: CreditAccount,
  sender: 'client' | 'server',
): void {
  const { context } = picture
  const { language, theme, range } = context
  const sent = largest([account.sent], range)
  const limit = largest([account.limit], range)
  // A limit that is far away does not press what is sent to the foot of the picture.
  const isFar = sent > 0 && limit > FAR * sent
  const scale = niceScale(isFar ? sent : Math.max(sent, limit), area.height / (theme.textSize * 2.4))
  const above = isFar ? `  (${quicWord(language, 'above', { bytes: valueText(limit, 'B') })})` : ''
  const plot = picture.addPlot(
    area,
    `${label}${above}`,
    valueAxis(quicWord(language, 'credit'), 'B', scale.max, scale),
  )
  addGaps(picture, plot, account)
  const limitName = quicWord(language, 'limit')
  const used = quicWord(language, 'used')
  picture.line(plot, limitName, picture.points(plot, account.limit), {
    color: sender === 'client' ? theme.server : theme.client,
    type: 'dashed',
    width: 1.1,
  })
  picture.line(plot, used, picture.points(plot, account.sent), {
    color: sender === 'client' ? theme.client : theme.server,
    width: 1.2,
    fill: 0.12,
  })
  picture.describe(plot, (t) => {
    const allowed = account.limit.valueAt(t)
    const now = account.sent.valueAt(t) ?? 0
    return [
      `${limitName}  ${valueText(allowed ?? NaN, 'B')}`,
      `${used}  ${valueText(now, 'B')}`,
      ...(allowed === undefined
        ? []
        : [quicWord(language, 'left', { bytes: valueText(allowed - now, 'B') })]),
    ]
  })
  picture.losses(plot, false)
}

/** Times without credit as bands from the foot of the plot to its head. */
function addGaps(picture: Picture, plot: number, { gaps }: CreditAccount): void {
  const { range, theme, language, store } = picture.context
  const area = picture.plots[plot]
  const toX = (t: number): number =>
    area.x +
    ((Math.min(Math.max(t, range.from), range.to) - range.from) / (range.to - range.from)) * area.width
  const shown = gaps.filter(({ from, to }) => from < range.to && to > range.from)
  if (shown.length === 0) return
  const fill = { color: theme.sack, opacity: 0.3 }
  picture.addLegend(quicWord(language, 'blocked'), AREA_ICONS.plain, fill)
  picture.add(plot, {
    type: 'custom',
    silent: true,
    clip: true,
    data: shown.map(({ from }, i) => [from, area.scale.max / 2, i]),
    renderItem: (_, api) => {
      const { from, to } = shown[api.value(2) as number]
      const x = toX(from)
      const width = Math.max(1, toX(Math.min(to, store.end)) - x)
      const shape = { x, y: area.y, width, height: area.height }
      return { type: 'rect', shape, style: { fill: theme.sack, opacity: 0.3 } }
    },
  })
}
