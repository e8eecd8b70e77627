/** What ping and traceroute have in common: the probes that are out, who answers them, and when nobody does. */
import type { Trace } from '../../../shared/trace/sink.ts'
import { after, elapsed, type Micros } from '../../../shared/units.ts'
import type { IcmpErrorReceived } from '../../protocol/ip/events.ts'
import { formatAddress, type Ipv4Address } from '../../protocol/wire/address.ts'
import {
  ECHO_REQUEST,
  FRAGMENTATION_NEEDED,
  HOST_UNREACHABLE,
  icmpCode,
  icmpType,
  NETWORK_UNREACHABLE,
  PORT_UNREACHABLE,
  TTL_EXCEEDED,
} from '../../protocol/wire/icmp.ts'
import { PROTOCOL_ICMP, PROTOCOL_UDP } from '../../protocol/wire/ipv4.ts'
import type { Station } from '../station.ts'

/** What ping and traceroute are given. */
export interface ProbeOptions {
  /** As the experiment calls the program. */
  readonly name: string
  readonly station: Station
  readonly to: Ipv4Address
  readonly trace: Trace
}

interface ProbeHeader {
  readonly target: Ipv4Address
  readonly ttl: number
  /** Length of the IP packet. */
  readonly size: number
  readonly protocol: 'icmp' | 'udp'
}

export interface Answer {
  readonly from: Ipv4Address
  /** As `probe:answered` names it. */
  readonly kind: string
  /** Of the next hop, in fragmentation_needed; else 0. */
  readonly mtu: number
}

interface Waiting {
  readonly number: number
  readonly sentAt: Micros
  readonly deadline: Micros
}

/** The probes of one program. A probe is known by what answers name of it: its key. */
export class Probes {
  private readonly trace: Trace
  private readonly program: string
  private readonly waiting = new Map<string, Waiting>()
  private count = 0

  constructor(trace: Trace, program: string) {
    this.trace = trace
    this.program = program
  }

  /** Probes that may still be answered. */
  get unanswered(): number {
    return this.waiting.size
  }

  /** The number of a probe that is about to be sent. */
  next(): number {
    return ++this.count
  }

  /** The packet of a probe leaves. */
  sent(number: number, { target, ttl, size, protocol }: ProbeHeader, pkt: number): void {
    const { program } = this
    const fields = { program, number, target: formatAddress(target), ttl, size, protocol }
    this.trace.emit('probe:sent', fields, pkt)
  }

  /** From now on, and for so long, an answer to `key` is one to this probe. */
  expect(now: Micros, number: number, key: string, timeout: number): void {
    this.waiting.set(key, { number, sentAt: now, deadline: after(now, timeout) })
  }

  /** Takes an answer; false: to none of the probes that are out. */
  answer(now: Micros, key: string | undefined, { from, kind, mtu }: Answer): boolean {
    const probe = key === undefined ? undefined : this.waiting.get(key)
    if (key === undefined || probe === undefined) return false
    this.waiting.delete(key)
    const { program } = this
    const rtt = Math.round(elapsed(probe.sentAt, now))
    this.trace.emit('probe:answered', {
      program,
      number: probe.number,
      from: formatAddress(from),
      kind,
      rtt,
      mtu,
    })
    return true
  }

  /** Gives up those whose time is over; returns how many. */
  expire(now: Micros): number {
    let expired = 0
    for (const [key, { number, deadline }] of this.waiting) {
      if (deadline > now) continue
      this.waiting.delete(key)
      this.trace.emit('probe:timed_out', { program: this.program, number })
      expired++
    }
    return expired
  }

  /** Nobody waits for an answer any more. */
  clear(): void {
    this.waiting.clear()
  }

  /** When the next one is given up. */
  pollTimeout(): Micros | undefined {
    let next = Infinity
    for (const { deadline } of this.waiting.values()) next = Math.min(next, deadline)
    return next === Infinity ? undefined : (next as Micros)
  }
}

/** The key of an echo request, from its identifier and sequence number. */
export const echoKey = (identifier: number, sequence: number): string => `echo ${identifier} ${sequence}`

/** The key of a datagram, from its two ports. */
export const datagramKey = (fromPort: number, toPort: number): string => `udp ${fromPort} ${toPort}`

/**
 * The key of the probe that an ICMP error quotes: the header and 8 bytes more (RFC 792), which hold an echo's identifier and number.
 * undefined: it quotes something else that left this host.
 */
export function quotedKey(quoted: IcmpErrorReceived['quoted']): string | undefined {
  const { protocol, sourcePort, destinationPort, sequence } = quoted
  if (protocol === PROTOCOL_UDP) return datagramKey(sourcePort, destinationPort)
  const isRequest = protocol === PROTOCOL_ICMP && sourcePort >>> 8 === ECHO_REQUEST
  return isRequest ? echoKey(sequence >>> 16, sequence & 0xffff) : undefined
}

const UNREACHABLE: Readonly<Record<number, string>> = {
  [NETWORK_UNREACHABLE]: 'net_unreachable',
  [HOST_UNREACHABLE]: 'host_unreachable',
  [PORT_UNREACHABLE]: 'port_unreachable',
  [FRAGMENTATION_NEEDED]: 'fragmentation_needed',
}

/** What an ICMP error answers. */
export function complaintOf({ source, message }: IcmpErrorReceived): Answer {
  const code = icmpCode(message)
  const other = `${icmpType(message)}/${code}`
  const from = source
  if (message.kind === 'destination_unreachable')
    return { from, kind: UNREACHABLE[code] ?? other, mtu: message.nextHopMtu }
  const isExpired = message.kind === 'time_exceeded' && code === TTL_EXCEEDED
  return { from, kind: isExpired ? 'time_exceeded' : other, mtu: 0 }
}
