/** A router: RFC 1812 5 (forwarding) and 4.3 (ICMP), packet by packet. */
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { Router } from '../../../../electron/protocol/ip/router.ts'
import type { Route } from '../../../../electron/protocol/ip/routes.ts'
import { parseAddress } from '../../../../electron/protocol/wire/address.ts'
import { BROADCAST_MAC, macOf } from '../../../../electron/protocol/wire/ethernet.ts'
import {
  decodeIcmp,
  encodeIcmp,
  icmpLength,
  type IcmpMessage,
} from '../../../../electron/protocol/wire/icmp.ts'
import {
  decodeIpv4,
  decrementTtl,
  type Ipv4Header,
  type Ipv4Packet,
} from '../../../../electron/protocol/wire/ipv4.ts'
import { parsePrefix } from '../../../../electron/protocol/wire/prefix.ts'
import { Reassembler, REASSEMBLY_DEFAULTS } from '../../../../electron/protocol/wire/reassembly.ts'
import { micros } from '../../../../shared/units.ts'
import { arpFrame, destinationOf, frameOf, NodeLab, wordsOf, type Left } from '../../../support/node-lab.ts'
import { anyIpv4Header, ipv4Packet, payload, RUNS, tcpPacket } from '../../../support/packets.ts'
import { rule } from '../../../support/rule.ts'

const at = (text: string): number => parseAddress(text)!
const [WEST, EAST] = [at('10.77.0.1'), at('10.77.1.1')]
const [CLIENT, PEER, SERVER] = [at('10.77.0.10'), at('10.77.1.2'), at('10.77.2.20')]
const station = (address: number) => ({ mac: macOf(address), address })

const route = (to: string, via: number | undefined, index: number): Route => ({
  prefix: parsePrefix(to)!,
  via,
  interface: index,
})

interface Options {
  readonly mtu?: number
  readonly routes?: readonly Route[]
}

/** 10.77.0.1 on port 0, 10.77.1.1 on port 1, and 10.77.2.0/24 behind 10.77.1.2. */
function lab({ mtu = 1500, routes = [route('10.77.2.0/24', PEER, 1)] }: Options = {}) {
  const port = (index: number, address: number) => ({ index, address, mac: macOf(address), prefixLength: 24 })
  const interfaces = [
    { ...port(0, WEST), mtu: 1500 },
    { ...port(1, EAST), mtu },
  ]
  const net = new NodeLab((env) => new Router(env, { name: 'router', interfaces, routes }))
  return net
}

/** The same, knowing its neighbours. */
function known(options: Options = {}) {
  const net = lab(options)
  net.arrive(arpFrame(station(CLIENT), station(WEST)), 0)
  net.arrive(arpFrame(station(PEER), station(EAST)), 1)
  return net
}

const fromClient = (packet: Uint8Array): Uint8Array => frameOf(macOf(CLIENT), macOf(WEST), packet)
const packetTo = (destination: number, header: Partial<Ipv4Header> = {}, size = 100): Uint8Array =>
  ipv4Packet(new Uint8Array(size).fill(7), { source: CLIENT, destination, ...header })

function ipOf({ bytes }: Left): Ipv4Packet & { readonly payload: Uint8Array } {
  const read = decodeIpv4(bytes, 14)
  if (!read.ok) throw new Error(`no IPv4 packet: ${read.error.reason}`)
  const { headerLength, totalLength } = read.value
  return { ...read.value, payload: bytes.subarray(14 + headerLength, 14 + totalLength) }
}

function icmpOf(left: Left): IcmpMessage {
  const { payload: message } = ipOf(left)
  const read = decodeIcmp(message, 0, message.length)
  if (!read.ok) throw new Error(`no ICMP message: ${read.error.reason}`)
  return read.value
}

const icmpPacket = (message: IcmpMessage, header: Partial<Ipv4Header>): Uint8Array => {
  const bytes = new Uint8Array(icmpLength(message))
  encodeIcmp(message, bytes)
  return ipv4Packet(bytes, { source: CLIENT, protocol: 1, ...header })
}

