/** A client that asks over TLS and a server that answers, as programs of the lab. */
import type { TLSSocket } from 'node:tls'
import type { Program, Surroundings } from '../../electron/engine/node/program.ts'
import { secureClient, secureServer, type TlsSessions } from '../../electron/engine/node/tls.ts'
import type { HttpClientApp, HttpServerApp } from '../../shared/http.ts'
import type { Cast } from './program-run.ts'

export interface Exchange {
  /** Bytes of the question and of the answer. */
  readonly up?: number
  readonly down?: number
  readonly alpn?: { readonly client?: readonly string[]; readonly server?: readonly string[] }
  /** How often it is done, each time on a new connection after the last one is gone. */
  readonly times?: number
}

/** What became of each connection at the client. */
export interface Outcome {
  received: number
  error: NodeJS.ErrnoException | undefined
  authorizationError: string
}

/** The two programs, and where what became of the connections is written. */
export function exchange({ up = 500, down = 30_000, alpn = {}, times = 1 }: Exchange = {}): Cast & {
  outcomes: Outcome[]
} {
  const outcomes: Outcome[] = []
  const server = (lab: Surroundings, { host, port, tls }: HttpServerApp): Partial<Program> => ({
    start: () =>
      void secureServer(lab, port, tls!, {
        host,
        alpn: alpn.server ?? [],
        onConnection: (socket) => answer(socket, up, down),
      }),
  })
  const client = (lab: Surroundings, setup: HttpClientApp): Partial<Program> => {
    const sessions: TlsSessions = new Map()
    const ask = (): void => {
      const remote = { address: lab.addressOf(setup.to), port: setup.port }
      const socket = secureClient(lab, lab.sockets.connect(remote), setup.tls!, {
        alpn: alpn.client ?? [],
        sessions,
      })
      const outcome: Outcome = { received: 0, error: undefined, authorizationError: '' }
      socket.on('secureConnect', () => {
        outcome.authorizationError = String(socket.authorizationError ?? '')
        socket.write(Buffer.alloc(up, 'question '))
      })
      socket.on('data', (bytes: Buffer) => {
        outcome.received += bytes.length
        if (outcome.received === down) socket.end()
      })
      socket.on('error', (error) => (outcome.error = error))
      socket.on('close', () => {
        if (outcomes.push(outcome) < times) ask()
      })
    }
    return {
      get done() {
        return outcomes.length === times
      },
      start: ask,
    }
  }
  return { server, client, outcomes }
}

function answer(socket: TLSSocket, up: number, down: number): void {
  let received = 0
  socket.on('data', (bytes: Buffer) => {
    received += bytes.length
    if (received === up) socket.write(Buffer.alloc(down, 'answer '))
  })
}
