/** The fields of an IPv4 header (RFC 791 3.1). */
import type { DissectedField } from '../../../../shared/dissection.ts'
import { formatAddress, type Ipv4Address } from '../address.ts'
import { complementSum, wordSum } from '../checksum.ts'
import { IPV4_MIN_HEADER, PROTOCOL_ICMP, PROTOCOL_TCP, PROTOCOL_UDP } from '../ipv4.ts'
import { bits, hex, hexDump, LayerReader, readOptions } from './reader.ts'

export interface Ipv4Layer {
  readonly field: DissectedField
  readonly protocol: number
  readonly source: Ipv4Address
  readonly destination: Ipv4Address
  /** Where the payload lies; as far as there are bytes. */
  readonly payloadStart: number
  readonly payloadEnd: number
  /** The payload begins with a transport header. */
  readonly isFirst: boolean
  /** The payload is all of it: its lengths and checksums can be checked. */
  readonly isWhole: boolean
}

const ECN = ['Not-ECT', 'ECT(1)', 'ECT(0)', 'CE'] as const

const PROTOCOLS: Readonly<Record<number, string>> = {
  [PROTOCOL_ICMP]: 'ICMP',
  [PROTOCOL_TCP]: 'TCP',
  [PROTOCOL_UDP]: 'UDP',
}

export const protocolName = (protocol: number): string => PROTOCOLS[protocol] ?? `protocol ${protocol}`

/** Options by type octet (RFC 791 3.1, RFC 2113, RFC 1393). */
const OPTIONS: Readonly<Record<number, string>> = {
  7: 'Record route',
  68: 'Internet timestamp',
  82: 'Traceroute',
  130: 'Security',
  131: 'Loose source and record route',
  136: 'Stream identifier',
  137: 'Strict source and record route',
  148: 'Router alert',
}

const describeOption = (type: number, data: Uint8Array) => ({
  name: OPTIONS[type] ?? `Option ${type}`,
  text: hexDump(data),
})

/** The checksum that the header should carry. */
function expectedChecksum(bytes: Uint8Array, start: number, length: number): number {
  return complementSum(wordSum(bytes, start, 10) + wordSum(bytes, start + 12, length - 12))
}

function noteFragmentation(reader: LayerReader): { offset: number; more: boolean } {
  const word = reader.peek(6, 2)
  const flags = word >>> 13
  const set = [flags & 2 ? "Don't fragment" : '', flags & 1 ? 'More fragments' : ''].filter(Boolean)
  const children = bits(flags, ['Reserved', "Don't fragment", 'More fragments'], reader.start + 6, 1)
  reader.note('Flags', 6, 1, set.join(', ') || 'none', {
    children,
    ...(flags & 4 ? { problem: 'the reserved bit must be zero' } : {}),
  })
  const offset = (word & 0x1fff) * 8
  reader.note('Fragment offset', 6, 2, `${offset} bytes`)
  return { offset, more: (flags & 1) === 1 }
}

/** Notes the two lengths of a header and returns where header and packet end. */
function noteLengths(reader: LayerReader, quoted: boolean): { headerEnd: number; packetEnd: number } {
  const available = reader.end - reader.start
  const version = reader.peek(0, 1) >>> 4
  reader.note('Version', 0, 1, String(version), version === 4 ? {} : { problem: 'not 4' })
  const headerLength = (reader.peek(0, 1) & 0x0f) * 4
  reader.note('Header length', 0, 1, `${headerLength} bytes`, {
    ...(headerLength < IPV4_MIN_HEADER ? { problem: 'less than 20 bytes' } : {}),
    ...(headerLength > available ? { problem: 'longer than the packet' } : {}),
  })
  reader.note('Differentiated services', 1, 1, String(reader.peek(1, 1) >>> 2))
  reader.note('Explicit congestion notification', 1, 1, ECN[reader.peek(1, 1) & 3])
  const totalLength = reader.peek(2, 2)
  let problem: string | undefined
  if (totalLength < headerLength) problem = 'shorter than the header'
  else if (totalLength > available && !quoted) problem = `${available} bytes are there`
  reader.note('Total length', 2, 2, `${totalLength} bytes`, problem === undefined ? {} : { problem })
  const headerEnd = reader.start + Math.min(Math.max(headerLength, IPV4_MIN_HEADER), available)
  const packetEnd = reader.start + Math.min(Math.max(totalLength, headerEnd - reader.start), available)
  return { headerEnd, packetEnd }
}

/**
 * The IPv4 header at `start`. `quoted`: the packet stands inside an ICMP error, cut short and perhaps altered, so
 * that neither is held against it.
 */
export function dissectIpv4(bytes: Uint8Array, start: number, end: number, quoted = false): Ipv4Layer {
  const reader = new LayerReader(bytes, start, end)
  const { headerEnd, packetEnd } = noteLengths(reader, quoted)
  const headerLength = headerEnd - start
  reader.number('Identification', 4, 2, (id) => `${id} (${hex(id, 4)})`)
  const { offset, more } = noteFragmentation(reader)
  reader.number('Time to live', 8, 1)
  const protocol = reader.number('Protocol', 9, 1, (n) => `${protocolName(n)} (${n})`)
  const known = !quoted && headerLength >= IPV4_MIN_HEADER
  reader.checksum('Header checksum', 10, known ? expectedChecksum(bytes, start, headerLength) : undefined)
  const source = reader.number('Source address', 12, 4, formatAddress)
  const destination = reader.number('Destination address', 16, 4, formatAddress)
  if (headerLength > IPV4_MIN_HEADER) {
    const children = readOptions(bytes, start + IPV4_MIN_HEADER, headerEnd, describeOption)
    const length = headerLength - IPV4_MIN_HEADER
    reader.note('Options', IPV4_MIN_HEADER, length, `${length} bytes`, { children })
  }
  const usable = !reader.cut && bytes[start] >>> 4 === 4 && (bytes[start] & 0x0f) * 4 === headerLength
  const text = reader.cut ? 'cut short' : `${formatAddress(source)} > ${formatAddress(destination)}`
  return {
    field: reader.layer('IPv4', text, headerEnd),
    protocol,
    source,
    destination,
    payloadStart: headerEnd,
    payloadEnd: packetEnd,
    isFirst: usable && offset === 0,
    isWhole: usable && offset === 0 && !more && !quoted && reader.peek(2, 2) === packetEnd - start,
  }
}