describe('forwarding (5.2.1)', () => {
  rule(
    1812,
    '5.2.1.2',
    'a packet goes to the next hop with one hop less to live and all else as it was',
    () => {
      const net = known()
      const packet = packetTo(SERVER, { ttl: 9 })
      const [out, ...others] = net.arrive(fromClient(packet), 0)
      expect(others).toEqual([])
      expect(out).toMatchObject({ port: 1, id: net.lastArrived })
      expect(destinationOf(out.bytes)).toBe(macOf(PEER))
      const after = ipOf(out)
      expect(after).toMatchObject({ ttl: 8, source: CLIENT, destination: SERVER })
      const expected = packet.slice()
      decrementTtl(expected)
      expect(out.bytes.subarray(14)).toEqual(expected)
    },
  )

  it('tells of the headers before and after', () => {
    const net = known()
    const packet = packetTo(SERVER)
    const frame = fromClient(packet)
    const [out] = net.arrive(frame, 0)
    const hex = (bytes: Uint8Array) => Buffer.from(bytes.subarray(0, 14 + 20 + 8)).toString('hex')
    expect(net.of('ip:packet_forwarded')).toEqual([
      {
        ...{ in_interface: 0, out_interface: 1, prefix: '10.77.2.0/24', next_hop: '10.77.1.2' },
        ...{ ttl: 63, size: 120, before: hex(frame), after: hex(out.bytes) },
      },
    ])
  })

  it('sends to a host of its own networks directly', () => {
    const net = known()
    const [out] = net.arrive(fromClient(packetTo(PEER)), 0)
    expect(destinationOf(out.bytes)).toBe(macOf(PEER))
    expect(net.of('ip:packet_forwarded')).toMatchObject([{ prefix: '10.77.1.0/24', next_hop: '10.77.1.2' }])
  })

  rule(1812, '5.2.4.3', 'the longest prefix that fits is taken', () => {
    const other = at('10.77.0.99')
    const net = known({ routes: [route('0.0.0.0/0', PEER, 1), route('10.77.2.20/32', other, 0)] })
    net.arrive(arpFrame(station(other), station(WEST)), 0)
    expect(destinationOf(net.arrive(fromClient(packetTo(SERVER)), 0)[0].bytes)).toBe(macOf(other))
    expect(destinationOf(net.arrive(fromClient(packetTo(SERVER + 1)), 0)[0].bytes)).toBe(macOf(PEER))
  })

  it('asks for the next hop first, and tells of the packet when it leaves', () => {
    const net = lab()
    const [request, ...others] = net.arrive(fromClient(packetTo(SERVER)), 0)
    const id = net.lastArrived
    expect(others).toEqual([])
    expect(wordsOf(request.bytes)).toBe('ARP who has 10.77.1.2? tell 10.77.1.1')
    expect(net.of('ip:packet_forwarded')).toEqual([])
    const [out] = net.arrive(arpFrame(station(PEER), station(EAST)), 1)
    expect(out.id).toBe(id)
    expect(net.traced.find(({ name }) => name === 'ip:packet_forwarded')).toMatchObject({ pkt: id })
  })

  rule(1624, '3', 'a header checksum that is only updated stays valid', () => {
    fc.assert(
      fc.property(anyIpv4Header, payload(40), (header, data) => {
        const bytes = ipv4Packet(data, { ...header, ttl: Math.max(header.ttl, 1) })
        const ttl = bytes[8]
        decrementTtl(bytes)
        const read = decodeIpv4(bytes)
        expect(read.ok && read.value.ttl).toBe(ttl - 1)
      }),
      { numRuns: RUNS },
    )
  })

  it('goes by new routes from now on', () => {
    const net = known()
    net.node.setRoutes([])
    expect(icmpOf(net.arrive(fromClient(packetTo(SERVER)), 0)[0])).toMatchObject({ code: 0 })
    expect(net.arrive(fromClient(packetTo(PEER)), 0)[0].port).toBe(1)
  })
})

