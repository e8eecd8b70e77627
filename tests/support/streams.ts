/** What a stream gives until its end, without destroying it as an async iterator would. */
import type { Readable } from 'node:stream'

export const collect = (stream: Readable): Promise<Buffer> =>
  new Promise((resolve, reject) => {
    const chunks: Buffer[] = []
    stream.on('data', (chunk: Buffer) => chunks.push(chunk))
    stream.once('end', () => resolve(Buffer.concat(chunks)))
    stream.once('error', reject)
  })

/** Resolves when the stream is gone, with or without an error. */
export const closed = (stream: Readable): Promise<void> =>
  new Promise((resolve) => stream.once('error', () => {}).once('close', () => resolve()))
