/** DNS over TCP (RFC 1035 4.2.2, RFC 7766). */
import { DnsStreamReader } from '../../protocol/wire/dns/stream.ts'
import type { Side } from '../../protocol/wire/side.ts'
import { tellDns } from './dns-text.ts'
import type { Layer } from './layer.ts'
import type { Report } from './report.ts'

export class DnsLayer implements Layer {
  private readonly report: Report
  private readonly reader: DnsStreamReader

  constructor(report: Report) {
    this.report = report
    this.reader = new DnsStreamReader((message) =>
      tellDns(report, message, { from: report.own, over: 'tcp' }),
    )
  }

  readonly handshaking = false

  /** Each message speaks for itself: those of the other side are its own onlooker's. */
  handleBytes(from: Side, bytes: Uint8Array): void {
    if (from === this.report.own) this.reader.push(bytes)
  }

  handleEnd(): void {}

  credit(): undefined {}
}
