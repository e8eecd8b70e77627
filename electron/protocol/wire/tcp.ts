/** TCP segments (RFC 9293 3.1; options of RFC 9293 3.2, RFC 7323, RFC 2018). */
import type { Ipv4Address } from './address.ts'
import { read16, read32, write16, write32 } from './bytes.ts'
import { complementSum, pseudoHeaderSum, wordSum } from './checksum.ts'
import { PROTOCOL_TCP } from './ipv4.ts'
import { decoded, malformed, type Decoded } from './result.ts'

export { ACK, CWR, ECE, FIN, PSH, RST, SYN, URG } from '../../../shared/tcp-flags.ts'

export interface TcpOptions {
  readonly mss?: number
  readonly windowScale?: number
  readonly sackPermitted?: boolean
  /** SACK blocks, flat: left, right, left, right ... */
  readonly sack?: readonly number[]
  readonly timestamps?: { readonly value: number; readonly echo: number }
  /** Options that this codec does not know, kept as they came. */
  readonly unknown?: readonly { readonly kind: number; readonly data: Uint8Array }[]
}

export interface TcpSegment {
  readonly sourcePort: number
  readonly destinationPort: number
  readonly sequence: number
  readonly acknowledgment: number
  readonly flags: number
  /** As on the wire, not scaled. */
  readonly window: number
  readonly urgent: number
  readonly options: TcpOptions
  readonly payload: Uint8Array
}

/** Header without options. */
export const TCP_MIN_HEADER = 20
export const TCP_MAX_OPTIONS = 40

/** Option kinds (RFC 9293 3.2, RFC 7323 2.2 and 3.2, RFC 2018 2 and 3). */
export const OPTION_END = 0
export const OPTION_NOP = 1
export const OPTION_MSS = 2
export const OPTION_WINDOW_SCALE = 3
export const OPTION_SACK_PERMITTED = 4
export const OPTION_SACK = 5
export const OPTION_TIMESTAMPS = 8
/** For experiments (RFC 4727 2.1); the codec leaves it to whoever experiments. */
export const OPTION_EXPERIMENT = 253

export const NO_TCP_OPTIONS: TcpOptions = {}

const FLAG_NAMES = ['FIN', 'SYN', 'RST', 'PSH', 'ACK', 'URG', 'ECE', 'CWR'] as const

/** The names of the flags that are set, lowest bit first, such as `SYN, ACK`. */
export function formatFlags(flags: number): string {
  return FLAG_NAMES.filter((_, bit) => flags & (1 << bit)).join(', ')
}

type Builder = { -readonly [K in keyof TcpOptions]: TcpOptions[K] } & {
  unknown?: { kind: number; data: Uint8Array }[]
}

const fail = (reason: string, offset: number): Decoded<never> => malformed('tcp', reason, offset)

/** Whether a known option may have this length, kind and length octets counted. */
function isLegalLength(kind: number, length: number): boolean {
  switch (kind) {
    case OPTION_MSS:
      return length === 4
    case OPTION_WINDOW_SCALE:
      return length === 3
    case OPTION_SACK_PERMITTED:
      return length === 2
    case OPTION_SACK:
      return length >= 10 && length % 8 === 2
    case OPTION_TIMESTAMPS:
      return length === 10
    default:
      return true
  }
}

/** Takes the option at `at`, whose length is right, into `options`. Should one come twice, the last one counts. */
function takeOption(bytes: Uint8Array, at: number, length: number, options: Builder): void {
  const kind = bytes[at]
  switch (kind) {
    case OPTION_MSS:
      options.mss = read16(bytes, at + 2)
      break
    case OPTION_WINDOW_SCALE:
      options.windowScale = bytes[at + 2]
      break
    case OPTION_SACK_PERMITTED:
      options.sackPermitted = true
      break
    case OPTION_SACK: {
      const edges: number[] = []
      for (let edge = at + 2; edge < at + length; edge += 4) edges.push(read32(bytes, edge))
      options.sack = edges
      break
    }
    case OPTION_TIMESTAMPS:
      options.timestamps = { value: read32(bytes, at + 2), echo: read32(bytes, at + 6) }
      break
    default:
      options.unknown ??= []
      options.unknown.push({ kind, data: bytes.subarray(at + 2, at + length) })
  }
}

/**
 * Reads the options between `start` and `end`. What follows End of Option List is padding. Unknown kinds are no
 * error (RFC 9293 MUST-6). An illegal length is one: nothing after it can be trusted, and a receiver has to be
 * prepared for it (MUST-7); a segment that carries one is dropped and reported as malformed.
 */
function decodeOptions(bytes: Uint8Array, start: number, end: number): Decoded<TcpOptions> {
  const options: Builder = {}
  let at = start
  while (at < end && bytes[at] !== OPTION_END) {
    const kind = bytes[at]
    if (kind === OPTION_NOP) {
      at++
      continue
    }
    if (at + 1 >= end) return fail('truncated_option', at)
    const length = bytes[at + 1]
    if (length < 2 || at + length > end || !isLegalLength(kind, length))
      return fail('bad_option_length', at + 1)
    takeOption(bytes, at, length, options)
    at += length
  }
  return decoded(options)
}

/**
 * Reads the TCP segment in `length` bytes at `offset`, sent between these addresses; the payload is a view.
 * Reserved bits are ignored (RFC 9293 3.1). Errors: `truncated`, `bad_checksum`, `bad_data_offset`,
 * `truncated_option`, `bad_option_length`.
 */
