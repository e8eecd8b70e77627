/** Transport parameters (RFC 9000 18, RFC 9221 3, RFC 9368 3): what each side declares in the TLS handshake. */
import { write16 } from '../bytes.ts'
import { decoded, malformed, type Decoded } from '../result.ts'
import { Cursor } from './cursor.ts'
import { MAX_CONNECTION_ID } from './header.ts'
import { varintLength, writeVarint } from './varint.ts'

/** RFC 9000 18.2: an address at which the client may go on, with a connection id for it. */
export interface PreferredAddress {
  /** 4 bytes; all zero: none. */
  readonly ipv4: Uint8Array
  readonly ipv4Port: number
  /** 16 bytes; all zero: none. */
  readonly ipv6: Uint8Array
  readonly ipv6Port: number
  readonly connectionId: Uint8Array
  readonly resetToken: Uint8Array
}

/** One that we don't know, as it came. */
export interface UnknownParameter {
  readonly id: number
  readonly value: Uint8Array
}

export interface TransportParameters {
  readonly originalDestinationConnectionId?: Uint8Array
  /** Milliseconds; 0: never. */
  readonly maxIdleTimeout: number
  readonly statelessResetToken?: Uint8Array
  readonly maxUdpPayloadSize: number
  readonly initialMaxData: number
  /** On streams that this side opens, that the peer opens, and on those one way that the peer opens. */
  readonly initialMaxStreamDataBidiLocal: number
  readonly initialMaxStreamDataBidiRemote: number
  readonly initialMaxStreamDataUni: number
  readonly initialMaxStreamsBidi: number
  readonly initialMaxStreamsUni: number
  readonly ackDelayExponent: number
  /** Milliseconds. */
  readonly maxAckDelay: number
  readonly disableActiveMigration: boolean
  readonly preferredAddress?: PreferredAddress
  readonly activeConnectionIdLimit: number
  readonly initialSourceConnectionId?: Uint8Array
  readonly retrySourceConnectionId?: Uint8Array
  /** RFC 9221: the largest DATAGRAM frame that is taken; 0: none. */
  readonly maxDatagramFrameSize: number
  /** draft-ietf-quic-ack-frequency: microseconds; undefined: ACK_FREQUENCY is not understood. */
  readonly minAckDelay?: number
  /** Of the peer's at most a few, for those who look on (RFC 9000 7.4.2, 18.1). */
  readonly unknown?: readonly UnknownParameter[]
}

/** What holds for a parameter that is not there (RFC 9000 18.2). */
export const DEFAULT_PARAMETERS: TransportParameters = {
  maxIdleTimeout: 0,
  maxUdpPayloadSize: 65_527,
  initialMaxData: 0,
  initialMaxStreamDataBidiLocal: 0,
  initialMaxStreamDataBidiRemote: 0,
  initialMaxStreamDataUni: 0,
  initialMaxStreamsBidi: 0,
  initialMaxStreamsUni: 0,
  ackDelayExponent: 3,
  maxAckDelay: 25,
  disableActiveMigration: false,
  activeConnectionIdLimit: 2,
  maxDatagramFrameSize: 0,
}

const RESET_TOKEN = 16
/** Of unknown parameters so many, and up to this size, are kept to be shown. */
const MOST_UNKNOWN = 16
const LONGEST_UNKNOWN = 64

type Name = keyof TransportParameters
type NamesOf<T> = { [N in Name]-?: Required<TransportParameters>[N] extends T ? N : never }[Name]

interface NumberRule {
  readonly id: number
  readonly name: NamesOf<number>
  readonly min?: number
  readonly max?: number
}

const NUMBERS: readonly NumberRule[] = [
  { id: 0x01, name: 'maxIdleTimeout' },
  { id: 0x03, name: 'maxUdpPayloadSize', min: 1200 },
  { id: 0x04, name: 'initialMaxData' },
  { id: 0x05, name: 'initialMaxStreamDataBidiLocal' },
  { id: 0x06, name: 'initialMaxStreamDataBidiRemote' },
  { id: 0x07, name: 'initialMaxStreamDataUni' },
  { id: 0x08, name: 'initialMaxStreamsBidi', max: 2 ** 60 },
  { id: 0x09, name: 'initialMaxStreamsUni', max: 2 ** 60 },
  { id: 0x0a, name: 'ackDelayExponent', max: 20 },
  { id: 0x0b, name: 'maxAckDelay', max: 2 ** 14 - 1 },
  { id: 0x0e, name: 'activeConnectionIdLimit', min: 2 },
  { id: 0x20, name: 'maxDatagramFrameSize' },
  { id: 0xff04de1b, name: 'minAckDelay' },
]

interface BytesRule {
  readonly id: number
  readonly name: NamesOf<Uint8Array>
  readonly min: number
  readonly max: number
}

const BYTES: readonly BytesRule[] = [
  { id: 0x00, name: 'originalDestinationConnectionId', min: 0, max: MAX_CONNECTION_ID },
  { id: 0x02, name: 'statelessResetToken', min: RESET_TOKEN, max: RESET_TOKEN },
  { id: 0x0f, name: 'initialSourceConnectionId', min: 0, max: MAX_CONNECTION_ID },
  { id: 0x10, name: 'retrySourceConnectionId', min: 0, max: MAX_CONNECTION_ID },
]

const DISABLE_ACTIVE_MIGRATION = 0x0c
const PREFERRED_ADDRESS = 0x0d

