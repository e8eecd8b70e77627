/**
 * The headers of a packet as a router has them in its hands (`ip:packet_forwarded`), field by field: Ethernet (IEEE 802.3 3.2), IPv4
 * (RFC 791 3.1), and the first eight bytes of what follows. Total: bytes that are missing make fields that are missing.
 */

export type HeaderLayer = 'Ethernet' | 'IPv4' | 'TCP' | 'UDP' | 'ICMP' | 'ARP'

export interface HeaderField {
  readonly layer: HeaderLayer
  /** Standard term of the field. */
  readonly name: string
  readonly text: string
  /** Its bytes in hexadecimal. */
  readonly hex: string
}

/** A field before and after; `undefined`: it is not there. */
export interface HeaderChange {
  readonly layer: HeaderLayer
  readonly name: string
  readonly before: HeaderField | undefined
  readonly after: HeaderField | undefined
  readonly changed: boolean
}

/** Layer, term, length in bytes, and the words for its number or bytes. */
type FieldSpec = readonly [name: string, length: number, text: (hex: string) => string]

const decimal = (hex: string): string => String(parseInt(hex, 16))
const hexadecimal = (hex: string): string => `0x${hex}`
const mac = (hex: string): string => hex.match(/../g)?.join(':') ?? ''
const address = (hex: string): string => hex.match(/../g)?.map(decimal).join('.') ?? ''
const bits = (hex: string): string => parseInt(hex, 16).toString(2).padStart(8, '0')

const ETHER_TYPES: Readonly<Record<string, string>> = { '0800': 'IPv4', '0806': 'ARP' }
const PROTOCOLS: Readonly<Record<string, 'TCP' | 'UDP' | 'ICMP'>> = { '01': 'ICMP', '06': 'TCP', '11': 'UDP' }

/** Three flags and an offset in units of eight bytes share two bytes. */
function fragment(hex: string): string {
  const value = parseInt(hex, 16)
  const flags = [value & 0x4000 ? 'DF' : '', value & 0x2000 ? 'MF' : ''].filter(Boolean).join(' ')
  return `${flags || '–'}, ${(value & 0x1fff) * 8}`
}

const ETHERNET: readonly FieldSpec[] = [
  ['Destination', 6, mac],
  ['Source', 6, mac],
  ['EtherType', 2, (hex) => `0x${hex}${hex in ETHER_TYPES ? ` ${ETHER_TYPES[hex]}` : ''}`],
]
const IPV4: readonly FieldSpec[] = [
  ['Version, header length', 1, (hex) => `${hex[0]}, ${parseInt(hex[1] ?? '0', 16) * 4} B`],
  ['DSCP, ECN', 1, bits],
  ['Total length', 2, decimal],
  ['Identification', 2, hexadecimal],
  ['Flags, fragment offset', 2, fragment],
  ['Time to live', 1, decimal],
  ['Protocol', 1, (hex) => `${parseInt(hex, 16)}${hex in PROTOCOLS ? ` ${PROTOCOLS[hex]}` : ''}`],
  ['Header checksum', 2, hexadecimal],
  ['Source address', 4, address],
  ['Destination address', 4, address],
]
const BEYOND: Readonly<Record<'TCP' | 'UDP' | 'ICMP', readonly FieldSpec[]>> = {
  TCP: [
    ['Source port', 2, decimal],
    ['Destination port', 2, decimal],
    ['Sequence number', 4, decimal],
  ],
  UDP: [
    ['Source port', 2, decimal],
    ['Destination port', 2, decimal],
    ['Length', 2, decimal],
    ['Checksum', 2, hexadecimal],
  ],
  ICMP: [
    ['Type', 1, decimal],
    ['Code', 1, decimal],
    ['Checksum', 2, hexadecimal],
  ],
}
/** RFC 826, of Ethernet and IPv4. */
const ARP: readonly FieldSpec[] = [
  ['Hardware type', 2, decimal],
  ['Protocol type', 2, hexadecimal],
  ['Address lengths', 2, (hex) => `${decimal(hex.slice(0, 2))}, ${decimal(hex.slice(2))}`],
  ['Operation', 2, (hex) => ({ '0001': '1 request', '0002': '2 reply' })[hex] ?? decimal(hex)],
  ['Sender hardware address', 6, mac],
  ['Sender protocol address', 4, address],
  ['Target hardware address', 6, mac],
  ['Target protocol address', 4, address],
]

const ETHERNET_HEADER = 14
const IPV4_HEADER = 20

/** Reads headers from hexadecimal: beginning with Ethernet where there is one, else with IPv4. */
export function readHeaders(hex: string): HeaderField[] {
  const fields: HeaderField[] = []
  let at = 0
  const read = (layer: HeaderLayer, specs: readonly FieldSpec[]): void => {
    for (const [name, length, text] of specs) {
      const bytes = hex.slice(at, at + 2 * length)
      at += 2 * length
      if (bytes.length === 2 * length) fields.push({ layer, name, text: text(bytes), hex: bytes })
    }
  }
  if (!/^[0-9a-f]*$/.test(hex)) return []
  // The laboratory's stations have local addresses, which never begin as an IPv4 header does (IEEE 802 8.2).
  if (!/^4[5-9a-f]/.test(hex)) {
    read('Ethernet', ETHERNET)
    const type = hex.slice(2 * (ETHERNET_HEADER - 2), 2 * ETHERNET_HEADER)
    if (type === '0806') read('ARP', ARP)
    if (type !== '0800') return fields
  }
  const start = at
  read('IPv4', IPV4)
  at = start + 2 * Math.max(IPV4_HEADER, parseInt(hex[start + 1] ?? '5', 16) * 4)
  const protocol = PROTOCOLS[hex.slice(start + 18, start + 20)]
  // Of a fragment that is not the first, what follows is in the middle of its data.
  const isLater = (parseInt(hex.slice(start + 12, start + 16), 16) & 0x1fff) > 0
  if (protocol !== undefined && !isLater) read(protocol, BEYOND[protocol])
  return fields
}

/** Two readings side by side. */
export function compareHeaders(
  before: readonly HeaderField[],
  after: readonly HeaderField[],
): HeaderChange[] {
  const keyOf = ({ layer, name }: HeaderField): string => `${layer} ${name}`
  const later = new Map(after.map((field) => [keyOf(field), field]))
  const earlier = new Set(before.map(keyOf))
  const added = after.filter((field) => !earlier.has(keyOf(field)))
  return [
    ...before.map((field) => ({ field, before: field, after: later.get(keyOf(field)) })),
    ...added.map((field) => ({ field, before: undefined, after: field })),
  ].map(({ field: { layer, name }, before: one, after: other }) => ({
    layer,
    name,
    before: one,
    after: other,
    changed: one?.hex !== other?.hex,
  }))
}
