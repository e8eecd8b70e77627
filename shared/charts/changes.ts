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

/** `links.link.up.loss.rate` -> `loss.rate up`; where the path is longer than that, its last two names. */
export function pathName(path: string): string {
  const parts = path.split('.')
  const [kind, , direction] = parts
  if (kind !== 'links' || parts.length < 4) return parts.slice(-2).join('.')
  return `${parts.slice(3).join('.')} ${direction}`
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
const LONGEST = 40

const cut = (text: string): string => (text.length > LONGEST ? `${text.slice(0, LONGEST - 1)}…` : text)

export function changeText(change: Change): string {
  if (change.kind === 'mark') return change.text
  if (change.kind === 'fault') return `! ${change.what}`
  const { path, from, to } = change
  return `${pathName(path)}: ${settingText(path, from)} → ${settingText(path, to)}`
}

export interface ChangeLabel {
  readonly t: number
  readonly text: string
  readonly fault: boolean
}

/**
 * The labels between two moments, at most one in each `width` microseconds. A slider that is drawn makes dozens of
 * changes, told as one from the first value to the last; and both directions changed alike are told as one.
 */
export function changeLabels(
  changes: readonly Change[],
  from: number,
  to: number,
  width: number,
): ChangeLabel[] {
  const groups: Change[][] = []
  for (const change of changes) {
    if (change.t < from || change.t > to) continue
    const group = groups[groups.length - 1]
    if (group && change.t - group[0].t < width) group.push(change)
    else groups.push([change])
  }
  return groups.map((group) => ({
    t: group[group.length - 1].t,
    text: cut(groupText(group)),
    fault: group.some(({ kind }) => kind === 'fault'),
  }))
}

function groupText(group: readonly Change[]): string {
  const knobs = new Map<string, Extract<Change, { kind: 'knob' }>>()
  const texts: string[] = []
  for (const change of group) {
    if (change.kind === 'knob')
      knobs.set(change.path, { ...change, from: knobs.get(change.path)?.from ?? change.from })
    else texts.push(changeText(change))
  }
  const told = [...knobs.values()].map(changeText)
  for (const text of told) {
    const other = text.includes(' up: ') ? text.replace(' up: ', ' down: ') : text.replace(' down: ', ' up: ')
    texts.push(other !== text && told.includes(other) ? text.replace(/ (up|down): /, ': ') : text)
  }
  return [...new Set(texts)].join(' · ')
}
