/** The format of README.md byte by byte, and what is not of it. */
import { describe, expect, it } from 'vitest'
import { decodeArq, encodeArq, MOST_RANGES } from '../../../../electron/protocol/arq/packet.ts'
import { bytesOfHex } from '../../../../shared/hex.ts'

const DATA = '5251 1101 01020304 00000007 6162'.replaceAll(' ', '')
const ACK = '5251 1200 01020304 00000007 00000009 00000009 0000000b'.replaceAll(' ', '')

describe('a packet', () => {
  it('of data', () => {
    const packet = {
      kind: 'data',
      transfer: 0x01020304,
      number: 7,
      last: true,
      payload: bytesOfHex('6162'),
    } as const
    expect(encodeArq(packet)).toEqual(bytesOfHex(DATA))
    expect(decodeArq(bytesOfHex(DATA))).toEqual({ ok: true, value: packet })
  })

  it('of an acknowledgment', () => {
    const packet = { kind: 'ack', transfer: 0x01020304, number: 7, echo: 9, ranges: [9, 11] } as const
    expect(encodeArq(packet)).toEqual(bytesOfHex(ACK))
    expect(decodeArq(bytesOfHex(ACK))).toEqual({ ok: true, value: packet })
  })
})

describe('is refused', () => {
  const ack = (ranges: number[]) => encodeArq({ kind: 'ack', transfer: 1, number: 7, echo: 7, ranges })
  const many = Array.from({ length: 2 * MOST_RANGES + 2 }, (_, i) => 8 + i)
  it.each<[string, string, number, Uint8Array]>([
    ['shorter than a header', 'truncated', 11, bytesOfHex(DATA).subarray(0, 11)],
    ['of another protocol', 'bad_magic', 0, bytesOfHex(`0000${DATA.slice(4)}`)],
    ['of another version', 'unknown_version', 2, bytesOfHex(`525121${DATA.slice(6)}`)],
    ['of another kind', 'unknown_kind', 2, bytesOfHex(`525113${DATA.slice(6)}`)],
    ['with a flag that is not defined', 'unknown_flags', 3, bytesOfHex(`52511102${DATA.slice(8)}`)],
    ['an acknowledgment that says last', 'unknown_flags', 3, bytesOfHex(`52511201${ACK.slice(8)}`)],
    ['data without data', 'no_payload', 12, bytesOfHex(DATA).subarray(0, 12)],
    ['an acknowledgment without echo', 'truncated', 15, bytesOfHex(ACK).subarray(0, 15)],
    ['half a range', 'bad_length', 20, bytesOfHex(ACK).subarray(0, 20)],
    ['a range that holds the number which is missing', 'bad_range', 16, ack([7, 9])],
    ['an empty range', 'bad_range', 20, ack([9, 9])],
    ['ranges that touch', 'bad_range', 24, ack([9, 10, 10, 11])],
    ['too many ranges', 'too_many_ranges', 16, ack(many)],
  ])('%s', (_, reason, offset, bytes) => {
    expect(decodeArq(bytes)).toEqual({ ok: false, error: { layer: 'arq', reason, offset } })
  })
})
