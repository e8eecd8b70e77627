/** Writing TLS's presentation language (RFC 8446 3): small functions that make bytes of values. */
import { concat } from '../wire/tls/key-schedule.ts'

export { concat }

/** A number in `size` bytes. */
export function number(value: number, size: number): Uint8Array {
  const bytes = new Uint8Array(size)
  let rest = value
  for (let i = size - 1; i >= 0; i--) {
    bytes[i] = rest % 256
    rest = Math.floor(rest / 256)
  }
  return bytes
}

/** Parts as a vector whose length stands before them in `size` bytes. */
export function vector(size: number, ...parts: readonly Uint8Array[]): Uint8Array {
  const length = parts.reduce((sum, part) => sum + part.length, 0)
  return concat(number(length, size), ...parts)
}

export const ascii = (text: string): Uint8Array => Uint8Array.from(text, (char) => char.charCodeAt(0))

/** ASCII as text; what is not ASCII becomes a question mark, so that nothing strange is compared or shown. */
export const asciiText = (bytes: Uint8Array): string =>
  Array.from(bytes, (byte) => (byte > 0x1f && byte < 0x7f ? String.fromCharCode(byte) : '?')).join('')

/** A handshake message with its header (RFC 8446 4). */
export const message = (type: number, ...body: readonly Uint8Array[]): Uint8Array =>
  concat(Uint8Array.of(type), vector(3, ...body))
