/**
 * A passive reading of a TLS connection (RFC 8446, RFC 5246) from the bytes of its two directions, a second opinion beside the
 * endpoints' own. It streams, takes any bytes, and holds no more than a record and a handshake message of each direction.
 */
import type { SessionCrypto } from '../../crypto.ts'
import { Fifo } from '../../fifo.ts'
import { Direction } from './direction.ts'
import type { Side } from '../side.ts'
import type { TlsEvent } from './events.ts'
import type { KeyLog } from './key-log.ts'
import { Session } from './session.ts'

/** A record of which some bytes have arrived and some have not. */
export interface PartialRecord {
  readonly offset: number
  /** Header included; undefined as long as the header is not whole. */
  readonly length: number | undefined
  /** Bytes that are there. */
  readonly have: number
}

export class TlsDissector {
  private readonly events = new Fifo<TlsEvent>()
  private readonly session: Session
  private readonly directions: Readonly<Record<Side, Direction>>

  /** Secrets may be added to `keyLog` at any time before the first record that they protect is handled. */
  constructor(crypto: SessionCrypto, keyLog: KeyLog) {
    this.session = new Session(crypto, keyLog)
    const emit = (event: TlsEvent) => this.events.push(event)
    this.directions = {
      client: new Direction('client', this.session, emit),
      server: new Direction('server', this.session, emit),
    }
  }

  /**
   * Takes the next bytes that `from` sent, however they are cut. Between the directions the order must be one in which
   * an end could have sent or received them, since an answer is understood only after what it answers. The bytes are
   * not kept: the caller may use the memory again once it has polled the events.
   */
  handleBytes(from: Side, bytes: Uint8Array): void {
    this.directions[from].records.handleBytes(bytes)
  }

  /** `from` sends nothing more: reports what was left unfinished. */
  handleEnd(from: Side): void {
    this.directions[from].handleEnd()
  }

  /** What was found, in order; undefined when there is nothing new. */
  pollEvent(): TlsEvent | undefined {
    return this.events.shift()
  }

  /** The record that bytes of `from` wait for (DESIGN 6.1, record-blocked); undefined between records. */
  partialRecord(from: Side): PartialRecord | undefined {
    return this.directions[from].records.partial
  }

  /** Negotiated; TLS 1.2 and suite 0 before a ServerHello was read. */
  get negotiated(): { readonly version: number; readonly cipherSuite: number } {
    const { version, cipherSuite } = this.session
    return { version, cipherSuite }
  }
}
