/** The WebSockets of a feed's server, by `ws` (RFC 6455). */
import type { IncomingMessage } from 'node:http'
import type { Duplex } from 'node:stream'
import { WebSocketServer, type WebSocket } from 'ws'
import type { Surroundings } from '../program.ts'
import type { FeedLog } from './feed-log.ts'
import { guardClosing, tellStates, WS_OPTIONS } from './web-socket.ts'

/** A request to change to WebSocket, and the connection that it came on. */
export interface Upgrade {
  readonly incoming: IncomingMessage
  readonly stream: Duplex
  /** What came after the request already. */
  readonly head: Buffer
  readonly flow: string
  /** The number of the last message that the client has. */
  readonly after: number
}

export class SocketServer {
  private readonly log: FeedLog
  private readonly lab: Surroundings
  private readonly server = new WebSocketServer({ ...WS_OPTIONS, noServer: true, clientTracking: false })
  private readonly open = new Set<WebSocket>()
  private stopped = false

  constructor(log: FeedLog, lab: Surroundings) {
    this.log = log
    this.lab = lab
  }

  /** Answers the handshake (RFC 6455 4.2.2), or refuses it; then sends what there is and what comes up. */
  accept({ incoming, stream, head, flow, after }: Upgrade): void {
    this.server.handleUpgrade(incoming, stream, head, (socket) => {
      this.open.add(socket)
      tellStates(socket, () => (this.stopped ? undefined : this.lab.trace.scope({ flow })))
      guardClosing(socket, this.lab)
      const cancel = this.log.listen(({ text }) => socket.send(text))
      socket.once('close', () => {
        cancel()
        this.open.delete(socket)
      })
      for (const { text } of this.log.after(after)) socket.send(text)
    })
  }

  stop(): void {
    this.stopped = true
    for (const socket of this.open) socket.terminate()
    this.server.close()
  }
}
