/** An interface to an Ethernet: RFC 826, RFC 894, and RFC 1122 2.3. */
import { describe, expect, it } from 'vitest'
import { EthernetInterface, type Outgoing } from '../../../../electron/protocol/ethernet/interface.ts'
import { CONFIRM_AFTER, MOST_WAITING } from '../../../../electron/protocol/ethernet/neighbours.ts'
import type { Datagram, Env, SansIo } from '../../../../electron/protocol/sansio.ts'
import { BROADCAST_MAC, ETHERTYPE_ARP, macOf } from '../../../../electron/protocol/wire/ethernet.ts'
import type { Micros } from '../../../../shared/units.ts'
import { micros } from '../../../../shared/units.ts'
import { arpFrame, destinationOf, frameOf, NodeLab, wordsOf } from '../../../support/node-lab.ts'
import { ipv4Packet } from '../../../support/packets.ts'

const OWN = { mac: macOf(0x0a4d0001), address: 0x0a4d0001 }
const PEER = { mac: macOf(0x0a4d0002), address: 0x0a4d0002 }
const OTHER = { mac: macOf(0x0a4d0003), address: 0x0a4d0003 }
const STRANGER = { mac: macOf(0x0a4d0902), address: 0x0a4d0902 }
const SECOND = 1_000_000

/** An interface as a node: what it takes in is kept. */
class Attached implements SansIo<never> {
  readonly port: EthernetInterface
  readonly taken: Uint8Array[] = []
  readonly lost: string[] = []

  constructor(env: Env) {
    this.port = new EthernetInterface(env, { index: 0, ...OWN, prefixLength: 24 })
  }
  send(now: number, id: number, packet = ipv4Packet(new Uint8Array(4)), to = PEER.address): void {
    const outgoing: Outgoing = { id, packet, onLost: (reason) => this.lost.push(`${id} ${reason}`) }
    this.port.send(micros(now), to, outgoing)
  }
  handleDatagram(now: Micros, { bytes }: Datagram): void {
    const packet = this.port.handleFrame(now, bytes)
    if (packet !== undefined) this.taken.push(packet)
  }
  handleTimeout(now: Micros): void {
    this.port.handleTimeout(now)
  }
  pollTransmit(): Datagram | undefined {
    return this.port.pollTransmit()
  }
  pollTimeout(): Micros | undefined {
    return this.port.pollTimeout()
  }
  pollEvent(): undefined {
    return undefined
  }
}

const lab = () => new NodeLab((env) => new Attached(env))
const words = (left: readonly { bytes: Uint8Array }[]) => left.map(({ bytes }) => wordsOf(bytes))
const ids = (left: readonly { id: number }[]) => left.map(({ id }) => id)

const ASKS = 'ARP who has 10.77.0.2? tell 10.77.0.1'
const ANSWERS = 'ARP 10.77.0.1 is at 02:00:0a:4d:00:01'

