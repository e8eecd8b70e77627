/** The fields of a TCP header (RFC 9293 3.1). */
import { read16, read32 } from '../bytes.ts'
import { complementSum, pseudoHeaderSum, wordSum } from '../checksum.ts'
import { PROTOCOL_TCP } from '../ipv4.ts'
import {
  formatFlags,
  OPTION_MSS,
  OPTION_SACK,
  OPTION_SACK_PERMITTED,
  OPTION_TIMESTAMPS,
  OPTION_WINDOW_SCALE,
  TCP_MIN_HEADER,
} from '../tcp.ts'
import type { Ipv4Layer } from './ipv4.ts'
import { bits, hexDump, LayerReader, readOptions } from './reader.ts'
import type { TransportLayer } from './transport.ts'

const FLAG_NAMES = ['CWR', 'ECE', 'URG', 'ACK', 'PSH', 'RST', 'SYN', 'FIN']

function sackText(data: Uint8Array): string {
  const blocks: string[] = []
  for (let at = 0; at + 8 <= data.length; at += 8) blocks.push(`${read32(data, at)}-${read32(data, at + 4)}`)
  return blocks.join(', ')
}

interface OptionShape {
  readonly name: string
  readonly fits: (length: number) => boolean
  readonly text: (data: Uint8Array) => string
}

const exactly = (n: number) => (length: number) => length === n

/** Known options by kind; lengths without kind and length octets. */
const OPTIONS: Readonly<Record<number, OptionShape>> = {
  [OPTION_MSS]: {
    name: 'Maximum segment size',
    fits: exactly(2),
    text: (data) => `${read16(data, 0)} bytes`,
  },
  [OPTION_WINDOW_SCALE]: {
    name: 'Window scale',
    fits: exactly(1),
    text: (data) => `${data[0]} (times ${2 ** data[0]})`,
  },
  [OPTION_SACK_PERMITTED]: { name: 'SACK permitted', fits: exactly(0), text: () => '' },
  [OPTION_SACK]: { name: 'SACK', fits: (length) => length >= 8 && length % 8 === 0, text: sackText },
  [OPTION_TIMESTAMPS]: {
    name: 'Timestamps',
    fits: exactly(8),
    text: (data) => `value ${read32(data, 0)}, echo reply ${read32(data, 4)}`,
  },
}

function describeOption(kind: number, data: Uint8Array): { name: string; text: string; problem?: string } {
  const shape = OPTIONS[kind]
  if (shape === undefined) return { name: `Option ${kind}`, text: hexDump(data) }
  if (shape.fits(data.length)) return { name: shape.name, text: shape.text(data) }
  return { name: shape.name, text: hexDump(data), problem: `length ${data.length + 2} is wrong` }
}

/** The checksum that the segment should carry; undefined when that cannot be told. */
function expectedChecksum(bytes: Uint8Array, ip: Ipv4Layer): number | undefined {
  const start = ip.payloadStart
  const size = ip.payloadEnd - start
  if (!ip.isWhole || size < TCP_MIN_HEADER) return undefined
  const pseudo = pseudoHeaderSum(ip.source, ip.destination, PROTOCOL_TCP, size)
  return complementSum(pseudo + wordSum(bytes, start, 16) + wordSum(bytes, start + 18, size - 18))
}

/** Notes data offset and reserved bits and returns where the header ends, as far as there are bytes. */
function noteDataOffset(reader: LayerReader): number {
  const word = reader.peek(12, 1)
  const headerLength = (word >>> 4) * 4
  const available = reader.end - reader.start
  let problem: string | undefined
  if (headerLength < TCP_MIN_HEADER) problem = 'less than 20 bytes'
  else if (headerLength > available) problem = 'longer than the segment'
  reader.note('Data offset', 12, 1, `${headerLength} bytes`, problem === undefined ? {} : { problem })
  reader.note('Reserved', 12, 1, String(word & 0x0f))
  return reader.start + Math.min(Math.max(headerLength, TCP_MIN_HEADER), available)
}

/** The TCP header at the start of an IPv4 packet's payload. */
export function dissectTcp(bytes: Uint8Array, ip: Ipv4Layer): TransportLayer {
  const reader = new LayerReader(bytes, ip.payloadStart, ip.payloadEnd)
  const source = reader.number('Source port', 0, 2)
  const destination = reader.number('Destination port', 2, 2)
  const sequence = reader.number('Sequence number', 4, 4)
  const acknowledgment = reader.number('Acknowledgment number', 8, 4)
  const headerEnd = noteDataOffset(reader)
  const flags = reader.peek(13, 1)
  const children = bits(flags, FLAG_NAMES, reader.start + 13, 1)
  reader.note('Flags', 13, 1, formatFlags(flags) || 'none', { children })
  const window = reader.number('Window', 14, 2, (n) => `${n} (not scaled)`)
  reader.checksum('Checksum', 16, expectedChecksum(bytes, ip))
  reader.number('Urgent pointer', 18, 2)
  const optionsStart = reader.start + TCP_MIN_HEADER
  if (headerEnd > optionsStart) {
    const length = headerEnd - optionsStart
    const options = readOptions(bytes, optionsStart, headerEnd, describeOption)
    reader.note('Options', TCP_MIN_HEADER, length, `${length} bytes`, { children: options })
  }
  const length = ip.payloadEnd - headerEnd
  const words = `[${formatFlags(flags)}] seq ${sequence} ack ${acknowledgment} win ${window} len ${length}`
  const text = reader.cut ? 'cut short' : `${source} > ${destination} ${words}`
  return {
    layers: [reader.layer('TCP', text, headerEnd)],
    ports: reader.cut && ip.payloadEnd - ip.payloadStart < 4 ? undefined : { source, destination },
    words: reader.cut ? 'cut short' : words,
    payloadStart: headerEnd,
    payloadEnd: ip.payloadEnd,
  }
}
