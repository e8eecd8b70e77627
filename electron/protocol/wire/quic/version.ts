/** What differs between the versions of QUIC: RFC 9000 17.2 and RFC 9001 5.2, RFC 9369 3. */

export const QUIC_V1 = 0x0000_0001
export const QUIC_V2 = 0x6b33_43cf

/** The long-header packets that carry frames, and Retry. */
export const LONG_TYPES = ['initial', '0rtt', 'handshake', 'retry'] as const
export type LongType = (typeof LONG_TYPES)[number]

export interface QuicVersion {
  readonly number: number
  /** The two type bits of a long header, by type. */
  readonly typeBits: Readonly<Record<LongType, number>>
  /** Salt of the Initial secrets (RFC 9001 5.2). */
  readonly initialSalt: string
  /** Prefix of the labels that make keys from a secret (RFC 9001 5.1), and that of a key update (6.1). */
  readonly label: 'quic' | 'quicv2'
  /** Key and nonce of the integrity tag of Retry (RFC 9001 5.8). */
  readonly retryKey: string
  readonly retryNonce: string
}

const V1: QuicVersion = {
  number: QUIC_V1,
  typeBits: { initial: 0, '0rtt': 1, handshake: 2, retry: 3 },
  initialSalt: '38762cf7f55934b34d179ae6a4c80cadccbb7f0a',
  label: 'quic',
  retryKey: 'be0c690b9f66575a1d766b54e368c84e',
  retryNonce: '461599d35d632bf2239825bb',
}

/** The types are turned by one, so that middleboxes learn nothing by heart (RFC 9369 3.2). */
const V2: QuicVersion = {
  number: QUIC_V2,
  typeBits: { retry: 0, initial: 1, '0rtt': 2, handshake: 3 },
  initialSalt: '0dede3def700a6db819381be6e269dcbf9bd2ed9',
  label: 'quicv2',
  retryKey: '8fb4b01b56ac48e260fbcbcead7ccc92',
  retryNonce: 'd86969bc2d7c6d9990efb04a',
}

const VERSIONS: readonly QuicVersion[] = [V1, V2]

/** Undefined: not one that we speak. */
export const versionOf = (number: number): QuicVersion | undefined =>
  VERSIONS.find((version) => version.number === number)

/** A version that nobody has, chosen by dice: in all that could be looked at it is like version 1 (RFC 9000 6.3, 15). */
export const reservedVersion = (random: number): QuicVersion => ({
  ...V1,
  number: ((random & 0xf0f0_f0f0) | 0x0a0a_0a0a) >>> 0,
})

/** Versions that no one will ever speak; they are sent to keep version negotiation alive (RFC 9000 15). */
export const isReservedVersion = (number: number): boolean => (number & 0x0f0f_0f0f) === 0x0a0a_0a0a