describe('resolution (RFC 826)', () => {
  it('asks all stations, waits for the answer, and sends what has waited to the address in it', () => {
    const net = lab()
    net.node.send(0, 7)
    const [request] = net.collect()
    expect(wordsOf(request.bytes)).toBe(ASKS)
    expect(destinationOf(request.bytes)).toBe(BROADCAST_MAC)
    net.runTo(400)
    const [frame, ...others] = net.arrive(arpFrame(PEER, OWN))
    expect(others).toEqual([])
    expect(frame).toMatchObject({ id: 7, port: 0 })
    expect(destinationOf(frame.bytes)).toBe(PEER.mac)
    expect(net.of('arp:entry_changed').map(({ state, mac, waiting }) => [state, mac, waiting])).toEqual([
      ['incomplete', '', 1],
      ['reachable', '02:00:0a:4d:00:02', 1],
    ])
    expect(net.traced.find(({ name }) => name === 'arp:packet_held')).toMatchObject({ pkt: 7 })
    expect(net.of('arp:packet_released')).toEqual([{ address: '10.77.0.2', interface: 0, waited: 400 }])
  })

  it('numbers an ARP message as a packet of its own, and tells of it whole', () => {
    const net = lab()
    net.node.send(0, 7)
    const [{ id, bytes }] = net.collect()
    expect(id).toBe(1)
    const sent = net.traced.find(({ name }) => name === 'arp:message_sent')!
    expect(sent).toMatchObject({
      pkt: 1,
      data: {
        operation: 'request',
        sender_mac: '02:00:0a:4d:00:01',
        sender_address: '10.77.0.1',
        target_mac: '00:00:00:00:00:00',
        target_address: '10.77.0.2',
        bytes: Buffer.from(bytes).toString('hex'),
      },
    })
  })

  it('asks once, whatever number of packets wait, and sends them in their order', () => {
    const net = lab()
    for (const id of [7, 8, 9]) net.node.send(0, id)
    expect(words(net.collect())).toEqual([ASKS])
    expect(ids(net.arrive(arpFrame(PEER, OWN)))).toEqual([7, 8, 9])
  })

  it('answers who asks for its address, and knows that one from then on', () => {
    const net = lab()
    const [reply] = net.arrive(arpFrame(PEER, OWN.address))
    expect(wordsOf(reply.bytes)).toBe(ANSWERS)
    expect(destinationOf(reply.bytes)).toBe(PEER.mac)
    net.node.send(0, 7)
    expect(ids(net.collect())).toEqual([7])
  })

  it('hears who asks for another, and takes up no more than a new address of whom it knows already', () => {
    const net = lab()
    expect(net.arrive(arpFrame(PEER, OTHER.address))).toEqual([])
    net.node.send(0, 7)
    expect(words(net.collect())).toEqual([ASKS])
    net.arrive(arpFrame(PEER, OWN))
    const moved = { ...PEER, mac: 0x02aaaaaaaaaa }
    net.arrive(arpFrame(moved, OTHER.address))
    net.node.send(0, 8)
    expect(net.collect().map(({ bytes }) => destinationOf(bytes))).toEqual([moved.mac])
  })

  it('answers a probe, which has no address yet, and does not take it for a neighbour (RFC 5227 1.1)', () => {
    const net = lab()
    const [reply] = net.arrive(arpFrame({ mac: PEER.mac, address: 0 }, OWN.address))
    expect(wordsOf(reply.bytes)).toBe(ANSWERS)
    expect(net.of('arp:entry_changed')).toEqual([])
  })

  it('takes nobody of another network, nor with the address of many stations, for a neighbour', () => {
    const net = lab()
    net.arrive(arpFrame(STRANGER, OWN))
    const group = arpFrame(PEER, OWN)
    group.set([0x03], 22)
    net.arrive(group)
    expect(net.of('arp:entry_changed')).toEqual([])
  })

  it('does not believe that somebody else has its address', () => {
    const net = lab()
    expect(net.arrive(arpFrame({ mac: PEER.mac, address: OWN.address }, OWN.address))).toEqual([])
    expect(net.of('ethernet:frame_rejected')).toMatchObject([{ reason: 'address_conflict' }])
  })

  it('sends to all without asking: 255.255.255.255, and all hosts of its network', () => {
    const net = lab()
    net.node.send(0, 7, undefined, 0xffffffff)
    net.node.send(0, 8, undefined, 0x0a4d00ff)
    expect(net.collect().map(({ bytes }) => destinationOf(bytes))).toEqual([BROADCAST_MAC, BROADCAST_MAC])
  })
})

describe('flood prevention (RFC 1122 2.3.2.1)', () => {
  it('asks once a second at most, three times, then gives up what has waited', () => {
    const net = lab()
    net.node.send(0, 7)
    net.collect()
    net.runTo(SECOND / 2)
    net.node.send(net.now, 8)
    net.collect()
    const left = net.runTo(10 * SECOND)
    expect(left.map(({ t }) => t)).toEqual([SECOND, 2 * SECOND])
    expect(net.node.lost).toEqual(['7 no_neighbour', '8 no_neighbour'])
    expect(net.of('arp:entry_changed').at(-1)).toMatchObject({ state: 'failed', waiting: 2 })
    expect(net.of('ethernet:frame_rejected')).toMatchObject([
      { reason: 'no_neighbour' },
      { reason: 'no_neighbour' },
    ])
    expect(net.node.pollTimeout()).toBeUndefined()
  })

  it('asks anew for the next packet after that', () => {
    const net = lab()
    net.node.send(0, 7)
    net.collect()
    net.runTo(3 * SECOND)
    net.node.send(net.now, 8)
    expect(words(net.collect())).toEqual([ASKS])
    expect(ids(net.arrive(arpFrame(PEER, OWN)))).toEqual([8])
  })

  it('never asks twice for one address within a second, however it is used', () => {
    const net = lab()
    for (let t = 0; t < 300 * SECOND; t += 90_000) {
      net.runTo(t)
      net.node.send(t, 7)
      net.collect()
      // The peer is there for a while, then it is not.
      if (t > 20 * SECOND && t < 21 * SECOND) net.arrive(arpFrame(PEER, OWN))
    }
    const requests = net.left.filter(({ bytes }) => wordsOf(bytes) === ASKS).map(({ t }) => t)
    expect(requests.length).toBeGreaterThan(100)
    for (const [i, t] of requests.slice(1).entries()) expect(t - requests[i]).toBeGreaterThanOrEqual(SECOND)
  })
})