export function decodeTcp(
  bytes: Uint8Array,
  offset: number,
  length: number,
  source: Ipv4Address,
  destination: Ipv4Address,
): Decoded<TcpSegment> {
  const end = Math.min(offset + length, bytes.length)
  const size = end - offset
  if (size < TCP_MIN_HEADER) return fail('truncated', Math.min(offset, bytes.length))
  // First of all, so that damage on the way is called by its name wherever it struck.
  const pseudo = pseudoHeaderSum(source, destination, PROTOCOL_TCP, size)
  if (complementSum(pseudo + wordSum(bytes, offset, size)) !== 0) return fail('bad_checksum', offset + 16)
  const headerLength = (bytes[offset + 12] >>> 4) * 4
  if (headerLength < TCP_MIN_HEADER || headerLength > size) return fail('bad_data_offset', offset + 12)
  const payloadStart = offset + headerLength
  let options = NO_TCP_OPTIONS
  if (headerLength > TCP_MIN_HEADER) {
    const read = decodeOptions(bytes, offset + TCP_MIN_HEADER, payloadStart)
    if (!read.ok) return read
    options = read.value
  }
  return decoded({
    sourcePort: read16(bytes, offset),
    destinationPort: read16(bytes, offset + 2),
    sequence: read32(bytes, offset + 4),
    acknowledgment: read32(bytes, offset + 8),
    flags: bytes[offset + 13],
    window: read16(bytes, offset + 14),
    urgent: read16(bytes, offset + 18),
    options,
    payload: bytes.subarray(payloadStart, end),
  })
}

/** Bytes that the options take in a header, padding to a multiple of four included. */
export function tcpOptionsLength(options: TcpOptions): number {
  let length = 0
  if (options.mss !== undefined) length += 4
  if (options.timestamps !== undefined) length += 12
  else if (options.sackPermitted) length += 4
  if (options.windowScale !== undefined) length += 4
  if (options.sack !== undefined && options.sack.length > 0) length += 4 + options.sack.length * 4
  if (options.unknown !== undefined) for (const { data } of options.unknown) length += 2 + data.length
  return (length + 3) & ~3
}

/** Length of the segment on the wire, without the IP header. */
export const tcpLength = (segment: TcpSegment): number =>
  TCP_MIN_HEADER + tcpOptionsLength(segment.options) + segment.payload.length

/** Writes kind and length behind as many No-Operations as put the option's end on a multiple of four. */
function startOption(into: Uint8Array, at: number, nops: number, kind: number, length: number): number {
  let next = at
  for (let i = 0; i < nops; i++) into[next++] = OPTION_NOP
  into[next++] = kind
  into[next++] = length
  return next
}

/** Writes the options in the order and with the alignment that stacks in the field use. */
function encodeOptions(options: TcpOptions, into: Uint8Array, start: number): number {
  let at = start
  if (options.mss !== undefined) {
    at = startOption(into, at, 0, OPTION_MSS, 4)
    write16(into, at, options.mss)
    at += 2
  }
  // SACK-permitted takes the place of the two No-Operations that align the timestamps (RFC 7323 appendix A).
  const paired = options.sackPermitted === true && options.timestamps !== undefined
  if (options.sackPermitted) at = startOption(into, at, paired ? 0 : 2, OPTION_SACK_PERMITTED, 2)
  if (options.timestamps !== undefined) {
    at = startOption(into, at, paired ? 0 : 2, OPTION_TIMESTAMPS, 10)
    write32(into, at, options.timestamps.value)
    write32(into, at + 4, options.timestamps.echo)
    at += 8
  }
  if (options.windowScale !== undefined) {
    at = startOption(into, at, 1, OPTION_WINDOW_SCALE, 3)
    into[at++] = options.windowScale
  }
  if (options.sack !== undefined && options.sack.length > 0) {
    at = startOption(into, at, 2, OPTION_SACK, 2 + options.sack.length * 4)
    for (const edge of options.sack) {
      write32(into, at, edge)
      at += 4
    }
  }
  for (const { kind, data } of options.unknown ?? []) {
    at = startOption(into, at, 0, kind, 2 + data.length)
    into.set(data, at)
    at += data.length
  }
  return at
}

/**
 * Writes a segment with its checksum at `offset` of `into` and returns its length. Throws when the options take
 * more than 40 bytes: `tcpOptionsLength` tells beforehand.
 */
export function encodeTcp(
  segment: TcpSegment,
  into: Uint8Array,
  offset: number,
  source: Ipv4Address,
  destination: Ipv4Address,
): number {
  const optionsLength = tcpOptionsLength(segment.options)
  if (optionsLength > TCP_MAX_OPTIONS) throw new RangeError(`TCP options of ${optionsLength} bytes`)
  const payloadStart = offset + TCP_MIN_HEADER + optionsLength
  const size = TCP_MIN_HEADER + optionsLength + segment.payload.length
  write16(into, offset, segment.sourcePort)
  write16(into, offset + 2, segment.destinationPort)
  write32(into, offset + 4, segment.sequence)
  write32(into, offset + 8, segment.acknowledgment)
  into[offset + 12] = ((TCP_MIN_HEADER + optionsLength) >>> 2) << 4
  into[offset + 13] = segment.flags
  write16(into, offset + 14, segment.window)
  write16(into, offset + 16, 0)
  write16(into, offset + 18, segment.urgent)
  if (optionsLength > 0) {
    const optionsEnd = encodeOptions(segment.options, into, offset + TCP_MIN_HEADER)
    into.fill(OPTION_END, optionsEnd, payloadStart)
  }
  into.set(segment.payload, payloadStart)
  const pseudo = pseudoHeaderSum(source, destination, PROTOCOL_TCP, size)
  write16(into, offset + 16, complementSum(pseudo + wordSum(into, offset, size)))
  return size
}
