/**
 * What stands in the QUIC packets of one datagram of a recording, read as somebody reads a capture who was given its key log: by the
 * passive dissector, from the datagrams that left before it.
 */
import type { OpenedPacket } from '../../shared/commands.ts'
import { laneOfName } from '../../shared/trace/store.ts'
import { dissectFrames } from '../protocol/wire/dissect/quic-frames.ts'
import { decodeIpv4, PROTOCOL_UDP } from '../protocol/wire/ipv4.ts'
import { QuicDissector } from '../protocol/wire/quic/dissector.ts'
import type { CapturedDatagram, PacketReading } from '../protocol/wire/quic/readings.ts'
import { KeyLog } from '../protocol/wire/tls/key-log.ts'
import { decodeUdp } from '../protocol/wire/udp.ts'
import { nodeCrypto } from './node-crypto.ts'
import { keyLogOf } from './export/secrets.ts'
import { packetIn } from './recording/link-layer.ts'
import type { RecordingReader } from './recording/types.ts'

/** The engine does nothing else while it reads: so many datagrams of a lane take it about a second. */
const MOST_DATAGRAMS = 30_000
/** 0-RTT packets can be read once the hello that they overtook has come: so many datagrams are looked at beyond. */
const MOST_BEYOND = 16

/** The datagram of a recorded IP packet; undefined: it is none, or not all of it was kept. */
export function datagramOf(bytes: Uint8Array, tag: number): CapturedDatagram | undefined {
  const ip = decodeIpv4(bytes)
  if (!ip.ok || ip.value.protocol !== PROTOCOL_UDP) return undefined
  const { source, destination, headerLength, totalLength } = ip.value
  const udp = decodeUdp(bytes, headerLength, totalLength - headerLength, source, destination)
  if (!udp.ok) return undefined
  const { sourcePort, destinationPort, payload } = udp.value
  return {
    from: { address: source, port: sourcePort },
    to: { address: destination, port: destinationPort },
    payload,
    tag,
  }
}

/** Numbers of the datagrams of the lane in which `pkt` left, up to it and a few beyond, as they left; empty: it is no datagram. */
function neighboursOf(reader: RecordingReader, pkt: number): number[] {
  const lanes = new Map<string, number[]>()
  let mine: number[] | undefined
  let beyond = 0
  for (const event of reader.events(['udp:datagram_sent'])) {
    const lane = laneOfName(event.node)
    const all = lanes.get(lane) ?? []
    if (all.length === 0) lanes.set(lane, all)
    all.push(event.pkt)
    if (event.pkt === pkt) mine = all
    else if (mine !== undefined && mine === all && ++beyond >= MOST_BEYOND) break
  }
  return mine ?? []
}

/** The packets of a datagram that could be opened, in their order; none: it is no QUIC, or its keys are not in the recording. */
export function openPackets(reader: RecordingReader, pkt: number): OpenedPacket[] {
  const numbers = neighboursOf(reader, pkt)
  if (numbers.length > MOST_DATAGRAMS) return []
  const keyLog = new KeyLog()
  for (const line of keyLogOf(reader).split('\n')) keyLog.addLine(line)
  const found: PacketReading[] = []
  const dissector = new QuicDissector(nodeCrypto, keyLog, (reading) => {
    if (reading.type === 'packet' && reading.tag === pkt) found.push(reading)
  })
  for (const number of numbers) {
    const packet = reader.packet(number)
    const datagram = packet && datagramOf(packetIn(reader.meta, packet.bytes), number)
    if (datagram !== undefined) dissector.handleDatagram(datagram)
  }
  return found
    .sort((a, b) => a.offset - b.offset)
    .map(({ level, number, payload }) => ({
      level,
      number,
      bytes: payload,
      dissection: dissectFrames(payload, `${level} ${number}`),
    }))
}
