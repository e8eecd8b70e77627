/** What is set on one direction of a link, in a few words, as it was at a moment of the run. */
import type { DirectionSpec } from '../link.ts'
import type { Change } from '../projections/changes.ts'
import { formatRate, formatShare, formatSpan } from '../quantity.ts'

/** Reads the setting at a path as it was at `t`: what was changed after it is taken back. */
export function settingAt(changes: readonly Change[], path: string, t: number, now: unknown): unknown {
  let value = now
  for (let i = changes.length - 1; i >= 0; i--) {
    const change = changes[i]
    if (change.t <= t) break
    if (change.kind === 'knob' && change.path === path) value = parse(change.from)
  }
  return value
}

function parse(json: string): unknown {
  try {
    return JSON.parse(json)
  } catch {
    return undefined
  }
}

/** `100 Mbit/s · 10 ms · 0.5 % lost`; `read` gives the setting at a path such as `loss.rate`. */
export function directionText(
  read: (path: string, now: unknown) => unknown,
  now: DirectionSpec,
  lost: string,
): string {
  const number = (path: string, value: number): number => {
    const found = read(path, value)
    return typeof found === 'number' ? found : value
  }
  const rate = number('rate.limit', now.rate.limit)
  const loss = number('loss.rate', now.loss.rate)
  const parts = [rate > 0 ? formatRate(rate) : '∞ bit/s', formatSpan(number('delay', now.delay))]
  if (loss > 0) parts.push(`${formatShare(loss)} ${lost}`)
  return parts.join(' · ')
}
