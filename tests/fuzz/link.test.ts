/** The link under random settings, random packets and random hands: nothing vanishes, nothing throws. */
import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { createRng } from '../../electron/protocol/random.ts'
import type { DirectionInput } from '../../shared/link.ts'
import type { DirectionAudit } from '../../shared/link-audit.ts'
import { micros } from '../../shared/units.ts'
import { LinkLab } from '../support/link-lab.ts'
import { corpus, mutate } from '../support/mutate.ts'

const RUNS = process.env.REXMIT_FULL === '1' ? 5_000 : 150

/** Half of the knobs are off, so that each meets every other. */
const maybe = <T>(arbitrary: fc.Arbitrary<T>) => fc.option(arbitrary, { nil: undefined })
const upTo = (max: number) => fc.double({ min: 0, max, noNaN: true })
const share = fc.oneof(fc.constant(0), fc.constant(1), upTo(0.3))
const chance = maybe(fc.record({ rate: share, correlation: fc.oneof(fc.constant(0), upTo(0.9)) }))
const flags = fc.subarray(['fin', 'syn', 'rst', 'psh', 'ack', 'urg', 'ece', 'cwr'] as const)

const rate = fc.oneof(
  fc.record({ limit: fc.constantFrom(0, 1e5, 1e7, 1e9), bucket: fc.constantFrom(0, 100, 20_000) }),
  fc.record({
    limit: fc.constantFrom(0, 1e6),
    schedule: fc
      .array(fc.record({ at: upTo(100_000), limit: fc.constantFrom(0, 1e5, 1e8) }), { maxLength: 4 })
      .map((steps) => steps.sort((a, b) => a.at - b.at)),
  }),
  fc
    .array(fc.integer({ min: 1, max: 50 }), { minLength: 1, maxLength: 10 })
    .map((times) => ({ mahimahi: times.sort((a, b) => a - b) })),
)

/** What keeps the order of packets. */
const orderly = {
  rate: maybe(rate),
  delay: maybe(upTo(50_000)),
  mtu: maybe(fc.constantFrom(68, 100, 576, 1_500)),
  blackHole: maybe(fc.boolean()),
  queue: maybe(
    fc.record({
      discipline: fc.constantFrom('drop-tail', 'drop-head', 'codel'),
      unit: fc.constantFrom('bytes', 'packets', 'time'),
      limit: fc.constantFrom(0, 1, 10, 5_000, 1e6),
      target: fc.constantFrom(0, 5_000),
      interval: fc.constantFrom(0, 100, 100_000),
      ecn: fc.boolean(),
    }),
  ),
  spikes: maybe(
    fc.record({
      every: fc.constantFrom(0, 1, 1.5, 100, 10_000),
      extra: upTo(10_000),
      duration: upTo(10_000),
    }),
  ),
  slots: maybe(
    fc
      .record({
        min: fc.integer({ min: 0, max: 5_000 }),
        span: fc.integer({ min: 0, max: 5_000 }),
        packets: fc.constantFrom(0, 1, 5),
      })
      .map(({ min, span, packets }) => ({ min, max: min + span, packets })),
  ),
  loss: chance,
  gilbertElliott: maybe(fc.record({ p: share, r: share, lossBad: share, lossGood: share })),
  markov: maybe(fc.record({ p13: upTo(0.5), p31: upTo(0.5), p32: upTo(0.5), p23: share, p14: upTo(0.5) })),
  everyNth: maybe(fc.integer({ min: 0, max: 20 })),
  drop: maybe(fc.array(fc.integer({ min: 1, max: 60 }), { maxLength: 5 })),
  dropMatching: maybe(
    fc.array(
      fc.record({
        match: fc.record(
          {
            protocol: fc.constantFrom('tcp', 'udp', 'icmp'),
            flags,
            without: flags,
            port: fc.constantFrom(7, 5001, 40_000),
            payload: fc.boolean(),
          },
          { requiredKeys: [] },
        ),
        ordinals: fc.array(fc.integer({ min: 1, max: 5 }), { maxLength: 2 }),
      }),
      { maxLength: 3 },
    ),
  ),
  markInsteadOfDrop: maybe(fc.boolean()),
  duplicate: chance,
  corrupt: maybe(fc.record({ rate: share, correlation: upTo(0.5), repair: fc.boolean() })),
  outage: maybe(
    fc.record({
      down: fc.boolean(),
      start: upTo(50_000),
      up: fc.constantFrom(0, 700, 20_000),
      downFor: fc.constantFrom(0, 300, 20_000),
    }),
  ),
  rebind: maybe(fc.record({ at: upTo(100_000), portShift: fc.integer({ min: 0, max: 70_000 }) })),
  udpBlocked: maybe(fc.boolean()),
}

const jitter = (reorders: fc.Arbitrary<boolean>) =>
  maybe(
    fc.record({
      distribution: fc.constantFrom('uniform', 'normal', 'pareto', 'paretonormal'),
      amount: upTo(20_000),
      correlation: upTo(0.9),
      reorders,
    }),
  )

const orderlyDirection = fc.record({
  ...orderly,
  jitter: jitter(fc.constant(false)),
}) as fc.Arbitrary<DirectionInput>

const anyDirection = fc.record({
  ...orderly,
  jitter: jitter(fc.boolean()),
  reorder: maybe(
    fc.record({ rate: share, gap: fc.integer({ min: 1, max: 10 }), hold: fc.constantFrom(0, 1, 20_000) }),
  ),
}) as fc.Arbitrary<DirectionInput>

