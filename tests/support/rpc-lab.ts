/** Runs of a server of remote calls and a client over one link, and what they said. */
import type { Program, Surroundings } from '../../electron/engine/node/program.ts'
import { PROGRAMS, type ProgramTable } from '../../electron/engine/node/programs.ts'
import type { DriverName } from '../../shared/commands.ts'
import type { SetupInput } from '../../shared/experiment.ts'
import type { LinkInput } from '../../shared/link.ts'
import type { RpcClientApp, RpcServerApp } from '../../shared/messaging.ts'
import type { MessageResult } from './message-lab.ts'
import { createRun, smallExperiment } from './runs.ts'

type AppInput<K> = Partial<Omit<Extract<SetupInput['apps'][string], { kind: K }>, 'kind'>>

export interface RpcLab {
  readonly style: 'json' | 'grpc'
  readonly both?: Pick<AppInput<'rpc-server'>, 'port' | 'tls'>
  readonly server?: AppInput<'rpc-server'>
  readonly client?: AppInput<'rpc-client'>
  readonly link?: LinkInput
  readonly driver?: DriverName
  readonly seed?: number
  readonly steps?: readonly { at: number; set: Record<string, unknown> }[]
  /** A stranger in the place of the server or the client. */
  readonly stranger?: {
    server?(lab: Surroundings, setup: RpcServerApp): Program
    client?(lab: Surroundings, setup: RpcClientApp): Program
  }
}

/** There and back. */
export const RTT = 20_000

export async function runCalls(lab: RpcLab): Promise<MessageResult> {
  const { style, both, driver = 'virtual', seed = 1, steps = [], stranger = {} } = lab
  const host = { tcp: { nagle: false } }
  const setup = {
    hosts: { client: { role: 'client', ...host }, server: { role: 'server', ...host } },
    links: {
      link: { a: 'client', b: 'server', up: { delay: RTT / 2 }, down: { delay: RTT / 2 }, ...lab.link },
    },
    apps: {
      sensors: { kind: 'rpc-server', host: 'server', port: 50_051, style, ...both, ...lab.server },
      caller: {
        ...{ kind: 'rpc-client', host: 'client', to: 'server', port: 50_051, style, calls: 10 },
        ...both,
        ...lab.client,
      },
    },
  } as SetupInput
  const programs: ProgramTable = {
    ...PROGRAMS,
    ...(stranger.server && { 'rpc-server': (app, surroundings) => stranger.server!(surroundings, app) }),
    ...(stranger.client && { 'rpc-client': (app, surroundings) => stranger.client!(surroundings, app) }),
  }
  const experiment = smallExperiment({ setup, steps: steps as never })
  const run = createRun({ experiment, driver, seed }, { programs })
  await run.start()
  await run.ended
  if (run.info.state !== 'finished') throw new Error(run.info.error ?? run.info.state)
  return { run, all: (name) => [...run.reader.events([name])].map(({ data }) => data) as never }
}
