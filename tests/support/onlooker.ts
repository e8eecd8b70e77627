/** The onlooker at one end, fed by hand. */
import { nodeCrypto } from '../../electron/engine/node-crypto.ts'
import { ConnectionEnd } from '../../electron/engine/onlooker/connection-end.ts'
import type { Protocol } from '../../electron/engine/onlooker/look.ts'
import { Report } from '../../electron/engine/onlooker/report.ts'
import type { Side } from '../../electron/protocol/wire/side.ts'
import { KeyLog } from '../../electron/protocol/wire/tls/key-log.ts'
import { octets } from './cuts.ts'
import { MemoryTrace } from './tcp-env.ts'

type Bytes = Uint8Array | string

const bytesOf = (bytes: Bytes): Uint8Array => (typeof bytes === 'string' ? octets(bytes) : bytes)

export class Watcher {
  readonly trace = new MemoryTrace()
  readonly end: ConnectionEnd
  private readonly own: Side
  private pkt = 0

  constructor(own: Side, keyLog = '', expected?: Protocol) {
    const log = new KeyLog()
    log.addText(keyLog)
    this.own = own
    this.end = new ConnectionEnd(new Report(own, () => this.trace), nodeCrypto, log, expected)
  }

  /** These bytes pass by, whoever sends them. */
  cross(from: Side, bytes: Bytes): this {
    if (from === this.own) this.end.handleSent(bytesOf(bytes), false, ++this.pkt)
    else this.end.handleReceived(bytesOf(bytes))
    return this
  }

  /** FIN of one side. */
  finish(from: Side): this {
    if (from === this.own) this.end.handleSent(new Uint8Array(0), true, ++this.pkt)
    else this.end.handleReceivedEnd()
    return this
  }

  /** The names of the events so far. */
  get names(): string[] {
    return this.trace.events.map(({ name }) => name)
  }
}

/** Both ends of a connection, the bytes in the order in which they were sent. */
export function watchBoth(
  crossed: readonly { from: Side; bytes: Bytes }[],
  keyLog = '',
): Record<Side, Watcher> {
  const both = { client: new Watcher('client', keyLog), server: new Watcher('server', keyLog) }
  for (const { from, bytes } of crossed) {
    both.client.cross(from, bytes)
    both.server.cross(from, bytes)
  }
  return both
}
