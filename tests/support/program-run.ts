/** Runs with programs of a test's own in the place of the HTTP server and client. */
import type { StartOptions } from '../../electron/engine/plan.ts'
import { planExperiment } from '../../electron/engine/plan.ts'
import type { Program, Surroundings } from '../../electron/engine/node/program.ts'
import type { ProgramTable } from '../../electron/engine/node/programs.ts'
import { Run } from '../../electron/engine/run.ts'
import type { ExperimentInput, SetupInput } from '../../shared/experiment.ts'
import type { HttpClientApp, HttpServerApp } from '../../shared/http.ts'
import type { EventName } from '../../shared/trace/events.ts'
import { smallExperiment, temporaryFolder } from './runs.ts'
import { join } from 'node:path'
import { onTestFinished } from 'vitest'

type ServerInput = Extract<SetupInput['apps'][string], { kind: 'http-server' }>
type ClientInput = Extract<SetupInput['apps'][string], { kind: 'http-client' }>

/** What a test wants to run on each host; without: something that is done and does nothing. */
export interface Cast {
  server?(lab: Surroundings, setup: HttpServerApp): Partial<Program>
  client?(lab: Surroundings, setup: HttpClientApp): Partial<Program>
}

/** A part in full: `done` is asked for anew each time. */
const wholeOf = (part: Partial<Program>): Program => ({
  get done() {
    return part.done ?? true
  },
  start: () => part.start?.(),
  stop: () => part.stop?.(),
  ...(part.configure && { configure: (setup) => part.configure!(setup) }),
  ...(part.conclude && { conclude: () => part.conclude!() }),
})

const tableOf = (cast: Cast): ProgramTable => ({
  'http-server': (setup, lab) => wholeOf(cast.server?.(lab, setup) ?? {}),
  'http-client': (setup, lab) => wholeOf(cast.client?.(lab, setup) ?? {}),
})

export interface ProgramRunOptions extends Partial<Omit<StartOptions, 'experiment'>> {
  readonly link?: Partial<SetupInput['links'][string]>
  readonly serverTcp?: SetupInput['hosts'][string]['tcp']
  readonly serverTls?: ServerInput['tls']
  readonly clientTls?: ClientInput['tls']
  readonly experiment?: Partial<ExperimentInput>
}

/** The port that the server listens on. */
export const PORT = 443

const setupOf = ({ link, serverTcp, serverTls, clientTls }: ProgramRunOptions): SetupInput => ({
  hosts: { client: { role: 'client' }, server: { role: 'server', tcp: serverTcp } },
  links: { link: { a: 'client', b: 'server', up: { delay: 5_000 }, down: { delay: 5_000 }, ...link } },
  apps: {
    server: { kind: 'http-server', host: 'server', port: PORT, tls: serverTls, resources: {} },
    client: {
      kind: 'http-client',
      host: 'client',
      to: 'server',
      port: PORT,
      tls: clientTls,
      requests: [{ target: '/' }],
    },
  },
})

/** A run that has not started yet, with the cast in the places of `http-server` and `http-client`. */
export function createProgramRun(cast: Cast, options: ProgramRunOptions = {}): Run {
  const programs = tableOf(cast)
  const { seed, driver, pace, set } = options
  const experiment = smallExperiment({ setup: setupOf(options), ...options.experiment })
  const plan = planExperiment({ experiment, seed, driver, pace, set } as StartOptions, programs)
  if (!plan.ok) throw new Error(plan.error.message)
  const run = new Run(plan.value, { id: 1, directory: join(temporaryFolder(), 'run'), programs })
  onTestFinished(async () => {
    await run.stop()
    run.close()
  })
  return run
}

/** Runs it to its end, which must be a good one. */
export async function perform(cast: Cast, options?: ProgramRunOptions): Promise<Run> {
  const run = createProgramRun(cast, options)
  await run.start()
  await run.ended
  if (run.info.state !== 'finished') throw new Error(run.info.error ?? run.info.state)
  return run
}

/** Fields that hold random bytes, or tell of them. */
const RANDOM: Partial<Record<EventName, readonly string[]>> = {
  'security:handshake_message': ['bytes', 'fields'],
  'security:key_updated': ['secret', 'key', 'iv'],
  'security:secret_logged': ['line'],
}
/** The one among them that is as long as what it tells of is many. */
const WORDS = 'fields'

/** All that happened in a run, but for the values of random bytes; of these, their length. */
export function happenings(run: Run): unknown[] {
  return [...run.reader.events()].map((event) => {
    const random = RANDOM[event.name] ?? []
    const data = Object.entries(event.data).map(([field, value]) => {
      if (!random.includes(field)) return [field, value]
      return [field, field === WORDS ? '' : String(value).length]
    })
    return { ...event, data: Object.fromEntries(data) as unknown }
  })
}
