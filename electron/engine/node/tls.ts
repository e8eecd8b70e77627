/**
 * TLS over the lab's sockets: Node's own endpoints (`node:tls`), with the settings of an experiment, which tell the trace
 * what they know: the secrets, how the handshake ended, and each step in the validation of a certificate.
 *
 * Whatever goes wrong comes as `error` and `close` of the sockets, which have listeners from the start, so no input of a peer
 * ends the process. Nothing here has a timeout: Node's would go by the wall clock.
 */
import { X509Certificate } from 'node:crypto'
import { isIP } from 'node:net'
import { connect, createServer, type DetailedPeerCertificate, type TLSSocket } from 'node:tls'
import type { TlsClientSettings, TlsServerSettings } from '../../../shared/tls.ts'
import type { Trace } from '../../../shared/trace/sink.ts'
import type { TcpListener } from '../../protocol/tcp/stack.ts'
import type { Side } from '../../protocol/wire/side.ts'
import type { LabSocket } from '../sockets.ts'
import { certificatesIn, tellChecks, walkChain } from './certificate-walk.ts'
import type { Surroundings } from './program.ts'
import { RecordEdges } from './record-edges.ts'
import { contextOptions, groupOf, type TlsSettings } from './tls-options.ts'

/** The longest that Node lets a handshake take, 24 days: there is no way to say `for ever`. */
const NO_TIMEOUT = 0x7fff_ffff

/** Bytes of `ticketKeys`: the keys that session tickets are sealed with. */
const TICKET_KEYS = 48

/** What to ask of the authority for a server on `host` of the lab with these settings: the first of the names is the host's. */
export const identityOf = (host: string, { certificate, certificateFault, names = [] }: TlsServerSettings) =>
  ({ names: [`${host}.lab`, ...names], key: certificate, fault: certificateFault }) as const

/** Sessions that a client keeps for its next connection, by server name: the latest of each. */
export type TlsSessions = Map<string, Buffer>

export interface SecureServerOptions {
  /** The host that it stands on, by its name in the experiment; which its certificate names. */
  readonly host: string
  /** Protocols in the order of preference; empty: no ALPN. */
  readonly alpn: readonly string[]
  /** A handshake has succeeded. `error` of both sockets is listened to; whoever is told here need not. */
  onConnection(socket: TLSSocket, lab: LabSocket): void
}

export interface SecureClientOptions {
  readonly alpn: readonly string[]
  /** Where sessions are kept, for settings with `resumption`. */
  readonly sessions?: TlsSessions
}

/** Waits for TLS connections on a port of the lab. */
export function secureServer(
  lab: Surroundings,
  port: number,
  settings: TlsServerSettings,
  options: SecureServerOptions,
): TcpListener {
  const ticketKeys = Buffer.from(lab.rng.fork('tickets').bytes(TICKET_KEYS))
  const identity = lab.authority.identity(identityOf(options.host, settings))
  const accept = async (socket: LabSocket, report: Report): Promise<void> => {
    // It was made before the run began; then this costs no lab time, and no turn of the event loop.
    const { chain: cert, key } = await lab.hold(identity)
    // One for each connection: what it tells of failures does not say of which connection.
    const server = createServer({
      ...contextOptions(settings),
      cert,
      key,
      ticketKeys,
      ...(options.alpn.length > 0 && { ALPNProtocols: [...options.alpn] }),
      handshakeTimeout: NO_TIMEOUT,
    })
    server.on('keylog', (line, secure) => report.secret(line, 'server', secure.isSessionReused()))
    server.on('tlsClientError', (error) => report.failed(error))
    server.on('secureConnection', (secure) => {
      secure.on('error', () => undefined)
      report.succeeded(secure)
      options.onConnection(secure, socket)
    })
    server.emit('connection', socket)
    halfOpen(socket)
  }
  const begin = (socket: LabSocket): void => {
    socket.patience = new RecordEdges()
    const report = new Report(lab, socket, settings)
    socket.on('error', (error) => report.failed(error))
    accept(socket, report).catch((error: Error) => socket.destroy(error))
  }
  return lab.sockets.listen(port, begin)
}

/**
 * Begins TLS on a connection of the lab, which need not be established yet. The socket tells `secureConnect`, or `error`:
 * with the codes of OpenSSL for a certificate that does not hold, unless the settings go on with it.
 */
