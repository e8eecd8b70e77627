/** The numbers in an experiment's narrative, and where each of them comes from. */
import type { Expectation, Experiment, Text } from '../../shared/experiment.ts'

type Language = keyof Text

export interface Quoted {
  /** As it stands there, with its unit. */
  readonly text: string
  /** In the unit of settings and metrics: microseconds, bytes, bits a second, shares of 1. */
  readonly value: number
}

/** Numbers that count nothing: clauses of a standard, and parts of names. */
const NAMES: readonly RegExp[] = [
  // RFC 9113, 6.9.2; RFC 8446 C.4; RFC 9001 3, 4; and the clauses of a standard named just before: (5.2), 的 5.2 节.
  /(?:RFC|IEEE|OASIS|MQTT) ?[\d.]+\w?(?:[,，、]? ?(?:和 ?|and )?(?:第 ?)?[A-Z]?\.?\d+(?:\.\d+)*(?![\d ]*(?:%|B|ms|s|[kM]?bit)))*/g,
  /[（(]\d+(?:\.\d+)*(?:[,、] ?\d+(?:\.\d+)*)*[)）]/g,
  /\b(?:section|clause) \d+(?:\.\d+)*|第 ?\d+(?:\.\d+)+ ?节|\[MQTT-[\d.-]+\]/gi,
  /HTTP\/\d(?:\.\d)?|TLS 1\.\d|MQTT \d(?:\.\d)*|SHA-?\d+|P-256|X25519|AES-\d+|RSA-\d+|IPv\d|UTF-8|base64/gi,
  /\d-RTT|\bh2c?\b|http2-\w+|QoS ?\d(?:(?:[,、] ?| and | or | 和 | 或 )\d)*|\b802\.\d+\w*/g,
  // Addresses.
  /\b\d{1,3}(?:\.\d{1,3}){3}(?:\/\d+)?/g,
]

const UNITS: readonly (readonly [RegExp, number])[] = [
  [/^ ?(?:µs|us|microseconds?|微秒)/, 1],
  [/^ ?(?:ms|milliseconds?|毫秒)/, 1e3],
  [/^ ?(?:s\b|seconds?|秒)/, 1e6],
  [/^ ?(?:minutes?|分钟)/, 60e6],
  [/^ ?(?:hours?|小时)/, 3600e6],
  [/^ ?Gbit\/s/, 1e9],
  [/^ ?Mbit\/s/, 1e6],
  [/^ ?kbit\/s/, 1e3],
  [/^ ?GB/, 1e9],
  [/^ ?MB/, 1e6],
  [/^ ?kB/, 1e3],
  [/^ ?%/, 0.01],
]

const WORDS = ['four', 'five', 'six', 'seven', 'eight', 'nine', 'ten', 'eleven', 'twelve'] as const
const wordsIn = (text: string): Quoted[] =>
  [...text.matchAll(new RegExp(`\\b(?:${WORDS.join('|')})\\b`, 'gi'))].map(([word]) => ({
    text: word,
    value: WORDS.indexOf(word.toLowerCase() as (typeof WORDS)[number]) + 4,
  }))

const withoutNames = (text: string): string => NAMES.reduce((rest, name) => rest.replace(name, ' '), text)

/** What a text counts or measures in figures. */
export function figuresIn(text: string): Quoted[] {
  const rest = withoutNames(text)
  return [...rest.matchAll(/(?<![\w.])\d+(?:[,\u202f]\d{3})*(?:\.\d+)?(?:\^\d+)?/g)].map((match) => {
    const behind = rest.slice(match.index + match[0].length)
    const [base, power] = match[0]
      .replaceAll(/[,\u202f]/g, '')
      .split('^')
      .map(Number)
    const number = power === undefined ? base : base ** power
    for (const [unit, factor] of UNITS) {
      const found = unit.exec(behind)
      if (found !== null) return { text: match[0] + found[0], value: number * factor }
    }
    return { text: match[0], value: number }
  })
}

/** And in words, from four upwards: what is less than that is mostly no number ("one", "the two ends", "three times"). */
export const numbersIn = (text: string, language: Language): Quoted[] =>
  language === 'en' ? [...figuresIn(text), ...wordsIn(withoutNames(text))] : figuresIn(text)

function* numbersOf(value: unknown): Generator<number> {
  if (typeof value === 'number') yield value
  else if (typeof value === 'object' && value !== null)
    for (const item of Array.isArray(value) ? (value as unknown[]) : Object.values(value))
      yield* numbersOf(item)
}

/** What an expectation says: the value it claims, and the numbers in its words. */
const claimed = ({ value, text, why }: Expectation): number[] => [
  ...(typeof value === 'number' ? [value] : []),
  ...[text, why].flatMap(({ en, zh }) => [...numbersIn(en, 'en'), ...figuresIn(zh)]).map((one) => one.value),
]

/** Numbers that a narrative may quote: what is claimed and measured, and what is set or can be. */
export function sourcesOf(experiment: Experiment): (number: Quoted) => string | undefined {
  const claims = experiment.expectations.map((one) => [one.id, claimed(one)] as const)
  const { setup, lanes, steps, knobs, duration } = experiment
  const settings = [
    ...numbersOf([setup, lanes, steps, duration]),
    ...numbersOf(knobs.map(({ min, max, step, options }) => [min, max, step, options])),
    lanes.length,
    ...Object.values(setup).flatMap((part) => (typeof part === 'object' ? [Object.keys(part).length] : [])),
  ]
  const claim = (number: Quoted) => claims.find(([, values]) => values.some((value) => isSame(number, value)))
  return (number) => {
    const found = claim(number)
    if (found !== undefined) return `expectation ${found[0]}`
    return settings.some((value) => isSame(number, value)) ? 'a setting' : undefined
  }
}

/** Whether a value is what the number says, to as many digits as it says. */
export function isSame({ text, value }: Quoted, other: number): boolean {
  const digits = /^[\d,.]+/.exec(text)?.[0].replaceAll(/[,.]/g, '').replace(/^0+/, '').length ?? 0
  if (digits < 2) return value === other || Math.abs(value - other) <= 1e-9 * Math.abs(value)
  return Math.abs(Number(other.toPrecision(digits)) - value) <= 1e-9 * Math.abs(value)
}
