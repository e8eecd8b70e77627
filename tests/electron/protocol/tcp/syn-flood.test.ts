/** A flood of SYNs (RFC 4987 2): what it costs the server, and who is served all the same. */
import { describe, expect, it } from 'vitest'
import { flood } from '../../../support/syn-flood.ts'

const SYNS = process.env.REXMIT_FULL === '1' ? 100_000 : 2_000

describe('a flood of SYNs', () => {
  it('costs no more connections than the backlog, with SYN cookies or without', () => {
    for (const synCookies of [false, true]) {
      const { connectionsMax } = flood({ syns: SYNS, synCookies, synBacklog: 64, honestEvery: 100 })
      // One honest connection may stand beside those that are half open.
      expect(connectionsMax).toBeGreaterThanOrEqual(64)
      expect(connectionsMax).toBeLessThanOrEqual(65)
    }
  })

  it('leaves honest clients unserved as long as the queue is full; with SYN cookies all are served', () => {
    const [without, withCookies] = [false, true].map((synCookies) =>
      flood({ syns: SYNS, synCookies, synBacklog: 64, honestEvery: 100 }),
    )
    expect(without.served / without.honest).toBeLessThan(0.1)
    expect(withCookies.served).toBe(withCookies.honest)
  })
})
