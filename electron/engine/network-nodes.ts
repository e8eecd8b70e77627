/** Makes what lies between hosts, and says in the trace where everything is: interfaces and routes. */
import type { Setup } from '../../shared/experiment.ts'
import type { Trace } from '../../shared/trace/sink.ts'
import { EthernetInterface, type InterfaceOptions } from '../protocol/ethernet/interface.ts'
import { LearningSwitch } from '../protocol/ethernet/switch.ts'
import { EthernetHost } from '../protocol/ip/ethernet-host.ts'
import type { Host } from '../protocol/ip/host.ts'
import { Router } from '../protocol/ip/router.ts'
import { DEFAULT_PREFIX, type Route } from '../protocol/ip/routes.ts'
import type { Env } from '../protocol/sansio.ts'
import { formatAddress, type Ipv4Address } from '../protocol/wire/address.ts'
import { formatMac, macOf } from '../protocol/wire/ethernet.ts'
import { formatPrefix, networkOf } from '../protocol/wire/prefix.ts'
import { linksOf, mtuTowards, PREFIX_LENGTH, routerAddresses, routesOf } from './network.ts'

/** Where a lane stands among the others, and what it is called. */
export interface LanePlace {
  readonly id: string
  readonly index: number
}

/** How a host is attached to an Ethernet. */
export interface EthernetWire {
  /** The node of its link. */
  readonly link: string
  readonly gateway: Ipv4Address | undefined
}

const interfaceOf = (index: number, address: Ipv4Address): InterfaceOptions => ({
  index,
  mac: macOf(address),
  address,
  prefixLength: PREFIX_LENGTH,
})

function announceInterface(trace: Trace, { index, mac, address }: InterfaceOptions, link: string): void {
  const prefix = formatPrefix(networkOf(address, PREFIX_LENGTH))
  const fields = { index, link, mac: formatMac(mac), address: formatAddress(address), prefix }
  trace.emit('sim:interface_added', fields)
}

function announceRoute(trace: Trace, { prefix, via, interface: index }: Route): void {
  const next = via === undefined ? '' : formatAddress(via)
  trace.emit('sim:route_added', { prefix: formatPrefix(prefix), via: next, interface: index })
}

/** Attaches a host; the environment's trace is that of its node. */
export function attachHost(env: Env, host: Host, { link, gateway }: EthernetWire): EthernetHost {
  const options = interfaceOf(0, host.address)
  const port = new EthernetInterface(env, options)
  announceInterface(env.trace, options, link)
  announceRoute(env.trace, { prefix: port.network, via: undefined, interface: 0 })
  if (gateway !== undefined) announceRoute(env.trace, { prefix: DEFAULT_PREFIX, via: gateway, interface: 0 })
  return new EthernetHost(host, port, gateway, env.trace)
}

/** The switch `name` of a set-up, in a lane with the trace of its node. */
export const createSwitch = (trace: Trace, setup: Setup, name: string): LearningSwitch =>
  new LearningSwitch(trace, { ports: linksOf(setup, name).length, aging: setup.switches[name].aging })

/** The router `name` of a set-up; the environment's trace is that of its node. */
export function createRouter(env: Env, lane: LanePlace, setup: Setup, name: string): Router {
  const addresses = routerAddresses(lane.index, setup, name)
  const interfaces = setup.routers[name].interfaces.map(({ link }, index) => ({
    ...interfaceOf(index, addresses[index]),
    mtu: mtuTowards(setup, name, link),
  }))
  const router = new Router(env, {
    name: `${lane.id}/${name}`,
    interfaces,
    routes: routesOf(lane.index, setup, name),
  })
  for (const [i, options] of interfaces.entries())
    announceInterface(env.trace, options, `${lane.id}/${setup.routers[name].interfaces[i].link}`)
  for (const route of router.routes) announceRoute(env.trace, route)
  return router
}

/** Gives a router the routes and MTUs of a changed set-up. */
export function configureRouter(
  router: Router,
  trace: Trace,
  lane: LanePlace,
  setup: Setup,
  name: string,
): void {
  for (const [index, { link }] of setup.routers[name].interfaces.entries())
    router.setMtu(index, mtuTowards(setup, name, link))
  const before = new Map(router.routes.map((route) => [wordsOf(route), route]))
  router.setRoutes(routesOf(lane.index, setup, name))
  const now = new Map(router.routes.map((route) => [wordsOf(route), route]))
  for (const [words, { prefix }] of before)
    if (!now.has(words)) trace.emit('sim:route_removed', { prefix: formatPrefix(prefix) })
  for (const [words, route] of now) if (!before.has(words)) announceRoute(trace, route)
}

const wordsOf = ({ prefix, via, interface: index }: Route): string =>
  `${formatPrefix(prefix)} ${via} ${index}`
