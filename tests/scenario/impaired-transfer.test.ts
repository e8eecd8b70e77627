/**
 * Two real stacks over the real link under random loss, duplication, reordering and corruption of up to 30 %, with
 * random sizes and speeds of the applications: the bytes that arrive are the bytes that were sent, and every run ends.
 */
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import type { SetupInput } from '../../shared/experiment.ts'
import { createRun, smallExperiment } from '../support/runs.ts'

const full = process.env.REXMIT_FULL === '1'

const share = (most: number) => fc.oneof(fc.constant(0), fc.double({ min: 0, max: most, noNaN: true }))
const rate = fc.oneof(fc.constant(0), fc.integer({ min: 5_000, max: 5_000_000 }))

const direction = fc.record({
  delay: fc.integer({ min: 0, max: 100_000 }),
  rate: fc.record({ limit: fc.constantFrom(0, 1e6, 10e6, 1e9) }),
  queue: fc.record({ limit: fc.constantFrom(20_000, 100_000, 0) }),
  loss: fc.record({ rate: share(0.3) }),
  duplicate: fc.record({ rate: share(0.3) }),
  reorder: fc.record({ rate: share(0.3), gap: fc.integer({ min: 1, max: 20 }) }),
  corrupt: fc.record({ rate: share(0.3) }),
  jitter: fc.record({ amount: fc.constantFrom(0, 1_000, 30_000), reorders: fc.boolean() }),
})

const tcp = fc.record({
  congestion: fc.constantFrom('newreno' as const, 'cubic' as const, 'none' as const),
  sack: fc.boolean(),
  timestamps: fc.boolean(),
  windowScaling: fc.boolean(),
  limitedTransmit: fc.boolean(),
  nagle: fc.boolean(),
  mss: fc.constantFrom(64, 536, 1460),
  delayedAck: fc.constantFrom(0, 40_000),
  receiveBuffer: fc.constantFrom(3_000, 65_536, 1_000_000),
  sendBuffer: fc.constantFrom(2_000, 65_536, 1_000_000),
  minRto: fc.constantFrom(50_000, 200_000, 1_000_000),
  // With three in ten lost each way, fifteen losses in a row of the same segment will come in thousands of runs.
  synRetries: fc.constant(60),
  dataRetries: fc.constant(60),
})

const transfer = fc.record({
  seed: fc.integer({ min: 0, max: 0xffff_ffff }),
  bytes: fc.oneof(fc.integer({ min: 0, max: 3_000 }), fc.integer({ min: 0, max: 60_000 })),
  writeSize: fc.integer({ min: 1, max: 30_000 }),
  writeRate: rate,
  readRate: rate,
  up: direction,
  down: direction,
  client: tcp,
  server: tcp,
})

function setupOf(t: typeof transfer extends fc.Arbitrary<infer T> ? T : never): SetupInput {
  // One-byte writes are the point of small transfers, not of large ones.
  const writeSize = Math.max(t.writeSize, Math.ceil(t.bytes / 500))
  return {
    hosts: { client: { role: 'client', tcp: t.client }, server: { role: 'server', tcp: t.server } },
    links: { link: { a: 'client', b: 'server', up: t.up, down: t.down } },
    apps: {
      sender: {
        ...{ kind: 'tcp-send', host: 'client', to: 'server', port: 5001 },
        ...{ bytes: t.bytes, writeSize, rate: t.writeRate },
      } as never,
      sink: { kind: 'tcp-sink', host: 'server', port: 5001, rate: t.readRate },
    },
  }
}

describe('a transfer over a bad link', () => {
  it('delivers exactly what was sent, and ends', () => {
    fc.assert(
      fc.property(transfer, (t) => {
        const experiment = smallExperiment({ setup: setupOf(t), duration: 86_400e6 })
        const run = createRun({ experiment: experiment as never, seed: t.seed })
        run.runToEnd({ summarize: false })
        expect(run.info).toMatchObject({ state: 'finished' })
        const ends = [...run.reader.events(['app:finished'])]
        const of = (node: string) => ends.find((event) => event.node === node)?.data
        const received = of('one/server')
        const sent = of('one/client')
        expect(sent).toMatchObject({ bytes: t.bytes })
        expect(received).toMatchObject({ bytes: t.bytes, sha256: sent!.sha256 })
        expect(run.info.now).toBeLessThan(86_400e6)
      }),
      { numRuns: full ? 1_500 : 60 },
    )
  })
})
