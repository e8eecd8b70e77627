/** A header list of HTTP/2 or HTTP/3 as the trace shows it. */
import type { HeaderField } from '../../protocol/wire/hpack/decoder.ts'

interface Line {
  readonly name: string
  readonly value: string
  /** Octets of both where they are not kept whole. */
  readonly plainLength?: number
}

/** `fields` of `http:message_started`. */
export const fieldsText = (fields: readonly HeaderField[]): string =>
  JSON.stringify(
    fields.map(({ name, value, representation, length, index }) => [
      name,
      value,
      representation,
      length,
      index,
    ]),
  )

/** The pseudo-fields that tell what a message is, and what is left out of the fields that HTTP/1.1 would write. */
export interface Control {
  readonly method: string
  readonly target: string
  readonly status: number
}

const CRLF = 2
/** ` HTTP/1.1`, and `HTTP/1.1 200 ` with an empty reason. */
const VERSION = ' HTTP/1.1'.length
const STATUS_LINE = 'HTTP/1.1 200 '.length

export function controlOf(fields: readonly Line[]): Control {
  const control = { method: '', target: '', status: 0 }
  for (const { name, value } of fields) {
    if (name === ':method') control.method = value
    else if (name === ':path') control.target = value
    else if (name === ':status' && /^\d{3}$/.test(value)) control.status = Number(value)
  }
  return control
}

/**
 * Octets of the same header section in HTTP/1.1 (RFC 9112 2.1): start line, field lines, the empty line. `:authority`
 * becomes `host`, `:scheme` stands nowhere, and the reason of a status line is left out.
 */
export function http1Length(fields: readonly Line[]): number {
  let length = CRLF
  for (const { name, value, plainLength = name.length + value.length } of fields) {
    if (name === ':method') length += value.length + 1 + VERSION + CRLF
    else if (name === ':path') length += value.length
    else if (name === ':status') length += STATUS_LINE + CRLF
    else if (name === ':authority') length += 'host: '.length + value.length + CRLF
    else if (name !== ':scheme') length += plainLength + ': '.length + CRLF
  }
  return length
}
