/** Datagrams that come in: cut into packets, unprotected, and their frames handed on (RFC 9000 12, RFC 9001 5). */
import type { Micros } from '../../../shared/units.ts'
import type { Level } from '../tls13/handshake.ts'
import { sameBytes } from '../wire/bytes.ts'
import { decodeFrame } from '../wire/quic/decode-frame.ts'
import { FRAME_RULES, type Frame } from '../wire/quic/frames.ts'
import { decodePacket, type Packet, type ProtectedPacket, type ShortPacket } from '../wire/quic/header.ts'
import { retryTag } from '../wire/quic/protection.ts'
import { abandon, closeFor, drain } from './close.ts'
import type { Core } from './core.ts'
import type { IncomingDatagram } from './events.ts'
import { resend } from './fate.ts'
import { HANDLERS, type Arrival } from './frame-handlers.ts'
import { discardSpace } from './handshaking.ts'
import { spaceOf } from './keys.ts'
import type { DropReason } from './observer.ts'
import type { Path } from './path.ts'
import { onPeerMoved, pathOf } from './migration.ts'
import { violation, type Violation } from './violation.ts'

/** Datagrams that wait for keys (RFC 9001 5.7); more would be a way to make us keep much. */
const MOST_BUFFERED = 16
/** RFC 9000 10.3: the shortest that may be a stateless reset, and the token at its end. */
const SHORTEST_RESET = 21
const RESET_TOKEN = 16
const RESERVED_LONG = 0x0c
const RESERVED_SHORT = 0x18
const KEY_PHASE = 0x04

/** Takes in a datagram; bad bytes are dropped and told to the observer. */
export function receive(core: Core, now: Micros, datagram: IncomingDatagram): void {
  if (core.state.name === 'closing') {
    core.state.heard++
    // RFC 9000 10.2.1: ever fewer answers to ever more packets.
    if ((core.state.heard & (core.state.heard - 1)) === 0) core.state.owed = true
    return
  }
  if (!core.isOpen) return
  const path = pathOf(core, datagram)
  if (path === undefined) return drop(core, now, 'unknown_path', datagram, datagram.payload.length)
  path.received += datagram.payload.length
  // Header protection is taken off in place, and the packet is not ours to change.
  takeDatagram(core, now, { ...datagram, payload: datagram.payload.slice() }, path)
  releaseBuffered(core, now)
}

function takeDatagram(core: Core, now: Micros, datagram: IncomingDatagram, path: Path): void {
  const { payload } = datagram
  for (let at = 0; at < payload.length && core.isOpen;) {
    const packet = decodePacket(payload, at, core.options.source.length)
    if (!packet.ok) return drop(core, now, 'header_parse_error', datagram, payload.length - at)
    takePacket(core, now, datagram, packet.value, path)
    at = packet.value.end
  }
}

function takePacket(core: Core, now: Micros, datagram: IncomingDatagram, packet: Packet, path: Path): void {
  switch (packet.kind) {
    case 'version_negotiation':
      return onVersionNegotiation(core, now, datagram, packet)
    case 'retry':
      return onRetry(core, now, datagram, packet)
    case 'unknown_version':
      return drop(core, now, 'unsupported_version', datagram, packet.end - packet.start)
    default:
      return takeProtected(core, now, datagram, packet, path)
  }
}

// --- packets without keys -----------------------------------------------------------------------------------

/** RFC 9000 6.2: a client gives up when the server speaks no version of ours. */
function onVersionNegotiation(
  core: Core,
  now: Micros,
  datagram: IncomingDatagram,
  packet: Extract<Packet, { kind: 'version_negotiation' }>,
): void {
  const ours = core.keys.version.number
  if (core.isServer || core.heard || packet.versions.includes(ours))
    return drop(core, now, 'unexpected_packet', datagram, packet.end)
  const offered = packet.versions.map((version) => `0x${version.toString(16)}`).join(', ')
  abandon(core, {
    by: 'version_negotiation',
    layer: 'transport',
    code: 0,
    reason: `9000 6.2: the server speaks ${offered} only`,
  })
}

/** RFC 9000 17.2.5.2: once, before anything else, and only with the right tag. */
function onRetry(
  core: Core,
  now: Micros,
  datagram: IncomingDatagram,
  packet: Extract<Packet, { kind: 'retry' }>,
): void {
  const { payload } = datagram
  const { originalDestination, crypto } = core.options
  const body = payload.subarray(packet.start, packet.end - packet.tag.length)
  const expected = retryTag(crypto, packet.version, originalDestination, body)
  const isOurs = sameBytes(expected, packet.tag)
  if (core.isServer || core.heard || core.retrySource !== undefined || !isOurs)
    return drop(core, now, 'unexpected_packet', datagram, packet.end - packet.start)
  core.retrySource = packet.source.slice()
  core.token = packet.token.slice()
  core.remoteIds.replaceFirst(core.retrySource)
  core.keys.installInitial(core.retrySource, false)
  // RFC 9000 17.2.5.3: the hello goes again, packet numbers go on.
  for (const packet of core.recovery.giveUp('initial')) resend(core, packet)
  for (const packet of core.recovery.giveUp('application')) resend(core, packet)
}

