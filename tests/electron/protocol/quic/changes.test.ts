/** What a connection tells those who look on, change by change, in virtual time. */
import { beforeAll, describe, expect, test } from 'vitest'
import type { QuicChange, QuicObserver } from '../../../../electron/protocol/quic/observer.ts'
import { QuicPair, type PairOptions, type Side } from '../../../support/quic-pair.ts'
import { createCertificates, type TestCertificates } from '../../../support/tls-certificates.ts'

let certificates: TestCertificates
beforeAll(async () => {
  certificates = await createCertificates()
})

type Told = QuicChange & { readonly t: number }

const nothing = () => undefined
const silent: QuicObserver = {
  onSent: nothing,
  onReceived: nothing,
  onDropped: nothing,
  onBuffered: nothing,
  onAcked: nothing,
  onLost: nothing,
  onKeyUpdate: nothing,
  onHandshake: nothing,
}

/** A pair of which one side's changes are written down. */
function watched(side: Side, options: Omit<PairOptions, 'certificates' | 'observer'> = {}) {
  const told: Told[] = []
  const acked: number[] = []
  const observer: QuicObserver = {
    ...silent,
    onAcked: (_now, space, outcome) => {
      if (space === 'application') acked.push(...outcome.acked.map(({ number }) => number))
    },
    onChange: (change) => told.push({ ...change, t: pair === undefined ? 0 : pair.now }),
  }
  let pair: QuicPair | undefined = undefined as QuicPair | undefined
  pair = new QuicPair({ certificates, ...options, observer: { [side]: observer } })
  const of = <T extends QuicChange['type']>(type: T) =>
    told.filter((change): change is Extract<Told, { type: T }> => change.type === type)
  return { pair, of, acked }
}

/** The client sends so many bytes on one stream and ends it; the server reads them. */
function upload(pair: QuicPair, bytes: number): boolean {
  pair.onEvent = (side, event, connection) => {
    if (side === 'client' && event.type === 'connected')
      connection.write(connection.openStream('bidirectional')!, new Uint8Array(bytes), true)
    if (side === 'server' && event.type === 'readable') while (connection.read(event.id) !== undefined);
  }
  return pair.run(() => pair.client.stream(0)?.send?.state === 'data_received')
}

describe('RFC 9000 7.4: transport parameters', () => {
  test("our own are told at once, the peer's when they have come", () => {
    const { pair, of } = watched('client', { settings: { server: { maxData: 77_777 } } })
    pair.run(() => pair.timeOf('client', 'connected') !== undefined)
    expect(of('parameters').map(({ owner, t }) => [owner, t])).toEqual([
      ['local', 0],
      ['remote', 100_000],
    ])
    expect(of('parameters')[1].parameters.initialMaxData).toBe(77_777)
  })
})

describe('RFC 9000 3: the states of a stream', () => {
  test('the sending half, from the first byte to the acknowledgment of the last', () => {
    const { pair, of } = watched('client')
    expect(upload(pair, 40_000)).toBe(true)
    const sending = of('stream').filter(({ side }) => side === 'sending')
    expect(sending.map(({ from, to }) => [from, to])).toEqual([
      ['ready', 'send'],
      ['send', 'data_sent'],
      ['data_sent', 'data_received'],
    ])
  })

  test('the receiving half, until all was read', () => {
    const { pair, of } = watched('server')
    upload(pair, 40_000)
    const receiving = of('stream').filter(({ side }) => side === 'receiving')
    expect(receiving.map(({ from, to }) => [from, to])).toEqual([
      ['receive', 'data_received'],
      ['data_received', 'data_read'],
    ])
  })

  test('a reset, at both ends', () => {
    for (const side of ['client', 'server'] as const) {
      const { pair, of } = watched(side)
      pair.onEvent = (at, event, connection) => {
        if (at === 'client' && event.type === 'connected')
          connection.write(connection.openStream('bidirectional')!, new Uint8Array(10))
      }
      pair.run(() => pair.timeOf('server', 'readable') !== undefined)
      pair.act('client', (connection) => connection.resetStream(0, 5))
      pair.run(() => false, pair.now + 400_000)
      const half = side === 'client' ? 'sending' : 'receiving'
      expect(
        of('stream')
          .filter((change) => change.side === half)
          .map(({ to }) => to),
      ).toEqual(
        side === 'client' ? ['send', 'reset_sent', 'reset_received'] : ['reset_received', 'reset_read'],
      )
    }
  })
})

