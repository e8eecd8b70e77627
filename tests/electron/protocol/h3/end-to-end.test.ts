/** HTTP/3 over QUIC, both ours, through links that lose (RFC 9114, 9204, 9000). */
import { beforeAll, describe, expect, test } from 'vitest'
import type { QuicConnection } from '../../../../electron/protocol/quic/connection.ts'
import { nodeCrypto } from '../../../../electron/engine/node-crypto.ts'
import type { Http3Settings } from '../../../../electron/protocol/h3/settings.ts'
import type { Session } from '../../../../electron/protocol/tls13/handshake.ts'
import type { ServerOptions } from '../../../../electron/protocol/tls13/server.ts'
import { TicketKeeper } from '../../../../electron/protocol/tls13/tickets.ts'
import { createRng } from '../../../../electron/protocol/random.ts'
import type { FieldLine } from '../../../../electron/protocol/qpack/fields.ts'
import type { Http3Observer } from '../../../../electron/protocol/h3/observer.ts'
import { varint } from '../../../../electron/protocol/h3/frames.ts'
import { join } from '../../../support/cuts.ts'
import { H3Pair, type H3PairOptions } from '../../../support/h3-pair.ts'
import { frame, OPTIONS } from '../../../support/h3-script.ts'
import type { PairOptions } from '../../../support/quic-pair.ts'
import { createCertificates, type TestCertificates } from '../../../support/tls-certificates.ts'

const SEEDS = process.env.REXMIT_FULL === '1' ? 200 : 4
const REQUESTS = 50

let certificates: TestCertificates
beforeAll(async () => {
  certificates = await createCertificates()
})

const requestFields = (n: number): FieldLine[] => [
  { name: ':method', value: 'POST' },
  { name: ':scheme', value: 'https' },
  { name: ':authority', value: 'server.test' },
  { name: ':path', value: `/objects/${n}?of=${REQUESTS}` },
  { name: 'user-agent', value: 'rexmit' },
  { name: 'accept-language', value: 'en, zh;q=0.8' },
  { name: 'cookie', value: `session=${'0123456789abcdef'.repeat(3)}`, sensitive: true },
  { name: 'x-number', value: String(n % 7) },
]
const responseFields = (n: number, length: number): FieldLine[] => [
  { name: ':status', value: '200' },
  { name: 'server', value: 'rexmit' },
  { name: 'content-type', value: n % 2 ? 'image/png' : 'text/html; charset=utf-8' },
  { name: 'content-length', value: String(length) },
  { name: 'x-cache', value: n % 3 ? 'hit' : 'miss' },
]
const trailerFields = (n: number): FieldLine[] => [{ name: 'x-sum', value: `sum-${n}` }]

/** All requests as soon as may be, each with 300 octets; answered with content of other lengths, and trailers. */
function page(options: Omit<H3PairOptions, 'certificates'>) {
  const pair = new H3Pair({ certificates, ...options })
  const rng = createRng(options.seed ?? 1).fork('bodies')
  const bodies = Array.from({ length: REQUESTS }, (_, n) => ({
    up: rng.bytes(300),
    down: rng.bytes(200 * n),
  }))
  const ids = new Map<number, number>()
  const ask = () => {
    for (let n = ids.size; n < REQUESTS; n++) {
      const id = pair.client.request(pair.quic.now, requestFields(n))
      if (typeof id !== 'number') return
      ids.set(id, n)
      pair.client.sendData(pair.quic.now, id, bodies[n].up, true)
    }
  }
  pair.onEvent = (side, event, connection) => {
    if (side === 'client' && (event.type === 'ready' || event.type === 'streams_available')) ask()
    if (side !== 'server' || event.type !== 'finished') return
    const { now } = pair.quic
    const n = ids.get(event.id)!
    connection.respond(now, event.id, [{ name: ':status', value: '103' }])
    connection.respond(now, event.id, responseFields(n, bodies[n].down.length))
    connection.sendData(now, event.id, bodies[n].down)
    connection.sendTrailers(now, event.id, trailerFields(n))
  }
  const done = pair.quic.run(() => pair.of('client', 'finished').length === REQUESTS)
  return { pair, ids, bodies, done }
}

