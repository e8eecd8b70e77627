import fc from 'fast-check'
import { expect, it } from 'vitest'
import { PacketArena } from '../../../../electron/protocol/wire/arena.ts'

it('gives zeroed, aligned bytes that no two packets share', () => {
  fc.assert(
    fc.property(fc.array(fc.nat(70_000), { maxLength: 60 }), (lengths) => {
      const arena = new PacketArena()
      const packets = lengths.map((length) => arena.allocate(length))
      for (const [i, packet] of packets.entries()) {
        expect(packet.length).toBe(lengths[i])
        expect(packet.byteOffset % 4).toBe(0)
        expect(packet.every((byte) => byte === 0)).toBe(true)
        packet.fill(i + 1)
      }
      for (const [i, packet] of packets.entries()) expect(packet.every((byte) => byte === i + 1)).toBe(true)
    }),
    { numRuns: 20 },
  )
})
