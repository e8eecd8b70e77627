/**
 * The user's own client through the lossy link: a kernel socket accepts on 127.0.0.1, the bytes cross the lab's TCP
 * and its link (live, so packets on real UDP sockets), and a kernel socket goes on to the target. Half-close and
 * reset are carried through both ways; a target that is down shows as a reset, since the client's own connection was
 * accepted before the target could be asked.
 */
import { connect, createServer, type AddressInfo, type Server, type Socket } from 'node:net'
import * as v from 'valibot'
import type { Command } from '../../shared/commands.ts'
import { fromIssues, failure, success, type Result } from '../../shared/errors.ts'
import { Setup } from '../../shared/experiment.ts'
import type { LinkInput } from '../../shared/link.ts'
import { KernelJoints } from './kernel-join.ts'
import type { RunPlan } from './plan.ts'
import { Run, type RunOptions } from './run.ts'
import { SocketHost, type LabSocket } from './sockets.ts'

const LOOPBACK = '127.0.0.1'
/** The lab's port of the gateway's far end. */
const LAB_PORT = 1080
const LANE = 'gateway'

export interface GatewayOptions {
  /** Port on 127.0.0.1; 0: any free one. */
  readonly listen: number
  readonly host: string
  readonly port: number
  readonly link?: LinkInput
  readonly seed?: number
}

export interface GatewayPlan extends RunPlan {
  readonly kind: 'gateway'
  readonly listen: number
  readonly target: { readonly host: string; readonly port: number }
}

/**
 * TCP without Nagle, as the kernel's bytes come in pieces that are meant as they are; a short TIME-WAIT, as the ports
 * of one pair of hosts would run out otherwise; queues for as many clients as a kernel would let in.
 */
const TCP = { nagle: false, msl: 1_000_000, synBacklog: 4096, acceptBacklog: 4096 }

/** The set-up of a gateway: a client, a server, and the link between them. */
export function planGateway(
  options: GatewayOptions | Extract<Command, { type: 'gateway.start' }>,
): Result<GatewayPlan> {
  const parsed = v.safeParse(Setup, {
    hosts: { client: { role: 'client', tcp: TCP }, server: { role: 'server', tcp: TCP } },
    links: { link: { a: 'client', b: 'server', ...options.link } },
    apps: {},
  })
  if (!parsed.success) return failure(fromIssues(parsed.issues))
  const to = `${options.host}:${options.port}`
  return success({
    kind: 'gateway',
    name: 'gateway',
    title: { en: `Gateway to ${to}`, zh: `通往 ${to} 的网关` },
    setup: parsed.output,
    lanes: [{ id: LANE, label: { en: 'Gateway', zh: '网关' }, set: {} }],
    steps: [],
    knobs: [],
    set: {},
    seed: options.seed ?? 1,
    driver: 'live',
    pace: null,
    duration: Infinity,
    listen: options.listen,
    target: { host: options.host, port: options.port },
  })
}

/** Opens a gateway; it goes on until its run is stopped. `started` rejects when the port is taken. */
export function startGateway(plan: GatewayPlan, options: RunOptions): { run: Run; started: Promise<void> } {
  const run = new Run(plan, options)
  return { run, started: new Gateway(plan, run).start() }
}

class Gateway {
  private readonly plan: GatewayPlan
  private readonly run: Run
  private readonly near: SocketHost
  private readonly far: SocketHost
  private readonly farAddress: number
  private readonly server: Server
  private readonly joints: KernelJoints

  constructor(plan: GatewayPlan, run: Run) {
    this.plan = plan
    this.run = run
    const { hosts } = run.scene.lanes[0]
    const [client, server] = [hosts.get('client')!, hosts.get('server')!]
    this.near = new SocketHost(client, run.driver)
    this.far = new SocketHost(server, run.driver)
    this.farAddress = server.station.host.address
    this.joints = new KernelJoints(run, 'gateway')
    this.server = createServer({ allowHalfOpen: true, noDelay: true }, (socket) => this.enter(socket))
  }

  async start(): Promise<void> {
    const { listen, target } = this.plan
    try {
      await new Promise<void>((resolve, reject) => {
        this.server.once('error', reject)
        this.server.listen({ port: listen, host: LOOPBACK, exclusive: true }, resolve)
      })
    } catch (error) {
      await this.run.fail(error)
      throw error
    }
    const { port } = this.server.address() as AddressInfo
    await this.run.start({ listen: `${LOOPBACK}:${port}`, to: `${target.host}:${target.port}` })
    this.far.listen(LAB_PORT, (socket) => this.leave(socket), { allowHalfOpen: true })
    void this.run.ended.then(() => this.server.close())
  }

  /** A client of the user's connected: on into the lab. */
  private enter(client: Socket): void {
    let lab: LabSocket
    try {
      lab = this.near.connect({ address: this.farAddress, port: LAB_PORT }, { allowHalfOpen: true })
    } catch {
      // All ports of the lab's client are in use, as they can be on a real host.
      client.resetAndDestroy()
      return
    }
    this.joints.join(client, lab, 'gateway/client', `${client.remoteAddress}:${client.remotePort}`)
  }

  /** It came out at the far end: on to the target. */
  private leave(lab: LabSocket): void {
    const { host, port } = this.plan.target
    const target = connect({ host, port, allowHalfOpen: true, noDelay: true })
    this.joints.join(target, lab, 'gateway/server', `${host}:${port}`)
  }
}
