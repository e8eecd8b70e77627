/**
 * What the trace says of blocking in QUIC, held against what real endpoints do: their application is given each byte at the moment
 * until which the projections have it wait, and no later. That cross-blocked is 0 is no assumption, then, but what is measured.
 */
import { beforeAll, describe, expect, test } from 'vitest'
import { Blocking, totalOf } from '../../shared/projections/blocking.ts'
import { HELD_CONDITIONS } from '../../shared/projections/held.ts'
import { Goodput } from '../../shared/projections/goodput.ts'
import { QuicPackets } from '../../shared/projections/quic-packets.ts'
import { TraceStore } from '../../shared/trace/store.ts'
import type { Run } from '../../electron/engine/run.ts'
import { runHttp } from '../support/http-lab.ts'
import { quicRun } from '../support/quic-run.ts'
import { createCertificates, type TestCertificates } from '../support/tls-certificates.ts'

let certificates: TestCertificates
beforeAll(async () => {
  certificates = await createCertificates()
})

const SEEDS = process.env.REXMIT_FULL === '1' ? 60 : 6
const seeds = Array.from({ length: SEEDS }, (_, i) => i + 1)

function storeOf(run: Run): TraceStore {
  const store = new TraceStore()
  for (const batch of run.reader.batches()) store.append(batch)
  return store
}

/** The moments at which each byte of each stream came to the client for the first time, taken from its packets alone. */
function arrivals(store: TraceStore): Map<number, number[]> {
  const streams = new Map<number, number[]>()
  const [client] = QuicPackets.of(store).connections[0].ends
  for (const packet of client.received)
    for (const frame of packet.frames)
      if (frame.type === 'stream') {
        const times = streams.get(frame.id) ?? []
        streams.set(frame.id, times)
        for (let byte = frame.offset; byte < frame.offset + frame.length; byte++)
          times[byte] = Math.min(times[byte] ?? Infinity, packet.arrived)
      }
  return streams
}

describe.each(seeds)('streams side by side, with loss and reordering, seed %d', (seed) => {
  const direction = {
    delay: 15_000,
    jitter: { amount: 6_000, reorders: true },
    rate: { limit: 20e6 },
    loss: { rate: 0.05 },
  }

  test('the application is given each byte when its stream allows it, and not before', () => {
    const { run, asker } = quicRun({
      certificates,
      seed,
      streams: 5,
      size: 30_000,
      link: { up: direction, down: direction },
    })
    run.runToEnd({ summarize: false })
    expect(asker.received).toBe(150_000)
    const store = storeOf(run)
    const blocking = new Blocking()
    blocking.update(store)
    const responses = blocking.streams(store).filter(({ within }) => within.side === 'server')
    expect(responses).toHaveLength(5)
    const came = arrivals(store)
    for (const { stream, bytes, byteMs, time, end } of responses) {
      const read = asker.readings.filter((one) => one.stream === stream)
      expect(bytes).toBe(30_000)
      expect(end).toBe(read.at(-1)!.t)
      const arrived = came.get(stream)!.reduce((sum, t) => sum + t, 0)
      const given = read.reduce((sum, one) => sum + one.t * one.bytes, 0)
      const held = HELD_CONDITIONS.reduce((sum, condition) => sum + byteMs[condition], 0)
      expect(held * 1000).toBeCloseTo(given - arrived, -1)
      expect([time.cross, byteMs.cross]).toEqual([0, 0])
    }
    const totals = totalOf(responses, store.end)
    expect(totals.time.self).toBeGreaterThan(0)
    expect(totals.affected.cross).toBe(0)
  })

  test('and so goes the sum of what it has read', () => {
    const { run, asker } = quicRun({
      certificates,
      seed,
      streams: 3,
      size: 30_000,
      link: { up: direction, down: direction },
    })
    run.runToEnd({ summarize: false })
    const store = storeOf(run)
    const goodput = new Goodput()
    goodput.update(store)
    const [{ flow, ends }] = QuicPackets.of(store).connections
    const { read } = goodput.ends.get(flow, ends[0].node)!
    for (const { t } of asker.readings) expect(read.valueAt(t)).toBe(totalUntil(asker.readings, t))
  })
})

const totalUntil = (readings: readonly { t: number; bytes: number }[], until: number): number =>
  readings.reduce((sum, { t, bytes }) => (t <= until ? sum + bytes : sum), 0)

test('over HTTP/3 a response is whole for its client when the last of its bytes is given out', async () => {
  const direction = { delay: 25_000, rate: { limit: 10e6 }, loss: { rate: 0.03 } }
  const { run, exchanges } = await runHttp({
    resources: { '/': { objects: 20, objectSize: 10_000 } },
    requests: [{ target: '/', page: true }],
    server: { port: 443, tls: {} },
    client: { port: 443, tls: {}, version: 'h3' },
    link: { up: direction, down: direction },
    seed: 5,
  })
  const store = storeOf(run)
  const blocking = new Blocking()
  blocking.update(store)
  const responses = blocking.streams(store).filter(({ within }) => within.side === 'server')
  expect(responses).toHaveLength(exchanges.length)
  for (const { stream, end, time } of responses) {
    const exchange = exchanges.find((one) => one.exchange === stream)!
    expect(end).toBeCloseTo(exchange.finishedAt!, 0)
    expect(time.cross).toBe(0)
  }
  expect(totalOf(responses, store.end).time.self).toBeGreaterThan(0)
  // Control and QPACK are streams of no request.
  expect(blocking.others(store).length).toBeGreaterThan(1)
})
