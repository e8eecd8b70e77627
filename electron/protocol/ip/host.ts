/**
 * An IPv4 host with one interface: RFC 1122 3 (IP and ICMP) and 4.1 (UDP); TCP's own rules are in `../tcp/`.
 *
 * What comes in is checked from the outside to the inside; whatever fails is traced and forgotten. What goes
 * out gets its packet number when it is fetched, so that numbers follow the order on the wire.
 */
import type { TcpSettings } from '../../../shared/tcp.ts'
import type { Micros } from '../../../shared/units.ts'
import type { Trace } from '../../../shared/trace/sink.ts'
import type { Datagram, Env, SansIo } from '../sansio.ts'
import type { TcpConnection } from '../tcp/connection.ts'
import type { OutgoingSegment } from '../tcp/events.ts'
import type { TcpListener } from '../tcp/listener.ts'
import { TcpStack } from '../tcp/stack.ts'
import {
  flowName,
  formatAddress,
  isSingleHost,
  LIMITED_BROADCAST,
  type Endpoint,
  type Ipv4Address,
} from '../wire/address.ts'
import {
  decodeIcmp,
  encodeIcmp,
  icmpCode,
  icmpLength,
  icmpType,
  PORT_UNREACHABLE,
  PROTOCOL_UNREACHABLE,
  quoteOf,
  readQuoted,
  REASSEMBLY_TIME_EXCEEDED,
  type IcmpEcho,
  type IcmpMessage,
  type QuotedPacket,
} from '../wire/icmp.ts'
import {
  decodeIpv4,
  IPV4_MAX_PACKET,
  IPV4_MIN_HEADER,
  IPV4_MIN_MTU,
  isFragment,
  PROTOCOL_ICMP,
  PROTOCOL_TCP,
  PROTOCOL_UDP,
  type Ipv4Packet,
} from '../wire/ipv4.ts'
import { Reassembler, REASSEMBLY_DEFAULTS } from '../wire/reassembly.ts'
import type { WireError } from '../wire/result.ts'
import { decodeTcp, encodeTcp, TCP_MIN_HEADER, tcpLength } from '../wire/tcp.ts'
import { decodeUdp, encodeUdp, UDP_HEADER, UDP_MAX_PAYLOAD } from '../wire/udp.ts'
import type { HostEvent } from './events.ts'
import { FlowScopes } from './flow-scopes.ts'
import { mayReportError, Pings, type EchoId } from './icmp.ts'
import { IpOutput } from './output.ts'
import type { HostOptions, PingOptions, SendOutcome, UdpSend } from './requests.ts'
import { fragmentFields, segmentFields } from './trace.ts'
import { UdpPorts } from './udp.ts'

export type { HostOptions, PingOptions, SendOutcome, UdpSend } from './requests.ts'

/** Events of UDP and ICMP that may wait for the owner; beyond it, what arrives is dropped and traced. */
const EVENT_LIMIT = 4096

const NO_PAYLOAD = new Uint8Array(0)

export class Host implements SansIo<HostEvent> {
  readonly name: string
  readonly mtu: number
  readonly tcp: TcpStack
  private readonly tcpDefaults: TcpSettings
  private readonly trace: Trace
  private readonly nextPacketId: () => number
  private readonly output: IpOutput
  private readonly reassembler: Reassembler
  private readonly udp: UdpPorts
  private readonly pings: Pings
  private readonly events: HostEvent[] = []
  private readonly flows: FlowScopes
  private readonly udpListeners: ((send: UdpSend, pkt: number) => void)[] = []
  private own: Ipv4Address
  private isOn = true

  constructor(env: Env, options: HostOptions) {
    const mtu = options.mtu ?? 1500
    if (!(mtu >= IPV4_MIN_MTU && mtu <= IPV4_MAX_PACKET)) throw new RangeError(`MTU of ${mtu} bytes`)
    const rng = env.rng.fork(`host:${options.name}`)
    this.name = options.name
    this.own = options.address
    this.mtu = mtu
    this.tcpDefaults = options.tcp
    this.trace = env.trace.scope({ node: options.name })
    this.nextPacketId = () => env.nextPacketId()
    this.flows = new FlowScopes(this.trace)
    this.tcp = new TcpStack(
      { ...env, nextPacketId: this.nextPacketId, rng, trace: this.trace },
      options.address,
      options.tap,
      options.tcp,
    )
    this.output = new IpOutput(
      options.address,
      mtu,
      options.ttl ?? 64,
      rng.fork('identification').int(0x1_0000),
    )
    this.reassembler = new Reassembler(options.reassembly ?? REASSEMBLY_DEFAULTS)
    this.udp = new UdpPorts(rng.fork('ports'))
    this.pings = new Pings(rng.fork('ping').int(0x1_0000))
  }

