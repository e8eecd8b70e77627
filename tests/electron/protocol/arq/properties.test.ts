/** Whatever the pipe does, every byte is delivered once and in order. */
import { createHash } from 'node:crypto'
import fc from 'fast-check'
import { expect, it } from 'vitest'
import { ARQ_SCHEMES } from '../../../../shared/arq.ts'
import {
  decodeArq,
  encodeArq,
  MOST_RANGES,
  type ArqPacket,
} from '../../../../electron/protocol/arq/packet.ts'
import { ArqPipe } from '../../../support/arq-pipe.ts'

const RUNS = process.env.REXMIT_FULL === '1' ? 3_000 : 60
const sha256 = (bytes: Iterable<number>) => createHash('sha256').update(Uint8Array.from(bytes)).digest('hex')

it.each(ARQ_SCHEMES)('%s under loss, reordering, duplication and corruption', (scheme) => {
  const share = fc.double({ min: 0, max: 0.2, noNaN: true })
  const conditions = fc.record({
    seed: fc.nat(),
    loss: share,
    reorder: share,
    duplicate: share,
    corrupt: fc.double({ min: 0, max: 0.05, noNaN: true }),
    window: fc.integer({ min: 1, max: 40 }),
    bytes: fc.integer({ min: 1, max: 6_000 }),
    payload: fc.integer({ min: 1, max: 300 }),
    timeout: fc.constantFrom(0, 30_000, 300_000),
  })
  fc.assert(
    fc.property(conditions, (some) => {
      const payload = Math.max(some.payload, Math.ceil(some.bytes / 60))
      const pipe = new ArqPipe({ scheme, ...some, payload, retries: 200 }).run()
      expect(pipe.sender.finished).toBe(true)
      expect(pipe.receiver.finished).toBe(true)
      expect(sha256(pipe.delivered)).toBe(sha256(pipe.source))
      const window = scheme === 'stop-and-wait' ? 1 : some.window
      for (const { base, next } of pipe.senderTrace.of('arq:window_moved'))
        expect(next - base).toBeLessThanOrEqual(window)
    }),
    { numRuns: RUNS },
  )
})

const u32 = fc.integer({ min: 0, max: 0xffff_ffff })
const ranges = fc
  .uniqueArray(fc.integer({ min: 1, max: 1_000_000 }), { maxLength: 2 * MOST_RANGES })
  .map((edges) => edges.slice(0, edges.length & ~1).sort((a, b) => a - b))
const packet: fc.Arbitrary<ArqPacket> = fc.oneof(
  fc.record({
    kind: fc.constant('data' as const),
    transfer: u32,
    number: u32,
    last: fc.boolean(),
    payload: fc.uint8Array({ minLength: 1 }),
  }),
  fc.record({ transfer: u32, number: fc.nat(0x7fff_ffff), echo: u32, ranges }).map(({ ranges, ...rest }) => ({
    kind: 'ack' as const,
    ...rest,
    ranges: ranges.map((edge) => rest.number + edge),
  })),
)

it('a packet survives its encoding', () => {
  fc.assert(
    fc.property(packet, (given) => {
      const read = decodeArq(encodeArq(given))
      expect(read).toEqual({ ok: true, value: given })
    }),
    { numRuns: RUNS * 5 },
  )
})
