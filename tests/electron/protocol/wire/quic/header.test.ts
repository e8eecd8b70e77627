/** RFC 9000 17: packet headers, written and read. */
import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import {
  decodePacket,
  encodeRetry,
  encodeVersionNegotiation,
  finishLongHeader,
  longHeaderLength,
  writeLongHeader,
  writeShortHeader,
  type LongHeader,
  type Packet,
} from '../../../../../electron/protocol/wire/quic/header.ts'
import type { PacketNumberLength } from '../../../../../electron/protocol/wire/quic/packet-number.ts'
import {
  isReservedVersion,
  QUIC_V1,
  QUIC_V2,
  versionOf,
} from '../../../../../electron/protocol/wire/quic/version.ts'

const id = fc.uint8Array({ maxLength: 20 })
const version = fc.constantFrom(versionOf(QUIC_V1)!, versionOf(QUIC_V2)!)

function must(bytes: Uint8Array, start = 0, shortIdLength = 8): Packet {
  const packet = decodePacket(bytes, start, shortIdLength)
  if (!packet.ok) throw new Error(packet.error.reason)
  return packet.value
}

describe('17.2 long headers', () => {
  const headers: fc.Arbitrary<LongHeader> = fc.record({
    type: fc.constantFrom('initial', '0rtt', 'handshake'),
    version,
    destination: id,
    source: id,
    token: fc.uint8Array({ maxLength: 100 }),
  })

  test('what is written is read, of both versions, and coalesced packets end where the next begins', () => {
    const lengths = fc.constantFrom<PacketNumberLength>(1, 2, 3, 4)
    fc.assert(
      fc.property(headers, lengths, fc.nat(1_000), fc.nat(50), (header, numberLength, payload, start) => {
        const numberAt = start + longHeaderLength(header)
        const end = numberAt + numberLength + payload
        const bytes = new Uint8Array(end + 30)
        expect(writeLongHeader(header, numberLength, bytes, start)).toBe(numberAt)
        finishLongHeader(bytes, numberAt, end)
        const { type, destination, source, token } = header
        expect(must(bytes, start)).toEqual({
          kind: type,
          version: header.version,
          start,
          end,
          destination,
          source,
          token: type === 'initial' ? token : new Uint8Array(0),
          numberAt,
        })
        expect(bytes[start] & 3).toBe(numberLength - 1)
      }),
    )
  })

  test('17.2.5 Retry: the token is what is left before the tag; without one it is nothing', () => {
    fc.assert(
      fc.property(
        version,
        id,
        id,
        fc.uint8Array({ minLength: 1, maxLength: 200 }),
        (v, destination, source, token) => {
          const body = encodeRetry({ version: v, destination, source, token }, 0x5)
          const tag = new Uint8Array(16).fill(7)
          const packet = must(new Uint8Array([...body, ...tag]))
          expect(packet).toMatchObject({ kind: 'retry', version: v, destination, source, token, tag })
        },
      ),
    )
    const empty = encodeRetry(
      {
        version: versionOf(QUIC_V1)!,
        destination: Uint8Array.of(1),
        source: Uint8Array.of(2),
        token: new Uint8Array(0),
      },
      0,
    )
    expect(decodePacket(new Uint8Array([...empty, ...new Uint8Array(16)]), 0, 8)).toMatchObject({
      ok: false,
      error: { reason: 'truncated' },
    })
  })

  test('17.2.1 Version Negotiation; none offered is nothing', () => {
    const ids = { destination: Uint8Array.of(1, 2), source: Uint8Array.of(3) }
    const packet = must(encodeVersionNegotiation({ ...ids, versions: [QUIC_V2, QUIC_V1, 0x1a2a3a4a] }, 0x3f))
    expect(packet).toMatchObject({
      kind: 'version_negotiation',
      ...ids,
      versions: [QUIC_V2, QUIC_V1, 0x1a2a3a4a],
    })
    const none = decodePacket(encodeVersionNegotiation({ ...ids, versions: [] }, 0), 0, 8)
    expect(none).toMatchObject({ ok: false, error: { reason: 'no_versions' } })
    expect(isReservedVersion(0x1a2a3a4a)).toBe(true)
    expect(isReservedVersion(QUIC_V1)).toBe(false)
  })

  test('a version that we do not speak: its ids, which may be longer than ours (RFC 8999 5.1)', () => {
    const bytes = encodeVersionNegotiation(
      { destination: new Uint8Array(30), source: new Uint8Array(1), versions: [1] },
      0,
    )
    bytes.set([0xff, 0, 0, 0x1d], 1)
    expect(must(bytes)).toMatchObject({ kind: 'unknown_version', number: 0xff00001d })
  })
})

test('17.3 short headers', () => {
  fc.assert(
    fc.property(id, fc.boolean(), fc.boolean(), (destination, spin, keyPhase) => {
      const bytes = new Uint8Array(60)
      const numberAt = writeShortHeader(destination, { spin, keyPhase, numberLength: 2 }, bytes, 0)
      expect(must(bytes, 0, destination.length)).toEqual({
        kind: '1rtt',
        start: 0,
        end: 60,
        destination,
        numberAt,
      })
      expect(bytes[0] & 0xe7).toBe(0x40 | (spin ? 0x20 : 0) | (keyPhase ? 4 : 0) | 1)
    }),
  )
})

describe('what is not a packet', () => {
  test.each([
    ['', 'truncated'],
    ['00', 'fixed_bit'],
    ['40aabb', 'truncated'],
    ['80000000010000', 'fixed_bit'],
    ['c000000001ff', 'truncated'],
    [`c000000001${'15'}${'00'.repeat(21)}00`, 'connection_id_length'],
    ['c0000000010000004005', 'truncated'],
  ])('%s: %s', (hex, reason) =>
    expect(decodePacket(new Uint8Array(Buffer.from(hex, 'hex')), 0, 8)).toMatchObject({
      ok: false,
      error: { layer: 'quic', reason },
    }),
  )

  test('any bytes at all are read or refused, and nothing beyond their end', () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 120 }), fc.nat(20), (bytes, idLength) => {
        const packet = decodePacket(bytes, 0, idLength)
        if (!packet.ok) expect(packet.error.offset).toBeLessThanOrEqual(bytes.length)
        else expect(packet.value.end).toBeLessThanOrEqual(bytes.length)
      }),
    )
  })
})
