/** Opens the QUIC connections of a client, with their TLS handshake and what is remembered from one to the next. */
import type { HttpClientApp } from '../../../../shared/http.ts'
import type { Http3Settings as PeerSettings } from '../../../protocol/h3/settings.ts'
import type { Session } from '../../../protocol/tls13/handshake.ts'
import type { CloseReason } from '../../../protocol/quic/events.ts'
import { formatEndpoint, type Endpoint } from '../../../protocol/wire/address.ts'
import type { Http3News, Http3Socket, Http3Sockets } from '../../http3-sockets.ts'
import type { Surroundings } from '../program.ts'
import {
  ChainJudge,
  clientHandshake,
  failureOfClose,
  tellHandshake,
  tellHandshakeFailure,
} from '../quic-tls.ts'
import type { Failure } from './transport.ts'

/** What a client with resumption keeps of a connection for the next: session, settings, and proof of its address. */
export class QuicMemory {
  session: Session | undefined
  /** The server's settings of HTTP/3, which hold for 0-RTT (RFC 9114 7.2.4.2). */
  settings: PeerSettings | undefined
  /** From NEW_TOKEN, for one connection (RFC 9000 8.1.3). */
  token: Uint8Array | undefined
  /** The server does not know the version of the settings, so it is to be this one. */
  version: '1' | undefined
  /** Connections so far: each has dice of its own. */
  connections = 0

  /** Takes in what a connection is told. */
  note(news: Http3News): void {
    if (news.type === 'session') this.session = news.session
    else if (news.type === 'settings') this.settings = news.settings
    else if (news.type === 'new_token') this.token = news.token
  }

  takeToken(): Uint8Array | undefined {
    const { token } = this
    this.token = undefined
    return token
  }
}

/** A connection in the making. */
export interface QuicClient {
  readonly socket: Http3Socket
  /** Why it is gone. */
  failureOf(reason: CloseReason): Failure
}

/** Begins a connection; undefined: there is no port left. What comes of it is told by the socket. */
export function openQuic(
  lab: Surroundings,
  setup: HttpClientApp,
  remote: Endpoint,
  sockets: Http3Sockets,
  memory: QuicMemory,
): QuicClient | undefined {
  const settings = setup.tls
  if (settings === null) throw new Error('HTTP/3 is never without TLS')
  // Lanes have one name for their programs; two connections with one client random would have one place in a key log.
  const rng = lab.rng.fork(`quic tls ${remote.address} ${++memory.connections}`)
  const { session, settings: remembered, version } = memory
  const token = memory.takeToken()
  let judge: ChainJudge | undefined
  const socket = sockets.connect(remote, {
    prepare: (flow) => {
      judge = new ChainJudge(lab.authority.root, () => lab.date(), lab.stepTrace.scope({ flow }), settings)
      return clientHandshake(settings, judge, rng, session)
    },
    ...(remembered && { remembered }),
    ...(token && { token }),
    ...(version && { version }),
  })
  if (socket === undefined) return undefined
  const failureOf = (reason: CloseReason): Failure => failureOfClose(reason, judge?.verdict)
  report(lab, { socket, failureOf }, settings.resumption ? memory : undefined, remote)
  return { socket, failureOf }
}

/** Tells the trace how the handshake of a connection ended, and keeps what the next one can use. */
function report(
  lab: Surroundings,
  { socket, failureOf }: QuicClient,
  memory: QuicMemory | undefined,
  remote: Endpoint,
): void {
  const trace = lab.stepTrace.scope({ flow: socket.flow })
  let isOver = false
  socket.onMoment = (news) => {
    memory?.note(news)
    if (news.type === 'connected' && !isOver) {
      isOver = true
      tellHandshake(trace, news.negotiated)
      trace.emit('app:connected', { peer: formatEndpoint(remote.address, remote.port) })
    } else if (news.type === 'closed' && !isOver) {
      isOver = true
      tellHandshakeFailure(trace, failureOf(news.reason))
    }
  }
}
