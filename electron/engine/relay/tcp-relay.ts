/** TCP between programs on this machine and hosts of the lab: the way in and the way out. */
import { connect, type Socket } from 'node:net'
import type { Endpoint } from '../../protocol/wire/address.ts'
import type { KernelJoints } from './kernel-join.ts'
import type { Run } from '../run.ts'
import type { PlacedHost } from '../scene.ts'
import { SocketHost, type LabSocket } from '../sockets.ts'
import { Visitors } from './visitors.ts'

/** The way in: each connection of a program on this machine goes on as one of a lab host to a server in the lab. */
export class TcpEntrance {
  private readonly node: string
  private readonly sockets: SocketHost
  private readonly joints: KernelJoints
  private readonly to: Endpoint
  private readonly visitors: Visitors

  constructor(host: PlacedHost, run: Run, joints: KernelJoints, to: Endpoint, visitors = new Visitors()) {
    this.node = host.node.name
    this.sockets = new SocketHost(host, run.driver)
    this.joints = joints
    this.to = to
    this.visitors = visitors
  }

  /** Takes a connection that the kernel has accepted. */
  enter(client: Socket): void {
    if (!this.visitors.admit()) {
      client.resetAndDestroy()
      return
    }
    client.once('close', () => this.visitors.leave())
    let lab: LabSocket
    try {
      lab = this.sockets.connect(this.to, { allowHalfOpen: true })
    } catch {
      // All ports of the lab's client are in use, as they can be on a real host.
      client.resetAndDestroy()
      return
    }
    this.joints.join(client, lab, this.node, `${client.remoteAddress}:${client.remotePort}`)
  }
}

/** The way out: each connection to a port of a lab host goes on to a server beyond. */
export class TcpExit {
  private readonly node: string
  private readonly joints: KernelJoints
  private readonly target: { readonly host: string; readonly port: number }

  /** Opens the port, so the run must have started. */
  constructor(
    host: PlacedHost,
    run: Run,
    joints: KernelJoints,
    labPort: number,
    target: { readonly host: string; readonly port: number },
  ) {
    this.node = host.node.name
    this.joints = joints
    this.target = target
    new SocketHost(host, run.driver).listen(labPort, (lab) => this.leave(lab), { allowHalfOpen: true })
  }

  private leave(lab: LabSocket): void {
    const { host, port } = this.target
    const kernel = connect({ host, port, allowHalfOpen: true, noDelay: true })
    this.joints.join(kernel, lab, this.node, `${host}:${port}`)
  }
}
