/**
 * Reading of TLS's presentation language (RFC 8446 3) by an endpoint: in order, and `failed` for good once bytes are missing. The
 * onlooker in `../wire/tls` has a reader of its own, on purpose: the two are to check each other.
 */
const NOTHING = new Uint8Array(0)

export class Reader {
  failed = false
  private readonly bytes: Uint8Array
  private at = 0

  constructor(bytes: Uint8Array) {
    this.bytes = bytes
  }

  /** Bytes that are still to be read; 0 once some were missing. */
  get left(): number {
    return this.failed ? 0 : this.bytes.length - this.at
  }

  /** All was there, and nothing is left: anything else is a decode_error (RFC 8446 6.2). */
  get isWhole(): boolean {
    return !this.failed && this.at === this.bytes.length
  }

  /** A number of `size` bytes, at most 4. */
  number(size: number): number {
    let value = 0
    for (const byte of this.take(size)) value = value * 256 + byte
    return value
  }

  /** A view. */
  take(length: number): Uint8Array {
    if (this.failed || length > this.bytes.length - this.at) {
      this.failed = true
      return NOTHING
    }
    this.at += length
    return this.bytes.subarray(this.at - length, this.at)
  }

  /** Bytes with their length before them in `size` bytes; a view. */
  vector(size: number): Uint8Array {
    return this.take(this.number(size))
  }

  /** A vector of items, read to its end. */
  list<T>(size: number, item: (inner: Reader) => T): T[] {
    const inner = new Reader(this.vector(size))
    const items: T[] = []
    while (inner.left > 0) items.push(item(inner))
    this.failed ||= inner.failed
    return items
  }
}
