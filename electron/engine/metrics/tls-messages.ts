/**
 * The messages of TLS handshakes, counted and weighed (RFC 5246 7.3, RFC 8446 2): flights, what crossed in the clear, and
 * whether the server's signature covers what the RFC says. Counts are over all connections of a lane, means over those that
 * have what is asked for; null: none has.
 */
import type { EventData } from '../../../shared/trace/events.ts'
import { decodeHandshake } from '../../protocol/wire/tls/handshake.ts'
import { negotiatedVersion } from '../../protocol/wire/tls/hello.ts'
import type { HandshakeContext, HandshakeMessage } from '../../protocol/wire/tls/messages.ts'
import { TLS12 } from '../../protocol/wire/tls/names.ts'
import { Mean } from './mean.ts'

/** A message as it crossed, header and all. */
export interface CrossedMessage {
  readonly from: string
  readonly name: string
  readonly protected: boolean
  readonly bytes: Uint8Array
}

/** Not part of the handshake: they come after it, or ask for one. */
const AFTERWARDS = new Set(['new_session_ticket', 'key_update', 'hello_request'])

/** The handshake of one connection. */
export class TlsHandshake {
  readonly messages: CrossedMessage[] = []
  private readonly finishedBy = new Set<string>()

  onMessage({ from, name, protected: isProtected, bytes }: EventData<'security:handshake_message'>): void {
    if (this.finished || AFTERWARDS.has(name)) return
    this.messages.push({ from, name, protected: isProtected, bytes: Buffer.from(bytes, 'hex') })
    if (name === 'finished') this.finishedBy.add(from)
  }

  /** Both sides have sent their Finished. */
  get finished(): boolean {
    return this.finishedBy.size === 2
  }

  /** The first message of this name as it crossed. */
  crossed(name: string): CrossedMessage | undefined {
    return this.messages.find((message) => message.name === name)
  }

  /** The first message of this type, read; undefined: it did not come. */
  read<T extends HandshakeMessage['type']>(type: T): Extract<HandshakeMessage, { type: T }> | undefined {
    const found = this.crossed(type)
    if (found === undefined) return undefined
    const { message } = decodeHandshake(found.bytes, this.context(type))
    return message.type === type ? (message as Extract<HandshakeMessage, { type: T }>) : undefined
  }

  /** What the server settled, for messages whose form depends on it. */
  private context(type: string): HandshakeContext {
    const hello = type === 'server_hello' ? undefined : this.read('server_hello')
    if (hello === undefined) return { version: TLS12, cipherSuite: 0 }
    return { version: negotiatedVersion(hello), cipherSuite: hello.cipherSuite }
  }
}

export interface WithHandshakes {
  readonly tls: { readonly handshakes: ReadonlyMap<string, TlsHandshake> }
}

/** The mean over the connections for which there is a figure. */
export function mean(lane: WithHandshakes, of: (handshake: TlsHandshake) => number | null): number | null {
  const sum = new Mean()
  for (const handshake of lane.tls.handshakes.values()) {
    const value = of(handshake)
    if (value !== null) sum.add(value)
  }
  return sum.value
}

function count(lane: WithHandshakes, of: (message: CrossedMessage) => boolean): number {
  let sum = 0
  for (const { messages } of lane.tls.handshakes.values()) sum += messages.filter(of).length
  return sum
}

/** Flights of a finished handshake: messages of one side without one of the other between them (RFC 5246 7.3). */
export const tlsFlights = (lane: WithHandshakes): number | null =>
  mean(lane, ({ finished, messages }) =>
    finished ? messages.filter(({ from }, i) => messages[i - 1]?.from !== from).length : null,
  )

/** Handshake messages of a finished handshake, Finished included. */
export const tlsMessages = (lane: WithHandshakes): number | null =>
  mean(lane, ({ finished, messages }) => (finished ? messages.length : null))

/** Of these, how many anyone on the path can read. */
export const tlsMessagesInClear = (lane: WithHandshakes): number | null =>
  mean(lane, ({ finished, messages }) =>
    finished ? messages.filter((message) => !message.protected).length : null,
  )

/** Certificate messages that were sent. */
export const tlsCertificatesSent = (lane: WithHandshakes): number =>
  count(lane, ({ name }) => name === 'certificate')

/** Certificate messages that anyone on the path can read. */
export const tlsCertificatesInClear = (lane: WithHandshakes): number =>
  count(lane, (message) => message.name === 'certificate' && !message.protected)

/** Length of the messages of this name in bytes, header included (4 bytes; RFC 5246 7.4). */
export const messageBytes =
  (name: string) =>
  (lane: WithHandshakes): number | null =>
    mean(lane, (handshake) => handshake.crossed(name)?.bytes.length ?? null)

/** Bytes of all messages of a finished handshake. */
export const tlsMessageBytes = (lane: WithHandshakes): number | null =>
  mean(lane, ({ finished, messages }) =>
    finished ? messages.reduce((sum, { bytes }) => sum + bytes.length, 0) : null,
  )

/** The share of the handshakes in which the server agreed to the extended master secret (RFC 7627 5.2). */
export const extendedMasterSecret = (lane: WithHandshakes): number | null =>
  mean(lane, (handshake) => {
    const hello = handshake.read('server_hello')
    if (hello === undefined) return null
    return hello.extensions.some(({ name }) => name === 'extended_master_secret') ? 1 : 0
  })

/** By the names that they have in the summary. */
export const TLS_MESSAGE_METRICS = {
  tls_flights: tlsFlights,
  tls_messages: tlsMessages,
  tls_messages_in_clear: tlsMessagesInClear,
  tls_message_bytes: tlsMessageBytes,
  tls_certificates_sent: tlsCertificatesSent,
  tls_certificates_in_clear: tlsCertificatesInClear,
  tls_server_key_exchange_bytes: messageBytes('server_key_exchange'),
  tls_client_key_exchange_bytes: messageBytes('client_key_exchange'),
  extended_master_secret: extendedMasterSecret,
}
