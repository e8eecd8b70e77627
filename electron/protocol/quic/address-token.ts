/** Tokens by which a client shows that it is where it says (RFC 9000 8.1): sealed, so that only their maker can read or make them. */
import type { Micros } from '../../../shared/units.ts'
import type { Aead, QuicCrypto } from '../crypto.ts'
import type { Rng } from '../random.ts'
import type { Endpoint } from '../wire/address.ts'
import { read16, read32, write16, write32 } from '../wire/bytes.ts'

export interface RetryToken {
  readonly kind: 'retry'
  readonly originalDestination: Uint8Array
}

/** From NEW_TOKEN of an earlier connection (RFC 9000 8.1.3). */
export interface FutureToken {
  readonly kind: 'future'
}

const NONCE = 12
const NOTHING = new Uint8Array(0)
const RETRY = 0
const FUTURE = 1
/** Microseconds: a Retry is answered at once, a NEW_TOKEN on another day (RFC 9000 8.1.3). */
const LIFETIME = { [RETRY]: 10e6, [FUTURE]: 86_400e6 } as const
/** Kind, address, port, and the time in milliseconds in 6 bytes. */
const FIXED = 13

export class AddressTokens {
  private readonly aead: Aead
  private readonly rng: Rng

  constructor(crypto: QuicCrypto, rng: Rng) {
    this.aead = crypto.aead('aes-128-gcm', rng.bytes(16))
    this.rng = rng
  }

  retry(now: Micros, remote: Endpoint, originalDestination: Uint8Array): Uint8Array {
    return this.seal(RETRY, now, remote, originalDestination)
  }

  /** Good for any port: the client's will be another one. */
  future(now: Micros, remote: Endpoint): Uint8Array {
    return this.seal(FUTURE, now, { address: remote.address, port: 0 }, NOTHING)
  }

  /** What a token says of this address; undefined: nothing that we can believe. */
  open(now: Micros, remote: Endpoint, token: Uint8Array): RetryToken | FutureToken | undefined {
    const content = this.aead.open(token.slice(0, NONCE), NOTHING, token.subarray(NONCE))
    if (content === undefined || content.length < FIXED) return undefined
    const kind = content[0]
    if (kind !== RETRY && kind !== FUTURE) return undefined
    const issuedAt = (read16(content, 7) * 2 ** 32 + read32(content, 9)) * 1_000
    if (read32(content, 1) !== remote.address || now - issuedAt > LIFETIME[kind]) return undefined
    if (kind === FUTURE) return { kind: 'future' }
    if (read16(content, 5) !== remote.port) return undefined
    return { kind: 'retry', originalDestination: content.slice(FIXED) }
  }

  private seal(kind: number, now: Micros, { address, port }: Endpoint, rest: Uint8Array): Uint8Array {
    const content = new Uint8Array(FIXED + rest.length)
    const millis = Math.floor(now / 1_000)
    content[0] = kind
    write32(content, 1, address)
    write16(content, 5, port)
    write16(content, 7, Math.floor(millis / 2 ** 32))
    write32(content, 9, millis % 2 ** 32)
    content.set(rest, FIXED)
    const nonce = this.rng.bytes(NONCE)
    const sealed = this.aead.seal(nonce, NOTHING, content)
    const token = new Uint8Array(NONCE + sealed.length)
    token.set(nonce)
    token.set(sealed, NONCE)
    return token
  }
}
