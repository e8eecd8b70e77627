/**
 * A router between Ethernets: RFC 1812 5 (forwarding) and 4.3 (ICMP). IPv4 options pass untouched; there is no routing protocol,
 * no redirect and no multicast.
 */
import type { Trace } from '../../../shared/trace/sink.ts'
import { hexOfBytes } from '../../../shared/hex.ts'
import { micros, type Micros } from '../../../shared/units.ts'
import { EthernetInterface, type InterfaceOptions } from '../ethernet/interface.ts'
import type { Datagram, Env, SansIo } from '../sansio.ts'
import { formatAddress, isSingleHost, LIMITED_BROADCAST, type Ipv4Address } from '../wire/address.ts'
import { read32 } from '../wire/bytes.ts'
import { ETHERNET_HEADER } from '../wire/ethernet.ts'
import { fragmentIpv4 } from '../wire/fragment.ts'
import {
  decodeIcmp,
  FRAGMENTATION_NEEDED,
  HOST_UNREACHABLE,
  icmpCode,
  icmpType,
  NETWORK_UNREACHABLE,
  PORT_UNREACHABLE,
  PROTOCOL_UNREACHABLE,
  quoteOf,
  REASSEMBLY_TIME_EXCEEDED,
  TTL_EXCEEDED,
  type IcmpMessage,
} from '../wire/icmp.ts'
import {
  decodeIpv4,
  decrementTtl,
  IPV4_MIN_HEADER,
  isFragment,
  PROTOCOL_ICMP,
  PROTOCOL_UDP,
  type Ipv4Packet,
} from '../wire/ipv4.ts'
import { formatPrefix, isBroadcastOf } from '../wire/prefix.ts'
import { Reassembler, REASSEMBLY_DEFAULTS } from '../wire/reassembly.ts'
import { mayBeTold } from './icmp.ts'
import { ErrorBudget, icmpPacket } from './router-icmp.ts'
import { RouteTable, type Route } from './routes.ts'

export interface RouterInterface extends InterfaceOptions {
  /** The longest IP packet that its network carries, in bytes. */
  readonly mtu: number
}

export interface RouterOptions {
  /** The node's name in the trace. */
  readonly name: string
  /** In the order of their indices. */
  readonly interfaces: readonly RouterInterface[]
  /** Beyond its own networks, which it knows by itself. */
  readonly routes: readonly Route[]
}

/** A packet in a router's hands. */
interface Passing {
  readonly id: number
  /** As it came in, and the IPv4 packet in it. */
  readonly frame: Uint8Array
  readonly packet: Uint8Array
  readonly header: Ipv4Packet
  readonly from: EthernetInterface
}

type DiscardReason =
  'ttl_expired' | 'no_route' | 'too_long' | 'malformed' | 'bad_address' | 'no_neighbour' | 'queue_full'

/** Of what follows the IP header, so much is told: ports, and of ICMP type and code. */
const BEYOND_IP = 8

export class Router implements SansIo<never> {
  private readonly trace: Trace
  private readonly nextPacketId: () => number
  private readonly ports: readonly EthernetInterface[]
  private readonly mtus: number[]
  private readonly table = new RouteTable()
  private readonly reassembler = new Reassembler(REASSEMBLY_DEFAULTS)
  private readonly budget = new ErrorBudget()
  private identification: number

  constructor(env: Env, { name, interfaces, routes }: RouterOptions) {
    this.trace = env.trace.scope({ node: name })
    this.nextPacketId = () => env.nextPacketId()
    const own = { trace: this.trace, nextPacketId: this.nextPacketId }
    this.ports = interfaces.map((options) => new EthernetInterface(own, options))
    this.mtus = interfaces.map(({ mtu }) => mtu)
    this.identification = env.rng.fork(`router:${name}`).int(0x1_0000)
    this.setRoutes(routes)
  }

  /** Its whole table, longest prefixes first. */
  get routes(): Route[] {
    return this.table.list()
  }

  /** Replaces all routes but those to its own networks. */
  setRoutes(routes: readonly Route[]): void {
    for (const { prefix } of this.table.list()) this.table.remove(prefix)
    for (const route of routes) this.table.add(route)
    for (const { network, index } of this.ports)
      this.table.add({ prefix: network, interface: index, via: undefined })
  }

  setMtu(index: number, mtu: number): void {
    this.mtus[index] = mtu
  }

  // --- SansIo ---------------------------------------------------------------------------------------------

