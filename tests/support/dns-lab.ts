/** Runs of a DNS server and a client over one link, and what the client came to know. */
import * as v from 'valibot'
import { PROGRAMS } from '../../electron/engine/node/programs.ts'
import type { Program, Surroundings } from '../../electron/engine/node/program.ts'
import type { Run } from '../../electron/engine/run.ts'
import type { DriverName } from '../../shared/commands.ts'
import { DnsRecord, type DnsClientApp, type DnsServerApp, type ResolverSettings } from '../../shared/dns.ts'
import type { SetupInput } from '../../shared/experiment.ts'
import type { LinkInput } from '../../shared/link.ts'
import type { EventData, EventName } from '../../shared/trace/events.ts'
import { createRun, smallExperiment } from './runs.ts'

export type RecordInput = v.InferInput<typeof DnsRecord>
type QueryInput = Partial<DnsClientApp['queries'][number]> & { readonly name: string }

export interface DnsLab {
  readonly records?: readonly RecordInput[]
  readonly queries?: readonly QueryInput[]
  readonly server?: Partial<Omit<DnsServerApp, 'records'>>
  readonly resolver?: Partial<ResolverSettings>
  readonly link?: LinkInput
  readonly driver?: DriverName
  readonly seed?: number
  /** Instead of the real ones. */
  readonly serverProgram?: (lab: Surroundings) => Partial<Program>
  readonly clientProgram?: (lab: Surroundings) => Partial<Program>
}

/** One round trip, unless a lab has a link of its own. */
export const RTT = 20_000

export const recordOf = (input: RecordInput): DnsRecord => v.parse(DnsRecord, input)

/** A usual zone. */
export const RECORDS: readonly RecordInput[] = [
  { name: 'lab', type: 'SOA', ttl: 600, value: 'ns.lab admin.lab 1 7200 3600 86400 30' },
  { name: 'www.site.lab', type: 'CNAME', ttl: 60, value: 'site.lab' },
  { name: 'site.lab', type: 'A', ttl: 300, value: 'server' },
  { name: 'text.lab', type: 'TXT', value: 'words' },
]

export interface DnsResult {
  readonly run: Run
  readonly lookups: readonly {
    readonly name: string
    readonly at: number
    readonly took: number
    readonly outcome: string
    readonly values: string
    readonly ttl: number
  }[]
  readonly queries: readonly {
    readonly at: number
    readonly attempt: number
    readonly over: string
    readonly id: number
  }[]
  all<N extends EventName>(name: N): EventData<N>[]
}

const whole = (part: Partial<Program>): Program => ({
  get done() {
    return part.done ?? true
  },
  start: () => part.start?.(),
  stop: () => part.stop?.(),
})

function setupOf({
  records = RECORDS,
  queries = [{ name: 'site.lab' }],
  server,
  resolver,
  link,
}: DnsLab): SetupInput {
  const way = { delay: RTT / 2 }
  return {
    hosts: { client: { role: 'client' }, server: { role: 'server' } },
    links: { link: { a: 'client', b: 'server', ...(link ?? { up: way, down: way }) } },
    apps: {
      names: { kind: 'dns-server', host: 'server', records: [...records], ...server },
      asker: {
        kind: 'dns-client',
        host: 'client',
        queries: [...queries],
        resolver: { server: 'server', ...resolver },
      },
    },
  }
}

/** Runs it to its end. */
export async function runDns(lab: DnsLab): Promise<DnsResult> {
  const { driver = 'virtual', seed = 1, serverProgram, clientProgram } = lab
  const experiment = smallExperiment({ setup: setupOf(lab) })
  const programs = {
    ...PROGRAMS,
    ...(serverProgram && { 'dns-server': (_: unknown, world: Surroundings) => whole(serverProgram(world)) }),
    ...(clientProgram && { 'dns-client': (_: unknown, world: Surroundings) => whole(clientProgram(world)) }),
  }
  const run = createRun({ experiment: experiment as never, driver, seed }, { programs })
  await run.start()
  await run.ended
  if (run.info.error !== undefined) throw new Error(run.info.error)
  const events = [...run.reader.events(['dns:lookup_started', 'dns:lookup_finished', 'dns:query_sent'])]
  const started = events.filter((event) => event.name === 'dns:lookup_started')
  return {
    run,
    lookups: events
      .filter((event) => event.name === 'dns:lookup_finished')
      .map(({ t, data }) => {
        const { lookup, ...result } = data as EventData<'dns:lookup_finished'>
        const start = started.find((one) => (one.data as EventData<'dns:lookup_started'>).lookup === lookup)!
        const { name } = start.data as EventData<'dns:lookup_started'>
        return { name, at: start.t, took: t - start.t, ...result }
      }),
    queries: events
      .filter((event) => event.name === 'dns:query_sent')
      .map(({ t, data }) => ({ at: t, ...(data as EventData<'dns:query_sent'>) })),
    all: (name) => [...run.reader.events([name])].map(({ data }) => data) as never,
  }
}
