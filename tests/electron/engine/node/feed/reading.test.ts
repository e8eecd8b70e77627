/** What a feed's client reads: events of a stream, and messages of a feed. */
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { EventStreamReader, writeEvent } from '../../../../../electron/engine/node/feed/event-stream.ts'
import { readFeedMessage, writeFeedMessage } from '../../../../../electron/engine/node/feed/feed-message.ts'
import { createRng } from '../../../../../electron/protocol/random.ts'
import { micros } from '../../../../../shared/units.ts'

const read = (...pieces: readonly string[]) => {
  const reader = new EventStreamReader()
  return pieces.flatMap((piece) => reader.push(piece))
}

describe('an event stream', () => {
  it('is read as it was written', () => {
    const events = [
      { id: '1', data: 'one' },
      { id: '2', data: ' two: with a colon, and a space before' },
    ]
    expect(read(events.map(writeEvent).join(''))).toEqual(events)
  })

  it.each([
    ['LF', 'id: 1\ndata: a\n\n'],
    ['CR LF', 'id: 1\r\ndata: a\r\n\r\n'],
    ['CR', 'id: 1\rdata: a\r\r'],
  ])('may end its lines with %s', (_, text) => {
    expect(read(text)).toEqual([{ id: '1', data: 'a' }])
    // Cut anywhere, between CR and LF as well.
    expect(read(...text)).toEqual([{ id: '1', data: 'a' }])
  })

  it('keeps the id for the events after it, joins lines of data, and passes over what it does not know', () => {
    const text = 'id: 7\ndata: a\n\n: a comment\nretry: 5\nevent: x\ndata:b\ndata: c\nno colon\n\nid: 8\n\n'
    expect(read(text)).toEqual([
      { id: '7', data: 'a' },
      { id: '7', data: 'b\nc' },
    ])
  })

  it('gives nothing before the empty line has come', () => {
    expect(read('data: a\n')).toEqual([])
    expect(read('data: a\n', '\n')).toEqual([{ id: '', data: 'a' }])
  })

  it('tells the same of any text however it is cut', () => {
    const letters = fc.constantFrom('\r', '\n', ':', ' ', 'd', 'data: x', 'id: 1', '\0')
    fc.assert(
      fc.property(fc.array(letters, { maxLength: 40 }), (parts) => {
        expect(read(...parts)).toEqual(read(parts.join('')))
      }),
    )
  })

  it('does not keep more than an event may have', () => {
    const reader = new EventStreamReader()
    for (let i = 0; i < 200; i++) reader.push(`data: ${'x'.repeat(1_000)}\n`)
    expect(reader.push('\n')[0].data.length).toBeLessThan(70_000)
    for (let i = 0; i < 200; i++) expect(reader.push('x'.repeat(1_000))).toEqual([])
    expect(reader.push('\n\ndata: a\n\n')).toEqual([{ id: '', data: 'a' }])
  })
})

describe('a message of a feed', () => {
  const message = { number: 3, total: 20, sentAt: micros(1_234_567) }

  it('is as long as it is to be, and says which it is', () => {
    const text = writeFeedMessage(message, 100, createRng(1))
    expect(text).toHaveLength(100)
    expect(text).toMatch(/^#3 of 20 @1234567 /)
    expect(readFeedMessage(text)).toEqual(message)
    expect(readFeedMessage(writeFeedMessage(message, 1, createRng(1)))).toEqual(message)
  })

  it.each(['', '#3', '#3 of 20 @1 abc', '#3 of 20 @1 ABC.', '3 of 20 @1 abc.', '#3 of 20 @1 abc.\n', '{}'])(
    'is not %j',
    (text) => {
      expect(readFeedMessage(text)).toBeUndefined()
    },
  )
})
