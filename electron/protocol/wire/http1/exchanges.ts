/** The requests that wait for their answers: responses come in the order of requests (RFC 9112 9.3.2). */
import { Fifo } from '../../fifo.ts'

export interface Exchange {
  /** From 1 on a connection. */
  readonly number: number
  readonly method: string
  /** It asks for another protocol: CONNECT, or Upgrade. */
  readonly asksToSwitch: boolean
  /** Set with its final response: what this connection then speaks; undefined before. */
  verdict?: { readonly protocol: string | undefined }
}

export class Exchanges {
  private readonly waiting = new Fifo<Exchange>()
  private readonly limit: number
  private count = 0

  constructor(limit: number) {
    this.limit = limit
  }

  /** A request; `full`: it is not kept for its answer. */
  add(method: string, asksToSwitch: boolean): { exchange: Exchange; full: boolean } {
    const exchange = { number: ++this.count, method, asksToSwitch }
    const full = this.waiting.length >= this.limit
    if (!full) this.waiting.push(exchange)
    return { exchange, full }
  }

  /** The request that the next response answers. */
  get first(): Exchange | undefined {
    return this.waiting.length === 0 ? undefined : this.waiting.first
  }

  /** It is answered for good. */
  settle(protocol: string | undefined): void {
    const exchange = this.waiting.shift()
    if (exchange) exchange.verdict = { protocol }
  }
}
