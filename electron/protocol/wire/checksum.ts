/**
 * The Internet checksum: RFC 1071 (how to compute it), RFC 1624 (how to update it).
 *
 * The one's complement sum does not care for byte order (RFC 1071 2 (B)): a sum of words read the wrong way
 * round is the right sum the wrong way round. So long stretches are added up as native 32-bit words, and
 * the result is turned round once at its end.
 */

const LITTLE_ENDIAN = new Uint8Array(new Uint16Array([1]).buffer)[0] === 1

/** Below this many bytes, making the view costs more than it saves. */
const VIEW_WORTHWHILE = 128

/** The most bytes whose halves, each added up in 32 bits, cannot overflow. A multiple of 4. */
const BLOCK = 65_536

/** Brings a sum of 16-bit words, however long, back to 16 bits (end-around carry). */
export function foldSum(sum: number): number {
  let folded = sum
  while (folded > 0xffff) folded = (folded & 0xffff) + Math.floor(folded / 0x1_0000)
  return folded
}

const swap = (word: number): number => ((word & 0xff) << 8) | (word >>> 8)

/** Byte by byte, for short stretches and for the ends of long ones. */
function sumOfBytes(bytes: Uint8Array, offset: number, length: number): number {
  const lastPair = offset + length - 1
  let sum = 0
  let i = offset
  for (; i < lastPair; i += 2) sum += (bytes[i] << 8) | bytes[i + 1]
  if (i === lastPair) sum += bytes[i] << 8
  return sum
}

/** `count` native 32-bit words, folded; `start` is a multiple of 4, `count` at most BLOCK / 4. */
function sumOfNativeWords(buffer: ArrayBufferLike, start: number, count: number): number {
  const words = new Int32Array(buffer, start, count)
  const unrolled = count & ~3
  let whole = 0
  let high = 0
  let i = 0
  for (; i < unrolled; i += 4) {
    const a = words[i]
    const b = words[i + 1]
    const c = words[i + 2]
    const d = words[i + 3]
    whole = (whole + a + b + c + d) | 0
    high += (a >>> 16) + (b >>> 16) + (c >>> 16) + (d >>> 16)
  }
  for (; i < count; i++) {
    whole = (whole + words[i]) | 0
    high += words[i] >>> 16
  }
  // The sum of all words is low + high * 2^16 modulo 2^32, and low is below 2^32: so it can be had back.
  const low = (whole - (high << 16)) >>> 0
  return foldSum(low + high)
}

/**
 * The one's complement sum of `length` bytes as 16-bit big-endian words, not complemented; an odd last byte
 * counts as if a zero followed. Sums of several stretches may be added up as long as all but the last are
 * of even length. Stays within the given range, which the caller has checked to lie in `bytes`.
 */
export function wordSum(bytes: Uint8Array, offset: number, length: number): number {
  if (length < VIEW_WORTHWHILE) return foldSum(sumOfBytes(bytes, offset, length))
  if (length > BLOCK) {
    return foldSum(wordSum(bytes, offset, BLOCK) + wordSum(bytes, offset + BLOCK, length - BLOCK))
  }
  const start = bytes.byteOffset + offset
  const lead = -start & 3
  const count = (length - lead) >>> 2
  const rest = offset + lead + count * 4
  const middle = sumOfNativeWords(bytes.buffer, start + lead, count)
  const tail = foldSum(sumOfBytes(bytes, rest, offset + length - rest))
  // After an odd number of leading bytes every later byte stands in the other half of its word.
  const odd = (lead & 1) === 1
  return foldSum(
    sumOfBytes(bytes, offset, lead) +
      (LITTLE_ENDIAN !== odd ? swap(middle) : middle) +
      (odd ? swap(tail) : tail),
  )
}

/** The checksum field for a sum: its complement. Over data with their checksum it is 0 when they are whole. */
export const complementSum = (sum: number): number => ~foldSum(sum) & 0xffff

/** The Internet checksum of a stretch of bytes (RFC 1071 1). */
export const checksum = (bytes: Uint8Array, offset: number, length: number): number =>
  complementSum(wordSum(bytes, offset, length))

/** The sum of the pseudo-header that TCP (RFC 9293 3.1) and UDP (RFC 768) put before their own bytes. */
export function pseudoHeaderSum(
  source: number,
  destination: number,
  protocol: number,
  length: number,
): number {
  return (
    (source >>> 16) + (source & 0xffff) + (destination >>> 16) + (destination & 0xffff) + protocol + length
  )
}

/**
 * The checksum after one 16-bit word under it changed from `from` to `to` (RFC 1624 3, equation 3), without
 * reading the rest again.
 */
export const updateChecksum = (checksum: number, from: number, to: number): number =>
  complementSum((~checksum & 0xffff) + (~from & 0xffff) + to)

/** The same for a 32-bit word, such as an address. */
export const updateChecksum32 = (checksum: number, from: number, to: number): number =>
  updateChecksum(updateChecksum(checksum, from >>> 16, to >>> 16), from & 0xffff, to & 0xffff)
