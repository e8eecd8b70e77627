/** A DNS message (RFC 1035 4.1), with EDNS(0) (RFC 6891). */
import type { Dissection } from '../../../../shared/dissection.ts'
import { bits, hex } from '../dissect/reader.ts'
import { RuleReader, type Breach } from '../rule-reader.ts'
import { className, opcodeName, rcodeName, TYPE_OPT, typeName } from './names.ts'
import { readName } from './name.ts'
import { readData } from './record-data.ts'

const FORMAT = 'RFC 1035 4.1'
const HEADER = 'RFC 1035 4.1.1'

export interface DnsQuestion {
  readonly name: string
  readonly type: number
  readonly class: number
}

export interface DnsRecordRead extends DnsQuestion {
  /** Seconds. */
  readonly ttl: number
  /** In the form of a zone file. */
  readonly data: string
}

/** What OPT says (RFC 6891 6.1). */
export interface DnsEdns {
  readonly udpSize: number
  readonly version: number
  readonly dnssecOk: boolean
  /** Octets of its options. */
  readonly options: number
}

export interface DnsMessage {
  readonly id: number
  readonly response: boolean
  readonly opcode: number
  readonly authoritative: boolean
  readonly truncated: boolean
  readonly recursionDesired: boolean
  readonly recursionAvailable: boolean
  readonly authenticData: boolean
  readonly checkingDisabled: boolean
  /** Its upper bits are those of OPT, if there is one. */
  readonly rcode: number
  readonly questions: readonly DnsQuestion[]
  readonly answers: readonly DnsRecordRead[]
  readonly authorities: readonly DnsRecordRead[]
  /** Without OPT. */
  readonly additionals: readonly DnsRecordRead[]
  readonly edns?: DnsEdns
}

export interface DnsReading {
  /** As far as it could be read. */
  readonly message: DnsMessage
  readonly breach: Breach | undefined
}

/** Reads the message in `bytes`. Total: where a rule is broken, it says so and which. */
export function readDns(bytes: Uint8Array): DnsReading {
  const reader = new RuleReader(bytes, FORMAT)
  return { message: readMessage(reader), breach: reader.breach }
}

/** The fields of the bytes of a message, without the length that TCP puts before it (RFC 1035 4.2.2). Total. */
export function dissectDns(bytes: Uint8Array): Dissection {
  const reader = new RuleReader(bytes, FORMAT, { noting: true })
  const message = readMessage(reader)
  const { breach } = reader
  const wrong = breach === undefined ? '' : ` (${breach.reason}: ${breach.rule})`
  return { summary: `DNS ${summaryOf(message)}${wrong}`, layers: reader.fields }
}

function summaryOf(message: DnsMessage): string {
  const { response, rcode, questions, answers, id } = message
  const asked = questions.map(({ name, type }) => `${typeName(type)} ${name}`).join(', ')
  const kind = response ? `response ${rcodeName(rcode)}` : 'query'
  const found = response ? `, answers ${answers.length}` : ''
  return `${kind} ${hex(id, 4)} ${asked}${found}`
}

/** The records of a message, and its OPT. */
interface Sections {
  edns?: DnsEdns
  /** Upper eight bits of the response code (RFC 6891 6.1.3). */
  extended: number
}

function readMessage(reader: RuleReader): DnsMessage {
  const { counts, ...header } = reader.group('Header', () => readHeader(reader))
  const found: Sections = { extended: 0 }
  const questions = section(reader, 'Question', counts[0], () => readQuestion(reader))
  const records = (title: string, count: number): DnsRecordRead[] =>
    section(reader, title, count, () => readRecord(reader, title, found)).filter(
      (record) => record !== undefined,
    )
  const answers = records('Answer', counts[1])
  const authorities = records('Authority', counts[2])
  const additionals = records('Additional', counts[3])
  reader.finish('Trailing bytes')
  const { edns, extended } = found
  const rcode = extended * 16 + header.rcode
  return { ...header, rcode, questions, answers, authorities, additionals, ...(edns && { edns }) }
}

