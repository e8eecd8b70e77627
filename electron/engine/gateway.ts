/**
 * The user's own client through the lossy link: a kernel socket takes what comes on 127.0.0.1, it crosses the lab's TCP or UDP and
 * its link (live, so packets on real UDP sockets), and a kernel socket goes on to the target, or a server in the lab answers. Of TCP,
 * half-close and reset are carried through both ways; a target that is down shows as a reset, since the client's own connection was
 * accepted before the target could be asked. Of UDP it shows as silence. The trace tells of both.
 */
import { createSocket } from 'node:dgram'
import { lookup } from 'node:dns/promises'
import { once } from 'node:events'
import { createServer, isIP, type AddressInfo } from 'node:net'
import type { RunInfo } from '../../shared/commands.ts'
import { formatTarget, type GatewayPlan } from './gateway-plan.ts'
import { KernelJoints } from './relay/kernel-join.ts'
import { KernelTrace } from './relay/kernel-trace.ts'
import { PROGRAMS, type ProgramTable } from './node/programs.ts'
import { HttpServer } from './node/http/server.ts'
import { WelcomeSite } from './node/http/welcome-site.ts'
import { Run, type RunOptions } from './run.ts'
import type { PlacedHost } from './scene.ts'
import { TcpEntrance, TcpExit } from './relay/tcp-relay.ts'
import { UdpEntrance, UdpExit } from './relay/udp-relay.ts'
import { Visitors } from './relay/visitors.ts'

const LOOPBACK = '127.0.0.1'
const WHAT = 'gateway'
/** Windows hear of visitors no more often. */
const NEWS_MS = 250

/** The programs that there are, with the site of the built-in web server, whose visitors go by the calendar of this machine. */
const WITH_SITE: ProgramTable = {
  ...PROGRAMS,
  'http-server': (setup, lab) =>
    new HttpServer(setup, { ...lab, date: () => new Date() }, new WelcomeSite(lab)),
}

/**
 * Opens a gateway; it goes on until its run is stopped. `started` rejects when the port is taken (`EADDRINUSE`), or the target's name
 * has no address (`ENOTFOUND`).
 */
export function startGateway(plan: GatewayPlan, options: RunOptions): { run: Run; started: Promise<void> } {
  const run = new Run(plan, { ...options, programs: WITH_SITE })
  return { run, started: new Gateway(plan, run).start() }
}

class Gateway {
  private readonly plan: GatewayPlan
  private readonly run: Run
  private readonly near: PlacedHost
  private readonly far: PlacedHost
  private readonly visitors = new Visitors()
  private port = 0

  constructor(plan: GatewayPlan, run: Run) {
    this.plan = plan
    this.run = run
    const { hosts } = run.scene.lanes[0]
    this.near = hosts.get('client')!
    this.far = hosts.get('server')!
  }

  async start(): Promise<void> {
    const { run, plan } = this
    try {
      const { to } = plan
      const address = typeof to === 'string' ? '' : await addressOf(to.host)
      const open = plan.protocol === 'tcp' ? await this.openTcp() : await this.openUdp()
      await run.start(() => this.describe())
      open(address)
      this.tellOfVisitors()
    } catch (error) {
      await run.fail(error)
      throw error
    }
  }

  private describe(): RunInfo['gateway'] {
    const { listen, to, protocol } = { ...this.plan, listen: `${LOOPBACK}:${this.port}` }
    const { open, total, refused } = this.visitors
    // What is still open when the run ends is closed with it.
    const connections = { open: this.run.isOver ? 0 : open, total, refused }
    return { listen, to: typeof to === 'string' ? to : formatTarget(to), protocol, connections }
  }

  /** Takes the port; what is returned begins to use it, once the run has started. */
  private async openTcp(): Promise<(address: string) => void> {
    const { run, near, far, plan, visitors } = this
    const server = createServer({ allowHalfOpen: true, noDelay: true })
    void run.ended.then(() => server.close())
    server.listen({ port: plan.listen, host: LOOPBACK, exclusive: true })
    await once(server, 'listening')
    this.port = (server.address() as AddressInfo).port
    const joints = new KernelJoints(run, WHAT)
    const to = { address: far.station.host.address, port: plan.labPort }
    const entrance = new TcpEntrance(near, run, joints, to, visitors)
    server.on('connection', (socket) => entrance.enter(socket))
    return () => {
      if (typeof plan.to !== 'string') new TcpExit(far, run, joints, plan.labPort, plan.to)
    }
  }

  private async openUdp(): Promise<(address: string) => void> {
    const { run, near, far, plan, visitors } = this
    const socket = createSocket('udp4')
    void run.ended.then(() => socket.close())
    socket.bind({ port: plan.listen, address: LOOPBACK, exclusive: true })
    await once(socket, 'listening')
    this.port = socket.address().port
    const trace = new KernelTrace(run, WHAT)
    const common = { run, trace, dontFragment: false }
    return (address) => {
      const to = { address: far.station.host.address, port: plan.labPort }
      const entrance = new UdpEntrance({ ...common, host: near }, to, visitors)
      entrance.attach(socket)
      void run.ended.then(() => entrance.close())
      if (typeof plan.to === 'string') return
      const exit = new UdpExit({ ...common, host: far }, plan.labPort, { address, port: plan.to.port })
      void run.ended.then(() => exit.close())
    }
  }

  private tellOfVisitors(): void {
    let timer: NodeJS.Timeout | undefined
    this.visitors.onChange = () => {
      timer ??= setTimeout(() => {
        timer = undefined
        if (!this.run.isOver) this.run.noteChange()
      }, NEWS_MS)
    }
    void this.run.ended.then(() => clearTimeout(timer))
  }
}

async function addressOf(host: string): Promise<string> {
  if (isIP(host) > 0) return host
  // Loopback of this machine in the first place: that of IPv6 is not everywhere.
  const { address } = await lookup(host, { order: 'ipv4first' })
  return address
}
