/** The keys that one end of a QUIC connection sends under, from its key log (RFC 9001 5.1, 6.1). */
import type { EventData } from '../../../shared/trace/events.ts'
import type { SessionCrypto } from '../../protocol/crypto.ts'
import type { Level } from '../../protocol/tls13/handshake.ts'
import type { AeadSuite, HandshakeFacts } from '../../protocol/wire/quic/handshake-facts.ts'
import type { Side } from '../../protocol/wire/side.ts'
import { hexOf, type KeyLog, type TrafficLabel } from '../../protocol/wire/tls/key-log.ts'
import { hkdfExpandLabel } from '../../protocol/wire/tls/key-schedule.ts'

type KeysUpdated = EventData<'security:key_updated'>

const NO_CONTEXT = new Uint8Array(0)
const IV_LENGTH = 12

const LABELS: Record<Side, Partial<Record<Level, readonly [KeysUpdated['epoch'], TrafficLabel]>>> = {
  client: {
    '0rtt': ['early', 'CLIENT_EARLY_TRAFFIC_SECRET'],
    handshake: ['handshake', 'CLIENT_HANDSHAKE_TRAFFIC_SECRET'],
    '1rtt': ['application', 'CLIENT_TRAFFIC_SECRET_0'],
  },
  server: {
    handshake: ['handshake', 'SERVER_HANDSHAKE_TRAFFIC_SECRET'],
    '1rtt': ['application', 'SERVER_TRAFFIC_SECRET_0'],
  },
}

export class QuicSecrets {
  private readonly from: Side
  private readonly crypto: SessionCrypto
  private readonly facts: HandshakeFacts
  private readonly keyLog: KeyLog
  private readonly labelOf: () => 'quic' | 'quicv2'
  /** The 1-RTT secret of the generation that was asked for last. */
  private current: { readonly generation: number; readonly secret: Uint8Array } | undefined

  /** `labelOf`: how the labels of the connection's version begin (RFC 9001 5.1, RFC 9369 3.3.1). */
  constructor(
    from: Side,
    crypto: SessionCrypto,
    facts: HandshakeFacts,
    keyLog: KeyLog,
    labelOf: () => 'quic' | 'quicv2',
  ) {
    this.from = from
    this.crypto = crypto
    this.facts = facts
    this.keyLog = keyLog
    this.labelOf = labelOf
  }

  /** The keys of a level and generation, which only grows; undefined: nobody has told the secret. */
  keysOf(level: Level, generation: number): Omit<KeysUpdated, 'from' | 'offset'> | undefined {
    const { random } = this.facts
    const names = LABELS[this.from][level]
    if (names === undefined || random === undefined) return undefined
    const [epoch, label] = names
    const first = this.keyLog.find(label, random)
    const suite = first && this.suiteOf(level, first)
    if (first === undefined || suite === undefined) return undefined
    const secret = this.updated(first, suite, generation)
    const prefix = this.labelOf()
    const derive = (name: string, length: number): string =>
      hexOf(hkdfExpandLabel(this.crypto, suite.hash, secret, `${prefix} ${name}`, NO_CONTEXT, length))
    return {
      epoch,
      generation,
      label,
      secret: hexOf(secret),
      key: derive('key', suite.keyLength),
      iv: derive('iv', IV_LENGTH),
    }
  }

  /** In 0-RTT that of the session that is taken up, which nobody says here: the first one offered that fits the secret. */
  private suiteOf(level: Level, secret: Uint8Array): AeadSuite | undefined {
    const { suite, offered } = this.facts
    if (level !== '0rtt') return suite
    return offered.find(({ hash }) => (hash === 'sha384' ? 48 : 32) === secret.length)
  }

  /** RFC 9001 6.1. */
  private updated(first: Uint8Array, { hash }: AeadSuite, generation: number): Uint8Array {
    if (generation === 0) return first
    let { generation: at, secret } =
      this.current !== undefined && this.current.generation <= generation
        ? this.current
        : { generation: 0, secret: first }
    for (; at < generation; at++)
      secret = hkdfExpandLabel(this.crypto, hash, secret, `${this.labelOf()} ku`, NO_CONTEXT, secret.length)
    this.current = { generation, secret }
    return secret
  }
}
