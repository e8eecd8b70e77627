import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { decodeUdp, encodeUdp, udpLength } from '../../../../electron/protocol/wire/udp.ts'
import { address, CLIENT, fromHex, payload, RUNS, SERVER } from '../../../support/packets.ts'

/** 10.77.0.1:49152 to 10.77.0.2:7, "abc"; the checksum computed by another program. */
const BYTES = fromHex('c000 0007 000b 66d1 616263')
const DATAGRAM = { sourcePort: 49_152, destinationPort: 7, payload: fromHex('616263') }

const decode = (bytes: Uint8Array, length = bytes.length) => decodeUdp(bytes, 0, length, CLIENT, SERVER)

function encode(datagram: typeof DATAGRAM): Uint8Array {
  const bytes = new Uint8Array(udpLength(datagram))
  encodeUdp(datagram, bytes, 0, CLIENT, SERVER)
  return bytes
}

describe('UDP (RFC 768)', () => {
  it('is read and written', () => {
    expect(decode(BYTES)).toEqual({ ok: true, value: DATAGRAM })
    expect(encode(DATAGRAM)).toEqual(BYTES)
  })

  it('takes no more than the length field says', () => {
    expect(decode(fromHex('c000 0007 000b 66d1 616263 ffff'))).toEqual({ ok: true, value: DATAGRAM })
  })

  it('accepts a datagram without checksum (RFC 1122 4.1.3.4)', () => {
    expect(decode(fromHex('c000 0007 000b 0000 616263'))).toEqual({ ok: true, value: DATAGRAM })
  })

  it('sends a checksum that comes out as 0 as all ones', () => {
    const bytes = encode({ ...DATAGRAM, payload: fromHex('2b36') })
    expect(bytes.subarray(6, 8)).toEqual(fromHex('ffff'))
    expect(decode(bytes).ok).toBe(true)
  })

  it.each([
    ['c000 0007 000b 66', 'truncated', 0],
    ['c000 0007 0007 66d1 616263', 'bad_length', 4],
    ['c000 0007 000c 66d1 616263', 'bad_length', 4],
    ['c000 0007 000b 66d1 616264', 'bad_checksum', 6],
  ])('%s is refused: %s', (hex, reason, offset) => {
    expect(decode(fromHex(hex))).toEqual({ ok: false, error: { layer: 'udp', reason, offset } })
  })

  it('refuses to write more than fits in an IPv4 packet', () => {
    const datagram = { ...DATAGRAM, payload: new Uint8Array(65_508) }
    expect(() => encodeUdp(datagram, new Uint8Array(70_000), 0, CLIENT, SERVER)).toThrow(RangeError)
  })

  it('gives back what decodeUdp reads, for every datagram', () => {
    const port = fc.nat(0xffff)
    const anyDatagram = fc.record({ sourcePort: port, destinationPort: port, payload: payload(3000) })
    fc.assert(
      fc.property(anyDatagram, address, address, fc.nat(5), (datagram, source, destination, offset) => {
        const bytes = new Uint8Array(offset + udpLength(datagram) + 3)
        const length = encodeUdp(datagram, bytes, offset, source, destination)
        expect(decodeUdp(bytes, offset, length, source, destination)).toEqual({ ok: true, value: datagram })
      }),
      { numRuns: RUNS },
    )
  })

  it('never throws, whatever the bytes', () => {
    fc.assert(
      fc.property(
        fc.uint8Array({ maxLength: 40 }),
        fc.integer({ min: -9, max: 60 }),
        fc.nat(50),
        (bytes, n, at) => {
          const read = decodeUdp(bytes, at, n, CLIENT, SERVER)
          if (!read.ok) expect(read.error.offset).toBeLessThanOrEqual(bytes.length)
        },
      ),
      { numRuns: RUNS },
    )
  })
})
