import { describe, expect, test } from 'vitest'
import { micros } from '../../../../shared/units.ts'
import { encodeUdp, udpLength } from '../../../../electron/protocol/wire/udp.ts'
import { decodeIcmp, readQuoted } from '../../../../electron/protocol/wire/icmp.ts'
import {
  CE,
  decodeIpv4,
  ECT_1,
  type Ipv4Header,
  type Ipv4Packet,
} from '../../../../electron/protocol/wire/ipv4.ts'
import { ACK, decodeTcp, FIN, SYN } from '../../../../electron/protocol/wire/tcp.ts'
import { decodeUdp } from '../../../../electron/protocol/wire/udp.ts'
import { formatAddress } from '../../../../electron/protocol/wire/address.ts'
import type { Decoded } from '../../../../electron/protocol/wire/result.ts'
import type { DirectionInput } from '../../../../shared/link.ts'
import { LinkLab } from '../../../support/link-lab.ts'
import { CLIENT, ipv4Packet, SERVER, tcpPacket } from '../../../support/packets.ts'

const up = (direction: DirectionInput) => new LinkLab({ up: direction })
const ids = (lab: LinkLab) => lab.arrivals.map(({ id }) => id)

function valueOf<T>(decoded: Decoded<T>): T {
  if (!decoded.ok) throw new Error(`${decoded.error.layer}: ${decoded.error.reason}`)
  return decoded.value
}

const ip = (bytes: Uint8Array): Ipv4Packet => valueOf(decodeIpv4(bytes))

function tcpIn(bytes: Uint8Array) {
  const packet = ip(bytes)
  const length = packet.totalLength - packet.headerLength
  return decodeTcp(bytes, packet.headerLength, length, packet.source, packet.destination)
}

function udpPacket(payload: Uint8Array, header: Partial<Ipv4Header> = {}): Uint8Array {
  const datagram = { sourcePort: 40_000, destinationPort: 53, payload }
  const bytes = new Uint8Array(udpLength(datagram))
  encodeUdp(datagram, bytes, 0, CLIENT, SERVER)
  return ipv4Packet(bytes, { protocol: 17, ...header })
}

describe('exact loss', () => {
  test('every n-th packet of the direction', () => {
    const lab = up({ everyNth: 3 })
    lab.sendMany(7, 1)
    expect(lab.drops()).toEqual([
      [3, 'every_nth'],
      [6, 'every_nth'],
    ])
  })

  test('numbers count all packets of the direction, those that died in the queue too', () => {
    const lab = up({ rate: { limit: 8_000_000 }, queue: { unit: 'packets', limit: 1 }, drop: [4] })
    for (let i = 0; i < 3; i++) lab.send(0, 1_000)
    lab.send(5_000, 1_000)
    lab.drain()
    expect(lab.drops()).toEqual([
      [3, 'queue_full'],
      [4, 'listed'],
    ])
  })

  test('a lost packet has used its time on the wire', () => {
    const lab = up({ rate: { limit: 8_000_000 }, drop: [1] })
    lab.send(0, 1_000)
    lab.send(0, 1_000)
    lab.drain()
    expect(lab.of('link:packet_dropped')[0]).toMatchObject({ t: 1_000, pkt: 1, data: { delay: 1_000 } })
    expect(lab.arrivals[0].t).toBe(2_000)
  })
})

describe('loss by rule', () => {
  const syn = tcpPacket({ flags: SYN })
  const ack = tcpPacket({ flags: ACK })
  const data = tcpPacket({ flags: ACK, payload: new Uint8Array(10) })
  const fin = tcpPacket({ flags: FIN | ACK })
  const dns = udpPacket(new Uint8Array(5))
  const all = [syn, ack, data, fin, dns, new Uint8Array(30)]

  test.each([
    ['SYN', { flags: ['syn'] }, [1]],
    ['FIN', { flags: ['fin'] }, [4]],
    ['a pure ACK', { flags: ['ack'], without: ['fin'], payload: false }, [2]],
    ['data over TCP', { protocol: 'tcp', payload: true }, [3]],
    ['UDP', { protocol: 'udp' }, [5]],
    ['a port', { port: 53 }, [5]],
    ['all that is TCP, UDP or ICMP', {}, [1, 2, 3, 4, 5]],
  ] as const)('%s', (_, match, expected) => {
    const lab = up({ dropMatching: [{ match: match as object }] })
    for (const bytes of all) lab.send(lab.now, bytes)
    expect(lab.drops()).toEqual(expected.map((pkt) => [pkt, 'matched']))
  })

  test('by ordinals among the matching; turning another knob does not start the count anew', () => {
    const dropMatching = [{ match: { payload: true }, ordinals: [2, 3] }]
    const lab = up({ dropMatching })
    for (const bytes of [data, syn, data]) lab.send(lab.now, bytes)
    lab.configure({ up: { dropMatching, delay: 10 } })
    for (const bytes of [data, data]) lab.send(lab.now, bytes)
    expect(lab.drops().map(([pkt]) => pkt)).toEqual([3, 4])
  })
})

