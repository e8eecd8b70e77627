/** The payloads of frames (RFC 9113 6, RFC 9218 7.1), padding and priority taken off. */
import { read16, read32 } from '../bytes.ts'
import { octetText } from '../octets.ts'
import type { FrameHeader } from './events.ts'
import * as h2 from './names.ts'
import { parsePriority, type Priority } from './priority.ts'

/** The deprecated dependency of RFC 9113 5.3.2; weight from 1 to 256. */
export interface Dependency {
  readonly exclusive: boolean
  readonly streamId: number
  readonly weight: number
}

export type Payload =
  | { readonly kind: 'data'; readonly dataLength: number; readonly padLength: number }
  | {
      readonly kind: 'headers'
      readonly fragment: Uint8Array
      /** Octets of the payload before the fragment. */
      readonly fragmentAt: number
      readonly padLength: number
      readonly dependency?: Dependency
    }
  | { readonly kind: 'priority'; readonly dependency: Dependency }
  | { readonly kind: 'rst_stream'; readonly errorCode: number }
  | {
      readonly kind: 'settings'
      readonly ack: boolean
      readonly values: readonly { readonly identifier: number; readonly value: number }[]
    }
  | {
      readonly kind: 'push_promise'
      readonly promisedStreamId: number
      readonly fragment: Uint8Array
      readonly fragmentAt: number
      readonly padLength: number
    }
  | { readonly kind: 'ping'; readonly ack: boolean; readonly opaque: Uint8Array }
  | {
      readonly kind: 'goaway'
      readonly lastStreamId: number
      readonly errorCode: number
      readonly debugData: Uint8Array
    }
  | { readonly kind: 'window_update'; readonly increment: number }
  | { readonly kind: 'continuation'; readonly fragment: Uint8Array; readonly fragmentAt: number }
  | {
      readonly kind: 'priority_update'
      readonly streamId: number
      readonly value: string
      readonly priority: Priority
    }
  | { readonly kind: 'unknown'; readonly bytes: Uint8Array }

/** Why a payload is not one: padding as long as the payload or longer (RFC 9113 6.1), or too few octets. */
export type PayloadFault = 'bad_padding' | 'bad_length'

const read31 = (bytes: Uint8Array, at: number): number => read32(bytes, at) & 0x7fff_ffff

function readDependency(bytes: Uint8Array, at: number): Dependency {
  return { exclusive: bytes[at] >= 0x80, streamId: read31(bytes, at), weight: bytes[at + 4] + 1 }
}

/** Where the fragment of a HEADERS or PUSH_PROMISE lies between padding and `fixed` octets of other fields. */
function unpad(
  bytes: Uint8Array,
  flags: number,
  fixed: number,
): { from: number; to: number; pad: number } | PayloadFault {
  const padded = (flags & h2.FLAG_PADDED) !== 0 ? 1 : 0
  if (bytes.length < padded + fixed) return 'bad_length'
  const pad = padded === 1 ? bytes[0] : 0
  const from = padded + fixed
  return pad > bytes.length - from ? 'bad_padding' : { from, to: bytes.length - pad, pad }
}

function readHeaders(bytes: Uint8Array, flags: number): Payload | PayloadFault {
  const hasPriority = (flags & h2.FLAG_PRIORITY) !== 0
  const part = unpad(bytes, flags, hasPriority ? 5 : 0)
  if (typeof part === 'string') return part
  const { from, to, pad } = part
  const payload = {
    kind: 'headers' as const,
    fragment: bytes.subarray(from, to),
    fragmentAt: from,
    padLength: pad,
  }
  return hasPriority ? { ...payload, dependency: readDependency(bytes, from - 5) } : payload
}

function readPushPromise(bytes: Uint8Array, flags: number): Payload | PayloadFault {
  const part = unpad(bytes, flags, 4)
  if (typeof part === 'string') return part
  const { from, to, pad } = part
  const promisedStreamId = read31(bytes, from - 4)
  const fragment = bytes.subarray(from, to)
  return { kind: 'push_promise', promisedStreamId, fragment, fragmentAt: from, padLength: pad }
}

function readSettings(bytes: Uint8Array, flags: number): Payload {
  const values = []
  for (let at = 0; at + 6 <= bytes.length; at += 6) {
    values.push({ identifier: read16(bytes, at), value: read32(bytes, at + 2) })
  }
  return { kind: 'settings', ack: (flags & h2.FLAG_ACK) !== 0, values }
}

function readPriorityUpdate(bytes: Uint8Array): Payload {
  const value = octetText(bytes, 4)
  return { kind: 'priority_update', streamId: read31(bytes, 0), value, priority: parsePriority(value) }
}

/** The payload of a frame other than DATA whose length its rule allows. Views into `bytes`, not copies. */
export function readPayload({ type, flags }: FrameHeader, bytes: Uint8Array): Payload | PayloadFault {
  switch (type) {
    case h2.HEADERS:
      return readHeaders(bytes, flags)
    case h2.PRIORITY:
      return { kind: 'priority', dependency: readDependency(bytes, 0) }
    case h2.RST_STREAM:
      return { kind: 'rst_stream', errorCode: read32(bytes, 0) }
    case h2.SETTINGS:
      return readSettings(bytes, flags)
    case h2.PUSH_PROMISE:
      return readPushPromise(bytes, flags)
    case h2.PING:
      return { kind: 'ping', ack: (flags & h2.FLAG_ACK) !== 0, opaque: bytes }
    case h2.GOAWAY:
      return {
        kind: 'goaway',
        lastStreamId: read31(bytes, 0),
        errorCode: read32(bytes, 4),
        debugData: bytes.subarray(8),
      }
    case h2.WINDOW_UPDATE:
      return { kind: 'window_update', increment: read31(bytes, 0) }
    case h2.CONTINUATION:
      return { kind: 'continuation', fragment: bytes, fragmentAt: 0 }
    case h2.PRIORITY_UPDATE:
      return readPriorityUpdate(bytes)
    default:
      return { kind: 'unknown', bytes }
  }
}