describe('time to live (5.3.1)', () => {
  it.each([0, 1])('%d: the packet goes no further, and its sender is told', (ttl) => {
    const net = known()
    const packet = packetTo(SERVER, { ttl })
    const [error, ...others] = net.arrive(fromClient(packet), 0)
    expect(others).toEqual([])
    expect(ipOf(error)).toMatchObject({ source: WEST, destination: CLIENT, dscp: 48 })
    expect(icmpOf(error)).toEqual({ kind: 'time_exceeded', code: 0, quoted: packet })
    expect(net.of('ip:packet_discarded')).toEqual([
      { reason: 'ttl_expired', size: 120, ttl, destination: '10.77.2.20' },
    ])
  })

  rule(1812, '4.3.2.4', 'an error comes from the address of the interface by which it leaves', () => {
    const net = known()
    const [toClient] = net.arrive(fromClient(packetTo(SERVER, { ttl: 1 })), 0)
    const fromServer = ipv4Packet(new Uint8Array(9), { source: SERVER, destination: CLIENT, ttl: 1 })
    const [toServer] = net.arrive(frameOf(macOf(PEER), macOf(EAST), fromServer), 1)
    expect([ipOf(toClient).source, ipOf(toServer).source]).toEqual([WEST, EAST])
  })

  rule(1812, '5.3.1', 'the time to live is no matter for what has arrived', () => {
    const net = known()
    const ping = { kind: 'echo_request', identifier: 5, sequence: 6, payload: new Uint8Array(9) } as const
    const [reply] = net.arrive(fromClient(icmpPacket(ping, { destination: WEST, ttl: 1 })), 0)
    expect(icmpOf(reply)).toEqual({ ...ping, kind: 'echo_reply' })
  })
})

describe('unreachable (4.3.3.1)', () => {
  rule(1812, '4.3.3.1', 'network unreachable where no route leads there', () => {
    const net = known()
    const [error] = net.arrive(fromClient(packetTo(at('192.0.2.1'))), 0)
    expect(icmpOf(error)).toMatchObject({ kind: 'destination_unreachable', code: 0 })
    expect(net.of('ip:packet_discarded')).toMatchObject([{ reason: 'no_route' }])
  })

  rule(1812, '5.2.7.1', 'host unreachable where nobody of its own network answers', () => {
    const net = known()
    net.arrive(fromClient(packetTo(at('10.77.1.9'))), 0)
    const error = net.runTo(10_000_000).at(-1)!
    expect(error.t).toBe(3_000_000)
    expect(icmpOf(error)).toMatchObject({ kind: 'destination_unreachable', code: 1 })
    expect(net.of('ip:packet_discarded')).toMatchObject([{ reason: 'no_neighbour' }])
  })

  rule(1812, '5.2.7.1', 'network unreachable where the next router does not answer', () => {
    const net = lab()
    net.arrive(arpFrame(station(CLIENT), station(WEST)), 0)
    net.arrive(fromClient(packetTo(SERVER)), 0)
    expect(icmpOf(net.runTo(10_000_000).at(-1)!)).toMatchObject({ code: 0 })
  })

  it.each([
    [17, 3, 'port: it has no UDP service'],
    [6, 2, 'protocol: it speaks no TCP'],
  ])('protocol %d is answered with code %d, %s', (protocol, code) => {
    const net = known()
    const [error] = net.arrive(fromClient(packetTo(EAST, { protocol })), 0)
    // RFC 1812 4.3.2.4: from the interface by which it leaves.
    expect(ipOf(error)).toMatchObject({ source: WEST })
    expect(icmpOf(error)).toMatchObject({ kind: 'destination_unreachable', code })
  })
})

