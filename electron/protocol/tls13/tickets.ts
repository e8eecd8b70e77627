/** Session tickets that the server seals for itself (RFC 8446 4.6.1, RFC 5077 4): it keeps no state but one key. */
import type { Micros } from '../../../shared/units.ts'
import type { Aead, QuicCrypto } from '../crypto.ts'
import type { Rng } from '../random.ts'
import { Reader } from './reader.ts'
import { suiteOf, type Tls13Suite } from './suites.ts'
import { ascii, asciiText, concat, number, vector } from './writer.ts'

export interface TicketContent {
  readonly suite: Tls13Suite
  readonly psk: Uint8Array
  readonly alpn: string
  readonly serverName: string
  readonly issuedAt: Micros
  readonly ageAdd: number
}

const NONCE = 12
const NOTHING = new Uint8Array(0)
/** Tickets whose 0-RTT data were taken; more are not kept in mind, and then none is taken (RFC 8446 8.1). */
const MOST_REMEMBERED = 65_536

export class TicketKeeper {
  /** Seconds that a ticket is good for. */
  readonly lifetime: number
  private readonly aead: Aead
  private readonly rng: Rng
  private readonly used = new Set<string>()

  constructor(crypto: QuicCrypto, rng: Rng, lifetime = 7_200) {
    this.aead = crypto.aead('aes-128-gcm', rng.bytes(16))
    this.rng = rng
    this.lifetime = lifetime
  }

  seal({ suite, psk, alpn, serverName, issuedAt, ageAdd }: TicketContent): Uint8Array {
    const nonce = this.rng.bytes(NONCE)
    const content = concat(
      number(suite.number, 2),
      vector(1, psk),
      vector(1, ascii(alpn)),
      vector(1, ascii(serverName)),
      number(Math.round(issuedAt), 8),
      number(ageAdd, 4),
    )
    return concat(nonce, this.aead.seal(nonce, NOTHING, content))
  }

  /** What is in a ticket of ours that has not run out; undefined: anything else. */
  open(now: Micros, ticket: Uint8Array): TicketContent | undefined {
    const bytes = this.aead.open(ticket.slice(0, NONCE), NOTHING, ticket.subarray(NONCE))
    if (bytes === undefined) return undefined
    const reader = new Reader(bytes)
    const suite = suiteOf(reader.number(2))
    const psk = reader.vector(1)
    const alpn = asciiText(reader.vector(1))
    const serverName = asciiText(reader.vector(1))
    const issuedAt = (reader.number(4) * 2 ** 32 + reader.number(4)) as Micros
    const ageAdd = reader.number(4)
    if (!reader.isWhole || suite === undefined || now - issuedAt > this.lifetime * 1e6) return undefined
    return { suite, psk, alpn, serverName, issuedAt, ageAdd }
  }

  /** Whether this is the first time that 0-RTT data come with the ticket (RFC 8446 8.1); it is remembered. */
  takeOnce(ticket: Uint8Array): boolean {
    const nonce = String.fromCharCode(...ticket.subarray(0, NONCE))
    if (this.used.has(nonce) || this.used.size >= MOST_REMEMBERED) return false
    this.used.add(nonce)
    return true
  }
}
