/** What an HTTP/3 connection tells its owner. */
import type { FieldLine } from '../qpack/fields.ts'
import type { CloseReason } from '../quic/events.ts'
import type { Http3Violation } from './errors.ts'
import type { SectionKind } from './message.ts'
import type { Priority } from './priority.ts'
import type { Http3Settings } from './settings.ts'

export type Http3Event =
  /** Our control stream is open: requests may go. In 0-RTT, too. */
  | { readonly type: 'ready' }
  /** The server has not taken the 0-RTT data: all requests are forgotten and are to be made anew (RFC 9001 4.6.2). */
  | { readonly type: 'early_refused' }
  | { readonly type: 'settings'; readonly settings: Http3Settings }
  /** A header or trailer section that keeps all rules. */
  | {
      readonly type: 'headers'
      readonly id: number
      readonly kind: SectionKind
      readonly fields: readonly FieldLine[]
    }
  /** There is content to `read`; nothing else of this stream is told before it is read. */
  | { readonly type: 'data'; readonly id: number }
  /** The peer's message is complete, and all of it has been read. */
  | { readonly type: 'finished'; readonly id: number }
  /** The peer gave its message up, with this code. */
  | { readonly type: 'reset'; readonly id: number; readonly code: number }
  /** The peer reads no more of ours. */
  | { readonly type: 'stopped'; readonly id: number; readonly code: number }
  /** The peer's message breaks a rule; we have given the stream up. */
  | { readonly type: 'failed'; readonly id: number; readonly violation: Http3Violation }
  /** The server has not looked at this request and won't: it may be made again elsewhere (RFC 9114 5.2). */
  | { readonly type: 'unprocessed'; readonly id: number }
  /** Some of what was sent is acknowledged: `buffered` says how much waits. */
  | { readonly type: 'writable'; readonly id: number }
  | { readonly type: 'streams_available' }
  /** No request from this stream id on will be taken (RFC 9114 5.2); from a client: no push from this push id on. */
  | { readonly type: 'goaway'; readonly id: number }
  /** How urgent the client finds a response (RFC 9218). */
  | { readonly type: 'priority'; readonly id: number; readonly priority: Priority }
  | { readonly type: 'closed'; readonly reason: CloseReason }
