/** BBR version 3 (draft-ietf-ccwg-bbr) of both transports on links of the lab, in virtual time. */
import { beforeAll, describe, expect, test } from 'vitest'
import type { CongestionControlName, TcpSettingsInput } from '../../../../shared/tcp.ts'
import { createRun, smallExperiment } from '../../../support/runs.ts'
import { createCertificates, type TestCertificates } from '../../../support/tls-certificates.ts'
import { median, SHARE, upload as uploadOver, type Path, type Transport } from '../../../support/upload.ts'

let certificates: TestCertificates
beforeAll(async () => {
  certificates = await createCertificates()
})
/** What takes long with both transports is tried with TCP alone, but in whole runs. */
const full = process.env.REXMIT_FULL === '1'
const upload = (transport: Transport, congestion: CongestionControlName, path: Path) =>
  uploadOver(transport, congestion, path, certificates)

const RTT = 40_000
const PATH: Path = { rate: 20e6, delay: RTT / 2, bytes: 4_000_000 }

describe.each(['tcp', 'quic'] as const)('%s', (transport) => {
  const ideal = PATH.rate * SHARE[transport]

  test('finds the rate of a link within a few round trips, and keeps its deep queue nearly empty', () => {
    const { goodput, rtts, states, arrivals } = upload(transport, 'bbr', PATH)
    const names = states.map(([, state]) => state)
    expect(names[0]).toBe('drain')
    expect(names[1]).toMatch(/^probe_bw_(down|cruise)$/)
    // The pipe was seen to be full: doubling from ten packets takes three or four round trips, being sure of it three more.
    expect((states[0][0] - arrivals[0]) / RTT).toBeLessThan(12)
    expect(goodput / ideal).toBeGreaterThan(0.88)
    const late = rtts.filter(([t]) => t > states[1][0] + 200_000).map(([, rtt]) => rtt)
    expect(median(late)).toBeLessThan(1.25 * RTT)
  })

  test.runIf(full || transport === 'tcp')(
    'asks for more after two or three seconds, and gives back what that has queued (5.3.3)',
    () => {
      const { states } = upload(transport, 'bbr', { ...PATH, bytes: 8_500_000 })
      const cycle = states.map(([, state]) => state).slice(1)
      const up = states.filter(([, state]) => state === 'probe_bw_up')
      expect(up.length).toBe(1)
      expect(up[0][0] - states[0][0]).toBeGreaterThan(2e6)
      expect(up[0][0] - states[0][0]).toBeLessThan(3.3e6)
      for (const [i, [t, state]] of states.entries()) {
        if (state !== 'probe_bw_up') continue
        expect(states[i - 1][1]).toBe('probe_bw_refill')
        // Refill lasts a round trip.
        expect((t - states[i - 1][0]) / RTT).toBeLessThan(2.5)
        if (states[i + 1]) expect(states[i + 1][1]).toMatch(/^probe_(bw_down|bw_cruise|rtt)$/)
      }
      expect(cycle).toContain('probe_bw_cruise')
    },
  )

  test('1 % of random loss leaves it most of the rate, and CUBIC a fifth', () => {
    const bbr = upload(transport, 'bbr', { ...PATH, loss: 0.01 })
    const cubic = upload(transport, 'cubic', { ...PATH, bytes: 1_000_000, loss: 0.01 })
    expect(bbr.goodput / (ideal * 0.99)).toBeGreaterThan(0.8)
    expect(cubic.goodput / (ideal * 0.99)).toBeLessThan(0.3)
  })

  test.runIf(full || transport === 'tcp')(
    '5 % are more than it tolerates: it is slower than version 1, which does not count losses',
    () => {
      const of = (name: 'bbr' | 'bbr1') => upload(transport, name, { ...PATH, loss: 0.05 }).goodput
      expect(of('bbr') / of('bbr1')).toBeLessThan(0.92)
    },
  )

  test.runIf(full || transport === 'tcp')(
    'a queue that holds a tenth of the product: it goes on at most of the rate, losing little',
    () => {
      const { goodput, run, arrivals, states } = upload(transport, 'bbr', { ...PATH, queue: 15_000 })
      expect(goodput / ideal).toBeGreaterThan(0.7)
      // Startup has to overfill it to find it.
      const since = states.find(([, state]) => state.startsWith('probe_bw'))![0] + 4 * RTT
      const dropped = [...run.reader.events(['link:packet_dropped'])].filter(({ t }) => t > since).length
      expect(dropped / arrivals.filter((t) => t > since).length).toBeLessThan(0.02)
    },
  )
})

