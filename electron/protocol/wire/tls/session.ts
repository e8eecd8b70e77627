/**
 * What both directions of a connection know together: who offered and chose what, and with the key log the keys that
 * follow from it (RFC 8446 7, RFC 5246 8.1 and 6.3, RFC 7627).
 */
import type { SessionCrypto } from '../../crypto.ts'
import { isTls13Suite, suiteCipher, type SuiteCipher } from './cipher-suites.ts'
import type { Side } from '../side.ts'
import type { Epoch, UndecryptableReason } from './events.ts'
import { findExtension } from './extensions.ts'
import { negotiatedVersion } from './hello.ts'
import type { KeyLog, TrafficLabel } from './key-log.ts'
import {
  concat,
  extendedMasterSecret,
  keyBlock,
  masterSecret,
  nextTrafficSecret,
  trafficKeys,
} from './key-schedule.ts'
import type { ClientHello, HandshakeContext, HandshakeMessage, ServerHello } from './messages.ts'
import { TLS12, TLS13 } from './names.ts'
import { keyBlockLength, keys12, openTls13, type Open } from './protection.ts'

/** The keys of one direction and how to open records with them. */
export interface Keys {
  readonly epoch: Epoch
  readonly generation: number
  readonly label: string
  readonly secret: Uint8Array
  readonly key: Uint8Array
  readonly iv: Uint8Array
  readonly open: Open
}

type Aead = Extract<SuiteCipher, { kind: 'aead' }>

/** In the order in which they come to be used. */
const EPOCHS: Readonly<Record<Side, readonly (readonly [Epoch, TrafficLabel])[]>> = {
  client: [
    ['early', 'CLIENT_EARLY_TRAFFIC_SECRET'],
    ['handshake', 'CLIENT_HANDSHAKE_TRAFFIC_SECRET'],
    ['application', 'CLIENT_TRAFFIC_SECRET_0'],
  ],
  server: [
    ['handshake', 'SERVER_HANDSHAKE_TRAFFIC_SECRET'],
    ['application', 'SERVER_TRAFFIC_SECRET_0'],
  ],
}

/** Handshake messages kept for the session hash; without them only the extended master secret can't be had. */
const MAX_TRANSCRIPT = 1 << 18

const HASH_LENGTHS = { sha1: 20, sha256: 32, sha384: 48 } as const

export class Session implements HandshakeContext {
  version = TLS12
  cipherSuite = 0
  private readonly crypto: SessionCrypto
  private readonly keyLog: KeyLog
  private clientHello: ClientHello | undefined
  private serverHello: ServerHello | undefined
  /** The messages of TLS 1.2 up to the ClientKeyExchange (RFC 7627 3); undefined when they were too many. */
  private transcript: Uint8Array[] | undefined = []
  private transcriptLength = 0
  private keyExchange: Uint8Array | undefined
  /** Keys found so far, until the next hello. */
  private readonly found = new Map<string, Keys>()

  constructor(crypto: SessionCrypto, keyLog: KeyLog) {
    this.crypto = crypto
    this.keyLog = keyLog
  }

  get isTls13(): boolean {
    return this.version >= TLS13
  }

  /** Takes note of a message, in the order in which the two sides sent them. */
  onMessage(message: HandshakeMessage, bytes: Uint8Array): void {
    if (message.type === 'client_hello') this.onClientHello(message)
    else if (message.type === 'server_hello') this.onServerHello(message)
    if (message.type !== 'hello_request' && this.keyExchange === undefined) this.note(bytes)
    if (message.type === 'client_key_exchange') this.keyExchange = message.exchange
  }

  /**
   * The keys that may follow `current` in this direction, as far as the key log has them, the next one first.
   * `current` is undefined before the first, and in TLS 1.2 after each change_cipher_spec.
   */
  keysAfter(from: Side, current: Keys | undefined): Keys[] {
    if (this.clientHello === undefined) return []
    if (this.serverHello !== undefined && !this.isTls13) {
      const keys = current === undefined ? this.once(from, () => this.keys12(from)) : undefined
      return keys === undefined ? [] : [keys]
    }
    return this.keysAfter13(from, this.clientHello.random, current)
  }

  /** Why a record stays closed. */
  whyClosed(from: Side, current: Keys | undefined): UndecryptableReason {
    if (this.clientHello === undefined) return 'no_handshake'
    if (current !== undefined || this.keysAfter(from, current).length > 0) return 'bad_record_mac'
    if (this.serverHello === undefined)
      return findExtension(this.clientHello.extensions, 'early_data') ? 'no_secret' : 'no_handshake'
    return suiteCipher(this.cipherSuite) === undefined || this.version < TLS12
      ? 'unsupported_cipher'
      : 'no_secret'
  }

  private onClientHello(hello: ClientHello): void {
    this.clientHello = hello
    // After a HelloRetryRequest the same handshake goes on.
    if (this.serverHello?.retry === true) return
    this.serverHello = undefined
    this.version = TLS12
    this.cipherSuite = 0
    this.transcript = []
    this.transcriptLength = 0
    this.keyExchange = undefined
    this.found.clear()
  }

  private onServerHello(hello: ServerHello): void {
    this.serverHello = hello
    this.version = negotiatedVersion(hello)
    this.cipherSuite = hello.cipherSuite
    this.found.clear()
  }

