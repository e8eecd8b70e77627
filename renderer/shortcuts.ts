/** The keys of the window: one table, which the help dialog shows and the listener obeys. */

/** The search field of the experiments. */
export const SEARCH_ID = 'search'

export const SHORTCUTS = [
  { action: 'toggle', keys: [' '], shown: 'Space' },
  { action: 'stop', keys: ['x'], shown: 'X' },
  { action: 'step', keys: ['.'], shown: '.' },
  { action: 'step_event', keys: [','], shown: ',' },
  { action: 'step_time', keys: [';'], shown: ';' },
  { action: 'slower', keys: ['['], shown: '[' },
  { action: 'faster', keys: [']'], shown: ']' },
  { action: 'mark', keys: ['m'], shown: 'M' },
  { action: 'export', keys: ['e'], shown: 'E' },
  { action: 'search', keys: ['/'], shown: '/' },
  { action: 'pane', keys: ['1', '2', '3', '4', '5', '6', '7', '8', '9'], shown: '1–9' },
  { action: 'maximise', keys: ['f'], shown: 'F' },
  { action: 'zoom', keys: ['0'], shown: '0' },
  { action: 'escape', keys: ['Escape'], shown: 'Esc' },
  { action: 'theme', keys: ['t'], shown: 'T' },
  { action: 'language', keys: ['l'], shown: 'L' },
  { action: 'help', keys: ['?'], shown: '?' },
] as const satisfies readonly {
  readonly action: string
  readonly keys: readonly string[]
  readonly shown: string
}[]

export type Action = (typeof SHORTCUTS)[number]['action']

/** Roles in which keys have a meaning of their own. */
const OWN_KEYS =
  'input, select, textarea, [contenteditable], [role="menu"], [role="dialog"], [role="listbox"]'
/** Elements that the space bar presses; the entry of what is open already would do nothing. */
const PRESSED_BY_SPACE =
  'button:not([aria-current]), summary, [role="radio"], [role="switch"], [role="tab"], [role="slider"]'

/** What a key means here, with the key itself; undefined: nothing. */
export function actionOf(
  event: KeyboardEvent,
): { readonly action: Action; readonly key: string } | undefined {
  if (event.ctrlKey || event.metaKey || event.altKey || event.isComposing) return undefined
  const target = event.target
  if (target instanceof Element && target.closest(OWN_KEYS)) return undefined
  const key = event.key.length === 1 ? event.key.toLowerCase() : event.key
  if (key === ' ' && target instanceof Element && target.closest(PRESSED_BY_SPACE)) return undefined
  const shortcut = SHORTCUTS.find(({ keys }) => (keys as readonly string[]).includes(key))
  return shortcut && { action: shortcut.action, key }
}
