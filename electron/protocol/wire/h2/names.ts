/** The registries of HTTP/2 (RFC 9113 6, 7, 6.5.2, and those who added to them). */

export const DATA = 0x0
export const HEADERS = 0x1
export const PRIORITY = 0x2
export const RST_STREAM = 0x3
export const SETTINGS = 0x4
export const PUSH_PROMISE = 0x5
export const PING = 0x6
export const GOAWAY = 0x7
export const WINDOW_UPDATE = 0x8
export const CONTINUATION = 0x9
/** RFC 9218 7.1. */
export const PRIORITY_UPDATE = 0x10

const FRAME_NAMES: Readonly<Record<number, string>> = {
  [DATA]: 'DATA',
  [HEADERS]: 'HEADERS',
  [PRIORITY]: 'PRIORITY',
  [RST_STREAM]: 'RST_STREAM',
  [SETTINGS]: 'SETTINGS',
  [PUSH_PROMISE]: 'PUSH_PROMISE',
  [PING]: 'PING',
  [GOAWAY]: 'GOAWAY',
  [WINDOW_UPDATE]: 'WINDOW_UPDATE',
  [CONTINUATION]: 'CONTINUATION',
  0xa: 'ALTSVC', // RFC 7838 4
  0xc: 'ORIGIN', // RFC 8336 2
  [PRIORITY_UPDATE]: 'PRIORITY_UPDATE',
}

const hex = (value: number): string => `0x${value.toString(16)}`

export const frameName = (type: number): string => FRAME_NAMES[type] ?? `type ${hex(type)}`

export const FLAG_END_STREAM = 0x1
export const FLAG_ACK = 0x1
export const FLAG_END_HEADERS = 0x4
export const FLAG_PADDED = 0x8
export const FLAG_PRIORITY = 0x20

const FLAG_NAMES: Readonly<Record<number, readonly (readonly [number, string])[]>> = {
  [DATA]: [
    [FLAG_END_STREAM, 'END_STREAM'],
    [FLAG_PADDED, 'PADDED'],
  ],
  [HEADERS]: [
    [FLAG_END_STREAM, 'END_STREAM'],
    [FLAG_END_HEADERS, 'END_HEADERS'],
    [FLAG_PADDED, 'PADDED'],
    [FLAG_PRIORITY, 'PRIORITY'],
  ],
  [SETTINGS]: [[FLAG_ACK, 'ACK']],
  [PUSH_PROMISE]: [
    [FLAG_END_HEADERS, 'END_HEADERS'],
    [FLAG_PADDED, 'PADDED'],
  ],
  [PING]: [[FLAG_ACK, 'ACK']],
  [CONTINUATION]: [[FLAG_END_HEADERS, 'END_HEADERS']],
}

/** The flags of a frame that are set: by name where its type defines them, as hexadecimal bits where it does not. */
export function flagNames(type: number, flags: number): string[] {
  const defined = FLAG_NAMES[type] ?? []
  const names = defined.filter(([bit]) => (flags & bit) !== 0).map(([, name]) => name)
  const rest = defined.reduce((left, [bit]) => left & ~bit, flags)
  return rest === 0 ? names : [...names, hex(rest)]
}

/** RFC 9113 7. */
const ERROR_NAMES = [
  'NO_ERROR',
  'PROTOCOL_ERROR',
  'INTERNAL_ERROR',
  'FLOW_CONTROL_ERROR',
  'SETTINGS_TIMEOUT',
  'STREAM_CLOSED',
  'FRAME_SIZE_ERROR',
  'REFUSED_STREAM',
  'CANCEL',
  'COMPRESSION_ERROR',
  'CONNECT_ERROR',
  'ENHANCE_YOUR_CALM',
  'INADEQUATE_SECURITY',
  'HTTP_1_1_REQUIRED',
] as const

export type ErrorName = (typeof ERROR_NAMES)[number]

export const errorName = (code: number): string => ERROR_NAMES[code] ?? hex(code)

export const HEADER_TABLE_SIZE = 0x1
export const ENABLE_PUSH = 0x2
export const MAX_CONCURRENT_STREAMS = 0x3
export const INITIAL_WINDOW_SIZE = 0x4
export const MAX_FRAME_SIZE = 0x5
export const MAX_HEADER_LIST_SIZE = 0x6

const SETTING_NAMES: Readonly<Record<number, string>> = {
  [HEADER_TABLE_SIZE]: 'HEADER_TABLE_SIZE',
  [ENABLE_PUSH]: 'ENABLE_PUSH',
  [MAX_CONCURRENT_STREAMS]: 'MAX_CONCURRENT_STREAMS',
  [INITIAL_WINDOW_SIZE]: 'INITIAL_WINDOW_SIZE',
  [MAX_FRAME_SIZE]: 'MAX_FRAME_SIZE',
  [MAX_HEADER_LIST_SIZE]: 'MAX_HEADER_LIST_SIZE',
  0x8: 'ENABLE_CONNECT_PROTOCOL', // RFC 8441 3
  0x9: 'NO_RFC7540_PRIORITIES', // RFC 9218 2.1
}

export const settingName = (identifier: number): string => SETTING_NAMES[identifier] ?? hex(identifier)
