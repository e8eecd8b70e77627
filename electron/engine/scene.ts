/**
 * A world as a set-up describes it, once for each lane: hosts with their applications, the links between them, and switches and
 * routers. Each lane has addresses of its own (`network.ts`). The dice of a link do not know their lane, so that every lane loses the same
 * packets.
 */
import type { Lane, Setup } from '../../shared/experiment.ts'
import type { LinkSpec } from '../../shared/link.ts'
import type { LinkAudit } from '../../shared/link-audit.ts'
import type { QuicSettings } from '../../shared/quic.ts'
import type { Trace } from '../../shared/trace/sink.ts'
import type { Micros } from '../../shared/units.ts'
import { Host } from '../protocol/ip/host.ts'
import { Link } from '../protocol/link/link.ts'
import { createRng, type Rng } from '../protocol/random.ts'
import type { LearningSwitch } from '../protocol/ethernet/switch.ts'
import type { Router } from '../protocol/ip/router.ts'
import { formatAddress, type Ipv4Address } from '../protocol/wire/address.ts'
import { createApp, isLabApp, type LabApp, type LabAppSetup } from './apps/create.ts'
import { Streams } from './apps/streams.ts'
import { createEnv, PacketNumbers } from './env.ts'
import { gatewayAddress, hostAddress, linksOf, portOf, targetAddress, unusedAddresses } from './network.ts'
import {
  attachHost,
  configureRouter,
  createRouter,
  createSwitch,
  type EthernetWire,
  type LanePlace,
} from './network-nodes.ts'
import type { Program } from './node/program.ts'
import { nodeCrypto } from './node-crypto.ts'
import { Onlookers } from './onlooker/onlookers.ts'
import { QuicHost, type QuicHostOptions } from './quic/quic-host.ts'
import { Station } from './station.ts'
import { World, type Plug, type Witness, type WorldNode } from './world.ts'

export interface PlacedHost {
  readonly node: WorldNode
  readonly station: Station
  /** QUIC of its programs; each has an endpoint of its own. */
  readonly quic: QuicHost[]
  /** For endpoints that are yet to come. */
  quicSettings: QuicSettings
}

export interface PlacedLink {
  readonly node: WorldNode
  readonly link: Link
}

export interface PlacedSwitch {
  readonly node: WorldNode
  readonly bridge: LearningSwitch
}

export interface PlacedRouter {
  readonly node: WorldNode
  readonly router: Router
}

/** One lane's copy of the topology; names are those of the set-up, without the lane. */
export interface PlacedLane extends LanePlace {
  setup: Setup
  readonly hosts: ReadonlyMap<string, PlacedHost>
  readonly links: ReadonlyMap<string, PlacedLink>
  readonly switches: ReadonlyMap<string, PlacedSwitch>
  readonly routers: ReadonlyMap<string, PlacedRouter>
  readonly apps: ReadonlyMap<string, LabApp>
  /** What these write on their connections. */
  readonly streams: Streams
  /** The applications that live in Node; they come with the start of the run. */
  readonly programs: Map<string, Program>
}

export const linkSpecOf = ({ up, down }: Setup['links'][string]): LinkSpec => ({ up, down })

export class Scene {
  readonly world: World
  readonly numbers = new PacketNumbers()
  readonly lanes: PlacedLane[] = []
  readonly onlookers = new Onlookers()
  private readonly rng: Rng
  private readonly trace: Trace

  constructor(witness: Witness, trace: Trace, seed: number) {
    this.world = new World(witness)
    this.trace = trace
    this.rng = createRng(seed)
  }