  get address(): Ipv4Address {
    return this.own
  }

  // --- what the owner asks for ----------------------------------------------------------------------------

  /**
   * The interface has another address from now on, as after a move to another network; what comes for the old one is `not_for_us`.
   * UDP ports stay open and send from the new one; TCP connections stay with theirs (`TcpStack.move`).
   */
  move(address: Ipv4Address): void {
    const [from, to] = [formatAddress(this.own), formatAddress(address)]
    this.own = address
    this.output.address = address
    this.tcp.move(address)
    this.trace.emit('connectivity:address_changed', { from, to })
  }

  /**
   * The host goes off, in the middle of whatever it does: nothing leaves any more, not even a farewell, nothing is taken in, and
   * connections, listeners, ports and whatever waits are forgotten. Its owner is told of nothing, for its programs are gone, too.
   */
  powerOff(now: Micros): void {
    this.isOn = false
    this.forget(now)
  }

  /** It is there again, and knows of nothing that was: who goes on with a connection of before is answered with a RST. */
  powerOn(now: Micros): void {
    // What was asked of it meanwhile has come to nothing.
    this.forget(now)
    this.isOn = true
  }

  private forget(now: Micros): void {
    this.tcp.forget(now)
    this.output.clear()
    this.udp.closeAll()
    this.pings.clear()
    this.reassembler.clear()
    this.events.length = 0
  }

  /** Waits for connections on `port`. */
  listen(now: Micros, port: number, settings: Partial<TcpSettings> = {}): TcpListener {
    return this.tcp.listen(now, port, this.tcpSettings(settings))
  }

  /** Opens a connection to `remote`. */
  connect(
    now: Micros,
    remote: Endpoint,
    settings: Partial<TcpSettings> = {},
    localPort?: number,
  ): TcpConnection {
    return this.tcp.connect(now, remote, this.tcpSettings(settings), localPort)
  }

  /** Opens a UDP port, with 0 a free one, and returns it; undefined: it is taken, or none is free. */
  bindUdp(port = 0): number | undefined {
    return this.udp.bind(port)
  }

  closeUdp(port: number): void {
    this.udp.close(port)
  }

  /**
   * Tells of every UDP datagram that leaves from now on, and of its packet, the first one if there are several, as someone hears who
   * is on the same network.
   */
  overhearUdp(hear: (send: UdpSend, pkt: number) => void): void {
    this.udpListeners.push(hear)
  }

  /** Sends a UDP datagram from an open port, in fragments if it must be and may. */
  sendUdp(_now: Micros, send: UdpSend): SendOutcome {
    const { fromPort, to, payload } = send
    if (!send.unbound && !this.udp.isOpen(fromPort)) return 'port_not_open'
    if (payload.length > UDP_MAX_PAYLOAD) return 'too_long'
    const payloadLength = UDP_HEADER + payload.length
    const dontFragment = send.dontFragment ?? false
    const { ttl, ecn } = send
    if (dontFragment && IPV4_MIN_HEADER + payloadLength > this.mtu) return this.refuse(send, 'exceeds_mtu')
    if (this.output.isFull) return this.refuse(send, 'queue_full')
    const spec = { protocol: PROTOCOL_UDP, destination: to.address, payloadLength, dontFragment, ttl, ecn }
    const bytes = this.output.start(spec)
    const datagram = { sourcePort: fromPort, destinationPort: to.port, payload }
    encodeUdp(datagram, bytes, IPV4_MIN_HEADER, this.address, to.address)
    const trace = this.flows.of(flowName(this.address, fromPort, to.address, to.port))
    this.pushCut(bytes, trace, (pkt) => {
      trace.emit('udp:datagram_sent', { payload: payload.length, size: bytes.length }, pkt)
      for (const hear of this.udpListeners) hear(send, pkt)
      send.onSent?.(pkt)
    })
    return 'sent'
  }

  /** Sends a segment of no connection of this host, from an address that need not be its own, as a program with raw access can. */
  sendForged(source: Ipv4Address, out: OutgoingSegment): SendOutcome {
    if (this.output.isFull) return 'queue_full'
    const { destination, segment } = out
    const protocol = PROTOCOL_TCP
    const spec = { protocol, source, destination, payloadLength: tcpLength(segment), dontFragment: true }
    const bytes = this.output.start(spec)
    encodeTcp(segment, bytes, IPV4_MIN_HEADER, source, destination)
    const trace = this.flows.of(out.flow)
    const fields = segmentFields(out, bytes.length)
    const isSent = this.pushCut(bytes, trace, (pkt) => trace.emit('tcp:segment_sent', fields, pkt))
    return isSent ? 'sent' : 'exceeds_mtu'
  }

