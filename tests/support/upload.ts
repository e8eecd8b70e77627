/** One upload over a bottleneck, by TCP or QUIC, and what its sender went through: for tests of congestion control. */
import { expect } from 'vitest'
import type { Run } from '../../electron/engine/run.ts'
import type { DirectionInput } from '../../shared/link.ts'
import type { CongestionControlName, TcpSettingsInput } from '../../shared/tcp.ts'
import { quicRun } from './quic-run.ts'
import { createRun, smallExperiment, smallSetup } from './runs.ts'
import type { TestCertificates } from './tls-certificates.ts'

export type Transport = 'tcp' | 'quic'

export interface Path {
  /** Bits a second of IP packets, one way in microseconds. */
  readonly rate: number
  readonly delay: number
  readonly loss?: number
  readonly bytes: number
  /** Bytes; 1 MB without. */
  readonly queue?: number
  /** More of the direction in which the data go. */
  readonly more?: Partial<DirectionInput>
  /** More settings of both ends, of TCP. */
  readonly tcp?: TcpSettingsInput
}

export interface Upload {
  readonly run: Run
  /** From the first data packet that arrives to the last, bits a second. */
  readonly goodput: number
  /** When data arrived, in microseconds. */
  readonly arrivals: readonly number[]
  /** Round trips of the sender with the time of each, in microseconds. */
  readonly rtts: readonly (readonly [number, number])[]
  readonly states: readonly (readonly [number, string])[]
  readonly windows: readonly (readonly [number, number])[]
}

/** The client sends so many bytes over a bottleneck. */
export function upload(
  transport: Transport,
  congestion: CongestionControlName,
  path: Path,
  certificates: TestCertificates,
): Upload {
  const { rate, delay, loss = 0, bytes, queue = 1_000_000, more, tcp } = path
  const link = {
    up: { delay, rate: { limit: rate }, loss: { rate: loss }, queue: { limit: queue }, ...more },
    down: { delay },
  }
  const run =
    transport === 'tcp'
      ? tcpRun(congestion, link, bytes, tcp)
      : quicRun({ certificates, link, size: bytes, silent: true, client: { congestion } }).run
  run.runToEnd({ summarize: false })
  expect(run.info.error).toBeUndefined()
  const received =
    transport === 'tcp'
      ? [...run.reader.events(['tcp:segment_received'])].filter(({ data }) => data.new_data > 0)
      : [...run.reader.events(['transport:packet_received'])].filter(({ data }) => data.size > 1_000)
  const arrivals = received.filter(({ node }) => node === 'one/server').map(({ t }) => t)
  const own = <T extends { node: string }>(events: Iterable<T>): T[] =>
    [...events].filter(({ node }) => node === 'one/client')
  return {
    run,
    arrivals,
    goodput: (bytes * 8e6) / (arrivals.at(-1)! - arrivals[0]),
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

function tcpRun(
  congestion: CongestionControlName,
  link: Parameters<typeof smallSetup>[0],
  bytes: number,
  tcp: TcpSettingsInput = {},
) {
  const setup = smallSetup(link, bytes)
  const client = { role: 'client' as const, tcp: { congestion, minRto: 200_000, ...tcp } }
  const hosts = { client, server: { role: 'server' as const, tcp } }
  return createRun({
    experiment: smallExperiment({ setup: { ...setup, hosts } }) as never,
    driver: 'virtual',
    seed: 3,
  })
}

export const median = (values: readonly number[]): number =>
  [...values].sort((a, b) => a - b)[Math.floor(values.length / 2)]

/** What of the rate is left for the bytes of the application when IP, transport and AEAD have had theirs. */
export const SHARE = { tcp: 1448 / 1500, quic: 1312 / 1378 }
