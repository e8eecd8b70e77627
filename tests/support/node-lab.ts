/** One node alone in virtual time: what comes in by its ports, what goes out, and what the trace says of it. */
import type { Env, SansIo } from '../../electron/protocol/sansio.ts'
import {
  decodeEthernet,
  ethernetFrame,
  ETHERTYPE_ARP,
  ETHERTYPE_IPV4,
  BROADCAST_MAC,
  UNKNOWN_MAC,
  type MacAddress,
} from '../../electron/protocol/wire/ethernet.ts'
import { ARP_LENGTH, ARP_REPLY, ARP_REQUEST, encodeArp } from '../../electron/protocol/wire/arp.ts'
import { dissect } from '../../electron/protocol/wire/dissect/dissect.ts'
import type { EventData, EventName } from '../../shared/trace/events.ts'
import type { Trace } from '../../shared/trace/sink.ts'
import { micros } from '../../shared/units.ts'
import { tcpEnv } from './tcp-env.ts'

export interface Left {
  readonly t: number
  readonly id: number
  readonly port: number
  readonly bytes: Uint8Array
}

interface Traced {
  readonly name: EventName
  readonly t: number
  readonly pkt: number
  readonly data: unknown
}

/** A frame with an IPv4 packet, or with other data. */
export const frameOf = (
  source: MacAddress,
  destination: MacAddress,
  payload: Uint8Array = new Uint8Array(46),
  etherType = ETHERTYPE_IPV4,
): Uint8Array => ethernetFrame({ source, destination, etherType }, payload)

interface Station {
  readonly mac: MacAddress
  readonly address: number
}

/** An ARP message of `from`: a request for an address, or a reply to somebody. */
export function arpFrame(from: Station, to: number | Station): Uint8Array {
  const isRequest = typeof to === 'number'
  const payload = new Uint8Array(ARP_LENGTH)
  encodeArp(
    {
      operation: isRequest ? ARP_REQUEST : ARP_REPLY,
      senderMac: from.mac,
      senderAddress: from.address,
      targetMac: isRequest ? UNKNOWN_MAC : to.mac,
      targetAddress: isRequest ? to : to.address,
    },
    payload,
  )
  return frameOf(from.mac, isRequest ? BROADCAST_MAC : to.mac, payload, ETHERTYPE_ARP)
}

/** What a frame is in one line, as the packet table has it. */
export const wordsOf = (bytes: Uint8Array): string => dissect(bytes, true).summary

export const destinationOf = (bytes: Uint8Array): MacAddress => {
  const read = decodeEthernet(bytes)
  if (!read.ok) throw new Error(read.error.reason)
  return read.value.destination
}

export class NodeLab<N extends SansIo<unknown>> {
  readonly node: N
  readonly left: Left[] = []
  readonly traced: Traced[] = []
  now = 0
  private handling = 0
  private foreign = 9000

  constructor(make: (env: Env) => N, seed = 1) {
    const trace: Trace = {
      emit: <E extends EventName>(name: E, data: EventData<E>, pkt = this.handling) => {
        this.traced.push({ name, t: this.now, pkt, data })
      },
      scope: () => trace,
    }
    this.node = make(tcpEnv(seed, trace))
  }

  /** A frame comes in; returns what left at once. */
  arrive(bytes: Uint8Array, port = 0): Left[] {
    this.handling = ++this.foreign
    this.node.handleDatagram(micros(this.now), { id: this.handling, bytes, port })
    this.handling = 0
    return this.collect()
  }

  /** The number of the frame that came in last. */
  get lastArrived(): number {
    return this.foreign
  }

  /** Lets time pass to `t`, timer by timer; returns what left. */
  runTo(t: number): Left[] {
    const before = this.left.length
    for (
      let next = this.node.pollTimeout();
      next !== undefined && next <= t;
      next = this.node.pollTimeout()
    ) {
      this.now = Math.max(this.now, next)
      this.node.handleTimeout(micros(this.now))
      this.collect()
    }
    this.now = t
    return this.left.slice(before)
  }

  collect(): Left[] {
    const before = this.left.length
    for (;;) {
      const datagram = this.node.pollTransmit(micros(this.now))
      if (datagram === undefined) return this.left.slice(before)
      this.left.push({ t: this.now, ...datagram })
    }
  }

  /** The data of all events of this name. */
  of<E extends EventName>(name: E): EventData<E>[] {
    return this.traced.filter((event) => event.name === name).map(({ data }) => data as EventData<E>)
  }
}
