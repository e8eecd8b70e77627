/** Octets as text and back. HTTP's names and values are octets, so each becomes the one character of its number. */

/** More arguments than this in one call may be too many for the stack. */
const AT_ONCE = 4096

/** The octets from `from` to `to` as ISO 8859-1 text: nothing is lost, and any octets are legal. */
export function octetText(bytes: Uint8Array, from = 0, to = bytes.length): string {
  let text = ''
  // `apply` takes a view as it is; spreading one goes through an iterator and is several times slower.
  for (let at = from; at < to; at += AT_ONCE) {
    const view = bytes.subarray(at, Math.min(at + AT_ONCE, to))
    text += String.fromCharCode.apply(null, view as unknown as number[])
  }
  return text
}

/** Collects what arrives in pieces until it is whole. Its owner bounds what is put in. */
export class Gather {
  private buffer = new Uint8Array(256)
  length = 0

  /** Adds a copy of the octets from `from` to `to`. */
  add(bytes: Uint8Array, from: number, to: number): void {
    const needed = this.length + to - from
    if (needed > this.buffer.length) {
      const grown = new Uint8Array(Math.max(needed, this.buffer.length * 2))
      grown.set(this.buffer.subarray(0, this.length))
      this.buffer = grown
    }
    this.buffer.set(bytes.subarray(from, to), this.length)
    this.length = needed
  }

  /** What was collected, as a view that the next `add` after a `clear` overwrites. */
  get bytes(): Uint8Array {
    return this.buffer.subarray(0, this.length)
  }

  clear(): void {
    this.length = 0
    // One long line or frame must not cost its memory for the rest of the connection.
    if (this.buffer.length > 65_536) this.buffer = new Uint8Array(256)
  }
}
