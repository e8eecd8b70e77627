/** All onlookers of a run, and the key log that they share. */
import type { Trace } from '../../../shared/trace/sink.ts'
import type { QuicConnection } from '../../protocol/quic/connection.ts'
import type { Host } from '../../protocol/ip/host.ts'
import type { TapFactory } from '../../protocol/tcp/tap.ts'
import { KeyLog } from '../../protocol/wire/tls/key-log.ts'
import { nodeCrypto } from '../node-crypto.ts'
import { ConnectionEnd } from './connection-end.ts'
import type { Protocol } from './look.ts'
import { OverheardTap, type Overhear } from './overheard.ts'
import { QuicEnd } from './quic-end.ts'
import { Report } from './report.ts'
import { watchDns } from './udp-onlooker.ts'

export class Onlookers {
  private readonly keyLog = new KeyLog()
  /** What is spoken at ports of servers where the first bytes do not tell. */
  private readonly expected = new Map<number, Protocol>([
    [53, 'dns'],
    [1883, 'mqtt'],
    [8883, 'mqtt'],
  ])
  /** Who records what crosses a host, by its node. */
  private readonly recordings = new Map<string, Overhear[]>()

  /**
   * Takes in a line of a key log, as TLS endpoints give them (RFC 9850). It has to come before the first record that the
   * secret protects is sent; Node's endpoints tell in time. A line that is none is ignored.
   */
  addSecret(line: string): void {
    this.keyLog.addLine(line)
  }

  /** A server of this protocol is at this port of some host. */
  expect(port: number, protocol: 'dns' | 'mqtt'): void {
    this.expected.set(port, protocol)
  }

  /** Tells `trace` of the DNS messages that leave a host over UDP. */
  watchUdp(host: Host, trace: Trace): void {
    watchDns(host, trace, (port) => this.expected.get(port) === 'dns')
  }

  /** Tells `hear` what crosses the connections that a host has from now on. */
  overhear(node: string, hear: Overhear): void {
    this.recordings.set(node, [...(this.recordings.get(node) ?? []), hear])
  }

  /** Puts an onlooker on each connection of the host `node`, whose events go to `trace`. */
  tapOf(node: string, trace: Trace): TapFactory {
    return (connection, active) => {
      const { flow, local, remote } = connection
      const own = active ? 'client' : 'server'
      const expected = this.expected.get((active ? remote : local).port)
      const report = new Report(own, () => trace.scope({ flow }))
      const onlooker = new ConnectionEnd(report, nodeCrypto, this.keyLog, expected)
      const recordings = this.recordings.get(node)
      if (recordings === undefined) return onlooker
      return new OverheardTap(onlooker, own, (from, bytes) => {
        for (const hear of recordings) hear(flow, from, bytes)
      })
    }
  }

  /** The onlooker of a QUIC connection, whose events go to `trace`. */
  onlookerOf(connection: QuicConnection, flow: string, trace: Trace): QuicEnd {
    const report = new Report(connection.isServer ? 'server' : 'client', () => trace.scope({ flow }))
    return new QuicEnd(report, nodeCrypto, () => connection.version.label)
  }
}
