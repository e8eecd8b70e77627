/** Protocols told by their first bytes. */
import { integerSize } from '../../protocol/wire/mqtt/variable-integer.ts'
import { octetText } from '../../protocol/wire/octets.ts'
import type { Side } from '../../protocol/wire/side.ts'
import { PREFACE } from '../../protocol/wire/h2/frame-reader.ts'
import { SETTINGS } from '../../protocol/wire/h2/names.ts'
import { readRequestLine } from '../../protocol/wire/http1/start-line.ts'
import { HANDSHAKE } from '../../protocol/wire/tls/names.ts'

/** `dns` is known by its port alone: it begins with a length, like anything. */
export type Protocol = 'tls' | 'h2' | 'http/1.1' | 'mqtt' | 'dns'

/** `undecided`: more bytes are needed. */
export type Look = Protocol | 'none' | 'undecided'

/** As many bytes decide it: a request line has 8,000 octets at least to be (RFC 9112 3), rarely more. */
export const MOST_LOOKED_AT = 16_384

/** So far a request line: a method of at most 32 octets, then a target. */
const REQUEST_SO_FAR =
  /^[!#$%&'*+.^_`|~0-9A-Za-z-]{1,32}( [\x21-\x7e\x80-\xff]*( (H(T(T(P(\/[\d.]*)?)?)?)?)?\r?)?)?$/

const startsLike = (bytes: Uint8Array, pattern: Uint8Array): boolean => {
  for (let i = 0; i < bytes.length && i < pattern.length; i++) if (bytes[i] !== pattern[i]) return false
  return true
}

/** What the first bytes that a side sends are the beginning of. The client speaks first, but for HTTP/2's server. */
export function look(from: Side, bytes: Uint8Array): Look {
  if (bytes.length === 0) return 'undecided'
  return from === 'client' ? lookAtClient(bytes) : lookAtServer(bytes)
}

function lookAtClient(bytes: Uint8Array): Look {
  if (bytes[0] === HANDSHAKE) return lookAtRecord(bytes)
  if (bytes[0] === CONNECT) return lookAtConnect(bytes)
  if (startsLike(bytes, PREFACE)) return bytes.length >= PREFACE.length ? 'h2' : 'undecided'
  const lf = bytes.indexOf(0x0a)
  if (lf >= 0) {
    const text = octetText(bytes, 0, bytes[lf - 1] === 0x0d ? lf - 1 : lf)
    const line = readRequestLine(text, { offset: 0, length: lf + 1 })
    return line?.version.startsWith('1.') === true ? 'http/1.1' : 'none'
  }
  return bytes.length < MOST_LOOKED_AT && REQUEST_SO_FAR.test(octetText(bytes)) ? 'undecided' : 'none'
}

/** A handshake record of any version (RFC 8446 5.1) with a ClientHello in it. */
function lookAtRecord(bytes: Uint8Array): Look {
  if (bytes.length < 3) return bytes[1] === undefined || bytes[1] === 3 ? 'undecided' : 'none'
  if (bytes[1] !== 3 || bytes[2] > 4) return 'none'
  if (bytes.length < 6) return 'undecided'
  return bytes[5] === 1 ? 'tls' : 'none'
}

/** MQTT's CONNECT without flags, and the name of the protocol behind its remaining length (MQTT 3.1.1 3.1, MQTT 3.1 3.1). */
function lookAtConnect(bytes: Uint8Array): Look {
  const size = integerSize(bytes, 1, bytes.length)
  if (size <= 0) return size === 0 ? 'undecided' : 'none'
  const name = bytes.subarray(1 + size)
  const like = MQTT_NAMES.find((known) => startsLike(name, known))
  if (like === undefined) return 'none'
  return name.length >= like.length ? 'mqtt' : 'undecided'
}

const CONNECT = 0x10
const MQTT_NAMES = ['\0\x04MQTT', '\0\x06MQIsdp'].map((name) =>
  Uint8Array.from(name, (char) => char.charCodeAt(0)),
)

/** The SETTINGS frame that an HTTP/2 server may send before it has heard anything (RFC 9113 3.4). */
function lookAtServer(bytes: Uint8Array): Look {
  const length = (bytes[0] << 16) | (bytes[1] << 8) | bytes[2]
  if (bytes[0] !== 0 || length % 6 !== 0) return 'none'
  if (bytes.length < 9) return startsLike(bytes.subarray(3), FIRST_SETTINGS) ? 'undecided' : 'none'
  return startsLike(bytes.subarray(3, 9), FIRST_SETTINGS) ? 'h2' : 'none'
}

/** Type, flags and stream of it. */
const FIRST_SETTINGS = Uint8Array.of(SETTINGS, 0, 0, 0, 0, 0)
