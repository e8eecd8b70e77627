/** Reno's window (RFC 5681 3.1) with byte counting (RFC 3465); recovery itself is the sender's (RFC 6582). */
import type { Micros } from '../../../shared/units.ts'
import { slowStartIncrease } from './interface.ts'
import type { CongestionControl, CongestionOptions } from './interface.ts'

export class NewReno implements CongestionControl {
  readonly name = 'newreno'
  window: number
  ssthresh: number
  private segmentSize: number
  private readonly initialWindow: number
  /** Bytes acknowledged in congestion avoidance since the window last grew (RFC 3465 2.1). */
  private counted = 0
  private afterTimeout = false

  constructor(options: CongestionOptions) {
    this.segmentSize = options.segmentSize
    this.initialWindow = options.initialWindow
    this.window = options.inherited?.window ?? options.initialWindow
    this.ssthresh = options.inherited?.ssthresh ?? Infinity
  }

  onAck(_now: Micros, bytes: number, _smoothedRtt: number, windowLimited: boolean): void {
    if (!windowLimited) return
    if (this.window < this.ssthresh) {
      const grown = this.window + slowStartIncrease(bytes, this.segmentSize, this.afterTimeout)
      this.window = Math.min(grown, Math.max(this.ssthresh, this.window))
      return
    }
    this.counted += bytes
    if (this.counted >= this.window) {
      this.counted -= this.window
      this.window += this.segmentSize
    }
  }

  onLoss(_now: Micros, inFlight: number): void {
    this.halve(inFlight)
    this.window = this.ssthresh
    this.afterTimeout = false
  }

  onTimeout(_now: Micros, inFlight: number, first: boolean): void {
    if (first) this.halve(inFlight)
    this.window = this.segmentSize
    this.afterTimeout = true
  }

  onRestart(): void {
    this.window = Math.min(this.window, this.initialWindow)
  }

  capWindow(bytes: number): void {
    this.window = Math.min(this.window, bytes)
  }

  setSegmentSize(bytes: number): void {
    this.segmentSize = bytes
    this.window = Math.max(this.window, bytes)
  }

  metrics(): Readonly<Record<string, number>> {
    return { counted: this.counted }
  }

  /** Equation (4) of RFC 5681. */
  private halve(inFlight: number): void {
    this.ssthresh = Math.max(Math.floor(inFlight / 2), 2 * this.segmentSize)
    this.counted = 0
  }
}
