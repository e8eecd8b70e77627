import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { encodeIcmp, icmpLength, type IcmpMessage } from '../../../../../electron/protocol/wire/icmp.ts'
import { dissect } from '../../../../../electron/protocol/wire/dissect/dissect.ts'
import { ACK, SYN } from '../../../../../electron/protocol/wire/tcp.ts'
import type { DissectedField } from '../../../../../shared/dissection.ts'
import { fromHex, ipv4Packet, RUNS, tcpPacket } from '../../../../support/packets.ts'

const SYN_ACK = tcpPacket({
  flags: SYN | ACK,
  sequence: 7,
  acknowledgment: 8,
  options: { mss: 1460, windowScale: 7, sackPermitted: true, timestamps: { value: 5, echo: 6 } },
})

const icmpPacket = (message: IcmpMessage) => {
  const bytes = new Uint8Array(icmpLength(message))
  encodeIcmp(message, bytes)
  return ipv4Packet(bytes, { protocol: 1 })
}

/** All fields, parents before children. */
const flat = (fields: readonly DissectedField[]): DissectedField[] =>
  fields.flatMap((field) => [field, ...flat(field.children ?? [])])

const fieldsOf = (bytes: Uint8Array) => flat(dissect(bytes).layers)
const find = (bytes: Uint8Array, name: string) => fieldsOf(bytes).find((field) => field.name === name)
const problemsOf = (bytes: Uint8Array) =>
  fieldsOf(bytes).flatMap(({ name, offset, problem }) =>
    problem ? [`${name} at ${offset}: ${problem}`] : [],
  )

const altered = (bytes: Uint8Array, at: number, value: number) => {
  const copy = bytes.slice()
  copy[at] = value
  return copy
}

describe('a whole packet', () => {
  it('has one line', () => {
    expect(dissect(SYN_ACK).summary).toBe(
      'TCP 10.77.0.1:40000 > 10.77.0.2:5001 [SYN, ACK] seq 7 ack 8 win 65535 len 0',
    )
    expect(dissect(ipv4Packet(fromHex('c000 0007 000b 66d1 616263'))).summary).toBe(
      'UDP 10.77.0.1:49152 > 10.77.0.2:7 len 3',
    )
    const ping = icmpPacket({ kind: 'echo_request', identifier: 1, sequence: 2, payload: new Uint8Array(4) })
    expect(dissect(ping).summary).toBe('ICMP 10.77.0.1 > 10.77.0.2 Echo request, id 1 seq 2')
    expect(dissect(ipv4Packet(new Uint8Array(4), { protocol: 89 })).summary).toBe(
      'protocol 89 10.77.0.1 > 10.77.0.2 len 4',
    )
  })

  it('has no problems', () => expect(problemsOf(SYN_ACK)).toEqual([]))

  it('has every field of IPv4 at its place (RFC 791 3.1)', () => {
    const [ip] = dissect(SYN_ACK).layers
    expect(ip.children?.map(({ name, text, offset, length }) => [name, text, offset, length])).toEqual([
      ['Version', '4', 0, 1],
      ['Header length', '20 bytes', 0, 1],
      ['Differentiated services', '0', 1, 1],
      ['Explicit congestion notification', 'Not-ECT', 1, 1],
      ['Total length', '60 bytes', 2, 2],
      ['Identification', '1 (0x0001)', 4, 2],
      ['Flags', "Don't fragment", 6, 1],
      ['Fragment offset', '0 bytes', 6, 2],
      ['Time to live', '64', 8, 1],
      ['Protocol', 'TCP (6)', 9, 1],
      ['Header checksum', expect.stringContaining('(correct)'), 10, 2],
      ['Source address', '10.77.0.1', 12, 4],
      ['Destination address', '10.77.0.2', 16, 4],
    ])
  })

  it('has every field of TCP at its place (RFC 9293 3.1)', () => {
    const [, tcp] = dissect(SYN_ACK).layers
    expect(tcp.children?.map(({ name, text, offset, length }) => [name, text, offset, length])).toEqual([
      ['Source port', '40000', 20, 2],
      ['Destination port', '5001', 22, 2],
      ['Sequence number', '7', 24, 4],
      ['Acknowledgment number', '8', 28, 4],
      ['Data offset', '40 bytes', 32, 1],
      ['Reserved', '0', 32, 1],
      ['Flags', 'SYN, ACK', 33, 1],
      ['Window', '65535 (not scaled)', 34, 2],
      ['Checksum', expect.stringContaining('(correct)'), 36, 2],
      ['Urgent pointer', '0', 38, 2],
      ['Options', '20 bytes', 40, 20],
    ])
    const options = find(SYN_ACK, 'Options')?.children
    expect(options?.map(({ name, text, offset, length }) => [name, text, offset, length])).toEqual([
      ['Maximum segment size', '1460 bytes', 40, 4],
      ['SACK permitted', '', 44, 2],
      ['Timestamps', 'value 5, echo reply 6', 46, 10],
      ['No-Operation', '', 56, 1],
      ['Window scale', '7 (times 128)', 57, 3],
    ])
    const flags = dissect(SYN_ACK).layers[1].children?.[6].children
    expect(flags?.filter(({ text }) => text === 'set').map(({ name }) => name)).toEqual(['ACK', 'SYN'])
  })

  it('shows SACK blocks, payload and what a link layer padded', () => {
    const packet = tcpPacket({ flags: ACK, options: { sack: [10, 20, 30, 40] }, payload: fromHex('616263') })
    expect(find(packet, 'SACK')?.text).toBe('10-20, 30-40')
    expect(find(packet, 'Data')).toEqual({ name: 'Data', text: '61 62 63', offset: 60, length: 3 })
    const padded = new Uint8Array(70)
    padded.set(packet)
    expect(find(padded, 'Trailer')).toMatchObject({ offset: 63, length: 7 })
    expect(problemsOf(padded)).toEqual([])
  })

  it('shows IPv4 options', () => {
    const packet = ipv4Packet(new Uint8Array(0), { protocol: 89, options: fromHex('94040000 01000000') })
    const options = find(packet, 'Options')?.children?.map(({ name, text, offset }) => [name, text, offset])
    expect(options).toEqual([
      ['Router alert', '00 00', 20],
      ['No-Operation', '', 24],
      ['End of option list', 'padding follows', 25],
    ])
  })
})

