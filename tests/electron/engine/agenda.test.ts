import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { Agenda, type Due } from '../../../electron/engine/agenda.ts'

const entry = (): Due => ({ dueAt: Infinity, order: 0, place: -1 })

describe('the agenda', () => {
  it('gives the entry that is due first', () => {
    const agenda = new Agenda<Due>()
    const [early, late] = [entry(), entry()]
    agenda.set(late, 20)
    agenda.set(early, 10)
    expect(agenda.first()).toBe(early)
    agenda.set(early, 30)
    expect(agenda.first()).toBe(late)
    agenda.set(late, Infinity)
    agenda.set(early, Infinity)
    expect(agenda.first()).toBeUndefined()
  })

  it('keeps the order in which equals were put down, and the place of one that is put down again unchanged', () => {
    const agenda = new Agenda<Due>()
    const [a, b] = [entry(), entry()]
    agenda.set(a, 5)
    agenda.set(b, 5)
    agenda.set(a, 5)
    expect(agenda.first()).toBe(a)
    agenda.set(a, 7)
    agenda.set(a, 5)
    expect(agenda.first()).toBe(b)
  })

  it('agrees with a sorted list, whatever is set in whatever order', () => {
    const change = fc.tuple(fc.nat(15), fc.oneof(fc.nat(8), fc.constant(Infinity)))
    fc.assert(
      fc.property(fc.array(change, { maxLength: 200 }), (changes) => {
        const agenda = new Agenda<Due>()
        const entries = Array.from({ length: 16 }, entry)
        const model = new Map<Due, { dueAt: number; order: number }>()
        for (const [order, [i, dueAt]] of changes.entries()) {
          const known = model.get(entries[i])
          agenda.set(entries[i], dueAt)
          if (dueAt === Infinity) model.delete(entries[i])
          else if (known?.dueAt !== dueAt) model.set(entries[i], { dueAt, order })
          const sorted = [...model].sort(([, a], [, b]) => a.dueAt - b.dueAt || a.order - b.order)
          expect(agenda.first()).toBe(sorted[0]?.[0])
        }
      }),
    )
  })
})
