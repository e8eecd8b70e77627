import { readFileSync } from 'node:fs'
import { describe, expect, it } from 'vitest'
import { exportRun } from '../../../../electron/engine/export/export.ts'
import { harProblems, readHar, type Har } from '../../../support/har.ts'
import { RecordingScript } from '../../../support/recording.ts'
import { addNodes } from '../../../support/small-run.ts'

const FLOW = '10.77.0.1:40000-10.77.0.2:443'
const client = `main/client ${FLOW}`
const server = `main/server ${FLOW}`
const DIGEST = 'ab'.repeat(32)

const REQUEST_FIELDS = [
  [':method', 'GET'],
  [':path', '/page?a=1&b=two'],
  ['cookie', 'SID=7; theme=dark'],
]
const RESPONSE_FIELDS = [
  [':status', '200', 'indexed', 1, 8],
  ['set-cookie', 'SID=8; Max-Age=60; Path=/; Secure; HttpOnly; Expires=Thu, 01 Jan 2026 00:01:00 GMT'],
]

/** A page over a connection of its own, a cached object, and one whose connection breaks and is tried again. */
function pageLoad(): RecordingScript {
  const script = addNodes(new RecordingScript(), 'main')
  const url = 'https://server.lab/page?a=1&b=two'
  script.at(1_000).emit('main/client', 'http:request_queued', { request: 1, method: 'GET', url, attempt: 1 })
  script.at(2_000).emit(client, 'tcp:state_changed', { from: 'CLOSED', to: 'SYN-SENT' })
  script.at(52_000).emit(client, 'tcp:state_changed', { from: 'SYN-SENT', to: 'ESTABLISHED' })
  script.at(102_000).emit(client, 'security:handshake_finished', { version: 'TLSv1.3' })
  const sent = { request: 1, exchange: 1, version: 'h2', reused: false }
  script.at(103_000).emit(client, 'http:request_sent', sent)
  const head = { from: 'client', version: 'h2', part: 'request', exchange: 1, length: 40 }
  script.emit(client, 'http:message_started', { ...head, fields: JSON.stringify(REQUEST_FIELDS), end: true })
  const answer = { from: 'server', version: 'h2', part: 'response', exchange: 1, length: 30, status: 200 }
  script
    .at(140_000)
    .emit(server, 'http:message_started', { ...answer, fields: JSON.stringify(RESPONSE_FIELDS) })
  script
    .at(165_000)
    .emit(client, 'http:response_started', { request: 1, status: 200, content_type: 'text/html' })
  const content = { from: 'server', part: 'response', exchange: 1, content: 300, complete: true }
  script.emit(server, 'http:message_finished', content)
  const done = { content: 1000, encoded: 300, encoding: 'gzip', source: 'network', sha256: DIGEST }
  script.at(171_500.25).emit(client, 'http:response_finished', { request: 1, ...done })

  const cached = { request: 2, method: 'GET', url: 'https://server.lab/object/1', initiator: 1, attempt: 1 }
  script.at(172_000).emit('main/client', 'http:request_queued', cached)
  script.emit('main/client', 'http:response_finished', { request: 2, content: 50, source: 'cache' })

  const lost = { request: 3, method: 'GET', url: 'https://server.lab/object/2', initiator: 1 }
  script.at(173_000).emit('main/client', 'http:request_queued', { ...lost, attempt: 1 })
  script
    .at(174_000)
    .emit(client, 'http:request_sent', { request: 3, exchange: 3, version: 'h2', reused: true })
  const failure = { error: 'ECONNRESET', message: 'read ECONNRESET', source: 'network' }
  script.at(200_000).emit(client, 'http:response_finished', { request: 3, ...failure })
  script.at(201_000).emit('main/client', 'http:request_queued', { ...lost, attempt: 2 })
  return script
}

async function archive(script: RecordingScript, ...more: Parameters<RecordingScript['reader']>) {
  const files = await exportRun(script.reader(...more), 'har')
  return files.map(({ name, bytes }) => ({ name, log: readHar(new TextDecoder().decode(bytes)) }))
}

