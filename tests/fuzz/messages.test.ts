/**
 * Whatever bytes are taken for MQTT, DNS, WebSocket or gRPC: their readers throw nothing, tell the same wherever the stream is cut, and
 * every field lies within the bytes. And where the library mqtt-packet and we do not agree, one of the known reasons is to blame.
 */
import dnsPacket from 'dns-packet'
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { createRng, type Rng } from '../../electron/protocol/random.ts'
import { dissectPdu } from '../../electron/protocol/wire/dissect/pdu.ts'
import { readDns } from '../../electron/protocol/wire/dns/message.ts'
import { GrpcReader } from '../../electron/protocol/wire/grpc/reader.ts'
import { readPacket } from '../../electron/protocol/wire/mqtt/packet.ts'
import { MqttReader } from '../../electron/protocol/wire/mqtt/reader.ts'
import type { MqttLevel } from '../../electron/protocol/wire/mqtt/rules.ts'
import { SIDES } from '../../electron/protocol/wire/side.ts'
import { WsReader } from '../../electron/protocol/wire/websocket/reader.ts'
import type { PduProtocol } from '../../shared/commands.ts'
import type { DissectedField } from '../../shared/dissection.ts'
import { cut, join, octets, wound } from '../support/cuts.ts'
import { arbitraryPacket, asLibrary, generate, parseByLibrary, plain } from '../support/mqtt-packets.ts'
import { fromHex } from '../support/packets.ts'

const COUNT = process.env.REXMIT_FULL === '1' ? 40_000 : 800
const LEVELS: readonly MqttLevel[] = [3, 4, 5]

const mqttSeeds = LEVELS.flatMap((level) =>
  fc.sample(arbitraryPacket(level), { numRuns: 60, seed: 1 }).map((packet) => generate(packet, level)),
)

const dnsSeeds = [
  dnsPacket.encode({ type: 'query', id: 1, questions: [{ type: 'A', name: 'www.example.test' }] }),
  dnsPacket.encode({
    type: 'response',
    answers: [
      { type: 'A', name: 'a.test', ttl: 1, data: '192.0.2.1' },
      { type: 'TXT', name: 'a.test', data: ['one', 'two'] },
      { type: 'MX', name: 'a.test', data: { preference: 1, exchange: 'mail.a.test' } },
    ],
    additionals: [{ type: 'OPT', name: '.', udpPayloadSize: 1232, flags: 0, options: [] } as never],
  }),
  fromHex(`0001 8180 0001 0002 0000 0000 0161 0474657374 00 0001 0001
    c00c 0005 0001 00000e10 0006 03777777 c00e 03777777 c00e 0001 0001 0000003c 0004 c0000201`),
].map((bytes) => new Uint8Array(bytes))

const wsSeeds = [
  '8185 01020304 69676f686e',
  '827e 0080',
  '8802 03e8',
  '0102 61c3 8900 8001 a9',
  'c107 f248cdc9c90700',
].map(fromHex)

const grpcSeeds = ['00 0000000d 0a076b69746368656e 100f 1a020801', '01 00000003 616263'].map(fromHex)

const SEEDS: Readonly<Partial<Record<PduProtocol, readonly Uint8Array[]>>> = {
  mqtt: mqttSeeds,
  dns: dnsSeeds,
  websocket: wsSeeds,
  grpc: grpcSeeds,
}

/** Random bytes, or good ones wounded, or several behind each other. */
function bytesOf(rng: Rng, seeds: readonly Uint8Array[]): Uint8Array {
  const seed = (): Uint8Array => seeds[rng.int(seeds.length)]
  if (rng.int(5) === 0) return rng.bytes(rng.int(300))
  return wound(rng, rng.int(3) === 0 ? join(seed(), seed()) : seed())
}

function check(field: DissectedField, start: number, end: number): void {
  const { name, offset, length, children = [] } = field
  if (!(offset >= start && length >= 0 && offset + length <= end))
    throw new Error(`${name} at ${offset}, ${length} bytes, outside ${start} to ${end}`)
  for (const child of children) check(child, offset, offset + length)
}

