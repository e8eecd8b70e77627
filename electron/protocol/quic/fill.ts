/** What goes into a packet, in the order of its importance. */
import { cryptoOverhead, streamOverhead } from '../wire/quic/encode-frame.ts'
import type { Frame } from '../wire/quic/frames.ts'
import type { Core } from './core.ts'
import type { PacketInMaking } from './packet.ts'
import type { Path } from './path.ts'
import type { Control } from './pending.ts'
import type { SpaceName } from './space.ts'
import type { SendStream } from './send-stream.ts'

const CHALLENGE = 8
/** Challenges of a path that may still be answered (RFC 9000 8.2.1). */
const MOST_CHALLENGES = 8

export function fillCrypto(core: Core, space: SpaceName, packet: PacketInMaking): void {
  const { send } = core.spaces[space].crypto
  while (send.hasPending) {
    const room = packet.room - cryptoOverhead(send.end, packet.room)
    if (room <= 0) return
    const piece = send.take(room, Infinity)
    if (piece === undefined) return
    const { from, data } = piece
    packet.add({ type: 'crypto', offset: from, data }, { type: 'crypto', from, to: from + data.length })
  }
}

export function fillPath(core: Core, path: Path, packet: PacketInMaking): void {
  while (path.responses.length > 0) {
    if (!packet.add({ type: 'path_response', data: path.responses[0] }, { type: 'path_response' })) return
    path.responses.shift()
  }
  if (!path.wantsChallenge) return
  const data = core.rng.bytes(CHALLENGE)
  if (!packet.add({ type: 'path_challenge', data }, { type: 'path_challenge' })) return
  path.wantsChallenge = false
  path.challenges.push(data)
  if (path.challenges.length > MOST_CHALLENGES) path.challenges.shift()
}

/** All that is neither handshake nor application data. */
export function fillControl(core: Core, packet: PacketInMaking): void {
  noteLimits(core)
  for (const control of core.pending.values()) {
    const frame = frameOf(core, control)
    if (frame !== undefined && !packet.add(frame, control)) continue
    core.pending.delete(control)
    if (frame?.type === 'retire_connection_id') core.remoteIds.onRetirementSent(frame.number)
  }
  while (core.datagrams.first !== undefined) {
    const { number, data } = core.datagrams.first
    if (!packet.add({ type: 'datagram', data }, { type: 'datagram', number })) return
    core.datagrams.shift()
  }
}

/** Limits that are worth raising, and blocks that are worth telling (RFC 9000 4.1, 4.2). */
export function noteLimits(core: Core): void {
  const { streams, pending } = core
  if (streams.updateLimit() !== undefined) pending.add({ type: 'max_data' })
  for (const direction of ['bidirectional', 'unidirectional'] as const)
    if (streams.updateStreamLimit(direction) !== undefined) pending.add({ type: 'max_streams', direction })
  if (streams.credit === 0 && core.sendable.size > 0 && streams.blockedAt !== streams.sendLimit) {
    streams.blockedAt = streams.sendLimit
    pending.add({ type: 'data_blocked' })
  }
}

/** The frame with what holds now; undefined: it is of no use any more. */
function frameOf(core: Core, control: Control): Frame | undefined {
  const { streams } = core
  switch (control.type) {
    case 'max_data':
      return { type: 'max_data', maximum: streams.receiveLimit }
    case 'max_stream_data': {
      const receive = streams.get(control.id)?.receive
      return receive?.state === 'receive'
        ? { type: 'max_stream_data', id: control.id, maximum: receive.limit }
        : undefined
    }
    case 'max_streams':
      return {
        type: 'max_streams',
        direction: control.direction,
        maximum: streams.remote[control.direction].limit,
      }
    case 'data_blocked':
      return streams.credit === 0 ? { type: 'data_blocked', limit: streams.sendLimit } : undefined
    case 'stream_data_blocked': {
      const send = streams.get(control.id)?.send
      return send?.isBlocked ? { type: 'stream_data_blocked', id: control.id, limit: send.limit } : undefined
    }
    case 'streams_blocked':
      return {
        type: 'streams_blocked',
        direction: control.direction,
        limit: streams.local[control.direction].limit,
      }
    case 'reset_stream': {
      const send = streams.get(control.id)?.send
      if (send?.state !== 'reset_sent') return undefined
      return { type: 'reset_stream', id: control.id, code: send.resetCode!, finalSize: send.next }
    }
    case 'stop_sending': {
      const receive = streams.get(control.id)?.receive
      if (receive?.stopCode === undefined || (receive.state !== 'receive' && receive.state !== 'size_known'))
        return undefined
      return { type: 'stop_sending', id: control.id, code: receive.stopCode }
    }
    case 'new_connection_id':
      return newConnectionId(core, control.number)
    case 'retire_connection_id':
      return { type: 'retire_connection_id', number: control.number }
    case 'new_token':
      return { type: 'new_token', token: control.token }
    case 'handshake_done':
      return { type: 'handshake_done' }
    case 'ack_frequency':
      return ackFrequency(core)
    case 'ping':
      return { type: 'ping' }
  }
}

/** Asks for an ACK for every so many packets, and not later than the peer would send one anyway. */
function ackFrequency(core: Core): Frame | undefined {
  const { settings, peer } = core
  if (peer?.minAckDelay === undefined) return undefined
  return {
    type: 'ack_frequency',
    number: core.nextAckFrequency++,
    threshold: settings.ackEvery - 1,
    maxDelay: Math.max(peer.minAckDelay, peer.maxAckDelay * 1_000),
    reordering: 1,
  }
}

function newConnectionId(core: Core, number: number): Frame | undefined {
  const issued = core.localIds.get(number)
  if (issued === undefined) return undefined
  const { id, resetToken } = issued
  return { type: 'new_connection_id', number, retirePriorTo: 0, id, resetToken }
}

/** Streams by their urgency; those of one urgency in turn if they are incremental, else one after the other (RFC 9218 10). */
export function fillStreams(core: Core, packet: PacketInMaking): void {
  for (;;) {
    const send = nextStream(core)
    if (send === undefined) return
    const overhead = streamOverhead(send.id, send.end, packet.room)
    if (packet.room <= overhead) return
    const before = send.next
    const piece = send.take(packet.room - overhead, core.streams.credit)
    if (piece === undefined) {
      // Its own limit, or the connection's: another may have something lost to send again.
      core.sendable.delete(send.id)
      continue
    }
    core.streams.sent += Math.max(0, send.next - before)
    const { from, data, fin } = piece
    packet.add(
      { type: 'stream', id: send.id, offset: from, fin, data },
      { type: 'stream', id: send.id, from, to: from + data.length, fin },
    )
    // Its turn is over: behind the others.
    core.sendable.delete(send.id)
    if (send.hasPending) core.sendable.add(send.id)
    else noteBlocked(core, send)
  }
}

function noteBlocked(core: Core, send: SendStream): void {
  if (!send.isBlocked || send.blockedAt === send.limit) return
  send.blockedAt = send.limit
  core.pending.add({ type: 'stream_data_blocked', id: send.id })
}

function nextStream(core: Core): SendStream | undefined {
  let best: SendStream | undefined
  for (const id of core.sendable) {
    const send = core.streams.get(id)?.send
    if (send === undefined || !send.hasPending) {
      core.sendable.delete(id)
      continue
    }
    const isBetter =
      best === undefined ||
      send.urgency < best.urgency ||
      (send.urgency === best.urgency && !send.incremental && !best.incremental && send.id < best.id)
    if (isBetter) best = send
  }
  return best
}
