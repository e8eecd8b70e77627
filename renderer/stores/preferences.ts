/** What the user prefers of the window itself: language and theme, kept on this machine. */
import { defineStore } from 'pinia'
import { ref, watch } from 'vue'
import { readStored, writeStored } from '../storage.ts'

export const LOCALES = ['en', 'zh'] as const
export type Locale = (typeof LOCALES)[number]

export const THEMES = ['dark', 'light', 'projector'] as const
export type Theme = (typeof THEMES)[number]

const KEY = 'rexmit.preferences'

/** The user's first language that we speak. */
function systemLocale(): Locale {
  return navigator.languages
    .find((tag) => /^(en|zh)\b/i.test(tag))
    ?.toLowerCase()
    .startsWith('zh')
    ? 'zh'
    : 'en'
}

function systemTheme(): Theme {
  return matchMedia('(prefers-color-scheme: light)').matches ? 'light' : 'dark'
}

export const usePreferences = defineStore('preferences', () => {
  const stored = readStored(KEY)
  const locale = ref<Locale>(LOCALES.find((known) => known === stored.locale) ?? systemLocale())
  const theme = ref<Theme>(THEMES.find((known) => known === stored.theme) ?? systemTheme())

  watch(
    [locale, theme],
    () => {
      document.documentElement.lang = locale.value === 'zh' ? 'zh-Hans' : 'en'
      document.documentElement.dataset.theme = theme.value
    },
    { immediate: true },
  )
  watch([locale, theme], () => writeStored(KEY, { locale: locale.value, theme: theme.value }))

  return { locale, theme }
})
