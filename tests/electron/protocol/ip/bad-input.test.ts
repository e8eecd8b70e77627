/** What no honest host or network sends: fragments, ICMP errors and headers that are counted, explained, and do no harm. */
import fc from 'fast-check'
import { describe, expect } from 'vitest'
import { encodeIcmp, icmpLength, type IcmpMessage } from '../../../../electron/protocol/wire/icmp.ts'
import { fragmentIpv4 } from '../../../../electron/protocol/wire/fragment.ts'
import type { Ipv4Header } from '../../../../electron/protocol/wire/ipv4.ts'
import { micros } from '../../../../shared/units.ts'
import { HostLab } from '../../../support/host-lab.ts'
import { CLIENT, fromHex, ipv4Packet, RUNS, SERVER } from '../../../support/packets.ts'
import { rule } from '../../../support/rule.ts'

const counted = (length: number, from = 0) => new Uint8Array(length).map((_, i) => from + i)

/** A fragment of a datagram whose payload is 0, 1, 2 ... */
const piece = (start: number, length: number, more: boolean, header: Partial<Ipv4Header> = {}) =>
  ipv4Packet(counted(length, start), { fragmentOffset: start, moreFragments: more, ...header })

/** A UDP datagram to port 9 with so many bytes of payload, without checksum, in fragments of `mtu`. */
function datagram(length: number, mtu: number, header: Partial<Ipv4Header> = {}): readonly Uint8Array[] {
  const bytes = new Uint8Array(8 + length).fill(7)
  bytes.set(fromHex('c000 0009'))
  new DataView(bytes.buffer).setUint16(4, bytes.length)
  bytes[6] = bytes[7] = 0
  const cut = fragmentIpv4(ipv4Packet(bytes, header), mtu)
  if (!cut.ok) throw new Error(cut.error.reason)
  return cut.value
}

const icmpPacket = (message: IcmpMessage, header: Partial<Ipv4Header> = {}): Uint8Array => {
  const bytes = new Uint8Array(icmpLength(message))
  encodeIcmp(message, bytes)
  return ipv4Packet(bytes, { protocol: 1, ...header })
}

/** What the server makes of packets in this order. */
function taken(...packets: readonly Uint8Array[]) {
  const lab = new HostLab()
  lab.server.bindUdp(9)
  for (const packet of packets) lab.arrive(lab.server, packet)
  return {
    lab,
    told: () => lab.toldOf(lab.server),
    rejected: () => lab.events('ip:packet_rejected').map(({ data }) => data),
    abandoned: () => lab.events('ip:reassembly_abandoned').map(({ data }) => data.reason),
    ignored: () => lab.events('icmp:error_ignored').map(({ data }) => data.reason),
  }
}

