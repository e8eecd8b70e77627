/** BBR of both transports on links of the lab, in virtual time; and its parts by themselves. */
import { beforeAll, describe, expect, test } from 'vitest'
import type { Run } from '../../../../electron/engine/run.ts'
import { DeliveryRate } from '../../../../electron/protocol/congestion/delivery-rate.ts'
import { MaxFilter } from '../../../../electron/protocol/congestion/max-filter.ts'
import type { CongestionControlName } from '../../../../shared/tcp.ts'
import type { Micros } from '../../../../shared/units.ts'
import { quicRun } from '../../../support/quic-run.ts'
import { createRun, smallExperiment, smallSetup } from '../../../support/runs.ts'
import { createCertificates, type TestCertificates } from '../../../support/tls-certificates.ts'

let certificates: TestCertificates
beforeAll(async () => {
  certificates = await createCertificates()
})

type Transport = 'tcp' | 'quic'
interface Path {
  /** Bits a second of IP packets, one way in microseconds. */
  readonly rate: number
  readonly delay: number
  readonly loss?: number
  readonly bytes: number
}

interface Upload {
  readonly run: Run
  /** From the first data packet that arrives to the last, bits a second. */
  readonly goodput: number
  /** Round trips of the sender with the time of each, in microseconds. */
  readonly rtts: readonly (readonly [number, number])[]
  readonly states: readonly (readonly [number, string])[]
  readonly windows: readonly (readonly [number, number])[]
}

/** The client sends so many bytes over a bottleneck whose queue holds 1 MB. */
function upload(transport: Transport, congestion: CongestionControlName, path: Path): Upload {
  const { rate, delay, loss = 0, bytes } = path
  const link = {
    up: { delay, rate: { limit: rate }, loss: { rate: loss }, queue: { limit: 1_000_000 } },
    down: { delay },
  }
  const run = transport === 'tcp' ? tcpRun(congestion, link, bytes) : quicUpload(congestion, link, bytes)
  run.runToEnd({ summarize: false })
  expect(run.info.error).toBeUndefined()
  const arrivals =
    transport === 'tcp'
      ? [...run.reader.events(['tcp:segment_received'])].filter(({ data }) => data.new_data > 0)
      : [...run.reader.events(['transport:packet_received'])].filter(({ data }) => data.size > 1_000)
  const times = arrivals.filter(({ node }) => node === 'one/server').map(({ t }) => t)
  const own = <T extends { node: string }>(events: Iterable<T>): T[] =>
    [...events].filter(({ node }) => node === 'one/client')
  return {
    run,
    goodput: (bytes * 8e6) / (times.at(-1)! - times[0]),
    rtts: own(run.reader.events(['tcp:rtt_sampled', 'recovery:rtt_sampled'])).map(
      ({ t, data }) => [t, data.rtt] as const,
    ),
    states: own(run.reader.events(['tcp:congestion_state_changed', 'recovery:congestion_state_changed'])).map(
      ({ t, data }) => [t, data.to] as const,
    ),
    windows: own(run.reader.events(['tcp:metrics_updated', 'recovery:metrics_updated'])).map(
      ({ t, data }) => [t, data.cwnd] as const,
    ),
  }
}

function tcpRun(congestion: CongestionControlName, link: Parameters<typeof smallSetup>[0], bytes: number) {
  const setup = smallSetup(link, bytes)
  const hosts = { ...setup.hosts, client: { role: 'client', tcp: { congestion, minRto: 200_000 } } }
  return createRun({
    experiment: smallExperiment({ setup: { ...setup, hosts } as never }) as never,
    driver: 'virtual',
    seed: 3,
  })
}

const quicUpload = (
  congestion: CongestionControlName,
  link: Parameters<typeof smallSetup>[0],
  size: number,
) => quicRun({ certificates, link, size, silent: true, client: { congestion } }).run

const median = (values: readonly number[]): number =>
  [...values].sort((a, b) => a - b)[Math.floor(values.length / 2)]

/** What of the rate is left for the bytes of the application when IP, transport and AEAD have had theirs. */
const SHARE = { tcp: 1448 / 1500, quic: 1312 / 1378 }

