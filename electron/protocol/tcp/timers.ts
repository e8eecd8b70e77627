/** The timers of one connection: one table, a deadline each, Infinity when it does not run. */

export const TIMERS = [
  /** The tail of what was sent is not acknowledged (RFC 8985 7.2). Before the next one: when both are due it goes first. */
  'loss_probe',
  /** Data, a SYN or a FIN are unacknowledged (RFC 6298 5). */
  'retransmit',
  /** Data wait for a window that is closed or too small (RFC 9293 3.8.6.1 and 3.8.6.2.1). */
  'persist',
  /** An acknowledgment is held back (RFC 9293 3.8.6.3). */
  'delayed_ack',
  /** Nothing was heard from the peer for long (RFC 9293 3.8.4). */
  'keep_alive',
  /** The oldest unacknowledged byte has waited as long as the user allows (RFC 9293 3.8.3). */
  'user_timeout',
  /** The end of TIME-WAIT (RFC 9293 3.4.2). */
  'time_wait',
  /** An acknowledgment should have come by now. It moves no packet: stall attribution needs it (stall.ts). */
  'ack_overdue',
  /** The next segment has its time: the congestion control sets a rate (BBR). */
  'pace',
  /** What was overtaken is lost from now on (RFC 8985 6.2 step 5). */
  'reordering',
  /** It is long ago that the path was found narrow (RFC 1191 6.3). */
  'path_mtu',
] as const

export const LOSS_PROBE = 0
export const RETRANSMIT = 1
export const PERSIST = 2
export const DELAYED_ACK = 3
export const KEEP_ALIVE = 4
export const USER_TIMEOUT = 5
export const TIME_WAIT = 6
export const ACK_OVERDUE = 7
export const PACE = 8
export const REORDERING = 9
export const PATH_MTU = 10

export class Timers {
  private readonly deadlines = new Float64Array(TIMERS.length).fill(Infinity)

  set(timer: number, at: number): void {
    this.deadlines[timer] = at
  }

  /** When it runs out; Infinity: it does not run. */
  at(timer: number): number {
    return this.deadlines[timer]
  }

  clear(timer: number): void {
    this.deadlines[timer] = Infinity
  }

  clearAll(): void {
    this.deadlines.fill(Infinity)
  }

  isSet(timer: number): boolean {
    return this.deadlines[timer] !== Infinity
  }

  /** The next deadline, or Infinity. */
  get earliest(): number {
    let min = Infinity
    for (let i = 0; i < this.deadlines.length; i++) if (this.deadlines[i] < min) min = this.deadlines[i]
    return min
  }

  /** Stops a timer that is due and returns its number, or -1 when none is. The earliest deadline goes first. */
  takeExpired(now: number): number {
    let due = -1
    let min = now
    for (let i = 0; i < this.deadlines.length; i++) {
      if (this.deadlines[i] <= now && (due < 0 || this.deadlines[i] < min)) {
        due = i
        min = this.deadlines[i]
      }
    }
    if (due >= 0) this.clear(due)
    return due
  }
}
