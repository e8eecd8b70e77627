import { describe, expect, it } from 'vitest'
import { bufferCharge, Hop } from '../../../../electron/engine/drivers/hop.ts'
import type { Datagram } from '../../../../electron/protocol/sansio.ts'

const packet = (id: number, length = 1_500): Datagram => ({
  id,
  bytes: new Uint8Array(length).fill(id),
  port: 0,
})

function hopOf(receiveBuffer = 1e6) {
  const wire: Uint8Array[] = []
  const lost: number[] = []
  const send = (bytes: Uint8Array): void => void wire.push(bytes)
  const hop = new Hop({ send, receiveBuffer, onLost: (count) => lost.push(count) })
  return { hop, wire, lost, comesIn: (id: number) => hop.receive(Buffer.from(packet(id).bytes))?.id }
}

describe('a hop between two sockets', () => {
  it('knows each packet that comes in', () => {
    const { hop, comesIn, lost } = hopOf()
    for (let id = 1; id <= 3; id++) hop.send(packet(id))
    expect([comesIn(1), comesIn(2), comesIn(3)]).toEqual([1, 2, 3])
    expect(hop.size).toBe(0)
    expect(lost).toEqual([])
  })

  it('finds out what the system lost when a later packet comes in', () => {
    const { hop, comesIn, lost } = hopOf()
    for (let id = 1; id <= 5; id++) hop.send(packet(id))
    expect(comesIn(4)).toBe(4)
    expect(lost).toEqual([3])
    expect(comesIn(5)).toBe(5)
  })

  it('tells equal packets apart by their order', () => {
    const { hop } = hopOf()
    const bytes = Uint8Array.of(1, 2, 3)
    for (const id of [1, 2]) hop.send({ id, bytes, port: 0 })
    expect(hop.receive(Buffer.from(bytes))?.id).toBe(1)
    expect(hop.receive(Buffer.from(bytes))?.id).toBe(2)
  })

  it('does not take what was never sent', () => {
    const { hop, comesIn, lost } = hopOf()
    hop.send(packet(1))
    expect(comesIn(9)).toBeUndefined()
    expect(lost).toEqual([])
    expect(hop.size).toBe(1)
  })

  it('puts no more on the wire than the receiver can hold, and the rest in order once there is room', () => {
    const { hop, wire, comesIn } = hopOf(bufferCharge(1_500) * 10)
    for (let id = 1; id <= 20; id++) hop.send(packet(id))
    expect(wire).toHaveLength(8)
    for (let id = 1; id <= 20; id++) expect(comesIn(id)).toBe(id)
    expect(wire.map((bytes) => bytes[0])).toEqual(Array.from({ length: 20 }, (_, i) => i + 1))
  })

  it('puts no more than a burst on the wire, however large the buffer', () => {
    const { hop, wire, comesIn } = hopOf(1e9)
    for (let id = 1; id <= 200; id++) hop.send(packet(id))
    expect(wire).toHaveLength(128)
    expect(comesIn(1)).toBe(1)
    expect(wire).toHaveLength(129)
  })

  it('gives up a packet that never comes', () => {
    const { hop, comesIn, lost } = hopOf()
    hop.send(packet(1))
    hop.send(packet(2))
    hop.giveUp()
    expect(lost).toEqual([1])
    expect(comesIn(2)).toBe(2)
    hop.giveUp()
    expect(lost).toEqual([1])
  })

  it('goes on through thousands of packets', () => {
    const { hop, comesIn, lost } = hopOf(bufferCharge(1_500) * 10)
    for (let id = 1; id <= 5_000; id++) hop.send(packet(id % 251))
    for (let id = 1; id <= 5_000; id++) expect(comesIn(id % 251)).toBe(id % 251)
    expect(lost).toEqual([])
  })
})
