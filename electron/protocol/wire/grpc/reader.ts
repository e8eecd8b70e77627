/** The messages of gRPC in the DATA of an HTTP/2 stream: a flag, a length of four bytes, the message ("gRPC over HTTP/2"). */
import { read32 } from '../bytes.ts'
import { Gather } from '../octets.ts'

export const GRPC_PREFIX = 5
/** As much is kept of a message, with its prefix. */
const MOST_KEPT = 4_096

export interface GrpcMessage {
  /** Where its prefix begins in the body of the stream. */
  readonly offset: number
  readonly compressed: boolean
  /** Bytes without the prefix. */
  readonly length: number
  /** Prefix and message, or what was kept of them; a view, good during the call. */
  readonly bytes: Uint8Array
}

export class GrpcReader {
  private readonly sink: (message: GrpcMessage) => void
  private readonly held = new Gather()
  private position = 0
  /** Bytes of the message that are still to come; -1: its prefix is not whole. */
  private left = -1

  constructor(sink: (message: GrpcMessage) => void) {
    this.sink = sink
  }

  /** Takes in the next bytes of the body, in any pieces. Total. */
  push(bytes: Uint8Array): void {
    const { held } = this
    for (let at = 0; at < bytes.length;) {
      const wanted = this.left < 0 ? GRPC_PREFIX - held.length : this.left
      const taken = Math.min(wanted, bytes.length - at)
      const kept = Math.min(taken, MOST_KEPT - held.length)
      if (kept > 0) held.add(bytes, at, at + kept)
      at += taken
      this.position += taken
      if (this.left >= 0) this.left -= taken
      else if (held.length === GRPC_PREFIX) this.left = read32(held.bytes, 1)
      if (this.left === 0) this.finish()
    }
  }

  private finish(): void {
    const { bytes } = this.held
    const length = read32(bytes, 1)
    const offset = this.position - GRPC_PREFIX - length
    this.sink({ offset, compressed: bytes[0] === 1, length, bytes })
    this.held.clear()
    this.left = -1
  }
}
