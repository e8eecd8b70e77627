/** What an owner says to a host: how it is made, and what is to be sent. */
import type { TcpSettings } from '../../../shared/tcp.ts'
import type { TapFactory } from '../tcp/stack.ts'
import type { Endpoint, Ipv4Address } from '../wire/address.ts'
import type { ReassemblySettings } from '../wire/reassembly.ts'

export interface HostOptions {
  /** The node's name in the trace. */
  readonly name: string
  readonly address: Ipv4Address
  /** The settings of connections that are given none of their own. */
  readonly tcp: TcpSettings
  /** The longest packet that the interface sends, in bytes, 68 to 65,535; 1,500 without. */
  readonly mtu?: number
  /** Time to live of what it sends; 64 without (RFC 1122 3.2.1.7). */
  readonly ttl?: number
  readonly reassembly?: ReassemblySettings
  /** Puts someone to look on at each TCP connection of the host. */
  readonly tap?: TapFactory
}

export interface UdpSend {
  readonly fromPort: number
  readonly to: Endpoint
  readonly payload: Uint8Array
  readonly ttl?: number
  readonly ecn?: number
  /** Written by someone on the network of this host who pretends to be it: the port need not be open. */
  readonly unbound?: boolean
  /** Off, a datagram longer than the MTU goes in fragments. */
  readonly dontFragment?: boolean
  /** Told when the packet goes out and has its number. */
  readonly onSent?: (pkt: number) => void
  /** Told if it can't leave this host, too long or with the queue full: of the number under which the trace says so. */
  readonly onRefused?: (pkt: number) => void
}

/** What became of a call to send. */
export type SendOutcome = 'sent' | 'port_not_open' | 'too_long' | 'exceeds_mtu' | 'queue_full'

export interface PingOptions {
  readonly payload?: Uint8Array
  readonly ttl?: number
  readonly dontFragment?: boolean
  /** Told when the packet goes out and has its number. */
  readonly onSent?: (pkt: number) => void
}
