/**
 * Length-prefixed messages (gRPC over HTTP/2, PROTOCOL-HTTP2.md): a byte that says whether the message is compressed, four with its
 * length, the message. A call that is not a stream has one each way.
 */
import type { CallError } from './status.ts'

const PREFIX = 5
/** What implementations take by default. */
const MOST = 4 * 1024 * 1024

/** The message with its prefix, uncompressed. */
export function prefixed(message: Uint8Array): Uint8Array {
  const bytes = Buffer.alloc(PREFIX + message.length)
  bytes.writeUInt32BE(message.length, 1)
  bytes.set(message, PREFIX)
  return bytes
}

/** The one message in the content of a request or an answer. */
export class PrefixedReader {
  private readonly chunks: Uint8Array[] = []
  private length = 0

  /** Bytes beyond the longest message are not kept. */
  push(bytes: Uint8Array): void {
    if (this.length <= PREFIX + MOST) this.chunks.push(bytes)
    this.length += bytes.length
  }

  /** All has come: the message, or why it is none. */
  finish(): Uint8Array | CallError {
    const bytes = Buffer.concat(this.chunks)
    if (this.length < PREFIX) return { status: 'INTERNAL', message: 'there is no message' }
    const length = bytes.readUInt32BE(1)
    if (length > MOST)
      return { status: 'RESOURCE_EXHAUSTED', message: `${length} bytes are more than ${MOST}` }
    if (bytes[0] !== 0) return { status: 'UNIMPLEMENTED', message: 'compression was not agreed on' }
    if (this.length !== PREFIX + length)
      return { status: 'INTERNAL', message: `${this.length - PREFIX} bytes came instead of ${length}` }
    return bytes.subarray(PREFIX)
  }
}
