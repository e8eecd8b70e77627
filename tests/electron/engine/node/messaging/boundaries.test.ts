/** The judge of a reader without framing: it says the same as one who knows where the messages are. */
import fc from 'fast-check'
import { expect, it } from 'vitest'
import { Boundaries } from '../../../../../electron/engine/node/messaging/boundaries.ts'
import {
  LEAST_MESSAGE,
  readMessage,
  writeMessage,
} from '../../../../../electron/engine/node/messaging/message.ts'
import { createRng } from '../../../../../electron/protocol/random.ts'
import { micros } from '../../../../../shared/units.ts'

const LONGEST = 60
const messageOf = (size: number, i: number): Uint8Array =>
  writeMessage({ number: i + 1, sentAt: micros(i) }, size, createRng(i))

/** What a read is that has these bytes of the stream, by the places of the messages in it. */
function truth(from: number, to: number, ends: readonly number[]): string {
  const starts = [0, ...ends]
  const touched = ends.filter((end, i) => starts[i] < to && end > from).length
  if (touched > 1) return 'glued'
  return starts.includes(from) && ends.includes(to) ? '' : 'split'
}

it('is right about every read, wherever the stream is cut', () => {
  const sizes = fc.array(fc.integer({ min: LEAST_MESSAGE, max: LONGEST }), { minLength: 1, maxLength: 8 })
  const cuts = fc.array(fc.integer({ min: 1, max: 90 }), { minLength: 1, maxLength: 8 })
  fc.assert(
    fc.property(sizes, cuts, (lengths, pieces) => {
      const stream = Buffer.concat(lengths.map(messageOf))
      let end = 0
      const ends = lengths.map((length) => (end += length))
      const boundaries = new Boundaries(LONGEST)
      for (let at = 0, i = 0; at < stream.length; i++) {
        const to = Math.min(stream.length, at + pieces[i % pieces.length])
        const read = stream.subarray(at, to)
        const judged = boundaries.judge(read)
        expect(judged).toBe(truth(at, to, ends))
        // And what it calls right is a message.
        expect(readMessage(read) !== undefined).toBe(judged === '')
        at = to
      }
    }),
  )
})

it.each([
  ['shorter than any', LEAST_MESSAGE - 1],
  ['longer than any', LONGEST + 1],
])('gives up for good when a message says that it is %s', (_, length) => {
  const bytes = Buffer.from(messageOf(40, 0))
  bytes.writeUIntBE(length, 4, 3)
  const boundaries = new Boundaries(LONGEST)
  expect(boundaries.judge(bytes.subarray(0, 6))).toBe('split')
  expect(boundaries.judge(bytes.subarray(6))).toBe('damaged')
  expect(boundaries.judge(messageOf(40, 1))).toBe('damaged')
})

it('notices a flipped bit anywhere in a message', () => {
  const message = messageOf(40, 5)
  for (let at = 0; at < message.length * 8; at++) {
    const changed = Uint8Array.from(message)
    changed[at >> 3] ^= 1 << (at & 7)
    expect(readMessage(changed), `bit ${at}`).toBeUndefined()
  }
})
