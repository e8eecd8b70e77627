/** All fields of a frame by their names in RFC 9000 19, in words. */
import type { TracedFrame } from '../../../shared/trace/quic-frames.ts'
import { rangesText } from './words.ts'

/** Words apart, as the RFC writes them: `finalSize` is Final Size. */
const spaced = (name: string): string =>
  name
    .replace(/[A-Z]/g, (letter) => ` ${letter.toLowerCase()}`)
    .replace(/^./, (letter) => letter.toUpperCase())

/** Names that say more than those of the record. */
const NAMES: Readonly<Record<string, string>> = { id: 'Stream ID', fin: 'FIN' }

function valueText(value: unknown): string {
  if (typeof value === 'boolean') return value ? '1' : '0'
  if (typeof value === 'object' && value !== null)
    return Object.entries(value)
      .map(([name, count]) => `${name} ${count as number}`)
      .join(' ')
  return String(value)
}

/** Name and value of each field; ACK ranges as `largest–smallest` pairs from the highest on. */
export function fieldsOf(frame: TracedFrame): readonly (readonly [string, string])[] {
  return Object.entries(frame).flatMap(([name, value]): (readonly [string, string])[] => {
    if (name === 'type') return []
    if (frame.type === 'ack' && name === 'ranges') return [['Ranges', rangesText(frame.ranges, Infinity)]]
    const isConnectionId = frame.type === 'new_connection_id' && name === 'id'
    const named = isConnectionId ? 'Connection ID' : (NAMES[name] ?? spaced(name))
    // The reason phrase comes as hexadecimal, as all bytes do.
    if (frame.type === 'connection_close' && name === 'reason')
      return [[named, phraseOf(value as unknown as string)]]
    return [[named, valueText(value)]]
  })
}

/** Text of bytes in hexadecimal, a dot for each that is no printable ASCII. */
const phraseOf = (hex: string): string =>
  hex.replace(/../g, (byte) => {
    const code = parseInt(byte, 16)
    return code >= 0x20 && code < 0x7f ? String.fromCharCode(code) : '·'
  })
