/** The search for larger datagrams (RFC 9000 14.3, RFC 8899), on paths of several sizes. */
import { beforeAll, describe, expect, test } from 'vitest'
import { QuicPair } from '../../../support/quic-pair.ts'
import { quicRun } from '../../../support/quic-run.ts'
import { createCertificates, type TestCertificates } from '../../../support/tls-certificates.ts'

let certificates: TestCertificates
beforeAll(async () => {
  certificates = await createCertificates()
})

const HALF = 20_000
/** Headers of IPv4 and UDP. */
const HEADERS = 28

/** A transfer on a path that silently drops what is larger than its MTU, which may change when so much has been read. */
function transfer(
  mtu: number,
  searchDatagram: number,
  bytes: number,
  change?: { after: number; mtu: number },
) {
  const [sizes, arrived]: [number[], number[]] = [[], []]
  let [limit, read, losses] = [mtu, 0, 0]
  const pair = new QuicPair({
    certificates,
    // The server has 1,200, too: what it sends in the handshake must pass as well.
    settings: {
      client: { maxDatagram: 1_200, searchDatagram, congestion: 'newreno' },
      server: { maxDatagram: 1_200 },
    },
    fate: (from, { payload }) => {
      const passes = payload.length + HEADERS <= limit
      if (from === 'client') sizes.push(payload.length)
      if (from === 'client' && passes) arrived.push(payload.length)
      return { delays: passes ? [HALF] : [] }
    },
    observer: {
      client: {
        onSent: () => undefined,
        onReceived: () => undefined,
        onDropped: () => undefined,
        onBuffered: () => undefined,
        onAcked: () => undefined,
        onLost: () => losses++,
        onKeyUpdate: () => undefined,
        onHandshake: () => undefined,
        onChange: (told) => told.type === 'congestion' && told.trigger === 'packet_lost' && reductions++,
      },
    },
  })
  let reductions = 0
  pair.onEvent = (side, event, connection) => {
    if (side === 'server' && event.type === 'readable')
      for (let data = connection.read(0); data; data = connection.read(0)) {
        read += data.length
        if (change !== undefined && read >= change.after) limit = change.mtu
      }
  }
  // The search needs no data: it goes on by itself.
  pair.run(() => false, 10e6)
  pair.act('client', (connection) =>
    connection.write(connection.openStream('bidirectional')!, new Uint8Array(bytes), true),
  )
  const done = pair.run(() => read === bytes)
  return { done, sizes, arrived, losses, reductions }
}

describe('what the search finds', () => {
  test.each([
    [1_280, 1_472],
    [1_500, 1_472],
    [1_500, 8_972],
    [9_000, 8_972],
  ])('on a path of %i bytes, looking up to %i', (mtu, most) => {
    const { done, arrived, losses, reductions } = transfer(mtu, most, 200_000)
    expect(done).toBe(true)
    const best = Math.min(mtu - HEADERS, most)
    const late = Math.max(...arrived.slice(-10))
    expect(late).toBeLessThanOrEqual(best)
    expect(late).toBeGreaterThan(best - 10)
    // A size is tried three times; that makes the window no smaller (RFC 9000 14.4).
    expect(losses).toBeLessThanOrEqual(3 * Math.log2(most - 1_200))
    expect(reductions).toBe(0)
  })

  test('searchDatagram 0: the size stays', () => {
    expect(Math.max(...transfer(9_000, 0, 100_000).sizes)).toBe(1_200)
  })
})

test('RFC 8899 4.3: a path that becomes narrower swallows large datagrams; the transfer goes on with what it takes', () => {
  const { done, arrived } = transfer(1_500, 1_472, 600_000, { after: 200_000, mtu: 1_300 })
  expect(done).toBe(true)
  const [before, afterwards] = [arrived.slice(40, 100), arrived.slice(-50)]
  expect(Math.max(...before)).toBe(1_472)
  expect(Math.max(...afterwards)).toBeLessThanOrEqual(1_300 - HEADERS)
  expect(Math.max(...afterwards)).toBeGreaterThanOrEqual(1_200)
})

test.each([
  [1_280, false],
  [1_280, true],
  [1_500, false],
  [1_500, true],
])('on a link of the lab of %i bytes, black hole %s', (mtu, blackHole) => {
  const direction = { delay: 5_000, mtu, blackHole, rate: { limit: 2_000_000 }, queue: { limit: 12_000 } }
  const { run, asker } = quicRun({
    certificates,
    link: { up: direction, down: direction },
    size: 500_000,
    silent: true,
    client: { maxDatagram: 1_200, searchDatagram: 1_472 },
    server: { maxDatagram: 1_200 },
  })
  run.runToEnd({ summarize: false })
  expect(asker.received).toBe(1)
  const arrived = [...run.reader.events(['transport:packet_received'])]
    .filter(({ node }) => node === 'one/server')
    .map(({ data }) => data.size)
  expect(Math.max(...arrived)).toBeGreaterThan(mtu - HEADERS - 10)
})