describe('ECN marks instead of random loss', () => {
  test('a packet that can be marked goes on, with a valid header; one that cannot is lost', () => {
    const lab = up({ loss: { rate: 1 }, markInsteadOfDrop: true })
    const bytes = ipv4Packet(new Uint8Array(10), { ecn: ECT_1, dscp: 5 })
    const before = bytes.slice()
    lab.send(0, bytes)
    lab.send(0, ipv4Packet(new Uint8Array(10)))
    lab.send(0, 100)
    expect(ids(lab)).toEqual([1])
    expect(ip(lab.arrivals[0].bytes)).toMatchObject({ ecn: CE, dscp: 5 })
    expect(bytes).toEqual(before)
    expect(lab.drops()).toEqual([
      [2, 'bernoulli'],
      [3, 'bernoulli'],
    ])
  })
})

describe('corruption', () => {
  const data = tcpPacket({ flags: ACK, payload: new Uint8Array(101).fill(7) })
  const pureAck = tcpPacket({ flags: ACK })
  const bitsThatDiffer = (a: Uint8Array, b: Uint8Array) =>
    a.reduce((sum, byte, i) => sum + (byte ^ b[i]).toString(2).replaceAll('0', '').length, 0)

  test('flips one bit of a copy: the IP header stays whole, the TCP checksum is bad', () => {
    const lab = up({ corrupt: { rate: 1 } })
    for (let i = 0; i < 200; i++) for (const bytes of [data, pureAck]) lab.send(i, bytes)
    const told = lab.of('link:packet_corrupted')
    for (const [i, { bytes }] of lab.arrivals.entries()) {
      const original = i % 2 === 0 ? data : pureAck
      expect(bitsThatDiffer(bytes, original)).toBe(1)
      expect(bytes[told[i].data.offset as number]).not.toBe(original[told[i].data.offset as number])
      const read = tcpIn(bytes)
      expect(read.ok ? 'whole' : read.error.reason).toBe('bad_checksum')
    }
    expect(tcpIn(data).ok && tcpIn(pureAck).ok).toBe(true)
  })

  test('repaired: every checksum is good and only the payload tells', () => {
    const lab = up({ corrupt: { rate: 1, repair: true } })
    for (let i = 0; i < 200; i++) lab.send(i, data)
    for (const { bytes } of lab.arrivals) {
      const { payload } = valueOf(tcpIn(bytes))
      expect(bitsThatDiffer(payload, new Uint8Array(101).fill(7))).toBe(1)
    }
    expect(lab.of('link:packet_corrupted').every(({ data: told }) => told.repaired)).toBe(true)
  })

  test('repaired UDP: the checksum is right, and one that the sender left out stays out', () => {
    const lab = up({ corrupt: { rate: 1, repair: true } })
    const without = udpPacket(new Uint8Array(20))
    without.fill(0, 26, 28)
    for (let i = 0; i < 200; i++)
      for (const bytes of [udpPacket(new Uint8Array(20)), without]) lab.send(i, bytes)
    for (const [i, { bytes }] of lab.arrivals.entries()) {
      expect(
        valueOf(decodeUdp(bytes, 20, bytes.length - 20, CLIENT, SERVER)).payload.some((byte) => byte !== 0),
      ).toBe(true)
      expect(bytes[26] === 0 && bytes[27] === 0).toBe(i % 2 === 1)
    }
  })

  test('repair leaves alone what has no payload', () => {
    const lab = up({ corrupt: { rate: 1, repair: true } })
    lab.send(0, pureAck)
    expect(lab.arrivals[0].bytes).toBe(pureAck)
  })
})

