/** Key updates that this side begins (RFC 9001 6.1, 6.6). */
import type { Micros } from '../../../shared/units.ts'
import type { Core } from './core.ts'

/** Goes on to the next keys; false: the last update is not acknowledged yet, or the handshake not confirmed. */
export function beginKeyUpdate(core: Core, now: Micros): boolean {
  if (!core.recovery.handshakeConfirmed || !core.keys.canUpdate) return false
  core.keys.update(now, Infinity, core.spaces.application.next, core.closePeriod)
  core.observer?.onKeyUpdate(now, core.keys.phase.generation, false)
  return true
}

/** Begins one when the settings ask for it, or when the key has protected as much as is safe. */
export function updateKeysIfDue(core: Core, now: Micros): void {
  const { keyUpdateAfter } = core.settings
  const isWanted = keyUpdateAfter > 0 && core.keys.sealedPackets >= keyUpdateAfter
  if (isWanted || core.keys.isWorn) beginKeyUpdate(core, now)
}
