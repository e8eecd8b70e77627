/** Connections that are ready for HTTP: TCP's, or those of TLS over it. */
import type { Duplex } from 'node:stream'
import type { HttpClientApp, HttpServerApp, HttpVersion } from '../../../../shared/http.ts'
import { formatEndpoint, type Endpoint } from '../../../protocol/wire/address.ts'
import type { Cancel, Surroundings } from '../program.ts'
import { secureClient, secureServer, type TlsSessions } from '../tls.ts'
import type { ClientLab } from './find-server.ts'

/** The versions that go over TCP. */
export type TcpVersion = Exclude<HttpVersion, 'h3'>

export interface Transport {
  /** What HTTP reads and writes. Its errors are listened to; whoever uses it hears of its `close` all the same. */
  readonly stream: Duplex
  /** The TCP connection's name in the trace. */
  readonly flow: string
  /** By ALPN, or by prior knowledge in the clear. */
  readonly version: TcpVersion
}

/** A connection that was opened in advance, and where its TLS sessions are kept. */
export interface FirstTransport {
  readonly transport: Transport
  readonly sessions: TlsSessions
}

/** What a client that goes over TCP is set to. */
export type TcpClientSetup = Omit<HttpClientApp, 'version'> & { readonly version: TcpVersion }

/** Why a connection or an exchange came to nothing: the code of Node or of its libraries, and their words. */
export interface Failure {
  readonly code: string
  readonly message: string
}

/** Any error as a failure; one without a code is called by its class. */
export function failureOf(error: unknown): Failure {
  if (!(error instanceof Error)) return { code: 'ERROR', message: String(error) }
  const { code, name, message } = error as NodeJS.ErrnoException
  return { code: code ?? name, message }
}

interface Opener {
  ready(transport: Transport): void
  failed(failure: Failure): void
}

/**
 * Finds the server and opens a connection to it, with its TLS handshake if it has one. `ready` or `failed` is called once, unless
 * it was cancelled before. `sessions` keeps what TLS resumes.
 */
export function openTransport(
  lab: ClientLab,
  setup: TcpClientSetup,
  sessions: TlsSessions,
  opener: Opener,
): Cancel {
  let cancelOpening: Cancel = () => undefined
  const cancelFinding = lab.server.find(
    (address) => {
      cancelOpening = connectTo(lab, { address, port: setup.port }, setup, sessions, opener)
    },
    (failure) => opener.failed(failure),
  )
  return () => {
    cancelFinding()
    cancelOpening()
  }
}

function connectTo(
  lab: Surroundings,
  remote: Endpoint,
  setup: TcpClientSetup,
  sessions: TlsSessions,
  { ready, failed }: Opener,
): Cancel {
  const socket = lab.sockets.connect(remote)
  const { flow } = socket.connection
  let waiting = true
  const settle = (tell: () => void): void => {
    const first = waiting
    waiting = false
    if (first) tell()
  }
  const fail = (failure: Failure): void => settle(() => failed(failure))
  const listen = (stream: Duplex, readyEvent: string): void => {
    stream.on('error', (error) => fail(failureOf(error)))
    stream.once('close', () => fail({ code: 'ECONNRESET', message: 'closed while it was set up' }))
    stream.once(readyEvent, () => settle(() => ready({ stream, flow, version: setup.version })))
  }
  socket.once('connect', () => {
    lab.trace.scope({ flow }).emit('app:connected', { peer: formatEndpoint(remote.address, remote.port) })
  })
  if (setup.tls === null) listen(socket, 'connect')
  else {
    socket.on('error', (error) => fail(failureOf(error)))
    listen(secureClient(lab, socket, setup.tls, { alpn: [setup.version], sessions }), 'secureConnect')
  }
  return () => {
    waiting = false
    socket.destroy()
  }
}

/** Waits for connections over TCP, if the server speaks anything that goes over it. Over TLS those count whose handshake went well; `secureServer` tells of the others. */
export function listenForTransports(
  lab: Surroundings,
  setup: Pick<HttpServerApp, 'host' | 'port' | 'tls' | 'versions'>,
  accept: (transport: Transport) => void,
): void {
  const { port, tls, host } = setup
  const versions = setup.versions.filter((version) => version !== 'h3')
  if (versions.length === 0) return
  if (tls !== null) {
    secureServer(lab, port, tls, {
      host,
      alpn: versions,
      onConnection: (stream, { connection }) =>
        // A client without ALPN speaks what it always spoke (RFC 9113 3.2).
        accept({ stream, flow: connection.flow, version: stream.alpnProtocol === 'h2' ? 'h2' : 'http/1.1' }),
    })
    return
  }
  lab.sockets.listen(
    port,
    (socket) => {
      // It also comes as the failure of what is read or written.
      socket.on('error', () => undefined)
      accept({ stream: socket, flow: socket.connection.flow, version: versions[0] })
    },
    // A client may close its side as soon as it has asked.
    { allowHalfOpen: true },
  )
}
