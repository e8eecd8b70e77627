/** A step of a packet's journey in a few words. */
import { reasonText } from '../../../shared/charts/reasons.ts'
import type { Language } from '../../../shared/charts/texts.ts'
import type { Step } from '../../../shared/projections/journeys.ts'
import { formatSpan } from '../../../shared/quantity.ts'

/** What `useI18n` gives, as far as it is needed here. */
export type Translate = (key: string, values?: Record<string, string | number>) => string

/** Out of all ports but the one by which the frame came. */
const ALL_OTHERS = 255

export function stepWords(t: Translate, language: Language, step: Step): string {
  switch (step.kind) {
    case 'sent':
    case 'arrived':
      return t(`view.journey.${step.kind}`)
    case 'held':
    case 'released':
      return t(`view.journey.${step.kind}`, { address: step.address })
    case 'link': {
      const { fate, until, entered, reason } = step.passage
      if (fate === 'dropped') return `✕ ${reasonText(language, reason)}`
      return fate === 'under_way' ? t('view.fate.under_way') : formatSpan(until - entered)
    }
    case 'switched': {
      const to = step.outPort === ALL_OTHERS ? t('view.journey.all_ports') : String(step.outPort)
      return `${t('view.journey.port')} ${step.inPort} → ${to} · ${decisionWord(t, step.decision)}`
    }
    case 'routed':
      return `TTL ${step.ttl + 1} → ${step.ttl} · ${step.prefix} → ${step.nextHop}`
    case 'discarded':
      return `✕ ${reasonText(language, step.reason)}`
    case 'rejected':
      return step.reason === 'not_for_us' ? t('view.journey.not_for_us') : reasonText(language, step.reason)
  }
}

const DECISIONS: readonly string[] = ['known', 'flooded', 'broadcast', 'filtered']

/** The decision of a switch; a word that is not known stays as it is. */
export const decisionWord = (t: Translate, decision: string): string =>
  DECISIONS.includes(decision) ? t(`view.journey.decision.${decision}`) : decision
