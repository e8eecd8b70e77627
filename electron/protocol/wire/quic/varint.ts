/**
 * Variable-length integers (RFC 9000 16): the two upper bits of the first byte say whether 1, 2, 4 or 8 bytes hold the number.
 *
 * They go up to 2^62 - 1, a JavaScript number is exact up to 2^53 only. What is larger is read as the nearest number that there
 * is: large enough to break every limit that it is held against, and to differ from everything that we know by name.
 */

/** The largest that is written exactly. No counter of ours comes near it. */
export const MAX_EXACT = Number.MAX_SAFE_INTEGER

export type VarintLength = 1 | 2 | 4 | 8

/** Bytes that `value` takes in its shortest form. */
export function varintLength(value: number): VarintLength {
  if (value < 0x40) return 1
  if (value < 0x4000) return 2
  if (value < 0x4000_0000) return 4
  return 8
}

/** Bytes of the integer that begins with this byte. */
export const varintLengthOf = (first: number): VarintLength => (1 << (first >> 6)) as VarintLength

/** Writes `value` in `length` bytes, by default as few as it needs, and returns the offset behind it. Throws above 2^53 - 1. */
export function writeVarint(
  bytes: Uint8Array,
  at: number,
  value: number,
  length: VarintLength = varintLength(value),
): number {
  if (!(value >= 0 && value <= MAX_EXACT)) throw new RangeError(`${value} as a variable-length integer`)
  const end = at + length
  let rest = value
  for (let i = end - 1; i >= at; i--) {
    bytes[i] = rest % 256
    rest = Math.floor(rest / 256)
  }
  bytes[at] |= (31 - Math.clz32(length)) << 6
  return end
}
