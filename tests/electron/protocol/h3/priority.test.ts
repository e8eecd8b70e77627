/** The Priority field (RFC 9218 4, RFC 8941 3.2). */
import fc from 'fast-check'
import { expect, test } from 'vitest'
import { formatPriority, parsePriority } from '../../../../electron/protocol/h3/priority.ts'

test.each([
  ['', 3, false],
  ['u=0', 0, false],
  ['u=7, i', 7, true],
  ['i, u=1', 1, true],
  ['i=?0', 3, false],
  ['i=?1;x="a, b";y, u=2;q=0.1', 2, true],
  ['u=8', 3, false],
  ['u=-1', 3, false],
  ['u=1.0', 3, false],
  ['u="1"', 3, false],
  ['i=1', 3, false],
  ['u=1, u=5', 5, false],
  ['other="u=1, i", u=2', 2, false],
  ['other=(1 "a" 2), u=2', 2, false],
  ['U=1', 3, false],
  ['u=1, ???', 3, false],
])('%j', (value, urgency, incremental) => {
  expect(parsePriority(value)).toEqual({ urgency, incremental })
})

test('what is written is read', () => {
  fc.assert(
    fc.property(
      fc.record({ urgency: fc.integer({ min: 0, max: 7 }), incremental: fc.boolean() }),
      (priority) => {
        expect(parsePriority(formatPriority(priority))).toEqual(priority)
      },
    ),
  )
})

test('a long value made to be slow is not', () => {
  for (const bad of [
    'u' + ';'.repeat(4_000) + '"',
    'a="' + '\\'.repeat(4_000),
    'a=' + '('.repeat(4_000),
    ' '.repeat(4_000) + '!',
  ])
    expect(parsePriority(bad)).toEqual({ urgency: 3, incremental: false })
})
