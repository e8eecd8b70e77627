/** Discard (RFC 863): reads and throws away. */
import type { TcpConnection } from '../../protocol/tcp/stack.ts'
import type { Session } from './service.ts'

export const discard = (connection: TcpConnection): Session => ({
  go(now) {
    let moved = 0
    for (let bytes = connection.read(now); bytes !== undefined; bytes = connection.read(now))
      moved += bytes.length
    if (connection.peerClosed) connection.shutdown(now)
    return moved
  },
})
