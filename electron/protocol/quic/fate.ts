/** What becomes of the content of a packet that was acknowledged or lost (RFC 9000 13.3). */
import type { Micros } from '../../../shared/units.ts'
import type { Core } from './core.ts'
import type { LostPacket } from './recovery.ts'
import type { Carried, SentPacket } from './sent.ts'
import type { SpaceName } from './space.ts'

export function onAckedPacket(core: Core, packet: SentPacket): void {
  core.mtu.onAcked(packet.size)
  for (const carried of packet.carried)
    if (carried.type === 'mtu_probe') core.onProbeAcked(carried.size)
    else onAcked(core, packet.space, carried)
  if (packet.space === 'application') core.keys.onAcked(packet.number)
}

export function onLostPacket(core: Core, now: Micros, lost: LostPacket): void {
  core.observer?.onLost(now, lost)
  const probe = lost.packet.carried.find(({ type }) => type === 'mtu_probe')
  if (probe?.type === 'mtu_probe') core.mtu.onProbeLost(now, probe.size)
  else if (core.mtu.onLost(now, lost.packet.size)) core.onDatagramSize()
  resend(core, lost.packet)
}

/** Puts what a packet carried back into the queue, as far as it is still of use. */
export function resend(core: Core, packet: SentPacket): void {
  for (const carried of packet.carried) onLost(core, packet.space, carried)
}

function onAcked(core: Core, space: SpaceName, carried: Carried): void {
  switch (carried.type) {
    case 'crypto':
      core.spaces[space].crypto.send.onAcked(carried.from, carried.to, false)
      break
    case 'stream':
      return onStreamAcked(core, carried)
    case 'ack':
      core.spaces[space].received.forgetBelow(carried.largest)
      break
    case 'reset_stream': {
      const stream = core.streams.get(carried.id)
      stream?.send?.onResetAcked()
      if (stream !== undefined) core.streams.release(stream)
    }
  }
}

function onStreamAcked(core: Core, { id, from, to, fin }: Extract<Carried, { type: 'stream' }>): void {
  const stream = core.streams.get(id)
  if (stream?.send === undefined) return
  stream.send.onAcked(from, to, fin)
  // Once is enough until the owner has heard of it.
  const { last } = core.events
  if (last?.type !== 'writable' || last.id !== id) core.events.push({ type: 'writable', id })
  if (!stream.send.hasPending) core.sendable.delete(id)
  if (stream.send.isClosed) core.streams.release(stream)
}

function onLost(core: Core, space: SpaceName, carried: Carried): void {
  switch (carried.type) {
    case 'crypto':
      core.spaces[space].crypto.send.onLost(carried.from, carried.to, false)
      break
    case 'stream': {
      const send = core.streams.get(carried.id)?.send
      send?.onLost(carried.from, carried.to, carried.fin)
      if (send?.hasPending) core.sendable.add(carried.id)
      break
    }
    case 'datagram':
      core.events.push({ type: 'datagram_lost', number: carried.number })
      break
    case 'ack':
    case 'ping':
    case 'path_challenge':
    case 'path_response':
    case 'mtu_probe':
      break
    default:
      core.pending.add(carried)
  }
}
