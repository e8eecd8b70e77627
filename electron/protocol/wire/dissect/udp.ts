/** The fields of a UDP header (RFC 768). */
import { complementSum, pseudoHeaderSum, wordSum } from '../checksum.ts'
import { PROTOCOL_UDP } from '../ipv4.ts'
import { UDP_HEADER } from '../udp.ts'
import type { Ipv4Layer } from './ipv4.ts'
import { LayerReader } from './reader.ts'
import type { TransportLayer } from './transport.ts'

/** The checksum that the datagram of `size` bytes should carry; undefined when that cannot be told. */
function expectedChecksum(bytes: Uint8Array, ip: Ipv4Layer, size: number): number | undefined {
  const start = ip.payloadStart
  if (!ip.isWhole || size < UDP_HEADER || start + size > ip.payloadEnd) return undefined
  // A field of 0 means that the sender made no checksum (RFC 768).
  if (bytes[start + 6] === 0 && bytes[start + 7] === 0) return undefined
  const pseudo = pseudoHeaderSum(ip.source, ip.destination, PROTOCOL_UDP, size)
  const sum = complementSum(
    pseudo + wordSum(bytes, start, 6) + wordSum(bytes, start + UDP_HEADER, size - UDP_HEADER),
  )
  return sum === 0 ? 0xffff : sum
}

/** The UDP header at the start of an IPv4 packet's payload. */
export function dissectUdp(bytes: Uint8Array, ip: Ipv4Layer): TransportLayer {
  const reader = new LayerReader(bytes, ip.payloadStart, ip.payloadEnd)
  const sourcePort = reader.number('Source port', 0, 2)
  const destinationPort = reader.number('Destination port', 2, 2)
  const size = reader.peek(4, 2)
  let problem: string | undefined
  if (size < UDP_HEADER) problem = 'less than 8 bytes'
  else if (ip.isWhole && size > ip.payloadEnd - ip.payloadStart) problem = 'longer than the packet'
  reader.note('Length', 4, 2, `${size} bytes`, problem === undefined ? {} : { problem })
  reader.checksum('Checksum', 6, expectedChecksum(bytes, ip, size))
  const headerEnd = Math.min(ip.payloadStart + UDP_HEADER, ip.payloadEnd)
  const payloadEnd = ip.isWhole && !problem ? ip.payloadStart + size : ip.payloadEnd
  const text = `${sourcePort} > ${destinationPort} len ${Math.max(payloadEnd - headerEnd, 0)}`
  return {
    layers: [reader.layer('UDP', reader.cut ? 'cut short' : text, headerEnd)],
    ports: reader.cut ? undefined : { source: sourcePort, destination: destinationPort },
    words: `len ${Math.max(payloadEnd - headerEnd, 0)}`,
    payloadStart: headerEnd,
    payloadEnd,
  }
}
