/** The bytes of the handshake of one level (RFC 9000 7.5, 19.6): a stream without flow control, so its buffer is bounded. */
import { Reassembly } from '../stream/reassembly.ts'
import { SendStream } from './send-stream.ts'
import { violation, type Violation } from './violation.ts'

/** RFC 9000 7.5: 4,096 at least; a post-quantum hello or a long chain of certificates out of order wants more. */
const MOST_HELD = 65_536

export class CryptoStream {
  /** Without a limit, and never finished. */
  readonly send = new SendStream(-1, Infinity)
  private readonly pieces = new Reassembly()
  private next = 0

  /** Takes in a CRYPTO frame; returns what is in order now, in pieces. */
  receive(offset: number, data: Uint8Array): readonly Uint8Array[] | Violation {
    if (offset + data.length - this.next > MOST_HELD)
      return violation('CRYPTO_BUFFER_EXCEEDED', `9000 7.5: handshake data ${offset - this.next} bytes ahead`)
    const skip = Math.max(0, this.next - offset)
    if (skip >= data.length) return []
    this.pieces.insert(offset + skip, data.subarray(skip))
    const ready: Uint8Array[] = []
    this.next = this.pieces.drain(this.next, (piece) => ready.push(piece))
    return ready
  }
}
