/** The synchronous crypto that cores are given; they import none (DESIGN 3, rule 3). */
export interface SyncCrypto {
  /** HMAC-SHA-256 of `data` under `key`: 32 bytes. */
  hmacSha256(key: Uint8Array, data: Uint8Array): Uint8Array
}
