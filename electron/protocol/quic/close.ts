/** The end of a connection (RFC 9000 10). */
import { after, type Micros } from '../../../shared/units.ts'
import { ALERT, type Alert } from '../tls13/codes.ts'
import { cryptoError, TRANSPORT_ERROR } from '../wire/quic/errors.ts'
import type { Core } from './core.ts'
import type { CloseReason } from './events.ts'
import type { Violation } from './violation.ts'

/** We end it: CONNECTION_CLOSE goes out, and again when something comes (RFC 9000 10.2.1). */
export function close(core: Core, now: Micros, reason: CloseReason, frameType = 0): void {
  if (!core.isOpen) return
  core.state = {
    name: 'closing',
    reason,
    until: after(now, core.closePeriod),
    frameType,
    owed: true,
    heard: 0,
  }
  core.events.push({ type: 'closed', reason })
}

/** The peer broke a rule. */
export function closeFor(core: Core, now: Micros, { code, reason }: Violation, frameType = 0): void {
  close(core, now, { by: 'local', layer: 'transport', code: TRANSPORT_ERROR[code], reason }, frameType)
}

/** The handshake failed (RFC 9001 4.8). */
export function closeForAlert(core: Core, now: Micros, { alert, reason }: Alert): void {
  const code = cryptoError(ALERT[alert])
  close(core, now, { by: 'local', layer: 'transport', code, reason: `${alert}: ${reason}` })
}

/** The peer has ended it: nothing more is sent (RFC 9000 10.2.2). */
export function drain(core: Core, now: Micros, reason: CloseReason): void {
  if (core.state.name === 'closed' || core.state.name === 'draining') return
  const told = core.state.name === 'closing'
  core.state = { name: 'draining', reason, until: after(now, core.closePeriod) }
  if (!told) core.events.push({ type: 'closed', reason })
}

/** It is gone at once, without a word: silence, a reset, or no version in common. */
export function abandon(core: Core, reason: CloseReason): void {
  const told = !core.isOpen
  core.state = { name: 'closed', reason }
  if (!told) core.events.push({ type: 'closed', reason })
}
