/** Sends bytes made from the seed over UDP, reliably, by one of three protocols (`electron/protocol/arq`). */
import type { ArqSenderApp } from '../../../shared/arq.ts'
import type { Trace } from '../../../shared/trace/sink.ts'
import type { Micros } from '../../../shared/units.ts'
import { createArqSender } from '../../protocol/arq/create.ts'
import type { ArqSender as Sender } from '../../protocol/arq/sender.ts'
import type { HostEvent } from '../../protocol/ip/events.ts'
import type { Rng } from '../../protocol/random.ts'
import { flowName, formatEndpoint, type Ipv4Address } from '../../protocol/wire/address.ts'
import { PROTOCOL_UDP } from '../../protocol/wire/ipv4.ts'
import type { App, Station } from '../station.ts'
import { Digest, PIECE, type Payload } from './payload.ts'

export interface ArqSenderOptions {
  readonly station: Station
  readonly to: Ipv4Address
  readonly payload: Payload
  readonly rng: Rng
  readonly trace: Trace
}

export class ArqSender implements App {
  done = false
  private readonly setup: ArqSenderApp
  private readonly options: ArqSenderOptions
  private readonly digest = new Digest()
  private trace: Trace
  private sender: Sender | undefined
  private port = 0
  private piece: Uint8Array = new Uint8Array(0)
  private pieces = 0

  constructor(setup: ArqSenderApp, options: ArqSenderOptions) {
    this.setup = setup
    this.options = options
    this.trace = options.trace
  }

  pollTimeout(): Micros | undefined {
    if (this.done) return undefined
    return this.sender === undefined ? (this.setup.start as Micros) : this.sender.pollTimeout()
  }

  handleTimeout(now: Micros): void {
    if (this.done) return
    if (this.sender === undefined) this.begin()
    else this.sender.handleTimeout(now)
    this.transmit(now)
  }

  handleEvent(now: Micros, event: HostEvent): void {
    if (this.sender === undefined || this.done) return
    const { to, station } = this.options
    const { port } = this.setup
    if (event.type === 'datagram') {
      const { localPort, source, payload } = event
      if (localPort !== this.port || source.address !== to || source.port !== port) return
      this.sender.handleDatagram(now, payload)
      this.transmit(now)
    } else if (event.type === 'icmp_error' && event.message.kind === 'destination_unreachable') {
      const { protocol, source, sourcePort, destination, destinationPort } = event.quoted
      const isOurs = protocol === PROTOCOL_UDP && source === station.host.address && sourcePort === this.port
      if (isOurs && destination === to && destinationPort === port) this.finish('unreachable')
    }
  }

  private begin(): void {
    const { setup } = this
    const { station, to, rng } = this.options
    this.trace.emit('app:started', { what: setup.kind, bytes: setup.bytes })
    const port = station.host.bindUdp()
    if (port === undefined) return this.finish('port_not_open')
    this.port = port
    this.trace = this.trace.scope({ flow: flowName(station.host.address, port, to, setup.port) })
    this.trace.emit('app:connected', { peer: formatEndpoint(to, setup.port) })
    this.sender = createArqSender(setup.scheme, {
      ...setup,
      transfer: rng.fork('transfer').uint32(),
      read: (length) => this.read(length),
      trace: this.trace,
    })
  }

  private transmit(now: Micros): void {
    const { sender, port } = this
    if (sender === undefined || this.done) return
    const remote = { address: this.options.to, port: this.setup.port }
    for (let out = sender.pollTransmit(now); out !== undefined; out = sender.pollTransmit(now)) {
      const { bytes, told } = out
      // What the host's own queue has no room for is as good as sent and lost.
      const tell = (pkt: number): void => this.trace.emit('arq:packet_sent', told, pkt)
      const send = { fromPort: port, to: remote, payload: bytes, onSent: tell, onRefused: tell }
      this.options.station.host.sendUdp(now, send)
    }
    if (sender.finished) this.finish('')
    else if (sender.error !== undefined) this.finish(sender.error)
  }

  /** The next bytes of what is sent, `length` at most 65,000. */
  private read(length: number): Uint8Array {
    const bytes = new Uint8Array(length)
    for (let at = 0; at < length;) {
      if (this.piece.length === 0) this.piece = this.options.payload.piece(this.pieces++, PIECE)
      const part = this.piece.subarray(0, length - at)
      this.piece = this.piece.subarray(part.length)
      bytes.set(part, at)
      at += part.length
    }
    this.digest.update(bytes)
    return bytes
  }

  private finish(error: string): void {
    this.done = true
    if (this.port !== 0) this.options.station.host.closeUdp(this.port)
    this.trace.emit('app:finished', { bytes: this.digest.bytes, sha256: this.digest.finish(), error })
  }
}
