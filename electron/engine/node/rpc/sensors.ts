/** What is called: sensors that have taken a reading each second since the beginning of the run. */
import { LAB_EPOCH } from '../../../../shared/units.ts'
import type { Rng } from '../../../protocol/random.ts'
import type { CallError } from './status.ts'

/** The one method that there is, as gRPC writes it: package, service, method. */
export const READ = '/lab.Sensors/Read'

export interface ReadRequest {
  readonly sensor: string
  /** The number of the first reading, from 0, and how many. */
  readonly from: number
  readonly count: number
}

export interface Reading {
  /** Milliseconds of Unix time. */
  readonly time: number
  /** Degrees Celsius, in quarters. */
  readonly temperature: number
  /** Per cent. */
  readonly humidity: number
}

export interface ReadReply {
  readonly readings: readonly Reading[]
}

export const SENSORS = ['boiler', 'turbine', 'pump', 'roof', 'cellar'] as const
const MOST_READINGS = 10_000

export class Sensors {
  private readonly rng: Rng

  /** The same readings from the same `rng`. */
  constructor(rng: Rng) {
    this.rng = rng
  }

  read({ sensor, from, count }: ReadRequest): ReadReply | CallError {
    if (!(SENSORS as readonly string[]).includes(sensor))
      return { status: 'NOT_FOUND', message: `there is no sensor ${sensor}` }
    if (count > MOST_READINGS)
      return { status: 'OUT_OF_RANGE', message: `${count} readings are more than ${MOST_READINGS}` }
    return { readings: Array.from({ length: count }, (_, i) => this.reading(sensor, from + i)) }
  }

  private reading(sensor: string, index: number): Reading {
    const rng = this.rng.fork(`${sensor} ${index}`)
    return {
      time: LAB_EPOCH + 1_000 * index,
      temperature: 15 + rng.int(60) / 4,
      humidity: 30 + rng.int(50),
    }
  }
}
