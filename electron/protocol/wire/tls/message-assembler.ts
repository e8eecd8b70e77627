/** Handshake messages from the records that carry them, one in many or many in one (RFC 8446 5.1). */
import type { MessagePiece } from './events.ts'
import { HANDSHAKE_HEADER } from './handshake.ts'

/** Longest message that is put together; OpenSSL takes 100 kB of certificates by default. */
export const MAX_MESSAGE = 1 << 17

/** Bytes of a record that belong to the handshake. */
export interface HandshakeFragment {
  readonly bytes: Uint8Array
  /** Offset of the record in the stream, and its length with header. */
  readonly record: number
  readonly recordLength: number
  /** Whether the bytes can be seen in the stream, behind the record's header. */
  readonly stream?: number
}

export interface AssembledMessage {
  readonly bytes: Uint8Array
  readonly pieces: readonly MessagePiece[]
  /** Where its records begin and end in the stream. */
  readonly start: number
  readonly end: number
}

const bodyLength = (bytes: Uint8Array): number => (bytes[1] << 16) | (bytes[2] << 8) | bytes[3]

export class MessageAssembler {
  private held = new Uint8Array(HANDSHAKE_HEADER) as Uint8Array
  private heldLength = 0
  private pieces: MessagePiece[] = []
  private start = 0
  /** Bytes of a message beyond the limit that are still to come. */
  private toSkip = 0

  /** Whether a message has begun and is not whole. */
  get isPartial(): boolean {
    return this.heldLength > 0 || this.toSkip > 0
  }

  /** Forgets a message that will not be completed. */
  reset(): void {
    this.held = new Uint8Array(HANDSHAKE_HEADER)
    this.heldLength = 0
    this.pieces = []
    this.toSkip = 0
  }

  /** Takes the content of the next handshake record; answers `too_long` in a message's place if it is that. */
  *handleFragment(fragment: HandshakeFragment): Generator<AssembledMessage | 'too_long'> {
    let at = 0
    while (at < fragment.bytes.length) {
      if (this.toSkip > 0) {
        const skipped = Math.min(this.toSkip, fragment.bytes.length - at)
        this.toSkip -= skipped
        at += skipped
        continue
      }
      at = this.fill(fragment, at)
      if (this.heldLength < this.held.length) continue
      if (this.held.length === HANDSHAKE_HEADER) {
        const length = bodyLength(this.held)
        if (length > MAX_MESSAGE) {
          this.reset()
          this.toSkip = length
          yield 'too_long'
          continue
        }
        if (length > 0) {
          const whole = new Uint8Array(HANDSHAKE_HEADER + length)
          whole.set(this.held)
          this.held = whole
          continue
        }
      }
      const { held: bytes, pieces, start } = this
      this.reset()
      yield { bytes, pieces, start, end: fragment.record + fragment.recordLength }
    }
  }

  /** Adds what is wanted of `fragment` from `at` on and notes where it came from. */
  private fill(fragment: HandshakeFragment, at: number): number {
    const length = Math.min(this.held.length - this.heldLength, fragment.bytes.length - at)
    if (this.heldLength === 0) this.start = fragment.record
    this.held.set(fragment.bytes.subarray(at, at + length), this.heldLength)
    const last = this.pieces.at(-1)
    if (last?.record === fragment.record) {
      this.pieces[this.pieces.length - 1] = { ...last, length: last.length + length }
    } else {
      const piece = { at: this.heldLength, length, record: fragment.record }
      this.pieces.push(fragment.stream === undefined ? piece : { ...piece, stream: fragment.stream + at })
    }
    this.heldLength += length
    return at + length
  }
}