function expectIntact({ pair, ids, bodies, done }: ReturnType<typeof page>): void {
  expect(done).toBe(true)
  for (const [id, n] of ids) {
    const { up, down } = bodies[n]
    expect(pair.messages.server.get(id)!.fields).toEqual(requestFields(n))
    expect(Buffer.from(pair.content('server', id)).equals(up)).toBe(true)
    const response = pair.messages.client.get(id)!
    expect(response.informational).toHaveLength(1)
    expect(response.fields).toEqual(responseFields(n, down.length))
    expect(Buffer.from(pair.content('client', id)).equals(down)).toBe(true)
    expect(response.trailers).toEqual(trailerFields(n))
  }
  expect([pair.client.openRequests, pair.server.openRequests]).toEqual([0, 0])
  for (const side of ['client', 'server'] as const)
    expect([...pair.of(side, 'failed'), ...pair.of(side, 'reset'), ...pair.of(side, 'closed')]).toEqual([])
}

const lossy: PairOptions['fate'] = (_from, _datagram, rng) => ({
  delays: rng.next() < 0.05 ? [] : [20_000 + (rng.next() < 0.1 ? 15_000 : 0)],
})

describe(`${REQUESTS} requests with content, interim responses and trailers`, () => {
  test('without loss', () => {
    expectIntact(page({}))
  })

  test('at 5 % loss and 10 % reordering, by all seeds', () => {
    let blocked = 0
    for (let seed = 1; seed <= SEEDS; seed++) {
      const observer = countingObserver(() => blocked++)
      expectIntact(page({ seed, fate: lossy, http3: { client: { observer }, server: { observer } } }))
    }
    console.log(`${SEEDS} seeds of ${REQUESTS} requests: ${blocked} sections were QPACK-blocked`)
    expect(blocked).toBeGreaterThan(0)
  })

  test('with a small table, no blocked streams, or no table at all', () => {
    for (const [qpackMaxTableCapacity, qpackBlockedStreams] of [
      [200, 1],
      [4_096, 0],
      [0, 0],
    ]) {
      const settings = { qpackMaxTableCapacity, qpackBlockedStreams, maxFieldSectionSize: 16_384 }
      expectIntact(page({ fate: lossy, http3: { client: { settings }, server: { settings } } }))
    }
  })

  test('a dynamic table makes requests smaller, once the first has been answered', () => {
    const sizes = [0, 4_096].map((encoderTableCapacity) => {
      let bytes = 0
      const observer: Http3Observer = {
        ...countingObserver(() => undefined),
        onSectionEncoded: (_now, _id, { encodedLength }) => (bytes += encodedLength),
      }
      const pair = new H3Pair({ certificates, http3: { client: { encoderTableCapacity, observer } } })
      const ask = (n: number) => {
        const fields = requestFields(n).map(({ name, value }) => ({ name, value }))
        pair.client.request(pair.quic.now, fields, true)
      }
      pair.onEvent = (side, event, connection) => {
        if (side === 'client' && event.type === 'settings') ask(0)
        if (side === 'server' && event.type === 'finished')
          connection.respond(pair.quic.now, event.id, [{ name: ':status', value: '204' }], true)
        if (side === 'client' && event.type === 'finished' && event.id === 0)
          for (let n = 1; n < REQUESTS; n++) ask(n)
      }
      expect(pair.quic.run(() => pair.of('client', 'finished').length === REQUESTS)).toBe(true)
      return bytes / REQUESTS
    })
    console.log(`octets of a request's section: ${sizes[0]} without a dynamic table, ${sizes[1]} with one`)
    expect(sizes[1]).toBeLessThan(sizes[0] * 0.4)
  })
})

function countingObserver(onBlocked: () => void): Http3Observer {
  const nothing = () => undefined
  return {
    onStreamType: nothing,
    onFrameCreated: nothing,
    onFrameParsed: nothing,
    onSectionEncoded: nothing,
    onSectionDecoded: nothing,
    onTableChange: nothing,
    onBlocked,
    onUnblocked: nothing,
    onViolation: nothing,
  }
}

const GET = requestFields(0).map((field) => (field.name === ':method' ? { ...field, value: 'GET' } : field))

