/** Where a frame may stand (RFC 9114 7, table 1; RFC 9218 7.2): by the type of the stream and by who receives it. */
import { violation, type Http3Violation } from './errors.ts'
import type { FrameType } from './frames.ts'

/** Streams on which frames are: a push stream never gets so far here, since no push is ever allowed. */
export type FrameStream = 'control' | 'request'
export type Role = 'client' | 'server'

interface Rule {
  readonly on: readonly FrameStream[]
  /** Who may receive it. */
  readonly to: readonly Role[]
  readonly clause: string
}

const BOTH: readonly Role[] = ['client', 'server']

const RULES: Record<FrameType, Rule> = {
  data: { on: ['request'], to: BOTH, clause: '9114 7.2.1' },
  headers: { on: ['request'], to: BOTH, clause: '9114 7.2.2' },
  cancel_push: { on: ['control'], to: BOTH, clause: '9114 7.2.3' },
  settings: { on: ['control'], to: BOTH, clause: '9114 7.2.4' },
  push_promise: { on: ['request'], to: ['client'], clause: '9114 7.2.5' },
  goaway: { on: ['control'], to: BOTH, clause: '9114 7.2.6' },
  max_push_id: { on: ['control'], to: ['server'], clause: '9114 7.2.7' },
  priority_update: { on: ['control'], to: ['server'], clause: '9218 7.2' },
  priority_update_push: { on: ['control'], to: ['server'], clause: '9218 7.2' },
  http2: { on: [], to: BOTH, clause: '9114 7.2.8' },
  unknown: { on: ['control', 'request'], to: BOTH, clause: '9114 9' },
}

/** What is wrong with a frame of this type on such a stream; undefined: nothing. */
export function checkPlace(type: FrameType, stream: FrameStream, receiver: Role): Http3Violation | undefined {
  const { on, to, clause } = RULES[type]
  if (!on.includes(stream))
    return violation('H3_FRAME_UNEXPECTED', `${clause}: ${type.toUpperCase()} on a ${stream} stream`)
  if (!to.includes(receiver))
    return violation('H3_FRAME_UNEXPECTED', `${clause}: a ${receiver} receives ${type.toUpperCase()}`)
  return undefined
}
