/** Means that need no list of what they are the mean of. */

export class Mean {
  count = 0
  sum = 0
  min = Infinity
  max = -Infinity

  add(value: number): void {
    this.count++
    this.sum += value
    if (value < this.min) this.min = value
    if (value > this.max) this.max = value
  }

  /** The same as it is now, for later. */
  copy(): Mean {
    return Object.assign(new Mean(), this)
  }

  /** The mean of what came after `earlier` was copied; null: nothing. */
  since(earlier: Mean): number | null {
    const count = this.count - earlier.count
    return count === 0 ? null : (this.sum - earlier.sum) / count
  }

  /** null: of nothing. */
  get value(): number | null {
    return this.count === 0 ? null : this.sum / this.count
  }
}

/** The mean over time of a value that holds until the next. */
export class TimeMean {
  max = 0
  private area = 0
  private start: number | undefined
  private since = 0
  private current = 0

  set(t: number, value: number): void {
    if (this.start === undefined) this.start = t
    else this.area += this.current * (t - this.since)
    this.since = t
    this.current = value
    if (value > this.max) this.max = value
  }

  /** The mean up to `t`; null: nothing was set, or no time has passed. */
  until(t: number): number | null {
    if (this.start === undefined || t <= this.start) return null
    return (this.area + this.current * Math.max(0, t - this.since)) / (t - this.start)
  }

  /** The integral up to `t`. */
  integral(t: number): number {
    return this.area + this.current * Math.max(0, t - this.since)
  }
}
