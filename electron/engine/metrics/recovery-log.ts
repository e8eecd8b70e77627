/** How one end of a TCP connection judged its losses, its recoveries and its round trips, added up event by event. */
import { Mean } from './mean.ts'

/** Phases of congestion control in which a loss is being repaired. */
const REPAIRING = new Set(['recovery', 'loss'])

export class RecoveryLog {
  /** Recoveries and timeouts that were found to have been for nothing. */
  undone = 0
  lossProbes = 0
  /** D-SACKs that came, of what this end had sent again and of what the network copied. */
  duplicatesReported = 0
  /** The retransmission timeout after the first sample, and the longest, in microseconds; null: there was none. */
  rtoFirst: number | null = null
  /** That first sample. */
  sampleFirst = 0
  rtoMax: number | null = null
  /** Deviation of SRTT from the true round trip as a share of it, each time that SRTT changes. */
  readonly rttError = new Mean()
  /** Time in which a loss was being repaired, in microseconds. */
  repairTime = 0
  private repairingSince: number | undefined
  private smoothed = 0

  onPhase(t: number, from: string, to: string): void {
    if (REPAIRING.has(to)) this.repairingSince ??= t
    else if (REPAIRING.has(from) && this.repairingSince !== undefined) {
      this.repairTime += t - this.repairingSince
      this.repairingSince = undefined
    }
  }

  /** `truth`: the round trip of the path at this moment; null: not known. */
  onEstimate(smoothed: number, rto: number, truth: number | null): void {
    if (smoothed === 0) return
    if (this.rtoFirst === null) this.sampleFirst = smoothed
    this.rtoFirst ??= rto
    this.rtoMax = Math.max(this.rtoMax ?? 0, rto)
    if (smoothed === this.smoothed) return
    this.smoothed = smoothed
    if (truth !== null && truth > 0) this.rttError.add(Math.abs(smoothed - truth) / truth)
  }
}
