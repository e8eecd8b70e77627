/** The number that a message of the lab carries: `#17 ` at its beginning. */

const HASH = 0x23
const SPACE = 0x20
const ZERO = 0x30
/** Digits of the largest. */
const MOST_DIGITS = 9

/** 0: it is a message of somebody else's. */
export function labNumber(payload: Uint8Array): number {
  if (payload[0] !== HASH) return 0
  let number = 0
  for (let at = 1; at <= MOST_DIGITS + 1 && at < payload.length; at++) {
    const digit = payload[at] - ZERO
    if (payload[at] === SPACE) return at > 1 ? number : 0
    if (digit < 0 || digit > 9) return 0
    number = number * 10 + digit
  }
  return 0
}
