/** QUIC with HTTP/3 inside, read passively: the dissector of `../wire/quic`, and the reader of streams on each connection. */
import type { QuicCrypto } from '../crypto.ts'
import { QuicDissector } from '../wire/quic/dissector.ts'
import type { CapturedDatagram, QuicReading } from '../wire/quic/readings.ts'
import type { KeyLog } from '../wire/tls/key-log.ts'
import { PassiveHttp3 } from './passive/connection.ts'
import type { Http3Reading } from './passive/events.ts'

export interface Http3Listener {
  onQuic(reading: QuicReading): void
  /** `tag` names the datagram that had the last byte of it. */
  onHttp3(connection: number, tag: number, reading: Http3Reading): void
}

/** HTTP/3's name in ALPN (RFC 9114 3.1). */
const PROTOCOL = 'h3'

export class Http3Dissector {
  private readonly quic: QuicDissector
  private readonly listener: Http3Listener
  private readonly connections = new Map<number, PassiveHttp3>()
  /** The datagram that is being read. */
  private tag = 0

  /** The key log may be added to; `handleSecrets` says so. */
  constructor(crypto: QuicCrypto, keyLog: KeyLog, listener: Http3Listener) {
    this.listener = listener
    this.quic = new QuicDissector(crypto, keyLog, (reading) => this.onReading(reading))
  }

  handleDatagram(datagram: CapturedDatagram): void {
    this.quic.handleDatagram(datagram)
  }

  handleSecrets(): void {
    this.quic.handleSecrets()
  }

  /** The capture is over. */
  finish(): void {
    this.quic.finish()
  }

  private onReading(reading: QuicReading): void {
    this.listener.onQuic(reading)
    if (!('connection' in reading)) return
    const { connection } = reading
    this.tag = reading.tag
    switch (reading.type) {
      case 'stream': {
        const { from, id, offset, bytes, fin } = reading
        return this.http3(connection)?.handleStream(from, id, offset, bytes, fin)
      }
      case 'reset':
        return this.http3(connection)?.handleReset(reading.from, reading.id)
      case 'early_refused':
        return this.http3(connection)?.restartClient()
      case 'forgotten':
        this.connections.delete(connection)
    }
  }

  private http3(connection: number): PassiveHttp3 | undefined {
    const known = this.connections.get(connection)
    if (known !== undefined) return known
    if (this.quic.connection(connection)?.facts.spoken !== PROTOCOL) return undefined
    const http3 = new PassiveHttp3((reading) => this.listener.onHttp3(connection, this.tag, reading))
    this.connections.set(connection, http3)
    return http3
  }
}
