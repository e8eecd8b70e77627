/** How the terminal names packets: lists of numbers, and rules that look into them. */
import { failure, success, type Result } from './errors.ts'
import type { DropRule, HoldRule, MatchSpec } from './link.ts'
import { parseCount, parseSpan, type QuantityError } from './quantity.ts'

/** Longer lists are slips of the keyboard, such as 1-999999999. */
const MOST_NUMBERS = 100_000

/** `12,40-42`: whole numbers from 1 on, and ranges of them. */
export function parseNumberList(text: string): Result<number[], QuantityError> {
  const wrong = failure({ value: text, allowed: 'packet numbers from 1 on, such as 12,40-42' })
  const numbers: number[] = []
  for (const part of text.split(',')) {
    const [first, last = first, ...rest] = part.split('-')
    const from = parseCount(first, 1)
    const to = parseCount(last, 1)
    if (!from.ok || !to.ok || rest.length > 0 || to.value < from.value) return wrong
    if (numbers.length + to.value - from.value >= MOST_NUMBERS) return wrong
    for (let n = from.value; n <= to.value; n++) numbers.push(n)
  }
  return success(numbers)
}

const PROTOCOLS = ['tcp', 'udp', 'icmp'] as const
const FLAGS = ['fin', 'syn', 'rst', 'psh', 'ack', 'urg', 'ece', 'cwr'] as const

const ALLOWED =
  'conditions such as tcp, udp, icmp, syn, !ack, payload, !payload, port=80, and then #1,3 for the first and the third only'

type Flag = (typeof FLAGS)[number]
type Draft = { -readonly [K in keyof MatchSpec]: MatchSpec[K] }

/** Adds one condition to a match; false: there is no such condition. */
function addCondition(match: Draft, condition: string): boolean {
  const negated = condition.startsWith('!')
  const name = negated ? condition.slice(1) : condition
  const protocol = PROTOCOLS.find((candidate) => candidate === name)
  if (protocol !== undefined && !negated) {
    match.protocol = protocol
    return true
  }
  if (name === 'payload') {
    match.payload = !negated
    return true
  }
  if (name.startsWith('port=') && !negated) {
    const port = parseCount(name.slice('port='.length))
    if (port.ok) match.port = port.value
    return port.ok
  }
  const flag = FLAGS.find((candidate): candidate is Flag => candidate === name)
  if (flag === undefined) return false
  if (negated) match.without = [...(match.without ?? []), flag]
  else match.flags = [...(match.flags ?? []), flag]
  return true
}

/** `syn,!ack#1`: the first segment with SYN and without ACK. */
export function parseDropRule(text: string): Result<DropRule, QuantityError> {
  const [conditions, numbers, ...rest] = text.split('#')
  const wrong = failure({ value: text, allowed: ALLOWED })
  if (rest.length > 0) return wrong
  const match: Draft = {}
  for (const condition of conditions.split(',')) if (!addCondition(match, condition.trim())) return wrong
  const ordinals = numbers === undefined ? success([]) : parseNumberList(numbers)
  return ordinals.ok ? success({ match, ordinals: ordinals.value }) : wrong
}

/** `2s,syn,!ack#1`: the first segment with SYN and without ACK comes two seconds late. */
export function parseHoldRule(text: string): Result<HoldRule, QuantityError> {
  const comma = text.indexOf(',')
  const by = parseSpan(text.slice(0, Math.max(0, comma)))
  const rule = parseDropRule(text.slice(comma + 1))
  if (by.ok && rule.ok) return success({ ...rule.value, by: by.value })
  return failure({ value: text, allowed: `a time such as 2s, and ${ALLOWED}` })
}
