/** BBR version 1 of both transports on links of the lab, in virtual time. */
import { beforeAll, describe, expect, test } from 'vitest'
import type { CongestionControlName } from '../../../../shared/tcp.ts'
import { createRun, smallExperiment, smallSetup } from '../../../support/runs.ts'
import { createCertificates, type TestCertificates } from '../../../support/tls-certificates.ts'
import { median, SHARE, upload as uploadOver, type Path, type Transport } from '../../../support/upload.ts'

let certificates: TestCertificates
beforeAll(async () => {
  certificates = await createCertificates()
})

const upload = (transport: Transport, congestion: CongestionControlName, path: Path) =>
  uploadOver(transport, congestion, path, certificates)

describe.each(['tcp', 'quic'] as const)('%s', (transport) => {
  const path = { rate: 20e6, delay: 20_000, bytes: 3_000_000 }

  test('finds the rate and the round trip of a link, and keeps its deep queue nearly empty', () => {
    const { goodput, rtts, states, windows } = upload(transport, 'bbr1', path)
    expect(states.map(([, state]) => state)).toEqual(['drain', 'probe_bw'])
    const [, [steady]] = states
    // Startup costs some round trips at less than the rate.
    expect(goodput / (path.rate * SHARE[transport])).toBeGreaterThan(0.85)
    const late = rtts.filter(([t]) => t > steady + 200_000).map(([, rtt]) => rtt)
    expect(median(late)).toBeLessThan(1.2 * 40_000)
    // draft 4.2.3.2: twice the rate times the shortest round trip, and room for three bursts of two packets.
    const window = windows.at(-1)![1]
    const delivered = transport === 'tcp' ? SHARE.tcp : 1350 / 1378
    const product = (path.rate / 8e6) * delivered * 40_500
    const burst = 6 * (transport === 'tcp' ? 1448 : 1350)
    expect(Math.abs((window - burst) / 2 / product - 1)).toBeLessThan(0.05)
  })

  test('CUBIC fills the same queue', () => {
    const { rtts } = upload(transport, 'cubic', path)
    expect(median(rtts.filter(([t]) => t > 1e6).map(([, rtt]) => rtt))).toBeGreaterThan(3 * 40_000)
  })

  test('5 % of random loss leaves it most of the rate, and CUBIC a tenth', () => {
    const bbr = upload(transport, 'bbr1', { ...path, loss: 0.05 })
    const cubic = upload(transport, 'cubic', { ...path, bytes: 500_000, loss: 0.05 })
    const possible = path.rate * SHARE[transport] * 0.95
    // TCP's recovery by SACK (RFC 6675) does not see that a retransmission is lost: there only the timer helps.
    expect(bbr.goodput / possible).toBeGreaterThan(transport === 'quic' ? 0.85 : 0.6)
    expect(cubic.goodput / possible).toBeLessThan(0.15)
  })
})

test('the pacer is what a TCP sender under BBR waits for', () => {
  const { run } = upload('tcp', 'bbr1', { rate: 20e6, delay: 20_000, bytes: 1_000_000 })
  const causes = [...run.reader.events(['tcp:stall_changed'])]
    .filter(({ node }) => node === 'one/client')
    .map(({ data }) => data.cause)
  expect(causes).toContain('pacer')
})

describe('ProbeRTT (draft 4.3.5)', () => {
  test('ten seconds after the shortest round trip the path is emptied for 200 ms, and then goes on as before', () => {
    const setup = smallSetup(
      { up: { delay: 20_000, rate: { limit: 1e6 } }, down: { delay: 20_000 } },
      2_000_000,
    )
    const hosts = { ...setup.hosts, client: { role: 'client', tcp: { congestion: 'bbr1' } } }
    const run = createRun({
      experiment: smallExperiment({ setup: { ...setup, hosts } as never }) as never,
      driver: 'virtual',
      seed: 3,
    })
    run.runToEnd({ summarize: false })
    const states = [...run.reader.events(['tcp:congestion_state_changed'])]
      .filter(({ node }) => node === 'one/client')
      .map(({ t, data }) => ({ t, from: data.from, to: data.to }))
    const probe = states.find(({ to }) => to === 'probe_rtt')!
    const end = states.find(({ from }) => from === 'probe_rtt')!
    expect(probe.t).toBeGreaterThan(10e6)
    expect(end.t - probe.t).toBeGreaterThan(200_000)
    expect(end.t - probe.t).toBeLessThan(600_000)
    expect(end.to).toBe('probe_bw')
    const windows = [...run.reader.events(['tcp:metrics_updated'])].filter(
      ({ node }) => node === 'one/client',
    )
    const inside = windows.filter(({ t }) => t > probe.t && t < end.t)
    expect(inside.length).toBeGreaterThan(0)
    // Four segments.
    expect(inside.every(({ data }) => data.cwnd <= 4 * 1448)).toBe(true)
    const after = windows.filter(({ t }) => t > end.t + 500_000)
    expect(after.every(({ data }) => data.cwnd > 4 * 1448)).toBe(true)
  })
})
