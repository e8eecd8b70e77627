/**
 * The onlooker at one end of a QUIC connection: it is shown the frames of each packet as it leaves. What leaves again, or in other
 * pieces, is told of once.
 */
import type { SessionCrypto } from '../../protocol/crypto.ts'
import type { SentPacket } from '../../protocol/quic/sent.ts'
import type { Level } from '../../protocol/tls13/handshake.ts'
import {
  CryptoMessages,
  type CryptoMessage,
  type CryptoOverflow,
} from '../../protocol/wire/quic/crypto-messages.ts'
import type { Frame } from '../../protocol/wire/quic/frames.ts'
import { HandshakeFacts } from '../../protocol/wire/quic/handshake-facts.ts'
import { StreamTable } from '../../protocol/wire/quic/stream-table.ts'
import { bySide, otherSide, type BySide, type Side } from '../../protocol/wire/side.ts'
import { hexOf, KeyLog } from '../../protocol/wire/tls/key-log.ts'
import { handshakeTypeName } from '../../protocol/wire/tls/names.ts'
import type { QuicOnlooker } from '../quic/tracer.ts'
import { Http3Layer } from './http3-layer.ts'
import { QuicSecrets } from './quic-secrets.ts'
import type { Report } from './report.ts'

/** The column of the trace that a stream stands in holds no larger numbers; no connection gets there. */
const MOST_STREAM_ID = 0xffff_ffff

export class QuicEnd implements QuicOnlooker {
  private readonly report: Report
  private readonly facts = new HandshakeFacts()
  private readonly keyLog = new KeyLog()
  private readonly secrets: QuicSecrets
  private readonly messages: BySide<CryptoMessages>
  private streams: BySide<StreamTable> = bySide(() => new StreamTable())
  private http: Http3Layer | undefined
  /** The generation of each level whose keys were told of last. */
  private readonly told = new Map<Level, number>()

  /** `labelOf`: how labels begin in the version that the connection speaks (RFC 9001 5.1, RFC 9369 3.3.1). */
  constructor(report: Report, crypto: SessionCrypto, labelOf: () => 'quic' | 'quicv2') {
    this.report = report
    this.messages = bySide(() => new CryptoMessages(this.facts))
    this.secrets = new QuicSecrets(report.own, crypto, this.facts, this.keyLog, labelOf)
  }

  handleSent({ number, pkt }: SentPacket, level: Level, frames: readonly Frame[], generation: number): void {
    const { report } = this
    report.pkt = pkt
    this.tellKeys(number, level, generation)
    for (const frame of frames) this.handleFrame(report.own, level, frame)
    report.pkt = undefined
  }

  /** Of the other side only what our own packets can't be read without: its hellos, and the settings of its HTTP/3. */
  handleReceived(level: Level, frames: readonly Frame[]): void {
    for (const frame of frames)
      if (frame.type !== 'stream' || frame.id % 4 >= 2)
        this.handleFrame(otherSide(this.report.own), level, frame)
  }

  handleSecret(line: string): void {
    this.keyLog.addLine(line)
  }

  private handleFrame(from: Side, level: Level, frame: Frame): void {
    if (frame.type === 'stream') this.handleStream(from, frame)
    else if (frame.type === 'crypto') {
      if (level === '0rtt') return
      this.messages[from].handleFrame(level, frame.offset, frame.data, (message) =>
        this.onMessage(from, message),
      )
    } else if (frame.type === 'reset_stream' && frame.id <= MOST_STREAM_ID)
      if (this.streams[from].handleReset(frame.id)) this.http?.handleReset(from, frame.id)
  }

  private handleStream(from: Side, { id, offset, data, fin }: Extract<Frame, { type: 'stream' }>): void {
    if (id > MOST_STREAM_ID || this.facts.spoken !== 'h3') return
    const http = (this.http ??= new Http3Layer(this.report))
    this.streams[from].handleFrame(id, offset, data, fin, (...bytes) => http.handleStream(from, ...bytes))
  }

  private onMessage(from: Side, message: CryptoMessage | CryptoOverflow): void {
    const { facts } = this
    if ('tooLong' in message) return this.tellMalformed(from, message.offset, 0, 'handshake_too_long')
    const before = facts.earlyData
    facts.handleMessage(from, message.message)
    if (facts.earlyData === 'refused' && before !== 'refused') this.restartClient()
    if (from === this.report.own) this.tellMessage(message)
  }

  /** RFC 9001 4.6.2: the streams of the client begin anew. */
  private restartClient(): void {
    this.streams = { ...this.streams, client: new StreamTable() }
    this.http?.restartClient()
  }

  private tellMessage({ level, offset, bytes, fields, error }: CryptoMessage): void {
    const { own: from } = this.report
    this.report.emit('security:handshake_message', {
      from,
      offset,
      length: bytes.length,
      type: bytes[0],
      name: handshakeTypeName(bytes[0]),
      protected: level !== 'initial',
      bytes: hexOf(bytes),
      fields: JSON.stringify(fields),
    })
    if (error !== undefined) this.tellMalformed(from, offset, bytes.length, error.reason)
  }

  private tellMalformed(from: Side, offset: number, length: number, reason: string): void {
    if (from === this.report.own) this.report.emit('security:malformed', { from, offset, length, reason })
  }

  private tellKeys(number: number, level: Level, generation: number): void {
    if (level === 'initial' || generation <= (this.told.get(level) ?? -1)) return
    const keys = this.secrets.keysOf(level, generation)
    if (keys === undefined) return
    this.told.set(level, generation)
    this.report.emit('security:key_updated', { from: this.report.own, offset: number, ...keys })
  }
}
