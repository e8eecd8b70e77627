/**
 * First in, first out. What was taken is cut off in large pieces only, so that a list which is filled and emptied
 * again and again, as all lists here are, costs no memory each time.
 */
const CUT = 256

export class Fifo<T> {
  private readonly items: (T | undefined)[] = []
  private head = 0

  get length(): number {
    return this.items.length - this.head
  }

  /** The one that `shift` would give. */
  get first(): T | undefined {
    return this.items[this.head]
  }

  push(item: T): void {
    this.items.push(item)
  }

  shift(): T | undefined {
    if (this.head === this.items.length) return undefined
    const item = this.items[this.head]
    this.items[this.head++] = undefined
    if (this.head >= CUT && this.head * 2 >= this.items.length) {
      this.items.splice(0, this.head)
      this.head = 0
    }
    return item
  }

  /** The one that was pushed last. */
  get last(): T | undefined {
    return this.length === 0 ? undefined : this.items[this.items.length - 1]
  }

  /** Puts another in the place of the last, which there must be. */
  replaceLast(item: T): void {
    this.items[this.items.length - 1] = item
  }

  /** Puts another in the place of the first, which there must be. */
  replaceFirst(item: T): void {
    this.items[this.head] = item
  }
}
