/** Datagrams that go out: which packets, which frames, when (RFC 9000 12, 13, 14; RFC 9002 7). */
import type { Micros } from '../../../shared/units.ts'
import type { Level } from '../tls13/handshake.ts'
import { frameLength } from '../wire/quic/encode-frame.ts'
import type { Frame } from '../wire/quic/frames.ts'
import { finishLongHeader, longHeaderLength, writeLongHeader, writeShortHeader } from '../wire/quic/header.ts'
import { packetNumberLength } from '../wire/quic/packet-number.ts'
import { AEAD_TAG } from '../wire/quic/protection.ts'
import { ACK_DELAY_EXPONENT, canSendAtAll, type Core } from './core.ts'
import type { OutgoingDatagram } from './events.ts'
import { resend } from './fate.ts'
import { fillControl, fillCrypto, fillPath, fillStreams, noteLimits } from './fill.ts'
import { discardSpace } from './handshaking.ts'
import { updateKeysIfDue } from './key-update.ts'
import { spaceOf } from './keys.ts'
import { PacketInMaking } from './packet.ts'
import type { Path } from './path.ts'
import { SPACES } from './space.ts'

/** RFC 9000 14.1: datagrams with Initial packets, and those that probe a path. */
const SMALLEST_INITIAL = 1_200
/** The sample for header protection needs so much behind the start of the packet number (RFC 9001 5.4.2). */
const SMALLEST_PAYLOAD = 4

const ORDER: readonly Level[] = ['initial', '0rtt', 'handshake', '1rtt']

/** What is allowed in the datagram that is being made. */
interface Allowance {
  readonly path: Path
  readonly size: number
  /** Frames that ask for an ACK may go. */
  readonly eliciting: boolean
  /** The datagram probes this path and carries nothing else. */
  readonly probesPath: boolean
}

/** The next datagram; undefined: nothing may go, or there is nothing. */
export function transmit(core: Core, now: Micros): OutgoingDatagram | undefined {
  if (core.state.name === 'closing') return transmitClose(core, now)
  if (!core.isOpen) return undefined
  updateKeysIfDue(core, now)
  const probe = core.paths.find((path) => isProbed(core, path))
  if (probe !== undefined) return make(core, now, allowanceOf(core, probe, true, true))
  const eliciting = maySend(core, now)
  const larger = eliciting ? probeMtu(core, now) : undefined
  if (larger !== undefined) return larger
  return hasWork(core, now) ? make(core, now, allowanceOf(core, core.path, eliciting, false)) : undefined
}

/** Something is to be asked or answered on a path that is not in use. It gets its id for that (RFC 9000 9.5). */
function isProbed(core: Core, path: Path): boolean {
  if (path === core.path || (path.responses.length === 0 && !path.wantsChallenge)) return false
  path.remoteId ??= core.remoteIds.take()
  return canSendAtAll(path)
}

/** There is something to send, or an ACK is due: else no packet need be begun, which is the rule and not the exception. */
function hasWork(core: Core, now: Micros): boolean {
  noteLimits(core)
  if (!core.pending.isEmpty || core.sendable.size > 0 || core.datagrams.length > 0) return true
  if (core.recovery.probes > 0 || core.path.responses.length > 0 || core.path.wantsChallenge) return true
  for (const name of SPACES) {
    const { crypto, received } = core.spaces[name]
    if (crypto.send.hasPending || (received.deadline !== undefined && received.deadline <= now)) return true
  }
  return false
}

/** A datagram that is larger than those that are known to get through, one at a time (RFC 9000 14.4). */
function probeMtu(core: Core, now: Micros): OutgoingDatagram | undefined {
  const { path, peer, recovery, mtu } = core
  if (!recovery.handshakeConfirmed || path.state !== 'validated') return undefined
  const size = mtu.probeSize(now, peer?.maxUdpPayloadSize ?? Infinity)
  if (size === undefined) return undefined
  mtu.onProbeSent()
  const packet = begin(core, path, '1rtt', size)
  packet.add({ type: 'ping' }, { type: 'mtu_probe', size })
  packet.pad(size - packet.size)
  return seal(core, now, [packet], path)
}

