/** What the codecs cost: the checksum of a full segment, and a data packet and an acknowledgment each way. */
import { PacketArena } from '../../electron/protocol/wire/arena.ts'
import { wordSum } from '../../electron/protocol/wire/checksum.ts'
import { dissect } from '../../electron/protocol/wire/dissect/dissect.ts'
import { decodeIpv4, encodeIpv4, IPV4_MIN_HEADER, NO_OPTIONS } from '../../electron/protocol/wire/ipv4.ts'
import { ACK, decodeTcp, encodeTcp, tcpLength, type TcpSegment } from '../../electron/protocol/wire/tcp.ts'

interface Figure {
  readonly name: string
  readonly value: number
  readonly unit: string
  readonly note: string
}

const CLIENT = 0x0a4d0001
const SERVER = 0x0a4d0002
const WARM_UP = 100_000
const ROUNDS = 5
const PER_ROUND = 100_000

/** Nanoseconds of one call: the best of several rounds, since other programs only ever slow one down. */
function time(call: () => unknown): number {
  let kept: unknown
  for (let i = 0; i < WARM_UP; i++) kept = call()
  let best = Infinity
  for (let round = 0; round < ROUNDS; round++) {
    const start = process.hrtime.bigint()
    for (let i = 0; i < PER_ROUND; i++) kept = call()
    best = Math.min(best, Number(process.hrtime.bigint() - start) / PER_ROUND)
  }
  if (kept === undefined) throw new Error('the call gave nothing')
  return Math.round(best)
}

const segment = (payloadLength: number): TcpSegment => ({
  sourcePort: 40_000,
  destinationPort: 5001,
  sequence: 1,
  acknowledgment: 1,
  flags: ACK,
  window: 500,
  urgent: 0,
  options: { timestamps: { value: 1, echo: 2 } },
  payload: new Uint8Array(payloadLength).fill(0x5a),
})

function encodePacket(arena: PacketArena, of: TcpSegment): Uint8Array {
  const payloadLength = tcpLength(of)
  const bytes = arena.allocate(IPV4_MIN_HEADER + payloadLength)
  const header = {
    dscp: 0,
    ecn: 0,
    identification: 1,
    dontFragment: true,
    moreFragments: false,
    fragmentOffset: 0,
    ttl: 64,
    protocol: 6,
    source: CLIENT,
    destination: SERVER,
    options: NO_OPTIONS,
  }
  encodeIpv4(header, payloadLength, bytes)
  encodeTcp(of, bytes, IPV4_MIN_HEADER, CLIENT, SERVER)
  return bytes
}

function decodePacket(bytes: Uint8Array): TcpSegment {
  const packet = decodeIpv4(bytes)
  if (!packet.ok) throw new Error(packet.error.reason)
  const { headerLength, totalLength, source, destination } = packet.value
  const read = decodeTcp(bytes, headerLength, totalLength - headerLength, source, destination)
  if (!read.ok) throw new Error(read.error.reason)
  return read.value
}

export default async function run(): Promise<Figure[]> {
  const arena = new PacketArena()
  const data = segment(1448)
  const ack = segment(0)
  const dataBytes = encodePacket(arena, data)
  const ackBytes = encodePacket(arena, ack)
  const figure = (name: string, note: string, call: () => unknown): Figure => ({
    name,
    value: time(call),
    unit: 'ns',
    note,
  })
  return [
    figure('wire/checksum', '1,448 bytes', () => wordSum(dataBytes, 52, 1448)),
    figure('wire/encode data', 'IPv4 + TCP, 1,448 bytes of payload, checksums', () =>
      encodePacket(arena, data),
    ),
    figure('wire/decode data', 'the same, verified', () => decodePacket(dataBytes)),
    figure('wire/encode ack', 'IPv4 + TCP with timestamps, no payload', () => encodePacket(arena, ack)),
    figure('wire/decode ack', 'the same, verified', () => decodePacket(ackBytes)),
    figure('wire/dissect data', 'all fields with texts', () => dissect(dataBytes)),
  ]
}
