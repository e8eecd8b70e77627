/** Figures of HTTP: what clients say of their requests, and what an onlooker reads of messages and frames. */
import { describe, expect, it } from 'vitest'
import { collectFacts } from '../../../../electron/engine/metrics/facts.ts'
import { figures } from '../../../../electron/engine/metrics/summarize.ts'
import { SYN } from '../../../../shared/tcp-flags.ts'
import { RecordingScript } from '../../../support/recording.ts'
import { addNodes } from '../../../support/small-run.ts'

const FLOW = '10.77.0.1:40000-10.77.0.2:80'
const client = `main/client ${FLOW}`
const server = `main/server ${FLOW}`
/** One way of the path. */
const WAY = 50_000

const of = (script: RecordingScript) => figures(collectFacts(script.reader()), ['main'])

/** A path of two ways. */
function path(): RecordingScript {
  const script = addNodes(new RecordingScript(), 'main')
  for (const direction of [0, 1])
    script.at(0).emit('main/link', 'link:packet_delivered', { direction, delay: WAY }, 900 + direction)
  return script
}

describe('requests', () => {
  /** One from the network, one from the cache, one revalidated, one that failed twice. */
  function run() {
    const script = path()
    script.at(1_000).emit('main/client', 'http:request_queued', { request: 1, attempt: 1 })
    script.at(2_000).emit(client, 'tcp:segment_sent', { flags: SYN, seq: 100 }, 1)
    script.at(102_000).emit(client, 'http:request_sent', { request: 1, exchange: 1 })
    script.at(202_000).emit(client, 'http:response_started', { request: 1, status: 200 })
    const content = { content: 1_000, encoded: 400, source: 'network' }
    script.at(210_000).emit(client, 'http:response_finished', { request: 1, ...content })
    script.emit('main/client', 'http:request_queued', { request: 2, attempt: 1 })
    script.emit('main/client', 'http:response_started', { request: 2, status: 200 })
    script.emit('main/client', 'http:response_finished', {
      request: 2,
      content: 50,
      encoded: 50,
      source: 'cache',
    })
    script.emit(client, 'http:request_sent', { request: 3, exchange: 2, reused: true })
    script.at(360_000).emit(client, 'http:response_started', { request: 3, status: 304 })
    script.emit(client, 'http:response_finished', { request: 3, content: 70, source: 'validated' })
    for (const attempt of [1, 2]) {
      script.emit('main/client', 'http:request_queued', { request: 4, attempt })
      script.emit(client, 'http:request_sent', { request: 4, exchange: 2 + attempt })
      script
        .at(360_000 + attempt * 1_000)
        .emit(client, 'http:response_finished', { request: 4, error: 'ECONNRESET' })
    }
    return script
  }

  it('are counted where they go to a connection, each try for itself', () => {
    expect(of(run())).toMatchObject({
      'main/requests': 4,
      'main/requests_failed': 1,
      'main/responses_cached': 1,
      'main/responses_validated': 1,
      'main/connections_opened': 1,
    })
  })

  it('that fail and are made good have not failed', () => {
    const script = run().emit(client, 'http:response_finished', { request: 4, source: 'network' })
    expect(of(script)['main/requests_failed']).toBe(0)
  })

  it('take their time, in microseconds and round trips', () => {
    expect(of(run())).toMatchObject({
      'main/page_time': 361_000,
      'main/page_rtts': 3.61,
      'main/first_byte_time': 200_000,
      'main/first_byte_rtts': 2,
      'main/response_wait_max': 150_000,
    })
  })

  it('bring content; what the cache has did not cross the network', () => {
    expect(of(run())).toMatchObject({ 'main/content_bytes': 1_120, 'main/encoded_bytes': 400 })
  })

  it('leave orders, sessions and cookies behind', () => {
    const script = run()
    for (const count of [1, 2]) script.emit('main/server', 'app:counted', { what: 'orders', count })
    script.emit('main/server', 'app:counted', { what: 'sessions', count: 3 })
    script.emit('main/server', 'http:session', { action: 'created' })
    script.emit('main/server', 'http:session', { action: 'found' })
    script
      .emit('main/client', 'http:cookie', { action: 'sent' })
      .emit('main/client', 'http:cookie', { action: 'stored' })
    expect(of(script)).toMatchObject({
      'main/orders': 2,
      'main/sessions': 3,
      'main/sessions_created': 1,
      'main/cookies_sent': 1,
    })
  })

  /** The second of two requests is answered first; the pause before the third is nobody's waiting. */
  function overtaken() {
    const script = path()
    const finish = (t: number, request: number, sha256: string) =>
      script.at(t).emit(client, 'http:response_finished', {
        request,
        content: 10,
        encoded: 5,
        source: 'network',
        sha256,
      })
    for (const request of [1, 2]) script.at(0).emit('main/client', 'http:request_queued', { request })
    for (const request of [1, 2]) script.emit(client, 'http:request_sent', { request, exchange: request })
    finish(100_000, 2, 'aa')
    finish(200_000, 1, 'bb')
    script.at(900_000).emit('main/client', 'http:request_queued', { request: 3 })
    script.emit(client, 'http:request_sent', { request: 3, exchange: 3 })
    finish(1_000_000, 3, 'bb')
    return script
  }

  it('wait for their answers, each for itself, and not in between', () => {
    expect(of(overtaken())['main/waiting_rtts']).toBe(1 + 2 + 1)
  })

  it('are overtaken by those that were sent later and done before', () => {
    expect(of(overtaken())['main/overtakings']).toBe(1)
    expect(of(run())['main/overtakings']).toBe(0)
  })

  it('of other clients are not overtaken', () => {
    const script = path()
    for (const node of ['main/client', 'main/other'])
      script.emit(node, 'http:request_queued', { request: 1 }).emit(node, 'http:request_sent', { request: 1 })
    for (const node of ['main/other', 'main/client'])
      script.emit(node, 'http:response_finished', { request: 1 })
    expect(of(script)['main/overtakings']).toBe(0)
  })

  it('bring contents that are told apart by their digests, in codings that make them shorter', () => {
    expect(of(overtaken())).toMatchObject({ 'main/distinct_contents': 2, 'main/coding_ratio': 0.5 })
  })

  it('that nobody makes yield no figure, rather than 0', () => {
    const metrics = of(path())
    for (const name of [
      'page_time',
      'requests',
      'orders',
      'content_bytes',
      'first_byte_time',
      'streams',
      'frames_data',
    ])
      expect(metrics[`main/${name}`], name).toBeNull()
    for (const name of ['cross_blocked_time', 'plaintext_total', 'tls_failed'])
      expect(metrics[`main/${name}`], name).toBeNull()
  })
})

