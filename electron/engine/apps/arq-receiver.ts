/** Receives over UDP what `arq-sender` sends, from one sender or several. */
import type { ArqReceiverApp } from '../../../shared/arq.ts'
import type { Trace } from '../../../shared/trace/sink.ts'
import type { Micros } from '../../../shared/units.ts'
import { createArqReceiver } from '../../protocol/arq/create.ts'
import type { ArqReceiver as Receiver } from '../../protocol/arq/receiver.ts'
import type { HostEvent } from '../../protocol/ip/events.ts'
import { flowName, formatEndpoint, type Endpoint } from '../../protocol/wire/address.ts'
import type { App, Station } from '../station.ts'
import { Digest } from './payload.ts'

/** So many senders at most, each with a window of packets to keep for it. */
const MOST_SENDERS = 64

/** What comes from one sender. */
interface Reception {
  readonly receiver: Receiver
  readonly remote: Endpoint
  readonly trace: Trace
  readonly digest: Digest
  told: boolean
}

export class ArqReceiver implements App {
  /** It waits for senders, so it is never what a run waits for. */
  readonly done = true
  private readonly setup: ArqReceiverApp
  private readonly station: Station
  private readonly trace: Trace
  private readonly receptions = new Map<string, Reception>()

  constructor(setup: ArqReceiverApp, station: Station, trace: Trace) {
    this.setup = setup
    this.station = station
    this.trace = trace
    trace.emit('app:started', { what: setup.kind, bytes: 0 })
    // At once, so that it is there before the first datagram.
    if (station.host.bindUdp(setup.port) === undefined)
      trace.emit('app:finished', { bytes: 0, sha256: '', error: 'port_not_open' })
  }

  handleEvent(now: Micros, event: HostEvent): void {
    if (event.type !== 'datagram' || event.localPort !== this.setup.port) return
    const reception = this.receptionOf(event.source)
    if (reception === undefined) return
    reception.receiver.handleDatagram(event.payload)
    this.transmit(now, reception)
  }

  handleTimeout(): void {
    // It has no timers.
  }

  pollTimeout(): undefined {
    return undefined
  }

  /** Undefined: there is no room for another sender. */
  private receptionOf(remote: Endpoint): Reception | undefined {
    const flow = flowName(this.station.host.address, this.setup.port, remote.address, remote.port)
    const known = this.receptions.get(flow)
    if (known !== undefined) return known
    const trace = this.trace.scope({ flow })
    if (this.receptions.size === MOST_SENDERS) {
      trace.emit('arq:packet_rejected', { reason: 'too_many_senders', offset: 0 })
      return undefined
    }
    const digest = new Digest()
    const deliver = (payload: Uint8Array): void => digest.update(payload)
    const receiver = createArqReceiver(this.setup.scheme, { window: this.setup.window, deliver, trace })
    const reception = { receiver, remote, trace, digest, told: false }
    this.receptions.set(flow, reception)
    trace.emit('app:connected', { peer: formatEndpoint(remote.address, remote.port) })
    return reception
  }

  private transmit(now: Micros, reception: Reception): void {
    const { receiver, remote, trace, digest } = reception
    for (let out = receiver.pollTransmit(); out !== undefined; out = receiver.pollTransmit()) {
      const { bytes, told } = out
      const tell = (pkt: number): void => trace.emit('arq:packet_sent', told, pkt)
      const send = { fromPort: this.setup.port, to: remote, payload: bytes, onSent: tell, onRefused: tell }
      this.station.host.sendUdp(now, send)
    }
    if (!receiver.finished || reception.told) return
    reception.told = true
    trace.emit('app:finished', { bytes: digest.bytes, sha256: digest.finish(), error: '' })
  }
}
