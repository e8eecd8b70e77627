/**
 * Our congestion control against what theory says of it. Each test prints its table with the assumptions under which it
 * was made.
 */
import { describe, expect, it } from 'vitest'
import { Mean, TimeMean } from '../../electron/engine/metrics/mean.ts'
import {
  cubicWindow,
  mathisWindow,
  renoFriendlyWindow,
  SEGMENTS_PER_STEP,
} from '../../electron/engine/metrics/models.ts'
import type { Run } from '../../electron/engine/run.ts'
import { createRun, smallExperiment, smallSetup } from '../support/runs.ts'

const full = process.env.REXMIT_FULL === '1'
/** Payload of a full segment with timestamps. */
const SEGMENT = 1448

interface Path {
  readonly congestion: 'newreno' | 'cubic'
  /** Microseconds, both ways together. */
  readonly rtt: number
  readonly segments: number
  /** The receive window: well above what the model expects, so that it limits slow start and nothing else. */
  readonly mostSegments: number
  readonly loss: { rate?: number; everyNth?: number }
}

/** A transfer that loss alone limits: no rate, so no queue; no limit of the application's. */
function transfer({ congestion, rtt, segments, mostSegments, loss }: Path, seed: number): Run {
  const { rate = 0, everyNth = 0 } = loss
  const link = { up: { delay: rtt / 2, loss: { rate }, everyNth }, down: { delay: rtt / 2 } }
  const setup = smallSetup(link, segments * SEGMENT)
  setup.hosts.client.tcp = { congestion, minRto: 200_000 }
  setup.hosts.server.tcp = { receiveBuffer: mostSegments * SEGMENT }
  const run = createRun({ experiment: smallExperiment({ setup, duration: 86_400e6 }) as never, seed })
  run.runToEnd()
  expect(run.info.error).toBeUndefined()
  return run
}

/** Recoveries until CUBIC, which keeps 0.7 each time, has forgotten where slow start left it. */
const SETTLED = 6

/** Mean of the congestion window over time, in segments, from where it has come down from slow start to the last data segment. */
function meanWindow(run: Run): number {
  const mean = new TimeMean()
  let recoveries = 0
  let end = 0
  for (const event of run.reader.events([
    'tcp:congestion_state_changed',
    'tcp:metrics_updated',
    'tcp:segment_sent',
  ])) {
    if (event.node !== 'one/client') continue
    if (event.name === 'tcp:congestion_state_changed') recoveries += Number(event.data.to === 'recovery')
    else if (event.name === 'tcp:segment_sent') end = event.data.payload > 0 ? event.t : end
    else if (recoveries >= SETTLED) mean.set(event.t, event.data.cwnd)
  }
  return mean.until(end)! / SEGMENT
}

function print(title: string, head: string[], rows: (string | number)[][]): void {
  const cells = [head, ...rows.map((row) => row.map(String))]
  const widths = head.map((_, i) => Math.max(...cells.map((row) => row[i].length)))
  console.log(
    [title, ...cells.map((row) => row.map((cell, i) => cell.padStart(widths[i])).join('  '))].join('\n'),
  )
}

describe('Reno and the law of Mathis and others (1997)', () => {
  const RTT = 50_000
  const shares = [
    { p: 0.001, segments: 15_000 },
    { p: 0.002, segments: 10_000 },
    { p: 0.005, segments: 6_000 },
    { p: 0.01, segments: 4_000 },
  ]
  const seeds = full ? 20 : 3

  it('goodput lies within 15 % of C MSS / (RTT sqrt(p))', { timeout: 600_000 }, () => {
    const rows = shares.map(({ p, segments }) => {
      const model = (mathisWindow(p) * SEGMENT * 8e6) / RTT
      const goodput = new Mean()
      let lost = 0
      for (let seed = 1; seed <= seeds; seed++) {
        const mostSegments = Math.round(6 * mathisWindow(p))
        const path = { congestion: 'newreno' as const, rtt: RTT, segments, mostSegments, loss: { rate: p } }
        const { metrics } = transfer(path, seed).summary!
        goodput.add(metrics['one/steady_goodput']!)
        lost += metrics['one/data_segments_lost']!
      }
      return { p, model, measured: goodput.value!, lost }
    })
    print(
      `Reno, Bernoulli loss, RTT ${RTT / 1000} ms, no queue, SACK, delayed ACKs, ${seeds} seeds each; ` +
        `C = sqrt(3/(2b)) with b = ${SEGMENTS_PER_STEP}, because acknowledged bytes are counted and not ACKs`,
      ['p', 'losses', 'model Mbit/s', 'measured', 'ratio'],
      rows.map(({ p, model, measured, lost }) => [
        p,
        lost,
        (model / 1e6).toFixed(2),
        (measured / 1e6).toFixed(2),
        (measured / model).toFixed(3),
      ]),
    )
    for (const { p, model, measured } of rows)
      expect(Math.abs(measured / model - 1), `p = ${p}`).toBeLessThanOrEqual(0.15)
  })
})

describe('CUBIC and RFC 9438', () => {
  const cases = [
    { rtt: 100_000, n: 300 },
    { rtt: 100_000, n: 1_000 },
    { rtt: 100_000, n: 3_000 },
    { rtt: 200_000, n: 1_000 },
    { rtt: 200_000, n: 3_000 },
    ...(full ? [100_000, 150_000, 200_000].map((rtt) => ({ rtt, n: 10_000 })) : []),
  ]

  it(
    'mean window lies within 20 % of the larger of its curve and the Reno-friendly one',
    { timeout: 600_000 },
    () => {
      const rows = cases.map(({ rtt, n }) => {
        const curve = cubicWindow(1 / n, rtt)
        const friendly = renoFriendlyWindow(1 / n)
        const model = Math.max(curve, friendly)
        // Losses come by number and not by chance: no seed makes a difference.
        const segments = n * 16
        const path = { congestion: 'cubic' as const, rtt, segments, mostSegments: Math.round(3 * model) }
        return {
          rtt,
          n,
          curve,
          friendly,
          model,
          measured: meanWindow(transfer({ ...path, loss: { everyNth: n } }, 1)),
        }
      })
      print(
        'CUBIC, every n-th packet lost (the distances that the model assumes), no queue, SACK, delayed ACKs; ' +
          'windows in segments, mean over time from the sixth recovery',
        ['RTT ms', 'n', 'curve', 'Reno-friendly', 'measured', 'ratio'],
        rows.map(({ rtt, n, curve, friendly, model, measured }) => [
          rtt / 1000,
          n,
          curve.toFixed(1),
          friendly.toFixed(1),
          measured.toFixed(1),
          (measured / model).toFixed(3),
        ]),
      )
      for (const { rtt, n, model, measured } of rows)
        expect(Math.abs(measured / model - 1), `RTT ${rtt} us, n = ${n}`).toBeLessThanOrEqual(0.2)
    },
  )
})
