/** What the onlooker at one end takes bytes for, and what it writes of them. */
import { describe, expect, it } from 'vitest'
import { look } from '../../../../electron/engine/onlooker/look.ts'
import { join, octets } from '../../../support/cuts.ts'
import { PREFACE } from '../../../../electron/protocol/wire/h2/frame-reader.ts'
import {
  ack,
  data,
  get,
  ok as response,
  reset,
  settings,
  windowUpdate,
} from '../../../support/http2-watch.ts'
import { Watcher } from '../../../support/onlooker.ts'

const preface = join(PREFACE, settings())
/** A response with content to come. */
const ok = (stream: number) => response(stream, false)
const REQUEST = 'GET /a HTTP/1.1\r\nHost: lab\r\n\r\n'

describe('the look at the first bytes', () => {
  const at = (text: string) => look('client', octets(text))

  it('knows a request line of HTTP/1.x, and nothing else that has lines', () => {
    expect(at(REQUEST)).toBe('http/1.1')
    expect(at('M-SEARCH * HTTP/1.1\r\n')).toBe('http/1.1')
    expect(at('GET /a HTTP/2.0\r\n')).toBe('none')
    expect(at('HELO lab\r\n')).toBe('none')
    expect(at('SSH-2.0-OpenSSH_9.6\r\n')).toBe('none')
  })

  it('waits for a whole line as long as it may become one', () => {
    for (let length = 1; length < 17; length++) expect(at(REQUEST.slice(0, length))).toBe('undecided')
    expect(at('A'.repeat(32))).toBe('undecided')
    expect(at('A'.repeat(33))).toBe('none')
    expect(at(`GET /${'a'.repeat(16_000)}`)).toBe('undecided')
    expect(at(`GET /${'a'.repeat(17_000)}`)).toBe('none')
    expect(at('GET /a b')).toBe('none')
  })

  it('knows the preface of HTTP/2 from the request that it looks like', () => {
    const whole = 'PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n'
    for (let length = 1; length < whole.length; length++) expect(at(whole.slice(0, length))).toBe('undecided')
    expect(at(whole)).toBe('h2')
    expect(at('PRI * HTTP/2.0\r\n\r\nXX')).toBe('none')
  })

  it('knows a record with a ClientHello', () => {
    const hello = Uint8Array.of(22, 3, 1, 0, 100, 1, 0, 0, 96)
    for (let length = 1; length < 6; length++)
      expect(look('client', hello.subarray(0, length))).toBe('undecided')
    expect(look('client', hello)).toBe('tls')
    expect(look('client', Uint8Array.of(22, 3, 1, 0, 100, 2))).toBe('none')
    expect(look('client', Uint8Array.of(22, 4, 1))).toBe('none')
  })

  it('knows the SETTINGS of a server that does not wait for the client', () => {
    const first = settings([4, 1000])
    for (let length = 1; length < 9; length++)
      expect(look('server', first.subarray(0, length))).toBe('undecided')
    expect(look('server', first)).toBe('h2')
    expect(look('server', octets('220 lab ready\r\n'))).toBe('none')
    expect(look('server', octets(REQUEST))).toBe('none')
  })
})

describe('a connection of none of these', () => {
  it('leaves nothing, whatever comes later', () => {
    const watcher = new Watcher('client').cross('client', 'letters and letters')
    watcher.cross('client', `\r\n${REQUEST}`).cross('server', 'HTTP/1.1 200 OK\r\n\r\n').finish('client')
    expect(watcher.names).toEqual([])
    expect(watcher.end.handshaking).toBe(false)
    expect(watcher.end.credit()).toBeUndefined()
  })
})

describe('an end', () => {
  it('writes what its own host sends, and only that', () => {
    const response = 'HTTP/1.1 200 OK\r\nContent-Length: 3\r\n\r\nabc'
    const client = new Watcher('client').cross('client', REQUEST).cross('server', response)
    const server = new Watcher('server').cross('client', REQUEST).cross('server', response)
    expect(client.names).toEqual(['http:message_started', 'http:message_finished'])
    expect(client.trace.of('http:message_started')[0]).toMatchObject({
      part: 'request',
      target: '/a',
      end: true,
    })
    expect(server.trace.events.map(({ data }) => data)).toMatchObject([
      { part: 'response', status: 200, exchange: 1, offset: 0, length: 38, end: false },
      { part: 'response', exchange: 1, end_offset: 41, content: 3, complete: true },
    ])
  })
})

