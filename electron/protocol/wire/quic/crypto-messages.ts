/** The handshake messages in the CRYPTO streams of one side, a stream for each level (RFC 9001 4.1.3). */
import type { DissectedField } from '../../../../shared/dissection.ts'
import type { WireError } from '../result.ts'
import { decodeHandshake } from '../tls/handshake.ts'
import { MessageAssembler } from '../tls/message-assembler.ts'
import type { HandshakeContext, HandshakeMessage } from '../tls/messages.ts'
import { StreamBytes } from './stream-bytes.ts'

/** Levels that have CRYPTO frames (RFC 9000 12.4, table 3). */
export type CryptoLevel = 'initial' | 'handshake' | '1rtt'

export interface CryptoMessage {
  readonly level: CryptoLevel
  /** Of its first byte in the CRYPTO stream of its level. */
  readonly offset: number
  readonly message: HandshakeMessage
  /** The message, header included. */
  readonly bytes: Uint8Array
  /** Offsets in `bytes`. */
  readonly fields: readonly DissectedField[]
  readonly error?: WireError
}

/** A message that is longer than what is put together here. */
export interface CryptoOverflow {
  readonly level: CryptoLevel
  readonly offset: number
  readonly tooLong: true
}

/** As endpoints buffer them out of order (RFC 9000 7.5), and more. */
const MOST_HELD = 262_144

interface Stream {
  readonly bytes: StreamBytes
  readonly assembler: MessageAssembler
}

const stream = (): Stream => ({ bytes: new StreamBytes(MOST_HELD), assembler: new MessageAssembler() })

export class CryptoMessages {
  private readonly context: HandshakeContext
  private readonly streams: Record<CryptoLevel, Stream> = {
    initial: stream(),
    handshake: stream(),
    '1rtt': stream(),
  }

  /** `context`: QUIC has TLS 1.3 or later only; the suite is of no matter to it. */
  constructor(context: HandshakeContext) {
    this.context = context
  }

  /** Takes in a CRYPTO frame and tells of the messages that are whole now. */
  handleFrame(
    level: CryptoLevel,
    offset: number,
    data: Uint8Array,
    tell: (message: CryptoMessage | CryptoOverflow) => void,
  ): void {
    const { bytes, assembler } = this.streams[level]
    bytes.handle(offset, data, (at, piece) => {
      const fragment = { bytes: piece, record: at, recordLength: piece.length, stream: at }
      for (const whole of assembler.handleFragment(fragment)) {
        if (whole === 'too_long') tell({ level, offset: at, tooLong: true })
        else tell({ level, offset: whole.pieces[0].stream!, ...this.decode(whole.bytes) })
      }
    })
  }

  private decode(bytes: Uint8Array) {
    return { bytes, ...decodeHandshake(bytes, this.context) }
  }
}
