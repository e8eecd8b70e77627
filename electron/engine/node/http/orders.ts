/** Orders: what POST makes each time, and a key makes once (RFC 9110 9.2.2). */

export class Orders {
  /** How many there are. */
  count = 0
  private readonly byKey = new Map<string, number>()

  /** Makes an order, unless there is one of this key; returns its number, and whether it is new. */
  place(key: string | undefined): { readonly order: number; readonly isNew: boolean } {
    const known = key === undefined ? undefined : this.byKey.get(key)
    if (known !== undefined) return { order: known, isNew: false }
    this.count++
    if (key !== undefined) this.byKey.set(key, this.count)
    return { order: this.count, isNew: true }
  }
}
