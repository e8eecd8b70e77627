/**
 * Where the nodes of a lane are: their addresses (see shared/network.ts), the links that they are on, and the routes that lead to
 * others. A set-up's own words stand on one side, addresses of a lane on the other.
 */
import type { Setup } from '../../shared/experiment.ts'
import type { Route } from '../protocol/ip/routes.ts'
import { parseAddress, type Ipv4Address } from '../protocol/wire/address.ts'
import { isWithin, parsePrefix, type Prefix } from '../protocol/wire/prefix.ts'

/** 10.77.0.0/16, the laboratory's addresses. */
const LAB_NETWORK: Ipv4Address = 0x0a4d_0000
/** Those of the first lane with routers: the words of a set-up. */
const FIRST_LANE: Prefix = { address: LAB_NETWORK, length: 20 }
/** Networks of a lane with routers. */
const NETWORKS = 16
/** Of each network. */
export const PREFIX_LENGTH = 24

type Network = Pick<Setup, 'hosts' | 'links' | 'switches' | 'routers'>

const hasRouters = ({ routers }: Pick<Setup, 'routers'>): boolean => Object.keys(routers).length > 0

/** The last part of a host's address: what its settings say, else its place in the list. */
export const hostNumber = (hosts: Setup['hosts'], name: string): number =>
  hosts[name].address || Object.keys(hosts).indexOf(name) + 1

const addressIn = (lane: number, setup: Network, network: number, number: number): Ipv4Address =>
  LAB_NETWORK + (hasRouters(setup) ? lane * NETWORKS + network : lane) * 256 + number

/** The address of a host in lane number `lane`, from 0. */
export const hostAddress = (lane: number, setup: Network, name: string): Ipv4Address =>
  addressIn(lane, setup, setup.hosts[name].network, hostNumber(setup.hosts, name))

/** The addresses of a router, one an interface. */
export const routerAddresses = (lane: number, setup: Network, name: string): Ipv4Address[] =>
  setup.routers[name].interfaces.map(({ network, number }) => addressIn(lane, setup, network, number))

/**
 * What a program means by a target: the address of a host, that of a router's first interface, or an address as in the first lane,
 * which need not be anybody's. The set-up must have been validated.
 */
export function targetAddress(lane: number, setup: Network, target: string): Ipv4Address {
  if (Object.hasOwn(setup.hosts, target)) return hostAddress(lane, setup, target)
  if (Object.hasOwn(setup.routers, target)) return routerAddresses(lane, setup, target)[0]
  return inLane(lane, setup, { address: parseAddress(target)!, length: 32 }).address
}

/** Addresses in the network of a host at which nobody is. */
export function unusedAddresses(lane: number, setup: Network, host: string): Ipv4Address[] {
  const { network } = setup.hosts[host]
  const taken = new Set<number>()
  for (const [name, other] of Object.entries(setup.hosts))
    if (other.network === network) taken.add(hostNumber(setup.hosts, name))
  for (const { interfaces } of Object.values(setup.routers))
    for (const own of interfaces) if (own.network === network) taken.add(own.number)
  const numbers = Array.from({ length: 254 }, (_, i) => i + 1).filter((number) => !taken.has(number))
  return numbers.map((number) => addressIn(lane, setup, network, number))
}

/** The address that a router has on a network; undefined: it has none there. */
function addressOn(lane: number, setup: Network, router: string, network: number): Ipv4Address | undefined {
  const found = setup.routers[router].interfaces.find((candidate) => candidate.network === network)
  return found && addressIn(lane, setup, network, found.number)
}

/** The address of a host's default gateway; undefined: it has none. */
export function gatewayAddress(lane: number, setup: Network, name: string): Ipv4Address | undefined {
  const { gateway, network } = setup.hosts[name]
  return gateway === null ? undefined : addressOn(lane, setup, gateway, network)
}

/** Names of the links that a node is on, in their order: the ports of a switch. */
export const linksOf = ({ links }: Pick<Setup, 'links'>, node: string): string[] =>
  Object.keys(links).filter((link) => links[link].a === node || links[link].b === node)

/** The port of a node to which a link is tied. */
export function portOf(setup: Network, node: string, link: string): number {
  if (Object.hasOwn(setup.switches, node)) return linksOf(setup, node).indexOf(link)
  if (!Object.hasOwn(setup.routers, node)) return 0
  return setup.routers[node].interfaces.findIndex((candidate) => candidate.link === link)
}

/** The interface by which a router reaches another directly: the first that shares a network with it; -1: there is none. */
export const interfaceTo = ({ routers }: Pick<Setup, 'routers'>, router: string, via: string): number =>
  routers[router].interfaces.findIndex(({ network }) =>
    routers[via].interfaces.some((other) => other.network === network),
  )

/** The routes of a router beyond its own networks. The set-up must have been validated. */
export const routesOf = (lane: number, setup: Network, router: string): Route[] =>
  setup.routers[router].routes.map(({ to, via }) => {
    const index = interfaceTo(setup, router, via)
    const { network } = setup.routers[router].interfaces[index]
    return {
      prefix: inLane(lane, setup, parsePrefix(to)!),
      interface: index,
      via: addressOn(lane, setup, via, network),
    }
  })

/** A prefix within the first lane's addresses, moved to those of another lane; a wider one means the same everywhere. */
function inLane(lane: number, setup: Network, { address, length }: Prefix): Prefix {
  const first: Prefix = hasRouters(setup) ? FIRST_LANE : { address: LAB_NETWORK, length: PREFIX_LENGTH }
  const isOfLane = length >= first.length && isWithin(address, first)
  return { address: address + (isOfLane ? lane * 2 ** (32 - first.length) : 0), length }
}

/** The longest packet that a router may send on a link: what the link takes from its side, unless the link keeps that to itself. */
export function mtuTowards({ links }: Pick<Setup, 'links'>, router: string, link: string): number {
  const { a, up, down } = links[link]
  const direction = a === router ? up : down
  return direction.blackHole ? DEFAULT_MTU : direction.mtu
}
const DEFAULT_MTU = 1500

/**
 * What hangs together without a router between, by link: links with the same name here are one network. `loop` is a link that
 * closes a ring of switches, where frames would go round for ever.
 */
export function segmentsOf({ links, switches }: Pick<Setup, 'links' | 'switches'>): {
  readonly of: ReadonlyMap<string, string>
  readonly loop: string | undefined
} {
  const isSwitch = (name: string): boolean => Object.hasOwn(switches, name)
  /** Each switch and what it was found to hang together with, up to one that stands for all. */
  const joined = new Map<string, string>()
  const rootOf = (name: string): string => {
    const next = joined.get(name)
    return next === undefined ? name : rootOf(next)
  }
  let loop: string | undefined
  for (const [link, { a, b }] of Object.entries(links)) {
    if (!isSwitch(a) || !isSwitch(b)) continue
    const [one, other] = [rootOf(a), rootOf(b)]
    if (one === other) loop ??= link
    else joined.set(one, other)
  }
  const of = new Map<string, string>()
  for (const [link, { a, b }] of Object.entries(links)) {
    const at = [a, b].find(isSwitch)
    of.set(link, at === undefined ? `link ${link}` : `switch ${rootOf(at)}`)
  }
  return { of, loop }
}
