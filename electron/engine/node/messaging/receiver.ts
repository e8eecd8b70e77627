/** The program `message-receiver`: takes messages out of streams or datagrams, and says of each what it got. */
import type { MessageReceiverApp } from '../../../../shared/messaging.ts'
import type { Trace } from '../../../../shared/trace/sink.ts'
import { flowName, formatEndpoint, type Endpoint } from '../../../protocol/wire/address.ts'
import { framerOf } from '../../../protocol/wire/framing/framing.ts'
import { Digest } from '../../apps/payload.ts'
import type { LabSocket } from '../../sockets.ts'
import type { LabUdpSocket } from '../../udp-sockets.ts'
import { failureOf } from '../http/transport.ts'
import type { Program, Surroundings } from '../program.ts'
import { Boundaries, type Wrong } from './boundaries.ts'
import { channelOf, longestOf } from './line.ts'
import { readMessage } from './message.ts'
import { Tally } from './tally.ts'

export class MessageReceiver implements Program {
  /** It waits for senders, so it is never what a run waits for. */
  readonly done = true
  private readonly setup: MessageReceiverApp
  private readonly lab: Surroundings
  private readonly channel: string
  private readonly tally = new Tally()
  private readonly sockets = new Set<LabSocket>()
  private port: LabUdpSocket | undefined
  private stopped = false

  constructor(setup: MessageReceiverApp, lab: Surroundings) {
    this.setup = setup
    this.lab = lab
    this.channel = channelOf(setup.host, setup.port)
  }

  start(): void {
    this.lab.trace.emit('app:started', { what: this.setup.kind, bytes: 0 })
    if (this.setup.over === 'tcp') this.lab.sockets.listen(this.setup.port, (socket) => this.accept(socket))
    else this.port = this.lab.udp.bind(this.setup.port, { onDatagram: (...told) => this.receive(...told) })
  }

  stop(): void {
    this.stopped = true
    this.port?.close()
    for (const socket of this.sockets) socket.destroy()
  }

  /** A datagram begins and ends where the sender's did, so all that is to be asked is whether it is unharmed. */
  private receive(payload: Uint8Array, { address, port }: Endpoint): void {
    const { host, port: own } = this.setup
    const flow = flowName(this.lab.addressOf(host), own, address, port)
    this.take(payload, '', this.lab.trace.scope({ flow }))
  }

  private accept(socket: LabSocket): void {
    const { flow, remote } = socket.connection
    const trace = this.lab.trace.scope({ flow })
    const digest = new Digest()
    let error = ''
    this.sockets.add(socket)
    trace.emit('app:connected', { peer: formatEndpoint(remote.address, remote.port) })
    this.read(socket, trace, digest)
    socket.on('error', (failure) => (error ||= failureOf(failure).code))
    socket.once('close', () => {
      this.sockets.delete(socket)
      if (!this.stopped) trace.emit('app:finished', { bytes: digest.bytes, sha256: digest.finish(), error })
    })
  }

  private read(socket: LabSocket, trace: Trace, digest: Digest): void {
    const { channel, setup } = this
    const longest = longestOf(setup)
    const reader = framerOf(setup.framing, longest).reader()
    const boundaries = setup.framing === 'none' ? new Boundaries(longest) : undefined
    socket.on('data', (bytes: Buffer) => {
      trace.emit('app:stream_read', { channel, offset: digest.bytes, length: bytes.length })
      digest.update(bytes)
      for (const frame of reader.push(bytes)) {
        if (frame.ok) {
          this.take(frame.value.message, boundaries?.judge(frame.value.message) ?? '', trace)
          continue
        }
        this.tell(trace, 0, { wrong: 'damaged' })
        // Nobody knows any more where a message begins.
        socket.destroy(new BadFrame(frame.error.reason))
      }
    })
  }

  /** Something that is taken for a message. */
  private take(bytes: Uint8Array, wrong: Wrong, trace: Trace): void {
    const message = readMessage(bytes)
    if (message === undefined) return this.tell(trace, bytes.length, { wrong: wrong || 'damaged' })
    const delay = Math.max(0, this.lab.now() - message.sentAt)
    this.tell(trace, bytes.length, { message: message.number, ...this.tally.count(message.number), delay })
  }

  private tell(trace: Trace, size: number, what: Partial<typeof NOTHING>): void {
    trace.emit('app:message_received', { ...NOTHING, ...what, channel: this.channel, size })
  }
}

/** What is said of something that is no message. */
const NOTHING = { message: 0, copy: 0, late: false, delay: -1, wrong: '' }

class BadFrame extends Error {
  readonly code = 'BAD_FRAME'
}