  /** Sends an echo request. Its answer is an event with the identifier and sequence number that are returned. */
  ping(now: Micros, to: Ipv4Address, options: PingOptions = {}): EchoId | Exclude<SendOutcome, 'sent'> {
    const payload = options.payload ?? NO_PAYLOAD
    if (payload.length > UDP_MAX_PAYLOAD) return 'too_long'
    const size = IPV4_MIN_HEADER + UDP_HEADER + payload.length
    if (options.dontFragment && size > this.mtu) return 'exceeds_mtu'
    if (this.output.isFull) return 'queue_full'
    const id = this.pings.start(now, to)
    this.sendIcmp(to, { kind: 'echo_request', ...id, payload }, options)
    return id
  }

  // --- SansIo ---------------------------------------------------------------------------------------------

  handleDatagram(now: Micros, datagram: Datagram): void {
    const { bytes } = datagram
    if (!this.isOn) return this.reject({ layer: 'ipv4', reason: 'power_off', offset: 0 }, bytes)
    const read = decodeIpv4(bytes)
    if (!read.ok) return this.reject(read.error, bytes)
    const packet = read.value
    const reason = this.refusal(packet)
    if (reason !== undefined) return this.reject({ layer: 'ipv4', ...reason }, bytes)
    if (isFragment(packet)) this.handleFragment(now, packet, bytes)
    else this.handlePacket(now, packet, bytes)
  }

  handleTimeout(now: Micros): void {
    this.tcp.handleTimeout(now)
    this.reassembler.handleTimeout(now)
    this.reportAbandoned()
  }

  pollTransmit(now: Micros): Datagram | undefined {
    if (!this.isOn) return undefined
    for (;;) {
      const waiting = this.output.shift(this.nextPacketId)
      if (waiting !== undefined) return waiting
      const segment = this.tcp.pollTransmit(now)
      if (segment === undefined) return undefined
      const datagram = this.sendSegment(segment)
      if (datagram !== undefined) return datagram
    }
  }

  pollTimeout(): Micros | undefined {
    if (!this.isOn) return undefined
    const tcp = this.tcp.pollTimeout()
    const reassembly = this.reassembler.pollTimeout()
    if (tcp === undefined || reassembly === undefined) return tcp ?? reassembly
    return tcp < reassembly ? tcp : reassembly
  }

  pollEvent(): HostEvent | undefined {
    return this.isOn ? (this.events.shift() ?? this.tcp.pollEvent()) : undefined
  }

  // --- in -------------------------------------------------------------------------------------------------

  /** Why a packet with a good header is none of this host's business. */
  private refusal(packet: Ipv4Packet): { reason: string; offset: number } | undefined {
    // RFC 1122 3.2.1.3: a source that is not one single host; and nobody else has our own address.
    const forged = !isSingleHost(packet.source) || packet.source === this.address
    if (forged) return { reason: 'bad_source', offset: 12 }
    const { destination } = packet
    if (destination === this.address || destination === LIMITED_BROADCAST) return undefined
    return { reason: 'not_for_us', offset: 16 }
  }

  private handleFragment(now: Micros, packet: Ipv4Packet, bytes: Uint8Array): void {
    const step = this.reassembler.handleFragment(now, packet, bytes)
    this.reportAbandoned()
    if (step.kind === 'held') return
    if (step.kind === 'ignored') {
      return this.reject({ layer: 'ipv4', reason: `fragment_${step.reason}`, offset: 6 }, bytes)
    }
    const whole = decodeIpv4(step.bytes)
    if (!whole.ok) return this.reject(whole.error, step.bytes)
    const { identification, totalLength } = whole.value
    this.trace.emit('ip:reassembly_finished', { identification, size: totalLength })
    this.handlePacket(now, whole.value, step.bytes)
  }

  private handlePacket(now: Micros, packet: Ipv4Packet, bytes: Uint8Array): void {
    switch (packet.protocol) {
      case PROTOCOL_TCP:
        return this.handleTcp(now, packet, bytes)
      case PROTOCOL_UDP:
        return this.handleUdp(packet, bytes)
      case PROTOCOL_ICMP:
        return this.handleIcmp(now, packet, bytes)
      default:
        this.reject({ layer: 'ipv4', reason: 'unknown_protocol', offset: 9 }, bytes)
        this.reportUnreachable(packet, bytes, PROTOCOL_UNREACHABLE)
    }
  }

