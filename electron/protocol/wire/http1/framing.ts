/** How long a body is (RFC 9112 6.3), and whether the connection lives on (9.3). */
import { membersOf, valuesOf, type Field } from './fields.ts'
import type { StartLine } from './start-line.ts'

export type Framing =
  | { readonly kind: 'none' }
  | { readonly kind: 'length'; readonly length: number }
  | { readonly kind: 'chunked' }
  | { readonly kind: 'until_close' }
  /** The connection belongs to another protocol after the head (101, 2xx to CONNECT). */
  | { readonly kind: 'tunnel' }
  /** Nobody can say where the message ends. */
  | { readonly kind: 'unknown' }

export type FramingReason =
  | 'length_beside_transfer_encoding'
  | 'bad_content_length'
  | 'conflicting_lengths'
  | 'repeated_length'
  | 'transfer_encoding_in_http_1_0'
  | 'chunked_not_last'

interface Judgement {
  readonly framing: Framing
  readonly problems: readonly FramingReason[]
}

const NONE: Framing = { kind: 'none' }
const UNKNOWN: Framing = { kind: 'unknown' }

/** Lengths beyond this many digits are beyond what a number can count exactly. */
const LENGTH = /^\d{1,15}$/

/** The framing of a message; `method` is that of the request, also for its response. Rules 1 to 8 of RFC 9112 6.3. */
export function bodyFraming(
  start: StartLine,
  fields: readonly Field[],
  method: string | undefined,
): Judgement {
  if (start.kind === 'response') {
    const { status } = start
    if (status === 101) return { framing: { kind: 'tunnel' }, problems: [] }
    if (method === 'HEAD' || status < 200 || status === 204 || status === 304)
      return { framing: NONE, problems: [] }
    if (method === 'CONNECT' && status < 300) return { framing: { kind: 'tunnel' }, problems: [] }
  }
  const lengths = valuesOf(fields, 'content-length')
  const codings = membersOf(fields, 'transfer-encoding')
  if (codings.length > 0) return byCoding(start, codings, lengths.length > 0)
  if (lengths.length > 0) return byLength(membersOf(fields, 'content-length'))
  return { framing: start.kind === 'request' ? NONE : { kind: 'until_close' }, problems: [] }
}

function byCoding(start: StartLine, codings: readonly string[], hasLength: boolean): Judgement {
  const problems: FramingReason[] = []
  if (hasLength) problems.push('length_beside_transfer_encoding')
  // RFC 9112 6.1.
  if (start.version === '1.0') problems.push('transfer_encoding_in_http_1_0')
  const chunked = codings.indexOf('chunked')
  if (chunked === codings.length - 1) return { framing: { kind: 'chunked' }, problems }
  if (chunked >= 0 || start.kind === 'request') problems.push('chunked_not_last')
  return { framing: start.kind === 'request' ? UNKNOWN : { kind: 'until_close' }, problems }
}

function byLength(members: readonly string[]): Judgement {
  if (members.length === 0 || !members.every((member) => LENGTH.test(member)))
    return { framing: UNKNOWN, problems: ['bad_content_length'] }
  if (new Set(members).size > 1) return { framing: UNKNOWN, problems: ['conflicting_lengths'] }
  const framing = { kind: 'length' as const, length: Number(members[0]) }
  return { framing, problems: members.length > 1 ? ['repeated_length'] : [] }
}

/** Whether a message's sender keeps the connection (RFC 9112 9.3). */
export function isPersistent(start: StartLine, fields: readonly Field[]): boolean {
  const options = membersOf(fields, 'connection')
  if (options.includes('close')) return false
  return start.version !== '1.0' || options.includes('keep-alive')
}
