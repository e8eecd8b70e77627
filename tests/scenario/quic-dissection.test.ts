/**
 * What our QUIC endpoints say of their packets, and what a stranger reads in a capture of them with the key log: the same packets,
 * frames, streams and header lists. Two implementations of the same RFCs, written apart from each other.
 */
import { describe, expect, test } from 'vitest'
import type { QuicReading } from '../../electron/protocol/wire/quic/readings.ts'
import { exportRun } from '../../electron/engine/export/export.ts'
import type { LinkInput } from '../../shared/link.ts'
import { runHttp, type HttpLab, type HttpResult } from '../support/http-lab.ts'
import {
  datagramsAt,
  type ComparedPacket,
  Dissection,
  keyLogOf,
  onlookersLines,
  packetsOf,
  readCapture,
  sentDatagrams,
} from '../support/quic-capture.ts'

const PAGE: HttpLab = {
  resources: { '/': { objects: 12, objectSize: 15_000 } },
  requests: [{ target: '/', page: true }],
  server: { port: 443, tls: {} },
  client: { port: 443, tls: {}, version: 'h3' },
}

const both = (direction: LinkInput['up']): LinkInput => ({
  up: { delay: 20_000, rate: { limit: 20e6 }, ...direction },
  down: { delay: 20_000, rate: { limit: 20e6 }, ...direction },
})

/** A request again and again, each by a connection of its own that takes up the session of the one before. */
const again = (times: number, groups?: 'secp256r1'): Partial<HttpLab> => ({
  resources: { '/': { size: 20_000 } },
  requests: [{ target: '/', times, after: true }],
  server: { ...PAGE.server, tls: { resumption: true, earlyData: 'once', ...(groups && { groups }) } },
  client: { ...PAGE.client, reuse: false, tls: { resumption: true, earlyData: true } },
})

const EXTENSIONS = {
  ecn: true,
  ackEvery: 8,
  searchDatagram: 1_400,
  unknownParameter: true,
  congestion: 'bbr',
} as const

const load = (changes: Partial<HttpLab> = {}): Promise<HttpResult> => runHttp({ ...PAGE, ...changes })

/** What endpoints say of packets in a version that nobody has can't be read by anyone else. */
function comparable({ run }: HttpResult, dissection: Dissection): Map<number, ComparedPacket[]> {
  const said = packetsOf(run)
  for (const reading of dissection.quic) if (reading.type === 'unknown_version') said.delete(reading.tag)
  return said
}

/** Nothing in a run that the dissector has other than the endpoints. */
function expectSamePackets(result: HttpResult, dissection: Dissection): void {
  const said = comparable(result, dissection)
  expect(said.size).toBeGreaterThan(20)
  for (const [pkt, packets] of said) {
    const read = dissection.packets.get(pkt)
    // One by one: the difference between all of them would be no help.
    if (JSON.stringify(read) !== JSON.stringify(packets))
      expect({ pkt, packets: read }).toEqual({ pkt, packets })
  }
  expect(dissection.packets.size).toBe(said.size)
  expect(dissection.count('closed')).toBe(0)
  expect(dissection.count('garbage')).toBe(0)
}

describe('a capture where packets are sent says what the endpoints and their onlookers say:', () => {
  const CASES: [string, Partial<HttpLab>][] = [
    ['without loss', {}],
    ['at 5 % loss', { link: both({ loss: { rate: 0.05 } }), seed: 4 }],
    ['with reordering and copies', { link: both({ reorder: { rate: 0.1 }, duplicate: { rate: 0.05 } }) }],
    ['with Retry', { quic: { server: { retry: true } } }],
    ['in version 2', { quic: { client: { version: '2' } } }],
    ['after version negotiation', { quic: { client: { version: 'reserved' } } }],
    [
      'with updates of the keys',
      { quic: { client: { keyUpdateAfter: 10 }, server: { keyUpdateAfter: 25 } } },
    ],
    ['with ids of no length', { quic: { client: { connectionIdLength: 0 } } }],
    [
      'with ids of 20 bytes',
      { quic: { client: { connectionIdLength: 20 }, server: { connectionIdLength: 20 } } },
    ],
    [
      'with extensions: ECN, ACK frequency, larger datagrams, an unknown parameter',
      { quic: { client: EXTENSIONS, server: EXTENSIONS } },
    ],
    ['with 0-RTT', again(2)],
    ['with 0-RTT that is refused', again(2, 'secp256r1')],
    ['with 0-RTT at 5 % loss', { ...again(6), link: both({ loss: { rate: 0.05 } }), seed: 9 }],
    [
      'when the client moves',
      { link: both({ rate: { limit: 5e6 } }), steps: [{ at: 150_000, set: { 'hosts.client.address': 77 } }] },
    ],
    [
      'when the client without ids moves',
      {
        link: both({ rate: { limit: 5e6 } }),
        steps: [{ at: 150_000, set: { 'hosts.client.address': 77 } }],
        quic: { client: { connectionIdLength: 0 } },
      },
    ],
  ]
  test.each(CASES)('%s', async (name, changes) => {
    const result = await load(changes)
    const { run, exchanges } = result
    expect(exchanges.map(({ status }) => status)).toEqual(exchanges.map(() => 200))
    const dissection = new Dissection(sentDatagrams(run), keyLogOf(run))
    expectSamePackets(result, dissection)
    expect(dissection.http.length).toBeGreaterThan(30)
    expect(dissection.http).toEqual(onlookersLines(run))
    expect(dissection.http.filter((line) => line.includes('problem'))).toEqual([])
    const count = (type: QuicReading['type']): number => dissection.count(type)
    expect(count('retry')).toBe(name === 'with Retry' ? 1 : 0)
    expect(count('version_negotiation')).toBe(name === 'after version negotiation' ? 1 : 0)
    expect(count('moved')).toBe(name.endsWith('moves') ? 1 : 0)
    if (!name.includes('0-RTT')) return
    expect(dissection.quic.some((reading) => reading.type === 'packet' && reading.level === '0rtt')).toBe(
      true,
    )
    if (name.endsWith('refused')) expect(count('early_refused')).toBe(1)
  })
})

