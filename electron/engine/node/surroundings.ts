/** What programs have of the laboratory, and the life of all programs of a run. */
import type { App, Setup } from '../../../shared/experiment.ts'
import type { HttpVersion } from '../../../shared/http.ts'
import type { Trace } from '../../../shared/trace/sink.ts'
import { LAB_EPOCH, toMillis, type Micros } from '../../../shared/units.ts'
import type { Driver } from '../drivers/driver.ts'
import { Http3Sockets } from '../http3-sockets.ts'
import type { Rng } from '../../protocol/random.ts'
import type { PlacedHost, PlacedLane, Scene } from '../scene.ts'
import { SocketHost } from '../sockets.ts'
import { UdpSocketHost } from '../udp-sockets.ts'
import type { WorldNode } from '../world.ts'
import type { Authority } from './authority.ts'
import { LabTimers } from './lab-timers.ts'
import type { Cancel, Surroundings } from './program.ts'
import { whyNotForQuic } from './quic-tls.ts'
import { identityOf } from './tls.ts'
import { whyUnsupported } from './tls-support.ts'
import { createProgram, isProgram, type ProgramSetup, type ProgramTable } from './programs.ts'

/** What all programs of a run share. */
interface Laboratory {
  readonly scene: Scene
  readonly driver: Driver
  readonly authority: Authority
  readonly table: ProgramTable
  /** What programs draw from, instead of the run's seed. */
  readonly rng?: Rng
}

/** The programs of all lanes: made when the run starts, taken down when it ends. */
export class Programs {
  private readonly lab: Laboratory
  private readonly timers: LabTimers
  private readonly timerNode: WorldNode
  private readonly sockets = new Map<PlacedHost, Pick<Surroundings, 'sockets' | 'udp'>>()
  private concluded = false

  /** Makes the programs that the set-ups of the lanes name. The world must not have begun. */
  constructor(lab: Laboratory) {
    this.lab = lab
    this.timers = new LabTimers((action) => lab.driver.outside.tellLater(action))
    this.timerNode = lab.scene.world.add('programs', this.timers)
    for (const lane of lab.scene.lanes) {
      const common = new Map<string, unknown>()
      for (const [name, setup] of Object.entries(lane.setup.apps)) {
        if (!isProgram(setup)) continue
        const surroundings = this.surroundings(lane, name, setup, common)
        lane.programs.set(name, createProgram(setup, surroundings, lab.table))
      }
    }
  }

  /**
   * What takes wall time and is not to count as lab time: certificates, libraries. Rejects when the TLS library cannot do what a
   * setting asks.
   */
  async prepare(): Promise<void> {
    const { authority, scene } = this.lab
    for (const { setup } of scene.lanes)
      for (const [name, app] of Object.entries(setup.apps)) {
        if (!isProgram(app) || !('tls' in app) || app.tls === null) continue
        const versions = versionsOf(app)
        const problem =
          (versions.includes('h3') ? whyNotForQuic(app.tls) : undefined) ??
          (versions.some((version) => version !== 'h3')
            ? await whyUnsupported(app.tls, authority)
            : undefined)
        if (problem !== undefined) throw new Error(`apps.${name}.tls.${problem}`)
        if ('certificate' in app.tls) await authority.identity(identityOf(app.host, app.tls))
      }
    for (const program of this.all()) await program.prepare?.()
  }

  start(): void {
    for (const program of this.all()) program.start()
  }

  /** Hands on what differs. A knob may be turned within a step of the world; programs hear of it after that. */
  configure(lane: PlacedLane, setup: Setup): void {
    const before = lane.setup
    for (const [name, program] of lane.programs)
      if (JSON.stringify(before.apps[name]) !== JSON.stringify(setup.apps[name]))
        this.lab.driver.outside.tellLater(() => program.configure?.(setup.apps[name]))
  }

  /** Tells all, once, that the others are done; returns whether that was before. */
  conclude(): boolean {
    if (this.concluded) return true
    this.concluded = true
    this.lab.driver.outside.tellLater(() => {
      for (const program of this.all()) program.conclude?.()
    })
    return false
  }

  stop(): void {
    for (const program of this.all()) program.stop()
  }

  private *all() {
    for (const lane of this.lab.scene.lanes) yield* lane.programs.values()
  }

  private surroundings(
    lane: PlacedLane,
    name: string,
    setup: App,
    common: Map<string, unknown>,
  ): Surroundings {
    const { scene, driver, authority } = this.lab
    const host = lane.hosts.get(setup.host)!
    const now = (): Micros => driver.now()
    const trace = scene.traceOf(host.node.name)
    const rng = this.lab.rng ?? scene.rngOf(name)
    return {
      ...this.socketsOf(host),
      now,
      date: () => new Date(LAB_EPOCH + Math.floor(toMillis(now()))),
      after: (span, action) => this.after(span, action),
      hold: (work) => driver.outside.hold(work),
      http3: (settings) =>
        new Http3Sockets({
          ...{ host, driver, trace, settings },
          // Connection ids that no other lane has: an analyser knows connections by them.
          quic: (options) => scene.addQuic(host, { ...options, rng: rng.fork(`quic ${host.node.name}`) }),
        }),
      trace: stamped(trace, () => scene.world.stamp(now())),
      stepTrace: trace,
      rng,
      authority,
      overhear: (hear) => scene.onlookers.overhear(host.node.name, hear),
      addressOf: (of) => lane.hosts.get(of)!.station.host.address,
      setupOf: (app) => lane.setup.apps[app],
      common<T>(what: string, make: () => T): T {
        if (!common.has(what)) common.set(what, make())
        return common.get(what) as T
      },
    }
  }

  /** One for all programs of a host: with a thousand of them, an event need not be shown to each. */
  private socketsOf(host: PlacedHost): Pick<Surroundings, 'sockets' | 'udp'> {
    let sockets = this.sockets.get(host)
    if (sockets === undefined) {
      const { driver } = this.lab
      sockets = { sockets: new SocketHost(host, driver), udp: new UdpSocketHost(host, driver) }
      this.sockets.set(host, sockets)
    }
    return sockets
  }

  private after(span: number, action: () => void): Cancel {
    const { driver } = this.lab
    driver.outside.activity++
    const cancel = driver.act(this.timerNode, (now) => this.timers.set(now, span, action))
    return () => driver.act(this.timerNode, () => cancel())
  }
}

/** The versions of HTTP that a program may come to speak; all but HTTP/3 have their TLS from Node, and so has all that is not HTTP. */
function versionsOf(app: ProgramSetup): readonly HttpVersion[] {
  if (app.kind === 'http-server') return app.versions
  if (app.kind !== 'http-client') return ['http/1.1']
  return [app.version, ...(app.fallback ? [app.fallback.version] : [])]
}

/** A trace for what happens outside of the cores, where nobody else says what time it is. */
function stamped(trace: Trace, stamp: () => void): Trace {
  return {
    emit(name, data, pkt) {
      stamp()
      trace.emit(name, data, pkt)
    },
    scope: (of) => stamped(trace.scope(of), stamp),
  }
}
