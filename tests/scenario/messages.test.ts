/** Messages over TCP and UDP, in frames, as a feed, as remote calls: each claim can fail, and fails where it should. */
import { describe, expect, it } from 'vitest'
import type { Json } from '../../shared/experiment.ts'
import { claimsOf, withLane } from '../support/claims.ts'

type Settings = Record<string, Json>

/** A lane with other settings than its own, and the claims that are no longer true then. */
type Falsified = readonly [
  what: string,
  lane: string,
  set: Settings,
  untrue: readonly string[],
  run?: Settings,
]

/** Each packet waits for three others, half a second if none comes. */
const HELD_UP = { rate: 1, gap: 3, hold: 500_000 }

/** Bits flipped so that no checksum of the network shows it. */
const DAMAGE = { rate: 0.3, repair: true }

function wouldNotice(id: string, rows: readonly Falsified[]): void {
  for (const [what, lane, set, untrue, run = {}] of rows)
    it(`would notice ${what}`, async () => {
      const { failed } = await claimsOf(withLane(id, lane, set), run)
      expect(failed).toEqual(expect.arrayContaining([...untrue]))
    })
}

describe('tcp-vs-udp', () => {
  const OVER_UDP = { 'apps.sender.over': 'udp', 'apps.receiver.over': 'udp' }
  const OVER_TCP = { 'apps.sender.over': 'tcp', 'apps.receiver.over': 'tcp' }
  const QUIET = { loss: 0, reorder: 0, duplicate: 0 }

  it('claims of a quiet link that the typical message is as fast, and the first of TCP late', async () => {
    const { held, failed } = await claimsOf('tcp-vs-udp', QUIET)
    expect(failed).toEqual([])
    expect(held).toEqual(
      expect.arrayContaining(['handshake', 'as-fast', 'tcp-all', 'tcp-heavier', 'udp-loses-its-own']),
    )
    expect(held).not.toContain('udp-loses')
  })

  wouldNotice('tcp-vs-udp', [
    [
      'a TCP that is UDP',
      'tcp',
      OVER_UDP,
      ['tcp-all', 'tcp-once', 'tcp-in-order', 'tcp-resends', 'tcp-waits', 'tcp-late-by-a-loss'],
    ],
    ['a UDP that is TCP', 'udp', OVER_TCP, ['udp-loses', 'udp-twice', 'udp-disordered', 'tcp-heavier']],
    ['a UDP that loses what the link does not', 'udp', { 'apps.receiver.port': 4712 }, ['udp-loses-its-own']],
    ['a TCP without a handshake', 'tcp', OVER_UDP, ['handshake'], QUIET],
    ['a TCP that is slower by itself', 'tcp', { 'hosts.server.tcp.receiveBuffer': 250 }, ['as-fast'], QUIET],
  ])
})

describe('framing', () => {
  const framed = (framing: string) => ({ 'apps.sender.framing': framing, 'apps.receiver.framing': framing })

  it.each([
    ['with more loss', { loss: 0.05 }, 13],
    ['with Nagle’s algorithm', { nagle: true }, 12],
    ['with whole writes, seldom, and nothing lost', { writes: 'whole', every: 100_000, loss: 0 }, 11],
  ])('holds all claims that it makes %s', async (_, set, count) => {
    const { held, failed } = await claimsOf('framing', set)
    expect(failed).toEqual([])
    expect(held).toHaveLength(count)
  })

  wouldNotice('framing', [
    ['a reader that is not naive', 'naive', framed('length'), ['naive-wrong', 'naive-glued', 'naive-split']],
    [
      'a naive reader for fixed lengths',
      'fixed',
      framed('none'),
      ['fixed-all', 'fixed-none-wrong', 'fixed-bytes'],
    ],
    [
      'one for CR LF',
      'delimited',
      framed('none'),
      ['delimited-all', 'delimited-none-wrong', 'length-lightest'],
    ],
    ['one for lengths', 'length', framed('none'), ['length-all', 'length-none-wrong']],
    ['a link that changes bytes', 'naive', { 'links.link.up.corrupt': DAMAGE }, ['intact']],
    ['filling that costs nothing', 'delimited', framed('fixed'), ['fixed-heaviest']],
    [
      'a sender that is lucky no more',
      'naive',
      { 'apps.sender.longest': 4_000, 'apps.receiver.longest': 4_000, 'apps.sender.shortest': 4_000 },
      ['lucky'],
      { writes: 'whole', every: 100_000, loss: 0 },
    ],
  ])
})

