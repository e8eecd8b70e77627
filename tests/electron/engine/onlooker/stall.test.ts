/** Stall attribution by TLS and HTTP/2 (DESIGN 6.2): what the sender of a page waits for above TCP. */
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { ack, data, get, ok, reset, settings, windowUpdate } from '../../../support/http2-watch.ts'
import { loadPage, OnlookerLab, type PageOptions } from '../../../support/onlooker-lab.ts'
import { Watcher } from '../../../support/onlooker.ts'
import { stallShares, sumOf } from '../../../support/stalls.ts'
import { join } from '../../../support/cuts.ts'
import { PREFACE } from '../../../../electron/protocol/wire/h2/frame-reader.ts'
import type { LinkInput } from '../../../../shared/link.ts'

const FULL = process.env.REXMIT_FULL === '1'
const INITIAL_WINDOW_SIZE = 4

describe('the credit that a sender waits for, by what it has sent and was given', () => {
  const opened = (window = 65_535) =>
    new Watcher('server')
      .cross('server', settings())
      .cross('client', join(PREFACE, settings([INITIAL_WINDOW_SIZE, window]), ack()))
      .cross('server', ack())
  const response = (id: number) => ok(id, false)

  it('is that of the stream when its window is used up and its content is not all sent', () => {
    const { end } = opened(1000)
      .cross('client', get(1))
      .cross('server', response(1))
      .cross('server', data(1, 999))
    expect(end.credit()).toBeUndefined()
    end.handleSent(data(1, 1), false, 9)
    expect(end.credit()).toBe('stream_credit')
    end.handleReceived(windowUpdate(1, 1))
    expect(end.credit()).toBeUndefined()
  })

  it('is that of the connection when that is used up, whatever the stream has', () => {
    const watcher = opened(100_000).cross('client', get(1)).cross('server', response(1))
    for (let i = 0; i < 4; i++) watcher.cross('server', data(1, 16_383))
    expect(watcher.end.credit()).toBeUndefined()
    expect(watcher.cross('server', data(1, 3)).end.credit()).toBe('connection_credit')
    expect(watcher.cross('client', windowUpdate(1, 1000)).end.credit()).toBe('connection_credit')
    expect(watcher.cross('client', windowUpdate(0, 1)).end.credit()).toBeUndefined()
  })

  it('is none when nothing is left to send', () => {
    const full = () =>
      opened(1000).cross('client', get(1)).cross('server', response(1)).cross('server', data(1, 1000))
    expect(full().end.credit()).toBe('stream_credit')
    expect(
      full()
        .cross('server', data(1, 0, true))
        .end.credit(),
    ).toBeUndefined()
    expect(full().cross('server', reset(1, 0)).end.credit()).toBeUndefined()
    expect(full().cross('client', reset(1, 8)).end.credit()).toBeUndefined()
    expect(full().finish('server').end.credit()).toBeUndefined()
  })

  it('is none as long as the response has not begun, and for who only receives', () => {
    expect(opened(0).cross('client', get(1)).end.credit()).toBeUndefined()
    const client = new Watcher('client').cross('client', join(PREFACE, settings([INITIAL_WINDOW_SIZE, 0])))
    client.cross('server', join(settings(), ack())).cross('client', get(1)).cross('server', response(1))
    expect(client.end.credit()).toBeUndefined()
  })

  it('changes for all streams with SETTINGS, from their acknowledgment on', () => {
    const watcher = opened(1000)
      .cross('client', get(1))
      .cross('server', response(1))
      .cross('server', data(1, 600))
    watcher.cross('client', settings([INITIAL_WINDOW_SIZE, 500]))
    expect(watcher.end.credit()).toBeUndefined()
    expect(watcher.cross('server', ack()).end.credit()).toBe('stream_credit')
  })
})

const LONG: LinkInput = { up: { delay: 50_000 }, down: { delay: 50_000 } }
const OBJECT = 400_000

async function load(page: Partial<PageOptions>, link = LONG, seed = 1) {
  const lab = new OnlookerLab({ link, seed, tcp: { initialWindow: 10 } })
  await loadPage(lab, { version: 'h2', secure: true, objects: 1, size: OBJECT, ...page })
  await lab.stop()
  const [client, server] = ['client', 'server'].map(
    (side) => [...stallShares(lab.run)].find(([end]) => end.startsWith(`gateway/${side} `))![1],
  )
  return { server, client, lab }
}

