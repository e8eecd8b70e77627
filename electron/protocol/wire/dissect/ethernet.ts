/** The fields of an Ethernet header (IEEE 802.3 3.1.1). */
import type { DissectedField } from '../../../../shared/dissection.ts'
import {
  ETHERNET_HEADER,
  ETHERTYPE_ARP,
  ETHERTYPE_IPV4,
  formatMac,
  isGroupMac,
  type MacAddress,
} from '../ethernet.ts'
import { hex, LayerReader } from './reader.ts'

export interface EthernetLayer {
  readonly field: DissectedField
  /** 0: the header is cut short. */
  readonly etherType: number
  readonly dataStart: number
  /** Who sends to whom. */
  readonly words: string
}

const TYPES: Readonly<Record<number, string>> = { [ETHERTYPE_IPV4]: 'IPv4', [ETHERTYPE_ARP]: 'ARP' }

const typeName = (etherType: number): string => TYPES[etherType] ?? 'unknown'

function noteAddress(reader: LayerReader, name: string, at: number, mayBeGroup: boolean): MacAddress {
  const mac = reader.peek(at, 6)
  const problem = !mayBeGroup && isGroupMac(mac) ? { problem: 'the address of many stations' } : {}
  reader.note(name, at, 6, formatMac(mac), problem)
  return mac
}

/** The header at the start of a frame. */
export function dissectEthernet(frame: Uint8Array): EthernetLayer {
  const end = Math.min(ETHERNET_HEADER, frame.length)
  const reader = new LayerReader(frame, 0, end)
  const destination = noteAddress(reader, 'Destination', 0, true)
  const source = noteAddress(reader, 'Source', 6, false)
  const etherType = reader.number('EtherType', 12, 2, (type) => `${hex(type, 4)} (${typeName(type)})`)
  const words = `${formatMac(source)} > ${formatMac(destination)}`
  return {
    field: reader.layer('Ethernet', reader.cut ? 'cut short' : words),
    etherType: reader.cut ? 0 : etherType,
    dataStart: end,
    words,
  }
}
