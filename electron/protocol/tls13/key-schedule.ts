/** The key schedule of TLS 1.3 (RFC 8446 7.1): from a PSK and a shared secret to the secrets of each level. */
import type { SessionCrypto } from '../crypto.ts'
import { hkdfExpandLabel } from '../wire/tls/key-schedule.ts'
import type { Tls13Suite } from './suites.ts'
import { message } from './writer.ts'
import { HANDSHAKE_TYPE } from './codes.ts'

const NOTHING = new Uint8Array(0)

/** All handshake messages so far, and their hash (RFC 8446 4.4.1). */
export class Transcript {
  private bytes: Uint8Array = NOTHING
  private readonly crypto: SessionCrypto

  constructor(crypto: SessionCrypto) {
    this.crypto = crypto
  }

  add(bytes: Uint8Array): void {
    const joined = new Uint8Array(this.bytes.length + bytes.length)
    joined.set(this.bytes)
    joined.set(bytes, this.bytes.length)
    this.bytes = joined
  }

  hash(suite: Tls13Suite): Uint8Array {
    return this.crypto.hash(suite.hash, this.bytes)
  }

  /** The hash as it will be once `next` is there. */
  hashWith(suite: Tls13Suite, next: Uint8Array): Uint8Array {
    const joined = new Uint8Array(this.bytes.length + next.length)
    joined.set(this.bytes)
    joined.set(next, this.bytes.length)
    return this.crypto.hash(suite.hash, joined)
  }

  /** Puts the hash of the first ClientHello in its place (RFC 8446 4.4.1), so that a server need keep no state. */
  replaceFirstHello(suite: Tls13Suite): void {
    this.bytes = message(HANDSHAKE_TYPE.messageHash, this.hash(suite))
  }
}

export type SecretLabel =
  'c e traffic' | 'c hs traffic' | 's hs traffic' | 'c ap traffic' | 's ap traffic' | 'res master'

export class KeySchedule {
  private readonly crypto: SessionCrypto
  readonly suite: Tls13Suite
  /** The Early, Handshake or Master Secret, as far as we have come. */
  private secret: Uint8Array

  constructor(crypto: SessionCrypto, suite: Tls13Suite, psk?: Uint8Array) {
    this.crypto = crypto
    this.suite = suite
    const zeros = new Uint8Array(suite.hashLength)
    this.secret = crypto.hmac(suite.hash, zeros, psk ?? zeros)
  }

  /** From the Early to the Handshake Secret. */
  addSharedSecret(shared: Uint8Array): void {
    this.advance(shared)
  }

  /** From the Handshake to the Master Secret. */
  finish(): void {
    this.advance(new Uint8Array(this.suite.hashLength))
  }

  /** Derive-Secret (RFC 8446 7.1). */
  derive(label: SecretLabel, transcriptHash: Uint8Array): Uint8Array {
    return this.expand(this.secret, label, transcriptHash)
  }

  /** HMAC over the transcript that proves knowledge of `secret` (RFC 8446 4.4.4). */
  finished(secret: Uint8Array, transcriptHash: Uint8Array): Uint8Array {
    return this.crypto.hmac(this.suite.hash, this.expand(secret, 'finished', NOTHING), transcriptHash)
  }

  /** The binder of a resumption PSK: a Finished under a key of its own (RFC 8446 4.2.11.2). */
  binder(transcriptHash: Uint8Array): Uint8Array {
    const empty = this.crypto.hash(this.suite.hash, NOTHING)
    return this.finished(this.expand(this.secret, 'res binder', empty), transcriptHash)
  }

  /** The PSK that goes with a ticket (RFC 8446 4.6.1). */
  resumptionPsk(resumptionMaster: Uint8Array, nonce: Uint8Array): Uint8Array {
    return this.expand(resumptionMaster, 'resumption', nonce)
  }

  private advance(input: Uint8Array): void {
    const { hash } = this.suite
    const salt = this.expand(this.secret, 'derived', this.crypto.hash(hash, NOTHING))
    this.secret = this.crypto.hmac(hash, salt, input)
  }

  private expand(secret: Uint8Array, label: string, context: Uint8Array): Uint8Array {
    const { hash, hashLength } = this.suite
    return hkdfExpandLabel(this.crypto, hash, secret, label, context, hashLength)
  }
}