  private handleTcp(now: Micros, packet: Ipv4Packet, bytes: Uint8Array): void {
    const { source, destination, headerLength, totalLength } = packet
    const read = decodeTcp(bytes, headerLength, totalLength - headerLength, source, destination)
    if (!read.ok) return this.reject(read.error, bytes)
    // RFC 9293 MUST-57: a segment that was sent to many is not answered, nor is it heard.
    if (destination !== this.address) {
      return this.reject({ layer: 'tcp', reason: 'broadcast', offset: 16 }, bytes)
    }
    this.tcp.handleSegment(now, source, read.value, packet.ecn)
  }

  private handleUdp(packet: Ipv4Packet, bytes: Uint8Array): void {
    const { source, destination, headerLength, totalLength } = packet
    const read = decodeUdp(bytes, headerLength, totalLength - headerLength, source, destination)
    if (!read.ok) return this.reject(read.error, bytes)
    const { sourcePort, destinationPort: localPort, payload } = read.value
    if (!this.udp.isOpen(localPort)) {
      this.reject({ layer: 'udp', reason: 'no_listener', offset: headerLength + 2 }, bytes)
      return this.reportUnreachable(packet, bytes, PORT_UNREACHABLE)
    }
    const event = { localPort, source: { address: source, port: sourcePort }, payload, ecn: packet.ecn }
    if (!this.tell({ type: 'datagram', ...event }, 'udp', bytes)) return
    const trace = this.flows.of(flowName(this.address, localPort, source, sourcePort))
    trace.emit('udp:datagram_received', { payload: payload.length })
  }

  private handleIcmp(now: Micros, packet: Ipv4Packet, bytes: Uint8Array): void {
    const { source, headerLength, totalLength } = packet
    const read = decodeIcmp(bytes, headerLength, totalLength - headerLength)
    if (!read.ok) return this.reject(read.error, bytes)
    const message = read.value
    this.trace.emit('icmp:message_received', { type: icmpType(message), code: icmpCode(message) })
    if (message.kind === 'echo_request') {
      // RFC 1122 3.2.2.6: every request is answered with all its data; one sent to many need not be.
      if (packet.destination !== this.address || this.output.isFull) return
      this.sendIcmp(source, { ...message, kind: 'echo_reply' })
    } else if (message.kind === 'echo_reply') {
      this.handleEchoReply(now, source, message, bytes)
    } else if ('quoted' in message) {
      const quoted = readQuoted(message.quoted)
      if (quoted === undefined) {
        return this.reject({ layer: 'icmp', reason: 'malformed_quote', offset: headerLength + 8 }, bytes)
      }
      // Only what this host sent can have gone wrong for it; anything else was made up (RFC 5927 4).
      if (!this.hasSent(quoted)) {
        return this.trace.emit('icmp:error_ignored', { code: message.code, reason: 'not_ours' })
      }
      if (message.kind === 'destination_unreachable' && quoted.protocol === PROTOCOL_TCP) {
        this.tcp.handleUnreachable(now, quoted, message.code, message.nextHopMtu)
      }
      this.tell({ type: 'icmp_error', source, message, quoted }, 'icmp', bytes)
    }
  }

  /** Whether a packet that an error quotes may be one of this host's; TCP knows for itself (RFC 1122 4.1.3.3, 4.2.3.9). */
  private hasSent({ source, protocol, sourcePort }: QuotedPacket): boolean {
    return source === this.address && (protocol !== PROTOCOL_UDP || this.udp.isOpen(sourcePort))
  }

  private handleEchoReply(now: Micros, source: Ipv4Address, message: IcmpEcho, bytes: Uint8Array): void {
    const roundTrip = this.pings.finish(now, source, message)
    if (roundTrip === undefined)
      return this.reject({ layer: 'icmp', reason: 'no_request', offset: 20 }, bytes)
    const { identifier, sequence, payload } = message
    this.tell({ type: 'echo_reply', source, identifier, sequence, payload, roundTrip }, 'icmp', bytes)
  }

  // --- out ------------------------------------------------------------------------------------------------

