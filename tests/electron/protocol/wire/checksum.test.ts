import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import {
  checksum,
  complementSum,
  pseudoHeaderSum,
  updateChecksum,
  updateChecksum32,
  wordSum,
} from '../../../../electron/protocol/wire/checksum.ts'
import { fromHex, RUNS } from '../../../support/packets.ts'

/** RFC 1071 4.1, done word by word in the plainest way: what the fast one must agree with. */
function plainSum(bytes: Uint8Array): number {
  let sum = 0
  for (let i = 0; i < bytes.length; i += 2) sum += bytes[i] * 256 + (bytes[i + 1] ?? 0)
  while (sum >= 65_536) sum = (sum % 65_536) + Math.floor(sum / 65_536)
  return sum
}

describe('RFC 1071', () => {
  it('sums the example of section 3: 0001 f203 f4f5 f6f7', () => {
    const bytes = fromHex('0001 f203 f4f5 f6f7')
    expect(wordSum(bytes, 0, 8)).toBe(0xddf2)
    expect(checksum(bytes, 0, 8)).toBe(0x220d)
  })

  it('counts an odd last byte as if a zero followed', () => {
    expect(wordSum(fromHex('01 02 03'), 0, 3)).toBe(0x0402)
  })

  it('is 0 over an IPv4 header whose checksum is in place', () => {
    const header = fromHex('4500 0073 0000 4000 4011 b861 c0a8 0001 c0a8 00c7')
    expect(checksum(header, 0, 20)).toBe(0)
    header[11] = 0
    header[10] = 0
    expect(checksum(header, 0, 20)).toBe(0xb861)
  })

  it('gives 65,535 for a sum of all ones, never 0, unless all is zero', () => {
    expect(wordSum(new Uint8Array(4000).fill(0xff), 0, 4000)).toBe(0xffff)
    expect(wordSum(new Uint8Array(4000), 0, 4000)).toBe(0)
  })

  it('agrees with the plain way at every alignment and length', () => {
    const memory = new Uint8Array(2000).map((_, i) => (i * 167 + 13) & 0xff)
    for (let start = 0; start < 8; start++) {
      for (let length = 0; length < 300; length++) {
        const view = new Uint8Array(memory.buffer, start, 600)
        expect(wordSum(view, 5, length)).toBe(plainSum(view.subarray(5, 5 + length)))
      }
    }
  })

  it('does not overflow on more bytes than any packet has', () => {
    const bytes = new Uint8Array(200_001).fill(0xff)
    expect(wordSum(bytes, 0, bytes.length)).toBe(plainSum(bytes))
    bytes.fill(0xfe)
    expect(wordSum(bytes, 1, 131_073)).toBe(plainSum(bytes.subarray(1, 131_074)))
  })

  it('agrees with the plain way on any bytes, in parts and as a whole', () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 3000 }), fc.nat(3000), fc.nat(7), (bytes, cut, shift) => {
        const memory = new Uint8Array(bytes.length + shift)
        memory.set(bytes, shift)
        const even = Math.min(cut, bytes.length) & ~1
        const parts = wordSum(memory, shift, even) + wordSum(memory, shift + even, bytes.length - even)
        expect(complementSum(parts)).toBe(~plainSum(bytes) & 0xffff)
      }),
      { numRuns: RUNS },
    )
  })
})

describe('the pseudo-header (RFC 9293 3.1)', () => {
  it('counts as the bytes that it stands for', () => {
    const bytes = fromHex('0a4d0001 0a4d0002 00 06 05dc')
    expect(complementSum(pseudoHeaderSum(0x0a4d0001, 0x0a4d0002, 6, 1500))).toBe(checksum(bytes, 0, 12))
  })
})

describe('RFC 1624', () => {
  it('updates the example of section 4 to 0x0000, not 0xffff', () => {
    expect(updateChecksum(0xdd2f, 0x5555, 0x3285)).toBe(0)
  })

  it('agrees with a checksum made anew, for one word and for two', () => {
    const word = fc.nat(0xffff)
    fc.assert(
      fc.property(
        fc.uint8Array({ minLength: 20, maxLength: 60 }),
        fc.nat(8),
        word,
        word,
        (bytes, at, high, low) => {
          bytes[18] = 1 // never all zero, which no header is
          const i = at * 2
          const before = checksum(bytes, 0, bytes.length)
          const old = [(bytes[i] << 8) | bytes[i + 1], i < 16 ? (bytes[i + 2] << 8) | bytes[i + 3] : 0]
          bytes.set([high >>> 8, high & 0xff], i)
          expect(updateChecksum(before, old[0], high)).toBe(checksum(bytes, 0, bytes.length))
          if (i >= 16) return
          bytes.set([low >>> 8, low & 0xff], i + 2)
          const from = old[0] * 65_536 + old[1]
          expect(updateChecksum32(before, from, high * 65_536 + low)).toBe(checksum(bytes, 0, bytes.length))
        },
      ),
      { numRuns: RUNS },
    )
  })
})
