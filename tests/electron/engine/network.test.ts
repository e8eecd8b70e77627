/** Switches, routers and networks of a set-up: what is refused, and which addresses everything has. */
import { describe, expect, it } from 'vitest'
import { planExperiment } from '../../../electron/engine/plan.ts'
import type { SetupInput } from '../../../shared/experiment.ts'
import { routedSetup, switchedSetup } from '../../support/network.ts'
import { createRun, smallExperiment, smallSetup } from '../../support/runs.ts'

type Routers = NonNullable<SetupInput['routers']>

const plan = (setup: SetupInput) => planExperiment({ experiment: smallExperiment({ setup }) as never })

/** Why a set-up is refused; undefined: it is not. */
function refusal(setup: SetupInput): string | undefined {
  const planned = plan(setup)
  return planned.ok ? undefined : planned.error.message
}

/** The routed set-up with some of its parts changed. */
function routed(change: (setup: SetupInput & { routers: Routers }) => void): SetupInput {
  const setup = structuredClone(routedSetup()) as SetupInput & { routers: Routers }
  change(setup)
  return setup
}

const via = (west: Routers[string]) => west.routes![0]

describe('a set-up', () => {
  it('may have switches and routers, or neither', () => {
    for (const setup of [routedSetup(), switchedSetup(), smallSetup(), { ...smallSetup(), ethernet: true }])
      expect(refusal(setup)).toBeUndefined()
  })

  it.each<[string, SetupInput, string]>([
    [
      'a switch without Ethernet',
      { ...switchedSetup(), ethernet: false },
      'ethernet: false is not true, which office cannot do without',
    ],
    [
      'routers without Ethernet',
      routed((setup) => {
        setup.ethernet = false
        setup.switches = {}
      }),
      'ethernet: false is not true, which west or east cannot do without',
    ],
    [
      'a second network without a router',
      { ...smallSetup(), hosts: { client: { role: 'client' }, server: { role: 'server', network: 1 } } },
      'hosts.server.network: 1 is not 0, the one network of a set-up without routers',
    ],
    [
      'a name twice',
      routed(({ switches }) => void (switches!.client = {})),
      'switches: client is not a name that no other node has',
    ],
    [
      'a link to nobody',
      routed(({ links }) => void (links.desk.b = 'attic')),
      'links.desk.b: attic is not a host, switch or router: client or server or office or rack or west or east',
    ],
    [
      'a host with two links',
      routed(({ links }) => void (links.port.b = 'client')),
      'links.port.b: client is not a host without a link yet',
    ],
    [
      'a link from a switch to itself',
      routed(({ links }) => void (links.spare = { a: 'rack', b: 'rack' })),
      'links.spare.b: rack is not another node than at its side a',
    ],
    [
      'switches in a ring',
      routed(({ links, switches }) => {
        switches!.attic = {}
        links.up = { a: 'office', b: 'attic' }
        links.down = { a: 'attic', b: 'office' }
      }),
      'links.down: office is not free of rings: frames would go round',
    ],
    [
      'an interface on a link of others',
      routed(({ routers }) => void (routers.west.interfaces[0].link = 'port')),
      'routers.west.interfaces.0.link: port is not a link that is tied to west and has no other interface',
    ],
    [
      'a link to a router without an interface for it',
      routed(({ links }) => void (links.spare = { a: 'office', b: 'east' })),
      'links.spare: east is not a router that has an interface on spare',
    ],
    [
      'two interfaces in one network',
      routed(({ routers }) => void (routers.west.interfaces[1].network = 0)),
      'routers.west.interfaces.1.network: 0 is not a network that west has no other interface in',
    ],
    [
      'one address for a host and a router',
      routed(({ routers }) => void (routers.west.interfaces[0].number = 10)),
      'routers.west.interfaces.0.number: 10 is not an address that no other node of its network has',
    ],
    [
      'ends of one link in two networks',
      routed(({ routers }) => void (routers.east.interfaces[0].network = 3)),
      'routers.east.interfaces.0.network: 3 is not 1, the network of others that it is joined with',
    ],
    [
      'a host in another network than those on its switch',
      routed(({ hosts }) => void (hosts.server = { role: 'server', network: 4 })),
      'hosts.server.network: 4 is not 2, the network of others that it is joined with',
    ],
    [
      'a network on both sides of a router',
      routed(({ hosts, routers }) => {
        hosts.server = { role: 'server', network: 0, address: 20 }
        routers.east.interfaces[1] = { link: 'east-lan', network: 0, number: 7 }
      }),
      'routers.east.interfaces.1.network: 0 is not a network in one piece: others of it are behind a router',
    ],
    [
      'a gateway that is no router',
      routed(({ hosts }) => void (hosts.client.gateway = 'server')),
      'hosts.client.gateway: server is not a router of its network: west',
    ],
    [
      'a gateway in another network',
      routed(({ hosts }) => void (hosts.client.gateway = 'east')),
      'hosts.client.gateway: east is not a router of its network: west',
    ],
    [
      'a gateway where there are no routers',
      { ...smallSetup(), hosts: { client: { role: 'client', gateway: 'west' }, server: { role: 'server' } } },
      'hosts.client.gateway: west is not a router of its network, which has none',
    ],
    [
      'a route with bits beyond its prefix',
      routed(({ routers }) => void (via(routers.west).to = '10.77.2.1/24')),
      'routers.west.routes.0.to: 10.77.2.1/24 is not a prefix such as 10.77.3.0/24, without bits beyond its length',
    ],
    [
      'two routes to one prefix',
      routed(({ routers }) => void routers.west.routes!.push(via(routers.west))),
      'routers.west.routes.1.to: 10.77.2.0/24 is not a prefix that has no other route',
    ],
    [
      'a route by way of a host',
      routed(({ routers }) => void (via(routers.west).via = 'server')),
      'routers.west.routes.0.via: server is not a router that shares a network with west',
    ],
    [
      'a route by way of oneself',
      routed(({ routers }) => void (via(routers.west).via = 'west')),
      'routers.west.routes.0.via: west is not a router that shares a network with west',
    ],
  ])('with %s is refused', (_, setup, message) => {
    expect(refusal(setup)).toBe(message)
  })

  it('may have the same host number in two networks', () => {
    const setup = routed(({ hosts }) => void (hosts.server.address = 10))
    expect(refusal(setup)).toBeUndefined()
  })
})

