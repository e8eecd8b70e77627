/** The smallest of `values`, one at least, that a share `q` of them does not exceed (the nearest rank). */
export function quantile(values: readonly number[], q: number): number {
  const sorted = Float64Array.from(values).sort()
  return sorted[Math.max(0, Math.ceil(q * sorted.length) - 1)]
}
