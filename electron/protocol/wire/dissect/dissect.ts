/** Any bytes as the fields of an IPv4 packet, or of an Ethernet frame. */
import type { DissectedField, Dissection } from '../../../../shared/dissection.ts'
import { formatAddress, formatEndpoint } from '../address.ts'
import { ETHERTYPE_ARP, ETHERTYPE_IPV4 } from '../ethernet.ts'
import { PROTOCOL_ICMP, PROTOCOL_TCP, PROTOCOL_UDP } from '../ipv4.ts'
import { dissectArp } from './arp.ts'
import { dissectEthernet } from './ethernet.ts'
import { dissectIcmp } from './icmp.ts'
import { dissectIpv4, protocolName, type Ipv4Layer } from './ipv4.ts'
import { dissectQuic } from './quic.ts'
import { hexDump } from './reader.ts'
import { dissectTcp } from './tcp.ts'
import type { TransportLayer } from './transport.ts'
import { dissectUdp } from './udp.ts'

const TRANSPORTS: Readonly<Record<number, (bytes: Uint8Array, ip: Ipv4Layer) => TransportLayer>> = {
  [PROTOCOL_ICMP]: dissectIcmp,
  [PROTOCOL_TCP]: dissectTcp,
  [PROTOCOL_UDP]: dissectUdp,
}

function dataField(name: string, bytes: Uint8Array, offset: number, end: number): DissectedField[] {
  if (offset >= end) return []
  return [{ name, text: hexDump(bytes.subarray(offset, end)), offset, length: end - offset }]
}

const countProblems = (fields: readonly DissectedField[]): number =>
  fields.reduce((n, { problem, children }) => n + (problem ? 1 : 0) + countProblems(children ?? []), 0)

const brokenWords = (layers: readonly DissectedField[]): string => {
  const problems = countProblems(layers)
  return problems === 0 ? '' : ` (malformed: ${problems})`
}

function summarise(
  ip: Ipv4Layer,
  transport: TransportLayer | undefined,
  layers: readonly DissectedField[],
): string {
  const { ports } = transport ?? {}
  const from = ports ? formatEndpoint(ip.source, ports.source) : formatAddress(ip.source)
  const to = ports ? formatEndpoint(ip.destination, ports.destination) : formatAddress(ip.destination)
  const words = transport?.words ?? (ip.isFirst ? `len ${ip.payloadEnd - ip.payloadStart}` : 'fragment')
  return `${protocolName(ip.protocol)} ${from} > ${to} ${words}${brokenWords(layers)}`
}

/**
 * All fields of the IPv4 packet in `bytes`, or of the Ethernet frame (which it is, a run's set-up says, not the bytes), each with its
 * place and with what is wrong with it. Total: any bytes give an answer, and each field lies within them. Never a judgement of what
 * a host would do with the packet.
 */
export const dissect = (bytes: Uint8Array, isFrame = false): Dissection =>
  isFrame ? dissectFrame(bytes) : dissectPacket(bytes, 0, 'Trailer')

function dissectFrame(frame: Uint8Array): Dissection {
  const { field, etherType, dataStart, words } = dissectEthernet(frame)
  if (etherType === ETHERTYPE_IPV4) {
    const { summary, layers } = dissectPacket(frame, dataStart, 'Padding')
    return { summary, layers: [field, ...layers] }
  }
  if (etherType !== ETHERTYPE_ARP) {
    const layers = [field, ...dataField('Data', frame, dataStart, frame.length)]
    const summary = etherType === 0 ? 'not an Ethernet frame' : `Ethernet ${words}`
    return { summary: `${summary}${brokenWords(layers)}`, layers }
  }
  const arp = dissectArp(frame, dataStart)
  const layers = [field, arp.field, ...dataField('Padding', frame, arp.end, frame.length)]
  return { summary: `ARP ${arp.words}${brokenWords(layers)}`, layers }
}

/** The packet that begins at `start` and what follows it, by this name. */
function dissectPacket(bytes: Uint8Array, start: number, rest: string): Dissection {
  const ip = dissectIpv4(bytes, start, bytes.length)
  const transport = ip.isFirst ? TRANSPORTS[ip.protocol]?.(bytes, ip) : undefined
  const payloadStart = transport?.payloadStart ?? ip.payloadStart
  const payloadEnd = transport?.payloadEnd ?? ip.payloadEnd
  const quic =
    ip.protocol === PROTOCOL_UDP ? dissectQuic(bytes, payloadStart, payloadEnd, transport?.ports) : []
  const last = quic.at(-1)
  const dataStart = last ? last.offset + last.length : payloadStart
  const layers = [
    ip.field,
    ...(transport?.layers ?? []),
    ...quic,
    ...dataField('Data', bytes, dataStart, payloadEnd),
    ...dataField(rest, bytes, payloadEnd, bytes.length),
  ]
  const malformed = ip.field.text === 'cut short'
  const kinds = quic.length > 0 ? ` ${quic.map(({ name }) => name).join(', ')}` : ''
  return {
    summary: malformed ? 'not an IPv4 packet' : `${summarise(ip, transport, layers)}${kinds}`,
    layers,
  }
}