describe('a page load', () => {
  it('is one valid file, made by this version', async () => {
    const [{ name, log }] = await archive(pageLoad())
    expect(name).toBe('page.har')
    const { version } = JSON.parse(readFileSync('package.json', 'utf8')) as { version: string }
    expect(log.creator).toEqual({ name: 'Rexmit', version })
    expect(log.entries).toHaveLength(4)
  })

  it("is dated by the laboratory's epoch, and a page lasts until its last response", async () => {
    const [{ log }] = await archive(pageLoad())
    expect(log.pages).toMatchObject([
      {
        id: 'page_1',
        title: 'https://server.lab/page?a=1&b=two',
        startedDateTime: '2026-01-01T00:00:00.001Z',
        pageTimings: { onContentLoad: -1, onLoad: 199 },
      },
    ])
    expect(log.entries[0].startedDateTime).toBe('2026-01-01T00:00:00.001Z')
  })

  it('says how long each phase took; TLS is a part of connecting', async () => {
    const [{ log }] = await archive(pageLoad())
    expect(log.entries[0]).toMatchObject({
      time: 170.5,
      timings: { blocked: 2, dns: -1, connect: 100, ssl: 50, send: 0, wait: 62, receive: 6.5 },
      serverIPAddress: '10.77.0.2',
      connection: FLOW,
    })
  })

  it('says how long the name took that the connection was made for', async () => {
    const script = addNodes(new RecordingScript(), 'main')
    const url = 'https://www.site.lab/'
    script
      .at(1_000)
      .emit('main/client', 'http:request_queued', { request: 1, method: 'GET', url, attempt: 1 })
    script.at(2_000).emit('main/client', 'dns:lookup_started', { lookup: 1, name: 'www.site.lab', type: 'A' })
    script.at(32_000).emit('main/client', 'dns:lookup_finished', { lookup: 1, outcome: 'answer' })
    script.at(32_000).emit(client, 'tcp:state_changed', { from: 'CLOSED', to: 'SYN-SENT' })
    script.at(52_000).emit(client, 'tcp:state_changed', { from: 'SYN-SENT', to: 'ESTABLISHED' })
    script.emit(client, 'http:request_sent', { request: 1, exchange: 1, version: 'http/1.1', reused: false })
    script.at(72_000).emit(client, 'http:response_started', { request: 1, status: 200, content_type: '' })
    script.emit(client, 'http:response_finished', { request: 1, content: 0, encoded: 0, source: 'network' })
    const [{ log }] = await archive(script)
    expect(log.entries[0]).toMatchObject({
      time: 71,
      timings: { blocked: 1, dns: 30, connect: 20, ssl: -1, send: 0, wait: 20, receive: 0 },
    })
  })

  it('has the message as it crossed: fields, query, cookies, sizes before and after decoding', async () => {
    const [{ log }] = await archive(pageLoad())
    const { request, response } = log.entries[0]
    expect(request).toMatchObject({
      method: 'GET',
      httpVersion: 'HTTP/2',
      headersSize: 40,
      bodySize: 0,
      queryString: [
        { name: 'a', value: '1' },
        { name: 'b', value: 'two' },
      ],
      cookies: [
        { name: 'SID', value: '7' },
        { name: 'theme', value: 'dark' },
      ],
    })
    expect(request.headers).toHaveLength(3)
    expect(response).toMatchObject({
      status: 200,
      statusText: '',
      headersSize: 30,
      bodySize: 300,
      content: { size: 1000, compression: 700, mimeType: 'text/html', comment: `SHA-256 ${DIGEST}` },
    })
    expect(response.cookies).toEqual([
      {
        name: 'SID',
        value: '8',
        path: '/',
        expires: '2026-01-01T00:01:00.000Z',
        httpOnly: true,
        secure: true,
      },
    ])
  })

  it('says what asked for it, what came from the cache, what failed and was tried again', async () => {
    const [{ log }] = await archive(pageLoad())
    const [page, cached, failed, again] = log.entries as (Har['log']['entries'][number] &
      Record<string, unknown>)[]
    expect(page._initiator).toEqual({ type: 'other' })
    expect(cached).toMatchObject({
      _initiator: { type: 'parser', url: 'https://server.lab/page?a=1&b=two' },
      _fromCache: 'memory',
      response: { bodySize: 0 },
    })
    expect(failed).toMatchObject({
      time: 27,
      timings: { blocked: 1, connect: -1, ssl: -1 },
      response: { status: 0, _error: 'ECONNRESET', comment: 'read ECONNRESET' },
    })
    expect(again._attempt).toBe(2)
    expect(again.connection).toBeUndefined()
  })
})

it('has nothing of a response that the server sent and the client never got', async () => {
  const script = addNodes(new RecordingScript(), 'main')
  const url = 'http://server.lab/'
  script.emit('main/client', 'http:request_queued', { request: 1, method: 'GET', url, attempt: 1 })
  script.emit(client, 'http:request_sent', { request: 1, exchange: 1, version: 'http/1.1' })
  const answer = {
    from: 'server',
    version: 'http/1.1',
    part: 'response',
    exchange: 1,
    length: 30,
    status: 200,
  }
  script.at(5_000).emit(server, 'http:message_started', { ...answer, fields: '[["content-length","0"]]' })
  script.at(9_000).emit(client, 'http:response_finished', { request: 1, source: 'network', error: 'timeout' })
  const [{ log }] = await archive(script)
  expect(log.entries[0]).toMatchObject({
    timings: { send: 0, wait: 9 },
    response: { status: 0, headers: [], headersSize: -1 },
  })
})