describe.each(Object.entries(SEEDS))('%s', (protocol, seeds) => {
  it('fields lie within the bytes, and within each other', () => {
    const rng = createRng(21)
    for (let i = 0; i < COUNT; i++) {
      const bytes = bytesOf(rng, seeds)
      const { layers } = dissectPdu(protocol as PduProtocol, bytes, 3 + rng.int(3))
      for (const layer of layers) check(layer, 0, bytes.length)
    }
  })

  it('any number of bytes of one kind, and of what repeats, is read to the end', () => {
    const rng = createRng(22)
    for (let i = 0; i < 40; i++) {
      const one = i < 20 ? rng.bytes(1 + rng.int(4)) : wound(rng, seeds[rng.int(seeds.length)])
      const pattern = one.length === 0 ? Uint8Array.of(0) : one
      const bytes = Uint8Array.from({ length: 65_535 }, (_, at) => pattern[at % pattern.length])
      for (const level of LEVELS) dissectPdu(protocol as PduProtocol, bytes, level)
    }
  })
})

describe('streams tell the same wherever they are cut:', () => {
  /** What a reader tells of these pieces, by its own words. */
  type Read = (pieces: readonly Uint8Array[]) => unknown[]

  const kinds: [string, readonly Uint8Array[], (rng: Rng) => Read][] = [
    [
      'mqtt',
      mqttSeeds,
      (rng) => {
        const from = SIDES[rng.int(2)]
        return (pieces) => {
          const told: unknown[] = []
          const reader = new MqttReader(from, (item) => {
            if (item.type === 'problem') told.push([item.rule, item.at, item.reason])
            else if (item.type === 'packet') told.push([item.packet.type, item.offset, item.packet.length])
            else told.push(item)
          })
          for (const piece of pieces) reader.push(piece)
          return told
        }
      },
    ],
    [
      'websocket',
      wsSeeds,
      (rng) => {
        const from = SIDES[rng.int(2)]
        return (pieces) => {
          const told: unknown[] = []
          const reader = new WsReader(
            from,
            (item) => {
              if (item.type === 'problem') told.push([item.rule, item.at, item.code])
              else told.push([item.offset, item.frame.opcode, item.frame.length])
            },
            rng.int(2) === 0,
          )
          for (const piece of pieces) reader.push(piece)
          return told
        }
      },
    ],
    [
      'grpc',
      grpcSeeds,
      () => (pieces) => {
        const told: unknown[] = []
        const reader = new GrpcReader(({ offset, length }) => told.push([offset, length]))
        for (const piece of pieces) reader.push(piece)
        return told
      },
    ],
  ]

  it.each(kinds)('%s', (_, seeds, make) => {
    const rng = createRng(23)
    for (let i = 0; i < COUNT; i++) {
      const bytes = join(...Array.from({ length: 1 + rng.int(4) }, () => bytesOf(rng, seeds)))
      const seed = rng.int(1_000_000)
      const read = (pieces: readonly Uint8Array[]) => make(createRng(seed))(pieces)
      expect(read(cut(rng, bytes))).toEqual(read([bytes]))
    }
  })
})

/** What mqtt-packet takes although the standard forbids it, or refuses although it allows it; the rules are those that we cite. */
const LIBRARY_TAKES = [
  // Lengths: it reads what it needs and leaves the rest, and takes longer encodings of them.
  /^MQTT 3\.1(\.1)? 2\.(1|2\.3)$/,
  /^MQTT 5 2\.1\.4$/,
  /^MQTT-1\.5\.5-1$/,
  // Text: bytes that are no UTF-8 become U+FFFD, U+0000 is like any character.
  /^MQTT(-1\.5\.[34]-[12]| 3\.1 2\.5)$/,
  // Packet identifiers of 0, DUP with QoS 0, topics.
  /^MQTT(-2\.3\.1-[16]|-2\.2\.1-[35]| 3\.1 2\.4)$/,
  /^MQTT-3\.3\.1-2$/,
  /^MQTT(-3\.3\.2-[28]| 3\.1 3\.3|-4\.7\.[13]-[123]| 3\.1 Appendix A)$/,
  // Flags and codes of CONNECT, CONNACK, SUBACK; properties that are twice, out of place or out of range.
  /^MQTT(-3\.1\.2-(1|2|14|22)|-3\.1\.3-7| 3\.1 3\.[128]| 3\.1 3\.9)$/,
  /^MQTT(-3\.2\.2-[1468]| 3\.1\.1 3\.2\.2\.[13]|-3\.9\.3-2|-3\.8\.4-[56])$/,
  /^MQTT 5 (2\.2\.2\.2|3\.8\.3\.1|1\.5\.5)$/,
  /^MQTT(-3\.8\.3-[2345]|-3-8\.3-4|-3\.10\.3-2| 3\.1 3\.10)$/,
  // Packet types of a later version, reserved flags of MQTT 3.1.
  /^MQTT (3\.1|3\.1\.1|5) 2\.(1|1\.2|2\.1)$/,
]

