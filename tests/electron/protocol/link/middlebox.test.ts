/** What a box on the way makes of TCP options that it does not know (RFC 3234), and of packets that it cannot read. */
import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { encodeUdp, udpLength } from '../../../../electron/protocol/wire/udp.ts'
import { decodeIpv4 } from '../../../../electron/protocol/wire/ipv4.ts'
import {
  ACK,
  decodeTcp,
  SYN,
  type TcpOptions,
  type TcpSegment,
} from '../../../../electron/protocol/wire/tcp.ts'
import { LinkLab } from '../../../support/link-lab.ts'
import { CLIENT, ipv4Packet, RUNS, SERVER, tcpPacket } from '../../../support/packets.ts'

const EXPERIMENT = { kind: 253, data: Uint8Array.of(0x52, 0x58) }
const USUAL: TcpOptions = {
  mss: 1_460,
  windowScale: 7,
  sackPermitted: true,
  timestamps: { value: 0x01020304, echo: 9 },
}
const behind = (unknownTcpOptions: 'pass' | 'strip' | 'drop') =>
  new LinkLab({ up: { middlebox: { unknownTcpOptions } } })

/** The segment that came out; fails if a checksum is bad. */
function segmentIn(bytes: Uint8Array): TcpSegment {
  const ip = decodeIpv4(bytes)
  if (!ip.ok) throw new Error(ip.error.reason)
  const { headerLength, totalLength, source, destination } = ip.value
  const tcp = decodeTcp(bytes, headerLength, totalLength - headerLength, source, destination)
  if (!tcp.ok) throw new Error(tcp.error.reason)
  return tcp.value
}

describe('strip', () => {
  test('unknown options become NOPs, what is known stays, the checksum is right', () => {
    const lab = behind('strip')
    const sent = tcpPacket({ flags: SYN, options: { ...USUAL, unknown: [EXPERIMENT] } })
    lab.send(0, sent)
    const [{ bytes }] = lab.arrivals
    expect(segmentIn(bytes).options).toEqual(USUAL)
    expect(bytes.length).toBe(sent.length)
    expect(lab.of('link:packet_rewritten')).toMatchObject([
      { pkt: 1, data: { direction: 0, offset: 60, length: 4, what: 'tcp_option 253' } },
    ])
    expect(lab.drops()).toEqual([])
  })

  test('the packet that was sent stays as it was', () => {
    const sent = tcpPacket({ flags: SYN, options: { unknown: [EXPERIMENT] } })
    const before = sent.slice()
    behind('strip').send(0, sent)
    expect(sent).toEqual(before)
  })

  test('whatever the options are and wherever they lie, the rest of the segment is untouched', () => {
    const option = fc.record({
      kind: fc.integer({ min: 9, max: 255 }),
      data: fc.uint8Array({ maxLength: 5 }),
    })
    fc.assert(
      fc.property(
        fc.array(option, { maxLength: 3 }),
        fc.uint8Array({ maxLength: 33 }),
        fc.boolean(),
        (unknown, payload, timestamps) => {
          const known: TcpOptions = timestamps ? { timestamps: USUAL.timestamps } : { mss: 500 }
          const lab = behind('strip')
          lab.send(0, tcpPacket({ flags: ACK, options: { ...known, unknown }, payload }))
          const segment = segmentIn(lab.arrivals[0].bytes)
          expect(segment.options).toEqual(known)
          expect(segment.payload).toEqual(payload)
          expect(lab.of('link:packet_rewritten')).toHaveLength(unknown.length)
        },
      ),
      { numRuns: RUNS },
    )
  })

  test('the other direction has a box of its own', () => {
    const lab = behind('strip')
    lab.send(0, tcpPacket({ flags: SYN | ACK, options: { unknown: [EXPERIMENT] } }), 1)
    expect(segmentIn(lab.arrivals[0].bytes).options.unknown).toEqual([EXPERIMENT])
  })
})

describe('drop', () => {
  test('the segment with an unknown option dies, others pass', () => {
    const lab = behind('drop')
    lab.send(0, tcpPacket({ flags: SYN, options: { ...USUAL, unknown: [EXPERIMENT] } }))
    lab.send(1, tcpPacket({ flags: SYN, options: USUAL }))
    expect(lab.drops()).toEqual([[1, 'middlebox']])
    expect(lab.arrivals.map(({ id }) => id)).toEqual([2])
  })
})

describe.each(['pass', 'strip', 'drop'] as const)('%s lets alone', (mode) => {
  const payload = Uint8Array.from({ length: 40 }, (_, i) => 253 - i)
  const datagram = { sourcePort: 40_000, destinationPort: 443, payload }
  const udp = new Uint8Array(udpLength(datagram))
  encodeUdp(datagram, udp, 0, CLIENT, SERVER)
  const lying = tcpPacket({ flags: SYN, options: { unknown: [EXPERIMENT] } })
  lying[41] = 200

  test.each([
    ['UDP, such as QUIC', ipv4Packet(udp, { protocol: 17 })],
    ['a segment without options', tcpPacket({ flags: ACK, payload })],
    ['an option longer than the header', lying],
    ['what is no IPv4', new Uint8Array(30).fill(253)],
  ])('%s', (_, bytes) => {
    const lab = behind(mode)
    lab.send(0, bytes)
    expect(lab.arrivals[0].bytes).toEqual(bytes)
    expect(lab.of('link:packet_rewritten')).toEqual([])
  })
})
