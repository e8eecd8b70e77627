/** The UDP datagrams of a lane, and how far servers let themselves be used to amplify (RFC 9000 8.1). */

/** The datagrams between two addresses and ports. */
class Exchange {
  /** Who sent the first one. */
  readonly client: string
  sent = 0
  received = 0
  /** It begins a QUIC connection; another one may be the new path of an old one, which is validated otherwise. */
  opening = false
  /** A packet under handshake keys has come from the client: it is where it says it is. */
  validated = false

  constructor(client: string) {
    this.client = client
  }
}

export class DatagramLog {
  /** Payload of all datagrams that were sent, in bytes. */
  bytes = 0
  /** The most that a server had sent for each byte that it had got, before it knew the client's address; null: none did. */
  amplification: number | null = null
  private readonly exchanges = new Map<string, Exchange>()

  onSent(node: string, flow: string, payload: number): void {
    this.bytes += payload
    let exchange = this.exchanges.get(flow)
    if (exchange === undefined) this.exchanges.set(flow, (exchange = new Exchange(node)))
    if (!exchange.opening || exchange.validated || node === exchange.client || exchange.received === 0) return
    exchange.sent += payload
    this.amplification = Math.max(this.amplification ?? 0, exchange.sent / exchange.received)
  }

  onReceived(node: string, flow: string, payload: number): void {
    const exchange = this.exchanges.get(flow)
    if (exchange !== undefined && node !== exchange.client) exchange.received += payload
  }

  onInitialPacket(node: string, flow: string): void {
    const exchange = this.exchanges.get(flow)
    if (exchange !== undefined && node === exchange.client) exchange.opening = true
  }

  /** RFC 9000 8.1: whoever sends under these keys has read what we sent to its address. */
  onHandshakePacket(node: string, flow: string): void {
    const exchange = this.exchanges.get(flow)
    if (exchange !== undefined && node !== exchange.client) exchange.validated = true
  }
}
