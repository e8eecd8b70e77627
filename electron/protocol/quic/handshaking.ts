/** What the TLS handshake tells, put into effect (RFC 9001 4, RFC 9000 7). */
import type { Micros } from '../../../shared/units.ts'
import type { HandshakeEvent } from '../tls13/handshake.ts'
import { sameBytes } from '../wire/bytes.ts'
import {
  decodeTransportParameters,
  SERVER_ONLY,
  type TransportParameters,
} from '../wire/quic/transport-parameters.ts'
import { close, closeFor, closeForAlert } from './close.ts'
import type { Core } from './core.ts'
import { spaceOf } from './keys.ts'
import type { SpaceName } from './space.ts'
import { violation, type Violation } from './violation.ts'

/** Takes all that the handshake has to say. */
export function followHandshake(core: Core, now: Micros): void {
  for (;;) {
    const event = core.handshake.pollEvent()
    if (event === undefined) return
    apply(core, now, event)
  }
}

function apply(core: Core, now: Micros, event: HandshakeEvent): void {
  switch (event.type) {
    case 'send':
      core.spaces[spaceOf(event.level)].crypto.send.write(event.bytes)
      break
    case 'secret':
      core.keys.install(event.level, event.use, event.suite, event.secret)
      if (event.use === 'write' && event.level === (core.isServer ? '1rtt' : '0rtt'))
        core.events.push({ type: 'early' })
      break
    case 'remembered': {
      const parameters = decodeTransportParameters(event.bytes)
      if (parameters.ok) core.streams.setPeer(parameters.value)
      break
    }
    case 'parameters':
      return applyParameters(core, now, event.bytes)
    case 'client_hello':
      // RFC 9001 8.4: the compatibility mode of TLS over TCP has no place here.
      if (event.sessionIdLength > 0)
        closeFor(core, now, violation('PROTOCOL_VIOLATION', '9001 8.4: a legacy_session_id'))
      break
    case 'complete':
      return complete(core, now, event)
    case 'session':
      core.events.push(event)
      break
    case 'alert':
      return closeForAlert(core, now, event.alert)
    case 'key_log':
    case 'certificates':
      core.observer?.onHandshake(now, event)
  }
}

/** RFC 9000 7.3 and 7.4: the peer's parameters must fit the packets that it sent. */
function applyParameters(core: Core, now: Micros, bytes: Uint8Array): void {
  const parameters = decodeTransportParameters(bytes)
  if (!parameters.ok) {
    const { reason, offset } = parameters.error
    return closeFor(
      core,
      now,
      violation('TRANSPORT_PARAMETER_ERROR', `9000 7.4: ${reason} at byte ${offset}`),
    )
  }
  const problem =
    (core.isServer ? checkClient(core, parameters.value) : checkServer(core, parameters.value)) ??
    checkAckDelay(parameters.value)
  if (problem !== undefined) return closeFor(core, now, problem)
  core.peer = parameters.value
  core.report({ type: 'parameters', owner: 'remote', parameters: parameters.value })
  core.recovery.maxAckDelay = parameters.value.maxAckDelay * 1_000
  core.streams.setPeer(parameters.value)
  if (parameters.value.statelessResetToken !== undefined)
    core.remoteIds.setFirstResetToken(parameters.value.statelessResetToken)
}

const wrong = (what: string): Violation => violation('TRANSPORT_PARAMETER_ERROR', `9000 7.3: ${what}`)
const same = (a: Uint8Array | undefined, b: Uint8Array | undefined): boolean =>
  a === undefined || b === undefined ? a === b : sameBytes(a, b)

/** draft-ietf-quic-ack-frequency 3. */
function checkAckDelay({ minAckDelay, maxAckDelay }: TransportParameters): Violation | undefined {
  if (minAckDelay === undefined || minAckDelay <= maxAckDelay * 1_000) return undefined
  return violation('TRANSPORT_PARAMETER_ERROR', 'ack-frequency 3: min_ack_delay is above max_ack_delay')
}

function checkClient(core: Core, parameters: TransportParameters): Violation | undefined {
  if (SERVER_ONLY.some((name) => parameters[name] !== undefined))
    return violation('TRANSPORT_PARAMETER_ERROR', '9000 18.2: a client sends what is for servers')
  if (!same(parameters.initialSourceConnectionId, core.path.destination))
    return wrong('initial_source_connection_id is not what the packets carry')
  return undefined
}

function checkServer(core: Core, parameters: TransportParameters): Violation | undefined {
  if (!same(parameters.initialSourceConnectionId, core.path.destination))
    return wrong('initial_source_connection_id is not what the packets carry')
  if (!same(parameters.originalDestinationConnectionId, core.options.originalDestination))
    return wrong('original_destination_connection_id is not what we sent')
  if (!same(parameters.retrySourceConnectionId, core.retrySource))
    return wrong('retry_source_connection_id is not that of the Retry')
  return undefined
}

function complete(
  core: Core,
  now: Micros,
  { negotiated }: Extract<HandshakeEvent, { type: 'complete' }>,
): void {
  core.negotiated = negotiated
  if (core.peer === undefined) {
    close(core, now, { by: 'local', layer: 'transport', code: 1, reason: 'no transport parameters' })
    return
  }
  if (core.state.name === 'handshaking') core.state = { name: 'open' }
  core.events.push({ type: 'connected', negotiated })
  if (negotiated.earlyData === 'refused' && !core.isServer) refuseEarlyData(core)
  issueIds(core)
  if (!core.isServer) return
  // RFC 9001 4.1.2: for the server the handshake is confirmed when it is complete.
  core.pending.add({ type: 'handshake_done' })
  const token = core.options.newToken?.(now, core.path.remote)
  if (token !== undefined) core.pending.add({ type: 'new_token', token })
  confirm(core, now)
}

/** RFC 9001 4.6.2: all of it is lost, and the streams begin anew. */
function refuseEarlyData(core: Core): void {
  core.recovery.giveUp('application')
  core.keys.discard('0rtt')
  core.streams = core.makeStreams()
  core.streams.setPeer(core.peer!)
  core.sendable.clear()
  core.events.push({ type: 'early_refused' })
}

/** As many ids as the peer can keep, at most four (RFC 9000 5.1.1). */
export function issueIds(core: Core): void {
  if (core.peer === undefined || core.options.source.length === 0) return
  const limit = Math.min(core.peer.activeConnectionIdLimit, core.parameters.activeConnectionIdLimit)
  for (const { number } of core.localIds.issueUpTo(limit))
    core.pending.add({ type: 'new_connection_id', number })
}

/** RFC 9001 4.1.2 and 4.9.2. */
export function confirm(core: Core, _now: Micros): void {
  if (core.recovery.handshakeConfirmed) return
  core.recovery.handshakeConfirmed = true
  core.recovery.peerCompletedAddressValidation = true
  discardSpace(core, 'handshake')
  if (core.settings.ackEvery > 0 && core.peer?.minAckDelay !== undefined)
    core.pending.add({ type: 'ack_frequency' })
  core.events.push({ type: 'confirmed' })
}

/** RFC 9001 4.9: the keys of a space, and all that recovery knows of it. */
export function discardSpace(core: Core, space: Exclude<SpaceName, 'application'>): void {
  if (core.keys.write(space) === undefined && core.keys.read(space) === undefined) return
  core.keys.discard(space)
  core.recovery.discard(space)
  // No one waits for an ACK that can't be sent any more.
  core.spaces[space].received.onSent()
}
