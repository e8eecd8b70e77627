/** What the frames of the peer's control stream do (RFC 9114 7.2, 5.2; RFC 9218 7). */
import { MAX_EXACT } from '../wire/quic/varint.ts'
import { HTTP3_ERROR, violation, type Http3Violation } from './errors.ts'
import type { Http3Frame } from './frames.ts'
import { parsePriority } from './priority.ts'
import type { Session } from './session.ts'
import { settingsOf, type Http3Settings } from './settings.ts'

/** Priorities of requests that have not come; more are forgotten (RFC 9218 7: a server may limit them). */
const MOST_PRIORITIES = 256

export function onControlFrame(session: Session, frame: Http3Frame): Http3Violation | undefined {
  switch (frame.type) {
    case 'settings':
      return onSettings(session, frame)
    case 'goaway':
      return session.isServer ? onClientGoaway(session, frame.id) : onServerGoaway(session, frame.id)
    case 'max_push_id':
      return onMaxPushId(session, frame.id)
    case 'cancel_push':
      // As a client we allow no push, as a server we promise none (RFC 9114 7.2.3).
      return violation(
        'H3_ID_ERROR',
        `9114 7.2.3: push ${frame.id} was never ${session.isServer ? 'promised' : 'allowed'}`,
      )
    case 'priority_update':
      return onPriority(session, frame)
    case 'priority_update_push':
      return violation('H3_ID_ERROR', `9218 7.2: push ${frame.id} was never promised`)
    default:
      return undefined
  }
}

function onSettings(
  session: Session,
  { settings }: Extract<Http3Frame, { type: 'settings' }>,
): Http3Violation | undefined {
  const now = settingsOf(settings)
  const problem = session.inForce && checkRemembered(session.inForce, now)
  if (problem !== undefined) return problem
  session.applySettings(now)
  session.events.push({ type: 'settings', settings: session.peerSettings })
  return undefined
}

/** A server that took 0-RTT data keeps to the settings by which they were sent. */
function checkRemembered(before: Http3Settings, now: Http3Settings): Http3Violation | undefined {
  if (before.qpackMaxTableCapacity > 0 && now.qpackMaxTableCapacity !== before.qpackMaxTableCapacity)
    return violation(
      'QPACK_DECODER_STREAM_ERROR',
      `9204 3.2.3: a capacity of ${now.qpackMaxTableCapacity}, ${before.qpackMaxTableCapacity} in 0-RTT`,
    )
  for (const name of ['qpackBlockedStreams', 'maxFieldSectionSize'] as const)
    if (now[name] < before[name])
      return violation('H3_SETTINGS_ERROR', `9114 7.2.4.2: ${name} ${now[name]}, ${before[name]} in 0-RTT`)
  return undefined
}

/** RFC 9114 5.2, 7.2.6: requests from this one on were not looked at. */
function onServerGoaway(session: Session, id: number): Http3Violation | undefined {
  // Numbers above 2^53 have lost their lowest bits; a first GOAWAY of 2^62 - 4 is usual.
  if (id <= MAX_EXACT && id % 4 !== 0)
    return violation('H3_ID_ERROR', `9114 7.2.6: GOAWAY with stream ${id}, which is not a request's`)
  const problem = noteGoaway(session, id)
  if (problem !== undefined) return problem
  for (const stream of [...session.requests.values()]) {
    if (stream.id < id) continue
    session.giveUp(stream, HTTP3_ERROR.H3_REQUEST_CANCELLED)
    session.events.push({ type: 'unprocessed', id: stream.id })
  }
  return undefined
}

const onClientGoaway = (session: Session, id: number): Http3Violation | undefined => noteGoaway(session, id)

function noteGoaway(session: Session, id: number): Http3Violation | undefined {
  const before = session.goawayReceived
  if (before !== undefined && id > before)
    return violation('H3_ID_ERROR', `9114 5.2: GOAWAY with ${id} after ${before}`)
  session.goawayReceived = id
  session.events.push({ type: 'goaway', id })
  return undefined
}

function onMaxPushId(session: Session, id: number): Http3Violation | undefined {
  if (id < (session.maxPushId ?? 0))
    return violation('H3_ID_ERROR', `9114 7.2.7: MAX_PUSH_ID ${id} after ${session.maxPushId}`)
  session.maxPushId = id
  return undefined
}

function onPriority(
  session: Session,
  { id, value }: Extract<Http3Frame, { type: 'priority_update' }>,
): Http3Violation | undefined {
  if (id > MAX_EXACT || id % 4 !== 0)
    return violation('H3_ID_ERROR', `9218 7.2: PRIORITY_UPDATE for stream ${id}, which is not a request's`)
  const priority = parsePriority(value)
  if (session.requests.get(id)?.method !== undefined) {
    session.quic.setPriority(id, priority.urgency, priority.incremental)
    session.events.push({ type: 'priority', id, priority })
  } else if (id >= session.nextRequest || session.requests.has(id)) {
    if (session.priorities.size < MOST_PRIORITIES || session.priorities.has(id))
      session.priorities.set(id, priority)
  }
  return undefined
}