describe('addresses', () => {
  const lanes = ['one', 'two'].map((id) => ({ id, label: { en: id, zh: id } }))
  const announced = (setup: SetupInput) => {
    const run = createRun({ experiment: smallExperiment({ setup, lanes }) as never })
    const interfaces = [...run.reader.events(['sim:interface_added'])]
    const routes = [...run.reader.events(['sim:route_added'])]
    return { run, interfaces, routes }
  }

  it('lane i has 10.77.(16 i + network).x when there are routers, and so have its routes', () => {
    const { interfaces, routes } = announced(routedSetup())
    const of = (node: string) =>
      interfaces
        .filter((event) => event.node === node)
        .map(({ data }) => `${data.index} ${data.link} ${data.mac} ${data.address} ${data.prefix}`)
    expect(of('one/client')).toEqual(['0 one/desk 02:00:0a:4d:00:0a 10.77.0.10 10.77.0.0/24'])
    expect(of('two/server')).toEqual(['0 two/port 02:00:0a:4d:12:14 10.77.18.20 10.77.18.0/24'])
    expect(of('two/west')).toEqual([
      '0 two/west-lan 02:00:0a:4d:10:01 10.77.16.1 10.77.16.0/24',
      '1 two/link 02:00:0a:4d:11:01 10.77.17.1 10.77.17.0/24',
    ])
    const lines = (node: string) =>
      routes
        .filter((event) => event.node === node)
        .map(({ data }) => `${data.prefix} ${data.via} ${data.interface}`)
    expect(lines('two/client')).toEqual(['10.77.16.0/24  0', '0.0.0.0/0 10.77.16.1 0'])
    expect(lines('two/west')).toEqual(['10.77.18.0/24 10.77.17.2 1', '10.77.16.0/24  0', '10.77.17.0/24  1'])
    // A prefix that is wider than a lane means the same in each.
    expect(lines('two/east')).toEqual(['10.77.17.0/24  0', '10.77.18.0/24  1', '0.0.0.0/0 10.77.17.1 0'])
  })

  it('lane i has 10.77.i.x without routers', () => {
    const { interfaces } = announced(switchedSetup())
    expect(interfaces.map(({ node, data }) => `${node} ${data.address}`)).toEqual([
      ...['one/client 10.77.0.1', 'one/server 10.77.0.2', 'one/third 10.77.0.3'],
      ...['two/client 10.77.1.1', 'two/server 10.77.1.2', 'two/third 10.77.1.3'],
    ])
  })

  it('a run without Ethernet has neither interfaces nor routes in its trace', () => {
    const { interfaces, routes } = announced(smallSetup())
    expect([...interfaces, ...routes]).toEqual([])
  })

  it('announces switches and routers as nodes', () => {
    const { run } = announced(routedSetup())
    const nodes = [...run.reader.events(['sim:node_added'])]
    const kinds = nodes.filter(({ node }) => node.startsWith('two/')).map(({ data }) => data.kind)
    expect(kinds).toEqual([
      ...['host', 'host', 'switch', 'switch', 'router', 'router'],
      ...Array<string>(5).fill('link'),
    ])
  })
})

describe('in the run', () => {
  it('routes change at once, as the trace tells; interfaces do not', async () => {
    const run = createRun({ experiment: smallExperiment({ setup: routedSetup() }) as never, pace: 0.001 })
    await run.start()
    expect(run.set('routers.west.interfaces', [])).toMatchObject({ ok: false })
    const routes = [{ to: '10.77.2.16/28', via: 'east' }]
    expect(run.set('routers.west.routes', routes)).toMatchObject({ ok: true })
    expect(run.set('routers.west.routes', [{ to: '10.77.2.16/28', via: 'rack' }])).toMatchObject({
      ok: false,
    })
    expect(run.set('switches.office.aging', 5)).toMatchObject({ ok: true })
    const [first] = run.reader.events(['sim:knob_changed'])
    const told = [...run.reader.events(['sim:route_removed', 'sim:route_added'])]
      .filter(({ seq }) => seq > first.seq)
      .map(({ node, name, data }) => `${node} ${name} ${data.prefix}`)
    expect(told).toEqual([
      'one/west sim:route_removed 10.77.2.0/24',
      'one/west sim:route_added 10.77.2.16/28',
    ])
    run.setPace(null)
    await run.ended
    expect(run.summary!.metrics['one/bytes_intact']).toBe(1)
  })

  it('a router learns the MTU of its link when that changes', () => {
    const steps = [{ at: 40_000, set: { 'links.link.up.mtu': 700 } }]
    const setup = routedSetup({}, 300_000)
    const run = createRun({ experiment: smallExperiment({ setup, steps }) as never })
    run.runToEnd()
    const discarded = [...run.reader.events(['ip:packet_discarded'])]
    expect(discarded.length).toBeGreaterThan(0)
    expect(discarded.every(({ node, data }) => node === 'one/west' && data.reason === 'too_long')).toBe(true)
    expect(run.summary!.metrics['one/bytes_intact']).toBe(1)
    expect([...run.reader.events(['link:packet_dropped'])]).toEqual([])
  })
})
