/** A request in words: where its time went, and what came of it. */
import { valueText } from '../../shared/charts/axes.ts'
import { failureText } from '../../shared/charts/failures.ts'
import type { Language } from '../../shared/charts/texts.ts'
import { phaseName } from '../../shared/charts/waterfall.ts'
import type { Attempt, Requests } from '../../shared/projections/requests.ts'
import { requestName, type Translate } from './stream-words.ts'

export function requestWords(
  requests: Requests,
  attempt: Attempt,
  now: number,
  language: Language,
  translate: Translate,
): string {
  const { content, encoded, encoding, error, flow, lane, exchange, version, source, initiator } = attempt
  const phases = requests
    .phases(attempt, now)
    .map(({ kind, from, to }) => `${phaseName(language, kind)} ${valueText(to - from, 'us')}`)
  const say = (key: string, values: Record<string, string | number> = {}): string =>
    translate(`view.waterfall.${key}`, values)
  const size = valueText(content, 'B')
  const parts = [
    `#${attempt.request} ${requestName(attempt)}`,
    ...(attempt.attempt > 1 ? [say('attempt', { n: attempt.attempt })] : []),
    phases.join(', '),
    ...(flow === 0
      ? []
      : [say('via', { connection: requests.connectionNumber(lane, flow), exchange, version })]),
    ...(attempt.status === 0 ? [] : [String(attempt.status)]),
    ...(source === 'cache' || source === 'validated' || source === 'push' ? [say(`source.${source}`)] : []),
    ...(Number.isNaN(attempt.finished) || error !== ''
      ? []
      : [encoding === '' ? size : say('coded', { size, encoding, encoded: valueText(encoded, 'B') })]),
    ...(initiator === 0 ? [] : [say('initiator', { initiator })]),
    ...(error === ''
      ? []
      : [say('failed', { error, message: failureText(language, error, attempt.message) })]),
  ]
  return parts.filter((part) => part !== '').join(' · ')
}
