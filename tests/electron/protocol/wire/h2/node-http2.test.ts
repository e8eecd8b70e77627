/** What the onlooker tells of Node's nghttp2 at both ends, against what these two saw. */
import http2, { type ClientHttp2Session, type ServerHttp2Session, type ServerHttp2Stream } from 'node:http2'
import { afterEach, expect, test } from 'vitest'
import { createRng } from '../../../../../electron/protocol/random.ts'
import * as h2 from '../../../../../electron/protocol/wire/h2/names.ts'
import { cut } from '../../../../support/cuts.ts'
import { duplexPair } from '../../../../support/duplex-pair.ts'
import { Http2Watch } from '../../../../support/http2-watch.ts'
import { collect } from '../../../../support/streams.ts'

const opened: { destroy(): void }[] = []
afterEach(() => opened.splice(0).forEach((session) => session.destroy()))

type OnStream = (stream: ServerHttp2Stream, headers: http2.IncomingHttpHeaders) => void

interface Lab {
  readonly watch: Http2Watch
  readonly client: ClientHttp2Session
  readonly server: Promise<ServerHttp2Session>
}

/** A client and a server with an onlooker between them whose octets are cut anywhere. */
function lab(
  seed: number,
  onStream: OnStream,
  settings: http2.Settings = {},
  clientSettings: http2.Settings = {},
): Lab {
  const rng = createRng(seed)
  const watch = new Http2Watch()
  const ends = duplexPair((from, bytes) => {
    for (const piece of cut(rng, bytes)) watch.connection.push(from, piece)
  })
  const listener = http2.createServer({ settings })
  listener.on('stream', onStream)
  const server = new Promise<ServerHttp2Session>((resolve) => listener.once('session', resolve))
  listener.emit('connection', ends.server)
  const client = http2.connect('http://lab', {
    createConnection: () => ends.client,
    settings: clientSettings,
  })
  opened.push(client)
  // A GOAWAY with a code is an error to the session; the tests look at the onlooker.
  client.on('error', () => {})
  return { watch, client, server }
}

const closed = (session: ClientHttp2Session) =>
  new Promise<void>((resolve) => session.once('close', () => resolve()).close())

/** Header lists by part, as `[name, value]`, of one stream. */
const list = (watch: Http2Watch, streamId: number, part: string) =>
  watch
    .of('headers')
    .find((event) => event.streamId === streamId && event.part === part)
    ?.block.fields.map(({ name, value }) => [name, value])

const pairs = (headers: object): [string, string][] =>
  Object.entries(headers).flatMap(([name, value]): [string, string][] =>
    Array.isArray(value) ? value.map((one: string) => [name, one]) : [[name, String(value)]],
  )

const sorted = (fields: readonly (readonly string[])[] | undefined) =>
  [...(fields ?? [])].map((f) => f.join(': ')).sort()

const frames = (watch: Http2Watch, type: number) =>
  watch.of('frame').filter(({ frame }) => frame.type === type)

test.each([1, 2, 3, 4, 5, 6])(
  'requests, responses, trailers and bodies are those of the endpoints (seed %i)',
  async (seed) => {
    const seen = new Map<number, { headers: http2.IncomingHttpHeaders; body: string }>()
    const { watch, client } = lab(seed, (stream, headers) => {
      void collect(stream).then((octets) => {
        seen.set(stream.id!, { headers, body: octets.toString('latin1') })
        stream.additionalHeaders({ ':status': 103, link: '</a>' })
        stream.respond(
          { ':status': 200, 'x-path': headers[':path']!, 'set-cookie': ['a=1', 'b=2'] },
          { waitForTrailers: true },
        )
        stream.once('wantTrailers', () => stream.sendTrailers({ 'x-sum': String(octets.length) }))
        stream.end('y'.repeat(octets.length * 2))
      })
    })
    const answers = await Promise.all(
      [0, 10, 1_000, 40_000].map((length, i) => {
        const stream = client.request({
          ':path': `/${i}?${'long'.repeat(i * 100)}`,
          ':method': 'POST',
          'x-big': 'z'.repeat(i * 6_000),
          priority: `u=${i}`,
        })
        stream.end('x'.repeat(length))
        const got: { headers?: object; trailers?: object } = {}
        stream.once('response', (headers) => (got.headers = headers))
        stream.once('trailers', (trailers) => (got.trailers = trailers))
        return collect(stream).then((octets) => ({ id: stream.id!, ...got, body: octets.toString('latin1') }))
      }),
    )
    await closed(client)
    expect(watch.problems).toEqual([])
    expect(seen.size).toBe(4)
    for (const { id, headers, trailers, body } of answers) {
      expect(sorted(list(watch, id, 'request'))).toEqual(sorted(pairs(seen.get(id)!.headers)))
      expect(watch.body('client', id)).toBe(seen.get(id)!.body)
      expect(sorted(list(watch, id, 'interim'))).toEqual(
        ['103', '</a>'].map((v, i) => `${[':status', 'link'][i]}: ${v}`),
      )
      expect(sorted(list(watch, id, 'response'))).toEqual(sorted(pairs(headers!)))
      expect(sorted(list(watch, id, 'trailers'))).toEqual(sorted(pairs(trailers!)))
      expect(watch.body('server', id)).toBe(body)
      expect(watch.connection.stream(id)).toMatchObject({
        state: 'closed',
        body: { client: seen.get(id)!.body.length, server: body.length },
        priority: { urgency: answers.findIndex((answer) => answer.id === id) },
      })
    }
    // nghttp2 cuts what is longer than a frame into CONTINUATION.
    expect(frames(watch, h2.CONTINUATION).length).toBeGreaterThan(0)
  },
)

