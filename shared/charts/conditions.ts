/** How the conditions of a stream look (DESIGN 10), and what they are called. */
import type { Condition } from '../projections/blocking.ts'
import type { BoxSign } from './rows.ts'
import { word, type Language } from './texts.ts'
import type { ChartTheme } from './theme.ts'

/** In the order in which they are drawn and listed. */
export const CONDITIONS = [
  'transferring',
  'self',
  'cross',
  'record',
  'key',
  'qpack',
] as const satisfies readonly Condition[]

export function conditionSign(theme: ChartTheme, condition: Condition): BoxSign {
  const signs: Record<Condition, BoxSign> = {
    transferring: { color: theme.client, pattern: 'plain', ink: theme.ground },
    self: { color: theme.yellow, pattern: 'falling', ink: '#0b0f13' },
    cross: { color: theme.loss, pattern: 'rising', ink: '#0b0f13' },
    record: { color: theme.grey, pattern: 'upright', ink: theme.ground },
    key: { color: theme.sack, pattern: 'falling', ink: theme.ground },
    qpack: { color: theme.retransmission, pattern: 'upright', ink: '#0b0f13' },
  }
  return signs[condition]
}

export const conditionName = (language: Language, condition: Condition): string => word(language, condition)
