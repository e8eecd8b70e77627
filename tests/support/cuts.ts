/** Octets in pieces, as a network gives them. */
import type { Rng } from '../../electron/protocol/random.ts'

/** Cuts octets at random places: mostly into some pieces of any size, sometimes octet by octet or not at all. */
export function cut(rng: Rng, bytes: Uint8Array): Uint8Array[] {
  const most = [1, 7, 100, 2_000, bytes.length + 1][rng.int(5)]
  const pieces: Uint8Array[] = []
  for (let at = 0; at < bytes.length;) {
    const length = 1 + rng.int(most)
    pieces.push(bytes.slice(at, at + length))
    at += length
  }
  return pieces
}

/** Text of ISO 8859-1 as octets. */
export const octets = (text: string): Uint8Array => Uint8Array.from(text, (char) => char.charCodeAt(0))

export function join(...parts: readonly Uint8Array[]): Uint8Array {
  return new Uint8Array(Buffer.concat(parts))
}

/** A copy with up to eight wounds: bits, octets, lost or repeated stretches. */
export function wound(rng: Rng, whole: Uint8Array): Uint8Array {
  let bytes: Uint8Array = whole.slice()
  for (let wounds = rng.int(9); wounds > 0 && bytes.length > 0; wounds--) {
    const at = rng.int(bytes.length)
    const to = Math.min(bytes.length, at + rng.int(40))
    const kind = rng.int(5)
    if (kind === 0) bytes[at] ^= 1 << rng.int(8)
    else if (kind === 1) bytes[at] = [0, 1, 4, 9, 10, 13, 32, 58, 0x7f, 0x80, 0xff][rng.int(11)]
    else if (kind === 2) bytes = join(bytes.subarray(0, at), bytes.subarray(to))
    else if (kind === 3) bytes = join(bytes.subarray(0, to), bytes.subarray(at))
    else bytes[at] = rng.int(256)
  }
  return bytes
}
