/**
 * A folder over HTTP/1.1, HTTP/2 and HTTP/3 for the programs of this machine, all through the lab's link: what comes in on loopback
 * enters the lab at its client, crosses the link as the lab's own TCP or UDP, and reaches the program `http-server` on the lab's server.
 */
import { createSocket, type Socket as UdpSocket } from 'node:dgram'
import { once } from 'node:events'
import { createServer, type AddressInfo, type Server, type Socket } from 'node:net'
import * as v from 'valibot'
import { failure, fromIssues, success, type Result } from '../../shared/errors.ts'
import { Setup } from '../../shared/experiment.ts'
import type { LinkInput } from '../../shared/link.ts'
import { RELAY_TCP } from './gateway-plan.ts'
import { KernelJoints } from './relay/kernel-join.ts'
import { KernelTrace } from './relay/kernel-trace.ts'
import { laboratoryAuthority, type Identity } from './node/authority.ts'
import { FolderSite } from './node/http/folder-site.ts'
import { HttpServer } from './node/http/server.ts'
import { PROGRAMS, type ProgramTable } from './node/programs.ts'
import type { RunPlan } from './plan.ts'
import { Run, type RunOptions } from './run.ts'
import { TcpEntrance } from './relay/tcp-relay.ts'
import { TRUE_RNG } from './true-rng.ts'
import { UdpEntrance } from './relay/udp-relay.ts'

const LANE = 'web'
const HOUR = 3_600e6
/** Ports are asked for in pairs, of TCP and UDP with one number; so often a free one is looked for. */
const MOST_TRIES = 20

export interface WebOptions {
  readonly root: string
  /** Of TCP and UDP on 127.0.0.1, and on ::1 where there is one; 0: any free one. */
  readonly port: number
  /** Instead of one for localhost by the laboratory's authority. */
  readonly identity?: Identity
  readonly link?: LinkInput
  readonly seed?: number
}

export interface WebServer {
  readonly run: Run
  readonly port: number
  /** The loopback addresses that it listens on. */
  readonly addresses: readonly string[]
  readonly identity: Identity
  /** The root that a client has to trust; undefined: the identity was given. */
  readonly root: string | undefined
}

/** What a server on this machine is called. */
const NAMES = ['localhost', '127.0.0.1', '::1']

/**
 * Serves a folder until the run is stopped. Errors: `root` is no folder; the identity can't be used. Rejects when the port is taken
 * (`EADDRINUSE`).
 */
export async function startWeb(options: WebOptions, runOptions: RunOptions): Promise<Result<WebServer>> {
  const authority = options.identity === undefined ? await laboratoryAuthority() : undefined
  const identity =
    options.identity ?? (await authority!.identity({ names: NAMES, key: 'p256', fault: 'none' }))
  const site = openSite(options.root)
  if (!site.ok) return site
  const doors = await openDoors(options.port)
  try {
    const plan = planOf(options, doors.port)
    if (!plan.ok) {
      doors.close()
      return plan
    }
    const answerer = site.value({ 'alt-svc': `h3=":${doors.port}"; ma=86400` })
    const trusted = { root: authority?.root ?? identity.chain, identity: () => Promise.resolve(identity) }
    const programs: ProgramTable = {
      ...PROGRAMS,
      // Its clients go by the calendar of this machine.
      'http-server': (setup, lab) =>
        new HttpServer(setup, { ...lab, authority: trusted, date: () => new Date() }, answerer),
    }
    const run = new Run(plan.value, { ...runOptions, programs, rng: TRUE_RNG })
    lead(run, doors)
    await run.start()
    void run.ended.then(() => doors.close())
    const { port, addresses } = doors
    return success({ run, port, addresses, identity, root: authority?.root })
  } catch (error) {
    doors.close()
    throw error
  }
}

type MakeSite = (always: Readonly<Record<string, string>>) => FolderSite