  /** Makes the packet of a TCP segment; undefined: it had to be cut, and waits in pieces, or could not go. */
  private sendSegment(out: OutgoingSegment): Datagram | undefined {
    const { destination, segment } = out
    const payloadLength = tcpLength(segment)
    const bytes = this.output.start({
      protocol: PROTOCOL_TCP,
      destination,
      payloadLength,
      dontFragment: out.mayBeCut !== true,
      ecn: out.ecn,
    })
    encodeTcp(segment, bytes, IPV4_MIN_HEADER, this.address, destination)
    const trace = this.flows.of(out.flow)
    const fields = segmentFields(out, bytes.length)
    const { fresh } = out
    const announce = (pkt: number): void => {
      trace.emit('tcp:segment_sent', fields, pkt)
      if (fresh !== undefined) fresh.tap.handleSent(fresh.bytes, fresh.fin, pkt)
    }
    if (bytes.length <= this.mtu) {
      const id = this.nextPacketId()
      announce(id)
      return { id, bytes, port: 0 }
    }
    const cut = this.pushCut(bytes, trace, announce)
    if (!cut) this.reject({ layer: 'ipv4', reason: 'exceeds_mtu', offset: 2 }, bytes)
    return undefined
  }

  private sendIcmp(destination: Ipv4Address, message: IcmpMessage, options: PingOptions = {}): void {
    const { ttl, dontFragment = false } = options
    const payloadLength = icmpLength(message)
    const bytes = this.output.start({
      protocol: PROTOCOL_ICMP,
      destination,
      payloadLength,
      dontFragment,
      ttl,
    })
    encodeIcmp(message, bytes, IPV4_MIN_HEADER)
    this.pushCut(bytes, this.trace, (pkt) => {
      const fields = { type: icmpType(message), code: icmpCode(message), size: bytes.length }
      this.trace.emit('icmp:message_sent', fields, pkt)
      options.onSent?.(pkt)
    })
  }

  private pushCut(bytes: Uint8Array, trace: Trace, announce: (pkt: number) => void): boolean {
    return this.output.pushCut(bytes, announce, (fragment, pkt) =>
      trace.emit('ip:fragment_sent', fragmentFields(fragment), pkt),
    )
  }

  private reportUnreachable(packet: Ipv4Packet, bytes: Uint8Array, code: number): void {
    if (!mayReportError(packet, bytes, this.address) || this.output.isFull) return
    const quoted = quoteOf(packet, bytes)
    this.sendIcmp(packet.source, { kind: 'destination_unreachable', code, nextHopMtu: 0, quoted })
  }

  /** Traces the datagrams that reassembly gave up, and tells the sender if their time was over. */
  private reportAbandoned(): void {
    for (;;) {
      const abandoned = this.reassembler.pollAbandoned()
      if (abandoned === undefined) return
      const { identification, reason, first } = abandoned
      this.trace.emit('ip:reassembly_abandoned', { identification, reason })
      // RFC 1122 3.3.2: only if the first fragment is there, for it is what the error quotes.
      if (reason !== 'timeout' || first === undefined || this.output.isFull) continue
      const read = decodeIpv4(first)
      if (!read.ok || !mayReportError(read.value, first, this.address)) continue
      const quoted = quoteOf(read.value, first)
      this.sendIcmp(read.value.source, { kind: 'time_exceeded', code: REASSEMBLY_TIME_EXCEEDED, quoted })
    }
  }

  // --- help -----------------------------------------------------------------------------------------------

  /** RFC 9293 3.7.1: no segment that is longer than what the interface takes; unless IP is to cut whatever is too long. */
  private tcpSettings(settings: Partial<TcpSettings>): TcpSettings {
    const merged = { ...this.tcpDefaults, ...settings }
    if (!merged.mssOption && !merged.pathMtuDiscovery && !merged.mtuProbing) return merged
    return { ...merged, mss: Math.min(merged.mss, this.mtu - IPV4_MIN_HEADER - TCP_MIN_HEADER) }
  }

  private tell(event: HostEvent, layer: string, bytes: Uint8Array): boolean {
    if (this.events.length >= EVENT_LIMIT) {
      this.reject({ layer, reason: 'queue_full', offset: 0 }, bytes)
      return false
    }
    this.events.push(event)
    return true
  }

  /** A datagram of a sender who asks what becomes of it: to the sender it is as good as sent and lost. */
  private refuse({ payload, onRefused }: UdpSend, reason: 'exceeds_mtu' | 'queue_full'): SendOutcome {
    if (onRefused === undefined) return reason
    const pkt = this.nextPacketId()
    onRefused(pkt)
    const size = IPV4_MIN_HEADER + UDP_HEADER + payload.length
    this.trace.emit('ip:packet_rejected', { layer: 'ipv4', reason, offset: 0, size }, pkt)
    return reason
  }

  private reject(error: WireError, bytes: Uint8Array): void {
    const { layer, reason, offset } = error
    this.trace.emit('ip:packet_rejected', { layer, reason, offset, size: bytes.length })
  }
}
