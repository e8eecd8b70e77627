/**
 * A host on an Ethernet: the IP host and the interface by which it is attached. Where a packet goes first is decided here (RFC 1122
 * 3.3.1): to its destination if that is on the same network, else to the default gateway.
 */
import type { Trace } from '../../../shared/trace/sink.ts'
import type { Micros } from '../../../shared/units.ts'
import type { EthernetInterface } from '../ethernet/interface.ts'
import type { Datagram, SansIo } from '../sansio.ts'
import { LIMITED_BROADCAST, type Ipv4Address } from '../wire/address.ts'
import { read32 } from '../wire/bytes.ts'
import { isWithin } from '../wire/prefix.ts'
import type { HostEvent } from './events.ts'
import type { Host } from './host.ts'

/** What a host is to its owner, however it is attached. */
export interface AttachedHost extends SansIo<HostEvent> {
  /** The interface has another address from now on. */
  move(address: Ipv4Address): void
  /** It goes off and forgets everything. */
  powerOff(now: Micros): void
  /** It is there again, and knows of nothing that was. */
  powerOn(now: Micros): void
}

/** Where the destination of an IPv4 header stands. */
const DESTINATION = 16

export class EthernetHost implements AttachedHost {
  private readonly host: Host
  private readonly port: EthernetInterface
  private readonly gateway: Ipv4Address | undefined
  private readonly trace: Trace
  private isOn = true

  /** The trace is that of the host's node; without a gateway it reaches its own network only. */
  constructor(host: Host, port: EthernetInterface, gateway: Ipv4Address | undefined, trace: Trace) {
    this.host = host
    this.port = port
    this.gateway = gateway
    this.trace = trace
  }

  move(address: Ipv4Address): void {
    this.port.address = address
    this.host.move(address)
  }

  powerOff(now: Micros): void {
    this.isOn = false
    this.port.clear()
    this.host.powerOff(now)
  }

  powerOn(now: Micros): void {
    this.isOn = true
    this.host.powerOn(now)
  }

  handleDatagram(now: Micros, { id, bytes: frame }: Datagram): void {
    if (!this.isOn) {
      return this.trace.emit('ethernet:frame_rejected', {
        reason: 'power_off',
        offset: 0,
        size: frame.length,
      })
    }
    const packet = this.port.handleFrame(now, frame)
    if (packet !== undefined) this.host.handleDatagram(now, { id, bytes: packet, port: 0 })
  }

  handleTimeout(now: Micros): void {
    this.port.handleTimeout(now)
    this.host.handleTimeout(now)
  }

  pollTransmit(now: Micros): Datagram | undefined {
    for (;;) {
      const frame = this.port.pollTransmit()
      if (frame !== undefined) return frame
      const datagram = this.host.pollTransmit(now)
      if (datagram === undefined) return undefined
      this.send(now, datagram)
    }
  }

  pollTimeout(): Micros | undefined {
    const host = this.host.pollTimeout()
    const port = this.port.pollTimeout()
    if (host === undefined || port === undefined) return host ?? port
    return host < port ? host : port
  }

  pollEvent(): HostEvent | undefined {
    return this.host.pollEvent()
  }

  private send(now: Micros, { id, bytes: packet }: Datagram): void {
    const destination = read32(packet, DESTINATION)
    const isNear = destination === LIMITED_BROADCAST || isWithin(destination, this.port.network)
    const nextHop = isNear ? destination : this.gateway
    if (nextHop !== undefined) return this.port.send(now, nextHop, { id, packet })
    const reason = { layer: 'ipv4', reason: 'no_route', offset: DESTINATION, size: packet.length }
    this.trace.emit('ip:packet_rejected', reason, id)
  }
}