describe('fragments', () => {
  rule(791, '3.2', 'fragments in any order make the datagram again', () => {
    const pieces = datagram(3_000, 600)
    const { told } = taken(...pieces.toReversed())
    expect(told()).toMatchObject([{ type: 'datagram', localPort: 9, payload: new Uint8Array(3_000).fill(7) }])
  })

  rule(815, '3', 'a copy of a fragment that is there fills no hole, and does no harm', () => {
    const [first, ...others] = datagram(1_000, 600)
    const { told, rejected } = taken(first, first, ...others)
    expect(rejected()).toMatchObject([{ layer: 'ipv4', reason: 'fragment_duplicate', offset: 6 }])
    expect(told().length).toBe(1)
  })

  rule(5722, '3', 'fragments that overlap give up the whole datagram, and what still comes of it', () => {
    const { told, abandoned, rejected } = taken(piece(0, 16, true), piece(8, 16, true), piece(24, 8, false))
    expect(abandoned()).toEqual(['overlap'])
    expect(rejected().map(({ reason }) => reason)).toEqual(['fragment_abandoned', 'fragment_abandoned'])
    expect(told()).toEqual([])
  })

  rule(791, '3.2', 'a fragment that lies within another (teardrop) gives the datagram up', () => {
    const { abandoned } = taken(piece(0, 40, true), piece(24, 8, false))
    expect(abandoned()).toEqual(['overlap'])
  })

  rule(791, '3.2', 'a datagram that would be longer than 65,535 bytes (ping of death) is given up', () => {
    const { abandoned, told } = taken(piece(65_528, 200, false))
    expect(abandoned()).toEqual(['too_long'])
    expect(told()).toEqual([])
  })

  rule(791, '3.2', 'two last fragments that differ in where the end is contradict each other', () => {
    expect(taken(piece(16, 8, false), piece(24, 8, false)).abandoned()).toEqual(['overlap'])
  })

  rule(
    791,
    '3.2',
    'a fragment in the middle that is no multiple of eight bytes, or empty, is not taken',
    () => {
      const { rejected } = taken(piece(0, 12, true), piece(8, 0, false))
      expect(rejected().map(({ reason }) => reason)).toEqual([
        'fragment_bad_fragment',
        'fragment_bad_fragment',
      ])
    },
  )

  rule(
    1122,
    '3.3.2',
    'a datagram that never completes is given up after a minute, and its sender told if the first fragment came',
    () => {
      const [first] = datagram(2_000, 600)
      const { lab, abandoned } = taken(first)
      lab.run(59.9e6)
      expect(abandoned()).toEqual([])
      lab.run(61e6)
      expect(abandoned()).toEqual(['timeout'])
      expect(lab.events('icmp:message_sent').map(({ data }) => [data.type, data.code])).toEqual([[11, 1]])
    },
  )

  rule(1122, '3.3.2', 'nobody is told of a datagram whose first fragment is missing', () => {
    const { lab, abandoned } = taken(datagram(2_000, 600)[1])
    lab.run(61e6)
    expect(abandoned()).toEqual(['timeout'])
    expect(lab.events('icmp:message_sent')).toEqual([])
  })

  rule(1122, '3.3.2', 'too many unfinished datagrams take no more memory: the oldest are given up', () => {
    const lab = new HostLab({ server: { reassembly: { timeout: micros(60e6), memory: 20_000 } } })
    for (let identification = 0; identification < 1_000; identification++)
      lab.arrive(lab.server, piece(0, 800, true, { identification }))
    const reasons = lab.events('ip:reassembly_abandoned').map(({ data }) => data.reason)
    expect(new Set(reasons)).toEqual(new Set(['too_many']))
    expect(reasons.length).toBeGreaterThan(970)
  })

  rule(791, '3.2', 'only fragments that lie side by side without contradiction make a datagram', () => {
    const anyPiece = fc.record({
      start: fc.nat(6).map((eighths) => eighths * 8),
      length: fc.oneof(fc.constantFrom(8, 16, 24), fc.nat(20)),
      more: fc.boolean(),
      fill: fc.constantFrom(1, 1, 1, 2),
    })
    fc.assert(
      fc.property(fc.array(anyPiece, { maxLength: 12 }), (any) => {
        const pieces = any.filter(({ start, more }) => more || start > 0)
        const packets = pieces.map(({ start, length, more, fill }) =>
          ipv4Packet(new Uint8Array(length).fill(fill), {
            ...{ protocol: 89, fragmentOffset: start, moreFragments: more },
          }),
        )
        const { lab } = taken(...packets)
        const sizes = lab.events('ip:reassembly_finished').map(({ data }) => data.size)
        expect(sizes).toEqual(wholeSizes(pieces))
      }),
      { numRuns: RUNS },
    )
  })
})

interface Piece {
  readonly start: number
  readonly length: number
  readonly more: boolean
  readonly fill: number
}

/** The same, octet by octet: the lengths of the datagrams that come out, headers included. */
function wholeSizes(pieces: readonly Piece[]): number[] {
  const sizes: number[] = []
  let taken: Piece[] = []
  let isDead = false
  for (const piece of pieces) {
    const { start, length, more, fill } = piece
    if (length === 0 || (more && length % 8 !== 0) || isDead) continue
    if (taken.some((one) => one.start === start && one.length === length && one.fill === fill)) continue
    const octets = taken.flatMap((one) => Array.from({ length: one.length }, (_, i) => one.start + i))
    const last = taken.find((one) => !one.more)
    const end = last && last.start + last.length
    isDead =
      octets.some((octet) => octet >= start && octet < start + length) ||
      (end !== undefined && (!more || start + length > end)) ||
      (!more && octets.some((octet) => octet > start))
    if (isDead) continue
    taken.push(piece)
    const total = more ? end : start + length
    if (total === undefined || octets.length + length !== total) continue
    sizes.push(20 + total)
    taken = []
  }
  return sizes
}

