/** One set of tokens: what the charts draw with is what the window is made of (DESIGN 10). */
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import { DARK, LIGHT, type ChartTheme } from '../../shared/charts/theme.ts'

const css = readFileSync(join(import.meta.dirname, '../../renderer/styles/tokens.css'), 'utf8')

/** The tokens of one theme by name. */
function tokensOf(theme: string): Map<string, string> {
  const from = css.indexOf(`:root[data-theme='${theme}']`)
  const block = css.slice(css.indexOf('{', from), css.indexOf('}', from))
  return new Map([...block.matchAll(/--([\w-]+):\s*([^;]+);/g)].map(([, name, value]) => [name, value]))
}

const SHARED = {
  ground: 'ground',
  panel: 'panel',
  text: 'text',
  muted: 'muted',
  faint: 'faint',
  line: 'line',
  'line-strong': 'lineStrong',
  client: 'client',
  server: 'server',
  loss: 'loss',
  retransmission: 'retransmission',
} as const satisfies Record<string, keyof ChartTheme>

describe.each([
  ['dark', DARK],
  ['light', LIGHT],
] as const)('the %s theme', (name, chart) => {
  it.each(Object.entries(SHARED))('has the same %s in the window and in the charts', (token, field) => {
    expect(tokensOf(name).get(token)).toBe(chart[field])
  })
})

/** Relative luminance and contrast as WCAG 2 defines them. */
function luminance(hex: string): number {
  const [r, g, b] = [1, 3, 5].map((at) => {
    const share = parseInt(hex.slice(at, at + 2), 16) / 255
    return share <= 0.04045 ? share / 12.92 : ((share + 0.055) / 1.055) ** 2.4
  })
  return 0.2126 * r + 0.7152 * g + 0.0722 * b
}

function contrast(a: string, b: string): number {
  const [dark, light] = [luminance(a), luminance(b)].sort((x, y) => x - y)
  return (light + 0.05) / (dark + 0.05)
}

describe.each(['dark', 'light', 'projector'])('the %s theme', (name) => {
  const tokens = tokensOf(name)
  const grounds = ['ground', 'panel', 'raised', 'hover', 'selected']

  it.each(['text', 'muted', 'faint', 'good', 'bad', 'warn', 'accent'])(
    'has %s that can be read (4.5 : 1)',
    (ink) => {
      // Faint text stands on the window's own grounds, not on what is hovered or selected.
      const where = ink === 'text' || ink === 'muted' ? grounds : grounds.slice(0, 3)
      for (const ground of where)
        expect(contrast(tokens.get(ink)!, tokens.get(ground)!), `${ink} on ${ground}`).toBeGreaterThanOrEqual(
          4.5,
        )
    },
  )

  it.each(['client', 'server', 'loss', 'retransmission'])(
    'has a sign for %s that is seen (3 : 1)',
    (sign) => {
      expect(contrast(tokens.get(sign)!, tokens.get('ground')!)).toBeGreaterThanOrEqual(3)
    },
  )

  it('has a main button that can be read', () => {
    expect(contrast(tokens.get('on-accent')!, tokens.get('accent-fill')!)).toBeGreaterThanOrEqual(4.5)
  })
})
