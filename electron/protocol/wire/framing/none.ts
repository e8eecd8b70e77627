/** No framing: the stream is the messages one after the other, and the reader takes what each read gives for one. */
import { decoded } from '../result.ts'
import type { Framer } from './framing.ts'

export const none = (): Framer => ({
  encode: (message) => decoded(message),
  reader: () => {
    let offset = 0
    return {
      push: (bytes) => {
        const frame = { message: bytes, offset, length: bytes.length }
        offset += bytes.length
        return bytes.length === 0 ? [] : [decoded(frame)]
      },
    }
  },
})
