/** The causes of a stall can be told apart: by colour, or where that is shared, by pattern. */
import { expect, test } from 'vitest'
import { causeSign } from '../../../shared/charts/causes.ts'
import { causeName } from '../../../shared/charts/texts.ts'
import { DARK, LIGHT } from '../../../shared/charts/theme.ts'
import { STALL_CAUSES } from '../../../shared/trace/events.ts'

test.each([
  ['dark', DARK],
  ['light', LIGHT],
])('in the %s theme no two causes look the same', (_, theme) => {
  const signs = STALL_CAUSES.map((cause) => {
    const { color, pattern } = causeSign(theme, cause)
    return `${color} ${pattern}`
  })
  expect(new Set(signs).size).toBe(STALL_CAUSES.length)
})

test.each(['en', 'zh'] as const)('no two have the same name in %s', (language) => {
  expect(new Set(STALL_CAUSES.map((cause) => causeName(language, cause))).size).toBe(STALL_CAUSES.length)
})
