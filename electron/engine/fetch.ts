/**
 * One request to a real server through the lab's link: the program `http-client` on the lab's client, the link, and then an edge that
 * goes on by kernel sockets: TCP connection for TCP connection, UDP datagram for UDP datagram. TLS and QUIC are the lab client's own,
 * so the trace has all of it.
 */
import { lookup } from 'node:dns/promises'
import { connect, isIP } from 'node:net'
import { rootCertificates } from 'node:tls'
import * as v from 'valibot'
import { failure, fromIssues, success, type Result } from '../../shared/errors.ts'
import { Setup } from '../../shared/experiment.ts'
import type { HttpClientApp, HttpVersion } from '../../shared/http.ts'
import type { LinkInput } from '../../shared/link.ts'
import { KernelJoints } from './relay/kernel-join.ts'
import { KernelTrace } from './relay/kernel-trace.ts'
import { HttpClient, type Hearer } from './node/http/client.ts'
import { PROGRAMS, type ProgramTable } from './node/programs.ts'
import type { RunPlan } from './plan.ts'
import { Run, type RunOptions } from './run.ts'
import { SocketHost } from './sockets.ts'
import { TRUE_RNG } from './true-rng.ts'
import { UdpExit } from './relay/udp-relay.ts'

const LANE = 'fetch'

export interface FetchOptions {
  readonly url: string
  readonly version: HttpVersion
  /** PEM of the roots to trust; absent: those that Node has. */
  readonly roots?: string
  readonly link?: LinkInput
  readonly seed?: number
  /** The longest that it may take, in microseconds. */
  readonly timeout: number
}

/** What is wanted, and from whom. */
export interface FetchPlan extends RunPlan {
  readonly url: URL
  readonly roots: string
}

export interface FetchRun {
  readonly run: Run
  readonly started: Promise<void>
  /** What went wrong with kernel sockets, if anything did. */
  readonly problem: () => string | undefined
}

const invalid = (value: string, allowed: string): Result<never> =>
  failure({ code: 'invalid', message: `URL: ${value} is not ${allowed}`, field: 'url', value, allowed })

/** Checks what is asked for. */
export function planFetch(options: FetchOptions): Result<FetchPlan> {
  const { url: text, version, link, seed = 1, timeout } = options
  const url = URL.canParse(text) ? new URL(text) : undefined
  if (url === undefined || (url.protocol !== 'https:' && url.protocol !== 'http:'))
    return invalid(text, 'https://HOST[:PORT]/PATH or http://...')
  if (url.hostname.startsWith('[')) return invalid(text, 'a URL with a name or an IPv4 address')
  if (url.protocol === 'http:' && version === 'h3') return invalid(text, 'https, as HTTP/3 has to be')
  const parsed = v.safeParse(Setup, {
    hosts: { client: { role: 'client' }, edge: { role: 'server' } },
    links: { link: { a: 'client', b: 'edge', ...link } },
    apps: { fetch: clientOf(url, version) },
  })
  if (!parsed.success) return failure(fromIssues(parsed.issues))
  return success({
    kind: 'experiment',
    name: 'fetch',
    title: { en: `rexmit fetch ${url.host}`, zh: `rexmit fetch ${url.host}` },
    setup: parsed.output,
    lanes: [{ id: LANE, label: { en: 'Fetch', zh: '获取' }, set: {} }],
    steps: [],
    knobs: [],
    set: {},
    seed,
    driver: 'live',
    pace: null,
    duration: timeout,
    url,
    roots: options.roots ?? rootCertificates.join('\n'),
  })
}

const portOf = ({ port, protocol }: URL): number =>
  port !== '' ? Number(port) : protocol === 'https:' ? 443 : 80

const clientOf = (url: URL, version: HttpVersion): v.InferInput<typeof Setup>['apps'][string] => ({
  kind: 'http-client',
  host: 'client',
  to: 'edge',
  port: portOf(url),
  tls: url.protocol === 'https:' ? { serverName: url.hostname } : null,
  version,
  redirects: 0,
  requests: [{ target: url.pathname + url.search, fields: { accept: '*/*', 'user-agent': 'rexmit' } }],
})

/** Begins it; the run ends when the answer is there, when that fails, or when the time is over. */
export function startFetch(plan: FetchPlan, runOptions: RunOptions, hear: Hearer): FetchRun {
  const { url, roots } = plan
  const authority = {
    root: roots,
    identity: () => Promise.reject(new Error('a client has no certificate of its own')),
  }
  const programs: ProgramTable = {
    ...PROGRAMS,
    // Certificates of real servers are of today, and requests carry the server's own name.
    'http-client': (setup: HttpClientApp, lab) =>
      new HttpClient(
        Object.assign({}, setup, { authority: url.host }),
        { ...lab, authority, date: () => new Date() },
        hear,
      ),
  }
  const run = new Run(plan, { ...runOptions, programs, rng: TRUE_RNG })
  let problem: string | undefined
  const started = begin(run, plan, (text) => (problem ??= text))
  return { run, started, problem: () => problem }
}

async function begin(run: Run, { url }: FetchPlan, onProblem: (text: string) => void): Promise<void> {
  const port = portOf(url)
  const edge = run.scene.lanes[0].hosts.get('edge')!
  const { address } = await addressOf(url.hostname)
  const where = `${address}:${port}`
  const tell = (error: NodeJS.ErrnoException): void => onProblem(`${where}: ${error.code ?? error.message}`)
  const trace = new KernelTrace(run, 'fetch')
  const exit = new UdpExit({ host: edge, run, trace, dontFragment: true }, port, { address, port })
  exit.onError = tell
  const far = new SocketHost(edge, run.driver)
  const joints = new KernelJoints(run, 'fetch')
  await run.start()
  far.listen(
    port,
    (lab) => {
      const kernel = connect({ host: address, port, allowHalfOpen: true, noDelay: true })
      kernel.once('error', tell)
      joints.join(kernel, lab, `${LANE}/edge`, where)
    },
    { allowHalfOpen: true },
  )
  void run.ended.then(() => exit.close())
}

async function addressOf(host: string): Promise<{ address: string; family: number }> {
  if (isIP(host) > 0) return { address: host, family: isIP(host) }
  // Loopback of this machine in the first place: that of IPv6 is not everywhere.
  return lookup(host, { order: 'ipv4first' })
}
