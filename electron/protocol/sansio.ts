/**
 * What every core has in common (DESIGN 3): it is given the time and the packets, it gives back packets,
 * the time of its next timer, and events. It owns no clock, no socket and no source of randomness.
 */
import type { Micros } from '../../shared/units.ts'
import type { Trace } from '../../shared/trace/sink.ts'
import type { SyncCrypto } from './crypto.ts'
import type { Rng } from './random.ts'

/** One packet on its way. `bytes` is never changed after it was handed over; who alters a packet copies it. */
export interface Datagram {
  /** Number of the packet in the run, from 1; the trace's `pkt`. A duplicate is a packet of its own. */
  readonly id: number
  /** The whole IPv4 packet; on an Ethernet the frame around it, or around an ARP message. */
  readonly bytes: Uint8Array
  /** The interface of the node by which it comes in or goes out; 0 for a host, 0 or 1 for a link, the place in their lists for switches and routers. */
  readonly port: number
}

/** A connection, a host, a link. `E` is what `pollEvent` tells its owner. */
export interface SansIo<E> {
  /** Takes in one packet. Total: bad bytes are counted and traced, never thrown. */
  handleDatagram(now: Micros, datagram: Datagram): void
  /** To be called at or after `pollTimeout()`; earlier calls do nothing. */
  handleTimeout(now: Micros): void
  /** The next packet to put on the wire, or undefined when there is none now. Call until undefined. */
  pollTransmit(now: Micros): Datagram | undefined
  /** When `handleTimeout` wants to be called next; undefined: never, as things stand. */
  pollTimeout(): Micros | undefined
  /** The next event for the owner, or undefined. Call until undefined. */
  pollEvent(): E | undefined
}

/** What a core may not have of its own is injected here. */
export interface Env {
  readonly rng: Rng
  readonly crypto: SyncCrypto
  readonly trace: Trace
  /** Gives out the packet numbers of the run, from 1. */
  nextPacketId(): number
}
