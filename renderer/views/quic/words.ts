/** QUIC packets and frames in a line, in the words of RFC 9000. */
import type { QuicLevel, QuicPacket } from '../../../shared/projections/quic-packets.ts'
import type { TracedAckRange, TracedFrame } from '../../../shared/trace/quic-frames.ts'

/** Packet types (RFC 9000 17); short headers are those of 1-RTT packets. */
const LEVELS: Readonly<Record<QuicLevel, string>> = {
  initial: 'Initial',
  '0rtt': '0-RTT',
  handshake: 'Handshake',
  '1rtt': '1-RTT',
}
export const levelName = (level: QuicLevel): string => LEVELS[level] ?? level

/** Such as `Handshake 3`. */
export const packetName = ({ level, number }: Pick<QuicPacket, 'level' | 'number'>): string =>
  `${levelName(level)} ${number}`

/** More ranges than these are counted. */
const MOST_RANGES = 4

const range = ({ from, to }: TracedAckRange): string => (from === to ? `${from}` : `${from}–${to}`)

export function rangesText(ranges: readonly TracedAckRange[], most = MOST_RANGES): string {
  const rest = ranges.length - most
  return `${ranges.slice(0, most).map(range).join(' ')}${rest > 0 ? ` +${rest}` : ''}`
}

/** The bytes of a CRYPTO or STREAM frame by the places of the first and the last. */
const bytes = (offset: number, length: number): string =>
  length === 0 ? `${offset}` : `${offset}–${offset + length - 1}`

/** A frame in short words, such as `STREAM 4 0–1199 FIN`. */
export function frameWords(frame: TracedFrame): string {
  const name = frame.type.toUpperCase()
  switch (frame.type) {
    case 'padding':
    case 'datagram':
      return `${name} ${frame.length}`
    case 'ack':
      return `${name} ${rangesText(frame.ranges)}`
    case 'crypto':
      return `${name} ${bytes(frame.offset, frame.length)}`
    case 'stream':
      return `${name} ${frame.id} ${bytes(frame.offset, frame.length)}${frame.fin ? ' FIN' : ''}`
    case 'reset_stream':
    case 'stop_sending':
      return `${name} ${frame.id} code ${frame.code}`
    case 'max_stream_data':
      return `${name} ${frame.id} ${frame.maximum}`
    case 'stream_data_blocked':
      return `${name} ${frame.id} ${frame.limit}`
    case 'max_data':
      return `${name} ${frame.maximum}`
    case 'data_blocked':
      return `${name} ${frame.limit}`
    case 'max_streams':
      return `${name} ${frame.direction} ${frame.maximum}`
    case 'streams_blocked':
      return `${name} ${frame.direction} ${frame.limit}`
    case 'new_connection_id':
    case 'retire_connection_id':
      return `${name} ${frame.number}`
    case 'connection_close':
      return `${name} ${frame.by} ${frame.code}`
    default:
      return name
  }
}

/** Some frames of one kind in a row are told as one: a packet may hold dozens of MAX_STREAM_DATA. */
export function framesText(frames: readonly TracedFrame[]): string {
  const parts: string[] = []
  for (let at = 0; at < frames.length;) {
    let next = at + 1
    while (next < frames.length && frames[next].type === frames[at].type) next++
    const count = next - at
    if (count > 2) parts.push(`${count}× ${frames[at].type.toUpperCase()}`)
    else for (let i = at; i < next; i++) parts.push(frameWords(frames[i]))
    at = next
  }
  return parts.join(', ')
}

/** `Initial 0  CRYPTO 0–279, PADDING 885`. */
export const packetText = (packet: QuicPacket): string =>
  `${levelName(packet.level)} ${packet.number}  ${framesText(packet.frames)}`

/** The packets in one datagram; undefined: it holds none that the recording knows of. */
export const datagramText = (packets: readonly QuicPacket[]): string | undefined =>
  packets.length === 0 ? undefined : packets.map(packetText).join(' | ')
