import { describe, expect, test } from 'vitest'
import { CE, decodeIpv4, ECT_0 } from '../../../../electron/protocol/wire/ipv4.ts'
import { LinkLab } from '../../../support/link-lab.ts'
import { ipv4Packet } from '../../../support/packets.ts'

/** 1,000 bytes take 1 ms. */
const RATE = { limit: 8_000_000 }

const arrivals = (lab: LinkLab) => lab.drain().arrivals.map(({ t, id }) => [t, id])

describe('drop-tail', () => {
  test('counts bytes; the packet in transmission is not in the queue', () => {
    const lab = new LinkLab({ up: { rate: RATE, queue: { limit: 2_000 } } })
    for (let i = 0; i < 5; i++) lab.send(0, 1_000)
    expect(lab.drops()).toEqual([
      [4, 'queue_full'],
      [5, 'queue_full'],
    ])
    expect(arrivals(lab)).toEqual([
      [1_000, 1],
      [2_000, 2],
      [3_000, 3],
    ])
  })

  test('a small packet may still fit where a large one does not', () => {
    const lab = new LinkLab({ up: { rate: RATE, queue: { limit: 1_500 } } })
    for (const size of [1_000, 1_000, 1_000, 500]) lab.send(0, size)
    expect(lab.drops()).toEqual([[3, 'queue_full']])
  })

  test('counts packets', () => {
    const lab = new LinkLab({ up: { rate: RATE, queue: { unit: 'packets', limit: 1 } } })
    for (const size of [1_000, 1_400, 40]) lab.send(0, size)
    expect(lab.drops()).toEqual([[3, 'queue_full']])
  })

  test('counts the time to drain at the present rate', () => {
    const lab = new LinkLab({ up: { rate: RATE, queue: { unit: 'time', limit: 2_500 } } })
    for (let i = 0; i < 4; i++) lab.send(0, 1_000)
    expect(lab.drops()).toEqual([[4, 'queue_full']])
    lab.configure({ up: { rate: { limit: 16_000_000 }, queue: { unit: 'time', limit: 2_500 } } })
    lab.send(0, 1_000)
    expect(lab.drops()).toHaveLength(1)
  })

  test('a limit below one packet still lets a packet through an idle link', () => {
    const lab = new LinkLab({ up: { rate: RATE, queue: { limit: 10 } } })
    lab.send(0, 1_000)
    expect(arrivals(lab)).toEqual([[1_000, 1]])
  })

  test('0 is no limit', () => {
    const lab = new LinkLab({ up: { rate: RATE, queue: { limit: 0 } } })
    for (let i = 0; i < 1_000; i++) lab.send(0, 1_000)
    expect(lab.drain().arrivals).toHaveLength(1_000)
  })

  test('the trace tells the length of the queue with and without the packet', () => {
    const lab = new LinkLab({ up: { rate: RATE } })
    for (const size of [1_000, 400]) lab.send(0, size)
    lab.drain()
    const told = lab.events
      .filter(({ name }) => name.endsWith('queued'))
      .map(({ name, t, pkt, data }) => [name.slice(12), t, pkt, data.queue_bytes, data.queue_packets])
    expect(told).toEqual([
      ['enqueued', 0, 1, 1_000, 1],
      ['dequeued', 0, 1, 0, 0],
      ['enqueued', 0, 2, 400, 1],
      ['dequeued', 1_000, 2, 0, 0],
    ])
  })
})

describe('drop-head', () => {
  test('the oldest make room for the newest', () => {
    const lab = new LinkLab({ up: { rate: RATE, queue: { discipline: 'drop-head', limit: 2_000 } } })
    for (let i = 0; i < 5; i++) lab.send(0, 1_000)
    expect(lab.drops()).toEqual([
      [2, 'queue_full'],
      [3, 'queue_full'],
    ])
    expect(arrivals(lab).map(([, id]) => id)).toEqual([1, 4, 5])
  })

  test('what can never fit is dropped itself, after all others', () => {
    const lab = new LinkLab({ up: { rate: RATE, queue: { discipline: 'drop-head', limit: 1_000 } } })
    for (const size of [500, 500, 1_400]) lab.send(0, size)
    expect(lab.drops().map(([pkt]) => pkt)).toEqual([2, 3])
  })
})

