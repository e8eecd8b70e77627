/** What a record says, by its type, in the form of a zone file (RFC 1035 3.3, 5.1). */
import { formatAddress } from '../address.ts'
import { read32 } from '../bytes.ts'
import { octetText } from '../octets.ts'
import type { RuleReader } from '../rule-reader.ts'
import { hexOfBytes } from '../../../../shared/hex.ts'
import { readName } from './name.ts'

type ReadData = (reader: RuleReader) => string

const oneName: ReadData = (reader) => readName(reader, 'Name')

/** An address that has this many octets. */
const address = (size: number, rule: string, text: (octets: Uint8Array) => string): ReadData => {
  return (reader) => {
    const octets = reader.octets('Address', Math.min(size, reader.left), (bytes) =>
      bytes.length === size ? text(bytes) : hexOfBytes(bytes),
    )
    if (octets.length === size) return text(octets)
    reader.breaks(rule, `an address of ${octets.length} octets`)
    return ''
  }
}

/** RFC 5952 4: lower case, no leading zeros, the first longest run of two zeros or more as `::`. */
export function ipv6Text(octets: Uint8Array): string {
  const words = Array.from({ length: 8 }, (_, i) => ((octets[2 * i] << 8) | octets[2 * i + 1]).toString(16))
  let [start, length] = [0, 0]
  for (let i = 0; i < 8; i++) {
    let run = 0
    while (i + run < 8 && words[i + run] === '0') run++
    if (run > length) [start, length] = [i, run]
  }
  if (length < 2) return words.join(':')
  return `${words.slice(0, start).join(':')}::${words.slice(start + length).join(':')}`
}

/** A character-string (RFC 1035 3.3). */
function readString(reader: RuleReader, title: string): string {
  const length = reader.left > 0 ? reader.bytes[reader.at] : 0
  const quoted = (octets: Uint8Array): string => `"${stringText(octets.subarray(1))}"`
  const octets = reader.octets(title, 1 + length, quoted)
  return reader.stopped ? '' : quoted(octets)
}

const stringText = (octets: Uint8Array): string =>
  octetText(octets).replace(/[^ -~]|["\\]/g, (char) => {
    const code = char.charCodeAt(0)
    return code >= 0x20 && code < 0x7f ? `\\${char}` : `\\${String(code).padStart(3, '0')}`
  })

const readTexts: ReadData = (reader) => {
  const texts: string[] = []
  if (reader.left === 0) reader.breaks('RFC 1035 3.3.14', 'a TXT record without a string')
  while (reader.left > 0) texts.push(readString(reader, 'Text'))
  return texts.join(' ')
}

/** RFC 1035 3.3.13. */
const readSoa: ReadData = (reader) => {
  const names = [readName(reader, 'MNAME'), readName(reader, 'RNAME')]
  const numbers = ['SERIAL', 'REFRESH', 'RETRY', 'EXPIRE', 'MINIMUM'].map((title) => reader.number(title, 4))
  return [...names, ...numbers].join(' ')
}

const READERS: Readonly<Record<number, ReadData>> = {
  1: address(4, 'RFC 1035 3.4.1', (octets) => formatAddress(read32(octets, 0))),
  2: oneName,
  5: oneName,
  6: readSoa,
  12: oneName,
  15: (reader) => `${reader.number('Preference', 2)} ${readName(reader, 'Exchange')}`,
  16: readTexts,
  28: address(16, 'RFC 3596 2.2', ipv6Text),
  // RFC 2782.
  33: (reader) => {
    const numbers = ['Priority', 'Weight', 'Port'].map((title) => reader.number(title, 2))
    return [...numbers, readName(reader, 'Target')].join(' ')
  },
  39: oneName,
}

/** Reads the data of a record up to the reader's end; that of an unknown type in the form of RFC 3597 5. */
export function readData(reader: RuleReader, type: number): string {
  const read = READERS[type]
  if (read !== undefined) return read(reader)
  const octets = reader.rest('Data')
  return octets.length === 0 ? '\\# 0' : `\\# ${octets.length} ${hexOfBytes(octets)}`
}