export function secureClient(
  lab: Surroundings,
  socket: LabSocket,
  settings: TlsClientSettings,
  options: SecureClientOptions,
): TLSSocket {
  const { alpn, sessions } = options
  const { serverName } = settings
  const report = new Report(lab, socket, settings)
  socket.patience = new RecordEdges()
  const session = settings.resumption ? sessions?.get(serverName) : undefined
  const secure = connect({
    ...contextOptions(settings),
    socket,
    // RFC 6066 3: a literal address is no name to send; the certificate is held to it all the same.
    servername: isIP(serverName) > 0 ? '' : serverName,
    host: serverName,
    ca: lab.authority.root,
    rejectUnauthorized: !settings.acceptAnyway,
    ...(alpn.length > 0 && { ALPNProtocols: [...alpn] }),
    ...(session && { session }),
  })
  halfOpen(socket)
  secure.on('keylog', (line: Buffer) => report.secret(line, 'client', secure.isSessionReused()))
  // The end of the handshake, before Node looks at its verdict and may destroy the socket.
  secure.prependListener('secure', () => report.chain(secure, serverName))
  secure.on('secureConnect', () => report.succeeded(secure))
  secure.on('error', (error) => report.failed(error))
  secure.on('close', () => report.failed(new ClosedEarly()))
  if (settings.resumption) secure.on('session', (ticket: Buffer) => sessions?.set(serverName, ticket))
  return secure
}

/**
 * Keeps the way out open under TLS: its own end, close_notify, must still go out when TCP's has come in. The TLS socket
 * itself takes over what `socket` was before, and closes in turn.
 */
function halfOpen(socket: LabSocket): void {
  socket.allowHalfOpen = true
}

class ClosedEarly extends Error {
  readonly code = 'ECONNRESET'

  constructor() {
    super('the connection was closed before the handshake was over')
  }
}

/** What one end of a connection tells the trace. */
class Report {
  private readonly lab: Surroundings
  private readonly trace: Trace
  private readonly settings: TlsSettings
  private readonly secrets = new Set<string>()
  private isOver = false

  constructor(lab: Surroundings, socket: LabSocket, settings: TlsSettings) {
    this.lab = lab
    this.trace = lab.trace.scope({ flow: socket.connection.flow })
    this.settings = settings
  }

  /**
   * A line of the key log. Both ends know all secrets; each line is taken from the one end that has it before anything is
   * sent under it. The master secret of TLS 1.2 from the client, or from the server when an old session is taken up: that
   * end is first to encrypt (RFC 5246 7.3). In TLS 1.3 the server has all but one, and learns only from the client's
   * Finished what the client sends its data under.
   */
  secret(line: Buffer, side: Side, resumed: boolean): void {
    const text = line.toString('latin1').trimEnd()
    const [label] = text.split(' ', 1)
    const first =
      label === 'CLIENT_TRAFFIC_SECRET_0' || (label === 'CLIENT_RANDOM' && !resumed) ? 'client' : 'server'
    // OpenSSL repeats the line of TLS 1.2 when it begins to encrypt.
    if (side !== first || this.secrets.has(text)) return
    this.secrets.add(text)
    this.trace.emit('security:secret_logged', { line: text })
  }

  succeeded(socket: TLSSocket): void {
    if (this.isOver) return
    this.isOver = true
    this.trace.emit('security:handshake_finished', {
      version: socket.getProtocol() ?? '',
      cipher_suite: socket.getCipher().standardName,
      group: agreedGroup(socket) ?? groupOf(this.settings),
      alpn: socket.alpnProtocol || '',
      resumed: socket.isSessionReused(),
      error: '',
      message: '',
    })
  }

  /** Something went wrong; it is the handshake's failure if that was not over. */
  failed(error: Error): void {
    if (this.isOver) return
    this.isOver = true
    this.trace.emit('security:handshake_finished', {
      version: '',
      cipher_suite: '',
      group: '',
      alpn: '',
      resumed: false,
      error: (error as NodeJS.ErrnoException).code ?? error.name,
      message: error.message,
    })
  }

  /** The chain that the server has shown, checked step by step. A resumed session shows none. */
  chain(socket: TLSSocket, host: string): void {
    if (socket.isSessionReused()) return
    const anchors = certificatesIn(this.lab.authority.root)
    const sent = certificatesOf(socket)
    tellChecks(this.trace, walkChain(sent, { anchors, at: this.lab.date(), host }))
  }
}

/** OpenSSL's names of the groups, where they differ from ours. */
const GROUP_NAMES: Readonly<Record<string, string>> = { X25519: 'x25519', prime256v1: 'secp256r1' }

/** The group that a client has agreed on; undefined: Node does not tell. */
function agreedGroup(socket: TLSSocket): string | undefined {
  const info = socket.getEphemeralKeyInfo()
  const name = info !== null && 'name' in info ? info.name : undefined
  return name === undefined ? undefined : (GROUP_NAMES[name] ?? name)
}

/**
 * The certificates of a peer, its own first; Node links each to its issuer, and a root to itself. Not by
 * `getPeerX509Certificate`: in Node 20 it takes the chain away from `getPeerCertificate`, by which Node checks the name.
 */
function certificatesOf(socket: TLSSocket): X509Certificate[] {
  const found: X509Certificate[] = []
  for (
    let one: DetailedPeerCertificate | undefined = socket.getPeerCertificate(true);
    one?.raw !== undefined;
  ) {
    found.push(new X509Certificate(one.raw))
    const next: DetailedPeerCertificate | undefined = one.issuerCertificate
    one = next === one ? undefined : next
  }
  return found
}
