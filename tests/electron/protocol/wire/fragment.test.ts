import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { fragmentIpv4 } from '../../../../electron/protocol/wire/fragment.ts'
import { decodeIpv4, type Ipv4Packet } from '../../../../electron/protocol/wire/ipv4.ts'
import { fromHex, ipv4Packet, RUNS } from '../../../support/packets.ts'

const counted = (length: number) => new Uint8Array(length).map((_, i) => i)

function cut(bytes: Uint8Array, mtu: number): readonly Uint8Array[] {
  const result = fragmentIpv4(bytes, mtu)
  if (!result.ok) throw new Error(result.error.reason)
  return result.value
}

function header(bytes: Uint8Array): Ipv4Packet {
  const read = decodeIpv4(bytes)
  if (!read.ok) throw new Error(read.error.reason)
  return read.value
}

const shape = (bytes: Uint8Array) => {
  const { fragmentOffset, totalLength, moreFragments } = header(bytes)
  return `${fragmentOffset}+${totalLength - header(bytes).headerLength}${moreFragments ? '...' : ''}`
}

describe('fragmentIpv4', () => {
  it('cuts the example of RFC 791 (a 472-byte datagram over an MTU of 280)', () => {
    const packet = ipv4Packet(counted(452), { identification: 111, ttl: 123, protocol: 6 })
    const pieces = cut(packet, 280)
    expect(pieces.map(shape)).toEqual(['0+256...', '256+196'])
    expect(pieces.map((piece) => piece.length)).toEqual([276, 216])
    for (const piece of pieces) {
      expect(header(piece)).toMatchObject({ identification: 111, ttl: 123, protocol: 6 })
    }
  })

  it('leaves a packet that fits as it is', () => {
    const packet = ipv4Packet(counted(1480), { dontFragment: true })
    expect(cut(packet, 1500)).toEqual([packet])
  })

  it('cuts a fragment again, whose last piece says that more follow', () => {
    const pieces = cut(ipv4Packet(counted(64), { fragmentOffset: 800, moreFragments: true }), 52)
    expect(pieces.map(shape)).toEqual(['800+32...', '832+32...'])
  })

  it('puts only options with the copied bit into later fragments (RFC 791 3.1)', () => {
    // No-Operation, record route (not copied), router alert (copied)
    const options = fromHex('01 0707 04 00000000 94040000')
    const pieces = cut(ipv4Packet(counted(64), { options }), 68)
    expect(pieces.map((piece) => header(piece).options)).toEqual([options, fromHex('94040000')])
  })

  it.each([
    ["Don't Fragment", ipv4Packet(counted(100), { dontFragment: true }), 68, 'fragmentation_needed', 6],
    ['no room for eight bytes', ipv4Packet(counted(100)), 27, 'mtu_too_small', 0],
    [
      'broken options',
      ipv4Packet(counted(100), { options: fromHex('07000000') }),
      68,
      'bad_option_length',
      1,
    ],
    ['a fragment beyond 65,535', ipv4Packet(counted(100), { fragmentOffset: 65_528 }), 68, 'too_long', 6],
    ['no packet', new Uint8Array(3), 68, 'truncated', 0],
  ])('refuses with %s', (_, packet, mtu, reason, offset) => {
    expect(fragmentIpv4(packet, mtu)).toEqual({ ok: false, error: { layer: 'ipv4', reason, offset } })
  })

  it('makes pieces that fit, are whole, and hold the payload without gap or overlap', () => {
    fc.assert(
      fc.property(fc.nat(5000), fc.integer({ min: 68, max: 2000 }), (length, mtu) => {
        const payload = counted(length)
        const pieces = cut(ipv4Packet(payload), mtu)
        let at = 0
        for (const [i, piece] of pieces.entries()) {
          const { fragmentOffset, headerLength, moreFragments } = header(piece)
          expect(piece.length).toBeLessThanOrEqual(mtu)
          expect([fragmentOffset, moreFragments]).toEqual([at, i < pieces.length - 1])
          const part = payload.subarray(at, at + piece.length - headerLength)
          expect(Buffer.compare(piece.subarray(headerLength), part)).toBe(0)
          at += piece.length - headerLength
        }
        expect(at).toBe(length)
      }),
      { numRuns: RUNS },
    )
  })
})
