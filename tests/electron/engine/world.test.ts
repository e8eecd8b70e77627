import { describe, expect, it } from 'vitest'
import { World, type Witness } from '../../../electron/engine/world.ts'
import type { Datagram, SansIo } from '../../../electron/protocol/sansio.ts'
import { micros, type Micros } from '../../../shared/units.ts'

const packet = (id: number, port = 0): Datagram => ({ id, bytes: Uint8Array.of(id), port })

/** A node that does what it is told at its times, and writes down what happens to it. */
class Scripted implements SansIo<never> {
  readonly out: Datagram[] = []
  private readonly name: string
  private readonly log: string[]
  private readonly times: number[]
  private readonly onTimeout: (node: Scripted) => void

  constructor(name: string, log: string[], times: number[] = [], onTimeout = (_: Scripted): void => {}) {
    this.name = name
    this.log = log
    this.times = times
    this.onTimeout = onTimeout
  }
  handleDatagram(now: Micros, { id, port }: Datagram): void {
    this.log.push(`${now} ${this.name} packet ${id} at port ${port}`)
  }
  handleTimeout(now: Micros): void {
    this.log.push(`${now} ${this.name} timeout`)
    this.times.shift()
    this.onTimeout(this)
  }
  pollTransmit(): Datagram | undefined {
    return this.out.shift()
  }
  pollTimeout(): Micros | undefined {
    return this.times[0] as Micros | undefined
  }
  pollEvent(): undefined {
    return undefined
  }
}

function worldOf() {
  const packets: string[] = []
  const witness: Witness = {
    time: 0,
    pkt: 0,
    packet: (id) => packets.push(`${id} at ${witness.time} while ${witness.pkt}`),
  }
  const log: string[] = []
  return { witness, packets, log, world: new World(witness) }
}

const runAll = (world: World): void => {
  world.begin()
  for (let next = world.nextAt(); next !== Infinity; next = world.nextAt()) world.step(micros(next))
}

describe('the world', () => {
  it('lets timers go by time, equals in the order in which they were set', () => {
    const { world, log } = worldOf()
    world.add('a', new Scripted('a', log, [10, 20]))
    world.add('b', new Scripted('b', log, [5, 20]))
    world.add('c', new Scripted('c', log, [20]))
    runAll(world)
    // c was put down for 20 at the beginning, b after its first timeout, a after its own.
    expect(log).toEqual(['5 b timeout', '10 a timeout', '20 c timeout', '20 b timeout', '20 a timeout'])
  })

  it('takes a packet to the port at the other end of the cable, before timers of the same moment', () => {
    const { world, log } = worldOf()
    const sender = new Scripted('sender', log, [10], (node) => node.out.push(packet(1, 0), packet(2, 1)))
    const a = world.add('sender', sender)
    const b = world.add('left', new Scripted('left', log, [10]))
    const c = world.add('right', new Scripted('right', log))
    world.connect(a, 0, b, 1)
    world.connect(a, 1, c, 0)
    runAll(world)
    expect(log).toEqual([
      '10 sender timeout',
      '10 left packet 1 at port 1',
      '10 right packet 2 at port 0',
      '10 left timeout',
    ])
  })

  it('tells the witness the time and the packet that is being handled', () => {
    const { world, packets, witness, log } = worldOf()
    const answering = new Scripted('answering', log)
    answering.handleDatagram = (now, datagram) => {
      expect(witness).toMatchObject({ time: now, pkt: datagram.id })
      answering.out.push(packet(8))
    }
    const a = world.add('a', new Scripted('a', log, [3], (node) => node.out.push(packet(7))))
    const b = world.add('b', answering)
    world.connect(a, 0, b, 0)
    runAll(world)
    expect(packets).toEqual(['7 at 3 while 0', '8 at 3 while 7'])
  })

  it('lets a packet without a cable go nowhere', () => {
    const { world, packets, log } = worldOf()
    world.add('a', new Scripted('a', log, [1], (node) => node.out.push(packet(1, 3))))
    runAll(world)
    expect(packets).toHaveLength(1)
  })

  it('does not let a core stop time by asking for the same moment for ever', () => {
    const { world, log } = worldOf()
    world.add('stuck', new Scripted('stuck', log, Array<number>(20_000).fill(7)))
    expect(() => runAll(world)).toThrow('stuck asks for a timeout at 7 us again and again')
  })

  it('hands packets to the carrier instead, if there is one', () => {
    const { world, log } = worldOf()
    const carried: string[] = []
    world.carrier = (from, to, { id }) => carried.push(`${id} from ${from.name} to ${to.node.name}`)
    const a = world.add('a', new Scripted('a', log, [1], (node) => node.out.push(packet(1))))
    const b = world.add('b', new Scripted('b', log))
    world.connect(a, 0, b, 0)
    runAll(world)
    expect(carried).toEqual(['1 from a to b'])
    expect(log).toEqual(['1 a timeout'])
  })
})
