import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { checksum } from '../../../../electron/protocol/wire/checksum.ts'
import {
  CE,
  decodeIpv4,
  decodeIpv4Options,
  encodeIpv4,
  rewriteEcn,
} from '../../../../electron/protocol/wire/ipv4.ts'
import { anyIpv4Header, fromHex, ipv4Packet, payload, RUNS } from '../../../support/packets.ts'

/** A UDP packet that another stack sent: 192.168.0.1 to 192.168.0.199, 115 bytes, DF. */
const HEADER = fromHex('4500 0073 0000 4000 4011 b861 c0a8 0001 c0a8 00c7')

const captured = (): Uint8Array => {
  const bytes = new Uint8Array(115)
  bytes.set(HEADER)
  return bytes
}

const reasonOf = (bytes: Uint8Array) => {
  const read = decodeIpv4(bytes)
  return read.ok ? 'ok' : `${read.error.layer} ${read.error.reason} at ${read.error.offset}`
}

describe('decodeIpv4', () => {
  it('reads every field (RFC 791 3.1)', () => {
    expect(decodeIpv4(captured())).toEqual({
      ok: true,
      value: {
        dscp: 0,
        ecn: 0,
        identification: 0,
        dontFragment: true,
        moreFragments: false,
        fragmentOffset: 0,
        ttl: 64,
        protocol: 17,
        source: 0xc0a80001,
        destination: 0xc0a800c7,
        options: new Uint8Array(0),
        headerLength: 20,
        totalLength: 115,
      },
    })
  })

  it('leaves bytes after the total length alone', () => {
    const padded = new Uint8Array(200)
    padded.set(captured())
    expect(reasonOf(padded)).toBe('ok')
  })

  it('names what is wrong and where', () => {
    const altered = (at: number, value: number) => {
      const bytes = captured()
      bytes[at] = value
      return bytes
    }
    expect(reasonOf(new Uint8Array(0))).toBe('ipv4 truncated at 0')
    expect(reasonOf(captured().subarray(0, 19))).toBe('ipv4 truncated at 0')
    expect(reasonOf(captured().subarray(0, 114))).toBe('ipv4 truncated at 114')
    expect(reasonOf(altered(0, 0x65))).toBe('ipv4 bad_version at 0')
    expect(reasonOf(altered(0, 0x44))).toBe('ipv4 bad_header_length at 0')
    expect(reasonOf(altered(3, 19))).toBe('ipv4 bad_total_length at 2')
    expect(reasonOf(altered(8, 63))).toBe('ipv4 bad_checksum at 10')
  })

  it('finds every flipped bit of the header', () => {
    for (let bit = 0; bit < HEADER.length * 8; bit++) {
      const bytes = captured()
      bytes[bit >>> 3] ^= 1 << (bit & 7)
      expect(decodeIpv4(bytes).ok).toBe(false)
    }
  })

  it('never throws and never reads beyond its bytes', () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 100 }), fc.nat(120), (bytes, offset) => {
        const read = decodeIpv4(bytes, offset)
        if (!read.ok) expect(read.error.offset).toBeLessThanOrEqual(bytes.length)
        else expect(offset + read.value.totalLength).toBeLessThanOrEqual(bytes.length)
      }),
      { numRuns: RUNS },
    )
  })
})

describe('encodeIpv4', () => {
  it('writes the bytes that another stack wrote', () => {
    const read = decodeIpv4(captured())
    const into = new Uint8Array(24).fill(0xee)
    expect(encodeIpv4(read.ok ? read.value : fail(), 95, into, 2)).toBe(20)
    expect(into.subarray(2, 22)).toEqual(HEADER)
    expect([into[1], into[22]]).toEqual([0xee, 0xee])
  })

  it('pads options with End of Option List', () => {
    const bytes = ipv4Packet(new Uint8Array(1), { options: fromHex('94 04 00 00 07') })
    expect(bytes.subarray(20, 28)).toEqual(fromHex('94040000 07000000'))
    expect(bytes[0]).toBe(0x47)
    expect(checksum(bytes, 0, 28)).toBe(0)
  })

  it('refuses what cannot be written', () => {
    expect(() => ipv4Packet(new Uint8Array(0), { options: new Uint8Array(41) })).toThrow(RangeError)
    expect(() => ipv4Packet(new Uint8Array(65_516))).toThrow(RangeError)
    expect(() => ipv4Packet(new Uint8Array(0), { fragmentOffset: 4 })).toThrow(RangeError)
  })

  it('gives back what decodeIpv4 reads, for every header', () => {
    fc.assert(
      fc.property(anyIpv4Header, payload(64), (header, data) => {
        const bytes = ipv4Packet(data, header)
        const read = decodeIpv4(bytes)
        const headerLength = 20 + header.options.length
        expect(read).toEqual({ ok: true, value: { ...header, headerLength, totalLength: bytes.length } })
      }),
      { numRuns: RUNS },
    )
  })
})

describe('options', () => {
  it('are told apart, with the copied flag', () => {
    // No-Operation, router alert (copied), record route and timestamp (not copied), End, padding
    const read = decodeIpv4Options(fromHex('01 94040000 0703 04 4404 0500 00 ffff'))
    expect(read).toEqual({
      ok: true,
      value: [
        { type: 0x94, copied: true, offset: 1, data: fromHex('0000') },
        { type: 7, copied: false, offset: 5, data: fromHex('04') },
        { type: 0x44, copied: false, offset: 8, data: fromHex('0500') },
      ],
    })
  })

  it.each([
    ['0700', 'bad_option_length', 1],
    ['01 0701', 'bad_option_length', 2],
    ['0705 0000', 'bad_option_length', 1],
    ['010107', 'truncated_option', 2],
  ])('%s is refused: %s', (hex, reason, offset) => {
    expect(decodeIpv4Options(fromHex(hex))).toEqual({ ok: false, error: { layer: 'ipv4', reason, offset } })
  })
})

describe('ECN (RFC 3168)', () => {
  it('is marked in place, checksum and DSCP kept right', () => {
    const bytes = ipv4Packet(new Uint8Array(3), { ecn: 2, dscp: 46 })
    rewriteEcn(bytes, CE)
    expect(decodeIpv4(bytes)).toMatchObject({ ok: true, value: { ecn: 3, dscp: 46 } })
  })
})

function fail(): never {
  throw new Error('does not decode')
}
