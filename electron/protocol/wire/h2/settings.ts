/** The settings of one side (RFC 9113 6.5): they bind the other from its acknowledgment on. */
import { Fifo } from '../../fifo.ts'
import * as h2 from './names.ts'

type Values = ReadonlyMap<number, number>

/** RFC 9113 6.5.2; those without a start value are unlimited. */
const START: readonly (readonly [number, number])[] = [
  [h2.HEADER_TABLE_SIZE, 4096],
  [h2.ENABLE_PUSH, 1],
  [h2.INITIAL_WINDOW_SIZE, 65_535],
  [h2.MAX_FRAME_SIZE, 16_384],
]

/** Identifiers that are kept are below this, as are all that are registered; a hostile peer could name 65,536. */
const KEPT = 64

export class Settings {
  private readonly values = new Map(START)
  private readonly pending = new Fifo<Values>()

  /** What is acknowledged. */
  get(identifier: number): number {
    return this.values.get(identifier) ?? Infinity
  }

  /** Sent, not yet acknowledged SETTINGS frames. */
  get unacknowledged(): number {
    return this.pending.length
  }

  announce(values: readonly { identifier: number; value: number }[]): void {
    const kept = values.filter(({ identifier }) => identifier < KEPT)
    this.pending.push(new Map(kept.map(({ identifier, value }) => [identifier, value])))
  }

  /** The other side has acknowledged the oldest; what it holds, or undefined when there is nothing to acknowledge. */
  acknowledge(): Values | undefined {
    const values = this.pending.shift()
    for (const [identifier, value] of values ?? []) this.values.set(identifier, value)
    return values
  }
}

/** What a value breaks (RFC 9113 6.5.2, RFC 8441 3, RFC 9218 2.1); undefined: nothing. */
export function settingBreach(
  identifier: number,
  value: number,
): { reason: string; code: 'PROTOCOL_ERROR' | 'FLOW_CONTROL_ERROR' } | undefined {
  switch (identifier) {
    case h2.ENABLE_PUSH:
    case 0x8:
    case 0x9:
      return value > 1 ? { reason: 'setting_not_boolean', code: 'PROTOCOL_ERROR' } : undefined
    case h2.INITIAL_WINDOW_SIZE:
      return value > 0x7fff_ffff ? { reason: 'window_too_large', code: 'FLOW_CONTROL_ERROR' } : undefined
    case h2.MAX_FRAME_SIZE:
      return value < 16_384 || value > 0xff_ffff
        ? { reason: 'frame_size_out_of_range', code: 'PROTOCOL_ERROR' }
        : undefined
    default:
      return undefined
  }
}
