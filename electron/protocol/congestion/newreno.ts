/** Reno's window (RFC 5681 3.1) with byte counting (RFC 3465); recovery itself is the sender's (RFC 6582). */
import type { Micros } from '../../../shared/units.ts'
import { HyStart } from './hystart.ts'
import { slowStartIncrease } from './interface.ts'
import type { CongestionControl, CongestionOptions } from './interface.ts'

export class NewReno implements CongestionControl {
  readonly name = 'newreno'
  window: number
  ssthresh: number
  /** Of the first slow start, if asked for: what follows it knows its ssthresh (RFC 9406 4.3). */
  hystart: HyStart | undefined
  private segmentSize: number
  private readonly initialWindow: number
  /** Bytes acknowledged in congestion avoidance since the window last grew (RFC 3465 2.1). */
  private counted = 0
  private afterTimeout = false
  /** Window and threshold before they were last reduced. */
  private prior = { window: 0, ssthresh: Infinity }

  constructor(options: CongestionOptions) {
    this.segmentSize = options.segmentSize
    this.initialWindow = options.initialWindow
    this.window = options.inherited?.window ?? options.initialWindow
    this.ssthresh = options.inherited?.ssthresh ?? Infinity
    if (options.hystart && this.ssthresh === Infinity) this.hystart = new HyStart(options.paced === true)
  }

  onAck(_now: Micros, bytes: number, _smoothedRtt: number, windowLimited: boolean): void {
    if (this.hystart?.phase === 'congestion_avoidance') this.endSlowStart()
    if (!windowLimited) return
    if (this.window < this.ssthresh) {
      const grown = this.window + slowStartIncrease(bytes, this.segmentSize, this.afterTimeout, this.hystart)
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
    this.prior = { window: this.window, ssthresh: this.ssthresh }
    this.halve(inFlight)
    this.window = this.ssthresh
    this.afterTimeout = false
  }

  onTimeout(_now: Micros, inFlight: number, first: boolean): void {
    if (first) {
      this.prior = { window: this.window, ssthresh: this.ssthresh }
      this.halve(inFlight)
    }
    this.window = this.segmentSize
    this.afterTimeout = true
  }

  onSpurious(): void {
    this.window = Math.max(this.window, this.prior.window)
    this.ssthresh = Math.max(this.ssthresh, this.prior.ssthresh)
    this.afterTimeout = false
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

  /** RFC 9406 4.2: the round trip stayed long. */
  private endSlowStart(): void {
    this.ssthresh = this.window
    this.hystart = undefined
  }

  /** Equation (4) of RFC 5681. */
  private halve(inFlight: number): void {
    this.hystart = undefined
    this.ssthresh = Math.max(Math.floor(inFlight / 2), 2 * this.segmentSize)
    this.counted = 0
  }
}
