/** Timers of programs in lab time: a node of the world that has no port. */
import { after, type Micros } from '../../../shared/units.ts'
import type { SansIo } from '../../protocol/sansio.ts'
import { Agenda, type Due } from '../agenda.ts'
import type { Cancel } from './program.ts'

class Timer implements Due {
  dueAt = Infinity
  order = 0
  place = -1
  action: (() => void) | undefined

  constructor(action: () => void) {
    this.action = action
  }
}

/** Calls back by `tell`, which must do so outside of the cores and in order. */
export class LabTimers implements SansIo<never> {
  private readonly agenda = new Agenda<Timer>()
  private readonly tell: (action: () => void) => void

  constructor(tell: (action: () => void) => void) {
    this.tell = tell
  }

  /** Sets a timer `span` microseconds from `now`; those of the same moment go in the order in which they were set. */
  set(now: Micros, span: number, action: () => void): Cancel {
    const timer = new Timer(action)
    this.agenda.set(timer, after(now, Math.max(0, span)))
    return () => {
      timer.action = undefined
      this.agenda.set(timer, Infinity)
    }
  }

  handleTimeout(now: Micros): void {
    for (;;) {
      const timer = this.agenda.first()
      if (timer === undefined || timer.dueAt > now) return
      this.agenda.set(timer, Infinity)
      // Another action of this moment may yet cancel it.
      this.tell(() => timer.action?.())
    }
  }

  pollTimeout(): Micros | undefined {
    return this.agenda.first()?.dueAt as Micros | undefined
  }

  handleDatagram(): void {
    // It has no port, so nothing comes.
  }

  pollTransmit(): undefined {
    return undefined
  }

  pollEvent(): undefined {
    return undefined
  }
}
