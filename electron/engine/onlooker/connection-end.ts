/** The onlooker at one end of a connection. */
import type { SessionCrypto } from '../../protocol/crypto.ts'
import type { Credit, Tap } from '../../protocol/tcp/tap.ts'
import { otherSide, type Side } from '../../protocol/wire/side.ts'
import type { KeyLog } from '../../protocol/wire/tls/key-log.ts'
import { DnsLayer } from './dns-layer.ts'
import { Http1Layer } from './http1-layer.ts'
import { Http2Layer } from './http2-layer.ts'
import type { Layer } from './layer.ts'
import type { Protocol } from './look.ts'
import { Looker } from './looker.ts'
import { MqttLayer } from './mqtt-layer.ts'
import type { Report } from './report.ts'
import { TlsLayer } from './tls-layer.ts'

export class ConnectionEnd implements Tap {
  private readonly report: Report
  private readonly top: Looker
  private readonly ended = new Set<Side>()

  /** `expected`: what is spoken at the server's port where the first bytes do not tell. */
  constructor(report: Report, crypto: SessionCrypto, keyLog: KeyLog, expected?: Protocol) {
    this.report = report
    const inside = (protocol: Protocol): Layer | undefined => {
      switch (protocol) {
        case 'h2':
          return new Http2Layer(report)
        case 'http/1.1':
          return new Http1Layer(report)
        case 'mqtt':
          return new MqttLayer(report)
        case 'dns':
          return new DnsLayer(report)
        case 'tls':
          return undefined
      }
    }
    const begin = (protocol: Protocol): Layer | undefined =>
      protocol === 'tls' ? new TlsLayer(report, { crypto, keyLog, inside, expected }) : inside(protocol)
    this.top = new Looker(begin, expected)
  }

  handleSent(bytes: Uint8Array, fin: boolean, pkt: number): void {
    const { report } = this
    report.pkt = pkt
    if (bytes.length > 0) this.top.handleBytes(report.own, bytes)
    if (fin) this.end(report.own, true)
    report.pkt = undefined
  }

  handleReceived(bytes: Uint8Array): void {
    this.top.handleBytes(otherSide(this.report.own), bytes)
  }

  handleReceivedEnd(): void {
    this.end(otherSide(this.report.own), true)
  }

  /** What has not ended in order by now is cut off. */
  handleClosed(): void {
    this.end(this.report.own, false)
    this.end(otherSide(this.report.own), false)
  }

  get handshaking(): boolean {
    return this.top.handshaking && this.ended.size === 0
  }

  credit(): Credit | undefined {
    return this.ended.has(this.report.own) ? undefined : this.top.credit()
  }

  private end(side: Side, orderly: boolean): void {
    if (this.ended.has(side)) return
    this.ended.add(side)
    this.top.handleEnd(side, orderly)
  }
}
