/** Cuts a byte stream into MQTT control packets by their fixed headers alone (MQTT 3.1.1 2.2). */

/** A remaining length takes up to so many bytes (2.2.3). */
const MOST_LENGTH_BYTES = 4

export class PacketSplitter {
  private chunks: Uint8Array[] = []
  private held = 0
  /** So many bytes are needed before more can be said. */
  private needed = 2
  /** No packet can be made out any more: bytes are handed on as they come. */
  private isLost = false

  /** Calls `onPacket` with each packet that is whole now; what is given may share memory with `bytes`. */
  push(bytes: Uint8Array, onPacket: (packet: Uint8Array) => void): void {
    let rest = bytes
    while (rest.length > 0) {
      this.chunks.push(rest)
      this.held += rest.length
      if (this.held < this.needed) return
      const all = this.chunks.length === 1 ? rest : Buffer.concat(this.chunks)
      const length = this.lengthOf(all)
      if (length === undefined || length > all.length) {
        this.chunks = [all]
        this.needed = length ?? all.length + 1
        return
      }
      this.chunks = []
      this.held = 0
      this.needed = 2
      onPacket(all.subarray(0, length))
      rest = all.subarray(length)
    }
  }

  /** The length of the packet at the beginning; undefined: too few bytes are here to tell. */
  private lengthOf(bytes: Uint8Array): number | undefined {
    if (this.isLost) return bytes.length
    let remaining = 0
    for (let i = 0; i < MOST_LENGTH_BYTES; i++) {
      const byte = bytes[1 + i]
      if (byte === undefined) return undefined
      remaining += (byte & 0x7f) * 128 ** i
      if (byte < 0x80) return 2 + i + remaining
    }
    this.isLost = true
    return bytes.length
  }
}
