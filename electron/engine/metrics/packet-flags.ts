/** A few bits for each packet of a run, a byte each: what the link says of a packet it says by its number only. */
export class PacketFlags {
  private bits = new Uint8Array(4096)

  set(pkt: number, flags: number): void {
    if (pkt >= this.bits.length) {
      // A number far beyond all others is a damaged recording and not worth gigabytes.
      if (pkt >= this.bits.length * 16) return
      const next = new Uint8Array(Math.max(pkt + 1, this.bits.length * 2))
      next.set(this.bits)
      this.bits = next
    }
    this.bits[pkt] |= flags
  }

  get(pkt: number): number {
    return this.bits[pkt] ?? 0
  }
}