// --- protected packets --------------------------------------------------------------------------------------

const LEVELS: Readonly<Record<ProtectedPacket['kind'] | ShortPacket['kind'], Level>> = {
  initial: 'initial',
  '0rtt': '0rtt',
  handshake: 'handshake',
  '1rtt': '1rtt',
}

function takeProtected(
  core: Core,
  now: Micros,
  datagram: IncomingDatagram,
  packet: ProtectedPacket | ShortPacket,
  path: Path,
): void {
  const level = LEVELS[packet.kind]
  const size = packet.end - packet.start
  if (!canRead(core, level)) {
    if (isReset(core, datagram)) return onReset(core, now)
    return buffer(core, now, datagram, packet, level)
  }
  const opened = open(core, now, datagram, packet, level)
  if (typeof opened === 'string') return drop(core, now, opened, datagram, size)
  if ('code' in opened) return closeFor(core, now, opened)
  const space = core.spaces[spaceOf(level)]
  if (space.received.has(opened.number)) return drop(core, now, 'duplicate', datagram, size)
  const previous = space.received.largest
  path.localId = packet.destination
  onAuthentic(core, now, packet, level)
  const arrival: Arrival = { level, path, destination: packet.destination }
  const taken = takeFrames(core, now, opened.payload, arrival)
  core.observer?.onReceived(now, level, opened.number, size, datagram.pkt, taken.frames)
  if (taken.problem !== undefined) return closeFor(core, now, taken.problem, taken.frameType)
  // What it brought may have been the end of its own keys, and then there is no ACK.
  if (core.keys.read(level) !== undefined)
    space.received.add(now, opened.number, taken.ackEliciting, datagram.ecn)
  if (opened.number > previous && !taken.probing && level === '1rtt') onPeerMoved(core, now, path)
  core.idleSince = now
  core.sentSinceReceived = false
}

interface Opened {
  readonly number: number
  readonly payload: Uint8Array
}

function open(
  core: Core,
  now: Micros,
  datagram: IncomingDatagram,
  { start, numberAt, end }: ProtectedPacket | ShortPacket,
  level: Level,
): Opened | DropReason | Violation {
  const { payload: bytes } = datagram
  const { header, packets } = core.keys.read(level)!
  const { received } = core.spaces[spaceOf(level)]
  const unmasked = header.remove(bytes, start, numberAt, end, received.largest)
  if (unmasked === undefined) return 'decryption_failure'
  const { number, payloadAt } = unmasked
  const head = bytes.subarray(start, payloadAt)
  const sealed = bytes.subarray(payloadAt, end)
  const payload =
    level === '1rtt' ? openUnderPhase(core, now, number, head, sealed) : packets.open(number, head, sealed)
  if (payload === undefined) return onForgery(core, now, datagram)
  if ('code' in payload) return payload
  const reserved = level === '1rtt' ? RESERVED_SHORT : RESERVED_LONG
  if (bytes[start] & reserved) return violation('PROTOCOL_VIOLATION', '9000 17.2: reserved bits are set')
  return { number, payload }
}

/** RFC 9001 6.3: the phase bit tells which keys. */
function openUnderPhase(
  core: Core,
  now: Micros,
  number: number,
  head: Uint8Array,
  sealed: Uint8Array,
): Uint8Array | Violation | undefined {
  const opened = core.keys.open(now, number, (head[0] & KEY_PHASE) !== 0, head, sealed)
  if (opened === undefined) return undefined
  if (opened === 'too_soon')
    return violation('KEY_UPDATE_ERROR', '9001 6.2: a key update too soon after the last')
  if (opened.updated) {
    core.keys.update(now, number, core.spaces.application.next, core.closePeriod)
    core.observer?.onKeyUpdate(now, core.keys.phase.generation, true)
  }
  return opened.payload
}

function onForgery(core: Core, now: Micros, datagram: IncomingDatagram): DropReason | Violation {
  if (isReset(core, datagram)) {
    onReset(core, now)
    return 'connection_closed'
  }
  if (core.keys.onForgery()) return violation('AEAD_LIMIT_REACHED', '9001 6.6: too many forged packets')
  return 'decryption_failure'
}

/** RFC 9000 10.3.1: the last bytes are a token that the peer gave us. */
function isReset(core: Core, { payload }: IncomingDatagram): boolean {
  return payload.length >= SHORTEST_RESET && core.remoteIds.isReset(payload.subarray(-RESET_TOKEN))
}

function onReset(core: Core, now: Micros): void {
  drain(core, now, { by: 'reset', layer: 'transport', code: 0, reason: 'stateless reset' })
}

