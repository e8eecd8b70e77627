/** The headers of QUIC packets as far as anybody can read them (RFC 9000 17, RFC 8999). */
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { dissect } from '../../../../../electron/protocol/wire/dissect/dissect.ts'
import type { DissectedField } from '../../../../../shared/dissection.ts'
import { fromHex, ipv4Packet, RUNS } from '../../../../support/packets.ts'

/** A datagram from port 443, its checksum left out, with this payload. */
function datagram(payload: string, port = 443): Uint8Array {
  const bytes = fromHex(payload)
  const udp = new Uint8Array(8 + bytes.length)
  udp.set([port >> 8, port & 255, 0xf2, 0x00, 0, udp.length, 0, 0])
  udp.set(bytes, 8)
  return ipv4Packet(udp)
}

const layersOf = (bytes: Uint8Array) => dissect(bytes).layers.map(({ name }) => name)
const fieldsOf = (bytes: Uint8Array, layer: string): Record<string, string> => {
  const found = dissect(bytes).layers.find(({ name }) => name === layer)
  return Object.fromEntries((found?.children ?? []).map(({ name, text }) => [name, text]))
}

/** Initial with ids of 2 and 1 bytes and a token of 1; then a Handshake packet; 4 and 2 bytes after their lengths. */
const INITIAL = 'c0 00000001 02 aabb 01 cc 01 dd 4004 01020304'
const HANDSHAKE = 'e0 00000001 02 aabb 01 cc 4002 0506'
const RETRY = `f0 00000001 00 01 cc abcd ${'77'.repeat(16)}`
const VERSIONS = '80 00000000 00 01 cc 00000001 6b3343cf'

describe('a datagram', () => {
  it('is a layer for each packet in it', () => {
    expect(layersOf(datagram(INITIAL + HANDSHAKE))).toEqual(['IPv4', 'UDP', 'QUIC Initial', 'QUIC Handshake'])
    expect(dissect(datagram(INITIAL + HANDSHAKE)).summary).toMatch(/QUIC Initial, QUIC Handshake$/)
  })

  it('has its header fields, and the rest is said to be protected', () => {
    expect(fieldsOf(datagram(INITIAL), 'QUIC Initial')).toEqual({
      'Header form': 'long',
      Version: '0x00000001',
      'Destination Connection ID Length': '2',
      'Destination Connection ID': 'aabb',
      'Source Connection ID Length': '1',
      'Source Connection ID': 'cc',
      'Token Length': '1',
      Token: 'dd',
      Length: '4 bytes',
      'Packet number and payload': 'protected',
    })
  })

  it('may be what no connection knows of: a Retry, or Version Negotiation', () => {
    expect(fieldsOf(datagram(RETRY), 'QUIC Retry')).toMatchObject({ 'Retry Token': 'abcd' })
    expect(fieldsOf(datagram(VERSIONS), 'QUIC Version Negotiation')).toMatchObject({
      'Supported Versions': '0x00000001 0x6b3343cf',
    })
  })

  it('with a short header is QUIC at the port of HTTP/3 alone', () => {
    expect(layersOf(datagram('40 010203'))).toEqual(['IPv4', 'UDP', 'QUIC 1-RTT'])
    expect(layersOf(datagram('40 010203', 5001))).toEqual(['IPv4', 'UDP', 'Data'])
  })

  it('that is something else stays data', () => {
    expect(layersOf(datagram('00 010203'))).toEqual(['IPv4', 'UDP', 'Data'])
    expect(layersOf(datagram('c0 00000001 ff 00', 5001))).toEqual(['IPv4', 'UDP', 'Data'])
  })
})

describe('any bytes', () => {
  const flat = (fields: readonly DissectedField[]): DissectedField[] =>
    fields.flatMap((field) => [field, ...flat(field.children ?? [])])

  it('give fields that lie inside of them', () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 80 }), fc.boolean(), (payload, long) => {
        const hex = Array.from(payload, (byte) => byte.toString(16).padStart(2, '0')).join('')
        const bytes = datagram(`${long ? 'c0 00000001' : ''}${hex}`)
        for (const { offset, length } of flat(dissect(bytes).layers)) {
          expect(offset).toBeGreaterThanOrEqual(0)
          expect(length).toBeGreaterThanOrEqual(0)
          expect(offset + length).toBeLessThanOrEqual(bytes.length)
        }
      }),
      { numRuns: RUNS },
    )
  })
})
