/** How a knob change, a mark or a fault is named on a chart. */
import { EXPERIMENTS } from '../experiments/index.ts'
import { LINK_KNOBS } from '../experiments/link-knobs.ts'
import { formatNumber, formatRate, formatShare, formatSize, formatSpan } from '../quantity.ts'
import type { Change } from '../projections/changes.ts'
import { word, type Language } from './texts.ts'

/** What settings of a link are called on their knobs, by the end of their path. */
const LINK_LABELS = new Map<string, Readonly<Record<Language, string>>>([
  ['loss.rate', LINK_KNOBS.loss.label],
  ['delay', LINK_KNOBS.delay.label],
  ['jitter.amount', LINK_KNOBS.jitter.label],
  ['rate.limit', LINK_KNOBS.rate.label],
  ['queue.limit', LINK_KNOBS.queue.label],
  ['reorder.rate', LINK_KNOBS.reorder.label],
  ['duplicate.rate', LINK_KNOBS.duplicate.label],
  ['corrupt.rate', LINK_KNOBS.corrupt.label],
  ['outage.down', LINK_KNOBS.outage.label],
])

/** How the values of settings are told, by the end of their path (`shared/link.ts`, `shared/tcp.ts`). */
const FORMATS: readonly (readonly [RegExp, (value: number) => string])[] = [
  [/^links\..*\.rate\.limit$/, (value) => (value === 0 ? '∞' : formatRate(value))],
  [/^links\..*\.(rate|correlation|p|r|lossBad|lossGood|p\d\d)$/, formatShare],
  [/^apps\..*\.rate$/, (value) => `${formatSize(value)}/s`],
  [/\.(delay|amount|every|extra|duration|hold|target|interval|acceptDelay)$/, formatSpan],
  [/^hosts\..*(Rto|Timeout|Ack|Idle|Interval|msl)$/, formatSpan],
  [/^apps\..*\.(wait|timeout|keepAlive|expiresIn|maxAge|at)$/, formatSpan],
  [/(Buffer|bytes|mtu|mss|writeSize)$/, formatSize],
  [/^apps\..*\.(size|objectSize|body|headerTableSize|initialWindow)$/, formatSize],
]

/**
 * What a setting is called: `links.link.up.loss.rate` -> `Loss up`, without the direction when both were set; for
 * what has no name, the end of its path.
 */
export function pathName(path: string, language: Language, bothWays = false): string {
  const parts = path.split('.')
  const [kind, , direction] = parts
  if (kind !== 'links' || parts.length < 4) return parts.slice(-2).join('.')
  const setting = parts.slice(3).join('.')
  const name = LINK_LABELS.get(setting)?.[language] ?? setting
  return bothWays ? name : `${name} ${word(language, direction === 'up' ? 'up' : 'down')}`
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

/** The words of the steps of experiments by their English ones, which are what the trace holds. */
let steps: ReadonlyMap<string, Readonly<Record<Language, string>>> | undefined

function stepText(text: string, language: Language): string | undefined {
  steps ??= new Map(
    EXPERIMENTS.flatMap((experiment) =>
      experiment.steps.flatMap(({ text }) => (text ? [[text.en, text]] : [])),
    ),
  )
  return steps.get(text)?.[language]
}

export function changeText(change: Change, language: Language, bothWays = false): string {
  // A mark in the language wanted if it is a step of an experiment; what a user wrote stays as it is.
  if (change.kind === 'mark') return stepText(change.text, language) ?? change.text
  if (change.kind === 'fault') return `! ${change.what}`
  const { path, from, to } = change
  const power = POWER.exec(path)
  if (power) return `${power[1]}: ${word(language, settingText(path, to) === 'on' ? 'powerOn' : 'powerOff')}`
  return `${pathName(path, language, bothWays)}: ${settingText(path, from)} → ${settingText(path, to)}`
}

/** A host that crashes or starts anew. */
const POWER = /^hosts\.(?:[^.]+\/)?([^./]+)\.power$/

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
  language: Language,
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
    text: cut(groupText(group, language)),
    fault: group.some(({ kind }) => kind === 'fault'),
  }))
}

function groupText(group: readonly Change[], language: Language): string {
  const knobs = new Map<string, Knob>()
  const texts: string[] = []
  for (const change of group) {
    if (change.kind === 'knob')
      knobs.set(change.path, { ...change, from: knobs.get(change.path)?.from ?? change.from })
    else texts.push(changeText(change, language))
  }
  for (const knob of knobs.values()) {
    const twin = knobs.get(otherWay(knob.path))
    const alike = twin !== undefined && twin.from === knob.from && twin.to === knob.to
    texts.push(changeText(knob, language, alike))
  }
  const all = [...new Set(texts)].join(' · ')
  // What the maker of an experiment says of a change tells more than half of what has been set, in the reader's language.
  const marks = group.filter(({ kind }) => kind === 'mark')
  const isStep = marks.some((mark) => mark.kind === 'mark' && stepText(mark.text, language) !== undefined)
  return marks.length > 0 && (isStep || all.length > LONGEST)
    ? marks.map((mark) => changeText(mark, language)).join(' · ')
    : all
}

type Knob = Extract<Change, { kind: 'knob' }>

/** The path of the same setting in the other direction of its link. */
const otherWay = (path: string): string =>
  path.replace(/^(links\.[^.]+)\.(up|down)\./, (_, link: string, way: string) =>
    way === 'up' ? `${link}.down.` : `${link}.up.`,
  )