describe('the path changes', () => {
  const faster = (limit: number, at: number, then: number) => ({
    rate: { limit, schedule: [{ at, limit: then }] },
  })
  const rateBetween = (arrivals: readonly number[], from: number, to: number): number =>
    (arrivals.filter((t) => t >= from && t < to).length * 1448 * 8e6) / (to - from)

  test('ten times the rate is found within a few probes (A: increasing bandwidth 10x)', () => {
    const { arrivals } = upload('tcp', 'bbr', {
      ...PATH,
      bytes: 28_000_000,
      more: faster(5e6, 4e6, 50e6),
      tcp: { rack: true, tailLossProbe: true },
    })
    expect(rateBetween(arrivals, 3e6, 4e6) / (5e6 * SHARE.tcp)).toBeGreaterThan(0.85)
    expect(rateBetween(arrivals, 8e6, 9e6) / (50e6 * SHARE.tcp)).toBeGreaterThan(0.75)
  })

  test('a tenth of the rate is accepted after two cycles (A: decreasing bandwidth 10x)', () => {
    const { rtts, arrivals } = upload('tcp', 'bbr', {
      ...PATH,
      bytes: 18_000_000,
      queue: 100_000,
      more: faster(50e6, 2e6, 5e6),
      tcp: { rack: true, tailLossProbe: true },
    })
    expect(rateBetween(arrivals, 8e6, 10e6) / (5e6 * SHARE.tcp)).toBeGreaterThan(0.8)
    const late = rtts.filter(([t]) => t > 9e6 && t < 12e6).map(([, rtt]) => rtt)
    // 100 kB take 160 ms at that rate.
    expect(median(late)).toBeLessThan(2 * RTT)
  })
})

describe('ProbeRTT (5.3.4)', () => {
  const long = () => upload('tcp', 'bbr', { rate: 2e6, delay: 20_000, bytes: 3_000_000 })

  test('five seconds after the shortest round trip the path is half emptied for 200 ms, and then it cruises', () => {
    const { states, windows, rtts } = long()
    const at = states.findIndex(([, state]) => state === 'probe_rtt')
    const [begun] = states[at]
    const [ended, next] = states[at + 1]
    const shortest = Math.min(...rtts.filter(([t]) => t < begun).map(([, rtt]) => rtt))
    const seen = rtts.filter(([t, rtt]) => t < begun && rtt <= shortest * 1.02).at(-1)![0]
    expect(begun - seen).toBeLessThan(5.5e6)
    expect(begun).toBeGreaterThan(5e6)
    expect(ended - begun).toBeGreaterThan(200_000)
    expect(ended - begun).toBeLessThan(500_000)
    expect(next).toBe('probe_bw_cruise')
    const inside = windows.filter(([t]) => t > begun + 60_000 && t < ended).map(([, window]) => window)
    expect(inside.length).toBeGreaterThan(0)
    // Half of what the path holds, four segments at least.
    const half = (0.5 * 2e6 * SHARE.tcp * shortest) / 8e6
    expect(Math.max(...inside)).toBeLessThanOrEqual(Math.max(half * 1.1, 4 * 1448))
    const after = windows.filter(([t]) => t > ended + 300_000 && t < ended + 2e6).map(([, window]) => window)
    expect(median(after)).toBeGreaterThan(4 * 1448)
  })
})

