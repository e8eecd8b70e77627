/** Packets that are almost right: for fuzzing what reads them. */
import type { Rng } from '../../electron/protocol/random.ts'
import { checksum, complementSum, pseudoHeaderSum, wordSum } from '../../electron/protocol/wire/checksum.ts'
import { encodeIcmp, icmpLength, type IcmpMessage } from '../../electron/protocol/wire/icmp.ts'
import { ACK, FIN, PSH, RST, SYN } from '../../electron/protocol/wire/tcp.ts'
import { encodeUdp, udpLength } from '../../electron/protocol/wire/udp.ts'
import { CLIENT, fromHex, ipv4Packet, SERVER, tcpPacket } from './packets.ts'

function udpPacket(destinationPort: number, payload: Uint8Array, from = CLIENT, to = SERVER): Uint8Array {
  const datagram = { sourcePort: 50_000, destinationPort, payload }
  const bytes = new Uint8Array(udpLength(datagram))
  encodeUdp(datagram, bytes, 0, from, to)
  return ipv4Packet(bytes, { protocol: 17, source: from, destination: to })
}

function icmpPacket(message: IcmpMessage): Uint8Array {
  const bytes = new Uint8Array(icmpLength(message))
  encodeIcmp(message, bytes)
  return ipv4Packet(bytes, { protocol: 1 })
}

/** One of each kind, all from the client to the server and right as they are. */
export function corpus(): Uint8Array[] {
  const timestamps = { value: 1, echo: 2 }
  const payload = new Uint8Array(100).fill(0x41)
  const syn = { mss: 1460, windowScale: 7, sackPermitted: true, timestamps }
  const sent = udpPacket(7, payload, SERVER, CLIENT)
  return [
    tcpPacket({ flags: SYN, options: syn }),
    tcpPacket({ flags: SYN | ACK, options: syn }),
    tcpPacket({ flags: ACK | PSH, options: { timestamps }, payload }),
    tcpPacket({ flags: ACK, options: { timestamps, sack: [10, 20, 30, 40, 50, 60] } }),
    tcpPacket({ flags: FIN | ACK, options: { unknown: [{ kind: 30, data: new Uint8Array(6) }] } }),
    tcpPacket({ flags: RST }),
    udpPacket(7, payload),
    udpPacket(9999, payload),
    icmpPacket({ kind: 'echo_request', identifier: 1, sequence: 1, payload }),
    icmpPacket({ kind: 'echo_reply', identifier: 1, sequence: 1, payload }),
    icmpPacket({ kind: 'destination_unreachable', code: 4, nextHopMtu: 600, quoted: sent.subarray(0, 28) }),
    icmpPacket({ kind: 'time_exceeded', code: 0, quoted: sent }),
    icmpPacket({ kind: 'parameter_problem', code: 0, pointer: 20, quoted: sent }),
    ipv4Packet(payload.subarray(0, 96), { moreFragments: true }),
    ipv4Packet(payload, { fragmentOffset: 96 }),
    ipv4Packet(payload, { fragmentOffset: 65_528, identification: 3 }),
    ipv4Packet(payload, { protocol: 89, options: fromHex('94040000 07070400 00000000') }),
  ]
}

const EDGES = [0, 1, 2, 0x3f, 0x40, 0x45, 0x4f, 0x7f, 0x80, 0xfe, 0xff]

/** Makes the checksums right again as far as there are headers, so that what lies behind them is reached. */
function repairChecksums(bytes: Uint8Array): void {
  const headerLength = (bytes[0] & 0x0f) * 4
  if (headerLength < 20 || bytes.length < headerLength) return
  bytes.fill(0, 10, 12)
  const header = checksum(bytes, 0, headerLength)
  bytes.set([header >>> 8, header & 0xff], 10)
  const size = Math.min((bytes[2] << 8) | bytes[3], bytes.length) - headerLength
  const place = { 1: 2, 6: 16, 17: 6 }[bytes[9]]
  if (place === undefined || size < place + 2) return
  const at = headerLength + place
  bytes.fill(0, at, at + 2)
  const source = ((bytes[12] << 24) | (bytes[13] << 16) | (bytes[14] << 8) | bytes[15]) >>> 0
  const destination = ((bytes[16] << 24) | (bytes[17] << 16) | (bytes[18] << 8) | bytes[19]) >>> 0
  const pseudo = bytes[9] === 1 ? 0 : pseudoHeaderSum(source, destination, bytes[9], size)
  const sum = complementSum(pseudo + wordSum(bytes, headerLength, size))
  bytes.set([sum >>> 8, sum & 0xff], at)
}

/** A packet of the corpus with up to eight wounds, its checksums made right again half of the time. */
export function mutate(rng: Rng, packets: readonly Uint8Array[]): Uint8Array {
  let bytes = packets[rng.int(packets.length)].slice()
  for (let wounds = rng.int(9); wounds > 0 && bytes.length > 0; wounds--) {
    const at = rng.int(bytes.length)
    switch (rng.int(5)) {
      case 0:
        bytes[at] ^= 1 << rng.int(8)
        break
      case 1:
        bytes[at] = EDGES[rng.int(EDGES.length)]
        break
      case 2:
        bytes = bytes.slice(0, at)
        break
      case 3:
        bytes[rng.int(Math.min(60, bytes.length))] = rng.int(256)
        break
      default: {
        const other = packets[rng.int(packets.length)]
        const grown = new Uint8Array(at + other.length)
        grown.set(bytes.subarray(0, at))
        grown.set(other, at)
        bytes = grown
      }
    }
  }
  if (rng.int(2) === 0) repairChecksums(bytes)
  return bytes
}