describe('packets that wait (RFC 1122 2.3.2.2)', () => {
  it('keeps the latest when there are too many', () => {
    const net = lab()
    for (let id = 100; id < 102 + MOST_WAITING; id++) net.node.send(0, id)
    expect(net.node.lost).toEqual(['100 queue_full', '101 queue_full'])
    net.collect()
    expect(ids(net.arrive(arpFrame(PEER, OWN)))).toEqual(
      Array.from({ length: MOST_WAITING }, (_, i) => 102 + i),
    )
  })
})

describe('old entries (RFC 1122 2.3.2.1 (2))', () => {
  const known = () => {
    const net = lab()
    net.arrive(arpFrame(PEER, OWN))
    return net
  }

  it('polls the station itself after a minute, while it goes on sending to it', () => {
    const net = known()
    net.runTo(CONFIRM_AFTER - 1)
    net.node.send(net.now, 7)
    expect(ids(net.collect())).toEqual([7])
    net.runTo(CONFIRM_AFTER)
    net.node.send(net.now, 8)
    const [poll, frame] = net.collect()
    expect([wordsOf(poll.bytes), destinationOf(poll.bytes)]).toEqual([ASKS, PEER.mac])
    expect(frame.id).toBe(8)
    net.arrive(arpFrame(PEER, OWN))
    net.node.send(net.now, 9)
    expect(ids(net.collect())).toEqual([9])
  })

  it('deletes the entry after two polls without an answer, and asks all', () => {
    const net = known()
    const destinations: number[] = []
    for (let i = 0; i < 5; i++) {
      net.runTo(CONFIRM_AFTER + i * 500_000)
      net.node.send(net.now, 10 + i)
      for (const { bytes } of net.collect())
        if (wordsOf(bytes) === ASKS) destinations.push(destinationOf(bytes))
    }
    expect(destinations).toEqual([PEER.mac, PEER.mac, BROADCAST_MAC])
    expect(net.of('arp:entry_changed').map(({ state }) => state)).toEqual([
      'reachable',
      'expired',
      'incomplete',
    ])
  })

  it('sets no timer for them: a quiet network stays quiet', () => {
    const net = known()
    expect(net.node.pollTimeout()).toBeUndefined()
    expect(net.runTo(3600 * SECOND)).toEqual([])
  })
})

describe('frames that come in', () => {
  const packet = ipv4Packet(new Uint8Array(3), { destination: OWN.address })

  it('gives the packet without its padding (RFC 894)', () => {
    const net = lab()
    net.arrive(frameOf(PEER.mac, OWN.mac, packet))
    expect(net.node.taken).toEqual([packet])
  })

  it.each([
    ['for another station', frameOf(PEER.mac, OTHER.mac, packet), 'not_for_us', 0],
    ['for a group that nobody joined', frameOf(PEER.mac, 0x01005e000001, packet), 'not_for_us', 0],
    ['of a protocol that nobody speaks', frameOf(PEER.mac, OWN.mac, packet, 0x86dd), 'unknown_ethertype', 12],
    ['cut short', frameOf(PEER.mac, OWN.mac, packet).subarray(0, 13), 'truncated', 13],
    ['of many stations', frameOf(BROADCAST_MAC, OWN.mac, packet), 'bad_source', 6],
    [
      'to all with a packet for one (RFC 1122 3.3.6)',
      frameOf(PEER.mac, BROADCAST_MAC, packet),
      'unicast_to_all',
      30,
    ],
    [
      'with a broken ARP message',
      frameOf(PEER.mac, OWN.mac, new Uint8Array(46), ETHERTYPE_ARP),
      'arp_bad_hardware',
      14,
    ],
  ])('refuses one %s', (_, frame, reason, offset) => {
    const net = lab()
    expect(net.arrive(frame)).toEqual([])
    expect(net.node.taken).toEqual([])
    expect(net.of('ethernet:frame_rejected')).toEqual([{ reason, offset, size: frame.length }])
  })

  it('takes a packet for all hosts that came to all stations', () => {
    const net = lab()
    const toAll = [0xffffffff, 0x0a4d00ff].map((destination) =>
      ipv4Packet(new Uint8Array(60), { destination }),
    )
    for (const each of toAll) net.arrive(frameOf(PEER.mac, BROADCAST_MAC, each))
    expect(net.node.taken).toEqual(toAll)
  })
})

it('answers to a new address, and no more to the old one', () => {
  const net = lab()
  net.node.port.address = 0x0a4d0063
  expect(net.arrive(arpFrame(PEER, OWN.address))).toEqual([])
  const [reply] = net.arrive(arpFrame(PEER, 0x0a4d0063))
  expect(wordsOf(reply.bytes)).toBe('ARP 10.77.0.99 is at 02:00:0a:4d:00:01')
})