  private note(bytes: Uint8Array): void {
    this.transcriptLength += bytes.length
    if (this.isTls13 || this.transcriptLength > MAX_TRANSCRIPT) this.transcript = undefined
    else this.transcript?.push(bytes)
  }

  private once(name: string, make: () => Keys | undefined): Keys | undefined {
    const known = this.found.get(name)
    if (known !== undefined) return known
    const keys = make()
    if (keys !== undefined) this.found.set(name, keys)
    return keys
  }

  private keysAfter13(from: Side, random: Uint8Array, current: Keys | undefined): Keys[] {
    if (current?.epoch === 'application') {
      const next = this.found.get(`${from} next`)
      if (next?.generation === current.generation + 1) return [next]
      const updated = this.updatedKeys(current)
      if (updated !== undefined) this.found.set(`${from} next`, updated)
      return updated === undefined ? [] : [updated]
    }
    const epochs = EPOCHS[from]
    const first = epochs.findIndex(([epoch]) => epoch === current?.epoch) + 1
    return epochs.slice(first).flatMap(([epoch, label]) => {
      const secret = this.keyLog.find(label, random)
      if (secret === undefined) return []
      return this.suitesOf(epoch, secret).flatMap(
        (suite) =>
          this.once(`${from} ${epoch} ${suite}`, () => this.keys13(epoch, label, secret, suite)) ?? [],
      )
    })
  }

  /**
   * The suites that keys of this epoch may be of. 0-RTT data come before a suite is chosen; they are protected with the
   * one of the session that is resumed (RFC 8446 4.2.10), which only the two ends know.
   */
  private suitesOf(epoch: Epoch, secret: Uint8Array): number[] {
    if (epoch !== 'early')
      return this.serverHello === undefined || this.serverHello.retry ? [] : [this.cipherSuite]
    return (this.clientHello?.cipherSuites ?? []).filter((suite, i, all) => {
      const hash = suiteCipher(suite)?.hash
      const fits = hash !== undefined && HASH_LENGTHS[hash] === secret.length
      return isTls13Suite(suite) && fits && all.indexOf(suite) === i
    })
  }

  private keys13(epoch: Epoch, label: string, secret: Uint8Array, suite: number): Keys | undefined {
    const cipher = suiteCipher(suite)
    if (cipher?.kind !== 'aead' || !isTls13Suite(suite)) return undefined
    return { epoch, generation: 0, label, secret, ...this.openerOf(cipher, secret) }
  }

  /** After a KeyUpdate (RFC 8446 7.2). */
  private updatedKeys(current: Keys): Keys | undefined {
    const cipher = suiteCipher(this.cipherSuite)
    if (cipher?.kind !== 'aead') return undefined
    const secret = nextTrafficSecret(this.crypto, cipher.hash, current.secret)
    const generation = current.generation + 1
    const label = current.label.replace(/\d+$/, String(generation))
    return { epoch: 'application', generation, label, secret, ...this.openerOf(cipher, secret) }
  }

  private openerOf({ aead, hash, keyLength }: Aead, secret: Uint8Array) {
    const keys = trafficKeys(this.crypto, hash, secret, keyLength)
    return { ...keys, open: openTls13(this.crypto, aead, keys) }
  }

  private keys12(from: Side): Keys | undefined {
    const { clientHello, serverHello, crypto } = this
    const cipher = suiteCipher(this.cipherSuite)
    if (clientHello === undefined || serverHello === undefined || this.version !== TLS12) return undefined
    if (cipher === undefined || isTls13Suite(this.cipherSuite)) return undefined
    const secret = this.masterSecret(cipher, clientHello, serverHello)
    if (secret === undefined) return undefined
    const length = keyBlockLength(cipher)
    const block = keyBlock(crypto, cipher.hash, secret, clientHello.random, serverHello.random, length)
    const encryptThenMac = serverHello.extensions.some(({ name }) => name === 'encrypt_then_mac')
    const keys = keys12(crypto, cipher, block, from, encryptThenMac)
    return { epoch: 'application', generation: 0, label: 'CLIENT_RANDOM', secret, ...keys }
  }

  /** The master secret from the key log, or from the premaster secret that somebody found out. */
  private masterSecret(
    cipher: SuiteCipher,
    client: ClientHello,
    server: ServerHello,
  ): Uint8Array | undefined {
    const { keyLog, crypto, keyExchange, transcript } = this
    const logged = keyLog.find('CLIENT_RANDOM', client.random)
    if (logged !== undefined || keyExchange === undefined) return logged
    const premaster =
      keyLog.find('PMS_CLIENT_RANDOM', client.random) ?? keyLog.find('RSA', keyExchange.subarray(0, 8))
    if (premaster === undefined) return undefined
    const isExtended = server.extensions.some(({ name }) => name === 'extended_master_secret')
    if (!isExtended) return masterSecret(crypto, cipher.hash, premaster, client.random, server.random)
    if (transcript === undefined) return undefined
    const sessionHash = crypto.hash(cipher.hash, concat(...transcript))
    return extendedMasterSecret(crypto, cipher.hash, premaster, sessionHash)
  }
}