describe('RFC 9114 7.2.4.2, RFC 9001 4.6: a request in 0-RTT', () => {
  const tickets = () => new TicketKeeper(nodeCrypto, createRng(3))

  /** One GET, with a session and the settings that came with it, or without. */
  function visit(server: Partial<ServerOptions>, before?: { session: Session; settings: Http3Settings }) {
    const client = before && { session: before.session, earlyData: true }
    const startAt = before ? 10e6 : 0
    const pair = new H3Pair({
      certificates,
      startAt,
      tls: { server, ...(client && { client }) },
      ...(before && { http3: { client: { remembered: before.settings } } }),
    })
    pair.onEvent = (side, event, connection) => {
      if (side === 'client' && event.type === 'ready')
        connection.request(pair.quic.now, requestFields(1), true)
      if (side === 'server' && event.type === 'finished')
        connection.respond(pair.quic.now, event.id, responseFields(0, 0), true)
    }
    pair.begin()
    expect(pair.quic.run(() => pair.of('client', 'finished').length === 1)).toBe(true)
    const answeredAt = pair.quic.now - startAt
    pair.quic.run(() => pair.quic.eventsOf('client', 'session').length > 0, pair.quic.now + 1e6)
    return { pair, answeredAt }
  }

  function firstVisit(server: Partial<ServerOptions>) {
    const { pair, answeredAt } = visit(server)
    const [{ session }] = pair.quic.eventsOf('client', 'session')
    return { before: { session, settings: pair.client.peerSettings }, answeredAt }
  }

  test('is answered a round trip earlier, with the dynamic table in use from the start', () => {
    const server = { tickets: tickets(), earlyData: 'once' } as const
    const { before, answeredAt } = firstVisit(server)
    expect(before.settings).toEqual(OPTIONS.settings)
    const again = visit(server, before)
    expect(again.pair.quic.client.negotiated).toMatchObject({ resumed: true, earlyData: 'accepted' })
    expect(again.answeredAt).toBe(answeredAt - 100_000)
    expect(again.pair.messages.server.get(0)!.fields).toEqual(requestFields(1))
  })

  test('is made anew when the server does not take it', () => {
    const keeper = tickets()
    const { before } = firstVisit({ tickets: keeper, earlyData: 'once' })
    const { pair } = visit({ tickets: keeper, earlyData: 'refuse' }, before)
    expect(pair.quic.client.negotiated).toMatchObject({ resumed: true, earlyData: 'refused' })
    expect(pair.of('client', 'early_refused')).toHaveLength(1)
    expect(pair.of('client', 'ready')).toHaveLength(2)
    expect([...pair.messages.server.values()].map(({ fields }) => fields)).toEqual([requestFields(1)])
  })
})