describe('ECN (3.6: marks are taken for congestion)', () => {
  test('marks instead of losses keep its queue as short as the threshold asks, and nothing is sent again', () => {
    const tcp: TcpSettingsInput = { ecn: true }
    const marked = upload('tcp', 'bbr', {
      ...PATH,
      tcp,
      more: { queue: { limit: 1_000_000, markAbove: 20_000 } },
    })
    const marks = [...marked.run.reader.events(['link:packet_marked'])].length
    expect(marks).toBeGreaterThan(0)
    expect([...marked.run.reader.events(['link:packet_dropped'])]).toEqual([])
    expect(marked.goodput / (PATH.rate * SHARE.tcp)).toBeGreaterThan(0.75)
    // It leaves Startup by the marks, before it has built the queue that a plateau would take to be seen.
    const plain = upload('tcp', 'bbr', PATH)
    const most = (u: typeof plain) => Math.max(...u.rtts.map(([, rtt]) => rtt))
    expect(most(marked)).toBeLessThan(most(plain))
  })
})

describe('beside another flow', () => {
  /** Two clients at a switch send to one server over a bottleneck; what each has delivered after six seconds, in bytes. */
  function beside(first: CongestionControlName, second: CongestionControlName, queue: number): number[] {
    const fast = { rate: { limit: 1e9 }, delay: 100 }
    const host = (congestion: CongestionControlName) => ({
      role: 'client' as const,
      tcp: { congestion, minRto: 200_000, rack: true, tailLossProbe: true },
    })
    const sender = (from: string, port: number) => ({
      kind: 'tcp-send' as const,
      host: from,
      to: 'server',
      port,
      bytes: 60_000_000,
    })
    const run = createRun({
      experiment: smallExperiment({
        setup: {
          hosts: { a: host(first), b: host(second), server: { role: 'server' } },
          switches: { switch: {} },
          ethernet: true,
          links: {
            la: { a: 'a', b: 'switch', up: fast, down: fast },
            lb: { a: 'b', b: 'switch', up: fast, down: fast },
            bottleneck: {
              a: 'switch',
              b: 'server',
              up: { rate: { limit: 10e6 }, delay: 20_000, queue: { limit: queue } },
              down: { delay: 20_000 },
            },
          },
          apps: {
            one: sender('a', 5001),
            two: sender('b', 5002),
            'sink-one': { kind: 'tcp-sink', host: 'server', port: 5001 },
            'sink-two': { kind: 'tcp-sink', host: 'server', port: 5002 },
          },
        },
        duration: 18e6,
      }) as never,
      driver: 'virtual',
      seed: 3,
    })
    run.runToEnd({ summarize: false })
    expect(run.info.error).toBeUndefined()
    const events = [...run.reader.events(['tcp:segment_received'])].filter(
      ({ node, t }) => node === 'one/server' && t > 6e6,
    )
    return ['5001', '5002'].map((port) =>
      events
        .filter(({ flow }) => flow.includes(`:${port}`))
        .reduce((sum, { data }) => sum + data.new_data, 0),
    )
  }

  test('CUBIC and BBR leave each other a part, with a queue of one product or of three', () => {
    // In a deep queue CUBIC's is the larger by far: BBR sees its losses and takes the queue for a longer path only.
    for (const [queue, least] of [
      [50_000, 0.15],
      [150_000, 0.05],
    ]) {
      const [bbr, cubic] = beside('bbr', 'cubic', queue)
      const share = bbr / (bbr + cubic)
      expect((bbr + cubic) / ((12e6 / 8e6) * 10e6 * SHARE.tcp)).toBeGreaterThan(0.85)
      expect(share).toBeGreaterThan(least)
      expect(share).toBeLessThan(0.85)
    }
  })

  test('two BBR flows come to similar shares', () => {
    const [one, two] = beside('bbr', 'bbr', 100_000)
    expect(Math.min(one, two) / Math.max(one, two)).toBeGreaterThan(0.5)
  })
})
