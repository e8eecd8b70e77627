/** No congestion control: a window that never limits, to show what the others are for. */
import type { CongestionControl } from './interface.ts'

/** The largest window that a receiver can advertise is below this (RFC 7323 2.3). */
const UNLIMITED = 0x7fff_ffff

export class NoCongestionControl implements CongestionControl {
  readonly name = 'none'
  readonly window = UNLIMITED
  readonly ssthresh = Infinity

  onAck(): void {}
  onLoss(): void {}
  onTimeout(): void {}
  onRestart(): void {}
  capWindow(): void {}
  setSegmentSize(): void {}

  metrics(): Readonly<Record<string, number>> {
    return {}
  }
}