describe('websocket', () => {
  const how = (way: string) => ({ 'apps.reader.how': way })

  it.each([
    ['with news thick and fast', { every: 100_000 }, ['long-polling-gap', 'rush', 'websocket-lightest']],
    ['with news seldom', { every: 3_000_000 }, ['seldom', 'polling-at-worst']],
    ['with packets lost', { loss: 0.03 }, ['polling-all', 'long-polling-all', 'sse-all', 'websocket-all']],
  ])('holds all claims that it makes %s', async (_, set, claimed) => {
    const { held, failed } = await claimsOf('websocket', set)
    expect(failed).toEqual([])
    expect(held).toEqual(expect.arrayContaining(claimed))
  })

  wouldNotice('websocket', [
    ['polling that does not wait', 'polling', how('sse'), ['polling-waits']],
    [
      'a WebSocket that is polled',
      'websocket',
      how('polling'),
      ['websocket-at-once', 'websocket-one-request', 'websocket-lightest'],
    ],
    [
      'server-sent events that are polled',
      'sse',
      how('polling'),
      ['sse-at-once', 'sse-one-request', 'sse-lighter'],
    ],
    ['long polling that asks once', 'long-polling', how('sse'), ['long-polling-requests', 'sse-lighter']],
    ...['polling', 'long-polling', 'sse', 'websocket'].map((lane): Falsified => [
      `a feed that says less (${lane})`,
      lane,
      { 'apps.feed.count': 19 },
      [`${lane}-all`],
    ]),
    ['answers that are held up', 'polling', { 'links.link.down.reorder': HELD_UP }, ['polling-at-worst']],
    [
      'long polling without a gap',
      'long-polling',
      how('websocket'),
      ['long-polling-gap'],
      { every: 100_000 },
    ],
    ['polling that asks no more than it must', 'polling', how('sse'), ['seldom'], { every: 3_000_000 }],
    ['long polling that asks less', 'long-polling', how('sse'), ['rush'], { every: 100_000 }],
  ])
})

describe('rpc', () => {
  const style = (name: string) => ({ 'apps.caller.style': name, 'apps.sensors.style': name })

  it.each([
    ['with many readings', { readings: 1_000 }, ['many-readings']],
    ['with six calls at a time', { concurrency: 6 }, ['json-six-connections', 'grpc-one-connection']],
    [
      'with a deadline that is too short',
      { deadline: 400_000, work: 600_000 },
      ['deadline', 'deadline-connections'],
    ],
    ['with packets lost', { loss: 0.03 }, ['json-all', 'grpc-all', 'messages', 'headers']],
  ])('holds all claims that it makes %s', async (_, set, claimed) => {
    const { held, failed } = await claimsOf('rpc', set)
    expect(failed).toEqual([])
    expect(held).toEqual(expect.arrayContaining(claimed))
  })

  wouldNotice('rpc', [
    ['gRPC that is JSON', 'grpc', style('json'), ['messages', 'third', 'headers']],
    ['JSON that is gRPC', 'json', style('grpc'), ['messages', 'json-third', 'headers']],
    ['more calls', 'grpc', { 'apps.caller.calls': 31 }, ['grpc-all']],
    ['one call only', 'grpc', { 'apps.caller.calls': 1 }, ['first-and-last']],
    [
      'requests that are held up',
      'grpc',
      { 'links.link.up.reorder': HELD_UP },
      ['same-time', 'one-round-trip'],
    ],
    ['fewer calls', 'json', { 'apps.caller.calls': 29 }, ['json-all']],
    ['JSON that is as fast', 'json', style('grpc'), ['many-readings'], { readings: 1_000 }],
    ['gRPC over many connections', 'grpc', style('json'), ['grpc-one-connection'], { concurrency: 6 }],
    ['JSON over one', 'json', style('grpc'), ['json-six-connections'], { concurrency: 6 }],
    [
      'a server that is in time',
      'grpc',
      { 'apps.caller.calls': 29 },
      ['deadline'],
      { deadline: 400_000, work: 600_000 },
    ],
    [
      'JSON that gives up no connection',
      'json',
      style('grpc'),
      ['deadline-connections'],
      { deadline: 400_000, work: 600_000 },
    ],
  ])
})
