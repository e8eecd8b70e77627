import type { Writable } from 'node:stream'
import type { Content } from './content.ts'

/** Writes a content into a stream, no faster than the stream takes it, and ends it with the last piece. */
export function sendContent(stream: Writable, content: Content): void {
  const pieces = content.pieces()[Symbol.iterator]()
  let next = pieces.next()
  const proceed = (): void => {
    while (!stream.destroyed) {
      if (next.done) return void stream.end()
      const piece = next.value
      next = pieces.next()
      // The last piece and the end go together, so that HTTP/2 needs no empty frame to say so.
      if (next.done) return void stream.end(piece)
      if (!stream.write(piece)) return void stream.once('drain', proceed)
    }
  }
  proceed()
}
