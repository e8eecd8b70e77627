/** Packet protection (RFC 9001 5, RFC 9369 3.3): keys from secrets, the AEAD over a packet, the mask over its header. */
import { bytesOfHex } from '../../../../shared/hex.ts'
import type { Aead, AeadName, HashName, QuicCrypto } from '../../crypto.ts'
import { concat, hkdfExpandLabel } from '../tls/key-schedule.ts'
import { expandPacketNumber, type PacketNumberLength } from './packet-number.ts'
import { RETRY_TAG } from './header.ts'
import type { QuicVersion } from './version.ts'

/** Bytes that every AEAD here adds (RFC 9001 5.3). */
export const AEAD_TAG = 16
/** The sample for header protection begins as if the packet number had 4 bytes (RFC 9001 5.4.2). */
const SAMPLE_AT = 4
const SAMPLE = 16

const NOTHING = new Uint8Array(0)
const LONG = 0x80

export interface CipherSuite {
  readonly aead: AeadName
  readonly hash: HashName
  readonly keyLength: 16 | 32
}

/** Initial packets use this one, whatever is agreed later (RFC 9001 5.2). */
export const AES_128_GCM: CipherSuite = { aead: 'aes-128-gcm', hash: 'sha256', keyLength: 16 }

/** The secrets of Initial packets, which anyone who sees the client's first packet can make (RFC 9001 5.2). */
export function initialSecrets(
  crypto: QuicCrypto,
  version: QuicVersion,
  clientDestination: Uint8Array,
): { readonly client: Uint8Array; readonly server: Uint8Array } {
  const initial = crypto.hmac('sha256', bytesOfHex(version.initialSalt), clientDestination)
  const secret = (label: string): Uint8Array => hkdfExpandLabel(crypto, 'sha256', initial, label, NOTHING, 32)
  return { client: secret('client in'), server: secret('server in') }
}

/** The key, iv and nonce of packets; they change with a key update, the header's do not (RFC 9001 6). */
export class PacketKeys {
  readonly key: Uint8Array
  readonly iv: Uint8Array
  private readonly secret: Uint8Array
  private readonly aead: Aead
  private readonly crypto: QuicCrypto
  private readonly suite: CipherSuite
  private readonly version: QuicVersion
  private readonly nonce: Uint8Array

  constructor(crypto: QuicCrypto, version: QuicVersion, suite: CipherSuite, secret: Uint8Array) {
    const derive = (label: string, length: number): Uint8Array =>
      hkdfExpandLabel(crypto, suite.hash, secret, `${version.label} ${label}`, NOTHING, length)
    this.crypto = crypto
    this.version = version
    this.suite = suite
    this.secret = secret
    this.key = derive('key', suite.keyLength)
    this.iv = derive('iv', 12)
    this.nonce = new Uint8Array(this.iv)
    this.aead = crypto.aead(suite.aead, this.key)
  }

  /** The keys after an update (RFC 9001 6.1). */
  next(): PacketKeys {
    const { crypto, version, suite, secret } = this
    const label = `${version.label} ku`
    const updated = hkdfExpandLabel(crypto, suite.hash, secret, label, NOTHING, secret.length)
    return new PacketKeys(crypto, version, suite, updated)
  }

  /** Ciphertext and tag of a packet's payload; `header` is all before it. */
  seal(number: number, header: Uint8Array, payload: Uint8Array): Uint8Array {
    return this.aead.seal(this.nonceOf(number), header, payload)
  }

  /** The same in place: the payload lies in `packet` from `at` to `end`, behind the header, and before room for the tag. */
  sealInPlace(number: number, packet: Uint8Array, start: number, at: number, end: number): void {
    const header = packet.subarray(start, at)
    this.aead.sealInto(this.nonceOf(number), header, packet.subarray(at, end), packet, at)
  }

  /** The payload; undefined when it is not authentic. */
  open(number: number, header: Uint8Array, sealed: Uint8Array): Uint8Array | undefined {
    if (sealed.length < AEAD_TAG) return undefined
    return this.aead.open(this.nonceOf(number), header, sealed)
  }

  /** RFC 9001 5.3: the packet number, big-endian, over the end of the iv. Good until the next call. */
  private nonceOf(number: number): Uint8Array {
    const { iv, nonce } = this
    let rest = number
    for (let i = 11; i >= 4; i--) {
      nonce[i] = iv[i] ^ (rest % 256)
      rest = Math.floor(rest / 256)
    }
    return nonce
  }
}

/** What a packet's number is once the mask is off. */
export interface Unmasked {
  readonly number: number
  readonly numberLength: PacketNumberLength
  /** Where the payload begins. */
  readonly payloadAt: number
}

/** Masks the first byte's lower bits and the packet number (RFC 9001 5.4). */
export class HeaderProtection {
  readonly key: Uint8Array
  private readonly mask: (sample: Uint8Array) => Uint8Array

  constructor(crypto: QuicCrypto, version: QuicVersion, suite: CipherSuite, secret: Uint8Array) {
    const label = `${version.label} hp`
    this.key = hkdfExpandLabel(crypto, suite.hash, secret, label, NOTHING, suite.keyLength)
    this.mask = crypto.headerMask(suite.aead, this.key)
  }

  /** Masks the header of a packet that is complete in `bytes`, in place. */
  apply(bytes: Uint8Array, start: number, numberAt: number): void {
    const length = (bytes[start] & 3) + 1
    const mask = this.mask(bytes.subarray(numberAt + SAMPLE_AT, numberAt + SAMPLE_AT + SAMPLE))
    bytes[start] ^= mask[0] & (bytes[start] & LONG ? 0x0f : 0x1f)
    for (let i = 0; i < length; i++) bytes[numberAt + i] ^= mask[1 + i]
  }

  /**
   * Takes the mask off, in place; `largest` is the highest packet number seen in this space, -1: none. Undefined, and nothing is
   * changed, when the packet is too short to have been protected (RFC 9001 5.4.2).
   */
  remove(
    bytes: Uint8Array,
    start: number,
    numberAt: number,
    end: number,
    largest: number,
  ): Unmasked | undefined {
    if (end - numberAt < SAMPLE_AT + SAMPLE) return undefined
    const mask = this.mask(bytes.subarray(numberAt + SAMPLE_AT, numberAt + SAMPLE_AT + SAMPLE))
    bytes[start] ^= mask[0] & (bytes[start] & LONG ? 0x0f : 0x1f)
    const numberLength = ((bytes[start] & 3) + 1) as PacketNumberLength
    let truncated = 0
    for (let i = 0; i < numberLength; i++) {
      bytes[numberAt + i] ^= mask[1 + i]
      truncated = truncated * 256 + bytes[numberAt + i]
    }
    const number = expandPacketNumber(truncated, numberLength, largest)
    return { number, numberLength, payloadAt: numberAt + numberLength }
  }
}

/** The tag at the end of a Retry packet (RFC 9001 5.8): over the client's first destination id and the packet without it. */
export function retryTag(
  crypto: QuicCrypto,
  version: QuicVersion,
  originalDestination: Uint8Array,
  retryWithoutTag: Uint8Array,
): Uint8Array {
  const pseudo = concat(Uint8Array.of(originalDestination.length), originalDestination, retryWithoutTag)
  const aead = crypto.aead('aes-128-gcm', bytesOfHex(version.retryKey))
  return aead.seal(bytesOfHex(version.retryNonce), pseudo, NOTHING).subarray(0, RETRY_TAG)
}
