/**
 * The QUIC packets of a datagram as far as anybody can read them: without keys, which are not here (RFC 9000 17, RFC 8999). The
 * rest of each is said to be protected.
 */
import type { DissectedField } from '../../../../shared/dissection.ts'
import { hexOfBytes } from '../../../../shared/hex.ts'
import { decodePacket, RETRY_TAG, type Packet } from '../quic/header.ts'
import { hex } from './reader.ts'

/** The port of HTTP/3: a short header is like any bytes, so only there it is taken for one. */
const PORT = 443
const LONG = 0x80
const FIXED = 0x40
/** First byte and version. */
const VERSION_END = 5

const NAMES: Readonly<Record<Packet['kind'], string>> = {
  initial: 'Initial',
  '0rtt': '0-RTT',
  handshake: 'Handshake',
  '1rtt': '1-RTT',
  retry: 'Retry',
  version_negotiation: 'Version Negotiation',
  unknown_version: 'of an unknown version',
}

/** A layer for each packet from `start` to `end`; none when these bytes are no QUIC. `ports`: of the datagram. */
export function dissectQuic(
  bytes: Uint8Array,
  start: number,
  end: number,
  ports: { readonly source: number; readonly destination: number } | undefined,
): readonly DissectedField[] {
  const datagram = bytes.subarray(0, end)
  const isKnownPort = ports !== undefined && (ports.source === PORT || ports.destination === PORT)
  const layers: DissectedField[] = []
  for (let at = start; at < end;) {
    const isLong = (datagram[at] & LONG) !== 0
    if (!isLong && !(isKnownPort && datagram[at] & FIXED)) break
    // How long the connection id of a short header is, only its owner knows (RFC 9000 17.3.1).
    const packet = decodePacket(datagram, at, 0)
    // What follows the first packet may be padding of the datagram, which is no packet (RFC 9000 12.2).
    if (!packet.ok || (packet.value.kind === 'unknown_version' && !isKnownPort)) break
    layers.push(layerOf(packet.value, datagram))
    at = Math.max(packet.value.end, at + 1)
  }
  return layers
}

type Note = (name: string, offset: number, length: number, text: string) => void

function layerOf(packet: Packet, bytes: Uint8Array): DissectedField {
  const { kind, start, end } = packet
  const children: DissectedField[] = []
  const note: Note = (name, offset, length, text) => children.push({ name, offset, length, text })
  const first = bytes[start]
  note('Header form', start, 1, kind === '1rtt' ? 'short' : 'long')
  if (packet.kind === '1rtt') {
    note('Spin bit', start, 1, first & 0x20 ? 'set' : 'not set')
    note('Connection ID, packet number and payload', start + 1, end - start - 1, 'protected')
  } else noteLong(packet, bytes, note)
  return {
    name: `QUIC ${NAMES[kind]}`,
    text: `${end - start} bytes`,
    offset: start,
    length: end - start,
    children,
  }
}

function noteLong(packet: Exclude<Packet, { kind: '1rtt' }>, bytes: Uint8Array, note: Note): void {
  const { start, end, destination, source } = packet
  const version = bytes.subarray(start + 1, start + VERSION_END).reduce((sum, byte) => sum * 256 + byte, 0)
  note('Version', start + 1, 4, hex(version, 8))
  let at = start + VERSION_END
  for (const [name, id] of [
    ['Destination Connection ID', destination],
    ['Source Connection ID', source],
  ] as const) {
    note(`${name} Length`, at, 1, String(id.length))
    note(name, at + 1, id.length, hexOfBytes(id) || 'empty')
    at += 1 + id.length
  }
  if (packet.kind === 'version_negotiation')
    note('Supported Versions', at, end - at, packet.versions.map((one) => hex(one, 8)).join(' '))
  else if (packet.kind === 'retry') {
    note('Retry Token', at, packet.token.length, hexOfBytes(packet.token))
    note('Retry Integrity Tag', end - RETRY_TAG, RETRY_TAG, hexOfBytes(packet.tag))
  } else if (packet.kind !== 'unknown_version') noteProtected(packet, bytes, at, note)
}

function noteProtected(
  packet: Extract<Packet, { kind: 'initial' | 'handshake' | '0rtt' }>,
  bytes: Uint8Array,
  at: number,
  note: Note,
): void {
  const { kind, token, numberAt, end } = packet
  // The length of a varint stands in its two highest bits (RFC 9000 16).
  const sizeAt = (place: number): number => 1 << (bytes[place] >> 6)
  let next = at
  if (kind === 'initial') {
    note('Token Length', next, sizeAt(next), String(token.length))
    next += sizeAt(next)
    note('Token', next, token.length, hexOfBytes(token) || 'empty')
    next += token.length
  }
  note('Length', next, numberAt - next, `${end - numberAt} bytes`)
  note('Packet number and payload', numberAt, end - numberAt, 'protected')
}
