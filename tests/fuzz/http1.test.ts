/** Whatever two sides send, in whatever pieces: the onlooker of HTTP/1.1 throws nothing and keeps its places right. */
import { expect, it } from 'vitest'
import { createRng } from '../../electron/protocol/random.ts'
import { Http1Connection } from '../../electron/protocol/wire/http1/connection.ts'
import type { Http1Event } from '../../electron/protocol/wire/http1/events.ts'
import type { Side } from '../../electron/protocol/wire/side.ts'
import { cut, join, octets, wound } from '../support/cuts.ts'

/** Connections; each has two streams of octets, so that in full a million are read. */
const COUNT = process.env.REXMIT_FULL === '1' ? 500_000 : 8_000

const REQUESTS = [
  'GET / HTTP/1.1\r\nHost: a\r\n\r\n',
  'HEAD /x HTTP/1.0\r\nConnection: keep-alive\r\n\r\n',
  'POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 5\r\n\r\nhello',
  'PUT / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n5;x=y\r\nhello\r\n0\r\nT: 1\r\n 2\r\n\r\n',
  'CONNECT a:1 HTTP/1.1\r\nHost: a:1\r\n\r\ntunnel',
  'GET / HTTP/1.1\r\nHost: a\r\nUpgrade: websocket\r\nConnection: upgrade\r\n\r\n\x81\x05hello',
].map(octets)

const RESPONSES = [
  'HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhello',
  'HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 204 \r\n\r\n',
  'HTTP/1.1 200 OK\r\nTransfer-Encoding: gzip, chunked\r\n\r\nA\r\n0123456789\r\n0\r\n\r\n',
  'HTTP/1.1 101 Switching\r\nUpgrade: websocket\r\n\r\n\x81\x05hello',
  'HTTP/1.1 304 Not Modified\r\nContent-Length: 5\r\nConnection: close\r\n\r\n',
  'HTTP/1.0 200 OK\r\n\r\nuntil the end',
].map(octets)

it('no octets break it', () => {
  const rng = createRng(1)
  const limits = { line: 60, head: 120, pending: 3, held: 20 }
  const seen = new Map<string, number>()
  for (let i = 0; i < COUNT; i++) {
    const sent = { client: 0, server: 0 }
    const told = { client: 0, server: 0 }
    const hear = (event: Http1Event): void => {
      seen.set(event.type, (seen.get(event.type) ?? 0) + 1)
      if (event.type === 'body' || event.type === 'tunnel') {
        // Octets of bodies and tunnels are told once each, in order.
        if (event.offset < told[event.from]) throw new Error(`${event.offset} told again`)
        told[event.from] = event.offset + event.bytes.length
      }
      const offset = event.type === 'problem' ? event.error.offset : 'offset' in event ? event.offset : 0
      const length = event.type === 'skipped' || event.type === 'end' ? event.length : 0
      if (!(offset >= 0 && length >= 0 && offset + length <= sent[event.from]))
        throw new Error(`${event.type} at ${offset}+${length} of ${sent[event.from]}`)
    }
    const connection = new Http1Connection(hear, limits)
    const feed = (from: Side, messages: readonly Uint8Array[]): void => {
      const some = Array.from({ length: 1 + rng.int(4) }, () => messages[rng.int(messages.length)])
      for (const piece of cut(rng, wound(rng, join(...some)))) {
        sent[from] += piece.length
        connection.push(from, piece)
      }
    }
    feed('client', REQUESTS)
    feed('server', RESPONSES)
    if (rng.int(4) === 0) feed('client', REQUESTS)
    connection.end('client')
    connection.end('server')
  }
  const types = [
    'message',
    'body',
    'chunk',
    'trailers',
    'end',
    'switch',
    'tunnel',
    'problem',
    'skipped',
    'limit',
  ]
  expect(types.filter((type) => (seen.get(type) ?? 0) < COUNT / 100)).toEqual([])
})

it('endless input without an end of anything does not grow the memory', () => {
  for (const endless of ['x', 'X: 1\r\n', ' \r\n', '1\r\na\r\n', 'GET / HTTP/1.1\r\nHost: a\r\n\r\n']) {
    for (const start of [
      '',
      'POST / HTTP/1.1\r\nHost: a\r\n',
      'POST / HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\n',
    ]) {
      const connection = new Http1Connection(() => {})
      const piece = octets(endless.repeat(2_000))
      connection.push('client', octets(start))
      const before = process.memoryUsage()
      for (let i = 0; i < 30; i++) connection.push('client', piece)
      const after = process.memoryUsage()
      const grown = after.heapUsed - before.heapUsed + after.arrayBuffers - before.arrayBuffers
      // What was told and thrown away is garbage not yet collected; what is kept is bounded far below this.
      expect(grown).toBeLessThan(60e6)
    }
  }
})