const anyStep = fc.oneof(
  { weight: 20, arbitrary: fc.record({ kind: fc.constant('send' as const), port: fc.constantFrom(0, 1) }) },
  {
    weight: 1,
    arbitrary: fc.record({ kind: fc.constant('configure' as const), up: anyDirection, down: anyDirection }),
  },
  { weight: 1, arbitrary: fc.record({ kind: fc.constant('drop' as const), which: fc.nat(50) }) },
)

function expectConserved(audit: DirectionAudit): void {
  const { offered, copies, fragments, delivered, dropped, fragmented, onLink } = audit.packets
  const died = Object.values(dropped).reduce((sum, count) => sum + count, 0)
  expect(delivered + died + fragmented + onLink).toBe(offered + copies + fragments)
}

/** Every packet that was ever named ends in exactly one way; each that came out is told of. */
function expectOneEndEach(lab: LinkLab, sent: readonly number[]): void {
  const complaints = new Set(lab.of('icmp:message_sent').map(({ pkt }) => pkt))
  const ends = ['link:packet_dropped', 'link:packet_delivered', 'link:packet_fragmented'] as const
  const ended = ends.flatMap((name) => lab.of(name).map(({ pkt }) => pkt)).sort((a, b) => a - b)
  const copies = lab.of('link:packet_duplicated').map(({ data }) => data.copy as number)
  const fragments = lab.of('link:packet_fragmented').flatMap(({ data }) => {
    return Array.from({ length: data.count as number }, (_, i) => (data.first as number) + i)
  })
  expect(ended).toEqual([...sent, ...copies, ...fragments].sort((a, b) => a - b))
  const delivered = lab.of('link:packet_delivered').map(({ pkt }) => pkt)
  expect(lab.arrivals.map(({ id }) => id).filter((id) => !complaints.has(id))).toEqual(delivered)
}

describe('conservation', () => {
  test('at all times: in, copies and fragments = out, dropped, cut and on the link; no packet ends twice', () => {
    const packets = corpus()
    fc.assert(
      fc.property(
        anyDirection,
        anyDirection,
        fc.array(anyStep, { maxLength: 80, size: 'max' }),
        fc.integer(),
        (up, down, steps, seed) => {
          const rng = createRng(seed)
          const lab = new LinkLab({ up, down }, seed)
          const sent: number[] = []
          let t = 0
          for (const step of steps) {
            if (step.kind === 'send') {
              t += rng.int(3) * rng.int(3_000)
              sent.push(lab.send(t, mutate(rng, packets), step.port))
            } else if (step.kind === 'configure') {
              lab.configure({ up: step.up, down: step.down })
            } else {
              const target = lab.link.inFlight()[step.which]
              if (target !== undefined) expect(lab.link.dropInFlight(micros(lab.now), target.pkt)).toBe(true)
            }
            const audit = lab.link.audit()
            expectConserved(audit.up)
            expectConserved(audit.down)
            expect(lab.link.inFlight()).toHaveLength(lab.link.size)
            expect(audit.up.packets.onLink + audit.down.packets.onLink).toBe(lab.link.size)
          }
          lab.drain()
          expect(lab.link.inFlight()).toEqual([])
          expectOneEndEach(lab, sent)
        },
      ),
      { numRuns: RUNS },
    )
  })
})

describe('order', () => {
  test('is kept by all settings but those that ask otherwise, also while knobs turn', () => {
    fc.assert(
      fc.property(
        fc.array(orderlyDirection, { minLength: 1, maxLength: 4 }),
        fc.integer(),
        (settings, seed) => {
          const rng = createRng(seed)
          const lab = new LinkLab({ up: settings[0] }, seed)
          for (const up of settings) {
            lab.configure({ up })
            for (let i = 0; i < 40; i++) lab.send(lab.now + rng.int(2) * rng.int(2_000), 40 + rng.int(500))
          }
          lab.drain()
          const copies = new Set(lab.of('link:packet_duplicated').map(({ data }) => data.copy as number))
          const order = lab.arrivals.map(({ id }) => id).filter((id) => !copies.has(id))
          expect(order).toEqual([...order].sort((a, b) => a - b))
        },
      ),
      { numRuns: RUNS },
    )
  })
})

describe('bytes', () => {
  test("are what they were, but for corruption, marks and translation; the sender's own are never written to", () => {
    const packets = corpus()
    fc.assert(
      fc.property(anyDirection, fc.integer(), (up, seed) => {
        const rng = createRng(seed)
        const { corrupt: _, rebind: __, markInsteadOfDrop: ___, queue: ____, mtu: _____, ...harmless } = up
        const plain = new LinkLab({ up: harmless }, seed)
        const any = new LinkLab({ up }, seed)
        const kept: [Uint8Array, Uint8Array][] = []
        for (let i = 0; i < 40; i++) {
          const bytes = mutate(rng, packets)
          kept.push([bytes, bytes.slice()])
          plain.send(i * 100, bytes)
          any.send(i * 100, bytes)
        }
        plain.drain()
        any.drain()
        expect(kept.every(([bytes, before]) => Buffer.from(bytes).equals(before))).toBe(true)
        const originals = new Set(kept.map(([bytes]) => bytes))
        const cut = plain.of('link:packet_fragmented').length > 0
        if (!cut)
          for (const { bytes, port } of plain.arrivals) expect(port === 0 || originals.has(bytes)).toBe(true)
      }),
      { numRuns: RUNS },
    )
  })
})