/** Something of the peer's was authentic: keys that are of no more use go, ids become known (RFC 9001 4.9, RFC 9000 7.2). */
function onAuthentic(core: Core, _now: Micros, packet: ProtectedPacket | ShortPacket, level: Level): void {
  if (!core.heard && 'source' in packet) {
    core.heard = true
    // Of a server, too: what its connection was made for may have been corrupted on the way.
    core.remoteIds.replaceFirst(packet.source.slice())
  }
  if (level !== 'handshake') return
  // A client that can read the Handshake keys has proved its address (RFC 9000 8.1).
  if (core.isServer) {
    core.path.setState('validated')
    discardSpace(core, 'initial')
  }
}

interface Taken {
  readonly frames: readonly Frame[]
  readonly ackEliciting: boolean
  readonly probing: boolean
  readonly problem?: Violation
  readonly frameType: number
}

function takeFrames(core: Core, now: Micros, payload: Uint8Array, arrival: Arrival): Taken {
  const frames: Frame[] = []
  let ackEliciting = false
  let probing = true
  const taken = (problem?: Violation, frameType = 0): Taken => ({
    frames,
    ackEliciting,
    probing,
    frameType,
    ...(problem && { problem }),
  })
  if (payload.length === 0)
    return taken(violation('PROTOCOL_VIOLATION', '9000 12.4: a packet without frames'))
  for (let at = 0; at < payload.length && core.isOpen;) {
    const decoded = decodeFrame(payload, at)
    if (!decoded.ok) return taken(encodingError(decoded.error.reason, at), payload[at])
    const { frame, number, end } = decoded.value
    frames.push(frame)
    at = end
    const rule = FRAME_RULES[frame.type]
    if (!rule.packets.includes(arrival.level) || isForbiddenClose(frame, arrival.level))
      return taken(
        violation('PROTOCOL_VIOLATION', `9000 12.4: ${frame.type} in a packet of level ${arrival.level}`),
        number,
      )
    ackEliciting ||= rule.ackEliciting
    probing &&= rule.probing
    const problem = handle(core, now, frame, arrival)
    if (problem !== undefined) return taken(problem, number)
  }
  return taken()
}

const encodingError = (reason: string, at: number): Violation =>
  violation('FRAME_ENCODING_ERROR', `9000 12.4: ${reason} at byte ${at}`)

/** RFC 9000 12.5: an application closes in 0-RTT and 1-RTT packets only. */
const isForbiddenClose = (frame: Frame, level: Level): boolean =>
  frame.type === 'connection_close' &&
  frame.by === 'application' &&
  (level === 'initial' || level === 'handshake')

/** The table's entry for this very type; the compiler can't see that they belong together. */
const handle = (core: Core, now: Micros, frame: Frame, arrival: Arrival): Violation | undefined =>
  (HANDLERS[frame.type] as (...of: unknown[]) => Violation | undefined)(core, now, frame, arrival)

// --- packets before their keys ------------------------------------------------------------------------------

function buffer(
  core: Core,
  now: Micros,
  datagram: IncomingDatagram,
  { start, end }: ProtectedPacket | ShortPacket,
  level: Level,
): void {
  const size = end - start
  if (isTooLate(core, level) || core.undecryptable.length >= MOST_BUFFERED)
    return drop(core, now, 'key_unavailable', datagram, size)
  core.undecryptable.push({ datagram: { ...datagram, payload: datagram.payload.slice(start, end) }, level })
  core.observer?.onBuffered(now, level, size, datagram.pkt)
}

/** RFC 9001 5.7: there are keys, and a server has seen the client's Finished before it reads what comes after. */
const canRead = (core: Core, level: Level): boolean =>
  core.keys.read(level) !== undefined && !(level === '1rtt' && core.isServer && core.negotiated === undefined)

/** Keys that were there and are gone don't come back. */
const isTooLate = (core: Core, level: Level): boolean =>
  level === 'initial' ||
  (level === 'handshake' && core.recovery.handshakeConfirmed) ||
  (level === '0rtt' && (!core.isServer || core.negotiated !== undefined))

/** Takes in what waited, as far as its keys have come or never will; the rest goes on waiting. */
function releaseBuffered(core: Core, now: Micros): void {
  const waiting = core.undecryptable
  const isDue = ({ level }: (typeof waiting)[number]): boolean =>
    canRead(core, level) || isTooLate(core, level)
  if (!waiting.some(isDue)) return
  core.undecryptable = waiting.filter((packet) => !isDue(packet))
  for (const { datagram } of waiting.filter(isDue)) {
    const path = pathOf(core, datagram)
    if (path !== undefined && core.isOpen) takeDatagram(core, now, datagram, path)
  }
  // These may have brought the keys of others.
  releaseBuffered(core, now)
}

function drop(core: Core, now: Micros, reason: DropReason, datagram: IncomingDatagram, size: number): void {
  core.observer?.onDropped(now, reason, size, datagram.pkt)
}
