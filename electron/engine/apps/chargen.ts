/** Character generator (RFC 864): sends printable lines until the peer has had enough, and ignores what it says. */
import type { TcpConnection } from '../../protocol/tcp/stack.ts'
import type { Session } from './service.ts'

const FIRST = 0x20
const PRINTABLE = 95
const LINE = 72

/** The pattern that RFC 864 suggests: 95 lines, each beginning one character later than the one before. */
const PATTERN = ((): Uint8Array => {
  const bytes = new Uint8Array(PRINTABLE * (LINE + 2))
  let at = 0
  for (let line = 0; line < PRINTABLE; line++) {
    for (let column = 0; column < LINE; column++) bytes[at++] = FIRST + ((line + column) % PRINTABLE)
    bytes[at++] = 0x0d
    bytes[at++] = 0x0a
  }
  return bytes
})()

export function chargen(connection: TcpConnection): Session {
  let at = 0
  return {
    go(now) {
      while (connection.read(now) !== undefined);
      if (connection.peerClosed) connection.shutdown(now)
      let moved = 0
      for (;;) {
        const rest = PATTERN.subarray(at)
        const taken = connection.write(now, rest)
        moved += taken
        at = (at + taken) % PATTERN.length
        if (taken < rest.length) return moved
      }
    },
  }
}
