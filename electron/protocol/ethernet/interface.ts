/**
 * An interface to an Ethernet: IPv4 packets in frames (RFC 894) and the resolution of addresses (RFC 826). A host has one,
 * a router one for each of its networks.
 */
import type { Trace } from '../../../shared/trace/sink.ts'
import { hexOfBytes } from '../../../shared/hex.ts'
import { elapsed, type Micros } from '../../../shared/units.ts'
import { Fifo } from '../fifo.ts'
import type { Datagram, Env } from '../sansio.ts'
import { formatAddress, LIMITED_BROADCAST, type Ipv4Address } from '../wire/address.ts'
import { PacketArena } from '../wire/arena.ts'
import {
  ARP_LENGTH,
  ARP_REPLY,
  ARP_REQUEST,
  arpOperation,
  decodeArp,
  encodeArp,
  type ArpMessage,
} from '../wire/arp.ts'
import { read16, read32 } from '../wire/bytes.ts'
import {
  BROADCAST_MAC,
  decodeEthernet,
  encodeEthernet,
  ETHERNET_HEADER,
  ethernetFrame,
  ETHERTYPE_ARP,
  ETHERTYPE_IPV4,
  formatMac,
  frameLength,
  isGroupMac,
  UNKNOWN_MAC,
  type MacAddress,
} from '../wire/ethernet.ts'
import { IPV4_MIN_HEADER } from '../wire/ipv4.ts'
import { isBroadcastOf, isWithin, networkOf, type Prefix } from '../wire/prefix.ts'
import { Neighbours, type NeighbourState } from './neighbours.ts'

export interface InterfaceOptions {
  /** From 0: the port of its node. */
  readonly index: number
  readonly mac: MacAddress
  readonly address: Ipv4Address
  /** Of its network. */
  readonly prefixLength: number
}

/** Why a packet never leaves: nobody answers for its next hop, or too many wait for that. */
export type LossReason = 'no_neighbour' | 'queue_full'

/** A packet on its way out. */
export interface Outgoing {
  /** Its number in the run. */
  readonly id: number
  readonly packet: Uint8Array
  /** Told of the frame in which it leaves. */
  readonly onFrame?: (frame: Uint8Array) => void
  /** Told if it never leaves. */
  readonly onLost?: (reason: LossReason, now: Micros) => void
}

interface Waiting {
  readonly outgoing: Outgoing
  readonly since: Micros
}

export class EthernetInterface {
  readonly index: number
  readonly mac: MacAddress
  private own: Ipv4Address
  private readonly prefixLength: number
  private readonly trace: Trace
  private readonly nextPacketId: () => number
  private readonly arena = new PacketArena()
  private readonly out = new Fifo<Datagram>()
  private readonly neighbours: Neighbours<Waiting>

  /** The trace is that of its node. */
  constructor(env: Pick<Env, 'trace' | 'nextPacketId'>, options: InterfaceOptions) {
    this.index = options.index
    this.mac = options.mac
    this.own = options.address
    this.prefixLength = options.prefixLength
    this.trace = env.trace
    this.nextPacketId = () => env.nextPacketId()
    this.neighbours = new Neighbours({
      ask: (address, mac) => this.ask(address, mac),
      onChanged: (address, mac, state, waiting) => this.noteEntry(address, mac, state, waiting),
      onGivenUp: (now, waiting) => {
        for (const { outgoing } of waiting) this.lose(now, outgoing, 'no_neighbour')
      },
    })
  }

  get address(): Ipv4Address {
    return this.own
  }

  /** It has another address from now on; the hardware's stays. */
  set address(address: Ipv4Address) {
    this.own = address
  }

  /** The network that it is in. */
  get network(): Prefix {
    return networkOf(this.own, this.prefixLength)
  }

  /** Takes in a frame; returns the IPv4 packet in it without padding, or undefined: it was something else, or not to be taken. */
  handleFrame(now: Micros, frame: Uint8Array): Uint8Array | undefined {
    const read = decodeEthernet(frame)
    if (!read.ok) return this.reject(read.error.reason, read.error.offset, frame.length)
    const { destination, etherType } = read.value
    // No groups are joined here, so of many stations we are only among all (RFC 1122 2.4).
    if (destination !== this.mac && destination !== BROADCAST_MAC)
      return this.reject('not_for_us', 0, frame.length)
    if (etherType === ETHERTYPE_IPV4) return this.takePacket(frame, destination)
    if (etherType !== ETHERTYPE_ARP) return this.reject('unknown_ethertype', 12, frame.length)
    this.handleArp(now, frame)
    return undefined
  }

  /** Sends a packet to a station of its network, when that one's address is known. */
  send(now: Micros, nextHop: Ipv4Address, outgoing: Outgoing): void {
    if (nextHop === LIMITED_BROADCAST || isBroadcastOf(nextHop, this.network))
      return this.transmit(BROADCAST_MAC, outgoing)
    const mac = this.neighbours.find(now, nextHop)
    if (mac !== undefined) return this.transmit(mac, outgoing)
    const fields = { address: formatAddress(nextHop), interface: this.index }
    this.trace.emit('arp:packet_held', fields, outgoing.id)
    const displaced = this.neighbours.hold(now, nextHop, { outgoing, since: now })
    if (displaced !== undefined) this.lose(now, displaced.outgoing, 'queue_full')
  }

