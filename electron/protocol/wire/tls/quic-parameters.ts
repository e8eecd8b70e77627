/** The extension with QUIC's transport parameters (RFC 9001 8.2, RFC 9000 18): each with its place. What they mean is decided in `../../quic`. */
import { Cursor } from '../quic/cursor.ts'
import { bytesText, type FieldReader } from './field-reader.ts'

export interface QuicParameter {
  readonly id: number
  readonly name: string
  /** A view. */
  readonly value: Uint8Array
}

const MILLISECONDS = 'ms'
const MICROSECONDS = 'us'
const BYTES = 'bytes'

/** RFC 9000 18.2, RFC 9221 3, RFC 9287 3, RFC 9368 3, draft-ietf-quic-ack-frequency 3: name, and the unit of those that are integers. */
const PARAMETERS: Readonly<Record<number, readonly [name: string, unit?: string]>> = {
  0x00: ['original_destination_connection_id'],
  0x01: ['max_idle_timeout', MILLISECONDS],
  0x02: ['stateless_reset_token'],
  0x03: ['max_udp_payload_size', BYTES],
  0x04: ['initial_max_data', BYTES],
  0x05: ['initial_max_stream_data_bidi_local', BYTES],
  0x06: ['initial_max_stream_data_bidi_remote', BYTES],
  0x07: ['initial_max_stream_data_uni', BYTES],
  0x08: ['initial_max_streams_bidi', ''],
  0x09: ['initial_max_streams_uni', ''],
  0x0a: ['ack_delay_exponent', ''],
  0x0b: ['max_ack_delay', MILLISECONDS],
  0x0c: ['disable_active_migration'],
  0x0d: ['preferred_address'],
  0x0e: ['active_connection_id_limit', ''],
  0x0f: ['initial_source_connection_id'],
  0x10: ['retry_source_connection_id'],
  0x11: ['version_information'],
  0x20: ['max_datagram_frame_size', BYTES],
  0x2ab2: ['grease_quic_bit'],
  0xff04de1b: ['min_ack_delay', MICROSECONDS],
}

/** Numbers that are sent to be ignored (RFC 9000 18.1). */
const isReserved = (id: number): boolean => id >= 27 && (id - 27) % 31 === 0

function nameOf(id: number): string {
  const hex = `0x${id.toString(16)}`
  return PARAMETERS[id]?.[0] ?? (isReserved(id) ? `reserved ${hex}` : hex)
}

function valueText(id: number, value: Uint8Array): string {
  const unit = PARAMETERS[id]?.[1]
  const cursor = new Cursor(value)
  const number = cursor.varint()
  if (unit === undefined || cursor.failed || cursor.left > 0) return bytesText(value)
  return unit === '' ? String(number) : `${number} ${unit}`
}

/** Reads the parameters one by one until the extension ends. */
export const readQuicParameters = (reader: FieldReader): QuicParameter[] =>
  reader.repeat((list) =>
    list.group(
      (one) => {
        const id = one.varint('Identifier', nameOf)
        const length = one.varint('Length', (bytes) => `${bytes} bytes`)
        const value = one.opaque('Value', length, (bytes) => valueText(id, bytes))
        return { id, name: nameOf(id), value }
      },
      ({ name }) => name,
    ),
  )