describe('ICMP errors', () => {
  const unreachable = (quoted: Uint8Array, code = 3): Uint8Array =>
    icmpPacket({ kind: 'destination_unreachable', code, nextHopMtu: 0, quoted })
  const own = (payload: Uint8Array, header: Partial<Ipv4Header> = {}) =>
    ipv4Packet(payload, { source: SERVER, destination: CLIENT, ...header })

  rule(
    792,
    'destination unreachable',
    'an ICMP error about a datagram from an open port is told to its program',
    () => {
      const { told } = taken(unreachable(own(fromHex('0009 c000 0008 0000'))))
      expect(told()).toMatchObject([
        { type: 'icmp_error', quoted: { sourcePort: 9, destinationPort: 0xc000 } },
      ])
    },
  )

  rule(1122, '3.2.2', 'an ICMP error that quotes a packet of somebody else is ignored', () => {
    const { told, ignored } = taken(unreachable(ipv4Packet(fromHex('0009 c000 0008 0000'))))
    expect([told(), ignored()]).toEqual([[], ['not_ours']])
  })

  rule(1122, '4.1.3.3', 'an ICMP error about a UDP port that is not open is ignored', () => {
    const { told, ignored } = taken(unreachable(own(fromHex('000a c000 0008 0000'))))
    expect([told(), ignored()]).toEqual([[], ['not_ours']])
  })

  rule(5927, '4', 'an ICMP error about a connection that is not there is ignored', () => {
    const { lab, ignored } = taken(unreachable(own(fromHex('0009 c000 0000 0001'), { protocol: 6 })))
    expect(ignored()).toEqual(['no_connection'])
    expect(lab.events('tcp:connection_closed')).toEqual([])
  })

  rule(1122, '3.2.2', 'an ICMP error that quotes less than a header and eight bytes is not taken', () => {
    const whole = own(fromHex('0009 c000 0008 0000'))
    for (const length of [0, 1, 19, 20, 27]) {
      const { told, rejected } = taken(unreachable(whole.subarray(0, length)))
      expect(told()).toEqual([])
      expect(rejected()).toMatchObject([{ layer: 'icmp', reason: 'malformed_quote', offset: 28 }])
    }
  })

  rule(792, 'checksum', 'an ICMP message with a wrong checksum is not taken', () => {
    const packet = unreachable(own(fromHex('0009 c000 0008 0000')))
    packet[22] ^= 1
    const { told, rejected } = taken(packet)
    expect(told()).toEqual([])
    expect(rejected()).toMatchObject([{ layer: 'icmp', reason: 'bad_checksum', offset: 22 }])
  })

  rule(792, 'echo reply', 'an echo reply that nobody asked for is not taken', () => {
    const reply = { kind: 'echo_reply', identifier: 1, sequence: 1, payload: new Uint8Array(0) } as const
    const { told, rejected } = taken(icmpPacket(reply))
    expect(told()).toEqual([])
    expect(rejected()).toMatchObject([{ layer: 'icmp', reason: 'no_request' }])
  })

  rule(1122, '3.2.2', 'no ICMP error is answered with one', () => {
    const { lab } = taken(
      unreachable(fromHex('00')),
      icmpPacket({ kind: 'time_exceeded', code: 1, quoted: own(counted(8)) }),
    )
    lab.run()
    expect(lab.sent).toEqual([])
  })
})

describe('headers (RFC 1812 5.2.2, RFC 1122 3.2.1)', () => {
  const packet = () => datagram(20, 1_500)[0].slice()
  const spoilt = (change: (bytes: Uint8Array) => void): Uint8Array => {
    const bytes = packet()
    change(bytes)
    return bytes
  }

  rule(1122, '3.2.1.2', 'a wrong checksum of the IP header is found', () => {
    const { told, rejected } = taken(spoilt((bytes) => (bytes[8] ^= 1)))
    expect(told()).toEqual([])
    expect(rejected()).toMatchObject([{ layer: 'ipv4', reason: 'bad_checksum', offset: 10 }])
  })

  rule(1122, '3.2.1.1', 'another version than 4 is not taken', () => {
    const { rejected } = taken(spoilt((bytes) => (bytes[0] = 0x65)))
    expect(rejected()).toMatchObject([{ reason: 'bad_version', offset: 0 }])
  })

  rule(1812, '5.2.2', 'lengths in an IP header that contradict each other are found', () => {
    const reasons = (change: (bytes: Uint8Array) => void) => taken(spoilt(change)).rejected()
    expect(reasons((bytes) => (bytes[0] = 0x44))).toMatchObject([{ reason: 'bad_header_length' }])
    expect(reasons((bytes) => bytes.set([0, 10], 2))).toMatchObject([{ reason: 'bad_total_length' }])
    expect(reasons((bytes) => bytes.set([9, 0], 2))).toMatchObject([{ reason: 'truncated' }])
  })

  rule(1122, '3.2.1.3', 'a source that is no single host, or our own address, is not taken', () => {
    for (const source of [0, 0xffff_ffff, 0xe000_0001, SERVER])
      expect(taken(datagram(20, 1_500, { source })[0]).rejected()).toMatchObject([
        { reason: 'bad_source', offset: 12 },
      ])
  })
})
