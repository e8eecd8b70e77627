/** The theme of the charts from the window's tokens (`styles/tokens.css`), read once for each change of theme. */
import { DARK, LIGHT, type ChartTheme } from '../../shared/charts/theme.ts'
import type { Theme } from '../stores/preferences.ts'

/** Tokens that the charts share with the rest of the window. */
const TOKENS = {
  ground: '--ground',
  panel: '--panel',
  text: '--text',
  muted: '--muted',
  faint: '--faint',
  line: '--line',
  lineStrong: '--line-strong',
  client: '--client',
  server: '--server',
  loss: '--loss',
  retransmission: '--retransmission',
} as const satisfies Partial<Record<keyof ChartTheme, string>>

let known: { readonly name: Theme; readonly theme: ChartTheme } | undefined

/** The theme that is on. Call it while drawing, when the document has taken the theme on. */
export function chartTheme(name: Theme): ChartTheme {
  if (known?.name !== name) known = { name, theme: readTheme(name) }
  return known.theme
}

function readTheme(name: Theme): ChartTheme {
  const style = getComputedStyle(document.documentElement)
  const read = (token: string): string => style.getPropertyValue(token).trim()
  const colors: Partial<Record<keyof typeof TOKENS, string>> = {}
  for (const key of Object.keys(TOKENS) as (keyof typeof TOKENS)[]) {
    const value = read(TOKENS[key])
    // Anything else than six digits would break what is computed from it.
    if (/^#[0-9a-f]{6}$/i.test(value)) colors[key] = value
  }
  const base = name === 'dark' ? DARK : LIGHT
  const size = parseFloat(read('--text-size')) || 13
  return {
    ...base,
    ...colors,
    font: read('--font') || base.font,
    mono: read('--mono') || base.mono,
    textSize: Math.round(size * 0.846),
    stroke: name === 'projector' ? 2.5 : base.stroke,
  }
}
