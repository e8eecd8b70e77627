/** Framing: what is written is read again, however the stream is cut, and nothing makes a reader lose count or throw. */
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { framerOf, type Frame, type FrameReader } from '../../../../electron/protocol/wire/framing/framing.ts'
import type { Decoded } from '../../../../electron/protocol/wire/result.ts'

const LONGEST = 40
const KINDS = ['fixed', 'delimited', 'length'] as const

const bytesOf = (text: string): Uint8Array => Uint8Array.from(text, (letter) => letter.charCodeAt(0))
const textOf = (bytes: Uint8Array): string => String.fromCharCode(...bytes)
const joined = (parts: readonly Uint8Array[]): Uint8Array =>
  Uint8Array.from(parts.flatMap((part) => [...part]))

function encoded(kind: (typeof KINDS)[number], message: Uint8Array): Uint8Array {
  const result = framerOf(kind, LONGEST).encode(message)
  if (!result.ok) throw new Error(result.error.reason)
  return result.value
}

/** Feeds a reader with a stream in pieces of these sizes, over and over. */
function readIn(reader: FrameReader, stream: Uint8Array, sizes: readonly number[]): Decoded<Frame>[] {
  const told: Decoded<Frame>[] = []
  for (let at = 0, i = 0; at < stream.length; i++) {
    const size = sizes[i % sizes.length]
    told.push(...reader.push(stream.subarray(at, at + size)))
    at += size
  }
  return told
}

/** What each thing told comes to: a message as text, or the reason and place of an error. */
const outcome = (told: Decoded<Frame>): string =>
  told.ok ? textOf(told.value.message) : `${told.error.reason} at ${told.error.offset}`

/** Bytes in which those that mean something to a framing are common. */
const octet = fc.oneof(fc.constantFrom(0, 0x0a, 0x0d, 0x5c), fc.nat(255))
const message = fc.uint8Array({ maxLength: LONGEST - 1 }).chain((bytes) =>
  // No message ends in zero, for the sake of `fixed`.
  fc
    .array(octet, { minLength: bytes.length, maxLength: bytes.length })
    .map((all) => Uint8Array.from([...all, 1])),
)
const sizes = fc.array(fc.integer({ min: 1, max: 60 }), { minLength: 1, maxLength: 8 })

describe.each(KINDS)('%s', (kind) => {
  it('gives back every message, and where it lay, however the stream is cut', () => {
    fc.assert(
      fc.property(fc.array(message, { maxLength: 8 }), sizes, (messages, cuts) => {
        const frames = messages.map((one) => encoded(kind, one))
        const told = readIn(framerOf(kind, LONGEST).reader(), joined(frames), cuts)
        let offset = 0
        expect(told).toEqual(
          messages.map((one, i) => {
            const value = { message: one, offset, length: frames[i].length }
            offset += value.length
            return { ok: true, value }
          }),
        )
      }),
    )
  })

  it('tells the same of any bytes however they are cut, and nothing after an error', () => {
    fc.assert(
      fc.property(fc.array(octet, { maxLength: 300 }), sizes, (octets, cuts) => {
        const stream = Uint8Array.from(octets)
        const whole = framerOf(kind, LONGEST).reader().push(stream)
        expect(readIn(framerOf(kind, LONGEST).reader(), stream, cuts)).toEqual(whole)
        const errors = whole.filter(({ ok }) => !ok)
        expect(errors.length).toBeLessThanOrEqual(1)
        if (errors.length > 0) expect(whole.at(-1)!.ok).toBe(false)
      }),
    )
  })

  it('refuses a message longer than the longest', () => {
    expect(framerOf(kind, LONGEST).encode(new Uint8Array(LONGEST).fill(1)).ok).toBe(true)
    expect(framerOf(kind, LONGEST).encode(new Uint8Array(LONGEST + 1).fill(1))).toMatchObject({
      ok: false,
      error: { layer: 'framing', reason: 'too_long' },
    })
  })
})

describe('none', () => {
  it('takes what each read gives for a message', () => {
    const reader = framerOf('none', LONGEST).reader()
    const told = ['one', '', 'twothr', 'ee'].flatMap((piece) => reader.push(bytesOf(piece)))
    expect(told.map(outcome)).toEqual(['one', 'twothr', 'ee'])
    expect(told.map((one) => one.ok && one.value.offset)).toEqual([0, 3, 9])
  })
})

describe('fixed', () => {
  it('cannot tell a zero at the end from its filling, so it does not write one', () => {
    expect(framerOf('fixed', 8).encode(bytesOf('ab\0'))).toMatchObject({
      ok: false,
      error: { reason: 'ends_like_filling', offset: 2 },
    })
    expect(textOf(encoded('fixed', bytesOf('a\0b')))).toBe(`a\0b${'\0'.repeat(LONGEST - 3)}`)
  })

  it('waits for all of the filling', () => {
    const reader = framerOf('fixed', 4).reader()
    expect(reader.push(bytesOf('ab\0'))).toEqual([])
    expect(reader.push(bytesOf('\0')).map(outcome)).toEqual(['ab'])
  })
})

describe('delimited', () => {
  const read = (text: string): string[] => framerOf('delimited', 8).reader().push(bytesOf(text)).map(outcome)

  it('writes CR, LF and the escape by two characters each, zeros as they are', () => {
    expect(textOf(encoded('delimited', bytesOf('a\r\n\\\0b')))).toBe('a\\r\\n\\\\\0b\r\n')
  })

  it.each([
    ['a line feed without its carriage return', 'ab\ncd\r\n', ['bare_line_feed at 2']],
    ['a carriage return without its line feed', 'ab\rcd\r\n', ['bare_carriage_return at 3']],
    ['an escape of nothing that is escaped', 'a\r\nb\\x\r\n', ['a', 'bad_escape at 5']],
    ['a message without an end', 'a\r\n123456789', ['a', 'too_long at 11']],
  ])('does not go on after %s', (_, stream, told) => {
    expect(read(stream)).toEqual(told)
  })

  it('reads empty messages, which are nothing but an end', () => {
    expect(read('\r\n\r\na\r\n')).toEqual(['', '', 'a'])
  })
})

describe('length', () => {
  const read = (stream: string): string[] => framerOf('length', 8).reader().push(bytesOf(stream)).map(outcome)

  it('reads what the prefix says, whatever it is', () => {
    expect(read('\0\0\0\x02\r\n\0\0\0\0\0\0\0\x01\0')).toEqual(['\r\n', '', '\0'])
  })

  it.each([
    ['one more than the longest', '\0\0\0\x09'],
    ['the largest that there is, which is not negative', '\xff\xff\xff\xff'],
    ['text where there should be a prefix', 'GET '],
  ])('does not wait for a length of %s', (_, prefix) => {
    expect(read(`\0\0\0\x01a${prefix}and more`)).toEqual(['a', 'too_long at 5'])
  })
})
