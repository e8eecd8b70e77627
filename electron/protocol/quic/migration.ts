/** Paths of a connection: the peer's address changes, or we change ours (RFC 9000 9). */
import { after, type Micros } from '../../../shared/units.ts'
import type { Core } from './core.ts'
import type { IncomingDatagram } from './events.ts'
import type { Path } from './path.ts'

/** Paths that are remembered; a peer that hops about gets no more (RFC 9000 9.3.3). */
const MOST_PATHS = 4

/** The path by which a datagram came; undefined: it is not to be taken in. */
export function pathOf(core: Core, { localPort, remote }: IncomingDatagram): Path | undefined {
  const known = core.paths.find((path) => path.is(localPort, remote))
  if (known !== undefined) return known
  // RFC 9000 9: only clients move, and not before the handshake is confirmed.
  if (!core.isServer || !core.recovery.handshakeConfirmed || core.parameters.disableActiveMigration)
    return undefined
  if (core.paths.length >= MOST_PATHS) {
    const idle = core.paths.findIndex((path) => path !== core.path)
    core.paths.splice(idle, 1)[0].setState('abandoned')
  }
  return core.addPath(localPort, remote)
}

/** A non-probing packet with the highest number so far came by this path: the peer is there now (RFC 9000 9.3). */
export function onPeerMoved(core: Core, now: Micros, path: Path): void {
  if (!core.isServer || path === core.path) return
  const before = core.path
  core.path = path
  path.validate(after(now, core.closePeriod))
  // RFC 9000 9.3.3: the old one is asked, too, in case someone only pretends.
  if (before.state === 'validated') {
    before.setState('unvalidated')
    before.validate(after(now, core.closePeriod))
  }
  // RFC 9000 9.4: another port alone is most often the same path behind a NAT.
  if (before.remote.address !== path.remote.address) core.forgetPath()
  if (core.remoteIds.change()) retire(core)
  core.events.push({ type: 'migrated', remote: path.remote, localPort: path.localPort })
}

/** We go on from another port of ours (RFC 9000 9.2). False: the peer does not allow it, or has given us no id for it. */
export function migrate(core: Core, now: Micros, localPort: number): boolean {
  if (core.isServer || !core.recovery.handshakeConfirmed || core.peer?.disableActiveMigration) return false
  if (!core.remoteIds.change()) return false
  retire(core)
  const path = core.addPath(localPort, core.path.remote)
  path.validate(after(now, core.closePeriod))
  // A client trusts that its server is at the other end of every path; it waits for no answer before it sends.
  path.received = Infinity
  core.path = path
  core.forgetPath()
  core.events.push({ type: 'migrated', remote: path.remote, localPort })
  return true
}

function retire(core: Core): void {
  for (const number of core.remoteIds.retired) core.pending.add({ type: 'retire_connection_id', number })
}

/** A validation that has run out (RFC 9000 8.2.4); returns whether no path is left. */
export function expirePaths(core: Core, now: Micros): boolean {
  for (const path of core.paths) {
    if (path.deadline === undefined || now < path.deadline) continue
    path.deadline = undefined
    path.setState('failed')
    path.wantsChallenge = false
  }
  if (core.path.state !== 'failed') return false
  const other = core.paths.find((path) => path.state === 'validated')
  if (other === undefined) return true
  core.path = other
  return false
}
