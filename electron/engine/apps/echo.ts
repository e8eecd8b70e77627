/** Echo (RFC 862): sends back what it receives, no faster than the peer takes it. */
import type { TcpConnection } from '../../protocol/tcp/stack.ts'
import type { Session } from './service.ts'

const MOST = 65_536

export const echo = (connection: TcpConnection): Session => ({
  go(now) {
    let moved = 0
    // Never reads what it could not write: so the peer's own window closes when it does not read.
    for (let room = connection.writable; room > 0; room = connection.writable) {
      const bytes = connection.read(now, Math.min(room, MOST))
      if (bytes === undefined) break
      moved += connection.write(now, bytes)
    }
    // A write that takes less than it is given has `writable` told once there is room again.
    if (connection.writable === 0 && connection.readable > 0) connection.write(now, ONE_BYTE)
    if (connection.peerClosed) connection.shutdown(now)
    return moved
  },
})

/** Not taken, as there is no room. */
const ONE_BYTE = new Uint8Array(1)
