/** Those who look on at QUIC: no datagram and no frame makes them throw or tell what the trace can't hold, and what they keep is bounded. */
import { beforeAll, describe, expect, it } from 'vitest'
import { nodeCrypto } from '../../electron/engine/node-crypto.ts'
import { QuicEnd } from '../../electron/engine/onlooker/quic-end.ts'
import { Report } from '../../electron/engine/onlooker/report.ts'
import { Http3Dissector } from '../../electron/protocol/h3/dissector.ts'
import { PassiveHttp3 } from '../../electron/protocol/h3/passive/connection.ts'
import { varint } from '../../electron/protocol/h3/frames.ts'
import { createRng, type Rng } from '../../electron/protocol/random.ts'
import type { Frame } from '../../electron/protocol/wire/quic/frames.ts'
import type { CapturedDatagram } from '../../electron/protocol/wire/quic/readings.ts'
import { SIDES } from '../../electron/protocol/wire/side.ts'
import { KeyLog } from '../../electron/protocol/wire/tls/key-log.ts'
import { EVENTS, type FieldSpec } from '../../shared/trace/events.ts'
import { silentTrace } from '../../shared/trace/sink.ts'
import { join, wound } from '../support/cuts.ts'
import { frame, GET, headers, SETTINGS } from '../support/h3-script.ts'
import { talk, type Talk, type TalkedPacket } from '../support/h3-talk.ts'
import { reachableSize } from '../support/reachable.ts'
import { MemoryTrace, type TracedEvent } from '../support/tcp-env.ts'
import { createCertificates } from '../support/tls-certificates.ts'

const COUNT = process.env.REXMIT_FULL === '1' ? 3_000 : 150
const talks: Talk[] = []
beforeAll(async () => {
  const certificates = await createCertificates()
  talks.push(
    talk({ certificates, seed: 1 }, 6, 3_000),
    talk(
      { certificates, seed: 2, settings: { client: { keyUpdateAfter: 3, connectionIdLength: 0 } } },
      12,
      900,
    ),
  )
})

const MOST: Partial<Record<FieldSpec['type'], number>> = { u8: 0xff, u16: 0xffff, u32: 0xffff_ffff }

/** A value of the trace that its column can't hold is an error. */
function check({ name, data }: TracedEvent): void {
  for (const [field, { type }] of Object.entries<FieldSpec>(EVENTS[name].fields)) {
    const value = data[field]
    const most = MOST[type]
    const fits =
      most !== undefined
        ? Number.isInteger(value) && (value as number) >= 0 && (value as number) <= most
        : typeof value === { str: 'string', flag: 'boolean', f64: 'number', ranges: 'object' }[type as 'str']
    if (!fits) throw new Error(`${name} ${field}: ${String(value)}`)
  }
}

function disturb<T>(rng: Rng, all: readonly T[], other: readonly T[], hurt: (one: T) => T): T[] {
  const disturbed = all.flatMap((one): T[] => {
    switch (rng.int(20)) {
      case 0:
      case 1:
        return [hurt(one)]
      case 2:
        return []
      case 3:
        return [one, one]
      case 4:
        return [one, other[rng.int(other.length)]]
      default:
        return [one]
    }
  })
  for (let swaps = rng.int(disturbed.length); swaps > 0; swaps--) {
    const at = rng.int(disturbed.length - 1)
    ;[disturbed[at], disturbed[at + 1]] = [disturbed[at + 1], disturbed[at]]
  }
  return disturbed
}

it('captures with wounds, gaps, copies and strangers in them', () => {
  const rng = createRng(21)
  const seen = new Set<string>()
  for (let round = 0; round < COUNT; round++) {
    const [mine, other] = rng.int(2) === 0 ? talks : [...talks].reverse()
    const hurt = (datagram: CapturedDatagram): CapturedDatagram => {
      if (rng.int(4) === 0) return { ...datagram, from: datagram.to, to: datagram.from }
      if (rng.int(4) === 0) return { ...datagram, payload: rng.bytes(rng.int(200)) }
      return { ...datagram, payload: wound(rng, datagram.payload) }
    }
    const keyLog = new KeyLog()
    const dissector = new Http3Dissector(nodeCrypto, keyLog, {
      onQuic: (reading) => {
        seen.add(reading.type)
        if (reading.type === 'packet' && reading.problem !== undefined) throw new Error('forged')
      },
      onHttp3: (_connection, _tag, { type }) => seen.add(`http3 ${type}`),
    })
    const lateLog = rng.int(3) === 0
    if (!lateLog) for (const line of [...mine.keyLog, ...other.keyLog]) keyLog.addLine(line)
    for (const datagram of disturb(rng, mine.datagrams, other.datagrams, hurt))
      dissector.handleDatagram(datagram)
    for (const line of mine.keyLog) keyLog.addLine(line)
    dissector.handleSecrets()
    dissector.finish()
  }
  const wanted = [
    'packet',
    'closed',
    'handshake',
    'stream',
    'garbage',
    'http3 section',
    'http3 end',
    'http3 table',
  ]
  expect(wanted.filter((type) => !seen.has(type))).toEqual([])
})

const EDGES = [0, 1, 2, 3, 4, 6, 7, 10, 63, 16_384, 2 ** 32, 2 ** 53 - 2_000]
const edge = (rng: Rng): number => EDGES[rng.int(EDGES.length)]

