/** How a knob change, a mark or a fault is named on a chart. */
import { formatNumber, formatRate, formatShare, formatSize, formatSpan } from '../quantity.ts'
import type { Change } from '../projections/changes.ts'

/** How the values of settings are told, by the end of their path (`shared/link.ts`, `shared/tcp.ts`). */
const FORMATS: readonly (readonly [RegExp, (value: number) => string])[] = [
  [/^links\..*\.rate\.limit$/, (value) => (value === 0 ? '∞' : formatRate(value))],
  [/^links\..*\.(rate|correlation|p|r|lossBad|lossGood|p\d\d)$/, formatShare],
  [/^apps\..*\.rate$/, (value) => `${formatSize(value)}/s`],
  [/\.(delay|amount|every|extra|duration|hold|target|interval|acceptDelay)$/, formatSpan],
  [/^hosts\..*(Rto|Timeout|Ack|Idle|Interval|msl)$/, formatSpan],
  [/(Buffer|bytes|mtu|mss|writeSize)$/, formatSize],
]

/** `links.link.up.loss.rate` -> `loss.rate ↑`; where the path is longer than that, its last two names. */
export function pathName(path: string): string {
  const parts = path.split('.')
  if (parts[0] === 'links' && parts.length > 3) {
    const arrow = parts[2] === 'up' ? ' ↑' : parts[2] === 'down' ? ' ↓' : ''
    return `${parts.slice(3).join('.')}${arrow}`
  }
  return parts.slice(-2).join('.')
}

/** A value as it stands in the trace (JSON), with its unit if it is known. */
export function settingText(path: string, json: string): string {
  const value = parse(json)
  if (typeof value !== 'number') return typeof value === 'string' ? value : json
  const format = FORMATS.find(([pattern]) => pattern.test(path))?.[1] ?? formatNumber
  return format(value)
}

function parse(json: string): unknown {
  try {
    return JSON.parse(json)
  } catch {
    return undefined
  }
}

/** The longest label; the words of a mark may be 200 characters. */
const LONGEST = 36

const cut = (text: string): string => (text.length > LONGEST ? `${text.slice(0, LONGEST - 1)}…` : text)

export function changeText(change: Change): string {
  if (change.kind === 'mark') return cut(change.text)
  if (change.kind === 'fault') return cut(`! ${change.what}`)
  const { path, from, to } = change
  return cut(`${pathName(path)} ${settingText(path, from)} → ${settingText(path, to)}`)
}

export interface ChangeLabel {
  readonly t: number
  readonly text: string
  readonly fault: boolean
}

/**
 * The labels between two moments, at most one in each `width` microseconds: a slider that is drawn makes dozens of
 * changes, of which the last is named, with the number of those before it.
 */
export function changeLabels(
  changes: readonly Change[],
  from: number,
  to: number,
  width: number,
): ChangeLabel[] {
  const labels: ChangeLabel[] = []
  let start = -Infinity
  let count = 0
  for (const change of changes) {
    if (change.t < from || change.t > to) continue
    if (change.t - start < width && labels.length > 0) {
      count++
      const fault = labels[labels.length - 1].fault || change.kind === 'fault'
      labels[labels.length - 1] = { t: change.t, text: `${changeText(change)} (+${count})`, fault }
      continue
    }
    start = change.t
    count = 0
    labels.push({ t: change.t, text: changeText(change), fault: change.kind === 'fault' })
  }
  return labels
}
