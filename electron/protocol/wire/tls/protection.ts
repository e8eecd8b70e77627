/**
 * Opening protected records: TLS 1.3 (RFC 8446 5.2 and 5.3), TLS 1.2 with AEADs (RFC 5288 3, RFC 7905 2) and with CBC (RFC 5246
 * 6.2.3.2, RFC 7366). Sequence numbers are the caller's.
 */
import { sameBytes } from '../bytes.ts'
import type { AeadName, SessionCrypto } from '../../crypto.ts'
import { write16, write32 } from '../bytes.ts'
import { concat, type TrafficKeys } from './key-schedule.ts'
import type { SuiteCipher } from './cipher-suites.ts'
import type { TlsRecord } from './record-reader.ts'

export interface Opened {
  /** Content type: the one inside, where there is one. */
  readonly type: number
  readonly plaintext: Uint8Array
}

/** Opens the record with this sequence number; undefined when it is not authentic under these keys. */
export type Open = (sequence: number, record: TlsRecord) => Opened | undefined

const TAG = 16

/** 2^32, to take numbers beyond 32 bits apart. */
const WORD = 0x1_0000_0000

/** The iv with the sequence number, big-endian, XORed into its end (RFC 8446 5.3). */
function nonceOf(iv: Uint8Array, sequence: number): Uint8Array {
  const nonce = iv.slice()
  let rest = sequence
  for (let at = nonce.length - 1; rest > 0; at--) {
    nonce[at] ^= rest % 256
    rest = Math.floor(rest / 256)
  }
  return nonce
}

/** Sequence number, type, version and length (RFC 5246 6.2.3.1 and 6.2.3.3). */
function pseudoHeader(sequence: number, record: TlsRecord, length: number): Uint8Array {
  const header = new Uint8Array(13)
  write32(header, 0, Math.floor(sequence / WORD))
  write32(header, 4, sequence % WORD)
  header[8] = record.type
  write16(header, 9, record.version)
  write16(header, 11, length)
  return header
}

/** The type behind the content, with padding of zeros after it (RFC 8446 5.4); type 0 where there is nothing else. */
function stripPadding(inner: Uint8Array): Opened {
  let end = inner.length - 1
  while (end > 0 && inner[end] === 0) end--
  return { type: inner[end] ?? 0, plaintext: inner.subarray(0, Math.max(end, 0)) }
}

/** TLS 1.3. */
export function openTls13(crypto: SessionCrypto, aead: AeadName, { key, iv }: TrafficKeys): Open {
  return (sequence, { type, version, fragment }) => {
    const header = Uint8Array.of(type, version >>> 8, version, fragment.length >>> 8, fragment.length)
    const inner = crypto.aeadOpen(aead, key, nonceOf(iv, sequence), header, fragment)
    return inner === undefined ? undefined : stripPadding(inner)
  }
}

/** Bytes of the nonce that TLS 1.2's AES-GCM sends with each record (RFC 5288 3). */
const EXPLICIT_NONCE = 8

/** TLS 1.2 with an AEAD. ChaCha20 makes its nonce as TLS 1.3 does and sends none of it (RFC 7905 2). */
function openAead12(crypto: SessionCrypto, aead: AeadName, { key, iv }: TrafficKeys): Open {
  const explicit = aead === 'chacha20-poly1305' ? 0 : EXPLICIT_NONCE
  return (sequence, record) => {
    const { fragment } = record
    const length = fragment.length - explicit - TAG
    if (length < 0) return undefined
    const nonce = explicit === 0 ? nonceOf(iv, sequence) : concat(iv, fragment.subarray(0, explicit))
    const additional = pseudoHeader(sequence, record, length)
    const plaintext = crypto.aeadOpen(aead, key, nonce, additional, fragment.subarray(explicit))
    return plaintext === undefined ? undefined : { type: record.type, plaintext }
  }
}

type CbcCipher = Extract<SuiteCipher, { kind: 'cbc' }>

/** Length of AES's block, and so of the iv before each record. */
const BLOCK = 16

/** The bytes before the padding, whose last byte is its length; undefined when it is no padding. */
function stripCbcPadding(bytes: Uint8Array): Uint8Array | undefined {
  const padding = bytes[bytes.length - 1] + 1
  if (!(padding <= bytes.length)) return undefined
  const end = bytes.length - padding
  return bytes.subarray(end).every((byte) => byte === padding - 1) ? bytes.subarray(0, end) : undefined
}

/** TLS 1.2 with CBC: the MAC under the encryption, or over it (RFC 7366 3). */
function openCbc12(
  crypto: SessionCrypto,
  cipher: CbcCipher,
  key: Uint8Array,
  macKey: Uint8Array,
  encryptThenMac: boolean,
): Open {
  const isAuthentic = (sequence: number, record: TlsRecord, content: Uint8Array, mac: Uint8Array) => {
    const header = pseudoHeader(sequence, record, content.length)
    return sameBytes(crypto.hmac(cipher.mac, macKey, concat(header, content)), mac)
  }
  const decrypt = (bytes: Uint8Array) => {
    const padded = crypto.cbcDecrypt(key, bytes.subarray(0, BLOCK), bytes.subarray(BLOCK))
    return padded === undefined ? undefined : stripCbcPadding(padded)
  }
  const split = (bytes: Uint8Array) => {
    const end = bytes.length - cipher.macLength
    return end < 0 ? undefined : { content: bytes.subarray(0, end), mac: bytes.subarray(end) }
  }
  return (sequence, record) => {
    const outer = encryptThenMac ? split(record.fragment) : undefined
    if (encryptThenMac) {
      if (outer === undefined || !isAuthentic(sequence, record, outer.content, outer.mac)) return undefined
      const plaintext = decrypt(outer.content)
      return plaintext === undefined ? undefined : { type: record.type, plaintext }
    }
    const plain = decrypt(record.fragment)
    const inner = plain === undefined ? undefined : split(plain)
    if (inner === undefined || !isAuthentic(sequence, record, inner.content, inner.mac)) return undefined
    return { type: record.type, plaintext: inner.content }
  }
}

/** Fixed part of the nonce that comes from TLS 1.2's key block. */
const fixedIvLength = (aead: AeadName): number => (aead === 'chacha20-poly1305' ? 12 : 4)

/** Bytes of key block that a suite wants for both directions (RFC 5246 6.3). */
export function keyBlockLength(cipher: SuiteCipher): number {
  const more = cipher.kind === 'aead' ? fixedIvLength(cipher.aead) : cipher.macLength
  return 2 * (cipher.keyLength + more)
}

export interface Keys12 extends TrafficKeys {
  readonly open: Open
}

/** The keys of one direction from TLS 1.2's key block: MAC keys come first, then keys, then ivs (RFC 5246 6.3). */
export function keys12(
  crypto: SessionCrypto,
  cipher: SuiteCipher,
  block: Uint8Array,
  from: 'client' | 'server',
  encryptThenMac: boolean,
): Keys12 {
  const side = from === 'client' ? 0 : 1
  const part = (start: number, length: number) =>
    block.slice(start + side * length, start + (side + 1) * length)
  const { keyLength } = cipher
  if (cipher.kind === 'aead') {
    const keys = { key: part(0, keyLength), iv: part(2 * keyLength, fixedIvLength(cipher.aead)) }
    return { ...keys, open: openAead12(crypto, cipher.aead, keys) }
  }
  const macKey = part(0, cipher.macLength)
  const key = part(2 * cipher.macLength, keyLength)
  return { key, iv: new Uint8Array(0), open: openCbc12(crypto, cipher, key, macKey, encryptThenMac) }
}
