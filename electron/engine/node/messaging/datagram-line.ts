/** Messages as datagrams of UDP, one in each: nothing to frame, nobody who sends again. */
import type { MessageSenderApp } from '../../../../shared/messaging.ts'
import type { Trace } from '../../../../shared/trace/sink.ts'
import { flowName, type Endpoint } from '../../../protocol/wire/address.ts'
import { Digest } from '../../apps/payload.ts'
import type { LabUdpSocket } from '../../udp-sockets.ts'
import type { Surroundings } from '../program.ts'
import type { Line, LineEnded } from './line.ts'

export class DatagramLine implements Line {
  readonly trace: Trace
  private readonly remote: Endpoint
  private readonly socket: LabUdpSocket | undefined
  private readonly ended: LineEnded
  private readonly digest = new Digest()
  private error = ''

  constructor({ host, to, port }: MessageSenderApp, lab: Surroundings, ended: LineEnded) {
    this.ended = ended
    this.remote = { address: lab.addressOf(to), port }
    this.socket = lab.udp.bind(0, {
      onDatagram: () => undefined,
      onUnreachable: () => (this.error ||= 'ECONNREFUSED'),
    })
    const own = { address: lab.addressOf(host), port: this.socket?.port ?? 0 }
    this.trace = lab.trace.scope({ flow: flowName(own.address, own.port, this.remote.address, port) })
    if (this.socket === undefined) this.error = 'EADDRINUSE'
  }

  send(_number: number, message: Uint8Array): void {
    const outcome = this.socket?.send(this.remote, message)
    if (outcome === 'sent') this.digest.update(message)
    // As a system says it of a datagram that it does not take.
    else if (outcome === 'too_long') this.error ||= 'EMSGSIZE'
  }

  end(): void {
    this.socket?.close()
    this.ended(this.digest.bytes, this.digest.finish(), this.error)
  }

  stop(): void {
    this.socket?.close()
  }
}
