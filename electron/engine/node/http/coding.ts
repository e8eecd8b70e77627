/**
 * Content codings (RFC 9110 8.4.1). Compressed at once, within the call: work in the thread pool would take a number of
 * turns of the event loop that nobody knows, and lab time would have to wait for it (DESIGN 4.3).
 */
import { brotliCompressSync, brotliDecompressSync, gunzipSync, gzipSync } from 'node:zlib'

export type Coding = 'br' | 'gzip' | 'identity'

/** What a server can do, what it likes best first. */
export const CODINGS: readonly Coding[] = ['br', 'gzip', 'identity']

/** More than any content of the laboratory has; what would become longer is not decoded. */
const MOST_DECODED = 1e9

export function encode(coding: Coding, bytes: Uint8Array): Uint8Array {
  if (coding === 'br') return brotliCompressSync(bytes)
  return coding === 'gzip' ? gzipSync(bytes) : bytes
}

/** The content without its coding; undefined: the bytes or the coding are not what they should be. */
export function decode(coding: string, bytes: Uint8Array): Uint8Array | undefined {
  try {
    const options = { maxOutputLength: MOST_DECODED }
    if (coding === 'br') return brotliDecompressSync(bytes, options)
    if (coding === 'gzip') return gunzipSync(bytes, options)
  } catch {
    return undefined
  }
  return coding === 'identity' || coding === '' ? bytes : undefined
}
