import { describe, expect, it } from 'vitest'
import { mayReportError } from '../../../../electron/protocol/ip/icmp.ts'
import type { IcmpErrorReceived } from '../../../../electron/protocol/ip/events.ts'
import {
  decodeIcmp,
  encodeIcmp,
  icmpLength,
  type IcmpMessage,
} from '../../../../electron/protocol/wire/icmp.ts'
import { decodeIpv4 } from '../../../../electron/protocol/wire/ipv4.ts'
import { HostLab } from '../../../support/host-lab.ts'
import { CLIENT, fromHex, ipv4Packet, SERVER } from '../../../support/packets.ts'

const BROADCAST = 0xffff_ffff

const icmpPacket = (message: IcmpMessage, header = {}) => {
  const bytes = new Uint8Array(icmpLength(message))
  encodeIcmp(message, bytes)
  return ipv4Packet(bytes, { protocol: 1, ...header })
}

/** To a UDP port of the server that nobody listens to. */
const toClosedPort = (header = {}) => ipv4Packet(fromHex('c000 0009 000b 0000 616263'), header)

/** The ICMP message in a packet, with the packet's header. */
function messageIn(bytes: Uint8Array) {
  const ip = decodeIpv4(bytes)
  if (!ip.ok) throw new Error(ip.error.reason)
  const { headerLength, totalLength } = ip.value
  const icmp = decodeIcmp(bytes, headerLength, totalLength - headerLength)
  if (!icmp.ok) throw new Error(icmp.error.reason)
  return { ip: ip.value, icmp: icmp.value }
}

describe('echo (RFC 1122 3.2.2.6)', () => {
  it('is answered with the same data, and timed', () => {
    const lab = new HostLab({ delay: 5000 })
    const payload = fromHex('0102030405')
    const id = lab.client.ping(lab.now, SERVER, { payload })
    lab.run()
    expect(lab.toldOf(lab.client)).toEqual([
      { type: 'echo_reply', source: SERVER, ...(id as object), payload, roundTrip: 10_000 },
    ])
  })

  it('is answered in fragments when the request came in some', () => {
    const lab = new HostLab()
    const payload = new Uint8Array(4000).map((_, i) => i)
    lab.client.ping(lab.now, SERVER, { payload })
    lab.run()
    expect(lab.sent.length).toBe(6)
    expect(lab.toldOf(lab.client)).toMatchObject([{ type: 'echo_reply', payload }])
    expect(lab.events('ip:reassembly_finished').map(({ node, data }) => [node, data.size])).toEqual([
      ['server', 4028],
      ['client', 4028],
    ])
  })

  it('tells nobody of a reply that nobody waits for', () => {
    const lab = new HostLab()
    const reply = { kind: 'echo_reply' as const, identifier: 1, sequence: 1, payload: new Uint8Array(0) }
    lab.arrive(lab.server, icmpPacket(reply))
    expect(lab.toldOf(lab.server)).toEqual([])
  })

  it('does not answer one that was sent to all', () => {
    const lab = new HostLab()
    const request = { kind: 'echo_request' as const, identifier: 1, sequence: 1, payload: new Uint8Array(0) }
    lab.arrive(lab.server, icmpPacket(request, { destination: BROADCAST }))
    expect(lab.sent).toEqual([])
  })

  it('is traced with the packet that carries it', () => {
    const lab = new HostLab()
    lab.client.ping(lab.now, SERVER)
    lab.run()
    const seen = [...lab.events('icmp:message_sent'), ...lab.events('icmp:message_received')]
    expect(seen.map(({ name, node, pkt, data }) => [name, node, pkt, data.type])).toEqual([
      ['icmp:message_sent', 'client', 1, 8],
      ['icmp:message_sent', 'server', 2, 0],
      ['icmp:message_received', 'server', 1, 8],
      ['icmp:message_received', 'client', 2, 0],
    ])
  })

  it('takes its TTL and refuses what cannot go', () => {
    const lab = new HostLab({ client: { mtu: 576 } })
    lab.client.ping(lab.now, SERVER, { ttl: 3 })
    lab.run()
    expect(messageIn(lab.sent[0].bytes).ip.ttl).toBe(3)
    const big = { payload: new Uint8Array(600), dontFragment: true }
    expect(lab.client.ping(lab.now, SERVER, big)).toBe('exceeds_mtu')
    expect(lab.client.ping(lab.now, SERVER, { payload: new Uint8Array(65_508) })).toBe('too_long')
  })
})

