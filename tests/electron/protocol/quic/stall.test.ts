/** Why does the sender not send more? Packet scripts in virtual time, one a cause (DESIGN 6.2). */
import fc from 'fast-check'
import { beforeAll, describe, expect, test } from 'vitest'
import type { StallCause } from '../../../../shared/trace/events.ts'
import { QuicPair, type PairOptions, type Side } from '../../../support/quic-pair.ts'
import { quicRun } from '../../../support/quic-run.ts'
import { quicStallShares, sumOf } from '../../../support/stalls.ts'
import { createCertificates, type TestCertificates } from '../../../support/tls-certificates.ts'
import { signerOf } from '../../../support/tls13-pair.ts'

let certificates: TestCertificates
beforeAll(async () => {
  certificates = await createCertificates()
})

const RTT = 100_000
type Change = readonly [number, StallCause]

/** A pair of which one side's causes are written down, each with the time from which on it held. */
function watched(side: Side, options: Omit<PairOptions, 'certificates'> = {}) {
  const pair = new QuicPair({ certificates, ...options })
  const changes: Change[] = []
  pair.onSettled = (at, connection) => {
    if (at !== side) return
    const cause = connection.stallCause(pair.now)
    // What lasted no time is not told.
    if (changes.at(-1)?.[0] === pair.now) changes.pop()
    if (changes.at(-1)?.[1] !== cause) changes.push([pair.now, cause])
  }
  if (side === 'client') pair.act(side, () => undefined)
  const causes = () => changes.map(([, cause]) => cause)
  return { pair, changes, causes }
}

/** The client sends so many bytes on each of some streams as soon as it may; the server reads, if it `reads`. */
function upload(pair: QuicPair, bytes: number, { streams = 1, fin = true, reads = true } = {}): void {
  pair.onEvent = (side, event, connection) => {
    if (side === 'client' && event.type === 'confirmed')
      for (let i = 0; i < streams; i++)
        connection.write(connection.openStream('bidirectional')!, new Uint8Array(bytes), fin)
    if (reads && side === 'server' && event.type === 'readable')
      while (connection.read(event.id) !== undefined);
  }
}

const start = (pair: QuicPair): boolean => pair.run(() => pair.timeOf('client', 'confirmed') !== undefined)

describe('from the handshake to the end of the data', () => {
  test('handshake, then idle, sending while the last bytes are on their way, idle again', () => {
    const { pair, changes } = watched('client')
    start(pair)
    pair.run(() => false, 5 * RTT)
    const begin = pair.now
    pair.act('client', (connection) =>
      connection.write(connection.openStream('bidirectional')!, new Uint8Array(3_000), true),
    )
    pair.run(() => false, begin + 5 * RTT)
    const [first, ...rest] = changes
    expect(first).toEqual([0, 'handshake'])
    expect(rest.filter(([t]) => t >= begin)).toEqual([
      [begin, 'sending'],
      // The third packet alone waits for its ACK.
      [begin + RTT + 25_000, 'idle'],
    ])
  })

  test('application: the stream stays open, nothing more was written', () => {
    const { pair, causes } = watched('client')
    upload(pair, 3_000, { fin: false })
    start(pair)
    pair.run(() => false, 3.5 * RTT)
    expect(causes().slice(-2)).toEqual(['application', 'idle'])
  })

  test('congestion_window: more than ten datagrams at once', () => {
    const { pair, causes } = watched('client', { settings: { client: { pacing: false } } })
    upload(pair, 50_000)
    start(pair)
    expect(causes().at(-1)).toBe('congestion_window')
    pair.run(() => pair.client.stream(0)?.send?.state === 'data_received')
    expect(causes().slice(-3)).toEqual(['congestion_window', 'sending', 'idle'])
  })

  test('pacer: the window is open, but the next datagram is not due', () => {
    const { pair, causes } = watched('client', { settings: { client: { initialWindow: 40 } } })
    upload(pair, 100_000)
    start(pair)
    expect(causes().at(-1)).toBe('pacer')
  })
})

