/**
 * Whose turn it is among the responses of one connection (RFC 9218 10): the most urgent are sent first. Those of the same urgency
 * share the connection frame by frame, as HTTP/2 lets them, and what has begun is not interrupted.
 */

/** RFC 9218 4.1: what says nothing, or nothing that can be read. */
const USUAL_URGENCY = 3

/** The urgency in a `priority` field, 0 to 7, 0 the most urgent; parameters of the member do not matter. */
export function urgencyOf(priority: string | undefined): number {
  const [, urgency] = /(?:^|,)\s*u=([0-7])\s*(?:[,;]|$)/.exec(priority ?? '') ?? []
  return urgency === undefined ? USUAL_URGENCY : Number(urgency)
}

/** What is told of a response that waits or is being sent. */
export interface Sender {
  /** It is sent, or there is nobody any more to send it to. */
  once(event: 'close', listener: () => void): unknown
}

interface Turn {
  readonly urgency: number
  readonly begin: () => void
}

export class Precedence {
  private waiting: Turn[] = []
  private readonly running = new Set<Turn>()
  private isDue = false

  /** Calls `begin` once no response is more urgent: soon, and not at once, since what came together is compared together. */
  enter(urgency: number, sender: Sender, begin: () => void): void {
    const turn = { urgency, begin }
    this.waiting.push(turn)
    sender.once('close', () => {
      this.waiting = this.waiting.filter((other) => other !== turn)
      if (this.running.delete(turn)) this.proceed()
    })
    if (this.isDue) return
    this.isDue = true
    // The requests of one packet are all read within a turn of the event loop.
    setImmediate(() => {
      this.isDue = false
      this.proceed()
    })
  }

  private proceed(): void {
    const most = Math.min(...[...this.waiting, ...this.running].map(({ urgency }) => urgency))
    const next = this.waiting.filter(({ urgency }) => urgency === most)
    this.waiting = this.waiting.filter((turn) => !next.includes(turn))
    for (const turn of next) this.running.add(turn)
    for (const { begin } of next) begin()
  }
}