describe('CoDel (RFC 8289)', () => {
  const queue = { discipline: 'codel', limit: 0, target: 5_000, interval: 100_000 } as const

  /** Twice the rate, so that the queue grows for as long as this goes on. */
  function overload(lab: LinkLab, packets: number, bytes: Uint8Array | number = 1_000): void {
    for (let i = 0; i < packets; i++) lab.send(i * 500, bytes)
  }

  test('nothing is dropped until packets have waited longer than target for an interval', () => {
    const lab = new LinkLab({ up: { rate: RATE, queue } })
    overload(lab, 1_000)
    const firstLate = lab.of('link:packet_dequeued').find(({ t, pkt }) => t - (pkt - 1) * 500 >= 5_000)
    const firstDrop = lab.of('link:packet_dropped')[0]
    expect(firstDrop.data.reason).toBe('codel')
    expect(firstDrop.t - (firstLate?.t ?? 0)).toBe(100_000)
  })

  test('drops then come closer by the square root of their number (5.4)', () => {
    const lab = new LinkLab({ up: { rate: RATE, queue } })
    overload(lab, 4_000)
    const times = lab.of('link:packet_dropped').map(({ t }) => t)
    expect(times.length).toBeGreaterThan(10)
    let law = times[0]
    for (let count = 1; count < 10; count++) {
      law += 100_000 / Math.sqrt(count)
      // A packet is dropped when the next one is wanted, at most 1 ms after the law says so.
      expect(times[count] - law).toBeGreaterThanOrEqual(0)
      expect(times[count] - law).toBeLessThanOrEqual(1_000)
    }
  })

  test('a queue no longer than one packet of the MTU is left alone however long it takes', () => {
    const lab = new LinkLab({ up: { rate: { limit: 80_000 }, queue } })
    for (let i = 0; i < 20; i++) lab.send(i * 100_000, 1_000)
    expect(lab.drain().drops()).toEqual([])
  })

  test('with ECN it marks the packets that can be marked instead, and forwards them', () => {
    const lab = new LinkLab({ up: { rate: RATE, queue: { ...queue, ecn: true } } })
    overload(lab, 1_000, ipv4Packet(new Uint8Array(980), { ecn: ECT_0 }))
    lab.drain()
    expect(lab.drops()).toEqual([])
    const marked = new Set(lab.of('link:packet_marked').map(({ pkt }) => pkt))
    expect(marked.size).toBeGreaterThan(1)
    for (const { id, bytes } of lab.arrivals) {
      const read = decodeIpv4(bytes)
      expect(read.ok && read.value.ecn).toBe(marked.has(id) ? CE : ECT_0)
    }
  })

  test('with ECN it drops the packets that cannot be marked', () => {
    const lab = new LinkLab({ up: { rate: RATE, queue: { ...queue, ecn: true } } })
    overload(lab, 1_000)
    expect(lab.drops().length).toBeGreaterThan(1)
  })

  test('keeps the delay of a standing queue bounded where drop-tail does not', () => {
    const worst = (discipline: 'codel' | 'drop-tail') => {
      const lab = new LinkLab({ up: { rate: RATE, queue: { ...queue, discipline } } })
      // A fixed window of 40 packets, as a TCP would keep in flight: each one out lets one in, lost ones do not.
      for (let i = 0; i < 40; i++) lab.send(0, 1_000)
      let seen = 0
      for (let t = 0; t < 4_000_000; t += 500) {
        lab.runTo(t)
        for (; seen < lab.arrivals.length; seen++) lab.send(t, 1_000)
      }
      const late = lab.of('link:packet_delivered').filter(({ t }) => t > 3_000_000)
      return Math.max(...late.map(({ data }) => data.delay as number))
    }
    expect(worst('drop-tail')).toBe(40_000)
    expect(worst('codel')).toBeLessThan(10_000)
  })
})

describe('marks above a threshold', () => {
  const capable = ipv4Packet(new Uint8Array(980), { ecn: ECT_0 })

  test.each([
    ['bytes', 2_000],
    ['packets', 2],
    ['time', 2_000],
  ] as const)('counted in %s: the packets with which the queue is longer', (unit, markAbove) => {
    const lab = new LinkLab({ up: { rate: RATE, queue: { unit, limit: 100_000, markAbove } } })
    for (let i = 0; i < 5; i++) lab.send(0, capable)
    // The first is in transmission, two wait; the fourth and the fifth are one too many.
    expect(lab.of('link:packet_marked').map(({ pkt }) => pkt)).toEqual([4, 5])
    for (const { id, bytes } of lab.drain().arrivals) {
      const read = decodeIpv4(bytes)
      expect(read.ok && read.value.ecn).toBe(id > 3 ? CE : ECT_0)
    }
  })

  test('packets that cannot be marked go unmarked, and all are dropped at the limit', () => {
    const lab = new LinkLab({ up: { rate: RATE, queue: { limit: 3_000, markAbove: 1_000 } } })
    for (let i = 0; i < 5; i++) lab.send(0, 1_000)
    expect(lab.of('link:packet_marked')).toEqual([])
    expect(lab.drops()).toEqual([[5, 'queue_full']])
  })

  test('0: none', () => {
    const lab = new LinkLab({ up: { rate: RATE } })
    for (let i = 0; i < 50; i++) lab.send(0, capable)
    expect(lab.of('link:packet_marked')).toEqual([])
  })
})
