/** The sending part of a stream (RFC 9000 2.2, 3.1): what was written, what of it is on its way, lost, or acknowledged. */
import { RangeSet } from '../stream/ranges.ts'
import { SendBuffer } from '../stream/send-buffer.ts'
import type { StreamChange } from './observer.ts'

/** RFC 9000 3.1, figure 2. */
export type SendState = 'ready' | 'send' | 'data_sent' | 'data_received' | 'reset_sent' | 'reset_received'

export interface StreamPiece {
  readonly from: number
  readonly data: Uint8Array
  readonly fin: boolean
}

export class SendStream {
  readonly id: number
  private current: SendState = 'ready'
  /** The peer takes bytes up to here (MAX_STREAM_DATA). */
  limit: number
  /** Bytes from here on were never sent. */
  next = 0
  /** All is written that will ever be. */
  finished = false
  /** The limit at which the peer was told that we are blocked; it is told once a limit (RFC 9000 4.1). */
  blockedAt: number | undefined
  /** Code of RESET_STREAM, once it is to be sent. */
  resetCode: number | undefined
  /** RFC 9218. */
  urgency = 3
  incremental = false
  private readonly buffer = new SendBuffer(0)
  private readonly acked = new RangeSet()
  /** Places that were lost and are to be sent again. */
  private readonly lost = new RangeSet()
  private finSent = false
  private finAcked = false
  private finLost = false
  private readonly report: ((change: StreamChange) => void) | undefined

  constructor(id: number, limit: number, report?: (change: StreamChange) => void) {
    this.id = id
    this.limit = limit
    this.report = report
  }

  get state(): SendState {
    return this.current
  }

  private setState(to: SendState): void {
    const from = this.current
    if (from === to) return
    this.current = to
    this.report?.({ type: 'stream', id: this.id, side: 'sending', from, to })
  }

  /** Bytes that were written and not yet acknowledged. */
  get buffered(): number {
    return this.buffer.length
  }

  /** Where what was written ends; the final size once `finished`. */
  get end(): number {
    return this.buffer.end
  }

  /** Nothing of it can change any more. */
  get isClosed(): boolean {
    return this.state === 'data_received' || this.state === 'reset_received'
  }

  get isReset(): boolean {
    return this.state === 'reset_sent' || this.state === 'reset_received'
  }

  /** Bytes that could go now as far as the stream's own limit allows: those lost first. */
  get hasPending(): boolean {
    if (this.isReset || this.isClosed) return false
    return this.hasLost || this.canSendNew
  }

  get hasLost(): boolean {
    return this.lost.size > 0 || this.finLost
  }

  /** Only the end is left to be sent: it needs no credit. */
  get hasLoneEnd(): boolean {
    return !this.isReset && this.finished && !this.finSent && this.next === this.buffer.end
  }

  /** Bytes never sent before that the stream's limit allows, or a lone FIN. */
  get canSendNew(): boolean {
    if (this.next < Math.min(this.buffer.end, this.limit)) return true
    return this.hasLoneEnd
  }

  /** More was written than the peer takes on this stream. */
  get isBlocked(): boolean {
    return !this.isReset && this.next >= this.limit && this.next < this.buffer.end
  }

  write(data: Uint8Array): void {
    if (this.finished || this.isReset) throw new Error(`stream ${this.id} is finished`)
    this.buffer.append(data)
  }

  finish(): void {
    this.finished = true
  }

  /**
   * The next piece of at most `room` bytes; of bytes never sent before at most `credit`, which the connection grants. Undefined:
   * nothing fits. The caller sends it.
   */
  take(room: number, credit: number): StreamPiece | undefined {
    if (this.state === 'ready') this.setState('send')
    const piece = this.takeLost(room) ?? this.takeNew(room, credit)
    if (piece?.fin) {
      this.finSent = true
      this.finLost = false
    }
    if (this.finSent && this.next === this.buffer.end && this.state === 'send') this.setState('data_sent')
    return piece
  }

  private takeLost(room: number): StreamPiece | undefined {
    if (this.lost.size > 0 && room > 0) {
      const from = this.lost.left(0)
      const to = Math.min(this.lost.right(0), from + room)
      this.lost.removeBelow(to)
      return { from, data: this.buffer.slice(from, to - from), fin: this.finAt(to) }
    }
    if (!this.finLost) return undefined
    return { from: this.buffer.end, data: NOTHING, fin: true }
  }

  private takeNew(room: number, credit: number): StreamPiece | undefined {
    const from = this.next
    const length = Math.max(0, Math.min(room, credit, this.limit - from, this.buffer.end - from))
    const fin = this.finished && from + length === this.buffer.end
    if (length === 0 && !(fin && !this.finSent)) return undefined
    this.next = from + length
    return { from, data: length === 0 ? NOTHING : this.buffer.slice(from, length), fin }
  }

  private finAt(position: number): boolean {
    return this.finished && position === this.buffer.end && (this.finSent || this.next === this.buffer.end)
  }

  /** Bytes of a packet that was acknowledged. */
  onAcked(from: number, to: number, fin: boolean): void {
    if (this.isReset) return
    if (to > from) {
      this.acked.add(from, to)
      this.removeLost(from, to)
      if (this.acked.left(0) === 0) this.buffer.release(this.acked.right(0))
    }
    if (fin) {
      this.finAcked = true
      this.finLost = false
    }
    const { acked, buffer } = this
    const all = buffer.end === 0 || (acked.left(0) === 0 && acked.right(0) === buffer.end)
    if (this.finAcked && all) this.setState('data_received')
  }

  /** Bytes of a packet that was lost: those that no other packet has brought since are to be sent again. */
  onLost(from: number, to: number, fin: boolean): void {
    if (this.isReset || this.isClosed) return
    let at = from
    for (let i = this.acked.indexAfter(from); i < this.acked.size && at < to; i++) {
      if (this.acked.left(i) > at) this.lost.add(at, Math.min(this.acked.left(i), to))
      at = Math.max(at, this.acked.right(i))
    }
    if (at < to) this.lost.add(at, to)
    if (fin && !this.finAcked) this.finLost = true
  }

  /** Ends it with RESET_STREAM (RFC 9000 3.1); what was not acknowledged is given up. */
  reset(code: number): void {
    if (this.isReset || this.isClosed) return
    this.resetCode = code
    this.setState('reset_sent')
    this.lost.clear()
    this.finLost = false
    this.buffer.release(this.buffer.end)
  }

  onResetAcked(): void {
    if (this.state === 'reset_sent') this.setState('reset_received')
  }

  private removeLost(from: number, to: number): void {
    const kept: [number, number][] = []
    for (let i = 0; i < this.lost.size; i++) {
      const [left, right] = [this.lost.left(i), this.lost.right(i)]
      if (left < from) kept.push([left, Math.min(right, from)])
      if (right > to) kept.push([Math.max(left, to), right])
    }
    this.lost.clear()
    for (const [left, right] of kept) this.lost.add(left, right)
  }
}

const NOTHING = new Uint8Array(0)
