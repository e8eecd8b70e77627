/** How the window of a QUIC sender grows with what it holds (RFC 9002 7), and whose packets count for it, in virtual time. */
import { beforeAll, describe, expect, test } from 'vitest'
import type { Core } from '../../../../electron/protocol/quic/core.ts'
import { QuicPair, type PairOptions } from '../../../support/quic-pair.ts'
import { createCertificates, type TestCertificates } from '../../../support/tls-certificates.ts'

let certificates: TestCertificates
beforeAll(async () => {
  certificates = await createCertificates()
})

const DATAGRAM = 1_350
const ROUND_TRIP = 100_000

/** The client uploads; the server reads whatever comes. */
function uploading(bytes: number, options: Omit<PairOptions, 'certificates'> = {}): QuicPair {
  const pair = new QuicPair({ certificates, ...options })
  pair.onEvent = (side, event, connection) => {
    if (side === 'client' && event.type === 'connected')
      connection.write(connection.openStream('bidirectional')!, new Uint8Array(bytes), true)
    if (side === 'server' && event.type === 'readable') while (connection.read(event.id) !== undefined);
  }
  return pair
}

describe.each([true, false])('RFC 9002 7.3.3, with pacing %s', (pacing) => {
  test('in congestion avoidance the window grows by a datagram a round trip', () => {
    const pair = uploading(5_000_000, {
      settings: { client: { congestion: 'newreno', pacing } },
      // Once, when slow start has had a few round trips.
      fate: (from, _datagram, _rng, number) => ({
        delays: from === 'client' && number === 60 ? [] : [ROUND_TRIP / 2],
      }),
    })
    pair.run(() => Number.isFinite(pair.client.metrics.ssthresh) && pair.client.metrics.ssthresh < 2 ** 31)
    pair.run(() => false, pair.now + 3 * ROUND_TRIP)
    const before = pair.client.metrics.window
    pair.run(() => false, pair.now + 10 * ROUND_TRIP)
    const grown = (pair.client.metrics.window - before) / DATAGRAM
    expect(grown).toBeGreaterThan(9)
    expect(grown).toBeLessThan(11)
  })

  test('and a window that is not used does not grow (7.8)', () => {
    const pair = new QuicPair({ certificates, settings: { client: { pacing } } })
    pair.onEvent = (side, event, connection) => {
      if (side === 'server' && event.type === 'readable') while (connection.read(event.id) !== undefined);
    }
    pair.run(() => pair.timeOf('client', 'confirmed') !== undefined)
    let stream = -1
    pair.act('client', (connection) => (stream = connection.openStream('bidirectional')!))
    const before = pair.client.metrics.window
    for (let i = 0; i < 20; i++) {
      pair.act('client', (connection) => connection.write(stream, new Uint8Array(3_000)))
      pair.run(() => false, pair.now + ROUND_TRIP)
    }
    expect(pair.client.metrics.window).toBe(before)
  })
})

describe('RFC 9000 9.3.3: the client moves in the middle of a download', () => {
  /** A server that sends, and a client that goes on from another port; what is sent to the old one is lost. */
  function moving() {
    let moved = false
    const pair = new QuicPair({
      certificates,
      fate: (from, { remote }) => ({
        delays: moved && from === 'server' && remote.port !== 40_001 ? [] : [ROUND_TRIP / 2],
      }),
    })
    let read = 0
    pair.onEvent = (side, event, connection) => {
      if (side === 'client' && event.type === 'connected')
        connection.write(connection.openStream('bidirectional')!, new Uint8Array(10), true)
      if (event.type !== 'readable') return
      for (let bytes = connection.read(event.id); bytes; bytes = connection.read(event.id))
        if (side === 'client') read += bytes.length
        else connection.write(event.id, new Uint8Array(3_000_000), true)
    }
    pair.run(() => read > 500_000)
    moved = true
    pair.act('client', (connection, now) => expect(connection.migrate(now, 40_001)).toBe(true))
    return { pair, read: () => read }
  }

  test('the server goes on within three round trips, though it asks the old address, too', () => {
    const { pair, read } = moving()
    const [start, before] = [pair.now, read()]
    // What had left before the move is lost; what comes now comes by the new path.
    pair.run(() => read() > before)
    expect(pair.now - start).toBeLessThanOrEqual(3 * ROUND_TRIP)
    pair.run(() => read() === 3_000_000)
    expect(read()).toBe(3_000_000)
  })
})

describe('RFC 9000 9.4: BBR on a new path', () => {
  test('starts afresh, and ACKs of what went by the old path do not count', () => {
    const pair = uploading(5_000_000, { settings: { client: { congestion: 'bbr' } } })
    pair.run(() => pair.client.metrics.bytesInFlight > 100 * DATAGRAM)
    const core = Reflect.get(pair.client, 'core') as Core
    const state = () => [pair.client.metrics.window, core.recovery.control.pacing?.rate, core.recovery.phase]
    const old = core.recovery.control
    pair.act('client', (connection, now) => expect(connection.migrate(now, 40_001)).toBe(true))
    const fresh = state()
    expect(core.recovery.control).not.toBe(old)
    expect(pair.client.metrics.window).toBe(10 * DATAGRAM)
    expect(pair.client.metrics.bytesInFlight).toBeLessThanOrEqual(10 * DATAGRAM)
    // In the round trip that follows all ACKs are of the old path.
    pair.run(() => false, pair.now + ROUND_TRIP - 1_000)
    expect(state()).toEqual(fresh)
    pair.run(
      () => pair.client.metrics.bytesInFlight === 0 && core.sendable.size === 0,
      pair.now + 20 * ROUND_TRIP,
    )
    expect(pair.client.metrics.window).toBeGreaterThan(10 * DATAGRAM)
  })
})