describe('duplication', () => {
  test('the copy is a packet of its own that follows the original', () => {
    const lab = up({ duplicate: { rate: 1 }, delay: 100 })
    const bytes = new Uint8Array(50)
    lab.send(0, bytes)
    lab.drain()
    expect(ids(lab)).toEqual([1, 2])
    expect(lab.of('link:packet_duplicated')).toMatchObject([{ pkt: 1, data: { copy: 2, direction: 0 } }])
    expect(lab.of('link:packet_delivered').map(({ pkt, t }) => [pkt, t])).toEqual([
      [1, 100],
      [2, 100],
    ])
  })
})

describe('jitter', () => {
  test('order is kept unless it is given up', () => {
    const run = (reorders: boolean) => {
      const lab = up({ delay: 10_000, jitter: { amount: 5_000, reorders } })
      lab.sendMany(500, 100)
      return ids(lab.drain())
    }
    const inOrder = Array.from({ length: 500 }, (_, i) => i + 1)
    expect(run(false)).toEqual(inOrder)
    expect(run(true)).not.toEqual(inOrder)
    expect(run(true).sort((a, b) => a - b)).toEqual(inOrder)
  })

  test('a packet is never early: the delay does not fall below 0', () => {
    const lab = up({ delay: 100, jitter: { amount: 5_000, distribution: 'normal', reorders: true } })
    lab.sendMany(500, 10_000)
    const delays = lab
      .drain()
      .of('link:packet_delivered')
      .map(({ data }) => data.delay as number)
    expect(Math.min(...delays)).toBe(0)
  })

  test('less delay does not let packets overtake those on their way', () => {
    const lab = up({ delay: 10_000 })
    lab.send(0)
    lab.configure({ up: { delay: 0 } })
    lab.send(10)
    expect(lab.arrivals).toEqual([])
    expect(lab.drain().arrivals.map(({ t, id }) => [t, id])).toEqual([
      [10_000, 1],
      [10_000, 2],
    ])
  })
})

describe('spikes', () => {
  test('a spike adds its delay at once and decays linearly; between spikes there is none', () => {
    const lab = up({ spikes: { every: 1_000_000, extra: 50_000, duration: 100_000 } })
    lab.sendMany(60_000, 100)
    const extra = lab
      .drain()
      .of('link:packet_delivered')
      .map(({ data }) => data.delay as number)
    expect(extra.filter((delay) => delay === 0).length).toBeGreaterThan(30_000)
    expect(Math.max(...extra)).toBeGreaterThan(49_900)
    const start = extra.findIndex((delay) => delay > 49_900)
    expect(extra[start] - extra[start + 500]).toBeCloseTo(25_000, -1)
  })

  test('an hour of silence is passed over', () => {
    const lab = up({ spikes: { every: 1, extra: 10, duration: 1 } })
    lab.send(0)
    lab.send(3_600e6)
    expect(lab.drain().arrivals).toHaveLength(2)
  })
})

describe('slots', () => {
  test('packets wait for the next slot of the grid', () => {
    const lab = up({ slots: { min: 10_000, max: 10_000 } })
    for (const t of [1, 9_000, 10_000, 10_001, 55_000]) lab.send(t)
    expect(lab.drain().arrivals.map(({ t }) => t)).toEqual([10_000, 10_000, 10_000, 20_000, 60_000])
  })

  test('with a most number of packets each', () => {
    const lab = up({ slots: { min: 10_000, max: 10_000, packets: 2 } })
    for (let i = 0; i < 5; i++) lab.send(1)
    expect(lab.drain().arrivals.map(({ t }) => t)).toEqual([10_000, 10_000, 20_000, 20_000, 30_000])
  })

  test('the time between slots lies between min and max', () => {
    const lab = up({ slots: { min: 5_000, max: 15_000, packets: 1 } })
    for (let i = 0; i < 500; i++) lab.send(1)
    const times = lab.drain().arrivals.map(({ t }) => t)
    const gaps = times.slice(1).map((t, i) => t - times[i])
    expect(Math.min(...gaps)).toBeGreaterThanOrEqual(5_000)
    expect(Math.max(...gaps)).toBeLessThanOrEqual(15_000)
    expect(Math.max(...gaps) - Math.min(...gaps)).toBeGreaterThan(9_000)
  })
})

