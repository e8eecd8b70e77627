/** Figures of what waits in TCP, and of transfers over UDP, from runs whose numbers can be told beforehand. */
import { describe, expect, it } from 'vitest'
import type { SetupInput } from '../../../../shared/experiment.ts'
import { WriteDelays } from '../../../../electron/engine/metrics/write-delays.ts'
import { finishedRun, smallExperiment, smallSetup } from '../../../support/runs.ts'

async function metricsOf(setup: SetupInput): Promise<Record<string, number | null>> {
  const run = await finishedRun({ experiment: smallExperiment({ setup }) as never })
  const { metrics } = run.summary!
  return Object.fromEntries(Object.entries(metrics).map(([name, value]) => [name.replace('one/', ''), value]))
}

describe('what writes and rounds take', () => {
  it('from a write until all of it was read, each direction for itself', () => {
    const delays = new WriteDelays()
    delays.onWritten(0, 'client', 100)
    delays.onWritten(10, 'client', 50)
    delays.onRead(30, 'server', 99)
    expect(delays.delays).toEqual([])
    delays.onRead(40, 'server', 51)
    delays.onWritten(50, 'server', 10)
    delays.onRead(75, 'client', 10)
    expect(delays.delays).toEqual([40, 30, 25])
  })

  it('from the first write of a question to the last byte of its answer', () => {
    const delays = new WriteDelays()
    for (const start of [0, 1_000]) {
      delays.onWritten(start, 'client', 10)
      delays.onWritten(start + 5, 'client', 10)
      delays.onRead(start + 40, 'server', 20)
      delays.onWritten(start + 40, 'server', 20)
      delays.onRead(start + 80, 'client', 15)
      delays.onRead(start + 90, 'client', 5)
    }
    expect(delays.allRounds).toEqual([90, 90])
  })

  it('has no round without an answer', () => {
    const delays = new WriteDelays()
    delays.onWritten(0, 'client', 10)
    delays.onRead(10, 'server', 10)
    expect(delays.allRounds).toEqual([])
  })
})

describe('a window that closes', () => {
  const PAUSE = 1_000_000
  const setup = smallSetup()
  const stopped: SetupInput = {
    ...setup,
    hosts: {
      client: { role: 'client', tcp: { minRto: 200_000 } },
      server: { role: 'server', tcp: { receiveBuffer: 14_480 } },
    },
    apps: { ...setup.apps, sink: { kind: 'tcp-sink', host: 'server', port: 5001, readDelay: PAUSE } },
  }

  it('is counted once, with its probes, its update, and the time that it lasts', async () => {
    const metrics = await metricsOf(stopped)
    // The data come with the segment that has the connection accepted; of its end the sender hears as late as of its beginning.
    expect(metrics).toMatchObject({ zero_windows: 1, window_probes: 2, window_updates: 1 })
    expect(metrics.zero_window_time).toBe(PAUSE)
  })

  it('makes no retransmissions of probes, neither useless ones nor such without a cause', async () => {
    const metrics = await metricsOf(stopped)
    expect(metrics).toMatchObject({
      spurious_retransmissions: 0,
      retransmissions_without_cause: 0,
      duplicate_bytes: 0,
    })
  })

  it('is none when the reader keeps up', async () => {
    const figures = {
      zero_windows: 0,
      zero_window_time: 0,
      window_probes: 0,
      held_bytes_max: 0,
      held_byte_time: 0,
    }
    expect(await metricsOf(setup)).toMatchObject(figures)
  })
})

it('bytes behind a lost segment are held until it comes again, and read together', async () => {
  const drop = [{ match: { payload: true }, ordinals: [3] }]
  const metrics = await metricsOf(smallSetup({ up: { delay: 5_000, dropMatching: drop } }, 14_480))
  // Ten segments in one flight: seven wait for the third, a round trip of 10 ms from when they came.
  expect(metrics.held_bytes_max).toBe(7 * 1_448)
  expect(metrics.held_byte_time).toBeCloseTo((7 * 1_448 * 10_000) / 1e6, 0)
  expect(metrics.burst_max).toBe(8 * 1_448)
})

describe('a transfer over UDP', () => {
  const arq = (
    scheme: 'stop-and-wait' | 'go-back-n' | 'selective-repeat',
    drop: number[] = [],
  ): SetupInput => ({
    ...smallSetup({ up: { delay: 5_000, drop }, down: { delay: 5_000 } }),
    apps: {
      sender: {
        kind: 'arq-sender',
        host: 'client',
        to: 'server',
        port: 4712,
        scheme,
        window: 8,
        bytes: 15_900,
        payload: 1_000,
        timeout: 100_000,
      },
      receiver: { kind: 'arq-receiver', host: 'server', port: 4712, scheme, window: 8 },
    },
  })

  it('of stop-and-wait moves its window in each round trip', async () => {
    const metrics = await metricsOf(arq('stop-and-wait'))
    expect(metrics).toMatchObject({ bytes_read: 15_900, bytes_intact: 1, resent_bytes: 0, data_segments: 16 })
    // Fifteen round trips of 10 ms, and the last packet one way.
    expect(metrics.transfer_time).toBe(155_000)
    expect(metrics.window_use).toBeCloseTo((15_900 / 155_000) * 10, 5)
    expect(metrics.mean_window).toBe(1_000)
  })

  it('of go-back-N counts what was sent again and what was thrown away', async () => {
    const metrics = await metricsOf(arq('go-back-n', [2]))
    // 2 is lost; 3 to 8, and 9 which the answer to 1 let go, come for nothing.
    expect(metrics).toMatchObject({
      resent_bytes: 8_000,
      packets_thrown_away: 7,
      timeouts: 1,
      duplicate_bytes: 0,
    })
    expect(metrics.data_segments_lost).toBe(1)
  })

  it('of selective repeat counts the one that was lost', async () => {
    const metrics = await metricsOf(arq('selective-repeat', [2]))
    expect(metrics).toMatchObject({
      resent_bytes: 1_000,
      packets_thrown_away: 0,
      timeouts: 0,
      bytes_read: 15_900,
    })
  })

  it('leaves the figures of connections as they are: there is none', async () => {
    const metrics = await metricsOf(arq('go-back-n'))
    expect(metrics).toMatchObject({
      connections_established: 0,
      zero_windows: null,
      stall_congestion_window: null,
    })
  })
})
