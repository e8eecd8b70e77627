/** What a host tells its owner. */
import type { Micros } from '../../../shared/units.ts'
import type { TcpEvent } from '../tcp/events.ts'
import type { Endpoint, Ipv4Address } from '../wire/address.ts'
import type { IcmpEcho, IcmpMessage, QuotedPacket } from '../wire/icmp.ts'

export type HostEvent = TcpEvent | UdpReceived | EchoReplied | IcmpErrorReceived

/** A UDP datagram reached an open port. */
export interface UdpReceived {
  readonly type: 'datagram'
  readonly localPort: number
  readonly source: Endpoint
  /** A view of the packet, which nobody changes. */
  readonly payload: Uint8Array
  readonly ecn: number
}

/** A ping was answered. */
export interface EchoReplied {
  readonly type: 'echo_reply'
  readonly source: Ipv4Address
  readonly identifier: number
  readonly sequence: number
  readonly payload: Uint8Array
  readonly roundTrip: Micros
}

/** An ICMP error about a packet that this host sent (RFC 1122 3.2.2 and 4.1.3.3). */
export interface IcmpErrorReceived {
  readonly type: 'icmp_error'
  /** The host or router that complains. */
  readonly source: Ipv4Address
  readonly message: Exclude<IcmpMessage, IcmpEcho>
  /** What the complaint is about. */
  readonly quoted: QuotedPacket
}
