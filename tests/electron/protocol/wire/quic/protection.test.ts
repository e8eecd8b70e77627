/** RFC 9001 appendix A: keys, protected packets and the Retry tag, byte for byte. */
import { describe, expect, test } from 'vitest'
import { nodeCrypto } from '../../../../../electron/engine/node-crypto.ts'
import { decodePacket } from '../../../../../electron/protocol/wire/quic/header.ts'
import {
  AEAD_TAG,
  AES_128_GCM,
  HeaderProtection,
  initialSecrets,
  PacketKeys,
  retryTag,
  type CipherSuite,
} from '../../../../../electron/protocol/wire/quic/protection.ts'
import { QUIC_V1, versionOf } from '../../../../../electron/protocol/wire/quic/version.ts'
import * as vectors from '../../../../support/quic-vectors.ts'

const V1 = versionOf(QUIC_V1)!
const bytes = (hex: string): Uint8Array => new Uint8Array(Buffer.from(hex, 'hex'))
const hex = (data: Uint8Array): string => Buffer.from(data).toString('hex')
const { client, server } = initialSecrets(nodeCrypto, V1, bytes(vectors.CLIENT_DESTINATION))

/** Header and payload as one protected packet. */
function protect(
  suite: CipherSuite,
  secret: Uint8Array,
  number: number,
  header: string,
  payload: Uint8Array,
) {
  const head = bytes(header)
  const keys = new PacketKeys(nodeCrypto, V1, suite, secret)
  const sealed = keys.seal(number, head, payload)
  const packet = new Uint8Array([...head, ...sealed])
  const numberLength = (head[0] & 3) + 1
  new HeaderProtection(nodeCrypto, V1, suite, secret).apply(packet, 0, head.length - numberLength)
  return packet
}

describe('A.1 keys', () => {
  test.each([
    ['client', client, 'c00cf151ca5be075ed0ebfb5c80323c42d6b7db67881289af4008f1f6c357aea'],
    ['server', server, '3c199828fd139efd216c155ad844cc81fb82fa8d7446fa7d78be803acdda951b'],
  ])('secret of the %s', (_, secret, expected) => expect(hex(secret)).toBe(expected))

  test.each([
    [
      'client',
      client,
      '1f369613dd76d5467730efcbe3b1a22d',
      'fa044b2f42a3fd3b46fb255c',
      '9f50449e04a0e810283a1e9933adedd2',
    ],
    [
      'server',
      server,
      'cf3a5331653c364c88f0f379b6067e37',
      '0ac1493ca1905853b0bba03e',
      'c206b8d9b9f0f37644430b490eeaa314',
    ],
  ])('key, iv and header key of the %s', (_, secret, key, iv, headerKey) => {
    const keys = new PacketKeys(nodeCrypto, V1, AES_128_GCM, secret)
    expect([hex(keys.key), hex(keys.iv)]).toEqual([key, iv])
    expect(hex(new HeaderProtection(nodeCrypto, V1, AES_128_GCM, secret).key)).toBe(headerKey)
  })
})

describe('A.2 and A.3 Initial packets', () => {
  const payload = new Uint8Array(1162)
  payload.set(bytes(vectors.CLIENT_CRYPTO))

  test("the client's is written as in the RFC", () => {
    const packet = protect(AES_128_GCM, client, 2, vectors.CLIENT_HEADER, payload)
    expect(hex(packet)).toBe(vectors.CLIENT_INITIAL)
  })

  test("the server's is written as in the RFC", () => {
    const packet = protect(AES_128_GCM, server, 1, vectors.SERVER_HEADER, bytes(vectors.SERVER_PAYLOAD))
    expect(hex(packet)).toBe(vectors.SERVER_INITIAL)
  })

  test.each([
    ['client', client, vectors.CLIENT_INITIAL, 2, hex(payload)],
    ['server', server, vectors.SERVER_INITIAL, 1, vectors.SERVER_PAYLOAD],
  ])("the %s's is read back", (_, secret, packet, number, expected) => {
    const data = bytes(packet)
    const header = decodePacket(data, 0, 0)
    if (!header.ok || header.value.kind !== 'initial') throw new Error('not an Initial packet')
    const { numberAt, end } = header.value
    const protection = new HeaderProtection(nodeCrypto, V1, AES_128_GCM, secret)
    const unmasked = protection.remove(data, 0, numberAt, end, -1)!
    expect(unmasked.number).toBe(number)
    const keys = new PacketKeys(nodeCrypto, V1, AES_128_GCM, secret)
    const { payloadAt } = unmasked
    const opened = keys.open(number, data.subarray(0, payloadAt), data.subarray(payloadAt, end))
    expect(hex(opened!)).toBe(expected)
  })

  test('one flipped bit anywhere, and the packet stays closed', () => {
    const whole = bytes(vectors.SERVER_INITIAL)
    for (let at = 0; at < whole.length; at += 7) {
      const data = whole.slice()
      data[at] ^= 1
      const header = decodePacket(data, 0, 0)
      if (!header.ok || header.value.kind !== 'initial') continue
      const { numberAt, end } = header.value
      const protection = new HeaderProtection(nodeCrypto, V1, AES_128_GCM, server)
      const unmasked = protection.remove(data, 0, numberAt, end, -1)
      if (unmasked === undefined) continue
      const keys = new PacketKeys(nodeCrypto, V1, AES_128_GCM, server)
      const { number, payloadAt } = unmasked
      const opened = keys.open(number, data.subarray(0, payloadAt), data.subarray(payloadAt, end))
      expect(opened, `byte ${at}`).toBeUndefined()
    }
  })
})

test('A.4 Retry: the tag over the original destination id and the packet', () => {
  const packet = bytes(vectors.RETRY)
  const tag = retryTag(nodeCrypto, V1, bytes(vectors.CLIENT_DESTINATION), packet.subarray(0, -16))
  expect(hex(tag)).toBe(hex(packet.subarray(-16)))
})

describe('A.5 ChaCha20-Poly1305', () => {
  const suite: CipherSuite = { aead: 'chacha20-poly1305', hash: 'sha256', keyLength: 32 }
  const secret = bytes(vectors.CHACHA_SECRET)

  test('a short header packet', () => {
    const packet = protect(suite, secret, vectors.CHACHA_NUMBER, '4200bff4', Uint8Array.of(1))
    expect(hex(packet)).toBe(vectors.CHACHA_PACKET)
  })

  test('the secret after a key update makes other keys, the same for both ends', () => {
    const keys = new PacketKeys(nodeCrypto, V1, suite, secret)
    const updated = new PacketKeys(
      nodeCrypto,
      V1,
      suite,
      bytes('1223504755036d556342ee9361d253421a826c9ecdf3c7148684b36b714881f9'),
    )
    expect(hex(keys.next().key)).toBe(hex(updated.key))
    expect(hex(keys.next().key)).not.toBe(hex(keys.key))
  })
})

test('what is too short for a sample is left as it is', () => {
  const data = new Uint8Array(20).fill(0x41)
  const before = data.slice()
  const protection = new HeaderProtection(nodeCrypto, V1, AES_128_GCM, client)
  expect(protection.remove(data, 0, 1, 20, -1)).toBeUndefined()
  expect(data).toEqual(before)
  expect(AEAD_TAG).toBe(16)
})
