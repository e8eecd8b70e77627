/** Request lines and status lines (RFC 9112 3, 4). */

export type StartLine =
  | {
      readonly kind: 'request'
      readonly method: string
      readonly target: string
      /** `1.1` or `1.0`. */
      readonly version: string
      readonly offset: number
      readonly length: number
    }
  | {
      readonly kind: 'response'
      readonly version: string
      readonly status: number
      readonly reason: string
      readonly offset: number
      readonly length: number
    }

export type RequestLine = Extract<StartLine, { kind: 'request' }>
export type StatusLine = Extract<StartLine, { kind: 'response' }>

/** RFC 9110 5.6.2. */
export const TOKEN = /^[!#$%&'*+.^_`|~0-9A-Za-z-]+$/

const REQUEST = /^([!#$%&'*+.^_`|~0-9A-Za-z-]+) ([\x21-\x7e\x80-\xff]+) HTTP\/(\d\.\d)$/
const STATUS = /^HTTP\/(\d\.\d) (\d{3})(?: ([\t \x21-\x7e\x80-\xff]*))?$/

interface Place {
  readonly offset: number
  readonly length: number
}

/** Undefined where the text is none; white space other than single spaces is not forgiven (RFC 9112 3: a 400). */
export function readRequestLine(text: string, { offset, length }: Place): RequestLine | undefined {
  const found = REQUEST.exec(text)
  if (found === null) return undefined
  const [, method, target, version] = found
  return { kind: 'request', method, target, version, offset, length }
}

/** The space before an empty reason may be missing: many leave it out, though RFC 9112 4 asks for it. */
export function readStatusLine(text: string, { offset, length }: Place): StatusLine | undefined {
  const found = STATUS.exec(text)
  if (found === null) return undefined
  const [, version, status, reason = ''] = found
  return { kind: 'response', version, status: Number(status), reason, offset, length }
}