  handleDatagram(now: Micros, { id, bytes: frame, port }: Datagram): void {
    const from = this.ports[port]
    const packet = from?.handleFrame(now, frame)
    if (packet === undefined) return
    const read = decodeIpv4(packet)
    // RFC 1812 5.2.2: a packet with a bad header is discarded without a word, since its source may be wrong, too.
    if (!read.ok) return this.discard(id, packet, 'malformed')
    const passing = { id, frame, packet, header: read.value, from }
    if (this.isOwn(read.value.destination)) this.take(now, passing)
    else this.forward(now, passing)
  }

  handleTimeout(now: Micros): void {
    for (const port of this.ports) port.handleTimeout(now)
    this.reassembler.handleTimeout(now)
    this.reportAbandoned(now)
  }

  pollTransmit(): Datagram | undefined {
    for (const port of this.ports) {
      const frame = port.pollTransmit()
      if (frame !== undefined) return frame
    }
    return undefined
  }

  pollTimeout(): Micros | undefined {
    let next = this.reassembler.pollTimeout() ?? Infinity
    for (const port of this.ports) next = Math.min(next, port.pollTimeout() ?? Infinity)
    return next === Infinity ? undefined : micros(next)
  }

  pollEvent(): undefined {
    return undefined
  }

  // --- what goes on (RFC 1812 5.2.1.2) --------------------------------------------------------------------

  private forward(now: Micros, passing: Passing): void {
    const { id, packet, header } = passing
    if (!this.isForwardable(header)) return this.discard(id, packet, 'bad_address')
    const route = this.table.lookup(header.destination)
    if (route === undefined) {
      this.discard(id, packet, 'no_route')
      return this.complainUnreachable(now, passing, NETWORK_UNREACHABLE)
    }
    if (header.ttl <= 1) {
      this.discard(id, packet, 'ttl_expired')
      return this.complain(now, passing, {
        kind: 'time_exceeded',
        code: TTL_EXCEEDED,
        quoted: quoteOf(header, packet),
      })
    }
    const forwarded = packet.slice()
    decrementTtl(forwarded)
    if (forwarded.length <= this.mtus[route.interface]) this.pass(now, passing, route, id, forwarded)
    else this.cut(now, passing, route, forwarded)
  }

  /** RFC 1812 5.3.7: nobody sends from an address that is not one host's; 5.3.5 and RFC 2644: nor on to many. */
  private isForwardable({ source, destination }: Ipv4Packet): boolean {
    if (!isSingleHost(source) || this.isOwn(source) || !isSingleHost(destination)) return false
    return !this.ports.some(({ network }) => isBroadcastOf(destination, network))
  }

  /** RFC 1812 4.2.2.7 and 4.3.3.3: in fragments, or, where Don't Fragment forbids that, not at all. */
  private cut(now: Micros, passing: Passing, route: Route, forwarded: Uint8Array): void {
    const mtu = this.mtus[route.interface]
    const cut = fragmentIpv4(forwarded, mtu)
    if (!cut.ok) {
      const isForbidden = cut.error.reason === 'fragmentation_needed'
      this.discard(passing.id, passing.packet, isForbidden ? 'too_long' : 'malformed')
      if (isForbidden) this.complainUnreachable(now, passing, FRAGMENTATION_NEEDED, mtu)
      return
    }
    const pieces = cut.value.map((bytes) => ({ id: this.nextPacketId(), bytes }))
    const fields = { out_interface: route.interface, mtu, first: pieces[0].id, count: pieces.length }
    this.trace.emit('ip:packet_fragmented', fields, passing.id)
    for (const { id, bytes } of pieces) this.pass(now, passing, route, id, bytes)
  }

  /** Hands a packet, or a piece of it, to the next hop. */
  private pass(now: Micros, passing: Passing, route: Route, id: number, packet: Uint8Array): void {
    const { frame, header, from } = passing
    const nextHop = route.via ?? header.destination
    const told = header.headerLength + BEYOND_IP
    this.ports[route.interface].send(now, nextHop, {
      id,
      packet,
      onFrame: (after) =>
        this.trace.emit(
          'ip:packet_forwarded',
          {
            in_interface: from.index,
            out_interface: route.interface,
            prefix: formatPrefix(route.prefix),
            next_hop: formatAddress(nextHop),
            ttl: header.ttl - 1,
            before: hexOfBytes(frame.subarray(0, ETHERNET_HEADER + Math.min(told, passing.packet.length))),
            after: hexOfBytes(after.subarray(0, ETHERNET_HEADER + Math.min(told, packet.length))),
            size: packet.length,
          },
          id,
        ),
      onLost: (reason, lostAt) => {
        this.discard(id, packet, reason)
        // RFC 1812 4.3.3.1, 5.2.7.1: a host of our own network that is not there, or no way to another network.
        const code = route.via === undefined ? HOST_UNREACHABLE : NETWORK_UNREACHABLE
        if (reason === 'no_neighbour') this.complainUnreachable(lostAt, passing, code)
      },
    })
  }

