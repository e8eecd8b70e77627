/**
 * ICMP messages: RFC 792; next-hop MTU of RFC 1191 4. Message types that have no record of their own, and codes
 * that RFC 792 does not give to echo, are kept as they came.
 */
import { read16, read32, write16 } from './bytes.ts'
import { checksum } from './checksum.ts'
import type { Ipv4Address } from './address.ts'
import { IPV4_MIN_HEADER, type Ipv4Packet } from './ipv4.ts'
import { decoded, malformed, type Decoded } from './result.ts'

export const ICMP_HEADER = 8

/** Types (RFC 792). */
export const ECHO_REPLY = 0
export const DESTINATION_UNREACHABLE = 3
export const SOURCE_QUENCH = 4
export const REDIRECT = 5
export const ECHO_REQUEST = 8
export const TIME_EXCEEDED = 11
export const PARAMETER_PROBLEM = 12

/** Codes of Destination Unreachable (RFC 792, RFC 1122 3.2.2.1). */
export const NETWORK_UNREACHABLE = 0
export const HOST_UNREACHABLE = 1
export const PROTOCOL_UNREACHABLE = 2
export const PORT_UNREACHABLE = 3
export const FRAGMENTATION_NEEDED = 4

/** Codes of Time Exceeded (RFC 792). */
export const TTL_EXCEEDED = 0
export const REASSEMBLY_TIME_EXCEEDED = 1

export type IcmpMessage = IcmpEcho | IcmpUnreachable | IcmpTimeExceeded | IcmpParameterProblem | IcmpUnknown

export interface IcmpEcho {
  readonly kind: 'echo_request' | 'echo_reply'
  readonly identifier: number
  readonly sequence: number
  readonly payload: Uint8Array
}

export interface IcmpUnreachable {
  readonly kind: 'destination_unreachable'
  readonly code: number
  /** With FRAGMENTATION_NEEDED: the MTU of the next hop, 0 from a router older than RFC 1191. Else 0. */
  readonly nextHopMtu: number
  /** The packet that is complained of: its IP header and at least 8 bytes more; `readQuoted` reads it. */
  readonly quoted: Uint8Array
}

export interface IcmpTimeExceeded {
  readonly kind: 'time_exceeded'
  readonly code: number
  readonly quoted: Uint8Array
}

export interface IcmpParameterProblem {
  readonly kind: 'parameter_problem'
  readonly code: number
  /** The byte of the quoted packet where the trouble was found. */
  readonly pointer: number
  readonly quoted: Uint8Array
}

export interface IcmpUnknown {
  readonly kind: 'unknown'
  readonly type: number
  readonly code: number
  /** All that follows the checksum, at least 4 bytes. */
  readonly body: Uint8Array
}

/** What an error message's quotation tells of the packet that caused it. */
export interface QuotedPacket {
  readonly protocol: number
  readonly source: Ipv4Address
  readonly destination: Ipv4Address
  readonly sourcePort: number
  readonly destinationPort: number
  /** Of TCP: the sequence number, by which a forged error can be told (RFC 5927 4). */
  readonly sequence: number
}

/**
 * Reads the ICMP message in `length` bytes at `offset`; payloads and quotations are views. Errors: `truncated`,
 * `bad_checksum`.
 */
export function decodeIcmp(bytes: Uint8Array, offset: number, length: number): Decoded<IcmpMessage> {
  const end = Math.min(offset + length, bytes.length)
  if (end - offset < ICMP_HEADER) return malformed('icmp', 'truncated', Math.min(offset, bytes.length))
  if (checksum(bytes, offset, end - offset) !== 0) return malformed('icmp', 'bad_checksum', offset + 2)
  const type = bytes[offset]
  const code = bytes[offset + 1]
  const rest = bytes.subarray(offset + ICMP_HEADER, end)
  if ((type === ECHO_REQUEST || type === ECHO_REPLY) && code === 0) {
    const kind = type === ECHO_REQUEST ? 'echo_request' : 'echo_reply'
    return decoded({
      kind,
      identifier: read16(bytes, offset + 4),
      sequence: read16(bytes, offset + 6),
      payload: rest,
    })
  }
  if (type === DESTINATION_UNREACHABLE) {
    const nextHopMtu = code === FRAGMENTATION_NEEDED ? read16(bytes, offset + 6) : 0
    return decoded({ kind: 'destination_unreachable', code, nextHopMtu, quoted: rest })
  }
  if (type === TIME_EXCEEDED) return decoded({ kind: 'time_exceeded', code, quoted: rest })
  if (type === PARAMETER_PROBLEM) {
    return decoded({ kind: 'parameter_problem', code, pointer: bytes[offset + 4], quoted: rest })
  }
  return decoded({ kind: 'unknown', type, code, body: bytes.subarray(offset + 4, end) })
}

