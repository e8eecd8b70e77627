/** A link that carries Ethernet frames does to the packets in them what another does to bare packets. */
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { ethernetFrame, ETHERTYPE_IPV4, macOf } from '../../../../electron/protocol/wire/ethernet.ts'
import { encodeUdp, udpLength } from '../../../../electron/protocol/wire/udp.ts'
import type { DirectionInput } from '../../../../shared/link.ts'
import { LinkLab } from '../../../support/link-lab.ts'
import { arpFrame, wordsOf } from '../../../support/node-lab.ts'
import { anyTcpSegment, CLIENT, ipv4Packet, RUNS, SERVER, tcpPacket } from '../../../support/packets.ts'

const HEADER = 14
const ends = { source: macOf(CLIENT), destination: macOf(SERVER), etherType: ETHERTYPE_IPV4 }
const framed = (packet: Uint8Array): Uint8Array => ethernetFrame(ends, packet)

function udpPacket(size: number): Uint8Array {
  const datagram = { sourcePort: 4000, destinationPort: 53, payload: new Uint8Array(size).fill(5) }
  const bytes = new Uint8Array(udpLength(datagram))
  encodeUdp(datagram, bytes, 0, CLIENT, SERVER)
  return ipv4Packet(bytes, { ecn: 2 })
}

const anyPacket = fc.oneof(
  fc.tuple(anyTcpSegment, fc.nat(3)).map(([segment, ecn]) => tcpPacket(segment, { ecn })),
  fc.integer({ min: 0, max: 1400 }).map(udpPacket),
  fc.uint8Array({ minLength: 8, maxLength: 60 }).map((data) => ipv4Packet(data, { protocol: 1 })),
  fc
    .uint8Array({ minLength: 8, maxLength: 60 })
    .map((data) => ipv4Packet(data, { fragmentOffset: 64, protocol: 17 })),
)

/** What looks into packets, and what changes them. */
const anySettings: fc.Arbitrary<DirectionInput> = fc.record({
  udpBlocked: fc.boolean(),
  mtu: fc.constantFrom(300, 1500),
  corrupt: fc.record({ rate: fc.constantFrom(0, 0.5, 1), repair: fc.boolean() }),
  loss: fc.record({ rate: fc.constantFrom(0, 0.5) }),
  markInsteadOfDrop: fc.boolean(),
  duplicate: fc.record({ rate: fc.constantFrom(0, 0.5) }),
  middlebox: fc.record({ unknownTcpOptions: fc.constantFrom('pass', 'strip', 'drop') }),
  rebind: fc.constantFrom({}, { at: 1, address: '10.77.0.77', portShift: 3 }),
  dropMatching: fc.constantFrom(
    [],
    [{ match: { flags: ['syn' as const] } }],
    [{ match: { port: 53 }, ordinals: [2] }],
  ),
})

describe('whatever the link is told to do', () => {
  it('comes out the same, with and without frames', () => {
    fc.assert(
      fc.property(anySettings, fc.array(anyPacket, { minLength: 1, maxLength: 12 }), (up, packets) => {
        const bare = new LinkLab({ up: { ...up, delay: 10 } })
        const ethernet = new LinkLab({ up: { ...up, delay: 10 } }, 1, true)
        for (const [i, packet] of packets.entries()) {
          bare.send(i * 100 + 1, packet)
          ethernet.send(i * 100 + 1, framed(packet))
        }
        const packetsOut = bare.drain().arrivals
        // Its padding is cut off by the length that it has bare: that in its header may have been corrupted.
        const unframed = (frame: Uint8Array, i: number): Uint8Array =>
          frame.subarray(HEADER, HEADER + (packetsOut[i]?.bytes.length ?? 0))
        const framesOut = ethernet
          .drain()
          .arrivals.map((out, i) => ({ ...out, bytes: unframed(out.bytes, i) }))
        expect(framesOut).toEqual(packetsOut)
        expect(ethernet.drops()).toEqual(bare.drops())
        const names = (lab: LinkLab) => lab.events.map(({ name, pkt, t }) => [name, pkt, t])
        expect(names(ethernet)).toEqual(names(bare))
      }),
      { numRuns: Math.min(RUNS, 2_000) },
    )
  })

  it('leaves the header of the frame alone, but for errors, which go back', () => {
    const lab = new LinkLab({ up: { mtu: 300, corrupt: { rate: 1 } } }, 1, true)
    lab.send(0, framed(udpPacket(700)))
    lab.send(0, framed(tcpPacket({ payload: new Uint8Array(400) }, { dontFragment: true })))
    const headers = lab.drain().arrivals.map(({ port, bytes }) => `${port} ${wordsOf(bytes)}`)
    expect(headers.slice(0, 3).every((words) => words.startsWith('1 UDP 10.77.0.1'))).toBe(true)
    expect(headers[3]).toContain(
      '0 ICMP 10.77.255.254 > 10.77.0.1 Destination unreachable, fragmentation needed',
    )
    const macs = lab.arrivals.map(({ bytes }) => Buffer.from(bytes.subarray(0, 12)).toString('hex'))
    expect(macs).toEqual([...Array<string>(3).fill('02000a4d000202000a4d0001'), '02000a4d000102000a4d0002'])
  })
})

describe('sizes', () => {
  it('count the header of the frame for rate and queue', () => {
    const lab = new LinkLab(
      { up: { rate: { limit: 8_000_000 }, queue: { unit: 'bytes', limit: 2_500 } } },
      1,
      true,
    )
    const packet = udpPacket(972)
    for (let i = 0; i < 4; i++) lab.send(0, framed(packet))
    expect(packet.length).toBe(1000)
    expect(lab.drain().arrivals.map(({ t }) => t)).toEqual([1014, 2028, 3042])
    expect(lab.drops()).toEqual([[4, 'queue_full']])
  })

  it('hold the packet, not the frame, against the MTU', () => {
    const lab = new LinkLab({ up: { mtu: 1000 } }, 1, true)
    lab.send(0, framed(udpPacket(972)))
    lab.send(0, framed(udpPacket(973)))
    expect(lab.drain().arrivals).toHaveLength(3)
  })
})

describe('ARP', () => {
  const request = arpFrame({ mac: macOf(CLIENT), address: CLIENT }, SERVER)

  it('may be lost like anything', () => {
    const lab = new LinkLab({ up: { drop: [1] } }, 1, true)
    lab.send(0, request)
    lab.send(0, request)
    expect(lab.drain().arrivals).toHaveLength(1)
    expect(lab.drops()).toEqual([[1, 'listed']])
  })

  it('is never corrupted, marked, translated or blocked: it is no IPv4 packet', () => {
    const up: DirectionInput = {
      ...{ corrupt: { rate: 1 }, udpBlocked: true, middlebox: { unknownTcpOptions: 'drop' } },
      rebind: { at: 1, address: '10.77.0.77' },
    }
    const lab = new LinkLab({ up }, 1, true)
    for (let i = 1; i <= 20; i++) lab.send(i, request)
    expect(lab.drain().arrivals.map(({ bytes }) => bytes)).toEqual(Array<Uint8Array>(20).fill(request))
  })
})
