/** The program `rpc-server`: answers calls in one of two styles. */
import type { RpcServerApp } from '../../../../shared/messaging.ts'
import type { VersionServer } from '../http/server.ts'
import { listenForTransports } from '../http/transport.ts'
import type { Program, Surroundings } from '../program.ts'
import { GrpcServer } from './grpc-server.ts'
import { JsonServer } from './json-server.ts'
import { Service } from './service.ts'

export class RpcServer implements Program {
  /** It waits for clients, so it is never what a run waits for. */
  readonly done = true
  private readonly setup: RpcServerApp
  private readonly lab: Surroundings
  private readonly server: VersionServer

  constructor(setup: RpcServerApp, lab: Surroundings) {
    const service = new Service(setup, lab)
    this.setup = setup
    this.lab = lab
    this.server = setup.style === 'json' ? new JsonServer(service, lab) : new GrpcServer(service, lab)
  }

  start(): void {
    const { setup, lab, server } = this
    lab.trace.emit('app:started', { what: setup.kind, bytes: 0 })
    const versions = [setup.style === 'json' ? ('http/1.1' as const) : ('h2' as const)]
    listenForTransports(lab, { ...setup, versions }, (transport) => server.accept(transport))
  }

  stop(): void {
    this.server.stop()
  }
}
