/** The synchronous crypto that cores are given; they import none (DESIGN 3, rule 3). */
export interface SyncCrypto {
  /** HMAC-SHA-256 of `data` under `key`: 32 bytes. */
  hmacSha256(key: Uint8Array, data: Uint8Array): Uint8Array
}

/** SHA-1 stands here for the CBC suites of TLS 1.2, which are dissected only. */
export type HashName = 'sha1' | 'sha256' | 'sha384'

/** AEADs with a tag of 16 bytes and a nonce of 12 (RFC 5116 5, RFC 8439 2.8). */
export type AeadName = 'aes-128-gcm' | 'aes-256-gcm' | 'chacha20-poly1305'

/** What secured sessions need on top. */
export interface SessionCrypto extends SyncCrypto {
  hash(name: HashName, data: Uint8Array): Uint8Array
  /** HMAC (RFC 2104) over the named hash. */
  hmac(name: HashName, key: Uint8Array, data: Uint8Array): Uint8Array
  /**
   * The plaintext of `sealed`, which ends with the tag; undefined when it is not authentic, when a size is wrong, or
   * when the platform lacks the cipher (Electron's `node:crypto` may have no ChaCha20). A `key` that comes again is
   * best the same object; its bytes must not change.
   */
  aeadOpen(
    name: AeadName,
    key: Uint8Array,
    nonce: Uint8Array,
    additionalData: Uint8Array,
    sealed: Uint8Array,
  ): Uint8Array | undefined
  /** AES in CBC mode, padding left where it is; the key's length chooses AES-128 or -256. Undefined as above. */
  cbcDecrypt(key: Uint8Array, iv: Uint8Array, ciphertext: Uint8Array): Uint8Array | undefined
}

/** One key of an AEAD, ready for many packets. The nonce is read during the call only. */
export interface Aead {
  /** Ciphertext and tag. */
  seal(nonce: Uint8Array, additionalData: Uint8Array, plaintext: Uint8Array): Uint8Array
  /** The same, written to `into` from `at` on, where the plaintext may stand. */
  sealInto(
    nonce: Uint8Array,
    additionalData: Uint8Array,
    plaintext: Uint8Array,
    into: Uint8Array,
    at: number,
  ): void
  /** The plaintext of `sealed`, which ends with the tag; undefined when it is not authentic. */
  open(nonce: Uint8Array, additionalData: Uint8Array, sealed: Uint8Array): Uint8Array | undefined
}

/** What QUIC's packet protection needs on top (RFC 9001 5). Throws where the platform lacks the cipher: ask `has` first. */
export interface QuicCrypto extends SessionCrypto {
  has(name: AeadName): boolean
  aead(name: AeadName, key: Uint8Array): Aead
  /** The mask of header protection, 5 bytes or more, from a sample of 16 (RFC 9001 5.4.3 and 5.4.4). */
  headerMask(name: AeadName, key: Uint8Array): (sample: Uint8Array) => Uint8Array
}

/** Our half of a key exchange; the private key stays inside. */
export interface KeyShare {
  /** As it stands in a key_share extension (RFC 8446 4.2.8.2). */
  readonly publicKey: Uint8Array
  /** The shared secret; undefined when the peer's key is not one (wrong length, not on the curve, all zero). */
  agree(peer: Uint8Array): Uint8Array | undefined
}

/** What the TLS 1.3 handshake of QUIC needs on top. */
export interface HandshakeCrypto extends QuicCrypto {
  /** A key pair of the group, made from 32 random bytes. */
  keyShare(group: 'x25519' | 'secp256r1', seed: Uint8Array): KeyShare
}
