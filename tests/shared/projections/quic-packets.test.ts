import { describe, expect, it } from 'vitest'
import { QuicPackets, type QuicPacket } from '../../../shared/projections/quic-packets.ts'
import { FLOW, TraceMaker } from '../../support/trace-maker.ts'

const [C, S] = ['client', 'server']
const names = (packets: readonly QuicPacket[]): string[] =>
  packets.map(({ level, number }) => `${level} ${number}`)

describe('the QUIC packets of a recording', () => {
  it('stand by connection and end, in the order in which they were sent and taken in', () => {
    const store = new TraceMaker()
      .pair()
      .quicSent(0, 1, C, { level: 'initial', number: 0 })
      .quicReceived(10, 1, S, 0, 'initial')
      .quicSent(10, 2, S, { level: 'initial', number: 0 })
      .quicSent(10, 2, S, { level: 'handshake', number: 0 })
      .quicSent(11, 3, S, { number: 0 })
      .quicReceived(20, 3, C, 0)
      .quicReceived(21, 2, C, 0, 'initial')
      .quicReceived(21, 2, C, 0, 'handshake')
      .store()
    const packets = QuicPackets.of(store)
    const [connection] = packets.connections
    expect(packets.connections).toHaveLength(1)
    expect(store.text(connection.flow)).toBe(FLOW)
    const [client, server] = connection.ends
    expect([client.side, server.side]).toEqual(['client', 'server'])
    expect(names(server.sent)).toEqual(['initial 0', 'handshake 0', '1rtt 0'])
    expect(names(client.received)).toEqual(['1rtt 0', 'initial 0', 'handshake 0'])
    expect(names(server.received)).toEqual(['initial 0'])
    expect(names(packets.ofPkt(2))).toEqual(['initial 0', 'handshake 0'])
    expect(server.sent[0].received).toBe(21)
    expect(packets.inRow(3)).toBe(server.sent[2])
    expect(QuicPackets.of(store)).toBe(packets)
  })

  it('say what became of each', () => {
    const maker = new TraceMaker().pair()
    for (let number = 0; number < 5; number++) maker.quicSent(number, number + 1, S, { number })
    const link = { node: 'link' }
    const delivered = { direction: 1, delay: 10 }
    const store = maker
      .add(11, 'link:packet_delivered', delivered, { ...link, pkt: 1 })
      .quicReceived(11, 1, C, 0)
      .add(12, 'link:packet_dropped', { direction: 1, reason: 'listed', delay: 10 }, { ...link, pkt: 2 })
      .add(13, 'link:packet_delivered', delivered, { ...link, pkt: 3 })
      .add(14, 'link:packet_delivered', delivered, { ...link, pkt: 4 })
      .add(14, 'transport:packet_buffered', { level: '1rtt', size: 1200 }, { node: C, flow: FLOW, pkt: 4 })
      .add(30, 'recovery:packets_acked', { space: 'application', packets: [0, 1] }, { node: S, flow: FLOW })
      .add(
        30,
        'recovery:packet_lost',
        { space: 'application', number: 1, trigger: 'time_threshold' },
        { node: S, flow: FLOW, pkt: 2 },
      )
      .store()
    const { sent } = QuicPackets.of(store).connections[0].ends[0]
    expect(sent.map((packet) => packet.fate(store))).toEqual([
      'received',
      'died',
      'ignored',
      'buffered',
      'under_way',
    ])
    expect(sent.map(({ acked }) => acked)).toEqual([30, NaN, NaN, NaN, NaN])
    expect(sent.map(({ lost }) => lost)).toEqual([NaN, 30, NaN, NaN, NaN])
    expect(sent[1].trigger).toBe('time_threshold')
    expect(sent[3].arrived).toBe(14)
  })

  it('find one that came as a copy, and one whose keys came later', () => {
    const store = new TraceMaker()
      .pair()
      .quicSent(0, 1, S, { level: 'handshake', number: 0, size: 300 })
      .quicSent(0, 1, S, { number: 0, size: 500 })
      .quicSent(0, 1, S, { level: '0rtt', number: 1, size: 500, dcid: '0c1d' })
      .add(5, 'link:packet_duplicated', { direction: 1, copy: 2 }, { node: 'link', pkt: 1 })
      .quicReceived(10, 2, C, 0, 'handshake')
      .add(10, 'transport:packet_buffered', { level: '1rtt', size: 500 }, { node: C, flow: FLOW, pkt: 2 })
      .quicReceived(40, 7, C, 0)
      .store()
    const packets = QuicPackets.of(store)
    const [handshake, data, other] = packets.ofPkt(2)
    expect([handshake.buffered, handshake.received]).toEqual([NaN, 10])
    expect([data.buffered, data.received, data.arrived]).toEqual([10, 40, 10])
    expect([other.buffered, other.dcid]).toEqual([NaN, '0c1d'])
  })

  it('begin a new connection where the client begins to count anew after the server has heard it', () => {
    const store = new TraceMaker()
      .pair()
      .quicSent(0, 1, C, { level: 'initial', number: 0 })
      .quicSent(5, 2, C, { level: 'initial', number: 1 })
      .quicReceived(10, 1, S, 0, 'initial')
      .quicSent(20, 3, C, { level: 'initial', number: 2 })
      .quicSent(50, 4, C, { level: 'initial', number: 0 })
      .quicReceived(60, 4, S, 0, 'initial')
      .store()
    const [first, second] = QuicPackets.of(store).ofFlow(store.strings.indexOf(FLOW))
    expect(first.packets).toHaveLength(3)
    expect(names(second.packets)).toEqual(['initial 0'])
    expect(second.packets[0].received).toBe(60)
    expect([first.nth, second.nth]).toEqual([0, 1])
  })

  it('take no harm from what a recording says of packets that there are not', () => {
    const store = new TraceMaker()
      .pair()
      .quicReceived(1, 9, S, 77)
      .quicSent(2, 1, C, { level: 'what', number: 3 })
      .quicReceived(3, 1, S, 4)
      .add(4, 'recovery:packet_lost', { space: '__proto__', number: 3, trigger: '' }, { node: C, flow: FLOW })
      .add(
        5,
        'recovery:packets_acked',
        { space: 'application', packets: [0, 0xffff_ffff] },
        { node: C, flow: FLOW },
      )
      .add(6, 'transport:packet_buffered', { level: '1rtt', size: 1 }, { node: C, flow: FLOW, pkt: 1 })
      .store()
    const [packet] = QuicPackets.of(store).connections[0].packets
    expect(packet.space).toBe('application')
    expect(packet.fate(store)).toBe('under_way')
  })
})
