/** One stream (RFC 9113 5.1), as an onlooker knows it from what both sides sent. */
import { bySide, otherSide, type BySide, type Side } from '../side.ts'
import type { Priority } from './priority.ts'

/** As one of the two sides sees it. */
export type StreamState =
  | 'idle'
  | 'reserved_local'
  | 'reserved_remote'
  | 'open'
  | 'half_closed_local'
  | 'half_closed_remote'
  | 'closed'

/** What one side sends on a stream. */
export interface Sending {
  /** It has sent END_STREAM. */
  ended: boolean
  /** Octets of body so far. */
  body: number
  /** Octets of its window used (-) and granted (+), beside the initial size (RFC 9113 6.9.2). */
  credit: number
  /** It has sent its request, or its final response. */
  headed: boolean
  /** What its content-length says; undefined where it says nothing or where no body has to follow it. */
  contentLength?: number
}

export class Http2Stream {
  readonly id: number
  /** Which side has sent RST_STREAM first. */
  resetBy: Side | undefined
  /** It was opened by a header list, or promised and then opened. */
  opened = false
  promised = false
  method: string | undefined
  priority: Priority | undefined
  readonly sending: BySide<Sending> = bySide(() => ({ ended: false, body: 0, credit: 0, headed: false }))

  constructor(id: number) {
    this.id = id
  }

  /** Clients open odd streams, servers even ones (RFC 9113 5.1.1). */
  get initiator(): Side {
    return this.id % 2 === 1 ? 'client' : 'server'
  }

  get closed(): boolean {
    const { client, server } = this.sending
    return this.resetBy !== undefined || (client.ended && server.ended)
  }

  /** The state as `side` sees it. */
  state(side: Side): StreamState {
    if (this.closed) return 'closed'
    if (!this.opened) {
      if (!this.promised) return 'idle'
      return side === 'server' ? 'reserved_local' : 'reserved_remote'
    }
    if (this.sending[side].ended) return 'half_closed_local'
    return this.sending[otherSide(side)].ended ? 'half_closed_remote' : 'open'
  }
}
