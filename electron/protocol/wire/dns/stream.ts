/** DNS over TCP: each message with its length before it in two bytes (RFC 1035 4.2.2, RFC 7766 8). */
import { Gather } from '../octets.ts'

/** Told of a whole message; `offset`: of its first byte, behind the length. The bytes are a view, good during the call. */
export type DnsStreamSink = (bytes: Uint8Array, offset: number) => void

const PREFIX = 2

export class DnsStreamReader {
  private readonly sink: DnsStreamSink
  private readonly held = new Gather()
  private position = 0

  constructor(sink: DnsStreamSink) {
    this.sink = sink
  }

  /** Takes in the next bytes of one side, in any pieces. */
  push(bytes: Uint8Array): void {
    for (let at = 0; at < bytes.length;) {
      const taken = Math.min(this.wanted - this.held.length, bytes.length - at)
      this.held.add(bytes, at, at + taken)
      at += taken
      this.position += taken
      if (this.held.length < this.wanted) continue
      this.sink(this.held.bytes.subarray(PREFIX), this.position - this.held.length + PREFIX)
      this.held.clear()
    }
  }

  /** Octets of the message that is not whole yet, as far as is known. */
  private get wanted(): number {
    const { bytes } = this.held
    return bytes.length < PREFIX ? PREFIX : PREFIX + ((bytes[0] << 8) | bytes[1])
  }
}