describe('holding by rule', () => {
  const syn = tcpPacket({ flags: SYN })
  const data = tcpPacket({ flags: ACK, payload: new Uint8Array(10) })
  const holdMatching = [{ match: { payload: true }, ordinals: [2], by: 5_000 }]

  test('what the rule means comes so much later, and nobody waits for it', () => {
    const lab = up({ delay: 1_000, holdMatching })
    for (const [i, bytes] of [data, data, syn, data].entries()) lab.send(i * 10, bytes)
    expect(lab.link.inFlight().map(({ pkt, stage }) => [pkt, stage])).toEqual([
      [1, 'propagation'],
      [2, 'held_back'],
      [3, 'propagation'],
      [4, 'propagation'],
    ])
    lab.drain()
    expect(lab.arrivals.map(({ t, id }) => [t, id])).toEqual([
      [1_000, 1],
      [1_020, 3],
      [1_030, 4],
      [6_010, 2],
    ])
  })

  test('the trace says when it is held, and when it comes out', () => {
    const lab = up({ delay: 1_000, holdMatching })
    for (let i = 0; i < 3; i++) lab.send(i * 10, data)
    lab.drain()
    expect(lab.of('link:packet_held')).toMatchObject([{ pkt: 2, t: 10, data: { by: 5_000 } }])
    expect(lab.of('link:packet_reordered')).toMatchObject([{ pkt: 2, t: 6_010, data: { shift: 5_000 } }])
  })

  test('the audit knows of it: asked for and delivered', () => {
    const lab = up({ delay: 1_000, holdMatching })
    for (let i = 0; i < 4; i++) lab.send(i * 10, data)
    const { packets, delay } = lab.drain().link.audit().up
    expect(packets).toMatchObject({ delivered: 4, held: 1 })
    expect(delay).toMatchObject({ requested: 2_250, delivered: 2_250 })
  })

  test('a copy is not held, so the packet that is comes as an old duplicate', () => {
    const lab = up({
      delay: 1_000,
      duplicate: { rate: 1 },
      holdMatching: [{ ...holdMatching[0], ordinals: [] }],
    })
    lab.send(0, data)
    expect(lab.drain().arrivals.map(({ t }) => t)).toEqual([1_000, 6_000])
  })

  test('it can be dropped by hand meanwhile', () => {
    const lab = up({ delay: 1_000, holdMatching: [{ ...holdMatching[0], ordinals: [] }] })
    const pkt = lab.send(0, data)
    expect(lab.link.dropInFlight(micros(2_000), pkt)).toBe(true)
    expect(lab.drain().arrivals).toEqual([])
  })

  test('turning another knob does not start the count anew', () => {
    const lab = up({ holdMatching })
    lab.send(0, data)
    lab.configure({ up: { holdMatching, delay: 10 } })
    lab.send(1, data)
    expect(
      lab
        .drain()
        .of('link:packet_held')
        .map(({ pkt }) => pkt),
    ).toEqual([2])
  })
})

describe('reordering', () => {
  test('a packet comes out behind `gap` later ones', () => {
    const lab = up({ reorder: { rate: 1, gap: 2 }, delay: 1_000 })
    lab.send(0)
    lab.configure({ up: { reorder: { gap: 2 }, delay: 1_000 } })
    for (let i = 1; i < 5; i++) lab.send(i * 10)
    lab.drain()
    expect(ids(lab)).toEqual([2, 3, 1, 4, 5])
    expect(lab.of('link:packet_reordered')).toMatchObject([{ pkt: 1, t: 1_020, data: { shift: 20 } }])
  })

  test('or after `hold`, should none come', () => {
    const lab = up({ reorder: { rate: 1, gap: 2, hold: 5_000 }, delay: 1_000 })
    lab.send(0)
    expect(lab.drain().arrivals.map(({ t }) => t)).toEqual([6_000])
  })
})

describe('outage', () => {
  test('down by hand: no packet enters, what is on the link goes on', () => {
    const lab = up({ delay: 100 })
    lab.send(0)
    lab.configure({ up: { delay: 100, outage: { down: true } } })
    lab.send(10)
    lab.configure({ up: { delay: 100 } })
    lab.send(20)
    expect(ids(lab.drain())).toEqual([1, 3])
    expect(lab.drops()).toEqual([[2, 'outage']])
    expect(lab.of('link:state_changed').map(({ data }) => [data.direction, data.up])).toEqual([
      [0, false],
      [0, true],
    ])
  })

  test('flapping: each change is told at its time, without a packet', () => {
    const lab = up({ outage: { start: 1_000, up: 2_000, downFor: 500 } })
    lab.runTo(6_200)
    expect(lab.of('link:state_changed').map(({ t, data }) => [t, data.up])).toEqual([
      [3_000, false],
      [3_500, true],
      [5_500, false],
      [6_000, true],
    ])
  })

  test('flapping of one direction leaves the other', () => {
    const lab = up({ outage: { up: 1_000, downFor: 1_000 } })
    lab.send(1_500, 100, 0)
    lab.send(1_500, 100, 1)
    lab.send(2_500, 100, 0)
    expect(ids(lab)).toEqual([2, 3])
  })

  test('with no time up it is down from its start on', () => {
    const lab = up({ outage: { start: 1_000, up: 0, downFor: 1 } })
    for (const t of [999, 1_000, 50_000]) lab.send(t)
    expect(ids(lab)).toEqual([1])
  })
})

