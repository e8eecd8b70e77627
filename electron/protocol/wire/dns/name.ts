/** Domain names: labels, and pointers to where the rest was written before (RFC 1035 3.1, 4.1.4). */
import { octetText } from '../octets.ts'
import type { RuleReader } from '../rule-reader.ts'

const COMPRESSION = 'RFC 1035 4.1.4'
const SIZES = 'RFC 1035 2.3.4'
/** Octets of the longest name, with the length octets and the end. */
const MOST_OCTETS = 255
/** A pointer and nothing else may be pointed at; so often no honest name does it. */
const MOST_POINTERS = 64
const POINTER = 0xc0
const RESERVED = 0x40

/** A name as far as it is known. */
interface Parts {
  readonly labels: string[]
  /** Octets without compression. */
  size: number
}

/** Reads a name; the root is `.`, all others have no dot at the end. */
export function readName(reader: RuleReader, title: string): string {
  return reader.group(
    title,
    () => {
      const start = reader.at
      const parts: Parts = { labels: [], size: 1 }
      while (readPart(reader, parts, start));
      return textOf(parts)
    },
    (name) => name,
  )
}

/** Reads a label, a pointer or the end; whether the name goes on here. */
function readPart(reader: RuleReader, parts: Parts, start: number): boolean {
  const first = reader.left > 0 ? reader.bytes[reader.at] : 0
  if (first >= POINTER) {
    const target = reader.number('Pointer', 2, (value) => `to byte ${value & 0x3fff}`) & 0x3fff
    const problem = reader.stopped ? undefined : follow(reader.bytes, target, start, parts)
    if (problem !== undefined) reader.breaks(problem.rule, problem.reason)
    return false
  }
  if (first >= RESERVED) {
    reader.number('Label type', 1)
    reader.breaks(COMPRESSION, 'a label type that is reserved')
    reader.stopped = true
    return false
  }
  if (first === 0) {
    reader.number('End of name', 1, () => 'the root')
    return false
  }
  const label = reader.octets('Label', 1 + first, (octets) => labelText(octets.subarray(1)))
  if (reader.stopped) return false
  if (add(parts, label, 0)) return true
  reader.breaks(SIZES, 'a name of more than 255 octets')
  reader.stopped = true
  return false
}

/** Takes in the label whose length octet is at `at`; false: the name would be too long. */
function add(parts: Parts, bytes: Uint8Array, at: number): boolean {
  const length = bytes[at]
  parts.size += 1 + length
  if (parts.size > MOST_OCTETS) return false
  parts.labels.push(labelText(bytes.subarray(at + 1, at + 1 + length)))
  return true
}

/**
 * Takes in what stands at `target`. A pointer leads to a prior occurrence: to before the name, or the part of one, that it ends. So
 * none leads in a circle.
 */
function follow(
  bytes: Uint8Array,
  target: number,
  before: number,
  parts: Parts,
): { rule: string; reason: string } | undefined {
  let limit = before
  let at = target
  for (let pointers = 1; pointers <= MOST_POINTERS; pointers++) {
    if (at >= limit) return { rule: COMPRESSION, reason: 'a pointer that does not lead back' }
    limit = at
    for (;;) {
      const first = bytes[at]
      if (first === 0) return undefined
      if (first >= POINTER) break
      if (first >= RESERVED) return { rule: COMPRESSION, reason: 'a label type that is reserved' }
      if (at + 1 + first >= bytes.length) return { rule: COMPRESSION, reason: 'a pointer to no name' }
      if (!add(parts, bytes, at)) return { rule: SIZES, reason: 'a name of more than 255 octets' }
      at += 1 + first
    }
    if (at + 1 >= bytes.length) return { rule: COMPRESSION, reason: 'a pointer to no name' }
    at = ((bytes[at] & 0x3f) << 8) | bytes[at + 1]
  }
  return { rule: COMPRESSION, reason: 'a chain of pointers' }
}

const textOf = ({ labels }: Parts): string => (labels.length === 0 ? '.' : labels.join('.'))

/** A label in the form of a zone file (RFC 1035 5.1): a dot or backslash behind a backslash, what is not printable as `\DDD`. */
function labelText(octets: Uint8Array): string {
  const text = octetText(octets)
  if (/^[\w-]*$/.test(text)) return text
  return text.replace(/[^!-~]|[\\.]/g, (char) => {
    const code = char.charCodeAt(0)
    return code > 0x20 && code < 0x7f ? `\\${char}` : `\\${String(code).padStart(3, '0')}`
  })
}
