/** What a run needs of whatever gives its world the time. */
import type { Micros } from '../../../shared/units.ts'
import type { WorldNode } from '../world.ts'
import type { Outside } from './outside.ts'

export interface Driver {
  /** The programs in Node that use the world. */
  readonly outside: Outside
  /** Lab time now. */
  now(): Micros
  /** Lets time pass. */
  start(): void
  /** Stops for good; sockets and timers are gone when it resolves. */
  stop(): Promise<void>
  /** Does something to a node from outside: turns a knob, writes to a connection. */
  act<T>(node: WorldNode, action: (now: Micros) => T): T
  /** Something was done to the world from outside; there may be something new to do. */
  wake(): void
}

/** What a driver asks and tells. */
export interface DriverHooks {
  /** Whether nothing more is to come: applications done, links empty. */
  readonly isOver: () => boolean
  /** Lab time at which the run ends at the latest; Infinity: open end. */
  readonly duration: number
  /** The run is over, or broke: `error` is a bug of ours or of the system. */
  readonly onEnd: (error?: unknown) => void
}
