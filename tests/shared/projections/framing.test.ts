/** A stream of bytes: where messages lie, what was written and read, and what the reader took for messages. */
import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { Framing, within, type FramedStream } from '../../../shared/projections/framing.ts'
import { FLOW, TraceMaker } from '../../support/trace-maker.ts'

const channel = 'server:5001'
const at = (node: string, flow = FLOW) => ({ node, flow })

/** Three messages of 10 bytes, written in two pieces. */
function written(lane = ''): TraceMaker {
  const node = lane === '' ? 'client' : `${lane}/client`
  const maker = new TraceMaker()
  for (const message of [1, 2, 3])
    maker.add(1, 'app:frame_written', { channel, message, offset: 10 * (message - 1), length: 10 }, at(node))
  return maker
    .add(2, 'app:stream_written', { channel, offset: 0, length: 25 }, at(node))
    .add(3, 'app:stream_written', { channel, offset: 25, length: 5 }, at(node))
}
const read = (maker: TraceMaker, t: number, offset: number, length: number): TraceMaker =>
  maker.add(t, 'app:stream_read', { channel, offset, length }, at('server'))
const took = (maker: TraceMaker, t: number, message: number, wrong = ''): TraceMaker =>
  maker.add(
    t,
    'app:message_received',
    { channel, message, size: 10, copy: wrong === '' ? 1 : 0, late: false, delay: 1, wrong },
    at('server'),
  )

function streamsOf(maker: TraceMaker): readonly FramedStream[] {
  const framing = new Framing()
  framing.update(maker.store())
  return framing.streams
}
const spans = (list: readonly { from: number; to: number }[]): string =>
  list.map(({ from, to }) => `${from}-${to}`).join(' ')

test('messages, writes and reads lie where they are said to', () => {
  const [stream] = streamsOf(read(read(written(), 5, 0, 12), 6, 12, 18))
  expect(stream.frames.map(({ message }) => message)).toEqual([1, 2, 3])
  expect([stream.frames, stream.writes, stream.reads].map(spans)).toEqual([
    '0-10 10-20 20-30',
    '0-25 25-30',
    '0-12 12-30',
  ])
})

describe('what was taken for a message', () => {
  test('lies where it was written when it is one', () => {
    const maker = read(written(), 5, 0, 25)
    took(took(maker, 5, 1), 5, 2)
    took(read(maker, 6, 25, 5), 6, 3)
    const [{ taken, counts }] = streamsOf(maker)
    expect(spans(taken)).toBe('0-10 10-20 20-30')
    expect([...counts]).toEqual([['', 3]])
  })

  test('is the read that it came with when it is none', () => {
    const maker = took(read(written(), 5, 0, 12), 5, 0, 'glued')
    took(read(maker, 6, 12, 4), 6, 0, 'split')
    took(read(maker, 7, 16, 14), 7, 0, 'glued')
    const [{ taken, counts }] = streamsOf(maker)
    expect(taken.map(({ wrong }) => wrong)).toEqual(['glued', 'split', 'glued'])
    expect(spans(taken)).toBe('0-12 12-16 16-30')
    expect(counts.get('glued')).toBe(2)
  })
})

test('lanes and connections have streams of their own; datagrams have none', () => {
  const maker = written('a')
  maker.events.push(...written('b').events)
  maker.add(9, 'app:stream_written', { channel, offset: 0, length: 5 }, at('a/client', 'other'))
  took(maker, 10, 1)
  expect(streamsOf(maker).map(({ lane, writes }) => `${lane} ${writes.length}`)).toEqual([
    'a 2',
    'b 2',
    'a 1',
  ])
})

test('what has a byte in a span is what a search through all finds', () => {
  const lengths = fc.array(fc.integer({ min: 1, max: 9 }), { maxLength: 30 })
  fc.assert(
    fc.property(lengths, fc.nat(120), fc.integer({ min: 1, max: 60 }), (all, from, length) => {
      let end = 0
      const list = all.map((one) => ({ from: end, to: (end += one) }))
      const span = { from, to: from + length }
      expect(within(list, span)).toEqual(list.filter((one) => one.to > span.from && one.from < span.to))
    }),
  )
})
