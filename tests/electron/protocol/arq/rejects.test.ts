/** What an end does not take although it is a packet: it belongs elsewhere, or claims what cannot be. */
import { expect, it } from 'vitest'
import { encodeArq, type ArqPacket } from '../../../../electron/protocol/arq/packet.ts'
import { micros } from '../../../../shared/units.ts'
import { ArqPipe } from '../../../support/arq-pipe.ts'

const ack = (fields: object): Uint8Array =>
  encodeArq({ kind: 'ack', transfer: 7, number: 0, echo: 0, ranges: [], ...fields } as ArqPacket)
const data = (fields: object): Uint8Array =>
  encodeArq({
    kind: 'data',
    transfer: 7,
    number: 0,
    last: false,
    payload: Uint8Array.of(1),
    ...fields,
  } as ArqPacket)

it.each<[string, string, Uint8Array]>([
  ['an acknowledgment of another transfer', 'other_transfer', ack({ transfer: 8 })],
  ['a number that was never sent', 'never_sent', ack({ number: 9 })],
  ['a range that was never sent', 'never_sent', ack({ ranges: [5, 100] })],
  ['an echo of what was never sent', 'never_sent', ack({ echo: 8 })],
  ['data', 'unexpected_data', data({})],
  ['noise', 'truncated', Uint8Array.of(1, 2, 3)],
])('the sender rejects %s', (_, reason, bytes) => {
  const pipe = new ArqPipe({ scheme: 'selective-repeat', bytes: 2_000, window: 8 }).run(0)
  pipe.sender.handleDatagram(micros(1), bytes)
  expect(pipe.senderTrace.of('arq:packet_rejected').map((told) => told.reason)).toEqual([reason])
  expect(pipe.sender.base).toBe(0)
})

it.each<[string, string, Uint8Array]>([
  ['data of another transfer than the first', 'other_transfer', data({ transfer: 8, number: 1 })],
  ['an acknowledgment', 'unexpected_ack', ack({})],
  ['noise', 'truncated', Uint8Array.of(1, 2, 3)],
])('the receiver rejects %s', (_, reason, bytes) => {
  const { receiver, receiverTrace, delivered } = new ArqPipe({ scheme: 'selective-repeat' })
  receiver.handleDatagram(data({}))
  receiver.handleDatagram(bytes)
  expect(receiverTrace.of('arq:packet_rejected').map((told) => told.reason)).toEqual([reason])
  expect(delivered).toEqual([1])
})

it('nothing comes after the last packet, not even what was kept before', () => {
  const { receiver, receiverTrace, delivered } = new ArqPipe({ scheme: 'selective-repeat' })
  receiver.handleDatagram(data({ number: 1, payload: Uint8Array.of(9) }))
  receiver.handleDatagram(data({ last: true }))
  receiver.handleDatagram(data({ number: 1 }))
  expect(delivered).toEqual([1])
  expect(receiver.finished).toBe(true)
  expect(receiverTrace.of('arq:packet_received').at(-1)?.verdict).toBe('out_of_window')
})

it('a receiver keeps no more than its window', () => {
  const { receiver, receiverTrace } = new ArqPipe({ scheme: 'selective-repeat', window: 4 })
  for (const number of [3, 4, 100_000, 0xffff_ffff]) receiver.handleDatagram(data({ number }))
  const verdicts = receiverTrace.of('arq:packet_received').map(({ verdict }) => verdict)
  expect(verdicts).toEqual(['buffered', 'out_of_window', 'out_of_window', 'out_of_window'])
})
