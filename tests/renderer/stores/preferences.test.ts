import { createPinia, setActivePinia } from 'pinia'
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest'
import { nextTick } from 'vue'
import { usePreferences } from '../../../renderer/stores/preferences.ts'
import { stubBrowser } from '../../support/window-globals.ts'

let root: { lang: string; dataset: Record<string, string> }

/** A system of these languages, in light or dark. */
function openOn(languages: string[], light = false): ReturnType<typeof usePreferences> {
  root = { lang: '', dataset: {} }
  vi.stubGlobal('document', { documentElement: root })
  vi.stubGlobal('navigator', { languages })
  vi.stubGlobal('matchMedia', () => ({ matches: light }))
  setActivePinia(createPinia())
  return usePreferences()
}

beforeEach(() => void stubBrowser())
afterEach(() => vi.unstubAllGlobals())

describe('language and theme', () => {
  it.each([
    [['zh-CN', 'en'], 'zh'],
    [['de-DE', 'en-GB', 'zh'], 'en'],
    [['fr', 'zh-TW'], 'zh'],
    [['fr'], 'en'],
  ])('%j: the first language that we speak, %s', (languages, locale) => {
    expect(openOn(languages).locale).toBe(locale)
    expect(root.lang).toBe(locale === 'zh' ? 'zh-Hans' : 'en')
  })

  it('are the system’s until they are chosen, and then those that were chosen', async () => {
    const preferences = openOn(['en'], true)
    expect([preferences.theme, root.dataset.theme]).toEqual(['light', 'light'])
    preferences.theme = 'projector'
    preferences.locale = 'zh'
    await nextTick()
    expect([root.dataset.theme, root.lang]).toEqual(['projector', 'zh-Hans'])
    const again = openOn(['en'], true)
    expect([again.theme, again.locale]).toEqual(['projector', 'zh'])
  })

  it('are the system’s when what was stored is unknown', () => {
    localStorage.setItem('rexmit.preferences', '{"theme":"neon","locale":5}')
    expect(openOn(['en'], false).theme).toBe('dark')
  })
})
