/** All onlookers of a run, and the key log that they share. */
import type { Trace } from '../../../shared/trace/sink.ts'
import type { TapFactory } from '../../protocol/tcp/tap.ts'
import { KeyLog } from '../../protocol/wire/tls/key-log.ts'
import { nodeCrypto } from '../node-crypto.ts'
import { ConnectionEnd } from './connection-end.ts'
import { Report } from './report.ts'

export class Onlookers {
  private readonly keyLog = new KeyLog()

  /**
   * Takes in a line of a key log, as TLS endpoints give them (RFC 9850). It has to come before the first record that the
   * secret protects is sent; Node's endpoints tell in time. A line that is none is ignored.
   */
  addSecret(line: string): void {
    this.keyLog.addLine(line)
  }

  /** Puts an onlooker on each connection of the host whose events go to `trace`. */
  tapOf(trace: Trace): TapFactory {
    return (connection, active) => {
      const { flow } = connection
      const report = new Report(active ? 'client' : 'server', () => trace.scope({ flow }))
      return new ConnectionEnd(report, nodeCrypto, this.keyLog)
    }
  }
}
