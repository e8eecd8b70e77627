/** What a SYN of a flood costs the server in time, and all of them together in memory, with its SYN queue full. */
import { flood } from '../support/syn-flood.ts'

const SYNS = 100_000
const HONEST = 1_000

function heapUsed(): number {
  globalThis.gc?.()
  return process.memoryUsage().heapUsed
}

export default function run() {
  // The compiler needs its time.
  for (const synCookies of [false, true]) flood({ syns: 20_000, synCookies, honestEvery: 100 })
  const figures = [false, true].flatMap((synCookies) => {
    const name = `SYN flood, ${synCookies ? 'with cookies' : 'without'}`
    let honest = 0
    let least = Infinity
    let most = 0
    // From the first tenth on, when the queue is full: what grows from there on grows with the flood.
    const onHonest = () => {
      if (++honest < HONEST / 10 || honest % (HONEST / 10) !== 0) return
      const used = heapUsed()
      least = Math.min(least, used)
      most = Math.max(most, used)
    }
    const start = performance.now()
    const outcome = flood({ syns: SYNS, synCookies, honestEvery: SYNS / HONEST, onHonest })
    const took = performance.now() - start
    return [
      { name: `${name}: a SYN`, value: (took * 1_000) / SYNS, unit: 'us', note: `of ${SYNS}` },
      { name: `${name}: heap that it grows by`, value: (most - least) / 1e6, unit: 'MB', goal: 1 },
      { name: `${name}: connections at once`, value: outcome.connectionsMax, unit: '', goal: 129 },
      {
        name: `${name}: honest clients served`,
        value: (100 * outcome.served) / outcome.honest,
        unit: '%',
        goal: synCookies ? 100 : undefined,
      },
    ]
  })
  return Promise.resolve(figures)
}
