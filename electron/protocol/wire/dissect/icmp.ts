/** The fields of an ICMP message (RFC 792, RFC 1191 4), and those of the packet that an error quotes. */
import type { DissectedField } from '../../../../shared/dissection.ts'
import { complementSum, wordSum } from '../checksum.ts'
import {
  DESTINATION_UNREACHABLE,
  ECHO_REPLY,
  ECHO_REQUEST,
  FRAGMENTATION_NEEDED,
  ICMP_HEADER,
  isIcmpError,
  PARAMETER_PROBLEM,
  REDIRECT,
  SOURCE_QUENCH,
  TIME_EXCEEDED,
} from '../icmp.ts'
import { dissectIpv4, type Ipv4Layer } from './ipv4.ts'
import { LayerReader } from './reader.ts'
import type { TransportLayer } from './transport.ts'

const TYPES: Readonly<Record<number, string>> = {
  [ECHO_REPLY]: 'Echo reply',
  [DESTINATION_UNREACHABLE]: 'Destination unreachable',
  [SOURCE_QUENCH]: 'Source quench',
  [REDIRECT]: 'Redirect',
  [ECHO_REQUEST]: 'Echo request',
  [TIME_EXCEEDED]: 'Time exceeded',
  [PARAMETER_PROBLEM]: 'Parameter problem',
}

const UNREACHABLE = [
  'network unreachable',
  'host unreachable',
  'protocol unreachable',
  'port unreachable',
  'fragmentation needed',
  'source route failed',
]

function codeWords(type: number, code: number): string {
  if (type === DESTINATION_UNREACHABLE) return UNREACHABLE[code] ?? ''
  if (type === TIME_EXCEEDED && code === 0) return 'in transit'
  return type === TIME_EXCEEDED && code === 1 ? 'in reassembly' : ''
}

/** The four bytes after the checksum, which mean something else for each type; returns their words. */
function noteRestOfHeader(reader: LayerReader, type: number, code: number): string {
  if (type === ECHO_REQUEST || type === ECHO_REPLY) {
    const identifier = reader.number('Identifier', 4, 2)
    return `id ${identifier} seq ${reader.number('Sequence number', 6, 2)}`
  }
  if (type === DESTINATION_UNREACHABLE && code === FRAGMENTATION_NEEDED) {
    reader.number('Unused', 4, 2)
    return `mtu ${reader.number('Next-hop MTU', 6, 2)}`
  }
  if (type === PARAMETER_PROBLEM) return `pointer ${reader.number('Pointer', 4, 1)}`
  reader.number('Rest of header', 4, 4)
  return ''
}

/** The quoted packet's header and the first 8 bytes behind it. One level deep: errors quote no errors. */
function dissectQuoted(bytes: Uint8Array, start: number, end: number): DissectedField[] {
  if (start >= end) return []
  const ip = dissectIpv4(bytes, start, end, true)
  const quotedIp = { ...ip.field, name: 'Quoted IPv4' }
  if (!ip.isFirst || ip.payloadStart === ip.payloadEnd) return [quotedIp]
  const reader = new LayerReader(bytes, ip.payloadStart, ip.payloadEnd)
  const source = reader.number('Source port', 0, 2)
  const destination = reader.number('Destination port', 2, 2)
  return [quotedIp, reader.layer('Quoted transport', `${source} > ${destination}`)]
}

/** The ICMP message that is an IPv4 packet's payload. */
export function dissectIcmp(bytes: Uint8Array, ip: Ipv4Layer): TransportLayer {
  const { payloadStart: start, payloadEnd: end } = ip
  const reader = new LayerReader(bytes, start, end)
  const type = reader.number('Type', 0, 1, (n) => `${n} (${TYPES[n] ?? 'unknown'})`)
  const code = reader.peek(1, 1)
  const meaning = codeWords(type, code)
  reader.note('Code', 1, 1, meaning ? `${code} (${meaning})` : String(code))
  const verifiable = ip.isWhole && end - start >= ICMP_HEADER
  const expected = verifiable
    ? complementSum(wordSum(bytes, start, 2) + wordSum(bytes, start + 4, end - start - 4))
    : undefined
  reader.checksum('Checksum', 2, expected)
  const rest = noteRestOfHeader(reader, type, code)
  const words = [TYPES[type] ?? `type ${type}`, meaning, rest].filter(Boolean).join(', ')
  const headerEnd = Math.min(start + ICMP_HEADER, end)
  const quoted = isIcmpError(type) ? dissectQuoted(bytes, headerEnd, end) : []
  return {
    layers: [reader.layer('ICMP', reader.cut ? 'cut short' : words, headerEnd), ...quoted],
    ports: undefined,
    words: reader.cut ? 'cut short' : words,
    payloadStart: quoted.length > 0 ? end : headerEnd,
    payloadEnd: end,
  }
}