describe('packets longer than the next network takes (4.2.2.7)', () => {
  rule(1812, '4.2.2.7', 'what is too long goes in fragments that make the same datagram again', () => {
    const net = known({ mtu: 576 })
    const data = Uint8Array.from({ length: 1400 }, (_, i) => i * 7)
    const packet = ipv4Packet(data, { source: CLIENT, destination: SERVER, ttl: 30 })
    const pieces = net.arrive(fromClient(packet), 0)
    const whole = net.lastArrived
    expect(pieces.map((piece) => ipOf(piece).totalLength)).toEqual([572, 572, 316])
    expect(pieces.every((piece) => ipOf(piece).ttl === 29)).toBe(true)
    expect(new Set(pieces.map(({ id }) => id)).size).toBe(3)
    expect(net.traced.find(({ name }) => name === 'ip:packet_fragmented')).toMatchObject({
      pkt: whole,
      data: { out_interface: 1, mtu: 576, first: pieces[0].id, count: 3 },
    })
    const reassembler = new Reassembler(REASSEMBLY_DEFAULTS)
    const steps = pieces.map((piece) =>
      reassembler.handleFragment(micros(0), ipOf(piece), piece.bytes.subarray(14)),
    )
    const last = steps.at(-1)!
    expect(last.kind === 'complete' && last.bytes.subarray(20)).toEqual(data)
  })

  rule(1191, '4', 'what must not be cut is refused, and its sender told what would fit', () => {
    const net = known({ mtu: 576 })
    const packet = packetTo(SERVER, { dontFragment: true }, 1400)
    const [error, ...others] = net.arrive(fromClient(packet), 0)
    expect(others).toEqual([])
    expect(icmpOf(error)).toMatchObject({ kind: 'destination_unreachable', code: 4, nextHopMtu: 576 })
    expect(net.of('ip:packet_discarded')).toMatchObject([{ reason: 'too_long' }])
  })

  it('are told apart by the MTU as it is now', () => {
    const net = known({ mtu: 576 })
    net.node.setMtu(1, 1500)
    expect(net.arrive(fromClient(packetTo(SERVER, {}, 1400)), 0)).toHaveLength(1)
  })
})

describe('who is told, and how often (4.3.2)', () => {
  const noRoute = at('192.0.2.1')

  rule.not(
    1812,
    '4.3.2.3',
    'an error quotes as much as fits into 576 bytes',
    'of a longer packet it quotes header and eight bytes: analysers take a cut-off segment for one with a wrong checksum',
  )

  rule(
    792,
    'time exceeded',
    'an error quotes all of a short packet, of a long one its header and eight bytes',
    () => {
      const lengthFor = (size: number) =>
        ipOf(known().arrive(fromClient(packetTo(noRoute, {}, size)), 0)[0]).totalLength
      expect([lengthFor(528), lengthFor(529), lengthFor(1400)]).toEqual([576, 56, 56])
    },
  )

  it.each([
    [
      'an ICMP error',
      icmpPacket({ kind: 'time_exceeded', code: 0, quoted: new Uint8Array(28) }, { destination: noRoute }),
    ],
    ['a fragment other than the first', packetTo(noRoute, { fragmentOffset: 80 })],
  ])('%s is never answered (4.3.2.7)', (_, packet) => {
    const net = known()
    expect(net.arrive(fromClient(packet), 0)).toEqual([])
    expect(net.of('ip:packet_discarded')).toMatchObject([{ reason: 'no_route' }])
  })

  it('a first fragment and a ping are', () => {
    const ping = { kind: 'echo_request', identifier: 1, sequence: 1, payload: new Uint8Array(8) } as const
    for (const packet of [
      packetTo(noRoute, { moreFragments: true }, 80),
      icmpPacket(ping, { destination: noRoute }),
    ])
      expect(known().arrive(fromClient(packet), 0)).toHaveLength(1)
  })

  rule(1812, '4.3.2.8', 'errors are limited: fifty at once, and a hundred a second', () => {
    const net = known()
    const burst = (): number => {
      let told = 0
      for (let i = 0; i < 200; i++) told += net.arrive(fromClient(packetTo(noRoute)), 0).length
      return told
    }
    expect(burst()).toBe(50)
    net.runTo(100_000)
    expect(burst()).toBe(10)
    net.runTo(50_000_000)
    expect(burst()).toBe(50)
  })
})