const LARGE = { clientSettings: { initialWindowSize: 4_000_000 }, connectionWindow: 4_000_000 }

describe('a response over a long path', () => {
  it.each([true, false])(
    'waits for stream credit behind a small initial window (TLS: %s)',
    async (secure) => {
      const { server } = await load({ ...LARGE, secure, clientSettings: { initialWindowSize: 16_384 } })
      expect(server.stream_credit).toBeGreaterThan(0.7)
      expect(server.connection_credit).toBeUndefined()
    },
  )

  it.each([true, false])(
    'waits for connection credit behind a small connection window (TLS: %s)',
    async (secure) => {
      const { server } = await load({ secure, clientSettings: LARGE.clientSettings })
      expect(server.connection_credit).toBeGreaterThan(0.3)
      expect(server.stream_credit).toBeUndefined()
    },
  )

  it.each([true, false])('waits for neither when both are large (TLS: %s)', async (secure) => {
    const { server } = await load({ secure, ...LARGE })
    expect(server.stream_credit).toBeUndefined()
    expect(server.connection_credit).toBeUndefined()
    expect(server.congestion_window).toBeGreaterThan(0.3)
  })

  it('waits for none in HTTP/1.1, which has no windows', async () => {
    const { server } = await load({ version: 'http/1.1' })
    expect(server.stream_credit).toBeUndefined()
    expect(server.connection_credit).toBeUndefined()
  })
})

describe('a request with content', () => {
  it('waits for the credit of the server', async () => {
    const { client, server } = await load({ size: 10, upload: OBJECT })
    expect((client.connection_credit ?? 0) + (client.stream_credit ?? 0)).toBeGreaterThan(0.3)
    expect(server.connection_credit).toBeUndefined()
  })
})

describe('the handshake', () => {
  it.each([
    ['TLSv1.3', 1],
    ['TLSv1.2', 2],
  ] as const)('of %s takes the client %i round trips after that of TCP', async (version, rounds) => {
    const { lab } = await load({ tls: { minVersion: version, maxVersion: version }, size: 10 })
    const changes = lab.events('tcp:stall_changed').filter(({ node }) => node === 'gateway/client')
    const last = changes.findLastIndex(({ data }) => data.cause === 'handshake')
    expect(changes[last + 1].t).toBe(100_000 * (1 + rounds))
  })

  it('has no part in a connection in the clear beyond that of TCP', async () => {
    const { lab } = await load({ secure: false, size: 10 })
    const changes = lab.events('tcp:stall_changed').filter(({ node }) => node === 'gateway/client')
    expect(changes.map(({ data }) => data.cause).lastIndexOf('handshake')).toBe(0)
  })

  it('is seen to end without the secrets, too', async () => {
    const { lab, server } = await load({ logged: false, size: 10 })
    const last = lab.events('tcp:stall_changed').findLast(({ data }) => data.cause === 'handshake')!
    expect(last.t).toBeLessThanOrEqual(200_000)
    expect(server.connection_credit).toBeUndefined()
  })
})

describe('the shares', () => {
  it('sum to 100 % at both ends, whatever the link, the version and TLS', async () => {
    const direction = fc.record({
      delay: fc.integer({ min: 0, max: 60_000 }),
      rate: fc.record({ limit: fc.constantFrom(0, 1e6, 2e7) }),
      loss: fc.record({ rate: fc.constantFrom(0, 0, 0.02, 0.05) }),
    })
    const page = fc.record({
      version: fc.constantFrom('h2' as const, 'http/1.1' as const),
      secure: fc.boolean(),
      objects: fc.integer({ min: 1, max: 4 }),
      size: fc.constantFrom(0, 1, 3_000, 90_000),
      upload: fc.constantFrom(0, 0, 70_000),
      logged: fc.boolean(),
      clientSettings: fc.record({ initialWindowSize: fc.constantFrom(1_000, 65_535, 1_000_000) }),
    })
    const link = fc.record({ up: direction, down: direction })
    await fc.assert(
      fc.asyncProperty(link, page, fc.integer({ min: 1, max: 1e6 }), async (link, page, seed) => {
        const { server, client } = await load(page, link, seed)
        for (const end of [server, client]) {
          expect(sumOf(end)).toBeCloseTo(1, 9)
        }
      }),
      { numRuns: FULL ? 300 : 12 },
    )
  })
})