  // --- what is for the router itself ----------------------------------------------------------------------

  private take(now: Micros, passing: Passing): void {
    const { header, packet } = passing
    if (!isSingleHost(header.source) || this.isOwn(header.source))
      return this.discard(passing.id, packet, 'bad_address')
    if (!isFragment(header)) return this.handleOwn(now, passing)
    const step = this.reassembler.handleFragment(now, header, packet)
    this.reportAbandoned(now)
    if (step.kind !== 'complete') return
    const whole = decodeIpv4(step.bytes)
    if (whole.ok) this.handleOwn(now, { ...passing, packet: step.bytes, header: whole.value })
  }

  /** Tells of datagrams that it gave up; their sender, if time ran out and the first fragment is there to quote (RFC 1122 3.3.2). */
  private reportAbandoned(now: Micros): void {
    for (;;) {
      const abandoned = this.reassembler.pollAbandoned()
      if (abandoned === undefined) return
      const { identification, reason, first } = abandoned
      this.trace.emit('ip:reassembly_abandoned', { identification, reason })
      const read = reason === 'timeout' && first !== undefined ? decodeIpv4(first) : undefined
      if (!read?.ok) continue
      const message = { kind: 'time_exceeded', code: REASSEMBLY_TIME_EXCEEDED } as const
      this.complain(
        now,
        { header: read.value, packet: first! },
        { ...message, quoted: quoteOf(read.value, first!) },
      )
    }
  }

  /** It answers pings (RFC 1812 4.3.3.6) and has no other service. */
  private handleOwn(now: Micros, passing: Passing): void {
    const { header, packet } = passing
    const { protocol, headerLength, totalLength } = header
    if (protocol !== PROTOCOL_ICMP) {
      const code = protocol === PROTOCOL_UDP ? PORT_UNREACHABLE : PROTOCOL_UNREACHABLE
      return this.complainUnreachable(now, passing, code)
    }
    const read = decodeIcmp(packet, headerLength, totalLength - headerLength)
    if (!read.ok) return this.discard(passing.id, packet, 'malformed')
    const message = read.value
    const [type, code] = [icmpType(message), icmpCode(message)]
    this.trace.emit('icmp:message_received', { type, code }, passing.id)
    if (message.kind === 'echo_request' && isSingleHost(header.destination))
      this.say(now, header.source, { ...message, kind: 'echo_reply' }, header.destination)
  }

  // --- what it says itself --------------------------------------------------------------------------------

  private complainUnreachable(now: Micros, passing: Passing, code: number, nextHopMtu = 0): void {
    const quoted = quoteOf(passing.header, passing.packet)
    this.complain(now, passing, { kind: 'destination_unreachable', code, nextHopMtu, quoted })
  }

  private complain(
    now: Micros,
    { header, packet }: Pick<Passing, 'header' | 'packet'>,
    message: IcmpMessage,
  ): void {
    if (mayBeTold(header, packet) && this.budget.take(now)) this.say(now, header.source, message)
  }

  /** Sends a message; from the address of the interface by which it leaves unless told otherwise (RFC 1812 4.3.2.4). */
  private say(now: Micros, to: Ipv4Address, message: IcmpMessage, from?: Ipv4Address): void {
    const route = this.table.lookup(to)
    if (route === undefined) return
    const port = this.ports[route.interface]
    const packet = icmpPacket(from ?? port.address, to, this.identification, message)
    this.identification = (this.identification + 1) & 0xffff
    const cut = fragmentIpv4(packet, this.mtus[route.interface])
    if (!cut.ok) return
    for (const [i, piece] of cut.value.entries()) {
      const id = this.nextPacketId()
      const fields = { type: icmpType(message), code: icmpCode(message), size: packet.length }
      if (i === 0) this.trace.emit('icmp:message_sent', fields, id)
      port.send(now, route.via ?? to, { id, packet: piece })
    }
  }

  private isOwn(address: Ipv4Address): boolean {
    return address === LIMITED_BROADCAST || this.ports.some((port) => port.address === address)
  }

  private discard(id: number, packet: Uint8Array, reason: DiscardReason): void {
    const fields = { reason, size: packet.length, ttl: packet[8] ?? 0, destination: destinationOf(packet) }
    this.trace.emit('ip:packet_discarded', fields, id)
  }
}

/** For the trace; empty when there is no whole header. */
const destinationOf = (packet: Uint8Array): string =>
  packet.length < IPV4_MIN_HEADER ? '' : formatAddress(read32(packet, 16))