it('takes what was pushed for an exchange that needed no request', async () => {
  const script = addNodes(new RecordingScript(), 'main')
  const url = 'https://server.lab/object/1'
  script.emit('main/client', 'http:request_queued', { request: 2, method: 'GET', url, attempt: 1 })
  script.at(2_000).emit(client, 'http:response_started', { request: 2, status: 200 })
  script
    .at(5_000)
    .emit(client, 'http:response_finished', { request: 2, content: 10, encoded: 10, source: 'push' })
  const [{ log }] = await archive(script)
  expect(log.entries[0]).toMatchObject({
    connection: FLOW,
    _was_pushed: 1,
    timings: { blocked: 0, connect: -1, wait: 2, receive: 3 },
    request: { httpVersion: 'HTTP/2' },
  })
})

it('gives each lane of several a file of its own', async () => {
  const script = new RecordingScript()
  for (const lane of ['one', 'six'])
    script.emit(`${lane}/client`, 'http:request_queued', {
      request: 1,
      method: 'GET',
      url: 'http://server.lab/',
    })
  const lanes = ['one', 'six'].map((id) => ({ id, label: { en: id, zh: id }, set: {} }))
  const files = await archive(script, { lanes })
  expect(files.map(({ name }) => name)).toEqual(['page-one.har', 'page-six.har'])
})

it('makes no file of a run without requests', async () => {
  expect(await exportRun(addNodes(new RecordingScript(), 'main').reader(), 'har')).toEqual([])
})

describe('the validator of these tests', () => {
  const valid = async () => {
    const [{ bytes }] = await exportRun(pageLoad().reader(), 'har')
    return JSON.parse(new TextDecoder().decode(bytes)) as Har
  }

  it.each<[string, (har: Har) => void]>([
    ['an unknown field', ({ log }) => Object.assign(log.entries[0], { colour: 'red' })],
    ['a missing field', ({ log }) => Reflect.deleteProperty(log.entries[0].response, 'redirectURL')],
    ['phases that do not add up', ({ log }) => (log.entries[0].time += 1)],
    ['TLS longer than connecting', ({ log }) => (log.entries[0].timings.ssl = 1000)],
    ['a page that is not there', ({ log }) => (log.entries[0].pageref = 'page_9')],
    ['a date without zone', ({ log }) => (log.entries[0].startedDateTime = '2026-01-01T00:00:00')],
    ['entries out of order', ({ log }) => void log.entries.reverse()],
  ])('refuses %s', async (_, spoil) => {
    const har = await valid()
    spoil(har)
    expect(harProblems(JSON.stringify(har))).not.toEqual([])
  })
})

describe('a page over HTTP/3', () => {
  const quic = '10.77.0.1:50000-10.77.0.2:443'

  /** Asked at 1 ms; the Initial leaves at 2 ms, the handshake is complete at 52 ms. */
  function load(sentAt: number) {
    const script = addNodes(new RecordingScript(), 'main')
    const at = (t: number) => script.at(t)
    const url = 'https://server.lab/'
    const initial = { level: 'initial', number: 0, size: 1_200, frames: '[]' }
    const steps: [number, () => unknown][] = [
      [1_000, () => script.emit('main/client', 'http:request_queued', { request: 1, method: 'GET', url })],
      [2_000, () => script.emit(`main/client ${quic}`, 'transport:packet_sent', initial, 1)],
      [
        52_000,
        () =>
          script
            .emit(`main/client ${quic}`, 'connectivity:connection_state_changed', { to: 'open' })
            .emit(`main/client ${quic}`, 'security:handshake_finished', { version: 'TLSv1.3' }),
      ],
      [
        sentAt,
        () =>
          script.emit(`main/client ${quic}`, 'http:request_sent', { request: 1, exchange: 0, version: 'h3' }),
      ],
    ]
    for (const [t, step] of steps.sort(([a], [b]) => a - b)) {
      at(t)
      step()
    }
    const fields = JSON.stringify([[':status', '200', 'indexed', 1, 25, 'static']])
    const head = { from: 'server', version: 'h3', part: 'response', exchange: 0, length: 4, fields }
    script.at(90_000).emit(`main/server ${quic}`, 'http:message_started', head)
    script.at(102_000).emit(`main/client ${quic}`, 'http:response_started', { request: 1, status: 200 })
    script
      .at(110_000)
      .emit(`main/client ${quic}`, 'http:response_finished', { request: 1, source: 'network' })
    return script
  }

  it('has one handshake, which is that of TLS', async () => {
    const [{ log }] = await archive(load(53_000))
    expect(log.entries[0]).toMatchObject({
      time: 109,
      timings: { blocked: 2, dns: -1, connect: 50, ssl: 50, send: 0, wait: 49, receive: 8 },
      request: { httpVersion: 'h3' },
      response: { httpVersion: 'h3', statusText: '', headersSize: 4, headers: [{ name: ':status' }] },
      connection: quic,
    })
  })

  it('does not wait for it with 0-RTT', async () => {
    const [{ log }] = await archive(load(2_000))
    expect(log.entries[0].timings).toMatchObject({ blocked: 1, connect: 0, ssl: 0, wait: 100 })
  })
})
