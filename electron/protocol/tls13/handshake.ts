/**
 * What the two ends of a handshake have in common: they take in CRYPTO bytes by level, cut them into messages, and tell what is to
 * be sent, which secrets are in force and what went wrong (RFC 8446 4, RFC 9001 4). No records: QUIC protects packets itself.
 */
import type { Micros } from '../../../shared/units.ts'
import type { HandshakeCrypto } from '../crypto.ts'
import { Fifo } from '../fifo.ts'
import type { Rng } from '../random.ts'
import { hexOf } from '../wire/tls/key-log.ts'
import { alertOf, type Alert } from './codes.ts'
import { Transcript, type KeySchedule, type SecretLabel } from './key-schedule.ts'
import { concat } from './writer.ts'
import type { Tls13Suite } from './suites.ts'

/** QUIC's encryption levels (RFC 9001 2.1, figure 5). */
export type Level = 'initial' | '0rtt' | 'handshake' | '1rtt'

export interface Negotiated {
  readonly suite: Tls13Suite
  readonly alpn: string
  readonly serverName: string
  /** Of the key exchange. */
  readonly group: string
  /** A PSK took the certificate's place. */
  readonly resumed: boolean
  readonly earlyData: 'none' | 'accepted' | 'refused'
  /** The handshake took another round for a key share (RFC 8446 4.1.4). */
  readonly retried: boolean
}

export type HandshakeEvent =
  /** Bytes for CRYPTO frames of this level. */
  | { readonly type: 'send'; readonly level: Level; readonly bytes: Uint8Array }
  | {
      readonly type: 'secret'
      readonly level: Exclude<Level, 'initial'>
      readonly use: 'read' | 'write'
      readonly suite: Tls13Suite
      readonly secret: Uint8Array
    }
  /** At a client that offers 0-RTT: the parameters of the session, whose limits hold for it (RFC 9000 7.4.1). */
  | { readonly type: 'remembered'; readonly bytes: Uint8Array }
  /** The peer's quic_transport_parameters, not yet authenticated before the end of the handshake. */
  | { readonly type: 'parameters'; readonly bytes: Uint8Array }
  /** At a server: what the client asks for. */
  | {
      readonly type: 'client_hello'
      readonly serverName: string
      readonly protocols: readonly string[]
      readonly sessionIdLength: number
    }
  | { readonly type: 'certificates'; readonly chain: readonly Uint8Array[] }
  | { readonly type: 'complete'; readonly negotiated: Negotiated }
  /** At a client: what the next connection may take up. */
  | { readonly type: 'session'; readonly session: Session }
  /** A line of the key log (RFC 9850). */
  | { readonly type: 'key_log'; readonly line: string }
  | { readonly type: 'alert'; readonly alert: Alert }

/** What a client keeps of a connection (RFC 8446 4.6.1, RFC 9000 7.4.1). */
export interface Session {
  readonly serverName: string
  readonly suite: Tls13Suite
  readonly alpn: string
  readonly psk: Uint8Array
  readonly ticket: Uint8Array
  readonly ageAdd: number
  /** Seconds. */
  readonly lifetime: number
  readonly receivedAt: Micros
  /** The server takes 0-RTT data with it. */
  readonly earlyData: boolean
  /** The server's transport parameters, whose limits 0-RTT keeps to. */
  readonly parameters: Uint8Array
}

/** The most that is kept of a message that is not whole yet; a long chain of certificates fits. */
const LONGEST_MESSAGE = 65_536

const KEY_LOG_LABELS: Readonly<Partial<Record<SecretLabel, string>>> = {
  'c e traffic': 'CLIENT_EARLY_TRAFFIC_SECRET',
  'c hs traffic': 'CLIENT_HANDSHAKE_TRAFFIC_SECRET',
  's hs traffic': 'SERVER_HANDSHAKE_TRAFFIC_SECRET',
  'c ap traffic': 'CLIENT_TRAFFIC_SECRET_0',
  's ap traffic': 'SERVER_TRAFFIC_SECRET_0',
}

export abstract class Handshake {
  protected readonly crypto: HandshakeCrypto
  protected readonly rng: Rng
  protected readonly transcript: Transcript
  private readonly events = new Fifo<HandshakeEvent>()
  private readonly pending = new Map<Level, Uint8Array>()
  private failed = false

  constructor(crypto: HandshakeCrypto, rng: Rng) {
    this.crypto = crypto
    this.rng = rng
    this.transcript = new Transcript(crypto)
  }

  /** What happened, in order. */
  pollEvent(): HandshakeEvent | undefined {
    return this.events.shift()
  }

  /** Takes in the next bytes of the CRYPTO stream of a level, in order and without gaps. After an alert it does nothing. */
  handleBytes(now: Micros, level: Level, bytes: Uint8Array): void {
    if (this.failed) return
    let rest = concat(this.pending.get(level) ?? new Uint8Array(0), bytes)
    while (rest.length >= 4 && !this.failed) {
      const length = (rest[1] << 16) | (rest[2] << 8) | rest[3]
      if (length > LONGEST_MESSAGE) return this.fail(alertOf('decode_error', `a message of ${length} bytes`))
      if (rest.length < 4 + length) break
      const whole = rest.slice(0, 4 + length)
      rest = rest.subarray(4 + length)
      this.pending.set(level, rest)
      const problem = this.handleMessage(now, level, whole[0], whole.subarray(4), whole)
      if (problem !== undefined) return this.fail(problem)
    }
    this.pending.set(level, rest)
  }

  /** Bytes of this level that are no whole message yet. */
  protected hasPartial(level: Level): boolean {
    return (this.pending.get(level)?.length ?? 0) > 0
  }

  /** One message; `whole` has its header, too. Returns what is wrong with it. */
  protected abstract handleMessage(
    now: Micros,
    level: Level,
    type: number,
    body: Uint8Array,
    whole: Uint8Array,
  ): Alert | undefined

  protected emit(event: HandshakeEvent): void {
    this.events.push(event)
  }

  protected fail(alert: Alert): void {
    this.failed = true
    this.emit({ type: 'alert', alert })
  }

  /** Sends a message and adds it to the transcript. */
  protected send(level: Level, bytes: Uint8Array): void {
    this.transcript.add(bytes)
    this.emit({ type: 'send', level, bytes })
  }

  /** Derives a secret from the transcript so far, logs it and puts it into force. */
  protected install(
    schedule: KeySchedule,
    label: SecretLabel,
    level: Exclude<Level, 'initial'>,
    use: 'read' | 'write',
    clientRandom: Uint8Array,
    hash = this.transcript.hash(schedule.suite),
  ): Uint8Array {
    const secret = schedule.derive(label, hash)
    this.log(label, clientRandom, secret)
    this.emit({ type: 'secret', level, use, suite: schedule.suite, secret })
    return secret
  }

  protected log(label: SecretLabel, clientRandom: Uint8Array, secret: Uint8Array): void {
    const name = KEY_LOG_LABELS[label]
    if (name === undefined) return
    this.emit({ type: 'key_log', line: `${name} ${hexOf(clientRandom)} ${hexOf(secret)}` })
  }

  protected random(length: number): Uint8Array {
    return this.rng.bytes(length)
  }
}
