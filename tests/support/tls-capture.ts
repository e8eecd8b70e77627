/** A conversation of Node's own TLS endpoints over a pair of streams in memory, with every byte that crossed and its keys. */
import { Duplex } from 'node:stream'
import * as tls from 'node:tls'
import type { Side } from '../../electron/protocol/wire/side.ts'
import type { TestCertificates } from './tls-certificates.ts'

export interface Crossed {
  readonly from: Side
  readonly bytes: Uint8Array
}

export interface TlsCapture {
  /** In the order in which the sender wrote them. */
  readonly crossed: readonly Crossed[]
  readonly keyLog: string
  readonly protocol: string | null
  readonly reused: boolean
  /** For a connection that resumes this one. */
  readonly session: Buffer | undefined
  /** Of the client, if it failed. */
  readonly error?: string
}

export interface CaptureOptions {
  readonly certificates: TestCertificates
  /** What the client sends; the server answers with the same, reversed. */
  readonly data: Uint8Array
  readonly client?: tls.ConnectionOptions
  readonly server?: tls.TlsOptions
}

/** Two ends of one pipe; `onWrite` sees what each writes before the other gets it. */
function streamPair(onWrite: (from: Side, bytes: Uint8Array) => void): Record<Side, Duplex> {
  const make = (from: Side, to: Side): Duplex =>
    new Duplex({
      read() {},
      write(chunk: Buffer, _encoding, done) {
        onWrite(from, Uint8Array.from(chunk))
        ends[to].push(chunk)
        setImmediate(done)
      },
      final(done) {
        ends[to].push(null)
        done()
      },
    })
  const ends = { client: make('client', 'server'), server: make('server', 'client') }
  return ends
}

/** One key for all servers here, so that a session of one connection resumes in another. */
const ticketKeys = Buffer.alloc(48, 7)

export async function captureTls({
  certificates,
  data,
  client,
  server,
}: CaptureOptions): Promise<TlsCapture> {
  const crossed: Crossed[] = []
  const keyLines = new Set<string>()
  const ends = streamPair((from, bytes) => crossed.push({ from, bytes }))
  const { key, cert } = certificates.server
  const acceptor = tls.createServer(
    { key, cert, ca: certificates.authority, ticketKeys, ...server },
    (socket) => {
      const parts: Buffer[] = []
      let got = 0
      socket.on('data', (part: Buffer) => {
        parts.push(part)
        if ((got += part.length) === data.length) socket.end(Buffer.concat(parts).reverse())
      })
      socket.on('error', () => {})
    },
  )
  acceptor.on('tlsClientError', () => {})
  acceptor.on('keylog', (line) => keyLines.add(line.toString()))
  acceptor.emit('connection', ends.server)
  const socket = tls.connect({
    socket: ends.client,
    servername: 'server.test',
    ca: certificates.authority,
    ...client,
  })
  let session: Buffer | undefined
  socket.on('keylog', (line) => keyLines.add(line.toString()))
  socket.on('session', (ticket) => (session = ticket))
  let about: { protocol: string | null; reused: boolean } = { protocol: null, reused: false }
  const error = await new Promise<string | undefined>((resolve) => {
    socket.on('secureConnect', () => {
      about = { protocol: socket.getProtocol(), reused: socket.isSessionReused() }
      socket.write(data)
    })
    socket.on('error', (failure) => resolve((failure as { code?: string }).code ?? failure.message))
    socket.on('end', () => resolve(undefined))
    socket.resume()
  })
  // What the ends still send, their alerts, needs some turns of the loop.
  for (let i = 0; i < 10; i++) await new Promise((resolve) => setImmediate(resolve))
  const keyLog = [...keyLines].join('')
  return { crossed, keyLog, ...about, session, ...(error === undefined ? {} : { error }) }
}
