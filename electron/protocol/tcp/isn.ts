/** Initial sequence numbers (RFC 9293 3.4.1, RFC 6528) and timestamp offsets (RFC 7323 5.4). */
import type { Micros } from '../../../shared/units.ts'
import type { SyncCrypto } from '../crypto.ts'

/** A connection's four-tuple, as numbers. */
export interface FourTuple {
  readonly localAddress: number
  readonly localPort: number
  readonly remoteAddress: number
  readonly remotePort: number
}

/** Numbers that an outsider cannot guess: a keyed hash of the four-tuple. */
export class InitialNumbers {
  private readonly crypto: SyncCrypto
  private readonly secret: Uint8Array

  constructor(crypto: SyncCrypto, secret: Uint8Array) {
    this.crypto = crypto
    this.secret = secret
  }

  /**
   * ISN = M + F(four-tuple, secret), M a clock of 4 us (RFC 6528 3). The timestamp offset depends on the tuple
   * only, so the clock of a tuple goes on from one connection to the next, as RFC 6191 wants it.
   */
  of(now: Micros, tuple: FourTuple): { sequence: number; timestampOffset: number } {
    const data = new Uint8Array(12)
    const view = new DataView(data.buffer)
    view.setUint32(0, tuple.localAddress)
    view.setUint16(4, tuple.localPort)
    view.setUint32(6, tuple.remoteAddress)
    view.setUint16(10, tuple.remotePort)
    const mac = this.crypto.hmacSha256(this.secret, data)
    const words = new DataView(mac.buffer, mac.byteOffset, mac.byteLength)
    return {
      sequence: (words.getUint32(0) + Math.floor(now / 4)) >>> 0,
      timestampOffset: words.getUint32(4),
    }
  }
}
