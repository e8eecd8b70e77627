/** UTF-8 as the platform reads it, where it is strict, and in pieces as in one. */
import fc from 'fast-check'
import { expect, it } from 'vitest'
import { decodeUtf8, Utf8Check, utf8Problem } from '../../../../electron/protocol/wire/utf8.ts'
import { fromHex, RUNS } from '../../../support/packets.ts'

const strict = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true })

function byPlatform(bytes: Uint8Array): string | undefined {
  try {
    return strict.decode(bytes)
  } catch {
    return undefined
  }
}

/** Octets that are often nearly UTF-8. */
const nearly = fc
  .array(
    fc.oneof(
      fc.constantFrom(0x41, 0xc3, 0xe0, 0xed, 0xf0, 0xf4, 0x80, 0x8f, 0x90, 0x9f, 0xa0, 0xbf),
      fc.nat(255),
    ),
    {
      maxLength: 8,
    },
  )
  .map((octets) => Uint8Array.from(octets))
const text = fc.string({ unit: 'binary', maxLength: 20 }).map((value) => new Uint8Array(Buffer.from(value)))

it('decodes what the platform decodes, and nothing else', () => {
  fc.assert(
    fc.property(fc.oneof(nearly, text), (bytes) => {
      expect(decodeUtf8(bytes)).toBe(byPlatform(bytes))
    }),
    { numRuns: RUNS * 5 },
  )
})

it('finds in pieces what it finds in one', () => {
  fc.assert(
    fc.property(fc.oneof(nearly, text), fc.nat(8), (bytes, at) => {
      const check = new Utf8Check()
      const first = check.push(bytes, 0, Math.min(at, bytes.length))
      const second = first < 0 ? check.push(bytes, Math.min(at, bytes.length)) : first
      const found = second >= 0 ? second : check.whole ? -1 : bytes.length
      expect(found).toBe(utf8Problem(bytes))
    }),
    { numRuns: RUNS * 5 },
  )
})

it.each([
  ['c080', 0, 'longer than it need be'],
  ['eda080', 1, 'a surrogate'],
  ['f4908080', 1, 'beyond U+10FFFF'],
  ['61e282', 3, 'an end within a character'],
])('%s is bad at %d: %s (RFC 3629 3)', (hex, at) => expect(utf8Problem(fromHex(hex))).toBe(at))
