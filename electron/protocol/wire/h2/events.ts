/** What the onlooker of an HTTP/2 connection tells. Offsets count in the stream of octets that `from` sent. */
import type { HeaderBlock, HeaderField } from '../hpack/decoder.ts'
import type { WireError } from '../result.ts'
import type { Side } from '../side.ts'
import type { ErrorName } from './names.ts'
import type { Payload } from './payload.ts'
import type { StreamState } from './stream.ts'

export interface FrameHeader {
  readonly type: number
  readonly flags: number
  readonly streamId: number
  /** Where the frame begins, and octets of its payload; the header before it has 9. */
  readonly offset: number
  readonly length: number
}

/** What is wrong, and what the RFC would have the receiver say to it. */
export interface Http2Error extends WireError {
  readonly code: ErrorName
  readonly scope: 'connection' | 'stream'
  readonly streamId: number
}

/** What the sender of a frame may still send, connection and stream, after this frame (RFC 9113 5.2). */
export interface Windows {
  /** Whom these windows limit. */
  readonly sender: Side
  readonly connection: number
  readonly stream?: number
}

export interface Place {
  readonly offset: number
  readonly length: number
}

export type MessagePart = 'request' | 'response' | 'interim' | 'trailers' | 'push'

/** Which limit was reached; what lies beyond it is passed over. */
export type Http2Limit =
  'frame_length' | 'header_block' | 'header_list' | 'tracked_streams' | 'pending_settings'

export type Http2Event =
  | { readonly type: 'preface'; readonly from: Side; readonly offset: number; readonly length: number }
  /** A whole frame. */
  | {
      readonly type: 'frame'
      readonly from: Side
      readonly frame: FrameHeader
      /** Undefined where it could not be read, or was too long to keep. */
      readonly payload: Payload | undefined
      /** For DATA, WINDOW_UPDATE and acknowledged SETTINGS. */
      readonly windows?: Windows
    }
  /** Octets of a body, as they come; `bytes` is a view, good during the call. */
  | {
      readonly type: 'data'
      readonly from: Side
      readonly streamId: number
      /** Where they lie in what this side sends on this stream, and where in its octets. */
      readonly bodyOffset: number
      readonly offset: number
      readonly bytes: Uint8Array
    }
  /** A whole header list. */
  | {
      readonly type: 'headers'
      readonly from: Side
      readonly part: MessagePart
      /** The stream that it belongs to: a pushed request's own, not the one that it came on. */
      readonly streamId: number
      /** Of a pushed request: the stream that it came on. */
      readonly associatedStreamId?: number
      readonly endStream: boolean
      readonly block: HeaderBlock
      /** Where the block's fragments lie, in order: `placeInFragments` finds a field's octets. */
      readonly fragments: readonly Place[]
    }
  | {
      readonly type: 'stream'
      readonly streamId: number
      /** As the client sees it. */
      readonly before: StreamState
      readonly after: StreamState
      readonly from: Side
      readonly offset: number
    }
  | { readonly type: 'problem'; readonly from: Side; readonly error: Http2Error }
  /** Octets that belong to no frame. */
  | { readonly type: 'skipped'; readonly from: Side; readonly offset: number; readonly length: number }
  | { readonly type: 'limit'; readonly from: Side; readonly limit: Http2Limit; readonly offset: number }

export type Http2Sink = (event: Http2Event) => void

/** The octets of a field in the sender's stream: one place, or more where CONTINUATION cuts it. */
export function placeInFragments(
  fragments: readonly Place[],
  field: Pick<HeaderField, 'offset' | 'length'>,
): Place[] {
  const places: Place[] = []
  let start = 0
  for (const { offset, length } of fragments) {
    const from = Math.max(field.offset, start)
    const to = Math.min(field.offset + field.length, start + length)
    if (from < to) places.push({ offset: offset + from - start, length: to - from })
    start += length
  }
  return places
}
