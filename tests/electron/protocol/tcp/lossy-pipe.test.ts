/** Whatever the network does, what arrives is what was sent, and every connection ends. */
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { transfer } from '../../../support/tcp-transfer.ts'

const runs = process.env.REXMIT_FULL === '1' ? 2_000 : 60

const share = fc.double({ min: 0, max: 0.3, noNaN: true })

const flow = fc.record({
  bytes: fc.oneof(fc.nat(3), fc.nat(60_000)),
  piece: fc.constantFrom(1, 100, 1_460, 5_000, 100_000).map((n) => Math.max(n, 1)),
  writePause: fc.constantFrom(0, 0, 0, 200, 50_000),
  readPause: fc.constantFrom(0, 0, 0, 200, 50_000),
})

const settings = fc.record({
  congestion: fc.constantFrom('newreno', 'cubic', 'bbr', 'bbr1', 'none'),
  prr: fc.boolean(),
  hystart: fc.boolean(),
  pacing: fc.boolean(),
  ecn: fc.boolean(),
  mtuProbing: fc.boolean(),
  sack: fc.boolean(),
  dsack: fc.boolean(),
  rack: fc.boolean(),
  tailLossProbe: fc.boolean(),
  frto: fc.boolean(),
  undo: fc.boolean(),
  karn: fc.boolean(),
  timestamps: fc.boolean(),
  windowScaling: fc.boolean(),
  nagle: fc.boolean(),
  senderSws: fc.boolean(),
  receiverSws: fc.boolean(),
  limitedTransmit: fc.boolean(),
  delayedAck: fc.constantFrom(0, 40_000, 200_000),
  mss: fc.constantFrom(64, 536, 1_460, 9_000),
  sendBuffer: fc.constantFrom(1, 1_000, 20_000, 4_000_000),
  receiveBuffer: fc.constantFrom(1, 1_000, 20_000, 6_000_000),
  minRto: fc.constantFrom(10_000, 200_000, 1_000_000),
  // Near the wrap of the sequence space as often as not.
  initialSequence: fc.option(fc.constantFrom(0xffff_ff00, 0x7fff_ff00, 0), { nil: undefined }),
  // What is asked here is whether the bytes arrive, not when an end loses patience.
  synRetries: fc.constant(255),
  dataRetries: fc.constant(255),
  maxRto: fc.constant(4_000_000),
  msl: fc.constant(60_000_000),
})

/** Tiny buffers cost a round trip a byte: they are tried with little. */
const scaled = <F extends { bytes: number; piece: number }>(f: F, buffer: number): F => {
  const bytes = Math.min(f.bytes, buffer === 1 ? 30 : buffer * 20, f.piece === 1 ? 500 : Infinity)
  return { ...f, bytes }
}

describe('a lossy pipe', () => {
  it('delivers every byte in order both ways and ends, whatever is lost, doubled or overtaken', () => {
    const scenario = fc.record({
      seed: fc.nat(1_000_000),
      delay: fc.constantFrom(100, 5_000, 60_000),
      loss: share,
      duplicate: share,
      reorder: share,
      up: flow,
      down: flow,
      client: settings,
      server: settings,
    })
    fc.assert(
      fc.property(scenario, (s) => {
        const up = scaled(s.up, Math.min(s.client.sendBuffer, s.server.receiveBuffer))
        const down = scaled(s.down, Math.min(s.server.sendBuffer, s.client.receiveBuffer))
        const result = transfer({ ...s, up, down })
        expect(result.wrong).toBe(0)
        expect(result.errors).toEqual([undefined, undefined])
        expect(result.delivered).toEqual({ up: up.bytes, down: down.bytes })
        expect(result.left).toBe(0)
      }),
      { numRuns: runs, seed: 1 },
    )
  })
})
