/** The status of a call: the codes of gRPC, by name (gRPC core concepts, statuscodes.md; PROTOCOL-HTTP2.md). */

/** In the order of their numbers. */
export const STATUS_NAMES = [
  'OK',
  'CANCELLED',
  'UNKNOWN',
  'INVALID_ARGUMENT',
  'DEADLINE_EXCEEDED',
  'NOT_FOUND',
  'ALREADY_EXISTS',
  'PERMISSION_DENIED',
  'RESOURCE_EXHAUSTED',
  'FAILED_PRECONDITION',
  'ABORTED',
  'OUT_OF_RANGE',
  'UNIMPLEMENTED',
  'INTERNAL',
  'UNAVAILABLE',
  'DATA_LOSS',
  'UNAUTHENTICATED',
] as const
export type StatusName = (typeof STATUS_NAMES)[number]

export const isStatusName = (name: unknown): name is StatusName =>
  (STATUS_NAMES as readonly unknown[]).includes(name)

export const numberOf = (name: StatusName): number => STATUS_NAMES.indexOf(name)

/** The status of a number as trailers carry it; what is no status of gRPC is UNKNOWN. */
export const statusOf = (text: string | undefined): StatusName =>
  (/^\d{1,2}$/.test(text ?? '') ? STATUS_NAMES[Number(text)] : undefined) ?? 'UNKNOWN'

/** Where an answer of HTTP says nothing of gRPC (http-grpc-status-mapping.md). */
const BY_HTTP_STATUS: Readonly<Record<number, StatusName>> = {
  400: 'INTERNAL',
  401: 'UNAUTHENTICATED',
  403: 'PERMISSION_DENIED',
  404: 'UNIMPLEMENTED',
  429: 'UNAVAILABLE',
  502: 'UNAVAILABLE',
  503: 'UNAVAILABLE',
  504: 'UNAVAILABLE',
}
export const statusOfHttp = (status: number): StatusName => BY_HTTP_STATUS[status] ?? 'UNKNOWN'

/** The status of HTTP that says most nearly the same, for calls in JSON. */
const TO_HTTP_STATUS: Partial<Record<StatusName, number>> = {
  OK: 200,
  INVALID_ARGUMENT: 400,
  OUT_OF_RANGE: 400,
  NOT_FOUND: 404,
  RESOURCE_EXHAUSTED: 413,
  UNIMPLEMENTED: 501,
  UNAVAILABLE: 503,
  DEADLINE_EXCEEDED: 504,
}
export const httpStatusOf = (name: StatusName): number => TO_HTTP_STATUS[name] ?? 500

/** Why a call came to nothing. */
export interface CallError {
  readonly status: StatusName
  readonly message: string
}

/** `grpc-message`: UTF-8 in which all but printable ASCII without `%` is percent-encoded (PROTOCOL-HTTP2.md, Responses). */
export const encodeMessage = (message: string): string =>
  Array.from(Buffer.from(message), (byte) =>
    byte >= 0x20 && byte <= 0x7e && byte !== 0x25
      ? String.fromCharCode(byte)
      : `%${byte.toString(16).toUpperCase().padStart(2, '0')}`,
  ).join('')

/** Total: what is no percent-encoding stays as it is. */
export function decodeMessage(text: string): string {
  const bytes = text.replace(/%([0-9A-Fa-f]{2})/g, (_, hex: string) => String.fromCharCode(parseInt(hex, 16)))
  return Buffer.from(bytes, 'latin1').toString('utf8')
}

/** Microseconds in each unit of `grpc-timeout`, the finest first. */
const UNITS = { u: 1, m: 1e3, S: 1e6, M: 60e6, H: 3_600e6 } as const
/** It has eight digits at most. */
const MOST_DIGITS = 99_999_999

/** A span as `grpc-timeout` has it, in the finest unit that has room for it; never shorter than it is. */
export function writeTimeout(span: number): string {
  for (const [unit, size] of Object.entries(UNITS)) {
    const count = Math.ceil(span / size)
    if (count <= MOST_DIGITS) return `${count}${unit}`
  }
  return `${MOST_DIGITS}H`
}

/** undefined: it is no timeout. Nanoseconds (`n`) are less than lab time can tell apart. */
export function readTimeout(text: string | undefined): number | undefined {
  const [, digits, unit] = /^(\d{1,8})([HMSmun])$/.exec(text ?? '') ?? []
  if (digits === undefined) return undefined
  return Number(digits) * (unit === 'n' ? 1e-3 : UNITS[unit as keyof typeof UNITS])
}
