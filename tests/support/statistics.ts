/** Medians, and how far they can be trusted, whatever the distribution. */

export interface MedianInterval {
  readonly median: number
  /** The median of the distribution lies between these with at least 95 % confidence; null: too few values to say so. */
  readonly interval: readonly [number, number] | null
}

/** Of so many fair coins at most this many show heads. */
function cumulativeBinomial(n: number, most: number): number {
  let term = 0.5 ** n
  let sum = term
  for (let k = 1; k <= most; k++) {
    term *= (n - k + 1) / k
    sum += term
  }
  return sum
}

/**
 * The interval between two order statistics (David and Nagaraja, "Order Statistics", 7.1): each value lies below the median of its
 * distribution as a fair coin falls, so the k-th smallest and the k-th largest miss it with twice the probability of fewer than k
 * heads.
 */
export function medianInterval(values: readonly number[]): MedianInterval {
  const sorted = [...values].sort((a, b) => a - b)
  const n = sorted.length
  const median = (sorted[Math.floor((n - 1) / 2)] + sorted[Math.ceil((n - 1) / 2)]) / 2
  let k = 0
  while (2 * cumulativeBinomial(n, k) <= 0.05) k++
  return { median, interval: k === 0 ? null : [sorted[k - 1], sorted[n - k]] }
}