describe('messages and frames', () => {
  it('HTTP/2: header bytes saved, over all requests and over the repeated ones of a connection', () => {
    const script = path()
    const other = FLOW.replace('40000', '40001')
    const request = { from: 'client', version: 'h2', part: 'request', uncompressed: 200 }
    script.emit(client, 'http:message_started', { ...request, exchange: 1, length: 100 })
    script.emit(client, 'http:message_started', { ...request, exchange: 3, length: 40 })
    script.emit(`main/client ${other}`, 'http:message_started', { ...request, exchange: 1, length: 100 })
    const response = { from: 'server', version: 'h2', part: 'response', uncompressed: 150 }
    script.emit(server, 'http:message_started', { ...response, exchange: 1, length: 60 })
    expect(of(script)).toMatchObject({
      'main/request_header_bytes': 240,
      'main/request_header_uncompressed': 600,
      'main/response_header_bytes': 60,
      'main/response_header_uncompressed': 150,
      'main/header_saving': 0.6,
      'main/header_saving_repeated': 0.8,
    })
  })

  it('HTTP/2: frames by type, streams by their header sections, pushes by their promises', () => {
    const script = path()
    const frames: [string, string, number][] = [
      [client, 'SETTINGS', 0],
      [client, 'HEADERS', 1],
      [server, 'HEADERS', 1],
      [server, 'PUSH_PROMISE', 1],
      [server, 'HEADERS', 2],
      [server, 'DATA', 1],
      [server, 'DATA', 2],
    ]
    for (const [where, type, stream] of frames) script.emit(where, 'http:frame', { type, stream })
    expect(of(script)).toMatchObject({
      'main/frames_settings': 1,
      'main/frames_headers': 3,
      'main/frames_data': 2,
      'main/frames_push_promise': 1,
      'main/frames_goaway': 0,
      'main/streams': 2,
      'main/streams_client': 1,
      'main/streams_server': 1,
      'main/pushes': 1,
    })
  })

  it("HTTP/2: what was evicted from the table of the client's encoder, not from the server's", () => {
    const script = path()
    for (const [where, from, what] of [
      [client, 'client', 'insert'],
      [client, 'client', 'evict'],
      [client, 'client', 'evict'],
      [server, 'server', 'evict'],
    ])
      script.emit(where, 'http:table_changed', { from, what })
    script.emit(client, 'http:frame', { type: 'HEADERS', stream: 1 })
    expect(of(script)['main/table_evictions']).toBe(2)
  })

  /** Three requests in one packet; the first response takes the server 300 ms. */
  function pipeline(arrives: boolean) {
    const script = path()
    const request = { from: 'client', version: 'http/1.1', part: 'request' }
    for (const exchange of [1, 2, 3]) {
      script.at(100_000).emit(client, 'http:message_started', { ...request, exchange }, 7)
      script.emit(client, 'http:message_finished', { ...request, exchange }, 7)
    }
    if (arrives) script.at(100_000 + WAY).emit(server, 'tcp:segment_received', { payload: 90 }, 7)
    const response = { from: 'server', version: 'http/1.1', part: 'response' }
    for (const exchange of [1, 2, 3])
      script.at(450_000 + exchange).emit(server, 'http:message_finished', { ...response, exchange }, 8)
    return script
  }

  it.each([true, false])(
    'HTTP/1.1: later responses wait for a slow one, counted from the arrival of their requests (seen: %s)',
    (arrives) => {
      expect(of(pipeline(arrives))['main/pipeline_blocked_time']).toBe(300_001 + 300_002)
    },
  )

  it('HTTP/1.1: nobody waits on connections of his own', () => {
    const script = path()
    for (const port of [40_000, 40_001]) {
      const flow = FLOW.replace('40000', String(port))
      const message = { exchange: 1, version: 'http/1.1' }
      script.at(0).emit(`main/client ${flow}`, 'http:message_started', { ...message, part: 'request' }, port)
      script.emit(`main/client ${flow}`, 'http:message_finished', { ...message, part: 'request' }, port)
      script
        .at(500_000)
        .emit(`main/server ${flow}`, 'http:message_finished', { ...message, part: 'response' })
    }
    expect(of(script)['main/pipeline_blocked_time']).toBe(0)
  })
})
