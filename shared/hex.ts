/** Bytes as the trace writes them: two hexadecimal digits each. */

/** Total: reads up to the first pair that is none. */
export function bytesOfHex(hex: string): Uint8Array {
  const [digits] = /^(?:[0-9a-f]{2})*/i.exec(hex)!
  return Uint8Array.from({ length: digits.length / 2 }, (_, i) =>
    parseInt(digits.slice(2 * i, 2 * i + 2), 16),
  )
}

const DIGITS: readonly string[] = Array.from({ length: 256 }, (_, byte) => byte.toString(16).padStart(2, '0'))

/** Lower case. */
export function hexOfBytes(bytes: Uint8Array): string {
  let text = ''
  // By index: an iterator takes several times as long, and each message of a trace comes through here.
  for (let i = 0; i < bytes.length; i++) text += DIGITS[bytes[i]]
  return text
}