function openSite(root: string): Result<MakeSite> {
  try {
    // Now, so that a folder that is not there is told before anything is opened.
    new FolderSite(root)
    return success((always) => new FolderSite(root, always))
  } catch {
    const allowed = 'a folder that can be read'
    return failure({
      code: 'invalid',
      message: `--root: ${root} is not ${allowed}`,
      field: 'root',
      value: root,
      allowed,
    })
  }
}

function planOf({ link, seed = 1 }: WebOptions, port: number): Result<RunPlan> {
  const site = {
    kind: 'http-server',
    host: 'server',
    port,
    tls: { certificate: 'p256' },
    versions: ['h3', 'h2', 'http/1.1'],
    keepAlive: HOUR,
    resources: {},
  }
  const parsed = v.safeParse(Setup, {
    hosts: { client: { role: 'client', tcp: RELAY_TCP }, server: { role: 'server', tcp: RELAY_TCP } },
    links: { link: { a: 'client', b: 'server', ...link } },
    apps: { site },
  })
  if (!parsed.success) return failure(fromIssues(parsed.issues))
  return success({
    kind: 'experiment',
    name: 'web',
    title: { en: 'rexmit web', zh: 'rexmit web' },
    setup: parsed.output,
    lanes: [{ id: LANE, label: { en: 'Web', zh: '网站' }, set: {} }],
    steps: [],
    knobs: [],
    set: {},
    seed,
    driver: 'live',
    pace: null,
    duration: Infinity,
  })
}

/** Leads all that comes in by the doors to the server in the lab. */
function lead(run: Run, { port, udp, open }: Doors): void {
  const { hosts } = run.scene.lanes[0]
  const client = hosts.get('client')!
  const to = { address: hosts.get('server')!.station.host.address, port }
  const joints = new KernelJoints(run, 'web')
  const trace = new KernelTrace(run, 'web')
  const udpEntrance = new UdpEntrance({ host: client, run, trace, dontFragment: true }, to)
  for (const socket of udp) udpEntrance.attach(socket)
  void run.ended.then(() => udpEntrance.close())
  const tcpEntrance = new TcpEntrance(client, run, joints, to)
  open((kernel) => tcpEntrance.enter(kernel))
}

// --- sockets of the kernel ------------------------------------------------------------------------------------

interface Doors {
  readonly port: number
  readonly addresses: readonly string[]
  readonly udp: readonly UdpSocket[]
  /** Who takes the connections that come. */
  open(enter: (socket: Socket) => void): void
  close(): void
}

/** Listens on loopback, TCP and UDP on one port. With port 0 others may have one of the two: then another is tried. */
async function openDoors(port: number): Promise<Doors> {
  for (let tries = 1; ; tries++) {
    try {
      return await openPair(port)
    } catch (error) {
      const isTaken = (error as NodeJS.ErrnoException).code === 'EADDRINUSE'
      if (port !== 0 || !isTaken || tries >= MOST_TRIES) throw error
    }
  }
}

async function openPair(wanted: number): Promise<Doors> {
  const tcp: Server[] = []
  const udp: UdpSocket[] = []
  const addresses: string[] = []
  const close = (): void => {
    for (const socket of [...tcp, ...udp]) socket.close()
  }
  const listen = async (address: string, port: number): Promise<number> => {
    const server = createServer({ allowHalfOpen: true, noDelay: true })
    server.listen({ port, host: address, exclusive: true })
    await once(server, 'listening')
    tcp.push(server)
    const at = (server.address() as AddressInfo).port
    const socket = createSocket(address.includes(':') ? 'udp6' : 'udp4')
    socket.bind({ port: at, address, exclusive: true })
    await once(socket, 'listening')
    udp.push(socket)
    addresses.push(address)
    return at
  }
  try {
    const port = await listen('127.0.0.1', wanted)
    await listen('::1', port).catch((error: NodeJS.ErrnoException) => {
      // Not every machine has IPv6.
      if (error.code === 'EADDRINUSE') throw error
    })
    const open = (enter: (socket: Socket) => void): void => {
      for (const server of tcp) server.on('connection', enter)
    }
    return { port, addresses, udp, open, close }
  } catch (error) {
    close()
    throw error
  }
}
