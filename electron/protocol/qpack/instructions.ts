/** The instructions of the encoder stream and of the decoder stream (RFC 9204 4.3, 4.4) as they are written, whatever they do. */
import type { Reader } from './reader.ts'

export type EncoderInstruction =
  | { readonly type: 'set_dynamic_table_capacity'; readonly capacity: number }
  /** In the dynamic table index 0 is the newest entry (RFC 9204 3.2.5). */
  | {
      readonly type: 'insert_with_name_reference'
      readonly table: 'static' | 'dynamic'
      readonly index: number
      readonly value: string
    }
  | { readonly type: 'insert_with_literal_name'; readonly name: string; readonly value: string }
  | { readonly type: 'duplicate'; readonly index: number }

export type DecoderInstruction =
  | { readonly type: 'section_acknowledgment' | 'stream_cancellation'; readonly stream: number }
  | { readonly type: 'insert_count_increment'; readonly increment: number }

/** The instruction at the reader, which has an octet at least; undefined: it stopped. */
export function readEncoderInstruction(reader: Reader): EncoderInstruction | undefined {
  const instruction = encoderInstruction(reader, reader.bytes[reader.at])
  return reader.stopped ? undefined : instruction
}

function encoderInstruction(reader: Reader, first: number): EncoderInstruction {
  if (first >= 0x80) {
    const table = (first & 0x40) !== 0 ? 'static' : 'dynamic'
    return {
      type: 'insert_with_name_reference',
      table,
      index: reader.integer(6),
      value: reader.string(7),
    }
  }
  if (first >= 0x40)
    return { type: 'insert_with_literal_name', name: reader.string(5), value: reader.string(7) }
  if (first >= 0x20) return { type: 'set_dynamic_table_capacity', capacity: reader.integer(5) }
  return { type: 'duplicate', index: reader.integer(5) }
}

/** Likewise. */
export function readDecoderInstruction(reader: Reader): DecoderInstruction | undefined {
  const first = reader.bytes[reader.at]
  const number = reader.integer(first >= 0x80 ? 7 : 6)
  if (reader.stopped) return undefined
  if (first >= 0x80) return { type: 'section_acknowledgment', stream: number }
  if (first >= 0x40) return { type: 'stream_cancellation', stream: number }
  return { type: 'insert_count_increment', increment: number }
}