/** Lines without the datagrams that they came in. */
const untagged = (lines: readonly string[]): string[] =>
  lines.map((line) => line.slice(line.indexOf(' ') + 1))

describe('a capture at the client', () => {
  const link = both({ loss: { rate: 0.03 }, reorder: { rate: 0.05 }, duplicate: { rate: 0.03 } })

  test('has what came to it, too, in any order and twice: each packet as it was sent, each message once', async () => {
    const result = await load({ link, seed: 5 })
    const { run } = result
    const dissection = new Dissection(datagramsAt(run, 'one/client'), keyLogOf(run))
    const said = packetsOf(run)
    const copies = new Map(
      [...run.reader.events(['link:packet_duplicated'])].map(({ pkt, data }) => [data.copy, pkt]),
    )
    expect(dissection.packets.size).toBeGreaterThan(150)
    let duplicates = 0
    for (const [tag, packets] of dissection.packets) {
      const original = copies.get(tag)
      if (original !== undefined) duplicates++
      expect(packets).toEqual(said.get(original ?? tag))
    }
    expect(duplicates).toBeGreaterThan(0)
    expect(dissection.quic.filter((one) => one.type === 'packet' && one.duplicate).length).toBeGreaterThan(0)
    expect([dissection.count('closed'), dissection.count('garbage')]).toEqual([0, 0])
    // All that the client sent, and all that the server sent, since the client has got all of it.
    expect(untagged(dissection.http).sort()).toEqual(untagged(onlookersLines(run)).sort())
  })

  test('says the same as a file, which brings its keys', async () => {
    const { run } = await load({ link, seed: 7 })
    const files = await exportRun(run.reader, 'pcapng', { taps: 'sender' })
    const { datagrams, keyLog } = readCapture(files[0].bytes)
    const read = new Dissection(datagrams, keyLog)
    const seen = new Dissection(datagramsAt(run, 'one/server'), keyLogOf(run))
    expect(read.packets.size).toBeGreaterThan(100)
    expect([...read.packets.values()]).toEqual([...seen.packets.values()])
    expect(untagged(read.http)).toEqual(untagged(seen.http))
  })

  test('read before anyone has the keys says the same once they are there', async () => {
    const { run } = await load({ resources: { '/': { objects: 3, objectSize: 5_000 } }, link, seed: 6 })
    const capture = [...datagramsAt(run, 'one/client')]
    const [soon, late] = [true, false].map((early) => new Dissection(capture, keyLogOf(run), early))
    expect(late.packets.size).toBeGreaterThan(20)
    expect([...late.packets].sort(([a], [b]) => a - b)).toEqual([...soon.packets].sort(([a], [b]) => a - b))
    expect(untagged(late.http).sort()).toEqual(untagged(soon.http).sort())
  })

  test('without the keys shows the hellos only', async () => {
    const { run } = await load({ link: both({}) })
    const dissection = new Dissection(sentDatagrams(run), [])
    const levels = [...dissection.packets.values()].flat().map(({ level }) => level)
    expect(new Set(levels)).toEqual(new Set(['initial']))
    expect(dissection.count('closed')).toBeGreaterThan(50)
    expect(dissection.http).toEqual([])
  })
})
