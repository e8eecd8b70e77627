/** What the handshake messages of both sides settle, as far as whoever looks on needs it. */
import type { Side } from '../side.ts'
import { suiteCipher, type SuiteCipher } from '../tls/cipher-suites.ts'
import { findExtension } from '../tls/extensions.ts'
import type { HandshakeContext, HandshakeMessage } from '../tls/messages.ts'
import { TLS13 } from '../tls/names.ts'

export type AeadSuite = Extract<SuiteCipher, { kind: 'aead' }>

const aeadOf = (suite: number): AeadSuite | undefined => {
  const cipher = suiteCipher(suite)
  return cipher?.kind === 'aead' ? cipher : undefined
}

export class HandshakeFacts implements HandshakeContext {
  readonly version = TLS13
  cipherSuite = 0
  /** The client's random, by which the key log names the connection. */
  random: Uint8Array | undefined
  /** Suites that the client offers and that are known here, in its order. */
  offered: readonly AeadSuite[] = []
  /** Protocols that the client offers (RFC 7301). */
  protocols: readonly string[] = []
  /** The one that the server has chosen; empty: none; undefined: not known yet. */
  protocol: string | undefined
  /** The client asked for 0-RTT. */
  private early = false
  /** What became of that; undefined: nobody knows yet. */
  earlyData: 'none' | 'accepted' | 'refused' | undefined

  /** The suite that the server has chosen. */
  get suite(): AeadSuite | undefined {
    return this.cipherSuite === 0 ? undefined : aeadOf(this.cipherSuite)
  }

  /** What the client speaks before the server has chosen, that is in 0-RTT: what it would like best (RFC 8446 4.2.10). */
  get spoken(): string | undefined {
    return this.protocol ?? this.protocols[0]
  }

  handleMessage(from: Side, message: HandshakeMessage): void {
    if (from === 'client' && message.type === 'client_hello') {
      this.random = message.random.slice()
      this.offered = message.cipherSuites.map(aeadOf).filter((suite) => suite !== undefined)
      this.protocols = findExtension(message.extensions, 'alpn')?.protocols ?? []
      this.early = findExtension(message.extensions, 'early_data') !== undefined
    } else if (from === 'server' && message.type === 'server_hello') {
      if (!message.retry) this.cipherSuite = message.cipherSuite
      // RFC 8446 4.2.10: a HelloRetryRequest refuses 0-RTT.
      else if (this.early) this.earlyData = 'refused'
    } else if (from === 'server' && message.type === 'encrypted_extensions') {
      this.protocol = findExtension(message.extensions, 'alpn')?.protocols[0] ?? ''
      const isAccepted = findExtension(message.extensions, 'early_data') !== undefined
      this.earlyData ??= isAccepted ? 'accepted' : this.early ? 'refused' : 'none'
    }
  }
}