function allowanceOf(core: Core, path: Path, eliciting: boolean, probesPath: boolean): Allowance {
  return { path, size: Math.min(core.datagramSize, path.allowance), eliciting, probesPath }
}

/** Window and pacer let another full datagram go; probes go regardless (RFC 9002 7.5). */
function maySend(core: Core, now: Micros): boolean {
  const { recovery } = core
  if (recovery.probes > 0 || isHandshakeStuck(core)) return true
  if (recovery.bytesInFlight + core.datagramSize > recovery.window) return false
  return core.pacedAt(now) <= now
}

/**
 * CRYPTO data were lost and nothing else of their space is on its way. They must not wait for room in a window that is full of 1-RTT
 * packets, which the peer can't acknowledge before it has them; there is no timer for either (RFC 9002 6.2.1), so they count as a probe.
 */
function isHandshakeStuck({ recovery, keys, spaces }: Core): boolean {
  if (recovery.handshakeConfirmed) return false
  return (['initial', 'handshake'] as const).some(
    (space) =>
      keys.write(space) !== undefined && spaces[space].crypto.send.hasPending && !recovery.awaits(space),
  )
}

function make(core: Core, now: Micros, allowance: Allowance): OutgoingDatagram | undefined {
  if (!canSendAtAll(allowance.path)) return undefined
  const packets: PacketInMaking[] = []
  let room = allowance.size
  for (const level of ORDER) {
    const packet = fillLevel(core, now, level, room, allowance, packets.length > 0)
    if (packet === undefined || packet.isEmpty) continue
    packet.pad(SMALLEST_PAYLOAD - packet.numberLength - packet.length)
    packets.push(packet)
    room -= packet.size
    // A short header has no length: nothing can follow it.
    if (level === '1rtt' || room < 60) break
  }
  if (packets.length === 0) return undefined
  padDatagram(core, packets, allowance)
  return seal(core, now, packets, allowance.path)
}

/** RFC 9000 14.1: a client's Initial packets always, a server's when they ask for an ACK; 8.2.1: probes of a path. */
function padDatagram(
  core: Core,
  packets: readonly PacketInMaking[],
  { path, probesPath, size }: Allowance,
): void {
  const total = packets.reduce((sum, packet) => sum + packet.size, 0)
  const initial = packets.find((packet) => packet.level === 'initial')
  const hasChallenge = packets.some(({ frames }) =>
    frames.some(({ type }) => type === 'path_challenge' || type === 'path_response'),
  )
  const isPadded =
    (initial !== undefined && (!core.isServer || initial.ackEliciting)) || probesPath || hasChallenge
  if (!isPadded || (path.state !== 'validated' && size < SMALLEST_INITIAL && core.isServer)) return
  packets[packets.length - 1].pad(SMALLEST_INITIAL - total)
}

function fillLevel(
  core: Core,
  now: Micros,
  level: Level,
  room: number,
  allowance: Allowance,
  hasOthers: boolean,
): PacketInMaking | undefined {
  if (core.keys.write(level) === undefined) return undefined
  // 0-RTT is for before there are better keys, and so are Initial packets without an answer.
  if (level === '0rtt' && core.keys.write('1rtt') !== undefined) return undefined
  if (allowance.probesPath && level !== '1rtt') return undefined
  const packet = begin(core, allowance.path, level, room)
  if (packet.room < 16) return undefined
  if (allowance.probesPath) {
    fillPath(core, allowance.path, packet)
    return packet
  }
  const space = core.spaces[spaceOf(level)]
  const canAck = level !== '0rtt'
  const ackDue = canAck && space.received.deadline !== undefined && space.received.deadline <= now
  if (
    canAck &&
    (ackDue ||
      (space.received.hasUnacknowledged && wouldSend(core, level, allowance)) ||
      (hasOthers && space.received.hasUnacknowledged))
  )
    addAck(core, now, level, packet)
  if (allowance.eliciting) fillEliciting(core, level, packet, allowance)
  return packet
}