const TYPES = {
  echo_request: ECHO_REQUEST,
  echo_reply: ECHO_REPLY,
  destination_unreachable: DESTINATION_UNREACHABLE,
  time_exceeded: TIME_EXCEEDED,
  parameter_problem: PARAMETER_PROBLEM,
} as const

export const icmpType = (message: IcmpMessage): number =>
  message.kind === 'unknown' ? message.type : TYPES[message.kind]

export const icmpCode = (message: IcmpMessage): number => ('code' in message ? message.code : 0)

/** Whether a message reports an error; to such a one no error message is ever sent (RFC 1122 3.2.2). */
export function isIcmpError(type: number): boolean {
  return (
    type === DESTINATION_UNREACHABLE ||
    type === SOURCE_QUENCH ||
    type === REDIRECT ||
    type === TIME_EXCEEDED ||
    type === PARAMETER_PROBLEM
  )
}

/** Length of the message on the wire, without the IP header. */
export function icmpLength(message: IcmpMessage): number {
  if (message.kind === 'unknown') return 4 + message.body.length
  return ICMP_HEADER + ('quoted' in message ? message.quoted.length : message.payload.length)
}

/** Writes a message with its checksum at `offset` of `into` and returns its length. */
export function encodeIcmp(message: IcmpMessage, into: Uint8Array, offset = 0): number {
  const length = icmpLength(message)
  into[offset] = icmpType(message)
  into[offset + 1] = icmpCode(message)
  if (message.kind === 'unknown') {
    into.set(message.body, offset + 4)
  } else {
    into.fill(0, offset + 4, offset + ICMP_HEADER)
    writeRestOfHeader(message, into, offset + 4)
    into.set('quoted' in message ? message.quoted : message.payload, offset + ICMP_HEADER)
  }
  write16(into, offset + 2, 0)
  write16(into, offset + 2, checksum(into, offset, length))
  return length
}

function writeRestOfHeader(message: Exclude<IcmpMessage, IcmpUnknown>, into: Uint8Array, at: number): void {
  switch (message.kind) {
    case 'echo_request':
    case 'echo_reply':
      write16(into, at, message.identifier)
      write16(into, at + 2, message.sequence)
      break
    case 'destination_unreachable':
      if (message.code === FRAGMENTATION_NEEDED) write16(into, at + 2, message.nextHopMtu)
      break
    case 'parameter_problem':
      into[at] = message.pointer
      break
    case 'time_exceeded':
      break
  }
}

/**
 * The longest quotation: with the headers of IP and ICMP the error stays within the 576 bytes that every host must
 * be able to take (RFC 1812 4.3.2.3).
 */
const QUOTE_LIMIT = 576 - IPV4_MIN_HEADER - ICMP_HEADER
/** Of a longer packet: what RFC 792 asks for and hosts need. */
const QUOTED_DATA = 8

/**
 * What an error quotes of a packet: all of it, or its header and eight bytes. RFC 1812 4.3.2.3 would like as much as fits, but
 * analysers take a transport header whose data end early for one with a wrong checksum.
 */
export const quoteOf = ({ totalLength, headerLength }: Ipv4Packet, bytes: Uint8Array): Uint8Array =>
  bytes.subarray(0, totalLength <= QUOTE_LIMIT ? totalLength : headerLength + QUOTED_DATA)

/**
 * Reads the addresses and ports of a quoted packet, which is cut short by nature and may have been altered on
 * its way (TTL, checksum), so that neither its length nor its checksum is looked at. Undefined when it is not
 * an IPv4 header and 8 bytes, or a fragment other than the first, which has no ports.
 */
export function readQuoted(quoted: Uint8Array): QuotedPacket | undefined {
  const headerLength = (quoted[0] & 0x0f) * 4
  if (quoted.length < IPV4_MIN_HEADER || quoted[0] >>> 4 !== 4 || headerLength < IPV4_MIN_HEADER)
    return undefined
  if (quoted.length < headerLength + 8 || (read16(quoted, 6) & 0x1fff) !== 0) return undefined
  return {
    protocol: quoted[9],
    source: read32(quoted, 12),
    destination: read32(quoted, 16),
    sourcePort: read16(quoted, headerLength),
    destinationPort: read16(quoted, headerLength + 2),
    sequence: read32(quoted, headerLength + 4),
  }
}
