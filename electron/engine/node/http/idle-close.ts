/**
 * Closes a connection that nothing is asked on for a while, by lab time: Node's own `keepAliveTimeout` and session timeouts go
 * by the wall clock, so they are off.
 */
import type { Cancel } from '../program.ts'

export class IdleClose {
  private readonly after: (span: number, action: () => void) => Cancel
  private readonly span: number
  private readonly close: () => void
  private open = 0
  private timer: Cancel | undefined

  /** Calls `close` when it has been idle for `span` microseconds after a response. */
  constructor(after: (span: number, action: () => void) => Cancel, span: number, close: () => void) {
    this.after = after
    this.span = span
    this.close = close
  }

  /** A request has come. */
  busy(): void {
    this.open++
    this.cancel()
  }

  /** Its response is out. */
  free(): void {
    this.open--
    if (this.open > 0) return
    if (this.span === 0) this.close()
    else this.timer = this.after(this.span, this.close)
  }

  /** The connection is gone. */
  cancel(): void {
    this.timer?.()
    this.timer = undefined
  }
}