/** Something else than an ACK is to go at this level, so the ACK may ride along (RFC 9000 13.2.1). */
function wouldSend(core: Core, level: Level, { eliciting }: Allowance): boolean {
  if (!eliciting) return false
  if (core.spaces[spaceOf(level)].crypto.send.hasPending) return true
  return level === '1rtt' && (!core.pending.isEmpty || core.sendable.size > 0 || core.datagrams.length > 0)
}

function addAck(core: Core, now: Micros, level: Level, packet: PacketInMaking): void {
  const { received } = core.spaces[spaceOf(level)]
  const frame = received.frame(now, level === '1rtt' ? ACK_DELAY_EXPONENT : 3)
  if (frame === undefined) return
  // A peer that leaves many gaps must not fill the packet with them.
  while (frameLength(frame) > packet.room && frame.ranges.length > 1) (frame.ranges as unknown[]).pop()
  if (packet.add(frame, { type: 'ack', largest: frame.ranges[0].to })) received.onSent()
}

function fillEliciting(core: Core, level: Level, packet: PacketInMaking, { path }: Allowance): void {
  const space = spaceOf(level)
  const isProbe = core.recovery.isProbing(space)
  if (isProbe) requeue(core, level)
  if (level !== '0rtt') fillCrypto(core, space, packet)
  if (level === '1rtt') {
    fillPath(core, path, packet)
    fillControl(core, packet)
  }
  if (level === '0rtt' || level === '1rtt') fillStreams(core, packet)
  if (isProbe && !packet.ackEliciting) packet.add({ type: 'ping' }, { type: 'ping' })
}

/** RFC 9002 6.2.4: a probe carries new data if there are any, else what is oldest. */
function requeue(core: Core, level: Level): void {
  const space = spaceOf(level)
  const hasData = space === 'application' && (core.sendable.size > 0 || !core.pending.isEmpty)
  if (core.spaces[space].crypto.send.hasPending || hasData) return
  for (const packet of core.recovery.unacknowledged(space))
    if (packet.ackEliciting) return resend(core, packet)
}

function begin(core: Core, path: Path, level: Level, room: number): PacketInMaking {
  const space = core.spaces[spaceOf(level)]
  const numberLength = packetNumberLength(space.next, core.recovery.largestAcked(spaceOf(level)))
  const overhead = headerLength(core, path, level) + numberLength + AEAD_TAG
  return new PacketInMaking(level, space.next, numberLength, overhead, room)
}

const longHeaderOf = (core: Core, path: Path, type: 'initial' | '0rtt' | 'handshake') => ({
  type,
  version: core.keys.version,
  destination: path.destination,
  source: core.options.source,
  token: core.token,
})

function headerLength(core: Core, path: Path, level: Level): number {
  if (level === '1rtt') return 1 + path.destination.length
  return longHeaderLength(longHeaderOf(core, path, level))
}

/** Writes, protects and counts the packets of a datagram. */
function seal(core: Core, now: Micros, packets: readonly PacketInMaking[], path: Path): OutgoingDatagram {
  const payload = new Uint8Array(packets.reduce((sum, packet) => sum + packet.size, 0))
  let at = 0
  for (const packet of packets) at = sealPacket(core, packet, path, payload, at)
  const ect0 = core.ecn.marks
  for (const packet of packets) account(core, now, packet, path, ect0)
  path.sent += payload.length
  if (packets.some((packet) => packet.ackEliciting)) {
    core.pacer.onSent(payload.length)
    if (core.recovery.probes > 0) core.recovery.probes--
  }
  return { localPort: path.localPort, remote: path.remote, payload, ecn: ect0 ? 'ect0' : 'not-ect' }
}

