/** The fields of an ARP message (RFC 826). */
import type { DissectedField } from '../../../../shared/dissection.ts'
import { formatAddress } from '../address.ts'
import { ARP_LENGTH, ARP_REPLY, ARP_REQUEST, HARDWARE_ETHERNET } from '../arp.ts'
import { ETHERTYPE_IPV4, formatMac } from '../ethernet.ts'
import { hex, LayerReader } from './reader.ts'

const OPERATIONS: Readonly<Record<number, string>> = { [ARP_REQUEST]: 'request', [ARP_REPLY]: 'reply' }

/** Notes a number of which there is only one that makes sense here. */
function noteOnly(
  reader: LayerReader,
  name: string,
  [at, size, only]: readonly [number, number, number],
  text: string,
): void {
  const value = reader.peek(at, size)
  if (value === only) reader.note(name, at, size, text)
  else reader.note(name, at, size, hex(value, size * 2), { problem: `not ${text}` })
}

/** The message in a frame's data, and what a packet table says of it. */
export function dissectArp(
  frame: Uint8Array,
  start: number,
): { readonly field: DissectedField; readonly end: number; readonly words: string } {
  const end = Math.min(start + ARP_LENGTH, frame.length)
  const reader = new LayerReader(frame, start, end)
  noteOnly(reader, 'Hardware type', [0, 2, HARDWARE_ETHERNET], '1 (Ethernet)')
  noteOnly(reader, 'Protocol type', [2, 2, ETHERTYPE_IPV4], '0x0800 (IPv4)')
  noteOnly(reader, 'Hardware address length', [4, 1, 6], '6')
  noteOnly(reader, 'Protocol address length', [5, 1, 4], '4')
  const operation = reader.peek(6, 2)
  const name = OPERATIONS[operation]
  const unknown = name === undefined ? { problem: 'neither request nor reply' } : {}
  reader.note('Operation', 6, 2, `${operation} (${name ?? 'unknown'})`, unknown)
  const senderMac = reader.number('Sender hardware address', 8, 6, formatMac)
  const sender = reader.number('Sender protocol address', 14, 4, formatAddress)
  reader.number('Target hardware address', 18, 6, formatMac)
  const target = reader.number('Target protocol address', 24, 4, formatAddress)
  const meaning =
    operation === ARP_REQUEST
      ? `who has ${formatAddress(target)}? tell ${formatAddress(sender)}`
      : `${formatAddress(sender)} is at ${formatMac(senderMac)}`
  const words = reader.cut ? 'cut short' : name === undefined ? `operation ${operation}` : meaning
  return { field: reader.layer('ARP', words), end, words }
}
