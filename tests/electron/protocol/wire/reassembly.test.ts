import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { fragmentIpv4 } from '../../../../electron/protocol/wire/fragment.ts'
import { decodeIpv4, type Ipv4Header } from '../../../../electron/protocol/wire/ipv4.ts'
import { Reassembler, REASSEMBLY_DEFAULTS } from '../../../../electron/protocol/wire/reassembly.ts'
import { micros, seconds, type Micros } from '../../../../shared/units.ts'
import { fromHex, ipv4Packet, RUNS } from '../../../support/packets.ts'

const counted = (length: number, from = 0) => new Uint8Array(length).map((_, i) => from + i)

/** Hands the reassembler a packet and tells what became of it. */
function take(reassembler: Reassembler, bytes: Uint8Array, now: Micros = micros(0)) {
  const read = decodeIpv4(bytes)
  if (!read.ok) throw new Error(read.error.reason)
  const step = reassembler.handleFragment(now, read.value, bytes)
  return step.kind === 'ignored' ? step.reason : step.kind === 'complete' ? step.bytes : step.kind
}

/** A piece of the payload 0, 1, 2 ... */
const piece = (start: number, length: number, more: boolean, header: Partial<Ipv4Header> = {}) =>
  ipv4Packet(counted(length, start), { fragmentOffset: start, moreFragments: more, ...header })

const abandoned = (reassembler: Reassembler) => reassembler.pollAbandoned()?.reason

function fragments(packet: Uint8Array, mtu: number): readonly Uint8Array[] {
  const cut = fragmentIpv4(packet, mtu)
  if (!cut.ok) throw new Error(cut.error.reason)
  return cut.value
}

describe('putting together (RFC 791 3.2, RFC 815)', () => {
  it('gives the packet when the last missing piece is there, in any order', () => {
    const reassembler = new Reassembler()
    expect(take(reassembler, piece(16, 5, false))).toBe('held')
    expect(take(reassembler, piece(0, 8, true))).toBe('held')
    expect(take(reassembler, piece(8, 8, true))).toEqual(ipv4Packet(counted(21)))
    expect(reassembler.held).toBe(0)
    expect(reassembler.pollTimeout()).toBeUndefined()
  })

  it('takes header and options from the first fragment', () => {
    const options = fromHex('07070400 00000000')
    const packet = ipv4Packet(counted(100), { options, ttl: 9, dscp: 5 })
    const reassembler = new Reassembler()
    const [first, ...rest] = fragments(packet, 68)
    const steps = [...rest, first].map((bytes) => take(reassembler, bytes))
    expect(steps.at(-1)).toEqual(packet)
  })

  it('keeps datagrams of other hosts, protocols and identifications apart', () => {
    const reassembler = new Reassembler()
    take(reassembler, piece(0, 8, true))
    for (const other of [{ identification: 2 }, { protocol: 1 }, { source: 5 }, { destination: 6 }]) {
      expect(take(reassembler, piece(8, 8, false, other))).toBe('held')
    }
    expect(take(reassembler, piece(8, 8, false))).toBeInstanceOf(Uint8Array)
  })

  it('is the reverse of cutting, in any order, with copies and mixed with other datagrams', () => {
    const datagram = fc.record({
      length: fc.integer({ min: 60, max: 4000 }),
      mtu: fc.integer({ min: 68, max: 600 }),
    })
    fc.assert(
      fc.property(
        fc.array(datagram, { minLength: 1, maxLength: 3 }),
        fc.infiniteStream(fc.nat()),
        (specs, dice) => {
          const draw = () => dice.next().value as number
          const packets = specs.map(({ length }, i) => ipv4Packet(counted(length), { identification: i }))
          const pieces = packets.flatMap((packet, i) => fragments(packet, specs[i].mtu))
          const copies = pieces.filter(() => draw() % 3 === 0)
          const all = [...pieces, ...copies].map((bytes) => ({ bytes, at: draw() }))
          all.sort((a, b) => a.at - b.at)
          const reassembler = new Reassembler()
          const whole = all
            .filter(({ bytes }) => bytes[6] & 0x3f || bytes[7])
            .map(({ bytes }) => take(reassembler, bytes))
            .filter((step) => step instanceof Uint8Array)
          const cut = packets.filter((packet, i) => packet.length > specs[i].mtu)
          for (const packet of cut)
            expect(whole.some((bytes) => Buffer.compare(bytes, packet) === 0)).toBe(true)
          expect(reassembler.pollAbandoned()).toBeUndefined()
        },
      ),
      { numRuns: RUNS },
    )
  })
})

describe('time (RFC 1122 3.3.2)', () => {
  it('gives a datagram up 60 s after its first fragment, and keeps that for the ICMP error', () => {
    const reassembler = new Reassembler()
    const first = piece(0, 8, true)
    take(reassembler, piece(16, 8, true), micros(5))
    take(reassembler, first, seconds(59))
    expect(reassembler.pollTimeout()).toBe(60_000_005)
    reassembler.handleTimeout(micros(60_000_004))
    expect(abandoned(reassembler)).toBeUndefined()
    reassembler.handleTimeout(micros(60_000_005))
    expect(reassembler.pollAbandoned()).toEqual({ reason: 'timeout', identification: 1, first })
    expect([reassembler.held, reassembler.pollTimeout()]).toEqual([0, undefined])
  })

  it('has no first fragment to show when that never came', () => {
    const reassembler = new Reassembler()
    take(reassembler, piece(16, 8, true))
    reassembler.handleTimeout(seconds(60))
    expect(reassembler.pollAbandoned()?.first).toBeUndefined()
  })

  it('starts anew after the time is over', () => {
    const reassembler = new Reassembler()
    take(reassembler, piece(0, 8, true))
    reassembler.handleTimeout(seconds(60))
    expect(take(reassembler, piece(8, 8, false), seconds(61))).toBe('held')
  })
})

