/** Where a host on an Ethernet sends a packet first: RFC 1122 3.3.1. */
import { describe, expect, it } from 'vitest'
import { EthernetInterface } from '../../../../electron/protocol/ethernet/interface.ts'
import { EthernetHost } from '../../../../electron/protocol/ip/ethernet-host.ts'
import { Host } from '../../../../electron/protocol/ip/host.ts'
import { macOf } from '../../../../electron/protocol/wire/ethernet.ts'
import { micros } from '../../../../shared/units.ts'
import { arpFrame, destinationOf, frameOf, NodeLab, wordsOf } from '../../../support/node-lab.ts'
import { ipv4Packet, tcpPacket } from '../../../support/packets.ts'
import { tcpSettings } from '../../../support/tcp-env.ts'

const OWN = 0x0a4d0001
const NEAR = 0x0a4d0002
const GATEWAY = 0x0a4d00fe
const FAR = 0x0a4d0214

function lab(gateway: number | undefined) {
  let host!: Host
  const net = new NodeLab((env) => {
    host = new Host(env, { name: 'client', address: OWN, tcp: tcpSettings() })
    const port = new EthernetInterface(env, { index: 0, mac: macOf(OWN), address: OWN, prefixLength: 24 })
    return new EthernetHost(host, port, gateway, env.trace)
  })
  host.bindUdp(4000)
  const send = (address: number): void => {
    const to = { address, port: 7 }
    host.sendUdp(micros(net.now), { fromPort: 4000, to, payload: new Uint8Array(4) })
  }
  return { net, host, send }
}

const station = (address: number) => ({ mac: macOf(address), address })

describe('the first hop', () => {
  it('is the destination itself on the same network', () => {
    const { net, send } = lab(GATEWAY)
    send(NEAR)
    expect(wordsOf(net.collect()[0].bytes)).toBe('ARP who has 10.77.0.2? tell 10.77.0.1')
  })

  it('is the default gateway for all others: the frame goes there, the packet does not', () => {
    const { net, send } = lab(GATEWAY)
    send(FAR)
    expect(wordsOf(net.collect()[0].bytes)).toBe('ARP who has 10.77.0.254? tell 10.77.0.1')
    const [{ bytes }] = net.arrive(arpFrame(station(GATEWAY), station(OWN)))
    expect(destinationOf(bytes)).toBe(macOf(GATEWAY))
    expect(wordsOf(bytes)).toContain('UDP 10.77.0.1:4000 > 10.77.2.20:7')
  })

  it('is nowhere without a gateway: the packet is not sent, and the trace says so', () => {
    const { net, send } = lab(undefined)
    send(FAR)
    expect(net.collect()).toEqual([])
    expect(net.traced.at(-1)).toMatchObject({
      name: 'ip:packet_rejected',
      pkt: 1,
      data: { layer: 'ipv4', reason: 'no_route' },
    })
  })

  it('needs no address for all hosts', () => {
    const { net, send } = lab(undefined)
    send(0xffffffff)
    expect(destinationOf(net.collect()[0].bytes)).toBe(0xffffffffffff)
  })

  it('holds up no packet for another that waits', () => {
    const { net, send } = lab(GATEWAY)
    net.arrive(arpFrame(station(NEAR), station(OWN)))
    send(FAR)
    send(NEAR)
    expect(net.collect().map(({ bytes }) => destinationOf(bytes))).toEqual([0xffffffffffff, macOf(NEAR)])
  })
})

describe('what comes in', () => {
  it('reaches the host as a packet: a SYN to nobody is answered', () => {
    const { net } = lab(GATEWAY)
    const syn = tcpPacket({ flags: 2 }, { source: NEAR, destination: OWN })
    net.arrive(arpFrame(station(NEAR), OWN))
    const [{ bytes }] = net.arrive(frameOf(macOf(NEAR), macOf(OWN), syn))
    expect(wordsOf(bytes)).toContain('RST')
  })

  it('does not reach it when it is for another station of the network', () => {
    const { net } = lab(GATEWAY)
    const syn = tcpPacket({ flags: 2 }, { source: NEAR, destination: OWN })
    expect(net.arrive(frameOf(macOf(NEAR), macOf(GATEWAY), syn))).toEqual([])
    expect(net.of('tcp:segment_received')).toEqual([])
  })
})

it('a host that moves answers for its new address, with the same hardware', () => {
  const { net } = lab(GATEWAY)
  net.node.move(0x0a4d0063)
  expect(net.of('connectivity:address_changed')).toEqual([{ from: '10.77.0.1', to: '10.77.0.99' }])
  const [{ bytes }] = net.arrive(arpFrame(station(NEAR), 0x0a4d0063))
  expect(wordsOf(bytes)).toBe('ARP 10.77.0.99 is at 02:00:0a:4d:00:01')
  const toOld = ipv4Packet(new Uint8Array(8), { source: NEAR, destination: OWN })
  net.arrive(frameOf(macOf(NEAR), macOf(OWN), toOld))
  expect(net.of('ip:packet_rejected')).toMatchObject([{ reason: 'not_for_us' }])
})
