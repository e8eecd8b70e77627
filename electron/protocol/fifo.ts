/** A first-in first-out list in a ring that doubles when full; both ends cost the same however long it is. */
export class Fifo<T> {
  private slots: (T | undefined)[] = new Array<T | undefined>(16)
  private head = 0
  length = 0

  push(item: T): void {
    if (this.length === this.slots.length) this.grow()
    this.slots[(this.head + this.length) & (this.slots.length - 1)] = item
    this.length++
  }

  shift(): T | undefined {
    if (this.length === 0) return undefined
    const item = this.slots[this.head]
    this.slots[this.head] = undefined
    this.head = (this.head + 1) & (this.slots.length - 1)
    this.length--
    return item
  }

  clear(): void {
    this.slots.fill(undefined)
    this.length = 0
  }

  /** The item that `shift` would give. */
  get first(): T | undefined {
    return this.slots[this.head]
  }

  get last(): T | undefined {
    return this.length === 0 ? undefined : this.slots[(this.head + this.length - 1) & (this.slots.length - 1)]
  }

  /** Puts another item in the place of the one that `shift` would give. Only when there is one. */
  replaceFirst(item: T): void {
    this.slots[this.head] = item
  }

  /** Puts another item in the place of the one pushed last. Only when there is one. */
  replaceLast(item: T): void {
    this.slots[(this.head + this.length - 1) & (this.slots.length - 1)] = item
  }

  /** Takes out the first item that `wanted` says yes to. For rare use: it costs the length of the list. */
  take(wanted: (item: T) => boolean): T | undefined {
    const items = this.toArray()
    const at = items.findIndex(wanted)
    if (at < 0) return undefined
    this.slots.fill(undefined)
    this.head = 0
    this.length = 0
    for (let i = 0; i < items.length; i++) if (i !== at) this.push(items[i])
    return items[at]
  }

  toArray(): T[] {
    const items: T[] = []
    for (let i = 0; i < this.length; i++) {
      items.push(this.slots[(this.head + i) & (this.slots.length - 1)] as T)
    }
    return items
  }

  private grow(): void {
    const items = this.toArray()
    items.length = this.slots.length * 2
    this.slots = items
    this.head = 0
  }
}
