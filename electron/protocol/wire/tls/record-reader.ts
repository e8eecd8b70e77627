/**
 * Cuts one direction of a TCP stream into TLS records (RFC 8446 5.1, RFC 5246 6.2), however it comes in pieces. Where no
 * record can begin it looks for the next place where one can.
 */
import { read16 } from '../bytes.ts'
import { CHANGE_CIPHER_SPEC, HEARTBEAT } from './names.ts'

export const RECORD_HEADER = 5

/** Of a plaintext (RFC 8446 5.1). */
export const MAX_PLAINTEXT = 1 << 14

/** What protection may add: 2,048 bytes in TLS 1.2 (RFC 5246 6.2.3), 256 in TLS 1.3 (RFC 8446 5.2). */
export const MAX_CIPHERTEXT = MAX_PLAINTEXT + 2048

export interface TlsRecord {
  /** Where its header begins in the stream. */
  readonly offset: number
  readonly type: number
  readonly version: number
  readonly fragment: Uint8Array
}

export type RecordStep =
  | { readonly kind: 'record'; readonly record: TlsRecord }
  /** No record begins at `offset`: the header is impossible. */
  | { readonly kind: 'lost'; readonly offset: number; readonly reason: string }
  /** The next possible header was found, or the stream ended. */
  | { readonly kind: 'found'; readonly offset: number; readonly skipped: number }

/** Why a header is impossible; undefined when it is not. */
function headerProblem(bytes: Uint8Array, at: number): string | undefined {
  if (bytes[at] < CHANGE_CIPHER_SPEC || bytes[at] > HEARTBEAT) return 'bad_content_type'
  if (bytes[at + 1] !== 3 || bytes[at + 2] > 4) return 'bad_version'
  if (read16(bytes, at + 3) > MAX_CIPHERTEXT) return 'record_overflow'
  return undefined
}

export class RecordReader {
  /** Bytes that came and are not used yet: part of one record at most. */
  private held = new Uint8Array(RECORD_HEADER) as Uint8Array
  private heldLength = 0
  /** Where `held` begins in the stream. */
  private offset = 0
  /** Where the search for a header began; undefined when there is none under way. */
  private lostAt: number | undefined
  private readonly onStep: (step: RecordStep) => void

  /** `onStep` is called while bytes are handled, in the stream's order. Records are views where that is possible. */
  constructor(onStep: (step: RecordStep) => void) {
    this.onStep = onStep
  }

  /** How many bytes of the stream were handled. */
  get position(): number {
    return this.offset + this.heldLength
  }

  /** The record of which some bytes are there and some are not. */
  get partial():
    { readonly offset: number; readonly length: number | undefined; readonly have: number } | undefined {
    if (this.heldLength === 0 || this.lostAt !== undefined) return undefined
    const length = this.heldLength < RECORD_HEADER ? undefined : this.held.length
    return { offset: this.offset, length, have: this.heldLength }
  }

  /** Takes the next bytes of the stream. */
  handleBytes(bytes: Uint8Array): void {
    let at = 0
    while (at < bytes.length) {
      at = this.heldLength > 0 ? this.fillHeld(bytes, at) : this.takeWhole(bytes, at)
    }
  }

  /** The stream ends here: says what was skipped last. */
  handleEnd(): void {
    if (this.lostAt === undefined) return
    const end = this.position
    this.onStep({ kind: 'found', offset: end, skipped: end - this.lostAt })
    this.lostAt = undefined
  }

  /** Takes a record that lies in `bytes` whole without a copy, or begins to hold what there is of it. */
  private takeWhole(bytes: Uint8Array, at: number): number {
    const left = bytes.length - at
    if (left >= RECORD_HEADER) {
      if (!this.checkHeader(bytes, at)) return at + 1
      const length = RECORD_HEADER + read16(bytes, at + 3)
      if (left >= length) {
        this.deliver(bytes.subarray(at, at + length))
        return at + length
      }
    }
    return this.fillHeld(bytes, at)
  }

  /** Adds to what is held, the header first, since only it tells how much is wanted. */
  private fillHeld(bytes: Uint8Array, at: number): number {
    const used = Math.min(this.held.length - this.heldLength, bytes.length - at)
    this.held.set(bytes.subarray(at, at + used), this.heldLength)
    this.heldLength += used
    if (this.heldLength === this.held.length) this.handleFull()
    return at + used
  }

  private handleFull(): void {
    if (this.held.length === RECORD_HEADER) {
      if (!this.checkHeader(this.held, 0)) {
        this.held.copyWithin(0, 1)
        this.heldLength--
        return
      }
      const length = RECORD_HEADER + read16(this.held, 3)
      if (length > RECORD_HEADER) {
        const whole = new Uint8Array(length)
        whole.set(this.held)
        this.held = whole
        return
      }
    }
    const record = this.held
    this.held = new Uint8Array(RECORD_HEADER)
    this.heldLength = 0
    this.deliver(record)
  }

  /** Whether a record can begin at `at`, which is `offset` in the stream. If not, steps one byte on. */
  private checkHeader(bytes: Uint8Array, at: number): boolean {
    const problem = headerProblem(bytes, at)
    if (problem === undefined) {
      if (this.lostAt !== undefined) {
        this.onStep({ kind: 'found', offset: this.offset, skipped: this.offset - this.lostAt })
        this.lostAt = undefined
      }
      return true
    }
    if (this.lostAt === undefined) {
      this.lostAt = this.offset
      this.onStep({ kind: 'lost', offset: this.offset, reason: problem })
    }
    this.offset++
    return false
  }

  private deliver(bytes: Uint8Array): void {
    const { offset } = this
    this.offset += bytes.length
    const record = {
      offset,
      type: bytes[0],
      version: read16(bytes, 1),
      fragment: bytes.subarray(RECORD_HEADER),
    }
    this.onStep({ kind: 'record', record })
  }
}
