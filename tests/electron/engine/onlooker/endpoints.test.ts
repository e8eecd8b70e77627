/** What the onlookers write, held to what Node's own endpoints of TLS, HTTP/1.1 and HTTP/2 say, with and without loss. */
import { once } from 'node:events'
import * as tls from 'node:tls'
import { describe, expect, it } from 'vitest'
import type { LinkInput } from '../../../../shared/link.ts'
import type { TraceEvent } from '../../../../electron/engine/recording/types.ts'
import type { EventName } from '../../../../shared/trace/events.ts'
import { loadPage, OnlookerLab, tlsOptions, type PageOptions } from '../../../support/onlooker-lab.ts'

const LINK: LinkInput = {
  up: { delay: 5_000, rate: { limit: 20e6 } },
  down: { delay: 5_000, rate: { limit: 20e6 } },
}
const LOSSY: LinkInput = {
  up: { delay: 5_000, rate: { limit: 20e6 }, loss: { rate: 0.03 } },
  down: { delay: 5_000, rate: { limit: 20e6 }, loss: { rate: 0.03 } },
}

const SEEN = [
  'security:record',
  'security:handshake_message',
  'security:alert',
  'security:key_updated',
  'security:malformed',
  'http:frame',
  'http:message_started',
  'http:message_finished',
  'http:stream_state',
  'http:table_changed',
  'http:problem',
] as const satisfies readonly EventName[]

/** Loads a page and gives all that was seen. */
async function watch(page: Partial<PageOptions>, link = LINK, seed = 1) {
  const lab = new OnlookerLab({ link, seed })
  const load = await loadPage(lab, { version: 'h2', secure: true, objects: 8, size: 20_000, ...page })
  await lab.stop()
  const events: readonly TraceEvent[] = lab.events(...SEEN)
  const of = <N extends EventName>(name: N) => lab.events(name).map(({ data }) => data)
  return { lab, load, events, of }
}

describe.each([
  ['h2 over TLS', { version: 'h2', secure: true }],
  ['h2 in the clear', { version: 'h2', secure: false }],
  ['HTTP/1.1 over TLS', { version: 'http/1.1', secure: true }],
  ['HTTP/1.1 in the clear', { version: 'http/1.1', secure: false }],
  ['h2 over TLS 1.2', { version: 'h2', secure: true, tls: { maxVersion: 'TLSv1.2' } }],
] as const)('a page by %s', (_, page) => {
  it.each([
    ['without loss', LINK],
    ['with loss', LOSSY],
  ])('tells each request and response once, %s', async (_, link) => {
    const { load, of } = await watch(page, link)
    expect(load).toMatchObject({ statuses: Array(8).fill(200), bytes: 160_000 })
    const started = of('http:message_started')
    const requests = started.filter(({ from }) => from === 'client')
    const responses = started.filter(({ from }) => from === 'server')
    const numbers = page.version === 'h2' ? [1, 3, 5, 7, 9, 11, 13, 15] : [1, 2, 3, 4, 5, 6, 7, 8]
    expect(requests.map(({ exchange }) => exchange)).toEqual(numbers)
    expect(requests.map(({ target }) => target)).toEqual(numbers.map((_, i) => `/object/${i + 1}`))
    expect(requests.every(({ method, part, end }) => method === 'GET' && part === 'request' && end)).toBe(
      true,
    )
    expect(responses.map(({ exchange }) => exchange).sort((a, b) => a - b)).toEqual(numbers)
    expect(responses.every(({ status, part }) => status === 200 && part === 'response')).toBe(true)
    const finished = of('http:message_finished').filter(({ from }) => from === 'server')
    expect(finished.map(({ content, complete }) => [content, complete])).toEqual(
      Array(8).fill([20_000, true]),
    )
    expect(of('http:problem')).toEqual([])
    expect(of('security:malformed')).toEqual([])
  })

  it('reads the fields that the client was given', async () => {
    const { load, of } = await watch(page)
    const responses = of('http:message_started').filter(({ from }) => from === 'server')
    responses.sort((a, b) => a.exchange - b.exchange)
    for (const [i, { fields }] of responses.entries()) {
      const given = load.responseFields[i]
      for (const [name, value] of JSON.parse(fields) as [string, string][])
        expect(String(given[name.toLowerCase()])).toBe(value)
    }
  })

  it('stamps each event with a packet of its sender', async () => {
    const { lab, events } = await watch(page, LOSSY)
    const sent = new Map(lab.events('tcp:segment_sent').map(({ pkt, node, t }) => [pkt, { node, t }]))
    expect(events.length).toBeGreaterThan(20)
    for (const { pkt, node, t, data, name } of events) {
      expect(sent.get(pkt), name).toMatchObject({ node, t })
      if ('from' in data) expect(node).toBe(`gateway/${data.from}`)
    }
  })
})