/** RFC 9000 18.2: a client that sends one of these breaks the protocol. */
export const SERVER_ONLY: readonly Name[] = [
  'originalDestinationConnectionId',
  'preferredAddress',
  'retrySourceConnectionId',
  'statelessResetToken',
]

type Writable<T> = { -readonly [K in keyof T]: T[K] }

/**
 * Reads the extension's bytes; unknown parameters are passed over (RFC 9000 7.4.2). Every error is a TRANSPORT_PARAMETER_ERROR:
 * `truncated`, `twice`, `bad_length`, `bad_value`.
 */
export function decodeTransportParameters(bytes: Uint8Array): Decoded<TransportParameters> {
  const parameters: Writable<TransportParameters> = { ...DEFAULT_PARAMETERS }
  const seen = new Set<number>()
  const cursor = new Cursor(bytes)
  while (cursor.left > 0) {
    const at = cursor.at
    const id = cursor.varint()
    const value = cursor.vector()
    if (cursor.failed) return malformed('quic', 'truncated', at)
    if (seen.has(id)) return malformed('quic', 'twice', at)
    seen.add(id)
    const problem = readParameter(parameters, id, value)
    if (problem !== undefined) return malformed('quic', problem, at)
  }
  return decoded(parameters)
}

type Problem = 'bad_length' | 'bad_value'

function readParameter(
  parameters: Writable<TransportParameters>,
  id: number,
  value: Uint8Array,
): Problem | undefined {
  const number = NUMBERS.find((rule) => rule.id === id)
  if (number !== undefined) return readNumber(parameters, number, value)
  const bytes = BYTES.find((rule) => rule.id === id)
  if (bytes !== undefined) {
    if (value.length < bytes.min || value.length > bytes.max) return 'bad_length'
    parameters[bytes.name] = value.slice()
  } else if (id === DISABLE_ACTIVE_MIGRATION) {
    if (value.length > 0) return 'bad_length'
    parameters.disableActiveMigration = true
  } else if (id === PREFERRED_ADDRESS) return readPreferredAddress(parameters, value)
  else noteUnknown(parameters, id, value)
  return undefined
}

function noteUnknown(parameters: Writable<TransportParameters>, id: number, value: Uint8Array): void {
  const noted = parameters.unknown ?? []
  if (noted.length >= MOST_UNKNOWN || value.length > LONGEST_UNKNOWN) return
  parameters.unknown = [...noted, { id, value: value.slice() }]
}

function readNumber(
  parameters: Writable<TransportParameters>,
  { name, min = 0, max = Infinity }: NumberRule,
  value: Uint8Array,
): Problem | undefined {
  const cursor = new Cursor(value)
  const number = cursor.varint()
  if (cursor.failed || cursor.left > 0) return 'bad_length'
  if (number < min || number > max) return 'bad_value'
  parameters[name] = number
  return undefined
}

function readPreferredAddress(
  parameters: Writable<TransportParameters>,
  value: Uint8Array,
): Problem | undefined {
  const cursor = new Cursor(value.slice())
  const address: PreferredAddress = {
    ipv4: cursor.take(4),
    ipv4Port: cursor.uint16(),
    ipv6: cursor.take(16),
    ipv6Port: cursor.uint16(),
    connectionId: cursor.take(cursor.octet()),
    resetToken: cursor.take(RESET_TOKEN),
  }
  if (cursor.failed || cursor.left > 0) return 'bad_length'
  const { length } = address.connectionId
  if (length < 1 || length > MAX_CONNECTION_ID) return 'bad_value'
  parameters.preferredAddress = address
  return undefined
}

/** The extension's bytes; what has its default value is left out. */
export function encodeTransportParameters(parameters: TransportParameters): Uint8Array {
  const parts: { readonly id: number; readonly value: Uint8Array }[] = []
  for (const { id, name } of BYTES) {
    const value = parameters[name]
    if (value !== undefined) parts.push({ id, value })
  }
  for (const { id, name } of NUMBERS) {
    const value = parameters[name]
    if (value === undefined || value === DEFAULT_PARAMETERS[name]) continue
    const bytes = new Uint8Array(varintLength(value))
    writeVarint(bytes, 0, value)
    parts.push({ id, value: bytes })
  }
  if (parameters.disableActiveMigration)
    parts.push({ id: DISABLE_ACTIVE_MIGRATION, value: new Uint8Array(0) })
  if (parameters.preferredAddress !== undefined)
    parts.push({ id: PREFERRED_ADDRESS, value: encodePreferredAddress(parameters.preferredAddress) })
  return join([...parts, ...(parameters.unknown ?? [])])
}

function encodePreferredAddress(address: PreferredAddress): Uint8Array {
  const { ipv4, ipv4Port, ipv6, ipv6Port, connectionId, resetToken } = address
  const bytes = new Uint8Array(25 + connectionId.length + RESET_TOKEN)
  bytes.set(ipv4)
  write16(bytes, 4, ipv4Port)
  bytes.set(ipv6, 6)
  write16(bytes, 22, ipv6Port)
  bytes[24] = connectionId.length
  bytes.set(connectionId, 25)
  bytes.set(resetToken, 25 + connectionId.length)
  return bytes
}

function join(parts: readonly { readonly id: number; readonly value: Uint8Array }[]): Uint8Array {
  const length = parts.reduce(
    (sum, { id, value }) => sum + varintLength(id) + varintLength(value.length) + value.length,
    0,
  )
  const bytes = new Uint8Array(length)
  let at = 0
  for (const { id, value } of parts) {
    at = writeVarint(bytes, writeVarint(bytes, at, id), value.length)
    bytes.set(value, at)
    at += value.length
  }
  return bytes
}