  /** Forgets its neighbours, and what waits to go out. */
  clear(): void {
    this.neighbours.clear()
    this.out.clear()
  }

  handleTimeout(now: Micros): void {
    this.neighbours.handleTimeout(now)
  }

  pollTimeout(): Micros | undefined {
    return this.neighbours.pollTimeout()
  }

  /** The next frame to put on the wire. */
  pollTransmit(): Datagram | undefined {
    return this.out.shift()
  }

  private takePacket(frame: Uint8Array, destination: MacAddress): Uint8Array | undefined {
    const available = frame.length - ETHERNET_HEADER
    if (available < IPV4_MIN_HEADER) return frame.subarray(ETHERNET_HEADER)
    // RFC 1122 3.3.6: what came to all stations has to be meant for all hosts, too.
    const target = read32(frame, ETHERNET_HEADER + 16)
    const isForAll = target === LIMITED_BROADCAST || isBroadcastOf(target, this.network)
    if (destination === BROADCAST_MAC && !isForAll)
      return this.reject('unicast_to_all', ETHERNET_HEADER + 16, frame.length)
    const length = read16(frame, ETHERNET_HEADER + 2)
    return frame.subarray(ETHERNET_HEADER, ETHERNET_HEADER + Math.min(Math.max(length, 20), available))
  }

  /** RFC 826, "Packet Reception". */
  private handleArp(now: Micros, frame: Uint8Array): void {
    const read = decodeArp(frame, ETHERNET_HEADER)
    if (!read.ok) return void this.reject(`arp_${read.error.reason}`, read.error.offset, frame.length)
    const { operation, senderMac, senderAddress, targetAddress } = read.value
    this.trace.emit('arp:message_received', {
      operation: arpOperation(operation),
      sender_address: formatAddress(senderAddress),
      target_address: formatAddress(targetAddress),
      interface: this.index,
    })
    if (senderAddress === this.own) return void this.reject('address_conflict', 28, frame.length)
    const isForUs = targetAddress === this.own
    // Only who is on this network is a neighbour; a probe has no address of its own yet (RFC 5227 1.1).
    const isNeighbour = isWithin(senderAddress, this.network) && !isGroupMac(senderMac)
    if (isNeighbour && (isForUs || this.neighbours.has(senderAddress)))
      this.release(now, senderAddress, senderMac)
    if (!isForUs || operation !== ARP_REQUEST) return
    this.say(senderMac, {
      operation: ARP_REPLY,
      senderMac: this.mac,
      senderAddress: this.own,
      targetMac: senderMac,
      targetAddress: senderAddress,
    })
  }

  private ask(targetAddress: Ipv4Address, mac: MacAddress | undefined): void {
    this.say(mac ?? BROADCAST_MAC, {
      operation: ARP_REQUEST,
      senderMac: this.mac,
      senderAddress: this.own,
      targetMac: UNKNOWN_MAC,
      targetAddress,
    })
  }

  /** Sends a message. It is a packet of its own, with a number. */
  private say(destination: MacAddress, message: ArpMessage): void {
    const payload = new Uint8Array(ARP_LENGTH)
    encodeArp(message, payload)
    const header = { destination, source: this.mac, etherType: ETHERTYPE_ARP }
    const bytes = ethernetFrame(header, payload)
    const id = this.nextPacketId()
    const fields = {
      operation: arpOperation(message.operation),
      sender_mac: formatMac(message.senderMac),
      sender_address: formatAddress(message.senderAddress),
      target_mac: formatMac(message.targetMac),
      target_address: formatAddress(message.targetAddress),
      interface: this.index,
      bytes: hexOfBytes(bytes),
    }
    this.trace.emit('arp:message_sent', fields, id)
    this.out.push({ id, bytes, port: this.index })
  }

  private release(now: Micros, address: Ipv4Address, mac: MacAddress): void {
    for (const { outgoing, since } of this.neighbours.learn(now, address, mac)) {
      const fields = {
        address: formatAddress(address),
        interface: this.index,
        waited: Math.round(elapsed(since, now)),
      }
      this.trace.emit('arp:packet_released', fields, outgoing.id)
      this.transmit(mac, outgoing)
    }
  }

  private transmit(destination: MacAddress, { id, packet, onFrame }: Outgoing): void {
    const frame = this.arena.allocate(frameLength(packet.length))
    encodeEthernet({ destination, source: this.mac, etherType: ETHERTYPE_IPV4 }, frame)
    frame.set(packet, ETHERNET_HEADER)
    onFrame?.(frame)
    this.out.push({ id, bytes: frame, port: this.index })
  }

  private lose(now: Micros, { id, packet, onLost }: Outgoing, reason: LossReason): void {
    const size = frameLength(packet.length)
    this.trace.emit('ethernet:frame_rejected', { reason, offset: 0, size }, id)
    onLost?.(reason, now)
  }

  private noteEntry(
    address: Ipv4Address,
    mac: MacAddress | undefined,
    state: NeighbourState,
    waiting: number,
  ): void {
    this.trace.emit('arp:entry_changed', {
      address: formatAddress(address),
      mac: mac === undefined ? '' : formatMac(mac),
      state,
      interface: this.index,
      waiting,
    })
  }

  private reject(reason: string, offset: number, size: number): undefined {
    this.trace.emit('ethernet:frame_rejected', { reason, offset, size })
    return undefined
  }
}
