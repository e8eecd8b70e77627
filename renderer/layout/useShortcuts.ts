import { onMounted, onUnmounted } from 'vue'
import { actionOf, SEARCH_ID, type Action } from '../shortcuts.ts'
import { useChrome } from '../stores/chrome.ts'
import { useLayout } from '../stores/layout.ts'
import { LOCALES, THEMES, usePreferences } from '../stores/preferences.ts'
import { useSelection } from '../stores/selection.ts'
import { useSession } from '../stores/session.ts'
import { useTransport } from '../stores/transport.ts'

const next = <T>(list: readonly T[], value: T): T => list[(list.indexOf(value) + 1) % list.length]

/** Listens to the keyboard while the component is there. */
export function useShortcuts(): void {
  const chrome = useChrome()
  const layout = useLayout()
  const preferences = usePreferences()
  const selection = useSelection()
  const session = useSession()
  const transport = useTransport()

  const actions: Readonly<Record<Action, (key: string) => unknown>> = {
    toggle: () => transport.toggle(),
    stop: () => session.active && session.stop(),
    step: () => transport.step('packet'),
    step_event: () => transport.step('event'),
    step_time: () => transport.step('time'),
    slower: () => transport.isVirtual && transport.shiftPace(-1),
    faster: () => transport.isVirtual && transport.shiftPace(1),
    mark: () => session.active && (chrome.menu = 'mark'),
    export: () => session.run && (chrome.menu = 'export'),
    search: () => document.getElementById(SEARCH_ID)?.focus(),
    pane: (key) => focusPane(Number(key) - 1),
    maximise: () => layout.maximise(layout.focused),
    zoom: () => selection.zoom(null),
    escape: () => (layout.maximised === null ? selection.clear() : layout.maximise(null)),
    theme: () => (preferences.theme = next(THEMES, preferences.theme)),
    language: () => (preferences.locale = next(LOCALES, preferences.locale)),
    help: () => (chrome.menu = 'help'),
  }

  function focusPane(index: number): void {
    layout.focus(index)
    document.querySelector<HTMLElement>(`[data-pane="${layout.focused}"] [role="tab"]`)?.focus()
  }

  function onKey(event: KeyboardEvent): void {
    const found = actionOf(event)
    if (!found || event.defaultPrevented) return
    event.preventDefault()
    actions[found.action](found.key)
  }

  onMounted(() => window.addEventListener('keydown', onKey))
  onUnmounted(() => window.removeEventListener('keydown', onKey))
}
