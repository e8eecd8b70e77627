/** Packet numbers over time, and what ACK frames say of them (RFC 9000 12.3, 19.3). */
import { describe, expect, it } from 'vitest'
import { ackIn, heardAcks, newlyAcked, PacketNumbers } from '../../../shared/projections/packet-numbers.ts'
import { QuicPackets } from '../../../shared/projections/quic-packets.ts'
import { QuicParameters } from '../../../shared/projections/quic-parameters.ts'
import { FLOW, TraceMaker } from '../../support/trace-maker.ts'

const [C, S] = ['client', 'server']
const ack = (ranges: readonly { from: number; to: number }[]) => ({ type: 'ack', delay: 25, ranges })

/** Of five packets the server's third is lost; two ACKs come back, a third dies. */
function story(): TraceMaker {
  const maker = new TraceMaker().pair().quicSent(0, 1, C, { level: 'initial', number: 0 })
  for (let number = 0; number < 5; number++) maker.quicSent(10 + number, 10 + number, S, { number })
  return maker
    .quicSent(30, 20, C, { number: 0, frames: [ack([{ from: 0, to: 1 }])] })
    .quicReceived(40, 20, S, 0)
    .add(40, 'recovery:packets_acked', { space: 'application', packets: [0, 2] }, { node: S, flow: FLOW })
    .quicSent(41, 21, C, {
      number: 1,
      frames: [
        ack([
          { from: 3, to: 4 },
          { from: 0, to: 1 },
        ]),
      ],
    })
    .quicReceived(50, 21, S, 1)
    .add(50, 'recovery:packets_acked', { space: 'application', packets: [3, 5] }, { node: S, flow: FLOW })
    .quicSent(60, 22, C, { number: 2, frames: [ack([{ from: 0, to: 4 }])] })
}

describe('the numbers of an end', () => {
  const store = story().store()
  const numbers = new PacketNumbers()
  numbers.update(store)
  const server = numbers.end(store.strings.indexOf(FLOW), 'server')!

  it('are counted by space, and those that came twice apart', () => {
    expect(PacketNumbers.count(server, 'application')).toEqual({ sent: 5, twice: 0 })
    expect(PacketNumbers.count(server, 'initial')).toEqual({ sent: 0, twice: 0 })
    const again = story().quicSent(70, 30, S, { number: 4 }).store()
    const [, end] = QuicPackets.of(again).connections[0].ends
    expect(PacketNumbers.count(end, 'application')).toEqual({ sent: 6, twice: 1 })
  })

  it('are acknowledged by the ACK frames that came, and by no others', () => {
    expect(heardAcks(server, 'application').map(({ t, ranges }) => [t, ranges.length])).toEqual([
      [40, 1],
      [50, 2],
    ])
    expect(heardAcks(server, 'application', 41, 100)).toHaveLength(1)
    expect(heardAcks(server, 'handshake')).toEqual([])
  })

  it('an ACK tells of some for the first time', () => {
    const [, second] = heardAcks(server, 'application')
    expect(newlyAcked(server, second).map(({ number }) => number)).toEqual([3, 4])
  })

  it('an ACK that has not come has told nothing', () => {
    const [packet] = QuicPackets.of(store).ofPkt(22)
    expect(ackIn(packet)).toMatchObject({ t: NaN, delay: 25 })
    expect(newlyAcked(server, ackIn(packet)!)).toEqual([])
    expect(ackIn(QuicPackets.of(store).ofPkt(10)[0])).toBeUndefined()
  })
})

describe('the delay of an ACK', () => {
  it.each([
    ['its own exponent', '{"ack_delay_exponent":0}', 25],
    ['3 where it has none (RFC 9000 18.2)', '{}', 200],
    ['3 where the recording is broken', 'oops', 200],
    ['3 where it is no number', '{"ack_delay_exponent":"9"}', 200],
  ])('is scaled by its sender: %s', (_, own, micros) => {
    const store = new TraceMaker()
      .pair()
      .add(0, 'transport:parameters_set', { owner: 'local', parameters: own }, { node: C, flow: FLOW })
      .add(
        1,
        'transport:parameters_set',
        { owner: 'remote', parameters: '{"ack_delay_exponent":9}' },
        { node: C, flow: FLOW },
      )
      .store()
    const parameters = new QuicParameters()
    parameters.update(store)
    expect(parameters.ackDelay(store.strings.indexOf(FLOW), store.strings.indexOf(C), 25)).toBe(micros)
  })
})