function sealPacket(core: Core, packet: PacketInMaking, path: Path, into: Uint8Array, start: number): number {
  const { level, number, numberLength } = packet
  const numberAt =
    level === '1rtt'
      ? writeShortHeader(
          path.destination,
          { spin: false, keyPhase: core.keys.phase.bit, numberLength },
          into,
          start,
        )
      : writeLongHeader(longHeaderOf(core, path, level), numberLength, into, start)
  const end = start + packet.size
  if (level !== '1rtt') finishLongHeader(into, numberAt, end)
  let rest = number
  for (let i = numberLength - 1; i >= 0; i--) {
    into[numberAt + i] = rest % 256
    rest = Math.floor(rest / 256)
  }
  const payloadAt = numberAt + numberLength
  const payloadEnd = packet.write(into, payloadAt)
  const { header, packets } = core.keys.write(level)!
  packets.sealInPlace(number, into, start, payloadAt, payloadEnd)
  header.apply(into, start, numberAt)
  return end
}

function account(core: Core, now: Micros, packet: PacketInMaking, path: Path, ect0: boolean): void {
  const { level, number, size, ackEliciting, inFlight, carried, frames } = packet
  const name = spaceOf(level)
  const { recovery } = core
  core.spaces[name].next = number + 1
  if (ect0) core.ecn.onSent(name)
  if (level === '1rtt') core.keys.onSealed()
  if (ackEliciting && !core.sentSinceReceived) {
    // RFC 9000 10.1: the first one since something came restarts the idle timer.
    core.sentSinceReceived = true
    core.idleSince = now
  }
  const sent = {
    number,
    space: name,
    sentAt: now,
    size,
    ackEliciting,
    // RFC 9000 9.4: what goes by another path than the one that is used has no share in its window.
    inFlight: inFlight && path === core.path,
    carried,
    pkt: 0,
    ect0,
    path: path.number,
  }
  if (ackEliciting || sent.inFlight) recovery.onSent(sent)
  core.observer?.onSent(now, sent, level, frames, path.destination)
  // RFC 9001 4.9.1: a client's Initial keys go with its first Handshake packet.
  if (level === 'handshake' && !core.isServer) discardSpace(core, 'initial')
}

// --- the last words -----------------------------------------------------------------------------------------

/** CONNECTION_CLOSE at every level that the peer may be able to read (RFC 9000 10.2.3). */
function transmitClose(core: Core, now: Micros): OutgoingDatagram | undefined {
  const { state, path } = core
  if (state.name !== 'closing' || !state.owed || !canSendAtAll(path)) return undefined
  state.owed = false
  const packets: PacketInMaking[] = []
  let room = Math.min(core.datagramSize, path.allowance)
  for (const level of ORDER) {
    if (level === '0rtt' || core.keys.write(level) === undefined) continue
    // With 1-RTT keys confirmed on both sides the others say nothing more.
    if (level !== '1rtt' && core.recovery.handshakeConfirmed) continue
    const packet = begin(core, path, level, room)
    if (!packet.add(closeFrame(state.reason, state.frameType, level))) continue
    packet.pad(SMALLEST_PAYLOAD - packet.numberLength - packet.length)
    packets.push(packet)
    room -= packet.size
  }
  if (packets.length === 0) return undefined
  padDatagram(core, packets, { path, size: room, eliciting: false, probesPath: false })
  return seal(core, now, packets, path)
}

/** The most of a reason that is told. */
const LONGEST_REASON = 100

function closeFrame(
  {
    layer,
    code,
    reason,
  }: { readonly layer: 'transport' | 'application'; readonly code: number; readonly reason: string },
  frameType: number,
  level: Level,
): Frame {
  const bytes = Uint8Array.from(reason.slice(0, LONGEST_REASON), (char) => char.charCodeAt(0) & 0x7f)
  if (layer === 'transport')
    return { type: 'connection_close', by: 'transport', code, frameType, reason: bytes }
  if (level === '1rtt')
    return { type: 'connection_close', by: 'application', code, frameType: 0, reason: bytes }
  // RFC 9000 10.2.3: not to be told to those who have not authenticated themselves.
  const APPLICATION_ERROR = 0x0c
  return {
    type: 'connection_close',
    by: 'transport',
    code: APPLICATION_ERROR,
    frameType: 0,
    reason: new Uint8Array(0),
  }
}