describe('what is not passed on', () => {
  it.each([
    ['a bad checksum (5.2.2)', packetTo(SERVER).map((byte, i) => (i === 10 ? byte ^ 1 : byte)), 'malformed'],
    ['no whole header', packetTo(SERVER).subarray(0, 10), 'malformed'],
    ['a source that is nobody (5.3.7)', packetTo(SERVER, { source: 0 }), 'bad_address'],
    ['a source that is many', packetTo(SERVER, { source: at('224.0.0.1') }), 'bad_address'],
    ['a source that is the router itself', packetTo(SERVER, { source: EAST }), 'bad_address'],
    ['a destination that is many', packetTo(at('224.0.0.9')), 'bad_address'],
    ['all hosts of another network (RFC 2644)', packetTo(at('10.77.1.255')), 'bad_address'],
  ])('%s', (_, packet, reason) => {
    const net = known()
    expect(net.arrive(fromClient(packet), 0)).toEqual([])
    expect(net.of('ip:packet_discarded')).toMatchObject([{ reason }])
  })

  rule(1812, '5.3.4', 'what came to all stations of a network is not passed on', () => {
    const net = known()
    expect(net.arrive(frameOf(macOf(CLIENT), BROADCAST_MAC, packetTo(SERVER)), 0)).toEqual([])
    expect(net.arrive(frameOf(macOf(CLIENT), BROADCAST_MAC, packetTo(0xffffffff)), 0)).toEqual([])
  })

  it('what was meant for another router of the network', () => {
    const net = known()
    expect(net.arrive(frameOf(macOf(CLIENT), macOf(CLIENT + 1), packetTo(SERVER)), 0)).toEqual([])
    expect(net.of('ip:packet_discarded')).toEqual([])
  })
})

describe('the router as a host', () => {
  rule(1812, '4.3.3.6', 'a ping is answered from the address that was asked', () => {
    const net = known()
    const ping = { kind: 'echo_request', identifier: 5, sequence: 6, payload: new Uint8Array(700) } as const
    net.node.setMtu(0, 576)
    const replies = net.arrive(fromClient(icmpPacket(ping, { destination: EAST })), 0)
    expect(replies).toHaveLength(2)
    expect(ipOf(replies[0])).toMatchObject({ source: EAST, destination: CLIENT, moreFragments: true })
    expect(net.of('icmp:message_received')).toEqual([{ type: 8, code: 0 }])
    expect(net.of('icmp:message_sent')).toEqual([{ type: 0, code: 0, size: 728 }])
  })

  it('puts together a ping that came in fragments', () => {
    const net = known()
    const ping = { kind: 'echo_request', identifier: 5, sequence: 6, payload: new Uint8Array(40) } as const
    const whole = icmpPacket(ping, { destination: WEST })
    const piece = (from: number, to: number, more: boolean) =>
      ipv4Packet(whole.subarray(20 + from, 20 + to), {
        ...{ source: CLIENT, destination: WEST, protocol: 1 },
        ...{ fragmentOffset: from, moreFragments: more },
      })
    expect(net.arrive(fromClient(piece(0, 24, true)), 0)).toEqual([])
    expect(icmpOf(net.arrive(fromClient(piece(24, 48, false)), 0)[0])).toEqual({
      ...ping,
      kind: 'echo_reply',
    })
  })

  it('says nothing to a segment of TCP that is only passing, and lets ARP for others be', () => {
    const net = known()
    const syn = tcpPacket({ flags: 2 }, { source: CLIENT, destination: SERVER })
    expect(net.arrive(fromClient(syn), 0)).toHaveLength(1)
    expect(net.arrive(arpFrame(station(CLIENT), SERVER), 0)).toEqual([])
  })
})
