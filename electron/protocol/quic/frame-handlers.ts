/** What each frame does to the connection (RFC 9000 19): a table. Where a frame may stand is `../wire/quic/frames.ts`. */
import type { Micros } from '../../../shared/units.ts'
import type { Level } from '../tls13/handshake.ts'
import type { Frame } from '../wire/quic/frames.ts'
import { drain } from './close.ts'
import type { Core } from './core.ts'
import { confirm, followHandshake } from './handshaking.ts'
import { onAckedPacket, onLostPacket } from './fate.ts'
import { spaceOf } from './keys.ts'
import { replaceRetired } from './migration.ts'
import type { Path } from './path.ts'
import type { Stream, StreamOutcome } from './streams.ts'
import { violation, type Violation } from './violation.ts'

/** The packet that a frame came in. */
export interface Arrival {
  readonly level: Level
  readonly path: Path
  /** The connection id that it was sent to. */
  readonly destination: Uint8Array
}

type Handler<T extends Frame['type']> = (
  core: Core,
  now: Micros,
  frame: Extract<Frame, { type: T }>,
  arrival: Arrival,
) => Violation | undefined

type Handlers = { readonly [T in Frame['type']]: Handler<T> }

const nothing = (): undefined => undefined

export const HANDLERS: Handlers = {
  padding: nothing,
  ping: nothing,
  ack: onAck,
  crypto: onCrypto,
  stream: (core, _now, frame) => onReceived(core, core.streams.onStream(frame)),
  reset_stream: (core, _now, frame) => onReceived(core, core.streams.onReset(frame)),
  stop_sending: onStopSending,
  max_data: (core, _now, frame) => {
    core.streams.onMaxData(frame)
    wakeBlocked(core)
    return undefined
  },
  max_stream_data: (core, _now, frame) => {
    const outcome = core.streams.onMaxStreamData(frame)
    if (outcome !== undefined && 'code' in outcome) return outcome
    if (core.streams.get(frame.id)?.send?.hasPending) core.sendable.add(frame.id)
    return undefined
  },
  max_streams: (core, _now, frame) => {
    const before = core.streams.local[frame.direction].limit
    core.streams.onMaxStreams(frame)
    if (frame.maximum > before) core.events.push({ type: 'streams_available' })
    return undefined
  },
  data_blocked: nothing,
  stream_data_blocked: (core, _now, frame) => core.streams.onStreamDataBlocked(frame),
  streams_blocked: nothing,
  new_token: onNewToken,
  new_connection_id: (core, _now, frame) => {
    const problem = core.remoteIds.add(frame)
    replaceRetired(core)
    return problem
  },
  retire_connection_id: onRetire,
  path_challenge: (_core, _now, frame, { path }) => {
    // One answer for each; a flood of them keeps the newest few (RFC 9000 8.2.2, 21.9).
    path.responses.push(frame.data.slice())
    if (path.responses.length > MOST_RESPONSES) path.responses.shift()
    return undefined
  },
  path_response: onPathResponse,
  connection_close: onClose,
  handshake_done: (core, now) => {
    if (core.isServer) return violation('PROTOCOL_VIOLATION', '9000 19.20: a client sends HANDSHAKE_DONE')
    confirm(core, now)
    return undefined
  },
  datagram: onDatagram,
  ack_frequency: onAckFrequency,
  immediate_ack: (core, now) => {
    core.spaces.application.received.ackNow(now)
    return undefined
  },
}

const MOST_RESPONSES = 4
/** Datagrams that wait for the application (RFC 9221 5.3: they may be dropped). */
const MOST_EVENTS = 4_096

function onAck(
  core: Core,
  now: Micros,
  frame: Extract<Frame, { type: 'ack' }>,
  { level }: Arrival,
): Violation | undefined {
  const name = spaceOf(level)
  const space = core.spaces[name]
  const exponent = level === '1rtt' ? (core.peer?.ackDelayExponent ?? 3) : 3
  const largest = core.recovery.largestAcked(name)
  const outcome = core.recovery.onAck(now, name, frame, frame.delay * 2 ** exponent, space.next)
  if (outcome === undefined)
    return violation('PROTOCOL_VIOLATION', '9000 13.1: acknowledges a packet that was never sent')
  if (level === 'handshake') core.recovery.peerCompletedAddressValidation = true
  const newest = outcome.acked.at(-1)
  if (newest !== undefined && frame.ranges[0].to > largest && core.ecn.onAck(name, outcome.acked, frame.ecn))
    core.recovery.onCongestion(now, newest.sentAt, 'ecn')
  for (const packet of outcome.acked) onAckedPacket(core, packet)
  for (const lost of outcome.lost) onLostPacket(core, now, lost)
  if (outcome.acked.length > 0) core.observer?.onAcked(now, name, outcome)
  return undefined
}

