/** The largest of the values of late: a window over a count that only grows, such as round trips. */
export class MaxFilter {
  private readonly span: number
  /** Falling values with rising times: the first is the largest, each next one would be, were those before it gone. */
  private readonly kept: { readonly at: number; readonly value: number }[] = []

  /** Values older than `span` are forgotten, once there is a newer one. */
  constructor(span: number) {
    this.span = span
  }

  /** 0: there was none yet. */
  get max(): number {
    return this.kept.length === 0 ? 0 : this.kept[0].value
  }

  add(at: number, value: number): void {
    const { kept, span } = this
    while (kept.length > 0 && kept[kept.length - 1].value <= value) kept.pop()
    kept.push({ at, value })
    while (at - kept[0].at > span) kept.shift()
  }
}
