/** UTF-8 (RFC 3629) without the platform's help, and stricter than most: no surrogates, nothing longer than it need be. */
import { octetText } from './octets.ts'

/** Follows a text that comes in pieces. */
export class Utf8Check {
  /** Octets that the character begun still needs, and what the next of them may be. */
  private left = 0
  private lowest = 0x80
  private highest = 0xbf

  /** Takes in the next octets; returns the index of the first that cannot be, -1 when all can. Not to be used on after that. */
  push(bytes: Uint8Array, from = 0, to = bytes.length): number {
    for (let i = from; i < to; i++) {
      const octet = bytes[i]
      if (this.left > 0) {
        if (octet < this.lowest || octet > this.highest) return i
        this.left--
        this.lowest = 0x80
        this.highest = 0xbf
      } else if (octet >= 0x80 && !this.begin(octet)) return i
    }
    return -1
  }

  /** No character is begun and not finished. */
  get whole(): boolean {
    return this.left === 0
  }

  /** The table of RFC 3629 4: which octets may come second keeps out surrogates, longer forms and what is beyond U+10FFFF. */
  private begin(octet: number): boolean {
    if (octet < 0xc2 || octet > 0xf4) return false
    this.left = octet < 0xe0 ? 1 : octet < 0xf0 ? 2 : 3
    if (octet === 0xe0) this.lowest = 0xa0
    else if (octet === 0xf0) this.lowest = 0x90
    else if (octet === 0xed) this.highest = 0x9f
    else if (octet === 0xf4) this.highest = 0x8f
    return true
  }
}

/** Where the octets from `from` to `to` stop being UTF-8; -1: they are. What ends within a character does so at `to`. */
export function utf8Problem(bytes: Uint8Array, from = 0, to = bytes.length): number {
  const check = new Utf8Check()
  const bad = check.push(bytes, from, to)
  if (bad >= 0) return bad
  return check.whole ? -1 : to
}

/** The text of the octets from `from` to `to`; undefined: they are no UTF-8. */
export function decodeUtf8(bytes: Uint8Array, from = 0, to = bytes.length): string | undefined {
  let ascii = from
  while (ascii < to && bytes[ascii] < 0x80) ascii++
  const start = octetText(bytes, from, ascii)
  if (ascii === to) return start
  if (utf8Problem(bytes, ascii, to) >= 0) return undefined
  return start + decodeChecked(bytes, ascii, to)
}

function decodeChecked(bytes: Uint8Array, from: number, to: number): string {
  let text = ''
  for (let at = from; at < to;) {
    const first = bytes[at++]
    const more = first < 0x80 ? 0 : first < 0xe0 ? 1 : first < 0xf0 ? 2 : 3
    // The lead octet carries seven bits alone, else six less the number of octets that follow.
    let code = more === 0 ? first : first & (0x3f >> more)
    for (let i = 0; i < more; i++) code = (code << 6) | (bytes[at++] & 0x3f)
    text += String.fromCodePoint(code)
  }
  return text
}
