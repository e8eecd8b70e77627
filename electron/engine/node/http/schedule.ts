/** When which request begins: at its time, and after those that it waits for. */
import type { RequestSetup } from '../../../../shared/http.ts'

interface Unit {
  readonly setup: RequestSetup
  /** How many have to be done before it. */
  missing: number
  readonly then: Unit[]
}

export interface Scheduling {
  /** Calls back at a moment of the client's own time, or now if it has gone by. */
  readonly at: (moment: number, action: () => void) => void
  /** Does it, and calls `done` when it is, with all that came of it. */
  readonly run: (setup: RequestSetup, done: () => void) => void
  /** All are done. */
  readonly finished: () => void
}

/** Begins with a list of requests; see `at`, `after` and `times` of the set-up. */
export function schedule(requests: readonly RequestSetup[], { at, run, finished }: Scheduling): void {
  const units = unitsOf(requests)
  let left = units.length
  const launch = (unit: Unit): void =>
    at(unit.setup.at, () =>
      run(unit.setup, () => {
        left--
        for (const next of unit.then) if (--next.missing === 0) launch(next)
        if (left === 0) finished()
      }),
    )
  for (const unit of units.filter(({ missing }) => missing === 0)) launch(unit)
}

function unitsOf(requests: readonly RequestSetup[]): Unit[] {
  const all: Unit[] = []
  let before: Unit[] = []
  for (const setup of requests) {
    const group: Unit[] = []
    for (let i = 0; i < setup.times; i++) {
      const unit: Unit = { setup, missing: 0, then: [] }
      const awaited = !setup.after ? [] : i === 0 ? before : [group[i - 1]]
      for (const other of awaited) other.then.push(unit)
      unit.missing = awaited.length
      group.push(unit)
    }
    all.push(...group)
    before = group
  }
  return all
}