describe('shutting down and giving up', () => {
  test('GOAWAY: what is under way is finished, nothing new begins, then the connection closes without an error', () => {
    const pair = new H3Pair({ certificates })
    pair.onEvent = (side, event, connection) => {
      const { now } = pair.quic
      if (side === 'client' && event.type === 'ready') connection.request(now, GET, true)
      if (side === 'server' && event.type === 'finished') {
        connection.goaway(now)
        connection.respond(now, event.id, responseFields(0, 5_000))
        connection.sendData(now, event.id, new Uint8Array(5_000), true)
      }
      if (side === 'client' && event.type === 'finished') {
        expect(connection.request(now, GET, true)).toBe('going_away')
        connection.close(now)
      }
    }
    expect(pair.quic.run(() => pair.of('server', 'closed').length > 0)).toBe(true)
    expect(pair.of('client', 'goaway')).toEqual([{ type: 'goaway', id: 4 }])
    expect(pair.of('server', 'closed')[0].reason).toMatchObject({
      by: 'peer',
      layer: 'application',
      code: 0x100,
    })
  })

  test('a request that the client cancels is reset at the server, and the others go on', () => {
    const pair = new H3Pair({ certificates, fate: lossy })
    pair.onEvent = (side, event, connection) => {
      const { now } = pair.quic
      if (side === 'client' && event.type === 'ready')
        for (let n = 0; n < 3; n++) {
          const id = connection.request(now, requestFields(n)) as number
          connection.sendData(now, id, new Uint8Array(100), true)
        }
      // The response to be cancelled has no end yet.
      if (side === 'server' && event.type === 'finished') {
        connection.respond(now, event.id, responseFields(0, 200_000))
        connection.sendData(now, event.id, new Uint8Array(event.id === 4 ? 199_999 : 200_000), event.id !== 4)
      }
      if (side === 'server' && event.type === 'stopped')
        expect(connection.sendData(now, event.id, new Uint8Array(1), true)).toBe(false)
      if (side === 'client' && event.type === 'headers' && event.id === 4) connection.cancel(now, 4)
    }
    expect(pair.quic.run(() => pair.of('client', 'finished').length === 2)).toBe(true)
    pair.quic.run(() => pair.of('server', 'stopped').length > 0, pair.quic.now + 5e6)
    expect(pair.of('server', 'stopped')).toEqual([{ type: 'stopped', id: 4, code: 0x10c }])
    for (const id of [0, 8]) expect(pair.content('client', id)).toHaveLength(200_000)
    expect([pair.client.openRequests, pair.server.openRequests]).toEqual([0, 0])
  })

  test('a response that the server resets half way is told as reset, never as finished', () => {
    const pair = new H3Pair({ certificates, fate: lossy })
    pair.onEvent = (side, event, connection) => {
      const { now } = pair.quic
      if (side === 'client' && event.type === 'ready') connection.request(now, GET, true)
      if (side === 'server' && event.type === 'finished') {
        connection.respond(now, event.id, responseFields(0, 100_000))
        connection.sendData(now, event.id, new Uint8Array(50_000))
      }
      if (side === 'client' && event.type === 'data' && pair.of('client', 'reset').length === 0)
        pair.quic.act('server', () => pair.server.cancel(now, event.id, 'H3_INTERNAL_ERROR'))
    }
    expect(pair.quic.run(() => pair.of('client', 'reset').length > 0)).toBe(true)
    expect(pair.of('client', 'reset')).toEqual([{ type: 'reset', id: 0, code: 0x102 }])
    expect(pair.of('client', 'finished')).toEqual([])
  })

  /** The server behaves, but for what its QUIC connection does behind its back. */
  function misbehaving(act: (quic: QuicConnection, id: number) => void) {
    const pair = new H3Pair({ certificates })
    pair.onEvent = (side, event, connection) => {
      if (side === 'client' && event.type === 'ready') connection.request(pair.quic.now, GET, true)
      if (side === 'server' && event.type === 'finished') act(pair.quic.server, event.id)
    }
    expect(pair.quic.run(() => pair.of('server', 'closed').length > 0)).toBe(true)
    return pair.of('server', 'closed')[0].reason
  }

  test('a push is refused: by PUSH_PROMISE', () => {
    const reason = misbehaving((quic, id) => quic.write(id, frame(0x05, join(varint(0), new Uint8Array(2)))))
    expect(reason).toMatchObject({ by: 'peer', layer: 'application', code: 0x108 })
    expect(reason.reason).toBe('9114 7.2.5: push 0 was not allowed')
  })

  test('a push is refused: by a push stream', () => {
    const reason = misbehaving((quic) =>
      quic.write(quic.openStream('unidirectional')!, join(varint(1), varint(0))),
    )
    expect(reason).toMatchObject({ by: 'peer', layer: 'application', code: 0x108 })
  })

  test('bad octets of QPACK close the connection with the code of RFC 9204', () => {
    const reason = misbehaving((quic) => quic.write(7, Uint8Array.of(0x01)))
    expect(reason).toMatchObject({ by: 'peer', layer: 'application', code: 0x201 })
    expect(reason.reason).toContain('9204 4.3.')
  })
})

describe('RFC 9114 3.2 and 7.2.4.2: SETTINGS of the server', () => {
  test('go with its first flight, as 0.5-RTT data, within what it may send to an unproven address', () => {
    const pair = new H3Pair({ certificates })
    pair.begin()
    pair.quic.run(() => pair.quic.sent.server > 0)
    expect(pair.quic.bytes.server).toBeLessThanOrEqual(3 * pair.quic.bytes.client)
    pair.quic.run(() => pair.of('client', 'settings').length > 0)
    // One round trip, of 50 ms each way.
    expect(pair.quic.now).toBe(100_000)
    expect(pair.quic.timeOf('client', 'connected')).toBe(100_000)
    expect(pair.quic.timeOf('server', 'connected')).toBeUndefined()
  })

  test('that are lost with it come again, and nothing is sent twice for it that the client has', () => {
    const fate: H3PairOptions['fate'] = (from, _datagram, _rng, number) => ({
      delays: from === 'server' && number === 1 ? [] : [50_000],
    })
    const pair = new H3Pair({ certificates, fate })
    pair.begin()
    expect(pair.quic.run(() => pair.of('client', 'settings').length > 0, 1.3e6)).toBe(true)
    expect(pair.of('client', 'settings')).toHaveLength(1)
  })
})