function onCrypto(
  core: Core,
  now: Micros,
  { offset, data }: Extract<Frame, { type: 'crypto' }>,
  { level }: Arrival,
): Violation | undefined {
  const ready = core.spaces[spaceOf(level)].crypto.receive(offset, data)
  if ('code' in ready) return ready
  for (const bytes of ready) {
    core.handshake.handleBytes(now, level, bytes)
    followHandshake(core, now)
  }
  return undefined
}

/** Data or a reset came on a stream: the application hears of it. */
function onReceived(core: Core, outcome: StreamOutcome): Violation | undefined {
  if (outcome === undefined) return undefined
  if ('code' in outcome) return outcome
  announce(core, outcome)
  const { id, receive } = outcome
  if (receive!.state === 'reset_received') {
    const unread = receive!.highest - receive!.read
    receive!.takeReset()
    core.onConsumed(receive!, unread)
    core.events.push({ type: 'stream_reset', id, code: receive!.resetCode! })
    core.streams.release(outcome)
  } else if (receive!.readable > 0 || receive!.state === 'data_read' || receive!.state === 'data_received')
    core.events.push({ type: 'readable', id })
  return undefined
}

/** Streams of the peer's that the application has not heard of, in the order of their ids (RFC 9000 2.1). */
function announce(core: Core, { id }: Stream): void {
  if (core.streams.isLocal(id)) return
  for (const fresh of core.streams.takeOpened()) core.events.push({ type: 'stream_opened', id: fresh })
}

function onStopSending(
  core: Core,
  _now: Micros,
  frame: Extract<Frame, { type: 'stop_sending' }>,
): Violation | undefined {
  const outcome = core.streams.onStopSending(frame)
  if (outcome === undefined) return undefined
  if ('code' in outcome) return outcome
  announce(core, outcome)
  core.sendable.delete(frame.id)
  core.pending.add({ type: 'reset_stream', id: frame.id })
  core.events.push({ type: 'stop_sending', id: frame.id, code: frame.code })
  return undefined
}

/** The connection has credit again: all streams with something to send take part. */
export function wakeBlocked(core: Core): void {
  for (const { id, send } of core.streams.values()) if (send?.hasPending) core.sendable.add(id)
}

function onNewToken(
  core: Core,
  _now: Micros,
  { token }: Extract<Frame, { type: 'new_token' }>,
): Violation | undefined {
  if (core.isServer) return violation('PROTOCOL_VIOLATION', '9000 19.7: a client sends NEW_TOKEN')
  core.events.push({ type: 'new_token', token: token.slice() })
  return undefined
}

function onRetire(
  core: Core,
  _now: Micros,
  { number }: Extract<Frame, { type: 'retire_connection_id' }>,
  { destination }: Arrival,
): Violation | undefined {
  const retired = core.localIds.retire(number, destination)
  if (retired === undefined) return undefined
  if ('code' in retired) return retired
  // Another in its place, so that the peer has as many as before (RFC 9000 5.1.1).
  const limit = Math.min(core.peer!.activeConnectionIdLimit, core.parameters.activeConnectionIdLimit)
  for (const fresh of core.localIds.issueUpTo(limit))
    core.pending.add({ type: 'new_connection_id', number: fresh.number })
  return undefined
}

function onPathResponse(
  core: Core,
  _now: Micros,
  { data }: Extract<Frame, { type: 'path_response' }>,
): Violation | undefined {
  // It may come by another path than the challenge went (RFC 9000 8.2.3).
  for (const path of core.paths) if (path.onResponse(data)) break
  return undefined
}

function onClose(
  core: Core,
  now: Micros,
  { by, code, reason }: Extract<Frame, { type: 'connection_close' }>,
): Violation | undefined {
  const text = Array.from(reason.subarray(0, 200), (byte) =>
    byte > 0x1f && byte < 0x7f ? String.fromCharCode(byte) : '?',
  ).join('')
  drain(core, now, { by: 'peer', layer: by, code, reason: text })
  return undefined
}

/** draft-ietf-quic-ack-frequency 4 and 6. */
function onAckFrequency(
  core: Core,
  _now: Micros,
  { number, threshold, maxDelay, reordering }: Extract<Frame, { type: 'ack_frequency' }>,
): Violation | undefined {
  if (maxDelay < (core.parameters.minAckDelay ?? 0))
    return violation('PROTOCOL_VIOLATION', 'ack-frequency 4: a delay below our min_ack_delay')
  // An older one that comes late.
  if (number <= core.lastAckFrequency) return undefined
  core.lastAckFrequency = number
  core.spaces.application.received.policy = { every: threshold + 1, delay: maxDelay, reordering }
  return undefined
}

function onDatagram(
  core: Core,
  _now: Micros,
  { data }: Extract<Frame, { type: 'datagram' }>,
): Violation | undefined {
  if (data.length >= core.settings.maxDatagramFrame)
    return violation('PROTOCOL_VIOLATION', '9221 3: a DATAGRAM frame larger than was allowed')
  if (core.events.length < MOST_EVENTS) core.events.push({ type: 'datagram', data: data.slice() })
  return undefined
}
