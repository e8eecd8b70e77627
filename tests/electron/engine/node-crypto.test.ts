import { createCipheriv, createHash, createHmac } from 'node:crypto'
import { describe, expect, test } from 'vitest'
import { nodeCrypto } from '../../../electron/engine/node-crypto.ts'
import type { AeadName } from '../../../electron/protocol/crypto.ts'

const bytes = (length: number, start = 0) => Uint8Array.from({ length }, (_, i) => start + i)
const hex = (text: string) => Uint8Array.from(Buffer.from(text, 'hex'))

function seal(
  name: AeadName,
  key: Uint8Array,
  nonce: Uint8Array,
  aad: Uint8Array,
  text: Uint8Array,
): Uint8Array {
  const cipher = createCipheriv(name as 'aes-128-gcm', key, nonce, { authTagLength: 16 })
  cipher.setAAD(aad)
  return Uint8Array.from(Buffer.concat([cipher.update(text), cipher.final(), cipher.getAuthTag()]))
}

describe.each([
  ['aes-128-gcm', 16],
  ['aes-256-gcm', 32],
  ['chacha20-poly1305', 32],
] as const)('%s', (name, keyLength) => {
  const key = bytes(keyLength)
  const nonce = bytes(12, 100)
  const aad = bytes(5, 200)
  const sealed = seal(name, key, nonce, aad, bytes(40, 7))

  test('opens what was sealed, again and again with the same key', () => {
    for (let i = 0; i < 3; i++)
      expect(Buffer.from(nodeCrypto.aeadOpen(name, key, nonce, aad, sealed)!)).toEqual(
        Buffer.from(bytes(40, 7)),
      )
  })

  test('gives nothing for any changed byte, other additional data, another nonce', () => {
    for (let at = 0; at < sealed.length; at++) {
      const changed = sealed.slice()
      changed[at] ^= 1
      expect(nodeCrypto.aeadOpen(name, key, nonce, aad, changed)).toBeUndefined()
    }
    expect(nodeCrypto.aeadOpen(name, key, nonce, bytes(5), sealed)).toBeUndefined()
    expect(nodeCrypto.aeadOpen(name, key, bytes(12), aad, sealed)).toBeUndefined()
  })

  test('gives nothing for impossible sizes', () => {
    for (let length = 0; length < sealed.length; length++)
      expect(nodeCrypto.aeadOpen(name, key, nonce, aad, sealed.subarray(0, length))).toBeUndefined()
    expect(nodeCrypto.aeadOpen(name, bytes(7), nonce, aad, sealed)).toBeUndefined()
  })
})

test('AES-GCM: test case 4 of its specification', () => {
  const key = hex('feffe9928665731c6d6a8f9467308308')
  const nonce = hex('cafebabefacedbaddecaf888')
  const aad = hex('feedfacedeadbeeffeedfacedeadbeefabaddad2')
  const sealed = hex(
    '42831ec2217774244b7221b784d0d49ce3aa212f2c02a4e035c17e2329aca12e21d514b25466931c7d8f6a5aac84aa051ba30b396a0aac97' +
      '3d58e0915bc94fbc3221a5db94fae95ae7121a47',
  )
  const plaintext = nodeCrypto.aeadOpen('aes-128-gcm', key, nonce, aad, sealed)
  expect(Buffer.from(plaintext!).toString('hex')).toBe(
    'd9313225f88406e5a55909c5aff5269a86a7a9531534f7da2e4c303d8a318a721c3c0c95956809532fcf0e2449a6b525b16aedf5aa0de657' +
      'ba637b39',
  )
})

describe('AES-CBC', () => {
  test.each([16, 32])('a key of %i bytes', (keyLength) => {
    const cipher = createCipheriv(`aes-${keyLength * 8}-cbc`, bytes(keyLength), bytes(16)).setAutoPadding(
      false,
    )
    const sealed = Buffer.concat([cipher.update(bytes(48)), cipher.final()])
    expect(Buffer.from(nodeCrypto.cbcDecrypt(bytes(keyLength), bytes(16), sealed)!)).toEqual(
      Buffer.from(bytes(48)),
    )
  })

  test('gives nothing for part of a block or a key of another size', () => {
    expect(nodeCrypto.cbcDecrypt(bytes(16), bytes(16), bytes(15))).toBeUndefined()
    expect(nodeCrypto.cbcDecrypt(bytes(5), bytes(16), bytes(16))).toBeUndefined()
    expect(nodeCrypto.cbcDecrypt(bytes(16), bytes(3), bytes(16))).toBeUndefined()
  })
})

test('hashes and HMACs of TLS', () => {
  for (const name of ['sha1', 'sha256', 'sha384'] as const) {
    expect(nodeCrypto.hash(name, bytes(9))).toEqual(createHash(name).update(bytes(9)).digest())
    expect(nodeCrypto.hmac(name, bytes(3), bytes(9))).toEqual(
      createHmac(name, bytes(3)).update(bytes(9)).digest(),
    )
  }
  expect(nodeCrypto.hmacSha256(bytes(3), bytes(9))).toEqual(nodeCrypto.hmac('sha256', bytes(3), bytes(9)))
})