  /** Adds a lane: its nodes, their cables, its applications. The set-up must have been validated. */
  addLane({ id }: Pick<Lane, 'id'>, setup: Setup): PlacedLane {
    const place = { id, index: this.lanes.length }
    const named = <T>(record: object, add: (name: string) => T): Map<string, T> =>
      new Map(Object.keys(record).map((name) => [name, add(name)]))
    const hosts = named(setup.hosts, (name) => {
      const address = hostAddress(place.index, setup, name)
      return this.addHost(`${id}/${name}`, address, setup.hosts[name], wireOf(place, setup, name))
    })
    const switches = named(setup.switches, (name) => this.addSwitch(place, setup, name))
    const routers = named(setup.routers, (name) => this.addRouter(place, setup, name))
    const nodeOf = (name: string): WorldNode =>
      (hosts.get(name) ?? switches.get(name) ?? routers.get(name))!.node
    const links = named(setup.links, (name) => {
      const { a, b } = setup.links[name]
      const [plugA, plugB] = [a, b].map((end) => ({ node: nodeOf(end), port: portOf(setup, end, name) }))
      return this.addLink(id, name, linkSpecOf(setup.links[name]), plugA, plugB, setup.ethernet)
    })
    const apps = new Map<string, LabApp>()
    const programs = new Map<string, Program>()
    const streams = new Streams()
    const placed = { ...place, setup, hosts, links, switches, routers, apps, streams, programs }
    for (const app of Object.values(setup.apps)) {
      if (app.kind === 'dns-server') this.onlookers.expect(app.port, 'dns')
      if (app.kind === 'mqtt-broker') this.onlookers.expect(app.port, 'mqtt')
    }
    for (const [name, app] of Object.entries(setup.apps))
      if (isLabApp(app)) apps.set(name, this.addApp(placed, name, app))
    this.lanes.push(placed)
    return placed
  }

  /** A host, on an Ethernet if it has a wire to one. */
  addHost(
    name: string,
    address: Ipv4Address,
    { role, tcp, quic: quicSettings, power }: Pick<Setup['hosts'][string], 'role' | 'tcp' | 'quic' | 'power'>,
    wire?: EthernetWire,
  ): PlacedHost {
    const trace = this.trace.scope({ node: name })
    trace.emit('sim:node_added', { kind: 'host', role, address: formatAddress(address), a: '', b: '' })
    const env = createEnv(this.rng, this.trace, this.numbers)
    const tap = this.onlookers.tapOf(name, trace)
    const host = new Host(env, { name, address, tcp, tap })
    this.onlookers.watchUdp(host, trace)
    const attached = wire === undefined ? host : attachHost({ ...env, trace }, host, wire)
    const station = new Station(host, tcp, attached)
    station.setPower(this.world.now, power === 'on')
    return { node: this.world.add(name, station), station, quic: [], quicSettings }
  }

  /** QUIC on a host, for one program of it. */
  addQuic(host: PlacedHost, options: Pick<QuicHostOptions, 'rng' | 'owner' | 'accept'>): QuicHost {
    const trace = this.traceOf(host.node.name)
    const quic = new QuicHost({
      ...options,
      station: host.station,
      trace,
      onlooker: (connection, flow) => this.onlookers.onlookerOf(connection, flow, trace),
      crypto: nodeCrypto,
      settings: host.quicSettings,
    })
    host.quic.push(quic)
    return quic
  }

  /** A link between two nodes; `name` without the lane seeds its dice. */
  private addLink(
    lane: string,
    name: string,
    spec: LinkSpec,
    a: Plug,
    b: Plug,
    ethernet: boolean,
  ): PlacedLink {
    const placed = this.addLooseLink(`${lane}/${name}`, name, spec, a.node.name, b.node.name, ethernet)
    this.world.connect(a.node, a.port, placed.node, 0)
    this.world.connect(b.node, b.port, placed.node, 1)
    return placed
  }

  /** A link whose ports are not connected yet; it carries IPv4 packets, or Ethernet frames. */
  addLooseLink(
    nodeName: string,
    name: string,
    spec: LinkSpec,
    a: string,
    b: string,
    ethernet = false,
  ): PlacedLink {
    const trace = this.trace.scope({ node: nodeName })
    trace.emit('sim:node_added', { kind: 'link', role: '', address: '', a, b })
    const link = new Link(createEnv(this.rng.fork(`link:${name}`), trace, this.numbers), spec, ethernet)
    return { node: this.world.add(nodeName, link, true), link }
  }

  private addSwitch(lane: LanePlace, setup: Setup, name: string): PlacedSwitch {
    const trace = this.announce(`${lane.id}/${name}`, 'switch')
    const bridge = createSwitch(trace, setup, name)
    return { node: this.world.add(`${lane.id}/${name}`, bridge), bridge }
  }