describe('records', () => {
  it('lie one behind the other and cover all that was sent', async () => {
    const { lab, of } = await watch({}, LOSSY)
    for (const side of ['client', 'server'] as const) {
      let [at, plain] = [0, 0]
      for (const { offset, length, plain_offset, plain_length } of of('security:record').filter(
        (r) => r.from === side,
      )) {
        expect(offset).toBe(at)
        at += length
        if (plain_offset < 0) continue
        expect(plain_offset).toBe(plain)
        plain += plain_length
      }
      const segments = lab.events('tcp:segment_sent').filter(({ node }) => node === `gateway/${side}`)
      const fresh = segments
        .filter(({ data }) => data.cause === '')
        .reduce((sum, { data }) => sum + data.payload, 0)
      expect(at).toBe(fresh)
    }
  })

  it('carry the frames: each begins where the one before it ends', async () => {
    const { of } = await watch({}, LOSSY)
    let at = 0
    for (const { offset, length } of of('http:frame').filter(({ from }) => from === 'server')) {
      expect(offset).toBe(at)
      at += 9 + length
    }
    const last = of('security:record').findLast((r) => r.from === 'server' && r.plain_offset >= 0)!
    expect(last.plain_offset + last.plain_length).toBe(at)
  })

  it('stay closed without the key log, and are told all the same', async () => {
    const { of, load } = await watch({ logged: false })
    expect(load.bytes).toBe(160_000)
    const records = of('security:record').filter((record) => record.protected)
    expect(records.length).toBeGreaterThan(8)
    for (const { problem, inner_type, plain_offset } of records)
      expect({ problem, inner_type, plain_offset }).toEqual({
        problem: 'no_secret',
        inner_type: 0,
        plain_offset: -1,
      })
    expect(of('security:handshake_message').map(({ name }) => name)).toEqual(['client_hello', 'server_hello'])
    expect(of('http:frame')).toEqual([])
  })
})

describe('the handshake', () => {
  const course = async (version: 'TLSv1.2' | 'TLSv1.3', ciphers?: string) => {
    const options = { minVersion: version, maxVersion: version, ...(ciphers && { ciphers }) } as const
    const { of, load } = await watch({ version: 'http/1.1', objects: 1, tls: options })
    expect(load.protocol).toBe(version)
    return of('security:handshake_message').map(
      ({ from, name, protected: closed }) => `${from} ${name}${closed ? ' *' : ''}`,
    )
  }

  it('of TLS 1.3, what is encrypted, too', async () => {
    expect((await course('TLSv1.3')).filter((line) => !line.includes('new_session_ticket'))).toEqual([
      'client client_hello',
      'server server_hello',
      'server encrypted_extensions *',
      'server certificate *',
      'server certificate_verify *',
      'server finished *',
      'client finished *',
    ])
  })

  it('of TLS 1.2 with ECDHE', async () => {
    expect((await course('TLSv1.2')).filter((line) => !line.includes('new_session_ticket'))).toEqual([
      'client client_hello',
      'server server_hello',
      'server certificate',
      'server server_key_exchange',
      'server server_hello_done',
      'client client_key_exchange',
      'client finished *',
      'server finished *',
    ])
  })

  it('of TLS 1.2 with RSA has no ServerKeyExchange', async () => {
    const lines = await course('TLSv1.2', 'AES128-GCM-SHA256')
    expect(lines).not.toContain('server server_key_exchange')
    expect(lines).toContain('server finished *')
  })

  it('that finds no version in common ends with a fatal alert', async () => {
    const lab = new OnlookerLab()
    const secrets = await tlsOptions(lab, undefined)
    const server = tls.createServer({ ...secrets.server, minVersion: 'TLSv1.3' })
    server.on('tlsClientError', () => {})
    lab.serve(server)
    await lab.start()
    const client = tls.connect({ socket: lab.dial(), ...secrets.client, maxVersion: 'TLSv1.2' })
    const [error] = await once(client, 'error')
    expect(error).toMatchObject({ code: 'ERR_SSL_TLSV1_ALERT_PROTOCOL_VERSION' })
    await lab.stop()
    expect(lab.events('security:alert').map(({ data }) => data)).toMatchObject([
      { from: 'server', level: 2, name: 'protocol_version' },
    ])
    const causes = lab.events('tcp:stall_changed').filter(({ node }) => node === 'gateway/client')
    expect(causes.map(({ data }) => data.cause)).not.toContain('application')
  })
})