describe("what the peer's credit keeps back", () => {
  const run = (server: NonNullable<PairOptions['settings']>['server'], streams: number) => {
    const { pair, causes } = watched('client', { settings: { ...(server && { server }) } })
    upload(pair, 9_000, { streams, reads: false })
    start(pair)
    pair.run(() => false, pair.now + 1.5 * RTT)
    return causes().at(-1)
  }

  test('connection_credit', () => {
    expect(run({ maxData: 5_000 }, 1)).toBe('connection_credit')
    expect(run({ maxData: 12_000 }, 3)).toBe('connection_credit')
  })

  test('stream_credit', () => {
    expect(run({ maxStreamData: 5_000 }, 1)).toBe('stream_credit')
    expect(run({ maxStreamData: 5_000 }, 2)).toBe('stream_credit')
  })

  test('enough of both: none of them', () => {
    expect(run({}, 1)).toBe('idle')
  })
})

describe('losses', () => {
  /** The nth full datagram of the client's dies, for each n. */
  const dropping = (...dead: number[]): NonNullable<PairOptions['fate']> =>
    (() => {
      let seen = 0
      return (from, { payload }) => ({
        delays: from === 'client' && payload.length > 1_300 && dead.includes(++seen) ? [] : [RTT / 2],
      })
    })()

  test('recovery: from the detection to the acknowledgment of what was sent since', () => {
    const { pair, causes } = watched('client', {
      settings: { client: { pacing: false } },
      fate: dropping(3),
    })
    upload(pair, 40_000)
    start(pair)
    pair.run(() => pair.client.stream(0)?.send?.state === 'data_received')
    expect(causes()).toContain('recovery')
    expect(causes()).not.toContain('retransmission_timer')
  })

  test('retransmission_timer: the tail is lost, from the probe timeout on', () => {
    const { pair, changes } = watched('client', {
      settings: { client: { pacing: false } },
      fate: (from, _datagram, _rng, number) => ({ delays: from === 'client' && number > 8 ? [] : [RTT / 2] }),
    })
    upload(pair, 10_000)
    start(pair)
    pair.run(() => false, 8 * RTT)
    const { smoothedRtt, rttVariance } = pair.client.metrics
    const timeout = smoothedRtt + 4 * rttVariance + 25_000
    const since = changes.find(([, cause]) => cause === 'retransmission_timer')![0]
    expect(since).toBeGreaterThan(2 * RTT)
    expect(since).toBeLessThanOrEqual(2 * RTT + Math.max(timeout, 2 * smoothedRtt + 25_000) + 1)
    expect(changes.at(-1)![1]).toBe('retransmission_timer')
  })
})

test('address_validation: a server whose certificate is long may not send all of it (RFC 9000 8.1)', () => {
  // The client's second datagram dies: nothing more comes that would give the server leave to send.
  const { pair, causes } = watched('server', {
    settings: { server: { maxDatagram: 1_200 } },
    tls: { server: { signer: longSigner() } },
    fate: (from, _datagram, _rng, number) => ({ delays: from === 'client' && number > 1 ? [] : [RTT / 2] }),
  })
  pair.run(() => false, 3 * RTT)
  expect(causes()[0]).toBe('address_validation')
})

function longSigner(): NonNullable<NonNullable<PairOptions['tls']>['server']>['signer'] {
  const signer = signerOf(certificates.server)
  return { ...signer, chain: Array.from({ length: 8 }, () => signer.chain[0]) }
}

test('over random links every moment of both ends has one cause, and the shares add up to 100 %', () => {
  const runs = process.env.REXMIT_FULL === '1' ? 60 : 8
  fc.assert(
    fc.property(
      fc.record({
        seed: fc.nat(1e6),
        delay: fc.integer({ min: 100, max: 80_000 }),
        rate: fc.integer({ min: 500_000, max: 50_000_000 }),
        loss: fc.double({ min: 0, max: 0.1, noNaN: true }),
        streams: fc.integer({ min: 1, max: 6 }),
        credit: fc.constantFrom(8_000, 40_000, 1_000_000),
        pacing: fc.boolean(),
      }),
      ({ seed, delay, rate, loss, streams, credit, pacing }) => {
        const direction = { delay, rate: { limit: rate }, loss: { rate: loss } }
        const settings = { pacing, maxStreamData: credit, maxData: 2 * credit }
        const { run, asker } = quicRun({
          certificates,
          seed,
          link: { up: direction, down: direction },
          streams,
          size: 20_000,
          client: settings,
          server: settings,
        })
        run.runToEnd({ summarize: false })
        expect(asker.received).toBe(streams * 20_000)
        const shares = [...quicStallShares(run).values()]
        expect(shares).toHaveLength(2)
        for (const share of shares) expect(sumOf(share)).toBeCloseTo(1, 9)
      },
    ),
    { numRuns: runs, seed: 42 },
  )
})
