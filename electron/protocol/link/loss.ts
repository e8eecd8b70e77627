import type { DropReason } from '../../../shared/trace/events.ts'
import type { Transit } from './transit.ts'

/** Something that loses packets after they were transmitted. Asked in the order of packet numbers. */
export interface LossModel {
  readonly reason: DropReason
  loses(transit: Transit): boolean
}

/** A loss model by chance; it can say beforehand what it will do. */
export interface RandomLossModel extends LossModel {
  readonly active: boolean
  /** The share of packets that it will lose in the long run. */
  meanLoss(): number
  /** The mean number of packets lost in succession. */
  meanBurst(): number
}
