/** Runs of a feed's server and a client over one link, and what they said. */
import type { SetupInput } from '../../shared/experiment.ts'
import type { LinkInput } from '../../shared/link.ts'
import type { LabSocket } from '../../electron/engine/sockets.ts'
import type { Program, Surroundings } from '../../electron/engine/node/program.ts'
import { PROGRAMS, type ProgramTable } from '../../electron/engine/node/programs.ts'
import type { FeedClientApp, FeedServerApp } from '../../shared/messaging.ts'
import { createRun, finishedRun, smallExperiment } from './runs.ts'
import type { MessageResult } from './message-lab.ts'
import type { DriverName } from '../../shared/commands.ts'

type AppInput<K> = Partial<Omit<Extract<SetupInput['apps'][string], { kind: K }>, 'kind'>>

export interface FeedLab {
  readonly server?: AppInput<'feed-server'>
  readonly client?: AppInput<'feed-client'>
  readonly link?: LinkInput
  readonly driver?: DriverName
  readonly seed?: number
  readonly steps?: readonly { at: number; set: Record<string, unknown> }[]
}

/** One way; there and back it is twice as long. */
export const WAY = 10_000

export function feedSetup({ server, client, link }: FeedLab): SetupInput {
  const host = { tcp: { nagle: false } }
  return {
    hosts: { client: { role: 'client', ...host }, server: { role: 'server', ...host } },
    links: { link: { a: 'client', b: 'server', ...(link ?? { up: { delay: WAY }, down: { delay: WAY } }) } },
    apps: {
      feed: {
        kind: 'feed-server',
        host: 'server',
        port: 80,
        count: 6,
        every: 300_000,
        start: 200_000,
        ...server,
      },
      reader: { kind: 'feed-client', host: 'client', to: 'server', port: 80, interval: 500_000, ...client },
    },
  } as SetupInput
}

export async function runFeed(lab: FeedLab): Promise<MessageResult> {
  const { driver = 'virtual', seed = 1, steps = [] } = lab
  const experiment = smallExperiment({ setup: feedSetup(lab), steps: steps as never })
  const run = await finishedRun({ experiment, driver, seed })
  return { run, all: (name) => [...run.reader.events([name])].map(({ data }) => data) as never }
}

/** A connection of a stranger to the feed's server, in place of its client, or to its client, in place of its server. */
export interface Stranger {
  /** Called when the connection is there. */
  open(socket: LabSocket): void
}

/**
 * A run with a stranger who writes what he likes; returns it with all that he got, in the order of his connections. It ends when the
 * stranger's connections are gone (in the client's place), or when the client is done.
 */
export async function runStranger(
  place: 'client' | 'server',
  stranger: Stranger,
  lab: FeedLab = {},
): Promise<MessageResult & { readonly heard: readonly Buffer[] }> {
  const heard: Buffer[][] = []
  const listen = (socket: LabSocket): void => {
    const chunks: Buffer[] = []
    heard.push(chunks)
    socket.on('data', (bytes: Buffer) => chunks.push(bytes))
    socket.on('error', () => undefined)
  }
  const inClientsPlace = (setup: FeedClientApp, surroundings: Surroundings): Program => {
    const program = { done: false, start, stop: () => undefined }
    function start(): void {
      const remote = { address: surroundings.addressOf(setup.to), port: setup.port }
      // It closes its side when it likes.
      const socket = surroundings.sockets.connect(remote, { allowHalfOpen: true })
      listen(socket)
      socket.once('connect', () => stranger.open(socket))
      socket.once('close', () => (program.done = true))
    }
    return program
  }
  const inServersPlace = (setup: FeedServerApp, { sockets }: Surroundings): Program => ({
    done: true,
    start: () =>
      void sockets.listen(setup.port, (socket) => {
        listen(socket)
        stranger.open(socket)
      }),
    stop: () => undefined,
  })
  const programs: ProgramTable = {
    ...PROGRAMS,
    ...(place === 'client' ? { 'feed-client': inClientsPlace } : { 'feed-server': inServersPlace }),
  }
  const run = createRun({ experiment: smallExperiment({ setup: feedSetup(lab) }) }, { programs })
  await run.start()
  await run.ended
  if (run.info.state !== 'finished') throw new Error(run.info.error ?? run.info.state)
  return {
    run,
    all: (name) => [...run.reader.events([name])].map(({ data }) => data) as never,
    heard: heard.map((chunks) => Buffer.concat(chunks)),
  }
}
