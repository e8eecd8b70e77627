import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { complementSum, pseudoHeaderSum, wordSum } from '../../../../electron/protocol/wire/checksum.ts'
import type { Decoded } from '../../../../electron/protocol/wire/result.ts'
import {
  ACK,
  CWR,
  decodeTcp,
  encodeTcp,
  FIN,
  formatFlags,
  PSH,
  SYN,
  tcpLength,
  tcpOptionsLength,
  type TcpOptions,
  type TcpSegment,
} from '../../../../electron/protocol/wire/tcp.ts'
import { address, anyTcpSegment, CLIENT, fromHex, RUNS, SERVER } from '../../../support/packets.ts'

/** Both written by hand, their checksums computed by another program. */
const SYN_BYTES = fromHex(
  '9c40 1389 01020304 00000000 a002 ffff 7f8a 0000 020405b4 0402 080a 0000000a 00000000 01 030307',
)
const DATA_BYTES = fromHex(
  '9c40 1389 fffffff0 80000001 d018 01f6 9628 0000 0101 080a 0000000b 0000000c' +
    '0101 0512 00000010 00000020 fffffff0 00000008 68656c6c6f',
)

const SYN_SEGMENT: TcpSegment = {
  sourcePort: 40_000,
  destinationPort: 5001,
  sequence: 0x01020304,
  acknowledgment: 0,
  flags: SYN,
  window: 65_535,
  urgent: 0,
  options: { mss: 1460, sackPermitted: true, timestamps: { value: 10, echo: 0 }, windowScale: 7 },
  payload: new Uint8Array(0),
}
const DATA_SEGMENT: TcpSegment = {
  ...SYN_SEGMENT,
  sequence: 0xfffffff0,
  acknowledgment: 0x80000001,
  flags: ACK | PSH,
  window: 502,
  options: { timestamps: { value: 11, echo: 12 }, sack: [16, 32, 0xfffffff0, 8] },
  payload: fromHex('68656c6c6f'),
}

const decode = (bytes: Uint8Array) => decodeTcp(bytes, 0, bytes.length, CLIENT, SERVER)

function encode(segment: TcpSegment): Uint8Array {
  const bytes = new Uint8Array(tcpLength(segment))
  expect(encodeTcp(segment, bytes, 0, CLIENT, SERVER)).toBe(bytes.length)
  return bytes
}

const optionBytes = (options: TcpOptions) => encode({ ...SYN_SEGMENT, options }).subarray(20)

/** A segment with these option bytes as they are, and a checksum that is right. */
function withRawOptions(hex: string): Uint8Array {
  const raw = fromHex(hex)
  const bytes = encode({ ...SYN_SEGMENT, options: {}, payload: raw })
  bytes[12] = ((20 + raw.length) / 4) << 4
  return withChecksum(bytes)
}

/** The same bytes with a checksum that is right, as a sender would make it. */
function withChecksum(bytes: Uint8Array): Uint8Array {
  bytes.fill(0, 16, 18)
  const sum = complementSum(
    pseudoHeaderSum(CLIENT, SERVER, 6, bytes.length) + wordSum(bytes, 0, bytes.length),
  )
  bytes.set([sum >>> 8, sum & 0xff], 16)
  return bytes
}

const optionsOf = (read: Decoded<TcpSegment>) => (read.ok ? read.value.options : read.error)

describe('a SYN with the options of today', () => {
  it('is read', () => expect(decode(SYN_BYTES)).toEqual({ ok: true, value: SYN_SEGMENT }))
  it('is written with the same bytes', () => expect(encode(SYN_SEGMENT)).toEqual(SYN_BYTES))
})

describe('a data segment with timestamps and SACK blocks', () => {
  it('is read', () => expect(decode(DATA_BYTES)).toEqual({ ok: true, value: DATA_SEGMENT }))
  it('is written with the same bytes', () => expect(encode(DATA_SEGMENT)).toEqual(DATA_BYTES))

  it('gives its payload as a view, not a copy', () => {
    const read = decode(DATA_BYTES)
    expect(read.ok && read.value.payload.buffer).toBe(DATA_BYTES.buffer)
  })
})

