/** Orders: what POST makes each time, a key makes once, and PUT makes at its address (RFC 9110 9.2.2, 9.3.4). */

export class Orders {
  /** How many there are. */
  count = 0
  private readonly byKey = new Map<string, number>()
  /** The one that PUT has made. */
  private named: number | undefined

  /** Makes an order, unless there is one of this key; returns its number, and whether it is new. */
  place(key: string | undefined): { readonly order: number; readonly isNew: boolean } {
    const known = key === undefined ? undefined : this.byKey.get(key)
    if (known !== undefined) return { order: known, isNew: false }
    this.count++
    if (key !== undefined) this.byKey.set(key, this.count)
    return { order: this.count, isNew: true }
  }

  /** Writes the order whose address the client has chosen; it is made by the first time only. */
  put(): { readonly order: number; readonly isNew: boolean } {
    const isNew = this.named === undefined
    this.named ??= ++this.count
    return { order: this.named, isNew }
  }
}