function readHeader(reader: RuleReader) {
  const id = reader.number('ID', 2, (value) => hex(value, 4))
  const { at } = reader
  const word = reader.number('Flags', 2, (value) => hex(value, 4))
  if (reader.noting && !reader.stopped) reader.annotate(flagFields(word, at))
  const opcode = (word >>> 11) & 15
  if ((word & 0x40) !== 0) reader.breaks(HEADER, 'the reserved bit Z is set')
  const questions = reader.number('QDCOUNT', 2)
  if (opcode === 0 && questions > 1) reader.breaks('RFC 9619 4', `${questions} questions`)
  const counts = [questions, ...['ANCOUNT', 'NSCOUNT', 'ARCOUNT'].map((name) => reader.number(name, 2))]
  const bit = (mask: number): boolean => (word & mask) !== 0
  return {
    ...{ id, response: bit(0x8000), opcode, authoritative: bit(0x400), truncated: bit(0x200) },
    ...{ recursionDesired: bit(0x100), recursionAvailable: bit(0x80) },
    ...{ authenticData: bit(0x20), checkingDisabled: bit(0x10), rcode: word & 15, counts },
  }
}

function flagFields(word: number, at: number) {
  const field = (name: string, text: string, offset: number) => ({ name, text, offset, length: 1 })
  const [qr, ...high] = bits(word >>> 8, ['QR', '', '', '', '', 'AA', 'TC', 'RD'], at, 1)
  return [
    { ...qr, text: word & 0x8000 ? '1: response' : '0: query' },
    field('OPCODE', opcodeName((word >>> 11) & 15), at),
    ...high,
    ...bits(word & 0xff, ['RA', 'Z', 'AD', 'CD', '', '', '', ''], at + 1, 1),
    field('RCODE', rcodeName(word & 15), at + 1),
  ]
}

/** As many items as the header has counted, as far as there are bytes. */
function section<T>(reader: RuleReader, title: string, count: number, read: () => T): T[] {
  const items: T[] = []
  if (count === 0) return items
  return reader.group(
    `${title} section`,
    () => {
      while (items.length < count && !reader.stopped) items.push(read())
      return items
    },
    ({ length }) => String(length),
  )
}

const readQuestion = (reader: RuleReader): DnsQuestion =>
  reader.group(
    'Question',
    () => {
      const name = readName(reader, 'QNAME')
      const type = reader.number('QTYPE', 2, typeName)
      return { name, type, class: reader.number('QCLASS', 2, className) }
    },
    ({ name, type }) => `${typeName(type)} ${name}`,
  )

/** Undefined: it was OPT, which is no record of anybody's zone. */
function readRecord(reader: RuleReader, section: string, found: Sections): DnsRecordRead | undefined {
  let isOpt = false
  return reader.group(
    () => (isOpt ? 'OPT' : 'Record'),
    () => {
      const name = readName(reader, 'NAME')
      const type = reader.number('TYPE', 2, typeName)
      isOpt = type === TYPE_OPT && !reader.stopped
      if (isOpt) {
        readOpt(reader, name, section, found)
        return undefined
      }
      const recordClass = reader.number('CLASS', 2, className)
      const ttl = reader.number('TTL', 4, (seconds) => `${seconds} s`)
      const length = reader.number('RDLENGTH', 2)
      const data = reader.within(length, () =>
        reader.group(
          'RDATA',
          () => readData(reader, type),
          (text) => text,
        ),
      )
      return { name, type, class: recordClass, ttl, data }
    },
    (record) => (record === undefined ? '' : recordText(record)),
  )
}

/** The fields of a record mean something else in OPT (RFC 6891 6.1.2). */
function readOpt(reader: RuleReader, name: string, section: string, found: Sections): void {
  if (section !== 'Additional') reader.breaks('RFC 6891 6.1.1', 'OPT outside the additional section')
  else if (found.edns !== undefined) reader.breaks('RFC 6891 6.1.1', 'a second OPT')
  else if (name !== '.') reader.breaks('RFC 6891 6.1.2', 'an OPT that is not the root’s')
  const udpSize = reader.number('UDP payload size', 2, (size) => `${size} bytes`)
  const extended = reader.number('Extended RCODE', 1)
  const version = reader.number('Version', 1)
  const flags = reader.number('Flags', 2, (word) => (word & 0x8000 ? 'DO' : 'none'))
  const options = reader.number('RDLENGTH', 2)
  reader.within(options, () => {
    while (reader.left > 0)
      reader.group('Option', () => {
        reader.number('Option code', 2)
        const length = reader.number('Option length', 2)
        reader.octets('Option data', length)
      })
  })
  if (reader.stopped) return
  found.edns = { udpSize, version, dnssecOk: (flags & 0x8000) !== 0, options }
  found.extended = extended
}

/** A record as a line of a zone file. */
export const recordText = ({ name, ttl, class: recordClass, type, data }: DnsRecordRead): string =>
  `${name} ${ttl} ${className(recordClass)} ${typeName(type)} ${data}`