describe('an ICMP error', () => {
  it('shows the packet that it quotes, without blaming it for being cut', () => {
    const quoted = altered(SYN_ACK, 8, 1).subarray(0, 28)
    const packet = icmpPacket({ kind: 'destination_unreachable', code: 4, nextHopMtu: 1400, quoted })
    expect(dissect(packet).summary).toBe(
      'ICMP 10.77.0.1 > 10.77.0.2 Destination unreachable, fragmentation needed, mtu 1400',
    )
    expect(dissect(packet).layers.map(({ name, text, offset }) => [name, text, offset])).toEqual([
      ['IPv4', '10.77.0.1 > 10.77.0.2', 0],
      ['ICMP', 'Destination unreachable, fragmentation needed, mtu 1400', 20],
      ['Quoted IPv4', '10.77.0.1 > 10.77.0.2', 28],
      ['Quoted transport', '40000 > 5001', 48],
    ])
    expect(problemsOf(packet)).toEqual([])
  })
})

describe('a fragment', () => {
  it('has a transport header only if it is the first, whose checksum cannot be verified', () => {
    const first = ipv4Packet(SYN_ACK.subarray(20), { protocol: 6, moreFragments: true })
    expect(find(first, 'Checksum')?.text).toContain('(not verified)')
    const later = ipv4Packet(SYN_ACK.subarray(20), { protocol: 6, fragmentOffset: 80 })
    expect(dissect(later).layers.map(({ name }) => name)).toEqual(['IPv4', 'Data'])
    expect(dissect(later).summary).toBe('TCP 10.77.0.1 > 10.77.0.2 fragment')
  })
})

describe('what is malformed is shown where it is', () => {
  const udp = ipv4Packet(fromHex('c000 0007 000b 66d1 616263'))

  it.each([
    ['a wrong IP checksum', altered(SYN_ACK, 8, 63), /^Header checksum at 10: wrong, should be 0x/],
    ['a wrong TCP checksum', altered(SYN_ACK, 27, 9), /^Checksum at 36: wrong, should be 0x/],
    ['a wrong UDP checksum', altered(udp, 30, 9), /^Checksum at 26: wrong, should be 0x/],
    ['another version', altered(SYN_ACK, 0, 0x65), /^Version at 0: not 4/],
    ['a short header', altered(SYN_ACK, 0, 0x44), /^Header length at 0: less than 20 bytes/],
    [
      'a long header',
      altered(SYN_ACK.subarray(0, 40), 0, 0x4f),
      /^Header length at 0: longer than the packet/,
    ],
    ['a cut packet', SYN_ACK.subarray(0, 59), /^Total length at 2: 59 bytes are there/],
    [
      'a total length below the header',
      altered(SYN_ACK, 3, 19),
      /^Total length at 2: shorter than the header/,
    ],
    ['a bad data offset', altered(SYN_ACK, 32, 0x40), /^Data offset at 32: less than 20 bytes/],
    ['a far data offset', altered(SYN_ACK, 32, 0xf0), /^Data offset at 32: longer than the segment/],
    ['an option of length 0', altered(SYN_ACK, 41, 0), /^Option 2 at 40: length 0 is impossible/],
    ['an MSS of length 2', altered(SYN_ACK, 41, 2), /^Maximum segment size at 40: length 2 is wrong/],
    ['a UDP length below 8', altered(udp, 25, 7), /^Length at 24: less than 8 bytes/],
    ['a UDP length beyond the packet', altered(udp, 25, 12), /^Length at 24: longer than the packet/],
    ['a header that ends early', SYN_ACK.subarray(0, 14), /^Source address at 12: cut short: 2 of 4 bytes/],
  ])('%s', (_, bytes, problem) => {
    expect(problemsOf(bytes)).toContainEqual(expect.stringMatching(problem))
  })

  it('and counted in the summary', () => {
    expect(dissect(altered(SYN_ACK, 27, 9)).summary).toContain('(malformed: 1)')
    expect(dissect(new Uint8Array(3)).summary).toBe('not an IPv4 packet')
  })
})

describe('any bytes', () => {
  const isWithin = (field: DissectedField, length: number): boolean =>
    field.offset >= 0 && field.length >= 0 && field.offset + field.length <= length

  const check = (bytes: Uint8Array) => {
    for (const field of fieldsOf(bytes)) expect(isWithin(field, bytes.length)).toBe(true)
  }

  it('give fields that lie within them', () => {
    fc.assert(fc.property(fc.uint8Array({ maxLength: 200 }), check), { numRuns: RUNS })
  })

  it('give fields that lie within them, when they start like a packet', () => {
    const start = fc.constantFrom(1, 6, 17).map((protocol) => ipv4Packet(new Uint8Array(60), { protocol }))
    const edits = fc.array(fc.tuple(fc.nat(79), fc.nat(255)), { maxLength: 8 })
    fc.assert(
      fc.property(start, edits, fc.nat(80), (bytes, changes, length) => {
        for (const [at, value] of changes) bytes[at] = value
        check(bytes.subarray(0, length))
      }),
      { numRuns: RUNS },
    )
  })
})
