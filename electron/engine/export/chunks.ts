/** Files in the making: many small pieces become chunks that are worth a system call. */

/** About as many bytes or characters go into one chunk: much against its cost, little against any memory. */
const CHUNK = 65_536

/** Text as UTF-8. */
export function* encodeText(pieces: Iterable<string>): Generator<Uint8Array> {
  const encoder = new TextEncoder()
  let text = ''
  for (const piece of pieces) {
    text += piece
    if (text.length < CHUNK) continue
    yield encoder.encode(text)
    text = ''
  }
  if (text !== '') yield encoder.encode(text)
}

/** Bytes in larger chunks, in the same order. */
export function* gather(pieces: Iterable<Uint8Array>): Generator<Uint8Array> {
  let list: Uint8Array[] = []
  let length = 0
  for (const piece of pieces) {
    list.push(piece)
    length += piece.length
    if (length < CHUNK) continue
    yield concatenate(list)
    list = []
    length = 0
  }
  if (length > 0) yield concatenate(list)
}

export function concatenate(list: readonly Uint8Array[]): Uint8Array {
  const bytes = new Uint8Array(list.reduce((sum, piece) => sum + piece.length, 0))
  let at = 0
  for (const piece of list) {
    bytes.set(piece, at)
    at += piece.length
  }
  return bytes
}
