/**
 * DNS messages (RFC 1035 4.1) by `dns-packet`, which throws: here that becomes a value, with the rule that was broken. And what it does
 * not tell: the bytes of the question, and whether the message ends where it says.
 */
import { decode, encode, type Answer, type DecodedPacket, type OptAnswer, type Packet } from 'dns-packet'
import { readDns } from '../../../protocol/wire/dns/message.ts'

/** QR, opcode, AA, TC, RD in the second pair of bytes (RFC 1035 4.1.1). */
const RESPONSE = 0x8000
export const HEADER = 12

/** What is wrong with a message, by which rule, and where. */
export interface Fault {
  readonly rule: string
  readonly reason: string
  readonly offset: number
}

export interface Message {
  readonly bytes: Buffer
  readonly packet: DecodedPacket
}

/** The first four bytes, which any answer needs; undefined: there are not even those of a whole header. */
export interface Header {
  readonly id: number
  readonly isResponse: boolean
  readonly opcode: number
  readonly recursionDesired: boolean
  readonly rcode: number
  readonly questions: number
}

export function readHeader(bytes: Uint8Array): Header | undefined {
  if (bytes.length < HEADER) return undefined
  const view = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.length)
  const flags = view.readUInt16BE(2)
  return {
    id: view.readUInt16BE(0),
    isResponse: (flags & RESPONSE) !== 0,
    opcode: (flags >> 11) & 0xf,
    recursionDesired: (flags & 0x0100) !== 0,
    rcode: flags & 0xf,
    questions: view.readUInt16BE(4),
  }
}

const UNREADABLE = { rule: 'RFC 1035 4.1', reason: 'not to be read' } as const

/** Reads a message; never throws. */
export function readMessage(bytes: Uint8Array): Message | Fault {
  const copy = Buffer.from(bytes)
  if (copy.length < HEADER)
    return { rule: 'RFC 1035 4.1.1', reason: 'shorter than a header', offset: copy.length }
  try {
    const packet = decode(copy)
    // It reads records whose length leads beyond the end as if they ended there.
    if (decode.bytes <= copy.length) return { bytes: copy, packet }
  } catch {
    // It does not say where; the lab's own reader does, and by which rule.
  }
  return readDns(copy).breach ?? { ...UNREADABLE, offset: copy.length }
}

export const isFault = (read: Message | Fault): read is Fault => 'rule' in read

/** The question section as it came: names are to be given back letter by letter, in their capitals, too. */
export function questionBytes({ bytes }: Message): Buffer {
  let at = HEADER
  // A question stands first, so there is nothing before it that its name could point at.
  while (bytes[at] !== 0) {
    // But for the header itself: such a name has only been read, by a pointer of two bytes.
    if ((bytes[at] & 0xc0) !== 0) return bytes.subarray(HEADER, at + 2 + 4)
    at += bytes[at] + 1
  }
  return bytes.subarray(HEADER, at + 1 + 4)
}

export const isOpt = (record: Answer): record is OptAnswer => record.type === 'OPT'

/** The OPT record, by which a side tells what it can do beyond RFC 1035 (RFC 6891 6.1.1). */
export const optOf = ({ packet }: Message): OptAnswer | undefined => packet.additionals?.find(isOpt)

export function optRecord(udpPayloadSize: number, extendedRcode = 0): OptAnswer {
  const none = { ednsVersion: 0, flags: 0, flag_do: false, options: [] }
  return { type: 'OPT', name: '.', udpPayloadSize, extendedRcode, ...none }
}

/** Writes a message; with `question`, that stands in it byte by byte. */
export function writeMessage(packet: Packet, question?: Uint8Array): Buffer {
  const bytes = encode(packet)
  if (question === undefined) return bytes
  // Nothing behind it needs to be moved in its turn: `dns-packet` does not compress names.
  const whole = Buffer.concat([bytes.subarray(0, HEADER), question, bytes.subarray(HEADER)])
  whole.writeUInt16BE(1, 4)
  return whole
}

/** Names are the same whatever their letters' case (RFC 4343). */
export const canonical = (name: string): string => name.toLowerCase().replace(/\.$/, '')

/** What a record says, as in a zone file. */
export function valueOf(record: Answer): string {
  if (!('data' in record)) return ''
  const { data } = record
  if (typeof data === 'string') return data
  if (record.type === 'TXT') return [record.data].flat().map(String).join('')
  if (record.type === 'MX') return `${record.data.preference ?? 0} ${record.data.exchange}`
  if (record.type === 'SOA') return `${record.data.mname} ${record.data.rname}`
  return ''
}