describe('HTTP/1.1', () => {
  it('matches pipelined responses to their requests by their number', () => {
    const server = new Watcher('server').cross('client', REQUEST.repeat(3))
    server.cross('server', 'HTTP/1.1 404 Not Found\r\nContent-Length: 0\r\n\r\n'.repeat(3))
    expect(server.trace.of('http:message_started').map(({ exchange }) => exchange)).toEqual([1, 2, 3])
    expect(server.trace.of('http:message_started')[0].end).toBe(true)
  })

  it('tells chunks by their content, and trailers', () => {
    const server = new Watcher('server').cross('client', REQUEST)
    server.cross('server', 'HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n')
    server.cross('server', '3\r\nabc\r\n2\r\nde\r\n0\r\nX-Sum: 1\r\nX-End: 2\r\n\r\n')
    const [, trailers] = server.trace.of('http:message_started')
    expect(trailers).toMatchObject({ part: 'trailers', offset: 47 + 18, length: 20, end: true })
    expect(JSON.parse(trailers.fields)).toEqual([
      ['X-Sum', '1'],
      ['X-End', '2'],
    ])
    expect(server.trace.of('http:message_finished')[0]).toMatchObject({ content: 5, complete: true })
  })

  it('gives an interim response, which is not the end', () => {
    const server = new Watcher('server').cross('client', REQUEST)
    server.cross('server', 'HTTP/1.1 103 Early Hints\r\n\r\nHTTP/1.1 204 No Content\r\n\r\n')
    expect(server.trace.of('http:message_started').map(({ part }) => part)).toEqual(['interim', 'response'])
    expect(server.trace.of('http:message_finished')).toHaveLength(1)
  })

  it.each([
    ['by FIN: whole', (watcher: Watcher) => watcher.finish('server'), true],
    ['by RST: who knows', (watcher: Watcher) => watcher.end.handleClosed(), false],
  ])('takes a body without length that ends %s', (_, end, complete) => {
    const server = new Watcher('server')
      .cross('client', REQUEST)
      .cross('server', 'HTTP/1.0 200 OK\r\n\r\nabc')
    end(server)
    expect(server.trace.of('http:message_finished')).toMatchObject([{ content: 3, complete }])
  })

  it('marks a message that is cut off', () => {
    const server = new Watcher('server').cross('client', REQUEST)
    server.cross('server', 'HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\nabc')
    server.end.handleClosed()
    expect(server.trace.of('http:message_finished')).toMatchObject([{ content: 3, complete: false }])
    expect(server.trace.of('http:problem')).toMatchObject([{ reason: 'truncated', code: '' }])
  })

  it('marks bytes that are none of it, and finds the next message', () => {
    const client = new Watcher('client').cross('client', `${REQUEST}nonsense\r\nmore\r\n${REQUEST}`)
    expect(client.trace.of('http:problem').map(({ reason }) => reason)).toEqual([
      'bad_request_line',
      'skipped 16 octets',
    ])
    expect(client.trace.of('http:message_started').map(({ exchange }) => exchange)).toEqual([1, 2])
  })
})