/** It asks of MQTT 3.1 what 3.1.1 asks: 3.1 has no use for these bits, and does not say that they are to be refused. */
const REFUSED_IN_3 =
  /^Invalid (header flag bits|connack flags|subscribe topic flag bits)|both QoS bits|^Connect flag bit 0|^Will (QoS|Retain Flag) must/
/** An AUTH without a reason code has the code 0 (MQTT 5 3.15.2.1). */
const REFUSED_IN_5 = /^Invalid auth reason code/

it('mqtt-packet and we agree on wounded packets, but for what it is known to take or to refuse', () => {
  const rng = createRng(24)
  const counts = { both: 0, neither: 0, theirsAlone: 0, oursAlone: 0 }
  for (let i = 0; i < COUNT * 2; i++) {
    const level = LEVELS[rng.int(3)]
    const packet = fc.sample(arbitraryPacket(level), { numRuns: 1, seed: rng.int(1_000_000) })[0]
    const bytes = wound(rng, generate(packet, level))
    // What lies behind it would be another packet.
    const first = bytes.subarray(0, lengthOf(bytes))
    if (first.length < lengthOf(bytes)) continue
    const { packets, error } = parseByLibrary(first, level)
    const ours = readPacket(first, { level })
    const theirs = error === undefined ? packets[0] : undefined
    const where = `${i}: ${Buffer.from(bytes).toString('hex')} level ${level}`
    if (theirs !== undefined && ours.packet !== undefined) {
      counts.both++
      if (ours.level === level) expect(asLibrary(ours.packet, level), where).toEqual(plain(theirs))
    } else if (theirs !== undefined) {
      counts.theirsAlone++
      const rule = ours.breach?.rule ?? 'none'
      if (!LIBRARY_TAKES.some((known) => known.test(rule))) throw new Error(`${where}: ${rule} is new`)
    } else if (ours.packet !== undefined) {
      counts.oursAlone++
      const known = level === 3 ? REFUSED_IN_3 : level === 5 ? REFUSED_IN_5 : undefined
      if (known?.test(error!.message) !== true)
        throw new Error(`${where}: ${error!.message}, says the library alone`)
    } else counts.neither++
  }
  expect(Math.min(counts.both, counts.neither)).toBeGreaterThan(COUNT / 10)
})

/** Bytes of the first packet, as far as they are there. */
function lengthOf(bytes: Uint8Array): number {
  let length = 0
  for (let i = 1; i <= 4; i++) {
    length += (bytes[i] & 0x7f) * 128 ** (i - 1)
    if (bytes[i] < 0x80) return 1 + i + length
  }
  return bytes.length
}

it('dns-packet reads what we read, in wounded messages that break no rule', () => {
  const rng = createRng(25)
  let both = 0
  for (let i = 0; i < COUNT; i++) {
    const bytes = bytesOf(rng, dnsSeeds)
    const { message, breach } = readDns(bytes)
    if (breach !== undefined) continue
    // It looks into records that we leave closed.
    const records = [...message.answers, ...message.authorities, ...message.additionals]
    if (records.some(({ data }) => data.startsWith('\\#'))) continue
    const theirs = dnsPacket.decode(Buffer.from(bytes))
    both++
    expect(theirs.id).toBe(message.id)
    expect(theirs.questions?.length).toBe(message.questions.length)
    expect(theirs.answers?.map((answer) => (answer as { ttl?: number }).ttl)).toEqual(
      message.answers.map(({ ttl }) => ttl),
    )
  }
  expect(both).toBeGreaterThan(COUNT / 20)
})

it('text of any kind is no MQTT, and is said so at once', () => {
  const told: string[] = []
  const reader = new MqttReader('client', (item) => told.push(item.type))
  for (const byte of octets('HELO example.test\r\n')) reader.push(Uint8Array.of(byte))
  expect(told[0]).toBe('problem')
})
