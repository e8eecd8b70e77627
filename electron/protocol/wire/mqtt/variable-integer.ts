/** The integer of one to four bytes in which seven bits count and the eighth says that another follows (MQTT 3.1.1 2.2.3, MQTT 5 1.5.5). */
import type { DissectedField } from '../../../../shared/dissection.ts'

/** Bytes of the longest. */
export const MOST_INTEGER = 4
const CONTINUES = 0x80

/**
 * How many bytes the integer at `at` takes: 0 when more are needed to tell, -1 when its fourth byte says that there is a fifth,
 * which cannot be.
 */
export function integerSize(bytes: Uint8Array, at: number, end: number): number {
  for (let size = 1; size <= MOST_INTEGER; size++) {
    if (at + size > end) return 0
    if (bytes[at + size - 1] < CONTINUES) return size
  }
  return -1
}

/** Its value, once its size is known. */
export function integerValue(bytes: Uint8Array, at: number, size: number): number {
  let value = 0
  for (let i = 0; i < size; i++) value += (bytes[at + i] & 0x7f) * 2 ** (7 * i)
  return value
}

/** Each byte: whether another follows, its seven bits, and what they are to be multiplied by. */
export function integerFields(bytes: Uint8Array, at: number, size: number): DissectedField[] {
  return Array.from({ length: size }, (_, i): DissectedField => {
    const byte = bytes[at + i]
    const place = { offset: at + i, length: 1 }
    const bits = byte & 0x7f
    const factor = 2 ** (7 * i)
    return {
      name: `Byte ${i + 1}`,
      text: `${bits} × ${factor} = ${bits * factor}`,
      ...place,
      children: [
        {
          name: 'Continuation bit',
          text: byte < CONTINUES ? '0: the last byte' : '1: another follows',
          ...place,
        },
        { name: 'Value', text: String(bits), ...place },
        { name: 'Multiplier', text: i === 0 ? '1' : `128^${i} = ${factor}`, ...place },
      ],
    }
  })
}