describe('an upgrade', () => {
  const upgrade = (protocol: string) =>
    `GET /a HTTP/1.1\r\nHost: lab\r\nConnection: Upgrade, HTTP2-Settings\r\nUpgrade: ${protocol}\r\nHTTP2-Settings: \r\n\r\n`
  const accepted = (protocol: string) =>
    `HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: ${protocol}\r\n\r\n`

  it('to h2c goes on as HTTP/2, its offsets behind those of HTTP/1.1', () => {
    const [asked, said] = [upgrade('h2c'), accepted('h2c')]
    const server = new Watcher('server').cross('client', asked).cross('server', said)
    server
      .cross('server', settings())
      .cross('client', preface)
      .cross('server', ok(1))
      .cross('server', data(1, 5, true))
    const frames = server.trace.of('http:frame')
    expect(frames.map(({ type, offset }) => [type, offset - said.length])).toEqual([
      ['SETTINGS', 0],
      ['HEADERS', 9],
      ['DATA', 9 + ok(1).length],
    ])
    const started = server.trace.of('http:message_started').map(({ version, status }) => [version, status])
    expect(started).toEqual([
      ['http/1.1', 101],
      ['h2', 200],
    ])
    expect(server.trace.of('http:message_finished').at(-1)).toMatchObject({ exchange: 1, content: 5 })
    expect(server.trace.of('http:problem')).toEqual([])
    const client = new Watcher('client').cross('client', asked).cross('server', said)
    client.cross('client', preface)
    expect(client.trace.of('http:frame')).toMatchObject([{ type: 'SETTINGS', offset: asked.length + 24 }])
  })

  it('to a protocol that is not read leaves nothing after it', () => {
    const server = new Watcher('server').cross('client', upgrade('irc')).cross('server', accepted('irc'))
    const before = server.names.length
    server
      .cross('server', Uint8Array.of(0x81, 2, 0x68, 0x69))
      .cross('client', REQUEST)
      .finish('server')
    expect(server.names).toHaveLength(before)
  })
})

describe('HTTP/2', () => {
  const opened = (own: 'client' | 'server') =>
    new Watcher(own)
      .cross('server', settings())
      .cross('client', preface)
      .cross('client', ack())
      .cross('server', ack())

  it('tells what a side may send as its own frames use it up and the other side gives it back', () => {
    const server = opened('server')
      .cross('client', get(1, true))
      .cross('server', ok(1))
      .cross('server', data(1, 1000))
    server.cross('client', windowUpdate(1, 200))
    server.cross('server', data(1, 500, true))
    const sent = server.trace.of('http:frame').filter(({ type }) => type === 'DATA')
    expect(sent.map((frame) => [frame.connection_window, frame.stream_window])).toEqual([
      [64_535, 64_535],
      [64_035, 64_235],
    ])
  })

  it('tells of a WINDOW_UPDATE what the other side may send then', () => {
    const client = opened('client')
      .cross('client', get(1, true))
      .cross('server', ok(1))
      .cross('server', data(1, 1000))
    client.cross('client', windowUpdate(1, 200))
    client.cross('client', windowUpdate(0, 1000))
    const updates = client.trace.of('http:frame').filter(({ type }) => type === 'WINDOW_UPDATE')
    expect(updates.map((frame) => [frame.stream, frame.connection_window, frame.stream_window])).toEqual([
      [1, -1, 64_735],
      [0, 65_535, -1],
    ])
    expect(updates[0].detail).toBe('increment 200')
  })

  it('ends what its side sends when either side resets the stream', () => {
    const server = opened('server').cross('client', get(1, true)).cross('client', get(3, true))
    server
      .cross('server', ok(1))
      .cross('server', ok(3))
      .cross('server', data(1, 10))
      .cross('server', data(3, 20))
    server.cross('client', reset(1, 8)).cross('server', reset(3, 2))
    expect(server.trace.of('http:message_finished')).toMatchObject([
      { exchange: 1, content: 10, complete: false },
      { exchange: 3, content: 20, complete: false },
    ])
    expect(server.trace.of('http:frame').at(-1)).toMatchObject({
      type: 'RST_STREAM',
      detail: 'INTERNAL_ERROR',
    })
  })

  it('ends what is unfinished when the connection breaks', () => {
    const server = opened('server')
      .cross('client', get(1, true))
      .cross('server', ok(1))
      .cross('server', data(1, 10))
    server.end.handleClosed()
    expect(server.trace.of('http:message_finished')).toMatchObject([{ exchange: 1, complete: false }])
  })

  it('marks bytes that belong to no frame', () => {
    const client = new Watcher('client').cross('client', preface).cross('client', data(1, 10))
    expect(client.trace.of('http:problem')[0]).toMatchObject({ code: 'PROTOCOL_ERROR', scope: 'connection' })
  })
})
