/** A learning bridge: IEEE 802.1D-2004 7.7 to 7.9. */
import { describe, expect, it } from 'vitest'
import { LearningSwitch } from '../../../../electron/protocol/ethernet/switch.ts'
import { BROADCAST_MAC, formatMac } from '../../../../electron/protocol/wire/ethernet.ts'
import { frameOf, NodeLab } from '../../../support/node-lab.ts'

const AGING = 300_000_000
const [A, B, C] = [0x02000a4d0001, 0x02000a4d0002, 0x02000a4d0003]

const lab = (ports = 4) => new NodeLab(({ trace }) => new LearningSwitch(trace, { ports, aging: AGING }))
const portsOf = (left: readonly { port: number }[]) => left.map(({ port }) => port)

describe('forwarding (7.7)', () => {
  it('floods a frame for an address that it does not know: out of all ports but its own', () => {
    const net = lab()
    expect(portsOf(net.arrive(frameOf(A, B), 1))).toEqual([0, 2, 3])
    expect(net.of('ethernet:frame_forwarded')).toMatchObject([
      { in_port: 1, out_port: 255, decision: 'flooded', ethertype: 0x0800, size: 60 },
    ])
  })

  it('sends a frame for an address that it knows there only', () => {
    const net = lab()
    net.arrive(frameOf(A, B), 1)
    const [back, ...others] = net.arrive(frameOf(B, A), 3)
    expect(others).toEqual([])
    expect(back).toMatchObject({ port: 1, id: net.lastArrived })
    expect(net.of('ethernet:frame_forwarded')[1]).toMatchObject({ out_port: 1, decision: 'known' })
  })

  it('passes the very bytes on', () => {
    const net = lab(2)
    const frame = frameOf(
      A,
      B,
      Uint8Array.from({ length: 100 }, (_, i) => i),
    )
    expect(net.arrive(frame, 0)[0].bytes).toEqual(frame)
  })

  it('keeps a frame back whose station is where it came from', () => {
    const net = lab()
    net.arrive(frameOf(A, C), 2)
    net.arrive(frameOf(B, C), 2)
    expect(net.arrive(frameOf(A, B), 2)).toEqual([])
    expect(net.of('ethernet:frame_forwarded')[2]).toMatchObject({ decision: 'filtered', out_port: 2 })
  })

  it.each([
    ['broadcast', BROADCAST_MAC],
    ['multicast', 0x01005e000001],
  ])('sends a %s to all, always', (_, destination) => {
    const net = lab()
    for (let i = 0; i < 2; i++) expect(portsOf(net.arrive(frameOf(A, destination), 0))).toEqual([1, 2, 3])
    expect(net.of('ethernet:frame_forwarded').map(({ decision }) => decision)).toEqual([
      'broadcast',
      'broadcast',
    ])
  })

  it('keeps what is meant for bridges alone (7.12.6)', () => {
    const net = lab()
    expect(net.arrive(frameOf(A, 0x0180c2000000), 0)).toEqual([])
    expect(net.arrive(frameOf(A, 0x0180c200000f), 0)).toEqual([])
    expect(net.arrive(frameOf(A, 0x0180c2000010), 0)).toHaveLength(3)
  })
})

describe('learning (7.8)', () => {
  it('notes where a source is, once', () => {
    const net = lab()
    for (let i = 0; i < 3; i++) net.arrive(frameOf(A, B), 1)
    expect(net.of('ethernet:address_learned')).toEqual([
      { address: formatMac(A), port: 1, what: 'learned', entries: 1 },
    ])
  })

  it('follows a station that has moved', () => {
    const net = lab()
    net.arrive(frameOf(A, B), 1)
    net.arrive(frameOf(A, B), 2)
    expect(net.of('ethernet:address_learned')[1]).toEqual({
      ...{ address: formatMac(A), port: 2, what: 'moved', entries: 1 },
    })
    expect(portsOf(net.arrive(frameOf(B, A), 0))).toEqual([2])
  })

  it('does not learn the address of many stations, nor from what is no frame', () => {
    const net = lab()
    expect(net.arrive(frameOf(BROADCAST_MAC, B), 0)).toEqual([])
    expect(net.arrive(new Uint8Array(5), 0)).toEqual([])
    expect(net.of('ethernet:address_learned')).toEqual([])
    expect(net.of('ethernet:frame_rejected')).toEqual([
      { reason: 'bad_source', offset: 6, size: 60 },
      { reason: 'truncated', offset: 5, size: 5 },
    ])
  })
})

describe('ageing (7.9.2)', () => {
  it('forgets an address that was silent for the ageing time, and no sooner', () => {
    const net = lab()
    net.arrive(frameOf(A, B), 1)
    net.runTo(AGING)
    expect(portsOf(net.arrive(frameOf(B, A), 3))).toEqual([1])
    net.runTo(AGING + 1)
    expect(portsOf(net.arrive(frameOf(B, A), 3))).toEqual([0, 1, 2])
    expect(net.of('ethernet:address_learned')[2]).toEqual({
      ...{ address: formatMac(A), port: 1, what: 'aged', entries: 1 },
    })
  })

  it('counts from the last frame of the station, not from the first', () => {
    const net = lab()
    net.arrive(frameOf(A, B), 1)
    net.runTo(AGING / 2)
    net.arrive(frameOf(A, B), 1)
    net.runTo(AGING + 1)
    expect(portsOf(net.arrive(frameOf(B, A), 3))).toEqual([1])
  })

  it('goes by a new ageing time from now on', () => {
    const net = lab()
    net.arrive(frameOf(A, B), 1)
    net.node.configure(1_000)
    net.runTo(2_000)
    expect(portsOf(net.arrive(frameOf(B, A), 3))).toEqual([0, 1, 2])
  })
})
