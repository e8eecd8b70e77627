/** Runs of an HTTP server and a client over one link, and what their applications said. */
import * as v from 'valibot'
import type { ProgramTable } from '../../electron/engine/node/programs.ts'
import type { Run } from '../../electron/engine/run.ts'
import type { DriverName } from '../../shared/commands.ts'
import type { SetupInput } from '../../shared/experiment.ts'
import type { HttpClientApp, HttpServerApp } from '../../shared/http.ts'
import type { LinkInput } from '../../shared/link.ts'
import type { QuicSettings } from '../../shared/quic.ts'
import type { TcpSettingsInput } from '../../shared/tcp.ts'
import type { EventData, EventName } from '../../shared/trace/events.ts'
import { HttpClientApp as ClientSchema, HttpServerApp as ServerSchema } from '../../shared/http.ts'
import { createRun, smallExperiment } from './runs.ts'

type ServerInput = Partial<v.InferInput<typeof ServerSchema>>
type ClientInput = Partial<v.InferInput<typeof ClientSchema>>
export type ResourcesInput = v.InferInput<typeof ServerSchema>['resources']

export interface HttpLab {
  readonly resources: ResourcesInput
  readonly requests: v.InferInput<typeof ClientSchema>['requests']
  readonly server?: ServerInput
  readonly client?: ClientInput
  readonly link?: LinkInput
  readonly tcp?: TcpSettingsInput
  /** Applications beside the server and the client. */
  readonly others?: SetupInput['apps']
  readonly quic?: Partial<Record<'client' | 'server', v.InferInput<typeof QuicSettings>>>
  readonly driver?: DriverName
  readonly seed?: number
  readonly duration?: number
  /** Others in the place of those that are built in. */
  readonly programs?: ProgramTable
  readonly steps?: readonly { at: number; set: Record<string, unknown> }[]
}

/** One round trip, unless a lab has a link of its own. */
export const RTT = 20_000

const setupOf = (lab: HttpLab): SetupInput => {
  // As browsers and web servers have it.
  const tcp = { nagle: false, ...lab.tcp }
  const version = lab.client?.version ?? 'http/1.1'
  // In the clear, a server speaks one version: that of its client.
  const versions = lab.server?.tls && version !== 'h3' ? undefined : { versions: [version] }
  const { quic } = lab
  return {
    hosts: {
      client: { role: 'client', tcp, quic: quic?.client },
      server: { role: 'server', tcp, quic: quic?.server },
    },
    links: {
      link: {
        a: 'client',
        b: 'server',
        ...(lab.link ?? { up: { delay: RTT / 2 }, down: { delay: RTT / 2 } }),
      },
    },
    apps: {
      site: {
        kind: 'http-server',
        host: 'server',
        port: 80,
        ...versions,
        resources: lab.resources,
        ...lab.server,
      },
      browser: {
        kind: 'http-client',
        host: 'client',
        to: 'server',
        port: 80,
        requests: lab.requests,
        ...lab.client,
      },
      ...lab.others,
    } as SetupInput['apps'],
  }
}

/** What one of the requests came to. */
export interface Exchange {
  readonly request: number
  readonly queuedAt: number
  readonly url: string
  readonly initiator: number
  readonly attempt: number
  sentAt?: number
  flow?: string
  exchange?: number
  reused?: boolean
  status?: number
  type?: string
  startedAt?: number
  finishedAt?: number
  content?: number
  encoded?: number
  encoding?: string
  source?: string
  sha256?: string
  error?: string
  message?: string
}

export interface HttpResult {
  readonly run: Run
  /** In the order in which they were queued. */
  readonly exchanges: Exchange[]
  /** The data of all events of a name. */
  all<N extends EventName>(name: N): EventData<N>[]
  /** Event lines of all that the applications said, with their times. */
  readonly story: string[]
}

/** Runs it to its end. */
export async function runHttp(lab: HttpLab): Promise<HttpResult> {
  const { driver = 'virtual', seed = 1, duration = 600_000_000, steps = [] } = lab
  const experiment = smallExperiment({ setup: setupOf(lab), duration, steps: steps as never })
  const { programs } = lab
  const run = createRun({ experiment: experiment as never, driver, seed }, programs && { programs })
  await run.start()
  await run.ended
  if (run.info.error !== undefined) throw new Error(run.info.error)
  return {
    run,
    exchanges: exchangesOf(run),
    all: (name) => [...run.reader.events([name])].map(({ data }) => data) as never,
    story: [...run.reader.events()]
      .filter(({ name }) => /^(app|http:(request|response|cache|cookie|session))/.test(name))
      .map(({ t, node, flow, name, data }) => JSON.stringify([t, node, flow, name, data])),
  }
}

function exchangesOf(run: Run): Exchange[] {
  const all: Exchange[] = []
  const last = (request: number): Exchange => all.findLast((exchange) => exchange.request === request)!
  const names = [
    'http:request_queued',
    'http:request_sent',
    'http:response_started',
    'http:response_finished',
  ] as const
  for (const { name, t, flow, data } of run.reader.events([...names])) {
    const { request, ...rest } = data as unknown as Pick<
      Exchange,
      'request' | 'url' | 'initiator' | 'attempt'
    > &
      Record<string, never>
    if (name === 'http:request_queued') all.push({ request, queuedAt: t, ...rest })
    else if (name === 'http:request_sent') Object.assign(last(request), { sentAt: t, flow, ...rest })
    else if (name === 'http:response_started') {
      const { status, content_type: type } = rest
      Object.assign(last(request), { startedAt: t, status, type })
    } else Object.assign(last(request), { finishedAt: t, ...rest })
  }
  return all
}

/** Set-ups as a program gets them, with all defaults. */
export const serverSetup = (input: ServerInput & { resources: ResourcesInput }): HttpServerApp =>
  v.parse(ServerSchema, { kind: 'http-server', host: 'server', port: 80, ...input })
export const clientSetup = (input: ClientInput): HttpClientApp =>
  v.parse(ClientSchema, { kind: 'http-client', host: 'client', to: 'server', port: 80, ...input })
