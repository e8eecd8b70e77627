/** The program `http-server`: a site behind a port, in HTTP/1.1 and HTTP/2 over TLS or in the clear, and in HTTP/3. */
import type { HttpServerApp } from '../../../../shared/http.ts'
import type { Program, Surroundings } from '../program.ts'
import { Http1Server } from './server-http1.ts'
import { Http2Server } from './server-http2.ts'
import { Http3Server } from './server-http3.ts'
import { Site, type Answerer } from './site.ts'
import { listenForTransports, type TcpVersion, type Transport } from './transport.ts'

/** What serves the connections of one version over TCP. */
export interface VersionServer {
  accept(transport: Transport): void
  /** Lets go of all connections, at once. */
  stop(): void
}

export class HttpServer implements Program {
  /** It waits for clients, so it is never what a run waits for. */
  readonly done = true
  private readonly setup: HttpServerApp
  private readonly lab: Surroundings
  private readonly servers: Readonly<Record<TcpVersion, VersionServer>>
  private readonly http3: Http3Server | undefined

  /** `site`: something else than what the set-up describes. */
  constructor(setup: HttpServerApp, lab: Surroundings, site: Answerer = new Site(setup.resources, lab)) {
    this.setup = setup
    this.lab = lab
    this.servers = { 'http/1.1': new Http1Server(site, setup, lab), h2: new Http2Server(site, setup, lab) }
    if (setup.versions.includes('h3')) this.http3 = new Http3Server(site, setup, lab)
  }

  start(): void {
    this.lab.trace.emit('app:started', { what: 'http-server', bytes: 0 })
    listenForTransports(this.lab, this.setup, (transport) =>
      this.servers[transport.version].accept(transport),
    )
    this.http3?.listen()
  }

  stop(): void {
    for (const server of Object.values(this.servers)) server.stop()
    this.http3?.stop()
  }
}
