/** A recording at one host: what crosses its connections, for someone who keeps the bytes and knows no keys. */
import type { Credit, Tap } from '../../protocol/tcp/tap.ts'
import { otherSide, type Side } from '../../protocol/wire/side.ts'

/** Told of every byte of both sides of a connection once and in order; the bytes are to be copied if they are kept. */
export type Overhear = (flow: string, from: Side, bytes: Uint8Array) => void

/** Passes on to `hear` what an onlooker is told, and leaves the rest to the onlooker. */
export class OverheardTap implements Tap {
  private readonly onlooker: Tap
  private readonly own: Side
  private readonly hear: (from: Side, bytes: Uint8Array) => void

  constructor(onlooker: Tap, own: Side, hear: (from: Side, bytes: Uint8Array) => void) {
    this.onlooker = onlooker
    this.own = own
    this.hear = hear
  }

  get handshaking(): boolean {
    return this.onlooker.handshaking
  }

  handleSent(bytes: Uint8Array, fin: boolean, pkt: number): void {
    if (bytes.length > 0) this.hear(this.own, bytes)
    this.onlooker.handleSent(bytes, fin, pkt)
  }

  handleReceived(bytes: Uint8Array): void {
    this.hear(otherSide(this.own), bytes)
    this.onlooker.handleReceived(bytes)
  }

  handleReceivedEnd(): void {
    this.onlooker.handleReceivedEnd()
  }

  handleClosed(): void {
    this.onlooker.handleClosed()
  }

  credit(): Credit | undefined {
    return this.onlooker.credit()
  }
}
