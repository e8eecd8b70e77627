/** The receiving part of a stream (RFC 9000 2.2, 3.2, 4): what has come, in whatever order, and how much more may. */
import type { Micros } from '../../../shared/units.ts'
import { Reassembly } from '../stream/reassembly.ts'
import { Fifo } from '../fifo.ts'
import type { CreditWindow } from './credit.ts'
import type { StreamChange } from './observer.ts'
import { violation, type Violation } from './violation.ts'

/** RFC 9000 3.2, figure 3. */
export type ReceiveState =
  'receive' | 'size_known' | 'data_received' | 'data_read' | 'reset_received' | 'reset_read'

export class ReceiveStream {
  readonly id: number
  private current: ReceiveState = 'receive'
  /** The peer may send up to here (our MAX_STREAM_DATA). */
  limit: number
  /** Bytes that the application has taken. */
  read = 0
  /** All bytes below have come. */
  contiguous = 0
  /** The highest offset that was seen; counts against the connection's credit. */
  highest = 0
  finalSize: number | undefined
  /** Code of the peer's RESET_STREAM. */
  resetCode: number | undefined
  /** Code of our STOP_SENDING, once it is to be sent. */
  stopCode: number | undefined
  private readonly pieces = new Reassembly()
  private readonly ready = new Fifo<Uint8Array>()
  private readonly window: CreditWindow
  private readonly report: ((change: StreamChange) => void) | undefined

  /** `window`: what may be unread; the limit follows what was read. */
  constructor(id: number, window: CreditWindow, report?: (change: StreamChange) => void) {
    this.id = id
    this.window = window
    this.limit = window.size
    this.report = report
  }

  get state(): ReceiveState {
    return this.current
  }

  private setState(to: ReceiveState): void {
    const from = this.current
    if (from === to) return
    this.current = to
    this.report?.({ type: 'stream', id: this.id, side: 'receiving', from, to })
  }

  /** Bytes in order that the application has not taken. */
  get readable(): number {
    return this.contiguous - this.read
  }

  /** Bytes that have come and wait for an earlier one (DESIGN 6.1). */
  get held(): number {
    return this.pieces.length
  }

  get isClosed(): boolean {
    return this.state === 'data_read' || this.state === 'reset_read'
  }

  /**
   * Data of a STREAM frame. Returns how many bytes of the connection's credit it uses up, or what it violates (RFC 9000 4.1, 4.5).
   */
  receive(offset: number, data: Uint8Array, fin: boolean): number | Violation {
    const end = offset + data.length
    if (end > this.limit)
      return violation(
        'FLOW_CONTROL_ERROR',
        `9000 4.1: stream ${this.id} goes beyond its limit of ${this.limit}`,
      )
    const problem = this.checkFinalSize(end, fin)
    if (problem !== undefined) return problem
    const credit = Math.max(0, end - this.highest)
    this.highest += credit
    if (this.state !== 'receive' && this.state !== 'size_known') return credit
    this.insert(offset, data)
    if (this.finalSize !== undefined)
      this.setState(this.contiguous === this.finalSize ? 'data_received' : 'size_known')
    return credit
  }

  /** RESET_STREAM (RFC 9000 3.2, 4.5). */
  reset(code: number, finalSize: number): number | Violation {
    if (finalSize > this.limit)
      return violation(
        'FLOW_CONTROL_ERROR',
        `9000 4.1: stream ${this.id} goes beyond its limit of ${this.limit}`,
      )
    const problem = this.checkFinalSize(finalSize, true)
    if (problem !== undefined) return problem
    const credit = finalSize - this.highest
    this.highest = finalSize
    // What has come whole is still given to the application.
    if (this.state === 'receive' || this.state === 'size_known') {
      this.resetCode = code
      this.setState('reset_received')
    }
    return credit
  }

  /** The next bytes in order, at most `most`; undefined: none. */
  take(most = Infinity): Uint8Array | undefined {
    // Its credit was given back when it was reset.
    if (this.resetCode !== undefined) return undefined
    const first = this.ready.first
    if (first === undefined) {
      // An end without bytes is read, too: then the application knows of it.
      this.noteRead()
      return undefined
    }
    if (first.length <= most) this.ready.shift()
    else this.ready.replaceFirst(first.subarray(most))
    const bytes = first.subarray(0, most)
    this.read += bytes.length
    this.noteRead()
    return bytes
  }

  /** The application knows of the peer's reset. */
  takeReset(): void {
    if (this.state === 'reset_received') this.setState('reset_read')
  }

  /** The application has taken so much. */
  onConsumed(now: Micros, bytes: number, roundTrip: number): void {
    this.window.onConsumed(now, bytes, roundTrip)
  }

  /** The new limit, when it is worth telling: half of the window has been read (RFC 9000 4.2). */
  updateLimit(): number | undefined {
    if (this.state !== 'receive' || this.read + this.window.size / 2 < this.limit) return undefined
    this.limit = this.read + this.window.size
    return this.limit
  }

  private insert(offset: number, data: Uint8Array): void {
    const skip = Math.max(0, this.contiguous - offset)
    if (skip >= data.length) return
    if (offset + skip === this.contiguous && this.pieces.isEmpty) {
      this.ready.push(data.subarray(skip))
      this.contiguous = offset + data.length
      return
    }
    this.pieces.insert(offset + skip, data.subarray(skip))
    this.contiguous = this.pieces.drain(this.contiguous, (piece) => this.ready.push(piece))
  }

  /** RFC 9000 4.5: the size is final once it is known, and nothing lies beyond it. */
  private checkFinalSize(end: number, isFinal: boolean): Violation | undefined {
    const { finalSize, highest, id } = this
    if (finalSize !== undefined && (end > finalSize || (isFinal && end !== finalSize)))
      return violation('FINAL_SIZE_ERROR', `9000 4.5: stream ${id} ends at ${finalSize}, not at ${end}`)
    if (isFinal && end < highest)
      return violation('FINAL_SIZE_ERROR', `9000 4.5: stream ${id} has bytes up to ${highest} already`)
    if (isFinal) this.finalSize = end
    return undefined
  }

  private noteRead(): void {
    if (this.state === 'data_received' && this.read === this.finalSize) this.setState('data_read')
  }
}
