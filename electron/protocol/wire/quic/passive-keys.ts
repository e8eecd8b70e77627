/**
 * The keys of a connection as someone finds them who was told secrets at most (RFC 9001 5, 6): those of Initial packets from the
 * client's first id, the others from the key log, and those after an update from the ones before.
 */
import type { QuicCrypto } from '../../crypto.ts'
import { bySide, type BySide, type Side } from '../side.ts'
import type { KeyLog, TrafficLabel } from '../tls/key-log.ts'
import type { AeadSuite, HandshakeFacts } from './handshake-facts.ts'
import { AES_128_GCM, HeaderProtection, initialSecrets, PacketKeys, type CipherSuite } from './protection.ts'
import type { ClosedReason, PacketLevel } from './readings.ts'
import type { QuicVersion } from './version.ts'

/** Where a protected packet lies; what is before `start` or after `end` is not touched. */
export interface Sealed {
  readonly bytes: Uint8Array
  readonly start: number
  readonly numberAt: number
  readonly end: number
}

export interface Opened {
  readonly number: number
  readonly generation: number
  readonly payload: Uint8Array
}

/** One direction of a level. */
interface Protection {
  readonly header: HeaderProtection
  packets: PacketKeys
  /** Of 1-RTT: the keys before the last update, and those after the next. */
  previous: PacketKeys | undefined
  next: PacketKeys | undefined
  generation: number
}

/** Ids from which a client may have made Initial keys: its own choice, and what Retry gave it. */
const MOST_INITIAL = 4
/** The packet number is masked as if it had four bytes, and so many follow it at least (RFC 9001 5.4.2). */
const LONGEST_NUMBER = 4
const SAMPLE = 16
const KEY_PHASE = 0x04

const LABELS: BySide<Partial<Record<PacketLevel, TrafficLabel>>> = {
  client: {
    '0rtt': 'CLIENT_EARLY_TRAFFIC_SECRET',
    handshake: 'CLIENT_HANDSHAKE_TRAFFIC_SECRET',
    '1rtt': 'CLIENT_TRAFFIC_SECRET_0',
  },
  server: { handshake: 'SERVER_HANDSHAKE_TRAFFIC_SECRET', '1rtt': 'SERVER_TRAFFIC_SECRET_0' },
}

export class PassiveKeys {
  private readonly crypto: QuicCrypto
  private readonly keyLog: KeyLog
  private readonly facts: HandshakeFacts
  private version: QuicVersion
  /** The newest first. */
  private initial: BySide<Protection>[] = []
  private readonly found = bySide((): Partial<Record<PacketLevel, readonly Protection[]>> => ({}))

  constructor(crypto: QuicCrypto, keyLog: KeyLog, facts: HandshakeFacts, version: QuicVersion) {
    this.crypto = crypto
    this.keyLog = keyLog
    this.facts = facts
    this.version = version
  }

  /** The client may send Initial packets to this id. */
  addInitial(version: QuicVersion, destination: Uint8Array): void {
    const secrets = initialSecrets(this.crypto, version, destination)
    const make = (side: Side) => this.protection(version, AES_128_GCM, secrets[side])
    this.initial = [bySide(make), ...this.initial].slice(0, MOST_INITIAL)
  }

  /** Packets of another version come (RFC 9369 4): keys have other labels. */
  useVersion(version: QuicVersion): void {
    if (version === this.version) return
    this.version = version
    for (const side of ['client', 'server'] as const) this.found[side] = {}
  }

  /** Opens a packet; `largest` is the highest number seen in its space, -1: none. The bytes stay as they are. */
  open(from: Side, level: PacketLevel, sealed: Sealed, largest: number): Opened | ClosedReason {
    if (sealed.end - sealed.numberAt < LONGEST_NUMBER + SAMPLE) return 'too_short'
    const candidates = this.candidates(from, level)
    if (candidates.length === 0) return 'no_keys'
    for (const protection of candidates) {
      const opened = this.openWith(protection, level, sealed, largest)
      if (opened !== undefined) return opened
    }
    return 'not_authentic'
  }

  private candidates(from: Side, level: PacketLevel): readonly Protection[] {
    if (level === 'initial') return this.initial.map((pair) => pair[from])
    const known = this.found[from][level]
    if (known !== undefined) return known
    const made = this.fromKeyLog(from, level)
    if (made.length > 0) this.found[from][level] = made
    return made
  }

  private fromKeyLog(from: Side, level: PacketLevel): readonly Protection[] {
    const label = LABELS[from][level]
    const { random } = this.facts
    if (label === undefined || random === undefined) return []
    const secret = this.keyLog.find(label, random)
    if (secret === undefined) return []
    return this.suites(level, secret).map((suite) => {
      const protection = this.protection(this.version, suite, secret)
      if (level === '1rtt') protection.next = protection.packets.next()
      return protection
    })
  }

  /** The suite of 0-RTT is that of an earlier connection: any that the client offers and that fits the secret may be it. */
  private suites(level: PacketLevel, secret: Uint8Array): readonly CipherSuite[] {
    const { suite, offered } = this.facts
    const all: readonly (AeadSuite | undefined)[] = level === '0rtt' ? offered : [suite]
    const suites: CipherSuite[] = []
    for (const one of all) {
      if (one === undefined || !this.crypto.has(one.aead)) continue
      if ((one.hash === 'sha384' ? 48 : 32) !== secret.length) continue
      suites.push({ aead: one.aead, hash: one.hash, keyLength: one.keyLength as CipherSuite['keyLength'] })
    }
    return suites
  }

  private protection(version: QuicVersion, suite: CipherSuite, secret: Uint8Array): Protection {
    return {
      header: new HeaderProtection(this.crypto, version, suite, secret),
      packets: new PacketKeys(this.crypto, version, suite, secret),
      previous: undefined,
      next: undefined,
      generation: 0,
    }
  }

  private openWith(
    protection: Protection,
    level: PacketLevel,
    { bytes, start, numberAt, end }: Sealed,
    largest: number,
  ): Opened | undefined {
    // The mask is taken off a copy: other keys may have to be tried.
    const header = bytes.slice(start, numberAt + LONGEST_NUMBER + SAMPLE)
    const unmasked = protection.header.remove(header, 0, numberAt - start, header.length, largest)
    if (unmasked === undefined) return undefined
    const { number, payloadAt } = unmasked
    const additional = header.subarray(0, payloadAt)
    const sealed = bytes.subarray(start + payloadAt, end)
    if (level !== '1rtt') {
      const payload = protection.packets.open(number, additional, sealed)
      return payload && { number, generation: 0, payload }
    }
    return openInPhase(protection, (header[0] & KEY_PHASE) !== 0, number, additional, sealed)
  }
}

/** A bit says whether the keys have changed an odd number of times; which time it is, only the packet itself (RFC 9001 6.3). */
function openInPhase(
  protection: Protection,
  bit: boolean,
  number: number,
  header: Uint8Array,
  sealed: Uint8Array,
): Opened | undefined {
  const { packets, previous, next, generation } = protection
  if (bit === (generation % 2 === 1)) {
    const payload = packets.open(number, header, sealed)
    return payload && { number, generation, payload }
  }
  const late = previous?.open(number, header, sealed)
  if (late !== undefined) return { number, generation: generation - 1, payload: late }
  const payload = next?.open(number, header, sealed)
  if (payload === undefined) return undefined
  protection.previous = packets
  protection.packets = next!
  protection.next = next!.next()
  protection.generation++
  return { number, generation: generation + 1, payload }
}