  private addRouter(lane: LanePlace, setup: Setup, name: string): PlacedRouter {
    const trace = this.announce(`${lane.id}/${name}`, 'router')
    const router = createRouter(createEnv(this.rng, trace, this.numbers), lane, setup, name)
    return { node: this.world.add(`${lane.id}/${name}`, router), router }
  }

  /** Says that a node is there which has neither role nor one address, and gives its trace. */
  private announce(node: string, kind: 'switch' | 'router'): Trace {
    const trace = this.traceOf(node)
    trace.emit('sim:node_added', { kind, role: '', address: '', a: '', b: '' })
    return trace
  }

  /** The trace of a node, for what runs on it. */
  traceOf(node: string): Trace {
    return this.trace.scope({ node })
  }

  /** The dice of an application, the same in every lane. */
  rngOf(app: string): Rng {
    return this.rng.fork(`app:${app}`)
  }

  private addApp(lane: PlacedLane, name: string, setup: LabAppSetup): LabApp {
    const { node, station } = lane.hosts.get(setup.host)!
    const addressOf = (target: string) => targetAddress(lane.index, lane.setup, target)
    const unused = () => unusedAddresses(lane.index, lane.setup, setup.host)
    const [trace, rng] = [this.traceOf(node.name), this.rngOf(name)]
    const place = { name, station, streams: lane.streams, trace, rng, addressOf, unusedAddresses: unused }
    return createApp(setup, place)
  }

  /** Whether nothing more is to come: all applications are done and all links empty. */
  isOver(): boolean {
    for (const { apps, programs } of this.lanes) {
      for (const app of apps.values()) if (!app.done) return false
      for (const program of programs.values()) if (!program.done) return false
    }
    for (const lane of this.lanes)
      for (const { link } of lane.links.values()) if (link.inFlight().length > 0) return false
    return !this.world.packetIsNext
  }

  /** What each link delivered against what was asked of it, by node. */
  audit(): Record<string, LinkAudit> {
    const audit: Record<string, LinkAudit> = {}
    for (const lane of this.lanes)
      for (const { node, link } of lane.links.values()) audit[node.name] = link.audit()
    return audit
  }

  /** Gives a lane new settings: what differs is handed to its links, hosts and applications. */
  configure(now: Micros, lane: PlacedLane, setup: Setup): void {
    const before = lane.setup
    lane.setup = setup
    for (const [name, { node, link }] of lane.links)
      if (differ(before.links[name], setup.links[name]))
        this.world.act(now, node, () => link.configure(now, linkSpecOf(setup.links[name])))
    for (const [name, host] of lane.hosts)
      if (differ(before.hosts[name], setup.hosts[name])) {
        const { tcp, quic, power } = setup.hosts[name]
        this.world.act(now, host.node, () => host.station.setPower(now, power === 'on'))
        this.world.act(now, host.node, () => host.station.configure(now, tcp))
        host.quicSettings = quic
        for (const endpoint of host.quic) endpoint.configure(quic)
        const address = hostAddress(lane.index, setup, name)
        this.world.act(now, host.node, () => host.station.move(now, address))
      }
    for (const [name, { bridge }] of lane.switches) bridge.configure(setup.switches[name].aging)
    for (const [name, { node, router }] of lane.routers)
      if (differ([before.routers[name], before.links], [setup.routers[name], setup.links]))
        this.world.act(now, node, () => configureRouter(router, this.traceOf(node.name), lane, setup, name))
    for (const [name, app] of lane.apps) {
      const next = setup.apps[name]
      if (!differ(before.apps[name], next)) continue
      const { node, station } = lane.hosts.get(next.host)!
      this.world.act(now, node, () => {
        if (next.kind === before.apps[name].kind) app.configure?.(now, next)
        station.settle(now)
      })
    }
  }
}

const differ = (a: unknown, b: unknown): boolean => JSON.stringify(a) !== JSON.stringify(b)

/** How a host of a set-up is attached; undefined: not to an Ethernet. */
function wireOf({ id, index }: LanePlace, setup: Setup, name: string): EthernetWire | undefined {
  if (!setup.ethernet) return undefined
  const [link = ''] = linksOf(setup, name)
  return { link: link === '' ? '' : `${id}/${link}`, gateway: gatewayAddress(index, setup, name) }
}
