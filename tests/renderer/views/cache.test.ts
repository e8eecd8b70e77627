import { describe, expect, test } from 'vitest'
import { isKept, requestAt, targetOf, wayOf } from '../../../renderer/views/cache/tree.ts'
import { messages } from '../../../renderer/locales/index.ts'
import { TREE } from '../../../renderer/views/cache/tree.ts'

/** `stored` for yes, `-stored` for no. */
const way = (...steps: string[]) =>
  wayOf({
    steps: steps.map((step) => ({ step: step.replace('-', ''), yes: !step.startsWith('-'), detail: '' })),
  })
const asked = (found: ReturnType<typeof way>) => found.filter((one) => one.asked).map(({ node }) => node.id)
const leaf = (found: ReturnType<typeof way>) =>
  found.filter(({ aside }) => aside).map(({ node }) => node.aside!.leaf)

describe('the way through the decision tree', () => {
  test('of a first visit: nothing is stored, all is fetched and kept', () => {
    const first = way('-stored', '-no_store')
    expect(asked(first)).toEqual(['stored', 'no_store'])
    expect(leaf(first)).toEqual(['fetch'])
    expect(isKept(first)).toBe(true)
  })

  test('of a fresh response: it is used, and nothing more is asked', () => {
    const fresh = way('stored', '-max_age', 'expires', 'fresh')
    expect(asked(fresh)).toEqual(['stored', 'lifetime', 'fresh'])
    expect(leaf(fresh)).toEqual(['use'])
    expect(isKept(fresh)).toBe(false)
    expect(fresh[1].parts.map(({ step }) => step?.yes)).toEqual([false, true, undefined])
  })

  test('of a stale response that holds: it is made fresh again', () => {
    const validated = way(
      'stored',
      'max_age',
      '-fresh',
      'validator',
      'etag',
      '-last_modified',
      'not_modified',
    )
    expect(leaf(validated)).toEqual(['refresh'])
    expect(validated.map(({ onward }) => onward)).toEqual([true, true, true, true, false, false])
  })

  test('of a stale response that does not hold: the new one is kept', () => {
    const changed = way('stored', 'max_age', '-fresh', 'validator', 'etag', '-not_modified', '-no_store')
    expect(leaf(changed)).toEqual([])
    expect(isKept(changed)).toBe(true)
  })

  test('of a stale response without validator, and of one that may not be kept', () => {
    expect(leaf(way('stored', '-heuristic', '-fresh', '-validator', 'no_store'))).toEqual([
      'fetch',
      'not_kept',
    ])
  })

  test('of a request that asked no cache is dark', () => {
    expect(asked(way())).toEqual([])
    expect(isKept(way())).toBe(false)
  })

  test('has words for every question, part and end', () => {
    const { question, part, leaf: leaves } = messages.en.view.cache
    for (const { id, parts, aside } of TREE) {
      expect(question).toHaveProperty(id)
      for (const name of parts) expect(part).toHaveProperty(name)
      if (aside) expect(leaves).toHaveProperty(aside.leaf)
    }
  })
})

test.each([
  [null, 2],
  [0, 0],
  [25, 1],
  [99, 2],
])('at cursor %s request %d is on show', (cursor, index) => {
  expect(requestAt([{ t: 10 }, { t: 20 }, { t: 30 }], cursor)).toBe(index)
})

test('a URL is shown by its target', () => {
  expect(targetOf('https://server.lab/a?b=c')).toBe('/a?b=c')
  expect(targetOf('odd')).toBe('odd')
})
