import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import {
  decodeIcmp,
  encodeIcmp,
  icmpLength,
  readQuoted,
  type IcmpMessage,
} from '../../../../electron/protocol/wire/icmp.ts'
import { anyIcmpMessage, CLIENT, fromHex, RUNS, SERVER, tcpPacket } from '../../../support/packets.ts'

/** An echo request, its checksum computed by another program. */
const ECHO = fromHex('0800 06fa 1234 0001 70696e67')

const encode = (message: IcmpMessage): Uint8Array => {
  const bytes = new Uint8Array(icmpLength(message))
  encodeIcmp(message, bytes)
  return bytes
}
const decode = (bytes: Uint8Array) => decodeIcmp(bytes, 0, bytes.length)

describe('ICMP (RFC 792)', () => {
  it('reads and writes an echo request', () => {
    const message = {
      kind: 'echo_request' as const,
      identifier: 0x1234,
      sequence: 1,
      payload: fromHex('70696e67'),
    }
    expect(decode(ECHO)).toEqual({ ok: true, value: message })
    expect(encode(message)).toEqual(ECHO)
  })

  it('carries the next-hop MTU with code 4 (RFC 1191 4)', () => {
    const quoted = tcpPacket({}).subarray(0, 28)
    const bytes = encode({ kind: 'destination_unreachable', code: 4, nextHopMtu: 1400, quoted })
    expect(bytes.subarray(0, 2)).toEqual(fromHex('0304'))
    expect(bytes.subarray(4, 8)).toEqual(fromHex('0000 0578'))
    expect(decode(bytes)).toMatchObject({ ok: true, value: { code: 4, nextHopMtu: 1400, quoted } })
  })

  it('keeps types that it does not know', () => {
    const bytes = encode({ kind: 'unknown', type: 13, code: 0, body: fromHex('0001 0002 aabbccdd') })
    expect(decode(bytes)).toEqual({
      ok: true,
      value: { kind: 'unknown', type: 13, code: 0, body: fromHex('0001 0002 aabbccdd') },
    })
  })

  it('refuses what is short or damaged', () => {
    const error = (reason: string, offset: number) => ({
      ok: false,
      error: { layer: 'icmp', reason, offset },
    })
    expect(decode(ECHO.subarray(0, 7))).toEqual(error('truncated', 0))
    const damaged = ECHO.slice()
    damaged[9] ^= 0x10
    expect(decode(damaged)).toEqual(error('bad_checksum', 2))
  })

  it('gives back what decodeIcmp reads, for every message', () => {
    fc.assert(
      fc.property(anyIcmpMessage, fc.nat(5), (message, offset) => {
        const bytes = new Uint8Array(offset + icmpLength(message)).fill(0x33)
        const length = encodeIcmp(message, bytes, offset)
        expect(decodeIcmp(bytes, offset, length)).toEqual({ ok: true, value: message })
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
          const read = decodeIcmp(bytes, at, n)
          if (!read.ok) expect(read.error.offset).toBeLessThanOrEqual(bytes.length)
          readQuoted(bytes)
        },
      ),
      { numRuns: RUNS },
    )
  })
})

describe('a quoted packet', () => {
  const packet = tcpPacket({ sequence: 0xfffffffe })

  it('tells addresses, ports and sequence number from the first 8 bytes of its payload', () => {
    expect(readQuoted(packet.subarray(0, 28))).toEqual({
      protocol: 6,
      source: CLIENT,
      destination: SERVER,
      sourcePort: 40_000,
      destinationPort: 5001,
      sequence: 0xfffffffe,
    })
  })

  it('may have been altered on its way', () => {
    const onItsWay = packet.slice()
    onItsWay[8] = 1 // TTL, without its checksum
    expect(readQuoted(onItsWay)?.sourcePort).toBe(40_000)
  })

  it('tells nothing when it is cut shorter, is no IPv4, or is a later fragment', () => {
    expect(readQuoted(packet.subarray(0, 27))).toBeUndefined()
    expect(readQuoted(new Uint8Array(0))).toBeUndefined()
    expect(readQuoted(new Uint8Array(60))).toBeUndefined()
    const fragment = packet.slice()
    fragment[7] = 1
    expect(readQuoted(fragment)).toBeUndefined()
  })
})
