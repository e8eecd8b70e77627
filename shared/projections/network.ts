/** Which nodes there are in each lane, how links join them, and which way leads from one to another. */
import type { TraceNode, TraceStore } from '../trace/store.ts'

/** A link as seen from one of its ends. */
export interface Hop {
  readonly link: TraceNode
  /** 0: from side a to side b; 1: from b to a. */
  readonly direction: 0 | 1
  readonly from: TraceNode
  readonly to: TraceNode
}

/** The nodes and links of one lane; it does not change once it is made. */
export class LaneNetwork {
  /** All but links, in the order of their announcement. */
  readonly nodes: readonly TraceNode[]
  readonly links: readonly TraceNode[]
  readonly hosts: readonly TraceNode[]
  private readonly hops = new Map<number, Hop[]>()
  private readonly byName = new Map<string, TraceNode>()
  private readonly routes = new Map<string, readonly Hop[] | undefined>()

  constructor(all: readonly TraceNode[]) {
    this.nodes = all.filter(({ kind }) => kind !== 'link')
    this.hosts = this.nodes.filter(({ kind }) => kind === 'host' || kind === 'outsider')
    for (const node of this.nodes) this.byName.set(node.name, node)
    this.links = all.filter(
      ({ kind, a, b }) => kind === 'link' && a !== b && this.byName.has(a) && this.byName.has(b),
    )
    for (const link of this.links) {
      const [a, b] = [this.byName.get(link.a)!, this.byName.get(link.b)!]
      this.join({ link, direction: 0, from: a, to: b })
      this.join({ link, direction: 1, from: b, to: a })
    }
  }

  private join(hop: Hop): void {
    const hops = this.hops.get(hop.from.id)
    if (hops) hops.push(hop)
    else this.hops.set(hop.from.id, [hop])
  }

  /** The links that hang on a node, in the order of their announcement: the ports of a switch. */
  hopsFrom(node: number): readonly Hop[] {
    return this.hops.get(node) ?? []
  }

  /** The host with this address, as it was announced. */
  hostAt(address: string): TraceNode | undefined {
    return this.hosts.find((host) => host.address === address)
  }

  /** The first client, and of the servers the one that is furthest from it; of hosts without roles the first and the last. */
  get ends(): { readonly client: TraceNode | undefined; readonly server: TraceNode | undefined } {
    const { hosts } = this
    const client = hosts.find(({ role }) => role === 'client') ?? hosts[0]
    const linksTo = (node: TraceNode): number => (client && this.route(client.id, node.id)?.length) ?? 0
    const server = hosts
      .filter(({ role }) => role === 'server')
      .reduce<TraceNode | undefined>(
        (far, node) => (far === undefined || linksTo(node) > linksTo(far) ? node : far),
        undefined,
      )
    return { client, server: server ?? hosts.at(-1) }
  }

  /** The shortest way between two nodes, by number of links; undefined: there is none. */
  route(from: number, to: number): readonly Hop[] | undefined {
    const key = `${from} ${to}`
    if (!this.routes.has(key)) this.routes.set(key, this.search(from, to))
    return this.routes.get(key)
  }

  private search(from: number, to: number): readonly Hop[] | undefined {
    const cameBy = new Map<number, Hop | undefined>([[from, undefined]])
    const queue = [from]
    for (let at = 0; at < queue.length && !cameBy.has(to); at++)
      for (const hop of this.hopsFrom(queue[at]))
        if (!cameBy.has(hop.to.id)) {
          cameBy.set(hop.to.id, hop)
          // Hosts pass nothing on.
          if (hop.to.kind === 'switch' || hop.to.kind === 'router') queue.push(hop.to.id)
        }
    if (!cameBy.has(to)) return undefined
    const way: Hop[] = []
    for (let hop = cameBy.get(to); hop; hop = cameBy.get(hop.from.id)) way.unshift(hop)
    return way
  }
}

export class Network {
  private readonly lanes = new Map<string, LaneNetwork>()
  private known = 0

  update(store: TraceStore): void {
    // Nodes are announced at the start of a run; a lane that has grown is made anew.
    if (store.nodes.size === this.known) return
    this.known = store.nodes.size
    const byLane = new Map<string, TraceNode[]>()
    for (const node of store.nodes.values()) {
      const nodes = byLane.get(node.lane)
      if (nodes) nodes.push(node)
      else byLane.set(node.lane, [node])
    }
    for (const [lane, nodes] of byLane) this.lanes.set(lane, new LaneNetwork(nodes))
  }

  lane(id: string): LaneNetwork {
    return this.lanes.get(id) ?? NOTHING
  }
}

const NOTHING = new LaneNetwork([])