describe('RFC 9002 7.3: the phases of congestion control', () => {
  test('slow start, a recovery until something sent in it is acknowledged, congestion avoidance', () => {
    let seen = 0
    const { pair, of } = watched('client', {
      settings: { client: { congestion: 'newreno', pacing: false } },
      fate: (from, { payload }) => ({
        delays: from === 'client' && payload.length > 1_300 && ++seen === 12 ? [] : [50_000],
      }),
    })
    upload(pair, 60_000)
    const phases = of('congestion')
    expect(phases.map(({ from, to, trigger }) => [from, to, trigger])).toEqual([
      ['slow_start', 'recovery', 'packet_lost'],
      ['recovery', 'congestion_avoidance', 'acknowledged'],
    ])
    // What is sent in the recovery is little, and a lone packet's ACK waits 25 ms.
    expect(phases[1].t - phases[0].t).toBe(125_000)
  })
})

describe('RFC 9002 6.2: timers', () => {
  test('each probe timeout is told with its space and how many there were in a row', () => {
    let lost = 0
    const { pair, of } = watched('client', {
      fate: (from) => ({ delays: from === 'client' && lost++ < 3 ? [] : [50_000] }),
    })
    pair.run(() => pair.timeOf('client', 'confirmed') !== undefined)
    // RFC 9002 6.2.2: 333 ms + 4 x 166.5 ms at first, then twice that.
    expect(
      of('timer')
        .slice(0, 2)
        .map(({ t, ...rest }) => [Math.round(t / 1e3), rest]),
    ).toEqual([
      [999, { type: 'timer', timer: 'pto', space: 'initial', count: 1 }],
      [2997, { type: 'timer', timer: 'pto', space: 'initial', count: 2 }],
    ])
  })

  test("6.2.4: when the server's first flight is lost, probes of Initial and Handshake go in one datagram", () => {
    const sent: { readonly t: number; readonly level: string }[] = []
    const pair: QuicPair = new QuicPair({
      certificates,
      // The client's own probes are lost, too: it is the server's that are looked at.
      fate: (from, _datagram, _rng, number) => ({
        delays: (from === 'server' ? number === 1 : number === 2 || number === 3) ? [] : [50_000],
      }),
      observer: {
        server: {
          ...silent,
          onSent: (now, _packet, level) => sent.push({ t: now, level }),
        },
      },
    })
    expect(pair.run(() => pair.timeOf('client', 'confirmed') !== undefined)).toBe(true)
    // RFC 9002 6.2.2: 333 ms + 4 x 166.5 ms after the flight; the client needs nothing more than what comes then.
    const probed = sent.filter(({ t }) => t > 50_000)
    expect(probed.slice(0, 2)).toEqual([
      { t: 1_049_000, level: 'initial' },
      { t: 1_049_000, level: 'handshake' },
    ])
    expect(pair.timeOf('client', 'connected')).toBe(1_099_000)
  })
})

describe('RFC 9000 8: paths', () => {
  test("the server's first path is validated by the client's Handshake packet", () => {
    const { pair, of } = watched('server')
    pair.run(() => pair.timeOf('server', 'connected') !== undefined)
    expect(of('path').map(({ number, state, t }) => [number, state, t])).toEqual([
      [0, 'unvalidated', 50_000],
      [0, 'validated', 150_000],
    ])
  })

  test('a migration: the new path is validated within a round trip', () => {
    const { pair, of } = watched('client')
    pair.run(() => pair.timeOf('client', 'confirmed') !== undefined)
    pair.run(() => false, pair.now + 200_000)
    const start = pair.now
    pair.act('client', (connection, now) => expect(connection.migrate(now, 40_001)).toBe(true))
    pair.run(() => of('path').some(({ number, state }) => number === 1 && state === 'validated'))
    const fresh = of('path').filter(({ number }) => number === 1)
    expect(fresh.map(({ state, t, localPort }) => [state, t - start, localPort])).toEqual([
      ['validating', 0, 40_001],
      ['validated', 100_000, 40_001],
    ])
  })
})

test('RFC 9000 13: each packet that asks for an ACK is acknowledged once, in the order of numbers', () => {
  const { pair, acked } = watched('client')
  upload(pair, 100_000)
  expect(acked.length).toBeGreaterThan(70)
  expect(acked).toEqual([...new Set(acked)].sort((a, b) => a - b))
})
