/**
 * What the application wrote and the peer has not acknowledged, by position. A list of the application's own
 * chunks: nothing is copied on the way in, and a segment that lies within one chunk is a view of it.
 */
export class SendBuffer {
  private chunks: Uint8Array[] = []
  /** Position of the first byte of each chunk. */
  private starts: number[] = []
  /** Chunks before this one are released. */
  private head = 0
  /** The chunk last read from: the next read is most often there or in the one after. */
  private cursor = 0
  /** Position of the first byte that is still kept. */
  start: number
  /** Position after the last byte. */
  end: number

  constructor(start: number) {
    this.start = start
    this.end = start
  }

  get length(): number {
    return this.end - this.start
  }

  append(data: Uint8Array): void {
    if (data.length === 0) return
    this.chunks.push(data)
    this.starts.push(this.end)
    this.end += data.length
  }

  /** The bytes [from, from + length), which must be kept. */
  slice(from: number, length: number): Uint8Array {
    let i = this.find(from)
    this.cursor = i
    const offset = from - this.starts[i]
    if (offset + length <= this.chunks[i].length) return this.chunks[i].subarray(offset, offset + length)
    const out = new Uint8Array(length)
    let filled = 0
    while (filled < length) {
      const at = from + filled - this.starts[i]
      const part = this.chunks[i].subarray(at, at + length - filled)
      out.set(part, filled)
      filled += part.length
      this.cursor = i++
    }
    return out
  }

  /** The bytes before `position` are acknowledged and let go. */
  release(position: number): void {
    if (position <= this.start) return
    this.start = Math.min(position, this.end)
    while (this.head < this.chunks.length) {
      if (this.starts[this.head] + this.chunks[this.head].length > this.start) break
      this.chunks[this.head] = EMPTY
      this.head++
    }
    if (this.cursor < this.head) this.cursor = this.head
    if (this.head > 64 && this.head * 2 > this.chunks.length) this.compact()
  }

  private compact(): void {
    this.chunks.splice(0, this.head)
    this.starts.splice(0, this.head)
    this.cursor -= this.head
    this.head = 0
  }

  private find(position: number): number {
    const { starts } = this
    for (let i = this.cursor; i < this.cursor + 2 && i < starts.length; i++) {
      if (starts[i] <= position && position < starts[i] + this.chunks[i].length) return i
    }
    let low = this.head
    let high = starts.length - 1
    while (low < high) {
      const middle = (low + high + 1) >>> 1
      if (starts[middle] <= position) low = middle
      else high = middle - 1
    }
    return low
  }
}

const EMPTY = new Uint8Array(0)