describe.each(['tcp', 'quic'] as const)('%s', (transport) => {
  const path = { rate: 20e6, delay: 20_000, bytes: 3_000_000 }

  test('finds the rate and the round trip of a link, and keeps its deep queue nearly empty', () => {
    const { goodput, rtts, states, windows } = upload(transport, 'bbr', path)
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
    const bbr = upload(transport, 'bbr', { ...path, loss: 0.05 })
    const cubic = upload(transport, 'cubic', { ...path, bytes: 500_000, loss: 0.05 })
    const possible = path.rate * SHARE[transport] * 0.95
    // TCP's recovery by SACK (RFC 6675) does not see that a retransmission is lost: there only the timer helps.
    expect(bbr.goodput / possible).toBeGreaterThan(transport === 'quic' ? 0.85 : 0.6)
    expect(cubic.goodput / possible).toBeLessThan(0.15)
  })
})

test('the pacer is what a TCP sender under BBR waits for', () => {
  const { run } = upload('tcp', 'bbr', { rate: 20e6, delay: 20_000, bytes: 1_000_000 })
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
    const hosts = { ...setup.hosts, client: { role: 'client', tcp: { congestion: 'bbr' } } }
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

describe('the rate of delivery (draft-cheng-iccrg-delivery-rate-estimation)', () => {
  const at = (t: number): Micros => t as Micros
  const around = { rtt: 1_000, priorInFlight: 0, inFlight: 0 }

  test('ten packets, a round trip of 10 ms, ACKs a millisecond apart: a packet a millisecond', () => {
    const rate = new DeliveryRate()
    const marks = Array.from({ length: 10 }, (_, i) => rate.onSent(at(i * 1_000), i * 1_000))
    let last = 0
    for (const [i, mark] of marks.entries()) {
      rate.onAcked(at(10_000 + i * 1_000), 1_000, mark)
      last = rate.take(10_000, around)?.rate ?? 0
    }
    // All of the first flight was sent before anything came back: ten packets in nineteen milliseconds.
    expect(last).toBeCloseTo(10_000 / 19_000, 3)
    const again = Array.from({ length: 10 }, (_, i) => rate.onSent(at(20_000 + i * 1_000), 1_000 + i * 1_000))
    for (const [i, mark] of again.entries()) rate.onAcked(at(30_000 + i * 1_000), 1_000, mark)
    expect(rate.take(10_000, around)?.rate).toBeCloseTo(10_000 / 20_000, 1)
  })

  test('ACKs that come all at once do not make the path look faster than it was sent to', () => {
    const rate = new DeliveryRate()
    const marks = Array.from({ length: 10 }, (_, i) => rate.onSent(at(1 + i * 1_000), i * 1_000))
    for (const mark of marks) rate.onAcked(at(10_000), 1_000, mark)
    expect(rate.take(0, around)!.rate).toBeLessThanOrEqual(10_000 / 9_000)
  })

  test('samples are marked until what was in flight when the application ran dry is delivered', () => {
    const rate = new DeliveryRate()
    const first = rate.onSent(at(0), 0)
    rate.markAppLimited(1_000)
    const second = rate.onSent(at(5), 1_000)
    rate.onAcked(at(100), 1_000, first)
    expect(rate.take(0, around)!.isAppLimited).toBe(false)
    rate.onAcked(at(105), 1_000, second)
    expect(rate.take(0, around)!.isAppLimited).toBe(true)
    rate.onAcked(at(210), 1_000, rate.onSent(at(110), 0))
    expect(rate.take(0, around)!.isAppLimited).toBe(false)
  })

  test('an ACK of nothing new is no sample', () => {
    expect(new DeliveryRate().take(0, around)).toBeUndefined()
  })
})

test('the largest of late, compared with a plain search', () => {
  const filter = new MaxFilter(10)
  const values = Array.from({ length: 500 }, (_, i) => (i * 7_919) % 101)
  for (const [i, value] of values.entries()) {
    filter.add(i, value)
    expect(filter.max).toBe(Math.max(...values.slice(Math.max(0, i - 10), i + 1)))
  }
})