test('UDP blocked: TCP passes', () => {
  const lab = up({ udpBlocked: true })
  lab.send(0, udpPacket(new Uint8Array(3)))
  lab.send(0, tcpPacket({ flags: SYN }))
  expect(ids(lab)).toEqual([2])
  expect(lab.drops()).toEqual([[1, 'udp_blocked']])
})

describe('MTU', () => {
  const large = tcpPacket({ flags: ACK, payload: new Uint8Array(1_460) })

  test("Don't Fragment: the packet dies, its sender is told the MTU by ICMP (RFC 1191 4)", () => {
    const lab = up({ mtu: 1_000 })
    lab.send(0, large)
    expect(lab.drops()).toEqual([[1, 'mtu']])
    expect(lab.arrivals).toMatchObject([{ t: 0, id: 2, port: 0 }])
    const { bytes } = lab.arrivals[0]
    const header = ip(bytes)
    expect(header).toMatchObject({ destination: CLIENT, protocol: 1 })
    expect(bytes.length).toBeLessThanOrEqual(576)
    const message = valueOf(decodeIcmp(bytes, 20, bytes.length - 20))
    expect(message).toMatchObject({ kind: 'destination_unreachable', code: 4, nextHopMtu: 1_000 })
    expect('quoted' in message && message.quoted).toEqual(large.subarray(0, 28))
    expect(lab.of('icmp:message_sent')).toMatchObject([{ pkt: 2, data: { type: 3, code: 4 } }])
  })

  test('the same from side b', () => {
    const lab = new LinkLab({ down: { mtu: 1_000 } })
    lab.send(0, large, 1)
    expect(lab.arrivals).toMatchObject([{ id: 2, port: 1 }])
  })

  test('a black hole says nothing (RFC 2923 2.1)', () => {
    const lab = up({ mtu: 1_000, blackHole: true })
    lab.send(0, large)
    expect(lab.drops()).toEqual([[1, 'mtu']])
    expect(lab.arrivals).toEqual([])
  })

  test("without Don't Fragment: fragments, each a packet of its own", () => {
    const lab = up({ mtu: 600 })
    lab.send(0, udpPacket(new Uint8Array(1_400)))
    expect(ids(lab)).toEqual([2, 3, 4])
    expect(lab.of('link:packet_fragmented')).toMatchObject([
      { pkt: 1, data: { first: 2, count: 3, mtu: 600 } },
    ])
    expect(lab.arrivals.map(({ bytes }) => ip(bytes).fragmentOffset)).toEqual([0, 576, 1_152])
    expect(lab.link.audit().up.packets).toMatchObject({
      offered: 1,
      fragmented: 1,
      fragments: 3,
      delivered: 3,
    })
  })

  test('padding behind an IP packet that fits does not make it too large', () => {
    const lab = up({ mtu: 1_500 })
    const padded = new Uint8Array(1_600)
    padded.set(large)
    lab.send(0, padded)
    expect(lab.arrivals).toMatchObject([{ id: 1, port: 1, bytes: padded }])
  })

  test('no ICMP about an ICMP error, a later fragment, or bytes that are no packet (RFC 1812 4.3.2.7)', () => {
    const lab = up({ mtu: 100 })
    const body = new Uint8Array(200)
    body[0] = 3
    const dontFragment = true
    lab.send(0, ipv4Packet(body, { protocol: 1, dontFragment }))
    lab.send(0, ipv4Packet(body, { fragmentOffset: 64, dontFragment }))
    lab.send(0, ipv4Packet(body, { source: 0xffff_ffff, dontFragment }))
    lab.send(0, new Uint8Array(200))
    expect(lab.drops().map(([, reason]) => reason)).toEqual(['mtu', 'mtu', 'mtu', 'mtu'])
    expect(lab.arrivals).toEqual([])
  })
})

