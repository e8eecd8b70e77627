/** How much an object keeps alive, as far as its fields tell: deterministic, other than what a heap says of itself. */

/** Octets of typed arrays and strings, and 16 for each object, field and entry. What closures keep is not seen. */
export function reachableSize(root: unknown): number {
  const seen = new Set<unknown>()
  const queue: unknown[] = [root]
  let size = 0
  const visit = (value: unknown): void => {
    size += 16
    if (typeof value === 'string') size += value.length
    else if (typeof value === 'object' && value !== null && !seen.has(value)) {
      seen.add(value)
      queue.push(value)
    }
  }
  for (let value = queue.pop(); value !== undefined; value = queue.pop()) {
    if (ArrayBuffer.isView(value)) size += value.byteLength
    else if (value instanceof Map) for (const entry of [...value.keys(), ...value.values()]) visit(entry)
    else if (value instanceof Set) for (const entry of value) visit(entry)
    else for (const entry of Object.values(value as object)) visit(entry)
  }
  return size
}