describe('errors that a host sends (RFC 1122 3.2.2.1)', () => {
  it('port unreachable, quoting the packet', () => {
    const lab = new HostLab()
    lab.arrive(lab.server, toClosedPort())
    const { ip, icmp } = messageIn(lab.sent[0].bytes)
    expect([ip.source, ip.destination]).toEqual([SERVER, CLIENT])
    expect(icmp).toMatchObject({ kind: 'destination_unreachable', code: 3, quoted: toClosedPort() })
    const [rejected] = lab.events('ip:packet_rejected')
    expect(rejected.data).toEqual({ layer: 'udp', reason: 'no_listener', offset: 22, size: 31 })
  })

  it('protocol unreachable', () => {
    const lab = new HostLab()
    lab.arrive(lab.server, ipv4Packet(new Uint8Array(8), { protocol: 89 }))
    expect(messageIn(lab.sent[0].bytes).icmp).toMatchObject({ kind: 'destination_unreachable', code: 2 })
  })

  it('time exceeded in reassembly, if the first fragment came (RFC 1122 3.3.2)', () => {
    const lab = new HostLab()
    const first = ipv4Packet(new Uint8Array(16), { moreFragments: true })
    lab.arrive(lab.server, first)
    lab.arrive(lab.server, ipv4Packet(new Uint8Array(16), { fragmentOffset: 16, identification: 2 }))
    lab.run()
    expect(lab.events('ip:reassembly_abandoned').map(({ t, data }) => [t, data.reason])).toEqual([
      [60e6, 'timeout'],
      [60e6, 'timeout'],
    ])
    expect(lab.sent.length).toBe(1)
    expect(messageIn(lab.sent[0].bytes).icmp).toEqual({ kind: 'time_exceeded', code: 1, quoted: first })
  })

  it('quote all of a packet that keeps the error within 576 bytes, of another the header and eight bytes', () => {
    const lab = new HostLab()
    for (const size of [528, 529]) lab.arrive(lab.server, ipv4Packet(new Uint8Array(size), { protocol: 89 }))
    expect(lab.sent.map(({ bytes }) => bytes.length)).toEqual([576, 56])
  })

  it.each([
    ['an error', icmpPacket({ kind: 'time_exceeded', code: 0, quoted: toClosedPort() })],
    ['a broadcast', toClosedPort({ destination: BROADCAST })],
    ['a source that is no host', toClosedPort({ source: 0 })],
    ['a multicast source', toClosedPort({ source: 0xe0000001 })],
    ['a later fragment', ipv4Packet(new Uint8Array(8), { protocol: 89, fragmentOffset: 800 })],
  ])('are never sent about %s (RFC 1122 3.2.2)', (_, bytes) => {
    const lab = new HostLab()
    lab.arrive(lab.server, bytes)
    lab.run()
    expect(lab.sent).toEqual([])
    const read = decodeIpv4(bytes)
    expect(read.ok && mayReportError(read.value, bytes, SERVER)).toBe(false)
  })
})

describe('errors that a host receives', () => {
  it('are told with what they are about', () => {
    const lab = new HostLab()
    const port = lab.client.bindUdp()!
    const payload = new Uint8Array(3)
    lab.client.sendUdp(lab.now, { fromPort: port, to: { address: SERVER, port: 9 }, payload })
    lab.run()
    const [event] = lab.toldOf(lab.client) as IcmpErrorReceived[]
    expect(event).toMatchObject({
      type: 'icmp_error',
      source: SERVER,
      message: { kind: 'destination_unreachable', code: 3 },
      quoted: { protocol: 17, source: CLIENT, destination: SERVER, sourcePort: port, destinationPort: 9 },
    })
  })

  it('are ignored when they quote what this host never sent (RFC 5927 4)', () => {
    const lab = new HostLab()
    const quoted = toClosedPort({ source: 0x0a4d0063 })
    lab.arrive(lab.server, icmpPacket({ kind: 'destination_unreachable', code: 4, nextHopMtu: 68, quoted }))
    expect(lab.toldOf(lab.server)).toEqual([])
  })
})
