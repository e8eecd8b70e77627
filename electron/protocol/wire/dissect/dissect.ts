/** Any bytes as the fields of an IPv4 packet. */
import type { DissectedField, Dissection } from '../../../../shared/dissection.ts'
import { formatAddress, formatEndpoint } from '../address.ts'
import { PROTOCOL_ICMP, PROTOCOL_TCP, PROTOCOL_UDP } from '../ipv4.ts'
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

function summarise(ip: Ipv4Layer, transport: TransportLayer | undefined, problems: number): string {
  const { ports } = transport ?? {}
  const from = ports ? formatEndpoint(ip.source, ports.source) : formatAddress(ip.source)
  const to = ports ? formatEndpoint(ip.destination, ports.destination) : formatAddress(ip.destination)
  const words = transport?.words ?? (ip.isFirst ? `len ${ip.payloadEnd - ip.payloadStart}` : 'fragment')
  const broken = problems === 0 ? '' : ` (malformed: ${problems})`
  return `${protocolName(ip.protocol)} ${from} > ${to} ${words}${broken}`
}

const countProblems = (fields: readonly DissectedField[]): number =>
  fields.reduce((n, { problem, children }) => n + (problem ? 1 : 0) + countProblems(children ?? []), 0)

/**
 * All fields of the IPv4 packet in `bytes`, each with its place and with what is wrong with it. Total: any bytes
 * give an answer, and each field lies within them. Never a judgement of what a host would do with the packet.
 */
export function dissect(bytes: Uint8Array): Dissection {
  const ip = dissectIpv4(bytes, 0, bytes.length)
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
    ...dataField('Trailer', bytes, payloadEnd, bytes.length),
  ]
  const problems = countProblems(layers)
  const malformed = ip.field.text === 'cut short'
  const kinds = quic.length > 0 ? ` ${quic.map(({ name }) => name).join(', ')}` : ''
  return {
    summary: malformed ? 'not an IPv4 packet' : `${summarise(ip, transport, problems)}${kinds}`,
    layers,
  }
}