describe('rebinding', () => {
  const rebind = { at: 1_000, address: '10.77.0.99', portShift: 1_000 }
  const there = (t: number, lab: LinkLab) => {
    lab.send(t, tcpPacket({ flags: ACK, payload: new Uint8Array(9) }), 0)
    return lab.arrivals[lab.arrivals.length - 1].bytes
  }

  test('from its time on the source is another, with good checksums', () => {
    const lab = up({ rebind })
    expect(formatAddress(ip(there(0, lab)).source)).toBe('10.77.0.1')
    const after = there(1_000, lab)
    expect(formatAddress(ip(after).source)).toBe('10.77.0.99')
    expect(valueOf(tcpIn(after)).sourcePort).toBe(41_000)
  })

  test('answers to the new address find back, those to the old one die', () => {
    const lab = up({ rebind })
    there(0, lab)
    there(1_000, lab)
    const answer = (destination: number, destinationPort: number) =>
      tcpPacket({ flags: ACK, sourcePort: 5001, destinationPort }, { source: SERVER, destination })
    lab.send(2_000, answer(0x0a4d0063, 41_000), 1)
    const back = lab.arrivals[lab.arrivals.length - 1]
    expect(back.port).toBe(0)
    expect(ip(back.bytes).destination).toBe(CLIENT)
    expect(valueOf(tcpIn(back.bytes)).destinationPort).toBe(40_000)
    lab.send(2_000, answer(CLIENT, 40_000), 1)
    lab.send(2_000, answer(0x0a4d0063, 12_345), 1)
    expect(lab.drops()).toEqual([
      [4, 'no_mapping'],
      [5, 'no_mapping'],
    ])
  })

  test('an ICMP error about a packet too large goes to the host, in its own terms', () => {
    const lab = up({ rebind, mtu: 100 })
    lab.send(2_000, tcpPacket({ flags: ACK, payload: new Uint8Array(200) }), 0)
    expect(ip(lab.arrivals[0].bytes).destination).toBe(CLIENT)
    const quoted = readQuoted(lab.arrivals[0].bytes.subarray(28))
    expect(quoted).toMatchObject({ source: CLIENT, sourcePort: 40_000 })
  })

  test('fragments and UDP without a checksum pass through whole', () => {
    const lab = up({ rebind: { ...rebind, at: 1 } })
    const udp = udpPacket(new Uint8Array(20))
    udp.fill(0, 26, 28)
    lab.send(5, udp)
    lab.send(5, ipv4Packet(new Uint8Array(40), { fragmentOffset: 64 }))
    lab.send(5, new Uint8Array(3))
    expect(lab.arrivals).toHaveLength(3)
    expect(lab.arrivals[0].bytes.subarray(26, 28)).toEqual(new Uint8Array(2))
    for (const { bytes } of lab.arrivals.slice(0, 2))
      expect(formatAddress(ip(bytes).source)).toBe('10.77.0.99')
  })
})

describe('the hand of the user', () => {
  test('drops a packet wherever it is on the link, once', () => {
    const lab = up({ rate: { limit: 8_000_000 }, delay: 5_000, reorder: { rate: 0 } })
    for (let i = 0; i < 4; i++) lab.send(0, 1_000)
    lab.runTo(1_500)
    expect(lab.link.inFlight().map(({ pkt, stage, until }) => [pkt, stage, until])).toEqual([
      [2, 'transmission', 2_000],
      [3, 'queue', null],
      [4, 'queue', null],
      [1, 'propagation', 6_000],
    ])
    for (const pkt of [1, 2, 3]) {
      expect(lab.link.dropInFlight(lab.now as never, pkt)).toBe(true)
      expect(lab.link.dropInFlight(lab.now as never, pkt)).toBe(false)
    }
    expect(lab.link.inFlight().map(({ pkt }) => pkt)).toEqual([4])
    lab.drain()
    expect(lab.drops().map(([, reason]) => reason)).toEqual(['by_hand', 'by_hand', 'by_hand'])
    // Packet 2 had begun: the wire was busy with it until 2 ms.
    expect(lab.arrivals.map(({ t, id }) => [t, id])).toEqual([[8_000, 4]])
  })

  test('reaches a packet that is held back', () => {
    const lab = up({ reorder: { rate: 1, hold: 10_000 } })
    lab.send(0)
    expect(lab.link.inFlight()).toMatchObject([{ pkt: 1, stage: 'held_back', until: 10_000 }])
    expect(lab.link.dropInFlight(lab.now as never, 1)).toBe(true)
    expect(lab.link.inFlight()).toEqual([])
  })

  test('of a packet that is not there: nothing', () => {
    expect(up({}).link.dropInFlight(0 as never, 7)).toBe(false)
  })
})
