/** Paths of a connection: the peer's address changes, or we change ours (RFC 9000 9). */
import { after, type Micros } from '../../../shared/units.ts'
import { sameBytes } from '../wire/bytes.ts'
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
  const idle = core.paths.find((path) => path !== core.path)
  if (core.paths.length >= MOST_PATHS && idle !== undefined) giveUp(core, idle)
  return core.addPath(localPort, remote)
}

/** A non-probing packet with the highest number so far came by this path: the peer is there now (RFC 9000 9.3). */
export function onPeerMoved(core: Core, now: Micros, path: Path): void {
  if (!core.isServer || path === core.path) return
  const before = core.path
  const until = after(now, core.closePeriod)
  core.path = path
  path.validate(until)
  // RFC 9000 9.3.3: the old one is asked, too, in case someone only pretends.
  if (before.state === 'validated') {
    before.setState('unvalidated')
    before.validate(until)
  }
  before.leftUntil = until
  // RFC 9000 9.5: the id may stay where the peer's has stayed, so that it was a NAT that moved. Else we must be silent.
  if (isSameId(before, path)) path.remoteId ??= before.remoteId
  // RFC 9000 9.4: another port alone is most often the same path behind a NAT.
  if (before.remote.address !== path.remote.address) core.forgetPath()
  core.events.push({ type: 'migrated', remote: path.remote, localPort: path.localPort })
}

/** The peer has sent to the same id of ours, and at the same address, by both paths. */
const isSameId = (a: Path, b: Path): boolean =>
  a.localPort === b.localPort &&
  a.localId !== undefined &&
  b.localId !== undefined &&
  sameBytes(a.localId, b.localId)

/** We go on from another port of ours (RFC 9000 9.2). False: the peer does not allow it, or has given us no id for it. */
export function migrate(core: Core, now: Micros, localPort: number): boolean {
  if (core.isServer || !core.recovery.handshakeConfirmed || core.peer?.disableActiveMigration) return false
  if (!core.remoteIds.hasSpare) return false
  const until = after(now, core.closePeriod)
  // The server asks there whether we have really gone (RFC 9000 9.3.3).
  core.path.leftUntil = until
  const path = core.addPath(localPort, core.path.remote)
  path.validate(until)
  // A client trusts that its server is at the other end of every path; it waits for no answer before it sends.
  path.received = Infinity
  core.path = path
  core.forgetPath()
  // RFC 9000 9.2: it is a frame that does not probe that moves the connection, even if there is nothing to say.
  core.pending.add({ type: 'ping' })
  core.events.push({ type: 'migrated', remote: path.remote, localPort })
  return true
}

/** The peer has retired ids: no path goes on with one of those, and the path in use is the first to get another (RFC 9000 5.1.2). */
export function replaceRetired(core: Core): void {
  for (const path of core.paths)
    if (path.remoteId !== undefined && !core.remoteIds.has(path.remoteId)) path.remoteId = undefined
  core.path.remoteId ??= core.remoteIds.take()
  tellRetired(core)
}

function tellRetired(core: Core): void {
  for (const number of core.remoteIds.retired) core.pending.add({ type: 'retire_connection_id', number })
}

/** Forgets a path that is not in use, and retires its id unless another path shares it (RFC 9000 5.1.2). */
function giveUp(core: Core, path: Path): void {
  core.paths.splice(core.paths.indexOf(path), 1)
  if (path.state !== 'failed') path.setState('abandoned')
  const { remoteId } = path
  if (remoteId === undefined || core.paths.some((other) => other.remoteId === remoteId)) return
  core.remoteIds.retire(remoteId)
  tellRetired(core)
}

/** Validations that have run out (RFC 9000 8.2.4), and paths that were left; returns whether no path is left. */
export function expirePaths(core: Core, now: Micros): boolean {
  for (const path of core.paths) {
    if (path.deadline === undefined || now < path.deadline) continue
    path.deadline = undefined
    path.setState('failed')
    path.wantsChallenge = false
  }
  if (core.path.state === 'failed') {
    const other = core.paths.find((path) => path.state === 'validated')
    if (other === undefined) return true
    core.path = other
  }
  for (const path of core.paths.filter((one) => one !== core.path)) {
    const isOver = path.leftUntil !== undefined && now >= path.leftUntil
    if (path.state === 'failed' || (isOver && core.path.deadline === undefined)) giveUp(core, path)
    // It is there to go back to until the one in use has been validated.
    else if (isOver) path.leftUntil = core.path.deadline
  }
  return false
}
