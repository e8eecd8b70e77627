/** QUIC packets and frames in words, and a datagram as the ladder draws it. */
import { describe, expect, test } from 'vitest'
import { fieldsOf } from '../../../renderer/views/quic/frame-fields.ts'
import { levelColor } from '../../../renderer/views/quic/paint.ts'
import { datagramText, framesText, frameWords, rangesText } from '../../../renderer/views/quic/words.ts'
import { DARK } from '../../../shared/charts/theme.ts'
import { KeyPhases } from '../../../shared/projections/key-phases.ts'
import { QuicPackets } from '../../../shared/projections/quic-packets.ts'
import { States, stateAt } from '../../../shared/projections/states.ts'
import { parseFrames, type TracedFrame } from '../../../shared/trace/quic-frames.ts'
import { FLOW, TraceMaker } from '../../support/trace-maker.ts'

const frame = (fields: object): TracedFrame => parseFrames(JSON.stringify([fields]))[0]
const stream = (offset: number, length: number, fin = false): TracedFrame =>
  frame({ type: 'stream', id: 4, offset, length, fin })

describe('frames in words', () => {
  test.each([
    [stream(0, 1_200, true), 'STREAM 4 0–1199 FIN'],
    [stream(1_200, 0, true), 'STREAM 4 1200 FIN'],
    [frame({ type: 'crypto', offset: 90, length: 10 }), 'CRYPTO 90–99'],
    [frame({ type: 'max_data', maximum: 5 }), 'MAX_DATA 5'],
    [frame({ type: 'handshake_done' }), 'HANDSHAKE_DONE'],
    [
      frame({
        type: 'ack',
        delay: 1,
        ranges: [
          { from: 9, to: 9 },
          { from: 2, to: 7 },
        ],
      }),
      'ACK 9 2–7',
    ],
  ])('%#: %s', (one, words) => expect(frameWords(one)).toBe(words))

  test('more ranges than a few are counted', () => {
    const ranges = Array.from({ length: 7 }, (_, i) => ({ from: 20 - 2 * i, to: 20 - 2 * i }))
    expect(rangesText(ranges)).toBe('20 18 16 14 +3')
    expect(rangesText(ranges, Infinity)).toBe('20 18 16 14 12 10 8')
  })

  test('many of a kind in a row are told as one', () => {
    const credit = frame({ type: 'max_stream_data', id: 0, maximum: 1 })
    expect(framesText([credit, credit, credit, stream(0, 1)])).toBe('3× MAX_STREAM_DATA, STREAM 4 0–0')
  })

  test('have all fields by their names in the RFC; a reason phrase is text', () => {
    expect(fieldsOf(stream(0, 5, true))).toEqual([
      ['Stream ID', '4'],
      ['Offset', '0'],
      ['Length', '5'],
      ['FIN', '1'],
    ])
    const close = frame({
      type: 'connection_close',
      by: 'transport',
      code: 7,
      frameType: 6,
      reason: '6f6b0a',
    })
    expect(fieldsOf(close).at(-1)).toEqual(['Reason', 'ok·'])
    const id = frame({ type: 'new_connection_id', number: 1, retirePriorTo: 0, id: 'ab', resetToken: 'cd' })
    expect(fieldsOf(id)).toContainEqual(['Connection ID', 'ab'])
  })
})

test('the packets of a datagram stand beside each other', () => {
  const store = new TraceMaker()
    .pair()
    .quicSent(0, 1, 'client', { level: 'initial', number: 0 })
    .quicSent(0, 1, 'client', { level: 'handshake', number: 2 })
    .store()
  const packets = QuicPackets.of(store)
  expect(datagramText(packets.ofPkt(1))).toBe('Initial 0  PING | Handshake 2  PING')
  expect(datagramText(packets.ofPkt(9))).toBeUndefined()
})

test('each kind of keys has a colour of its own, and 1-RTT that of its sender', () => {
  const levels = ['initial', 'handshake', '0rtt', '1rtt'] as const
  expect(new Set(levels.map((level) => levelColor(DARK, level, true))).size).toBe(4)
  expect([levelColor(DARK, '1rtt', true), levelColor(DARK, '1rtt', false)]).toEqual([
    DARK.client,
    DARK.server,
  ])
})

test('the key phase of a packet is that of its sender when it left', () => {
  const store = new TraceMaker()
    .pair()
    .add(10, 'transport:key_phase_changed', { generation: 1, by: 'local' }, { node: 'client', flow: FLOW })
    .add(20, 'transport:key_phase_changed', { generation: 1, by: 'peer' }, { node: 'server', flow: FLOW })
    .store()
  const [flow, client, server] = [FLOW, 'client', 'server'].map((name) => store.strings.indexOf(name))
  const phases = new KeyPhases()
  phases.update(store)
  expect([9, 10].map((t) => phases.at(flow, client, t))).toEqual([0, 1])
  expect(phases.at(flow, server, 15)).toBe(0)
  expect(phases.ofFlow(flow).map(({ isOwn }) => isOwn)).toEqual([true, false])
})

test('a QUIC connection is in its handshake from its first packet, and says why it closed', () => {
  const end = { node: 'client', flow: FLOW }
  const store = new TraceMaker()
    .pair()
    .quicSent(5, 1, 'client', { level: 'initial', number: 0 })
    .quicSent(6, 2, 'client', { level: 'initial', number: 1 })
    .add(50, 'connectivity:connection_state_changed', { from: 'handshaking', to: 'open' }, end)
    .add(
      90,
      'connectivity:connection_closed',
      { by: 'peer', layer: 'transport', code: 7, name: 'FRAME_ENCODING_ERROR', reason: '' },
      end,
    )
    .add(90, 'connectivity:connection_state_changed', { from: 'open', to: 'draining' }, end)
    .store()
  const states = new States()
  states.update(store)
  const changes = states.ends.get(store.strings.indexOf(FLOW), store.strings.indexOf('client'))!
  expect(changes.map(({ t, state }) => [t, state])).toEqual([
    [5, 'handshaking'],
    [50, 'open'],
    [90, 'draining'],
  ])
  expect(stateAt(changes, 95)?.why).toBe('peer FRAME_ENCODING_ERROR')
})
