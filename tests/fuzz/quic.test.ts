/** QUIC under fire: datagrams and frames that are almost right. No throw, no hang, and nothing that is kept grows. */
import { beforeAll, describe, expect, it } from 'vitest'
import type { QuicConnection } from '../../electron/protocol/quic/connection.ts'
import { createRng, type Rng } from '../../electron/protocol/random.ts'
import type { Frame } from '../../electron/protocol/wire/quic/frames.ts'
import { QuicNet } from '../support/quic-net.ts'
import { forgePacket, payloadOf } from '../support/quic-rogue.ts'
import { createCertificates, type TestCertificates } from '../support/tls-certificates.ts'

const full = process.env.REXMIT_FULL === '1'
const DATAGRAMS = full ? 150_000 : 10_000
const PAYLOADS = full ? 4_000 : 300

let certificates: TestCertificates
beforeAll(async () => {
  certificates = await createCertificates()
})

interface Victim {
  readonly net: QuicNet
  readonly client: QuicConnection
}

/** A connection that has just been confirmed. */
function connected(seed: number): Victim {
  const net = new QuicNet({ certificates, seed })
  const client = net.connect()
  net.run(() => net.timeOf('client', 'confirmed') !== undefined)
  return { net, client }
}

const pick = <T>(rng: Rng, items: readonly T[]): T => items[rng.int(items.length)]
const EDGES = [0, 1, 2, 3, 4, 5, 63, 64, 16_383, 16_384, 2 ** 30, 2 ** 40, Number.MAX_SAFE_INTEGER]
const number = (rng: Rng): number => (rng.next() < 0.6 ? pick(rng, EDGES) : rng.int(100))

/** A frame of any kind, with numbers at the edges. */
function anyFrame(rng: Rng): Frame {
  const id = number(rng)
  const data = rng.bytes(rng.int(60))
  const direction = pick(rng, ['bidirectional', 'unidirectional'] as const)
  const offset = Math.min(number(rng), Number.MAX_SAFE_INTEGER - 100)
  const frames: readonly Frame[] = [
    { type: 'padding', length: 1 + rng.int(40) },
    { type: 'ping' },
    { type: 'ack', delay: number(rng), ranges: [{ from: 0, to: rng.int(30) }] },
    { type: 'stream', id, offset, fin: rng.next() < 0.3, data },
    { type: 'stream', id: rng.int(40), offset: rng.int(200), fin: rng.next() < 0.1, data },
    { type: 'crypto', offset: rng.int(300), data },
    { type: 'reset_stream', id, code: number(rng), finalSize: number(rng) },
    { type: 'stop_sending', id, code: number(rng) },
    { type: 'max_data', maximum: number(rng) },
    { type: 'max_stream_data', id, maximum: number(rng) },
    { type: 'max_streams', direction, maximum: Math.min(number(rng), 2 ** 50) },
    { type: 'stream_data_blocked', id, limit: number(rng) },
    { type: 'streams_blocked', direction, limit: rng.int(1_000) },
    {
      type: 'new_connection_id',
      number: 4 + rng.int(100),
      retirePriorTo: rng.int(4),
      id: rng.bytes(8),
      resetToken: rng.bytes(16),
    },
    { type: 'retire_connection_id', number: rng.int(8) },
    { type: 'path_challenge', data: rng.bytes(8) },
    { type: 'path_response', data: rng.bytes(8) },
    { type: 'datagram', data },
  ]
  return pick(rng, frames)
}

function mutated(rng: Rng, bytes: Uint8Array): Uint8Array {
  const copy = bytes.slice(0, rng.next() < 0.2 ? 1 + rng.int(bytes.length) : bytes.length)
  for (let i = 1 + rng.int(6); i > 0; i--) copy[rng.int(copy.length)] = rng.uint32() & 0xff
  return copy
}

describe('QUIC', () => {
  it('takes frames of any kind, in any order and with any numbers, or closes', () => {
    const rng = createRng(11)
    let victim = connected(1)
    let closed = 0
    for (let i = 0; i < PAYLOADS; i++) {
      const frames = Array.from({ length: 1 + rng.int(4) }, () => anyFrame(rng))
      const payload = payloadOf(frames)
      const { net, client } = victim
      net.inject('server', forgePacket(client, rng.next() < 0.3 ? mutated(rng, payload) : payload))
      if (net.events('server', 'closed').length === 0 && i % 200 !== 199) continue
      closed++
      victim = connected(i)
    }
    expect(closed).toBeGreaterThan(PAYLOADS / 200)
  })

  it('drops datagrams that are almost right, whoever they pretend to come from, and the connection lives on', () => {
    const rng = createRng(12)
    const { net, client } = connected(2)
    const corpus = net.sent.map(({ payload }) => payload)
    for (let i = 0; i < DATAGRAMS; i++)
      net.inject(pick(rng, ['client', 'server'] as const), mutated(rng, pick(rng, corpus)))
    expect([...net.events('client', 'closed'), ...net.events('server', 'closed')]).toEqual([])
    const id = client.openStream('bidirectional')!
    net.act('client', () => client.write(id, new Uint8Array(1_000), true))
    const arrived = () =>
      net.seen.some(({ side, event }) => side === 'server' && event.type === 'readable' && event.id === id)
    expect(net.run(arrived, net.now + 10e6)).toBe(true)
    // Hostile Initial packets may begin connections, but only so many, and they do not stay.
    net.run(() => false, net.now + 120e6)
    expect([...net.endpoints.server.connections].length).toBeLessThanOrEqual(1)
  })
})
