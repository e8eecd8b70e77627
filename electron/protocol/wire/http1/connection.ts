/** The onlooker of an HTTP/1.1 connection (RFC 9112). */
import { bySide, otherSide, type BySide, type Side } from '../side.ts'
import { HTTP1_LIMITS, type Http1Limits, type Http1Sink } from './events.ts'
import { Exchanges } from './exchanges.ts'
import { Http1Reader } from './reader.ts'

/**
 * Fed with the octets that each side sends, in order and in any pieces, it tells the sink what they are. The two
 * directions are to be fed in the order in which they passed one point, so that a response comes after its request.
 * Total: no octets make it throw, and what it keeps is bounded by its limits.
 */
export class Http1Connection {
  private readonly readers: BySide<Http1Reader>

  constructor(sink: Http1Sink, limits: Partial<Http1Limits> = {}) {
    const all = { ...HTTP1_LIMITS, ...limits }
    const exchanges = new Exchanges(all.pending)
    this.readers = bySide(
      (side) =>
        new Http1Reader(sink, side, all, exchanges, (exchange) => {
          this.readers[otherSide(side)].decide(exchange)
        }),
    )
  }

  /** Takes in the next octets that `from` sends. */
  push(from: Side, bytes: Uint8Array): void {
    this.readers[from].push(bytes)
  }

  /**
   * The direction ends: a body may end so, anything else is a problem. `orderly`: by FIN, or by close_notify inside of
   * TLS; otherwise it may have been cut off anywhere, and no body that ends with it is known to be whole.
   */
  end(from: Side, orderly = true): void {
    this.readers[from].end(orderly)
  }
}
