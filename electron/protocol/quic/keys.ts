/** The keys of a connection by level, and key updates (RFC 9001 4.1, 5, 6). */
import type { Micros } from '../../../shared/units.ts'
import { after } from '../../../shared/units.ts'
import type { QuicCrypto } from '../crypto.ts'
import {
  AES_128_GCM,
  HeaderProtection,
  initialSecrets,
  PacketKeys,
  type CipherSuite,
} from '../wire/quic/protection.ts'
import type { QuicVersion } from '../wire/quic/version.ts'
import type { Level } from '../tls13/handshake.ts'
import type { SpaceName } from './space.ts'

export const spaceOf = (level: Level): SpaceName =>
  level === '0rtt' || level === '1rtt' ? 'application' : level

/** One direction of a level. */
export interface Protection {
  readonly header: HeaderProtection
  readonly packets: PacketKeys
}

interface Pair {
  read?: Protection
  write?: Protection
}

/** RFC 9001 6.6: packets that may be protected with one key, and forgeries that may be tried against it, for AES-GCM. */
const CONFIDENTIALITY_LIMIT = 2 ** 23
const INTEGRITY_LIMIT = 2 ** 52

/** A key update at one end of the 1-RTT level. */
export interface KeyPhase {
  readonly generation: number
  readonly bit: boolean
}

export class KeyRing {
  private readonly crypto: QuicCrypto
  version: QuicVersion
  private readonly levels: Partial<Record<Level, Pair | undefined>> = {}
  private writable: ReadonlySet<SpaceName> = new Set()
  /** Read keys of the phase before, for packets that come late (RFC 9001 6.5), and of the one to come. */
  private previous: PacketKeys | undefined
  private previousUntil = 0 as Micros
  private keep = 0
  private nextRead: PacketKeys | undefined
  private generation = 0
  /** Packets sent under the present key; the first packet number of the phase. */
  private sealed = 0
  private phaseStart = 0
  /** The first number that we send in this phase. */
  private sentStart = 0
  /** The peer has acknowledged a packet of the present phase: another update is allowed (RFC 9001 6.1). */
  private confirmed = true
  private forgeries = 0

  constructor(crypto: QuicCrypto, version: QuicVersion) {
    this.crypto = crypto
    this.version = version
  }

  /** Keys of Initial packets, from the client's first destination id, or the one that Retry gave. */
  installInitial(destination: Uint8Array, isServer: boolean): void {
    const { client, server } = initialSecrets(this.crypto, this.version, destination)
    this.levels.initial = {
      read: this.protection(AES_128_GCM, isServer ? client : server),
      write: this.protection(AES_128_GCM, isServer ? server : client),
    }
    this.noteLevels()
  }

  install(level: Level, use: 'read' | 'write', suite: CipherSuite, secret: Uint8Array): void {
    const pair = (this.levels[level] ??= {})
    pair[use] = this.protection(suite, secret)
    if (level === '1rtt' && use === 'read') this.nextRead = pair.read!.packets.next()
    this.noteLevels()
  }

  discard(level: Level): void {
    this.levels[level] = undefined
    this.noteLevels()
  }

  read(level: Level): Protection | undefined {
    return this.levels[level]?.read
  }

  write(level: Level): Protection | undefined {
    return this.levels[level]?.write
  }

  /** The spaces in which something can be sent: asked for far more often than it changes. */
  get spaces(): ReadonlySet<SpaceName> {
    return this.writable
  }

  private noteLevels(): void {
    const spaces = new Set<SpaceName>()
    for (const level of ['initial', 'handshake', '1rtt'] as const)
      if (this.levels[level]?.write !== undefined) spaces.add(spaceOf(level))
    this.writable = spaces
  }

  // --- key update (RFC 9001 6) ----------------------------------------------------------------------------

  get phase(): KeyPhase {
    return { generation: this.generation, bit: this.generation % 2 === 1 }
  }

  /**
   * Opens a 1-RTT packet under the keys of its phase. `updated`: the peer has begun a new phase, and we follow; `too_soon`: it did
   * so before we sent anything by which it could know that we have the last one (RFC 9001 6.2), a KEY_UPDATE_ERROR.
   */
  open(
    now: Micros,
    number: number,
    bit: boolean,
    header: Uint8Array,
    sealed: Uint8Array,
  ): { readonly payload: Uint8Array; readonly updated: boolean } | 'too_soon' | undefined {
    const current = this.levels['1rtt']!.read!.packets
    if (bit === this.phase.bit) {
      const payload = current.open(number, header, sealed)
      if (payload !== undefined && this.phaseStart === Infinity) this.onPhaseSeen(now, number)
      return payload && { payload, updated: false }
    }
    // The other bit: a packet of the phase before that comes late, or the first of the next.
    if (this.previous !== undefined && now < this.previousUntil && number < this.phaseStart) {
      const payload = this.previous.open(number, header, sealed)
      return payload && { payload, updated: false }
    }
    const payload = this.nextRead!.open(number, header, sealed)
    if (payload === undefined) return undefined
    if (this.sealed === 0) return 'too_soon'
    return { payload, updated: true }
  }

  /**
   * Goes on to the next phase in both directions: `received` is the first number that the peer sends in it (Infinity: not known yet),
   * `next` the first that we send, `keep` how long the old keys are kept.
   */
  update(now: Micros, received: number, next: number, keep: number): void {
    const pair = this.levels['1rtt']!
    const { read, write } = pair as Required<Pair>
    this.previous = read.packets
    this.keep = keep
    this.previousUntil = received === Infinity ? (Infinity as Micros) : after(now, keep)
    pair.read = { header: read.header, packets: this.nextRead! }
    pair.write = { header: write.header, packets: write.packets.next() }
    this.nextRead = this.nextRead!.next()
    this.generation++
    this.phaseStart = received
    this.sentStart = next
    this.sealed = 0
    this.confirmed = false
  }

  /** The peer has followed our update. */
  private onPhaseSeen(now: Micros, number: number): void {
    this.phaseStart = number
    this.previousUntil = after(now, this.keep)
  }

  /** May we begin an update of our own? */
  get canUpdate(): boolean {
    return this.confirmed && this.levels['1rtt']?.read !== undefined
  }

  /** A packet of the present phase was acknowledged. */
  onAcked(number: number): void {
    if (number >= this.sentStart) this.confirmed = true
  }

  onSealed(): void {
    this.sealed++
  }

  /** Packets under the present write key. */
  get sealedPackets(): number {
    return this.sealed
  }

  /** RFC 9001 6.6: the key has been used as often as is safe. */
  get isWorn(): boolean {
    return this.sealed >= CONFIDENTIALITY_LIMIT
  }

  /** A packet that was not authentic; returns whether there have been too many (AEAD_LIMIT_REACHED). */
  onForgery(): boolean {
    return ++this.forgeries > INTEGRITY_LIMIT
  }

  private protection(suite: CipherSuite, secret: Uint8Array): Protection {
    const { crypto, version } = this
    return {
      header: new HeaderProtection(crypto, version, suite, secret),
      packets: new PacketKeys(crypto, version, suite, secret),
    }
  }
}
