/** Engine messages as WebSocket frames: JSON text, and batches as binary (shared/carrier.ts). */
import { BYTES_KEY, FRAME_HEADER_BYTES } from '../../shared/carrier.ts'
import type { EngineMessage } from '../../shared/commands.ts'

type BatchMessage = Extract<EngineMessage, { type: 'batch' }>

/** A batch behind its run and its number. */
export function encodeBatchFrame(message: BatchMessage): Uint8Array {
  const frame = new Uint8Array(FRAME_HEADER_BYTES + message.data.byteLength)
  const header = new DataView(frame.buffer)
  header.setUint32(0, message.run, true)
  header.setUint32(4, message.number, true)
  frame.set(new Uint8Array(message.data), FRAME_HEADER_BYTES)
  return frame
}

/** Any other message, its bytes in base64. */
export function encodeTextFrame(message: Exclude<EngineMessage, BatchMessage>): string {
  return JSON.stringify(message, (_key, value: unknown) =>
    value instanceof Uint8Array
      ? { [BYTES_KEY]: Buffer.from(value.buffer, value.byteOffset, value.byteLength).toString('base64') }
      : value,
  )
}
