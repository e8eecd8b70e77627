/** Packet numbers, of which only the lower bytes are sent (RFC 9000 17.1, appendix A.2 and A.3). */

export type PacketNumberLength = 1 | 2 | 3 | 4

/** How many bytes the peer needs to tell this number, when the last that it acknowledged is `largestAcked` (-1: none). */
export function packetNumberLength(number: number, largestAcked: number): PacketNumberLength {
  // Twice as many numbers as are unacknowledged must be told apart (A.2).
  const range = 2 * (number - largestAcked)
  if (range <= 0x100) return 1
  if (range <= 0x1_0000) return 2
  if (range <= 0x100_0000) return 3
  return 4
}

/** The whole number of which the lower `length` bytes are `truncated`; `largest` is the highest seen so far, -1: none. */
export function expandPacketNumber(truncated: number, length: PacketNumberLength, largest: number): number {
  const window = 2 ** (8 * length)
  const expected = largest + 1
  const candidate = expected - (expected % window) + truncated
  if (candidate <= expected - window / 2 && candidate + window < 2 ** 62) return candidate + window
  if (candidate > expected + window / 2 && candidate >= window) return candidate - window
  return candidate
}