test('push: the promise, its request and its response', async () => {
  const { watch, client } = lab(11, (stream) => {
    stream.pushStream({ ':path': '/style.css' }, (_error, pushed) => {
      pushed.respond({ ':status': 200, 'content-length': 4 })
      pushed.end('body')
      stream.respond({ ':status': 200 })
      stream.end('page')
    })
  })
  const pushed = new Promise<Buffer>((resolve) =>
    client.once('stream', (stream) => void collect(stream).then(resolve)),
  )
  const request = client.request()
  const [page, style] = [await collect(request), await pushed]
  await closed(client)
  expect([page, style].map(String)).toEqual([watch.body('server', 1), watch.body('server', 2)])
  expect(watch.of('headers').find(({ part }) => part === 'push')).toMatchObject({
    streamId: 2,
    associatedStreamId: 1,
  })
  expect(list(watch, 2, 'push')).toContainEqual([':path', '/style.css'])
  expect(watch.problems).toEqual([])
})

test('flow control: a slow reader stops the sender at exactly its windows', async () => {
  const window = 20_000
  const size = 150_000
  const { watch, client } = lab(
    12,
    (stream) => {
      stream.respond({ ':status': 200 })
      stream.end(Buffer.alloc(size, 120))
    },
    {},
    { initialWindowSize: window },
  )
  const request = client.request()
  request.pause()
  await new Promise((resolve) => request.once('response', resolve))
  for (let i = 0; i < 50; i++) await new Promise(setImmediate)
  expect(watch.connection.stream(1)!.window.server).toBe(0)
  expect(watch.connection.stream(1)!.body.server).toBe(window)
  const whole = collect(request)
  request.resume()
  const body = await whole
  await closed(client)
  expect(body.length).toBe(size)
  expect(watch.body('server', 1).length).toBe(size)
  const updates = frames(watch, h2.WINDOW_UPDATE).filter(
    ({ from, frame }) => from === 'client' && frame.streamId === 1,
  )
  const granted = updates.reduce(
    (sum, { payload }) => sum + (payload?.kind === 'window_update' ? payload.increment : 0),
    0,
  )
  expect(watch.connection.stream(1)!.window.server).toBe(window + granted - size)
  const least = frames(watch, h2.DATA).map(({ windows }) => windows!.stream!)
  expect(Math.min(...least)).toBe(0)
  expect(watch.problems).toEqual([])
})

test('RST_STREAM, PING, deprecated PRIORITY, SETTINGS and GOAWAY by name and value', async () => {
  const { watch, client, server } = lab(13, (stream) => {
    stream.on('error', () => {})
    stream.respond({ ':status': 200 })
    stream.write('begun')
  })
  const request = client.request({}, { endStream: true, weight: 42, exclusive: true })
  request.on('error', () => {})
  await new Promise((resolve) => request.once('data', resolve))
  await new Promise((resolve) => client.ping(Buffer.from('12345678'), resolve))
  await new Promise<void>((resolve) =>
    client.settings({ headerTableSize: 100, maxFrameSize: 20_000 }, () => resolve()),
  )
  request.close(http2.constants.NGHTTP2_CANCEL)
  await new Promise((resolve) => request.once('close', resolve))
  const gone = new Promise((resolve) => client.once('goaway', resolve))
  ;(await server).goaway(http2.constants.NGHTTP2_ENHANCE_YOUR_CALM, 1, Buffer.from('enough'))
  expect(await gone).toBe(11)
  const resets = frames(watch, h2.RST_STREAM).filter(({ from }) => from === 'client')
  expect(resets.map(({ payload }) => payload)).toEqual([{ kind: 'rst_stream', errorCode: 8 }])
  expect(
    frames(watch, h2.PING).map(({ from, payload }) => [from, payload?.kind === 'ping' && payload.ack]),
  ).toEqual([
    ['client', false],
    ['server', true],
  ])
  const goaway = frames(watch, h2.GOAWAY).find(({ from }) => from === 'server')!.payload
  expect(goaway).toMatchObject({ lastStreamId: 1, errorCode: 11 })
  expect(goaway?.kind === 'goaway' && Buffer.from(goaway.debugData).toString()).toBe('enough')
  expect(watch.connection.setting('client', h2.HEADER_TABLE_SIZE)).toBe(100)
  expect(watch.connection.setting('client', h2.MAX_FRAME_SIZE)).toBe(20_000)
  const dependency = { exclusive: true, streamId: 0, weight: 42 }
  expect(frames(watch, h2.HEADERS)[0].payload).toMatchObject({ dependency })
  expect(watch.problems).toEqual([])
})

test('a smaller header table is followed, eviction by eviction', async () => {
  const { watch, client } = lab(
    14,
    (stream, headers) => {
      stream.respond({ ':status': 200, [`x-${headers[':path']!.slice(1)}`]: 'v'.repeat(20) })
      stream.end()
    },
    {},
    { headerTableSize: 150 },
  )
  for (let i = 0; i < 30; i++) {
    const request = client.request({ ':path': `/${i % 7}` })
    const headers = new Promise<object>((resolve) => request.once('response', resolve))
    request.resume()
    expect(sorted(list(watch, request.id!, 'response'))).toEqual([])
    const got = sorted(pairs(await headers))
    expect(sorted(list(watch, request.id!, 'response'))).toEqual(got)
    expect(watch.connection.table('server').size).toBeLessThanOrEqual(150)
  }
  await closed(client)
  const changes = watch.of('headers').flatMap(({ from, block }) => (from === 'server' ? block.fields : []))
  expect(changes.some(({ change }) => change && change.evicted.length > 0)).toBe(true)
  expect(watch.problems).toEqual([])
})