describe('overlaps (RFC 5722 3, RFC 8200 4.5)', () => {
  it.each([
    ['over the end of an earlier one', [piece(0, 16, true), piece(8, 16, true)]],
    ['over the start of a later one', [piece(8, 16, true), piece(0, 16, true)]],
    ['around another', [piece(8, 8, true), piece(0, 24, true)]],
    ['same place, other bytes', [piece(0, 8, true), ipv4Packet(counted(8, 99), { moreFragments: true })]],
    ['same place, other length', [piece(0, 8, true), piece(0, 16, true)]],
    ['beyond the end', [piece(8, 8, false), piece(16, 8, true)]],
    ['an end before what is there', [piece(16, 8, true), piece(8, 8, false)]],
    ['a second end', [piece(16, 8, false), piece(8, 4, false)]],
  ])('give the datagram up: %s', (_, [one, two]) => {
    const reassembler = new Reassembler()
    expect(take(reassembler, one)).toBe('held')
    expect(take(reassembler, two)).toBe('abandoned')
    expect(abandoned(reassembler)).toBe('overlap')
  })

  it('drop what still comes of it, too', () => {
    const reassembler = new Reassembler()
    for (const bytes of [piece(0, 16, true), piece(8, 16, true)]) take(reassembler, bytes)
    expect(take(reassembler, piece(0, 16, true))).toBe('abandoned')
    expect(take(reassembler, piece(16, 8, false))).toBe('abandoned')
    expect(abandoned(reassembler)).toBe('overlap')
    expect(abandoned(reassembler)).toBeUndefined()
  })

  it('are not the exact copies that networks make', () => {
    const reassembler = new Reassembler()
    take(reassembler, piece(0, 8, true))
    expect(take(reassembler, piece(0, 8, true))).toBe('duplicate')
    expect(take(reassembler, piece(8, 8, false))).toBeInstanceOf(Uint8Array)
  })
})

describe('what no sender may make', () => {
  it('is ignored: an empty fragment, and one in the middle that is no multiple of eight', () => {
    const reassembler = new Reassembler()
    expect(take(reassembler, piece(8, 0, false))).toBe('bad_fragment')
    expect(take(reassembler, piece(8, 7, true))).toBe('bad_fragment')
    expect(reassembler.held).toBe(0)
  })

  it('is refused: a datagram beyond 65,535 bytes (the ping of death)', () => {
    const reassembler = new Reassembler()
    expect(take(reassembler, piece(0, 1480, true))).toBe('held')
    expect(take(reassembler, piece(65_528, 1000, false))).toBe('abandoned')
    expect(abandoned(reassembler)).toBe('too_long')
  })

  it('is refused: one that only the options of the first fragment make too long', () => {
    const reassembler = new Reassembler()
    const options = new Uint8Array(40).fill(1)
    take(reassembler, piece(0, 8, true, { options }))
    take(reassembler, piece(8, 32_000, true))
    expect(take(reassembler, piece(32_008, 33_500, false))).toBe('abandoned')
    expect(abandoned(reassembler)).toBe('too_long')
  })
})

describe('memory', () => {
  it('is bounded: the oldest are given up', () => {
    const settings = { ...REASSEMBLY_DEFAULTS, memory: 10_000 }
    const reassembler = new Reassembler(settings)
    for (let id = 0; id < 100; id++) {
      take(reassembler, piece(0, 1000, true, { identification: id }))
      expect(reassembler.held).toBeLessThanOrEqual(10_000)
    }
    expect(reassembler.pollAbandoned()).toMatchObject({ reason: 'too_many', identification: 0 })
    expect(take(reassembler, piece(1000, 8, false, { identification: 99 }))).toBeInstanceOf(Uint8Array)
  })

  it('is bounded against headstones, too', () => {
    const reassembler = new Reassembler({ ...REASSEMBLY_DEFAULTS, memory: 5000 })
    for (let id = 0; id < 1000; id++) {
      take(reassembler, piece(0, 16, true, { identification: id }))
      take(reassembler, piece(8, 16, true, { identification: id }))
      expect(reassembler.held).toBeLessThanOrEqual(5000)
    }
  })
})

describe('ECN (RFC 3168 5.3)', () => {
  const ecnOf = (codepoints: readonly number[]) => {
    const reassembler = new Reassembler()
    const steps = codepoints.map((ecn, i) =>
      take(reassembler, piece(8 * i, 8, i < codepoints.length - 1, { ecn })),
    )
    const last = steps.at(-1)
    return last instanceof Uint8Array ? last[1] & 3 : abandoned(reassembler)
  }

  it('loses no mark', () => {
    expect(ecnOf([2, 2])).toBe(2)
    expect(ecnOf([2, 3, 2])).toBe(3)
    expect(ecnOf([0, 3])).toBe('ecn_mismatch')
  })
})