describe('decodeTcp', () => {
  const reasonOf = (bytes: Uint8Array) => {
    const read = decode(bytes)
    return read.ok ? 'ok' : `${read.error.layer} ${read.error.reason} at ${read.error.offset}`
  }

  it('names what is wrong and where', () => {
    const altered = (at: number, value: number) => {
      const bytes = DATA_BYTES.slice()
      bytes[at] = value
      return bytes
    }
    expect(reasonOf(DATA_BYTES.subarray(0, 19))).toBe('tcp truncated at 0')
    expect(reasonOf(withChecksum(altered(12, 0x40)))).toBe('tcp bad_data_offset at 12')
    expect(reasonOf(withChecksum(altered(12, 0xf0)))).toBe('tcp bad_data_offset at 12')
    expect(reasonOf(altered(56, 0))).toBe('tcp bad_checksum at 16')
  })

  it('counts the addresses in the checksum (RFC 9293 3.1)', () => {
    expect(decodeTcp(SYN_BYTES, 0, SYN_BYTES.length, CLIENT, SERVER + 1).ok).toBe(false)
  })

  it('finds every flipped bit', () => {
    for (let bit = 0; bit < DATA_BYTES.length * 8; bit++) {
      const bytes = DATA_BYTES.slice()
      bytes[bit >>> 3] ^= 1 << (bit & 7)
      expect(decode(bytes).ok).toBe(false)
    }
  })

  it('ignores reserved bits (RFC 9293 3.1)', () => {
    const bytes = SYN_BYTES.slice()
    bytes[12] |= 0x0f
    expect(decode(withChecksum(bytes))).toEqual({ ok: true, value: SYN_SEGMENT })
  })

  it('reads a segment in the midst of other bytes', () => {
    const bytes = new Uint8Array(100).fill(0x77)
    bytes.set(DATA_BYTES, 13)
    expect(decodeTcp(bytes, 13, DATA_BYTES.length, CLIENT, SERVER)).toEqual({ ok: true, value: DATA_SEGMENT })
  })

  it('stays within the bytes when the length says more', () => {
    fc.assert(
      fc.property(
        fc.uint8Array({ maxLength: 90 }),
        fc.integer({ min: -5, max: 120 }),
        fc.nat(100),
        (bytes, n, at) => {
          const read = decodeTcp(bytes, at, n, CLIENT, SERVER)
          if (!read.ok) expect(read.error.offset).toBeLessThanOrEqual(bytes.length)
        },
      ),
      { numRuns: RUNS },
    )
  })
})

describe('options', () => {
  it.each([
    ['nothing after End of Option List (RFC 9293 3.1)', '00020401', {}],
    ['No-Operation anywhere', '01010102 0405b401', { mss: 1460 }],
    [
      'unknown kinds, kept as they came (RFC 9293 MUST-6)',
      '1e040102 fd0301 01',
      {
        unknown: [
          { kind: 30, data: fromHex('0102') },
          { kind: 253, data: fromHex('01') },
        ],
      },
    ],
    ['the last of two of one kind', '020405b4 02040200', { mss: 512 }],
  ])('reads %s', (_, hex, options) => expect(optionsOf(decode(withRawOptions(hex)))).toEqual(options))

  it.each([
    ['length 0, which would never end (RFC 9293 MUST-7)', '1e000000', 'bad_option_length', 21],
    ['length 1', '011e0100', 'bad_option_length', 22],
    ['a length beyond the header', '1e050000', 'bad_option_length', 21],
    ['an MSS of three bytes', '02030500', 'bad_option_length', 21],
    ['a window scale of four', '03040700', 'bad_option_length', 21],
    ['SACK-permitted with data', '04030000', 'bad_option_length', 21],
    ['half a SACK block', '0506 00000001 0101', 'bad_option_length', 21],
    ['SACK without a block', '05020101', 'bad_option_length', 21],
    ['timestamps of four bytes', '0806 00000001 0101', 'bad_option_length', 21],
    ['a kind without a length', '0101011e', 'truncated_option', 23],
  ])('refuses %s', (_, hex, reason, offset) => {
    expect(optionsOf(decode(withRawOptions(hex)))).toEqual({ layer: 'tcp', reason, offset })
  })

  it('are aligned as stacks in the field do it', () => {
    expect(optionBytes({ timestamps: { value: 1, echo: 2 } })).toEqual(fromHex('0101080a 00000001 00000002'))
    expect(optionBytes({ sackPermitted: true })).toEqual(fromHex('01010402'))
    expect(optionBytes({ windowScale: 3 })).toEqual(fromHex('01030303'))
    expect(optionBytes({ sack: [1, 2] })).toEqual(fromHex('0101050a 00000001 00000002'))
    expect(optionBytes({ unknown: [{ kind: 254, data: fromHex('aa') }] })).toEqual(fromHex('fe03aa00'))
  })

  it('leave room for three SACK blocks beside timestamps, and four without (RFC 2018 3)', () => {
    const blocks = (n: number) => Array.from({ length: 2 * n }, (_, i) => i)
    const timestamps = { value: 0, echo: 0 }
    expect(tcpOptionsLength({ timestamps, sack: blocks(3) })).toBe(40)
    expect(tcpOptionsLength({ sack: blocks(4) })).toBe(36)
    expect(() => optionBytes({ timestamps, sack: blocks(4) })).toThrow(RangeError)
  })
})

describe('encodeTcp', () => {
  it('gives back what decodeTcp reads, for every segment and address', () => {
    fc.assert(
      fc.property(anyTcpSegment, address, address, fc.nat(9), (segment, source, destination, offset) => {
        const length = tcpLength(segment)
        const bytes = new Uint8Array(offset + length + 1).fill(0x55)
        encodeTcp(segment, bytes, offset, source, destination)
        expect(bytes[offset + length]).toBe(0x55)
        const read = decodeTcp(bytes, offset, length, source, destination)
        expect(read).toEqual({ ok: true, value: segment })
      }),
      { numRuns: RUNS },
    )
  })
})

describe('formatFlags', () => {
  it('names them', () => {
    expect(formatFlags(0)).toBe('')
    expect(formatFlags(SYN | ACK)).toBe('SYN, ACK')
    expect(formatFlags(FIN | CWR)).toBe('FIN, CWR')
  })
})
