import { describe, expect, it } from 'vitest'
import type { UdpReceived } from '../../../../electron/protocol/ip/events.ts'
import { decodeIpv4 } from '../../../../electron/protocol/wire/ipv4.ts'
import { HostLab } from '../../../support/host-lab.ts'
import { CLIENT, SERVER } from '../../../support/packets.ts'

const counted = (length: number) => new Uint8Array(length).map((_, i) => i)
const FLOW = '10.77.0.1:1000-10.77.0.2:7'

/** A lab in which the client has opened port 1000 and the server port 7. */
function openLab(options = {}) {
  const lab = new HostLab(options)
  lab.client.bindUdp(1000)
  lab.server.bindUdp(7)
  const send = (payload: Uint8Array, more = {}) =>
    lab.client.sendUdp(lab.now, { fromPort: 1000, to: { address: SERVER, port: 7 }, payload, ...more })
  const received = () => lab.toldOf(lab.server) as UdpReceived[]
  return { lab, send, received }
}

describe('a datagram', () => {
  it('reaches its port with payload, source and ECN', () => {
    const { lab, send, received } = openLab()
    expect(send(counted(100), { ecn: 1 })).toBe('sent')
    lab.run()
    expect(received()).toEqual([
      {
        type: 'datagram',
        localPort: 7,
        source: { address: CLIENT, port: 1000 },
        payload: counted(100),
        ecn: 1,
      },
    ])
  })

  it('is traced at both ends under one flow', () => {
    const { lab, send } = openLab()
    send(counted(100))
    lab.run()
    expect(lab.traced).toEqual([
      {
        name: 'udp:datagram_sent',
        t: 0,
        node: 'client',
        flow: FLOW,
        pkt: 1,
        data: { payload: 100, size: 128 },
      },
      { name: 'udp:datagram_received', t: 1000, node: 'server', flow: FLOW, pkt: 1, data: { payload: 100 } },
    ])
  })

  it('is numbered when it leaves, in the order of the wire', () => {
    const { lab, send } = openLab()
    for (let i = 0; i < 3; i++) send(counted(i))
    lab.run()
    expect(lab.sent.map(({ id, bytes }) => [id, bytes.length])).toEqual([
      [1, 28],
      [2, 29],
      [3, 30],
    ])
  })

  it('carries an identification of its own (RFC 791 3.2)', () => {
    const { lab, send } = openLab()
    for (let i = 0; i < 3; i++) send(counted(1))
    lab.run()
    const ids = lab.sent.map(({ bytes }) => {
      const read = decodeIpv4(bytes)
      return read.ok ? read.value.identification : -1
    })
    expect(new Set(ids).size).toBe(3)
  })
})

describe('a datagram longer than the MTU', () => {
  it('goes in fragments, each a packet of its own, and arrives whole', () => {
    const { lab, send, received } = openLab()
    send(counted(4000))
    lab.run()
    expect(received().map(({ payload }) => payload)).toEqual([counted(4000)])
    const fragments = lab.events('ip:fragment_sent')
    expect(
      fragments.map(({ pkt, flow, data }) => [
        pkt,
        flow,
        data.fragment_offset,
        data.more_fragments,
        data.size,
      ]),
    ).toEqual([
      [1, FLOW, 0, true, 1500],
      [2, FLOW, 1480, true, 1500],
      [3, FLOW, 2960, false, 1068],
    ])
    expect(lab.events('udp:datagram_sent').map(({ pkt, data }) => [pkt, data.size])).toEqual([[1, 4028]])
    expect(lab.events('ip:reassembly_finished').map(({ pkt }) => pkt)).toEqual([3])
  })

  it('is lost as a whole with one fragment', () => {
    const { lab, send, received } = openLab()
    lab.loses = ({ id }) => id === 2
    send(counted(4000))
    lab.run()
    expect(received()).toEqual([])
    expect(lab.events('ip:reassembly_abandoned').map(({ data }) => data.reason)).toEqual(['timeout'])
  })

  it('may be 65,507 bytes and no more', () => {
    const { lab, send, received } = openLab()
    expect(send(counted(65_507))).toBe('sent')
    expect(send(counted(65_508))).toBe('too_long')
    lab.run()
    expect(received().map(({ payload }) => payload.length)).toEqual([65_507])
  })

  it("is refused with Don't Fragment", () => {
    const { send } = openLab()
    expect(send(counted(1473), { dontFragment: true })).toBe('exceeds_mtu')
    expect(send(counted(1472), { dontFragment: true })).toBe('sent')
  })
})

describe('ports', () => {
  it('are open once', () => {
    const { lab } = openLab()
    expect(lab.server.bindUdp(7)).toBeUndefined()
    lab.server.closeUdp(7)
    expect(lab.server.bindUdp(7)).toBe(7)
  })

  it('are chosen from the dynamic ones (RFC 6335 6)', () => {
    const { lab } = openLab()
    const ports = Array.from({ length: 50 }, () => lab.client.bindUdp()!)
    expect(new Set(ports).size).toBe(50)
    expect(Math.min(...ports)).toBeGreaterThanOrEqual(49_152)
  })

  it('must be open to send', () => {
    const { send } = openLab()
    expect(send(counted(1), { fromPort: 1001 })).toBe('port_not_open')
  })
})

describe('limits', () => {
  it('a queue that nobody empties refuses more', () => {
    const { lab, send } = openLab()
    const outcomes = Array.from({ length: 1001 }, () => send(counted(1)))
    expect(outcomes.filter((outcome) => outcome === 'sent').length).toBe(1000)
    expect(outcomes.at(-1)).toBe('queue_full')
    lab.run()
    expect(send(counted(1))).toBe('sent')
  })

  it('events that nobody fetches are dropped and traced', () => {
    const { lab, send } = openLab()
    send(counted(1))
    const [packet] = [lab.client.pollTransmit(lab.now)!]
    for (let i = 0; i < 4097; i++) lab.server.handleDatagram(lab.now, packet)
    expect(lab.events('ip:packet_rejected').map(({ data }) => [data.layer, data.reason])).toEqual([
      ['udp', 'queue_full'],
    ])
  })
})