function hurtFrame(rng: Rng, one: Frame): Frame {
  if (one.type !== 'stream' && one.type !== 'crypto')
    return { type: 'reset_stream', id: edge(rng), code: 0, finalSize: edge(rng) }
  if (rng.int(2) === 0) return { ...one, data: wound(rng, one.data) }
  if (one.type === 'stream' && rng.int(2) === 0) return { ...one, id: edge(rng), fin: rng.int(3) === 0 }
  return { ...one, offset: edge(rng) }
}

it('frames of any kind at either end', () => {
  const rng = createRng(22)
  const seen = new Set<string>()
  for (let round = 0; round < COUNT; round++) {
    const [mine, other] = rng.int(2) === 0 ? talks : [...talks].reverse()
    const hurt = (packet: TalkedPacket): TalkedPacket => ({
      ...packet,
      frames: packet.frames.map((one) => hurtFrame(rng, one)),
    })
    const own = SIDES[rng.int(2)]
    const trace = new MemoryTrace()
    const end = new QuicEnd(new Report(own, () => trace), nodeCrypto, () => 'quic')
    for (const line of mine.keyLog) end.handleSecret(line)
    for (const { from, level, number, frames } of disturb(rng, mine.packets, other.packets, hurt))
      if (from === own) end.handleSent({ number, pkt: 1 } as never, level, frames, rng.int(3))
      else end.handleReceived(level, frames)
    for (const event of trace.events) {
      check(event)
      seen.add(event.name)
      if (event.data.from !== own) throw new Error(`${event.name} of ${event.data.from as string}`)
    }
  }
  const wanted = [
    ...[
      'security:handshake_message',
      'security:key_updated',
      'http:stream_opened',
      'http:frame',
      'http:problem',
    ],
    ...['http:message_started', 'http:message_finished', 'http:qpack_instruction', 'http:table_changed'],
  ]
  expect(wanted.filter((name) => !seen.has(name))).toEqual([])
})

it('random bytes are garbage', () => {
  const rng = createRng(23)
  let garbage = 0
  const dissector = new Http3Dissector(nodeCrypto, new KeyLog(), {
    onQuic: ({ type }) => void (type === 'garbage' ? garbage++ : expect(type).toMatch(/version/)),
    onHttp3: () => expect.unreachable(),
  })
  const [from, to] = [
    { address: 1, port: 1 },
    { address: 2, port: 443 },
  ]
  for (let tag = 0; tag < 20 * COUNT; tag++)
    dissector.handleDatagram({ from, to, tag, payload: rng.bytes(rng.int(1_400)) })
  dissector.finish()
  expect(garbage).toBeGreaterThan(10 * COUNT)
})

describe('what is kept does not grow with', () => {
  const request = headers(GET)
  const send = (id: number, offset: number, data: Uint8Array, fin = false): Frame => ({
    ...{ type: 'stream', id, offset, data, fin },
  })
  const long = new Uint8Array(1_000)

  it.each<[string, (i: number) => Frame]>([
    ['streams that never end', (i) => send(4 * i, 0, request)],
    ['streams that end, but for the first', (i) => send(4 * (i + 1), 0, request, true)],
    ['bytes far ahead', (i) => send(0, 2_000 * (i + 1), long.subarray(0, 400))],
    [
      'a control stream of strange frames',
      (i) =>
        i === 0
          ? send(2, 0, join(varint(0), SETTINGS))
          : send(2, 3 + (i - 1) * 12, frame(0x21, new Uint8Array(10))),
    ],
    [
      'sections that wait for ever',
      (i) => send(4 * i, 0, frame(1, join(Uint8Array.of(9, 0), new Uint8Array(400)))),
    ],
    ['CRYPTO frames ahead', (i) => ({ type: 'crypto', offset: 1_000 + 2_000 * i, data: long })],
    [
      'a message without end',
      (i) => ({
        type: 'crypto',
        offset: 1_000 * i,
        data: i === 0 ? Uint8Array.of(11, 0xff, 0xff, 0xff, ...long.subarray(4)) : long,
      }),
    ],
  ])('%s', (_, next) => {
    const [{ packets, keyLog }] = talks
    const end = new QuicEnd(new Report('client', () => silentTrace), nodeCrypto, () => 'quic')
    for (const line of keyLog) end.handleSecret(line)
    const [hello] = packets
    end.handleSent({ number: 0, pkt: 1 } as never, 'initial', hello.frames, 0)
    let most = 0
    for (let i = 0; i < 6_000; i++) {
      end.handleSent({ number: i, pkt: 1 } as never, '1rtt', [next(i)], 0)
      if (i % 1_500 === 1_499) most = Math.max(most, reachableSize(end))
    }
    // Bytes that wait for those before them are most of it: 8 MiB of a stream.
    expect(most).toBeLessThan(20_000_000)
  })

  it('streams that nobody else has: a reader of HTTP/3 alone', () => {
    const http3 = new PassiveHttp3(() => undefined)
    for (let i = 0; i < 6_000; i++) http3.handleStream('server', 4 * i, 0, request, false)
    expect(reachableSize(http3)).toBeLessThan(20_000_000)
  })

  it('connections, and packets that nobody has keys for', () => {
    const dissector = new Http3Dissector(nodeCrypto, new KeyLog(), {
      onQuic: () => undefined,
      onHttp3: () => undefined,
    })
    const rng = createRng(24)
    const [{ datagrams }] = talks
    for (let i = 0; i < 200; i++)
      for (const { payload, from, to, tag } of datagrams.slice(0, 30))
        dissector.handleDatagram({ payload: i === 0 ? payload : wound(rng, payload), from, to, tag })
    expect(reachableSize(dissector)).toBeLessThan(5_000_000)
  })
})
