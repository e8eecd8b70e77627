/** Messages over TCP: what each framing makes of a stream, and what a reader without one makes of it. */
import { describe, expect, it } from 'vitest'
import { runMessages, type MessageLab, type MessageResult } from '../../../../support/message-lab.ts'

const COUNT = 40
const CUT: MessageLab = { sender: { count: COUNT, writes: 'cut', every: 3_000, shortest: 20 } }
const lossy = { up: { delay: 5_000, loss: { rate: 0.05 } }, down: { delay: 5_000 } }

const numbers = ({ all }: MessageResult): number[] =>
  all('app:message_received').map(({ message }) => message)
const upTo = (count: number): number[] => Array.from({ length: count }, (_, i) => i + 1)

describe.each(['virtual', 'live'] as const)('in %s time', (driver) => {
  it.each(['fixed', 'delimited', 'length'] as const)(
    '%s: every message comes whole, once and in order, from cut writes over a lossy link',
    async (framing) => {
      const result = await runMessages({ ...CUT, both: { framing }, link: lossy, driver })
      expect(numbers(result)).toEqual(upTo(COUNT))
      const sent = result.all('app:message_sent')
      const received = result.all('app:message_received')
      expect(received.map(({ size }) => size)).toEqual(sent.map(({ size }) => size))
      expect(new Set(sent.map(({ size }) => size)).size).toBeGreaterThan(10)
      for (const one of received) {
        expect(one).toMatchObject({ channel: 'server:4711', copy: 1, late: false, wrong: '' })
        expect(one.delay).toBeGreaterThanOrEqual(5_000)
      }
    },
  )

  it('none: what a reader takes for messages is glued or split, though every byte is there', async () => {
    const result = await runMessages({ ...CUT, both: { framing: 'none' }, driver })
    const wrong = result.all('app:message_received').map((one) => one.wrong)
    expect(wrong).toContain('glued')
    expect(wrong).toContain('split')
    expect(result.run.summary!.metrics['one/bytes_intact']).toBe(1)
  })
})

it('none: a read that happens to be one whole message is one', async () => {
  const result = await runMessages({
    sender: { count: COUNT, every: 20_000 },
    both: { framing: 'none' },
  })
  expect(numbers(result)).toEqual(upTo(COUNT))
  expect(result.all('app:message_received').every(({ wrong }) => wrong === '')).toBe(true)
})

it('none: messages longer than a segment are split, with whole writes and nothing lost', async () => {
  const result = await runMessages({
    sender: { count: 5, every: 50_000, shortest: 3_000 },
    both: { framing: 'none', longest: 3_000 },
    link: { up: { delay: 5_000, rate: { limit: 1_000_000 } }, down: { delay: 5_000 } },
  })
  const received = result.all('app:message_received')
  expect(received.length).toBeGreaterThan(5)
  expect(received.every(({ wrong, message }) => wrong === 'split' && message === 0)).toBe(true)
})

it('tells where each message lies in the stream, and what each write and read had of it', async () => {
  const { all } = await runMessages({ ...CUT, both: { framing: 'length' }, link: lossy })
  const frames = all('app:frame_written')
  let offset = 0
  for (const frame of frames) {
    expect(frame.offset).toBe(offset)
    offset += frame.length
  }
  expect(frames.map(({ length }) => length - 4)).toEqual(all('app:message_sent').map(({ size }) => size))
  for (const name of ['app:stream_written', 'app:stream_read'] as const) {
    let at = 0
    for (const piece of all(name)) {
      expect(piece.offset).toBe(at)
      at += piece.length
    }
    expect(at).toBe(offset)
  }
  // Writes end where messages end by chance only.
  const ends = new Set(frames.map((frame) => frame.offset + frame.length))
  const cuts = all('app:stream_written').filter((piece) => !ends.has(piece.offset + piece.length))
  expect(cuts.length).toBeGreaterThan(COUNT / 2)
})

it('counts the delay from the moment at which the application gave the message away', async () => {
  const { all } = await runMessages({ sender: { count: 3, every: 100_000 } })
  // The first waits for the handshake, a round trip; all have their way before them.
  expect(all('app:message_received').map(({ delay }) => delay)).toEqual([15_000, 5_000, 5_000])
})

it('does the same again with the same seed, and other things with another', async () => {
  const story = async (seed: number) => {
    const { run } = await runMessages({ ...CUT, link: lossy, seed })
    return JSON.stringify([...run.reader.events()])
  }
  const first = await story(1)
  expect(await story(1)).toBe(first)
  expect(await story(2)).not.toBe(first)
})

it('has no messages shorter than their header', async () => {
  const { all } = await runMessages({
    sender: { count: 3, shortest: 1 },
    both: { longest: 1, framing: 'fixed' },
  })
  expect(all('app:message_received').map(({ size, wrong }) => [size, wrong])).toEqual(Array(3).fill([17, '']))
})

describe('a stream that breaks its framing', () => {
  it('is closed by the receiver at once, and the sender says so', async () => {
    const { all } = await runMessages({
      sender: { count: 10, framing: 'none' },
      receiver: { framing: 'length' },
    })
    // The first four bytes of a message are a mark and its number: to this reader, a length beyond all measure.
    const received = all('app:message_received')
    expect(received.map(({ wrong, message }) => [wrong, message])).toEqual(received.map(() => ['damaged', 0]))
    expect(received.length).toBeGreaterThan(0)
    expect(all('app:finished').map(({ error }) => error)).toContain('BAD_FRAME')
    expect(all('app:finished').filter(({ error }) => error === '')).toEqual([])
  })

  it('with damage that no checksum of TCP shows is not taken for messages', async () => {
    const damaging = { up: { delay: 5_000, corrupt: { rate: 0.3, repair: true } }, down: { delay: 5_000 } }
    const { all } = await runMessages({ sender: { count: 50 }, both: { framing: 'fixed' }, link: damaging })
    const received = all('app:message_received')
    expect(received.filter(({ wrong }) => wrong === 'damaged').length).toBeGreaterThan(0)
    for (const { wrong, message } of received) expect(message > 0).toBe(wrong === '')
  })
})

it('ends when nobody listens', async () => {
  const { all } = await runMessages({ sender: { port: 6000 } })
  expect(all('app:finished').map(({ error }) => error)).toEqual(['ECONNREFUSED'])
  expect(all('app:message_received')).toEqual([])
})