describe('loss', () => {
  const content = (events: readonly TraceEvent[], side: string) =>
    events
      .filter(({ data, name }) => 'from' in data && data.from === side && name !== 'security:key_updated')
      .map(({ name, data }) => `${name} ${JSON.stringify(data)}`)

  it('changes the times only: HTTP/1.1 in the clear', async () => {
    const page = { version: 'http/1.1', secure: false } as const
    const [clean, lossy] = [await watch(page), await watch(page, LOSSY)]
    for (const side of ['client', 'server']) {
      const times = (text: string) => text.replace(/GMT|Date.*?GMT/g, '')
      expect(content(lossy.events, side).map(times)).toEqual(content(clean.events, side).map(times))
    }
    const last = (events: readonly TraceEvent[]) => events.at(-1)!.t
    expect(last(lossy.events)).toBeGreaterThan(last(clean.events))
  })

  it('leaves the handshake, its messages and records, as it is', async () => {
    const names = async (link: LinkInput) => {
      const { of } = await watch({}, link)
      return of('security:handshake_message').map(({ from, name, length }) => `${from} ${name} ${length}`)
    }
    expect(await names(LOSSY)).toEqual(await names(LINK))
  })
})

describe('a reset in the middle', () => {
  it('marks record and message as cut off, and the onlooker of the other end is none the worse', async () => {
    const lab = new OnlookerLab({ link: LINK })
    const secrets = await tlsOptions(lab, undefined)
    const server = tls.createServer(secrets.server, (socket) => {
      socket.on('error', () => {})
      socket.write('HTTP/1.1 200 OK\r\nContent-Length: 10000000\r\n\r\n')
      socket.write(Buffer.alloc(1_000_000, 0x61))
    })
    secrets.watch(server)
    lab.serve(server)
    await lab.start()
    const socket = lab.dial()
    const client = tls.connect({ socket, ...secrets.client })
    secrets.watch(client)
    client.on('error', () => {})
    client.write('GET / HTTP/1.1\r\nHost: lab\r\n\r\n')
    let got = 0
    await new Promise<void>((resolve) => {
      client.on('data', (chunk: Buffer) => {
        got += chunk.length
        if (got > 100_000) resolve()
      })
    })
    socket.resetAndDestroy()
    await new Promise((resolve) => setTimeout(resolve, 50))
    await lab.stop()
    expect(lab.events('security:malformed').map(({ data }) => [data.from, data.reason])).toEqual([
      ['server', 'truncated_record'],
    ])
    const [finished] = lab.events('http:message_finished').filter(({ data }) => data.from === 'server')
    expect(finished.data.complete).toBe(false)
    expect(finished.data.content).toBeGreaterThanOrEqual(got - 60)
    expect(lab.run.info.error).toBeUndefined()
  })
})
