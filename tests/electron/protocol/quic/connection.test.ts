/** A connection from the first datagram to the last, in virtual time (RFC 9000, 9001, 9002). */
import { createHash } from 'node:crypto'
import { beforeAll, describe, expect, test } from 'vitest'
import { createRng } from '../../../../electron/protocol/random.ts'
import { QuicPair, type Fate, type PairOptions, type Side } from '../../../support/quic-pair.ts'
import { createCertificates, type TestCertificates } from '../../../support/tls-certificates.ts'

let certificates: TestCertificates
beforeAll(async () => {
  certificates = await createCertificates()
})

const RTT = 100_000
const sha256 = (parts: readonly Uint8Array[]): string => {
  const hash = createHash('sha256')
  for (const part of parts) hash.update(part)
  return hash.digest('hex')
}

/** The client opens `streams` streams and sends `size` bytes on each; the server sends them back. */
function echo(options: Omit<PairOptions, 'certificates'>, size = 100_000, streams = 1) {
  const pair = new QuicPair({ certificates, ...options })
  const rng = createRng(options.seed ?? 1).fork('payload')
  const payloads = Array.from({ length: streams }, () => rng.bytes(size))
  const received = new Map<number, Uint8Array[]>()
  const finished = new Set<number>()
  const ids: number[] = []
  pair.onEvent = (side, event, connection) => {
    if (side === 'client' && event.type === 'connected')
      for (const payload of payloads) {
        const id = connection.openStream('bidirectional')!
        ids.push(id)
        connection.write(id, payload, true)
      }
    if (event.type !== 'readable') return
    const { id } = event
    for (let bytes = connection.read(id); bytes; bytes = connection.read(id)) {
      if (side === 'server') connection.write(id, bytes)
      else received.set(id, [...(received.get(id) ?? []), bytes])
    }
    if (!connection.isFinished(id) || finished.has(side === 'server' ? -id - 1 : id)) return
    finished.add(side === 'server' ? -id - 1 : id)
    if (side === 'server') connection.write(id, new Uint8Array(0), true)
  }
  const isDone = () => ids.length > 0 && ids.every((id) => finished.has(id))
  const done = pair.run(isDone)
  const intact = ids.every((id, i) => sha256(received.get(id) ?? []) === sha256([payloads[i]]))
  return { pair, done, intact }
}

describe('RFC 9001 4.1: the handshake', () => {
  test('the client is connected after one round trip, the server after one and a half, and it is confirmed after two', () => {
    const pair = new QuicPair({ certificates })
    expect(pair.run(() => pair.timeOf('client', 'confirmed') !== undefined)).toBe(true)
    expect(pair.timeOf('client', 'connected')).toBe(RTT)
    expect(pair.timeOf('server', 'connected')).toBe(1.5 * RTT)
    expect(pair.timeOf('client', 'confirmed')).toBe(2 * RTT)
    expect(pair.client.negotiated).toMatchObject({ alpn: 'h3', resumed: false })
  })

  test('RFC 9000 14.1: the first datagram has 1,200 bytes, and 8.1: the server sends three times that at most', () => {
    const sizes: [Side, number][] = []
    const pair = new QuicPair({
      certificates,
      fate: (from, { payload }) => {
        sizes.push([from, payload.length])
        return { delays: from === 'client' && sizes.length > 1 ? [] : [50_000] }
      },
    })
    pair.run(() => false, 3e6)
    expect(sizes[0]).toEqual(['client', 1_200])
    const fromServer = sizes.filter(([from]) => from === 'server').reduce((sum, [, size]) => sum + size, 0)
    expect(fromServer).toBeLessThanOrEqual(3_600)
  })
})

describe('RFC 9000 2: streams', () => {
  test('100 kB there and back', () => {
    const { done, intact } = echo({})
    expect([done, intact]).toEqual([true, true])
  })

  test('twenty streams at once', () => {
    const { done, intact } = echo({}, 30_000, 20)
    expect([done, intact]).toEqual([true, true])
  })

  test('4: small windows are opened as they are read', () => {
    const tight = { maxData: 20_000, maxStreamData: 5_000 }
    const { done, intact } = echo({ settings: { client: tight, server: tight } }, 50_000, 4)
    expect([done, intact]).toEqual([true, true])
  })
})

describe('whatever the link does', () => {
  const chance =
    (options: { loss?: number; duplicate?: number; corrupt?: number; jitter?: number }) =>
    (_from: Side, { payload }: { payload: Uint8Array }, rng: ReturnType<typeof createRng>): Fate => {
      const { loss = 0, duplicate = 0, corrupt = 0, jitter = 0 } = options
      const delay = () => 50_000 + rng.next() * jitter
      if (rng.next() < loss) return { delays: [] }
      const delays = rng.next() < duplicate ? [delay(), delay()] : [delay()]
      if (rng.next() >= corrupt) return { delays }
      const changed = payload.slice()
      changed[rng.int(changed.length)] ^= 1 << rng.int(8)
      return { delays, payload: changed }
    }

  // At 30 % loss each way one probe in two is answered; some seeds double their timer beyond 30 s, which is as it should be.
  const settings = { client: { idleTimeout: 600e6 }, server: { idleTimeout: 600e6 } }
  const seeds = Array.from({ length: process.env.REXMIT_FULL === '1' ? 150 : 12 }, (_, i) => i + 1)

  test.each([
    ['5 % loss', { loss: 0.05 }],
    ['30 % loss', { loss: 0.3 }],
    ['reordering', { jitter: 40_000 }],
    ['duplication', { duplicate: 0.3 }],
    ['corruption', { corrupt: 0.1 }],
    ['all of it', { loss: 0.2, jitter: 30_000, duplicate: 0.1, corrupt: 0.05 }],
  ])('%s: the same bytes arrive, and it ends', (_, impairment) => {
    for (const seed of seeds) {
      const { done, intact, pair } = echo({ seed, fate: chance(impairment), settings }, 30_000, 2)
      expect([seed, done, intact, pair.eventsOf('client', 'closed')]).toEqual([seed, true, true, []])
    }
  })
})
