import { expect, it, vi } from 'vitest'
import { Visitors } from '../../../../electron/engine/relay/visitors.ts'

/** More than this are turned away. */
const MOST = 1_024

it('lets so many in at a time, turns others away, and counts them all', () => {
  const visitors = new Visitors()
  visitors.onChange = vi.fn()
  for (let i = 0; i < MOST; i++) expect(visitors.admit()).toBe(true)
  expect(visitors.isFull).toBe(true)
  expect(visitors.admit()).toBe(false)
  visitors.leave()
  expect(visitors.admit()).toBe(true)
  expect([visitors.open, visitors.total, visitors.refused]).toEqual([MOST, MOST + 1, 1])
  expect(visitors.onChange).toHaveBeenCalledTimes(MOST + 3)
})
