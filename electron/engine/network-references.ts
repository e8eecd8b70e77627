/** What the schema of a set-up cannot say of its network: that its parts are there, fit together, and have addresses of their own. */
import type { Result } from '../../shared/errors.ts'
import type { Setup } from '../../shared/experiment.ts'
import { parsePrefix } from '../protocol/wire/prefix.ts'
import { invalid } from './invalid.ts'
import { hostNumber, interfaceTo, linksOf, segmentsOf } from './network.ts'

type Finding = Result<never> | undefined

const listed = (names: readonly string[]): string => names.join(' or ')
const has = (record: object, name: string): boolean => Object.hasOwn(record, name)

/** The first thing that is wrong with the network of a set-up; undefined: it is sound. */
export function checkNetwork(setup: Setup): Finding {
  return (
    checkNames(setup) ??
    checkEthernet(setup) ??
    checkLinks(setup) ??
    checkInterfaces(setup) ??
    checkAddresses(setup) ??
    checkSegments(setup) ??
    checkGateways(setup) ??
    checkRoutes(setup)
  )
}

/** Nodes are known by their names alone. */
function checkNames({ hosts, switches, routers, links }: Setup): Finding {
  const taken = new Set(Object.keys(hosts))
  for (const [kind, record] of Object.entries({ switches, routers, links }))
    for (const name of Object.keys(record)) {
      if (taken.has(name)) return invalid(kind, name, 'a name that no other node has')
      taken.add(name)
    }
  return undefined
}

function checkEthernet({ ethernet, switches, routers, hosts }: Setup): Finding {
  const needed = Object.keys({ ...switches, ...routers })
  if (needed.length > 0 && !ethernet)
    return invalid('ethernet', ethernet, `true, which ${listed(needed)} cannot do without`)
  if (Object.keys(routers).length > 0) return undefined
  for (const [id, { network }] of Object.entries(hosts))
    if (network !== 0)
      return invalid(`hosts.${id}.network`, network, '0, the one network of a set-up without routers')
  return undefined
}

function checkLinks({ hosts, switches, routers, links }: Setup): Finding {
  const isBare = Object.keys(switches).length + Object.keys(routers).length === 0
  const nodes = { ...hosts, ...switches, ...routers }
  const allowed = `a host${isBare ? '' : ', switch or router'}: ${listed(Object.keys(nodes))}`
  const attached = new Set<string>()
  for (const [id, link] of Object.entries(links)) {
    if (link.a === link.b && !has(hosts, link.b))
      return invalid(`links.${id}.b`, link.b, 'another node than at its side a')
    for (const side of ['a', 'b'] as const) {
      const name = link[side]
      if (!has(nodes, name)) return invalid(`links.${id}.${side}`, name, allowed)
      if (!has(hosts, name)) continue
      if (attached.has(name)) return invalid(`links.${id}.${side}`, name, 'a host without a link yet')
      attached.add(name)
    }
  }
  return undefined
}

/** A router has an interface on each link that is tied to it, and each on a network of its own. */
function checkInterfaces(setup: Setup): Finding {
  for (const [id, { interfaces }] of Object.entries(setup.routers)) {
    const tied = linksOf(setup, id)
    const links = new Set<string>()
    const networks = new Set<number>()
    for (const [i, { link, network }] of interfaces.entries()) {
      const field = `routers.${id}.interfaces.${i}`
      if (!tied.includes(link) || links.has(link))
        return invalid(`${field}.link`, link, `a link that is tied to ${id} and has no other interface`)
      if (networks.has(network))
        return invalid(`${field}.network`, network, `a network that ${id} has no other interface in`)
      links.add(link)
      networks.add(network)
    }
    const bare = tied.find((link) => !links.has(link))
    if (bare !== undefined) return invalid(`links.${bare}`, id, `a router that has an interface on ${bare}`)
  }
  return undefined
}

function checkAddresses({ hosts, routers }: Setup): Finding {
  const taken = new Set<string>()
  const isTaken = (network: number, number: number): boolean => {
    const place = `${network}.${number}`
    return taken.has(place) || !taken.add(place)
  }
  for (const [id, { network, address }] of Object.entries(hosts))
    if (isTaken(network, hostNumber(hosts, id)))
      return invalid(`hosts.${id}.address`, address, 'an address that no other host has')
  for (const [id, { interfaces }] of Object.entries(routers))
    for (const [i, { network, number }] of interfaces.entries())
      if (isTaken(network, number)) {
        const allowed = 'an address that no other node of its network has'
        return invalid(`routers.${id}.interfaces.${i}.number`, number, allowed)
      }
  return undefined
}

/** Who hangs together without a router between is in the same network, and nobody else is. */
function checkSegments(setup: Setup): Finding {
  const { hosts, links, routers } = setup
  const segments = segmentsOf(setup)
  if (segments.loop !== undefined)
    return invalid(`links.${segments.loop}`, links[segments.loop].b, 'free of rings: frames would go round')
  if (Object.keys(routers).length === 0) return undefined
  const networkOf = new Map<string, number>()
  const segmentOf = new Map<number, string>()
  for (const [id, { a, b }] of Object.entries(links)) {
    const segment = segments.of.get(id)!
    for (const name of [a, b]) {
      const inRouter = has(routers, name) ? routers[name].interfaces.findIndex(({ link }) => link === id) : -1
      if (!has(hosts, name) && inRouter < 0) continue
      const isHost = inRouter < 0
      const network = isHost ? hosts[name].network : routers[name].interfaces[inRouter].network
      const field = isHost ? `hosts.${name}.network` : `routers.${name}.interfaces.${inRouter}.network`
      const here = networkOf.get(segment) ?? network
      if (here !== network)
        return invalid(field, network, `${here}, the network of others that it is joined with`)
      const there = segmentOf.get(network) ?? segment
      if (there !== segment)
        return invalid(field, network, 'a network in one piece: others of it are behind a router')
      networkOf.set(segment, network)
      segmentOf.set(network, segment)
    }
  }
  return undefined
}

function checkGateways({ hosts, routers }: Setup): Finding {
  for (const [id, { gateway, network }] of Object.entries(hosts)) {
    if (gateway === null) continue
    const near = Object.keys(routers).filter((name) =>
      routers[name].interfaces.some((candidate) => candidate.network === network),
    )
    if (!near.includes(gateway)) {
      const there = near.length === 0 ? ', which has none' : `: ${listed(near)}`
      return invalid(`hosts.${id}.gateway`, gateway, `a router of its network${there}`)
    }
  }
  return undefined
}

function checkRoutes(setup: Setup): Finding {
  for (const [id, { routes }] of Object.entries(setup.routers)) {
    const known = new Set<string>()
    for (const [i, { to, via }] of routes.entries()) {
      const field = `routers.${id}.routes.${i}`
      if (parsePrefix(to) === undefined)
        return invalid(`${field}.to`, to, 'a prefix such as 10.77.3.0/24, without bits beyond its length')
      if (known.has(to)) return invalid(`${field}.to`, to, 'a prefix that has no other route')
      known.add(to)
      if (!has(setup.routers, via) || via === id || interfaceTo(setup, id, via) < 0)
        return invalid(`${field}.via`, via, `a router that shares a network with ${id}`)
    }
  }
  return undefined
}
