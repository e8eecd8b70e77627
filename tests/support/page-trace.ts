/**
 * A page of three requests over HTTP/2, by hand, to be laid over a connection that `client` of a lane has opened with sequence
 * number 7 at the server: streams 1 and 3 are answered in two segments, of which the first is overtaken by the second (20 ms
 * later); the third request comes from the cache, a fourth fails.
 */
import type { TraceMaker } from './trace-maker.ts'

const request = (number: number, target: string) => ({
  request: number,
  method: 'GET',
  url: `https://server.lab${target}`,
  initiator: number === 1 ? 0 : 1,
  attempt: 1,
})
const done = { content: 41, encoded: 41, encoding: '', source: 'network', sha256: '', error: '', message: '' }
const windows = { connection_window: -1, stream_window: -1 }
const frame = (stream: number, offset: number) => ({
  ...{ from: 'server', stream, type: 'DATA', flags: 1, offset, length: 41, detail: 'END_STREAM' },
  ...windows,
})

/** `base`: number of the first packet of two. */
export function addPage(maker: TraceMaker, lane: string, flow: string, base: number): void {
  const [client, server] = ['client', 'server'].map((name) => (lane === '' ? name : `${lane}/${name}`))
  const at = (node: string, pkt = 0) => ({ node, flow, pkt })
  const seq = 8
  maker
    .add(10_000, 'http:request_queued', request(1, '/'), { node: client })
    .add(11_000, 'http:request_queued', request(2, '/object/1'), { node: client })
    .add(12_000, 'http:request_queued', request(3, '/kept'), { node: client })
    .add(12_000, 'http:response_finished', { request: 3, ...done, source: 'cache' }, { node: client })
    .add(13_000, 'http:request_queued', request(4, '/gone'), { node: client })
    .add(21_000, 'http:request_sent', { request: 1, exchange: 1, version: 'h2', reused: false }, at(client))
    .add(21_000, 'http:request_sent', { request: 2, exchange: 3, version: 'h2', reused: true }, at(client))
    .sent(50_000, base + 1, server, { seq, payload: 50 }, flow)
    .add(50_000, 'http:frame', frame(1, 0), at(server, base + 1))
    .sent(51_000, base + 2, server, { seq: seq + 50, payload: 50 }, flow)
    .add(51_000, 'http:frame', frame(3, 50), at(server, base + 2))
    .received(61_000, base + 2, client, 50, flow)
    .received(81_000, base + 1, client, 50, flow)
    .add(81_000, 'http:response_started', { request: 1, status: 200, content_type: '' }, at(client))
    .add(81_000, 'http:response_finished', { request: 1, ...done }, at(client))
    .add(81_000, 'http:response_started', { request: 2, status: 200, content_type: '' }, at(client))
    .add(81_000, 'http:response_finished', { request: 2, ...done }, at(client))
    .add(
      90_000,
      'http:response_finished',
      { request: 4, ...done, error: 'ECONNRESET', message: 'cut' },
      { node: client },
    )
}
