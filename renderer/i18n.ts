/** The languages of the window. */
import { createI18n } from 'vue-i18n'
import { useI18n } from 'vue-i18n'
import type { Text } from '../shared/experiment.ts'
import { formatQuantity } from './format.ts'
import { messages } from './locales/index.ts'
import type { Locale } from './stores/preferences.ts'

export const i18n = createI18n({ legacy: false, locale: 'en' as Locale, fallbackLocale: 'en', messages })

/** The text of the locale that is on, for texts that are data (titles, questions, labels of knobs). */
export function useText(): (text: Text) => string {
  const { locale } = useI18n()
  return (text) => (locale.value === 'zh' ? text.zh : text.en)
}

/** A value with its unit, in words of the locale that is on where the unit has no symbol. */
export function useQuantity(): (value: number, unit: string) => string {
  const { t } = useI18n()
  return (value, unit) => formatQuantity(value, unit, (name) => t(`unit.${name}`))
}
