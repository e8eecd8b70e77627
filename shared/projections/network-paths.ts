/**
 * The ways by which the connections of a run go: the addresses of hosts that move, each path of a QUIC connection with its state
 * (RFC 9000 8.2 and 9), what was asked and answered on it and under which connection ids, and the TCP connections, which have one
 * way each for their whole life.
 */
import type { EventTable } from '../trace/columns.ts'
import type { TraceStore } from '../trace/store.ts'
import { Cursor } from './cursor.ts'
import { QuicPackets, type QuicPacket } from './quic-packets.ts'

/** Of QUIC as RFC 9000 8.2 has it; `lost`: TCP, whose address is gone. */
export type PathStateName = 'validating' | 'validated' | 'failed' | 'abandoned' | 'open' | 'lost' | 'closed'

export interface PathSpan {
  readonly from: number
  to: number
  readonly state: PathStateName
}

/** A PATH_CHALLENGE or PATH_RESPONSE that an end sent. */
export interface PathProbe {
  readonly t: number
  readonly pkt: number
  readonly kind: 'path_challenge' | 'path_response'
  readonly node: number
}

export interface NetworkPath {
  readonly flow: number
  readonly kind: 'quic' | 'tcp'
  /** The end whose view it is: the client. */
  readonly node: number
  /** Its number, 0: the first. */
  readonly number: number
  readonly local: string
  readonly remote: string
  readonly spans: PathSpan[]
  readonly probes: PathProbe[]
  /** Connection ids of the packets that went by it, to the server and to the client, in hexadecimal, as they came into use. */
  readonly toServer: Set<string>
  readonly toClient: Set<string>
  /** Why it ended; empty while it has not. */
  end: string
}

export interface AddressChange {
  readonly t: number
  readonly node: number
  readonly from: string
  readonly to: string
}

const EVENTS = [
  'transport:packet_sent',
  'tcp:segment_sent',
  'tcp:connection_closed',
  'connectivity:address_changed',
  'connectivity:path_changed',
  'connectivity:path_state_changed',
  'connectivity:connection_closed',
] as const
type PathEvent = (typeof EVENTS)[number]

const STATES: readonly string[] = ['validating', 'validated', 'failed', 'abandoned']

export class NetworkPaths {
  /** In the order of their beginnings. */
  readonly all: NetworkPath[] = []
  readonly moves: AddressChange[] = []
  private readonly byKey = new Map<string, NetworkPath>()
  private readonly cursor = new Cursor<PathEvent>(...EVENTS)

  update(store: TraceStore): void {
    const packets = QuicPackets.of(store)
    this.cursor.read(store, (name, table, row) => {
      const t = table.t.data[row]
      const flow = table.flow.data[row]
      const node = table.node.data[row]
      const text = (field: string): string => store.text(table.columns[field].data[row])
      switch (name) {
        case 'connectivity:address_changed':
          this.moves.push({ t, node, from: text('from'), to: text('to') })
          return this.leave(node, t, text('from'))
        case 'connectivity:path_changed':
          return this.onMigrated(store, table, row)
        case 'connectivity:path_state_changed':
          return this.onState(store, table, row)
        case 'tcp:connection_closed':
          return this.onClosed(store, flow, node, t, text('error'))
        case 'connectivity:connection_closed':
          return this.onClosed(store, flow, node, t, text('by') === 'local' ? '' : text('by'))
        case 'tcp:segment_sent':
          return void (isClient(store, node) && this.openTcp(store, flow, node, t))
        case 'transport:packet_sent': {
          const packet = packets.inRow(row)
          if (!packet) return
          if (isClient(store, node)) this.openQuic(store, flow, node, packet.path, t)
          this.addressed(packet)
          for (const { type } of packet.frames)
            if (type === 'path_challenge' || type === 'path_response')
              this.probe(flow, packet.path, { t, pkt: packet.pkt, kind: type, node })
        }
      }
    })
  }

  /** A TCP connection is bound to its addresses: without them it can but wait for its end. */
  private leave(node: number, t: number, address: string): void {
    for (const path of this.all)
      if (path.kind === 'tcp' && path.node === node && path.local.startsWith(`${address}:`) && isLive(path))
        change(path, t, 'lost')
  }

  /** The client goes on by other addresses, and leaves its other paths behind. */
  private onMigrated(store: TraceStore, table: EventTable, row: number): void {
    if (!isClient(store, table.node.data[row])) return
    const port = `:${table.columns.local_port.data[row]}`
    for (const path of this.all)
      if (path.flow === table.flow.data[row] && !path.local.endsWith(port) && isLive(path))
        change(path, table.t.data[row], 'abandoned')
  }

  private onState(store: TraceStore, table: EventTable, row: number): void {
    const node = table.node.data[row]
    if (!isClient(store, node)) return
    const { path, local, remote, state } = table.columns
    const to = store.text(state.data[row])
    if (!STATES.includes(to)) return
    const t = table.t.data[row]
    const found = this.open(
      { flow: table.flow.data[row], kind: 'quic', node, number: path.data[row] },
      store.text(local.data[row]),
      store.text(remote.data[row]),
    )
    change(found, t, to as PathStateName)
  }

  /** A TCP connection has the addresses in its name. */
  private openTcp(store: TraceStore, flow: number, node: number, t: number): void {
    if (flow === 0 || this.byKey.has(`${flow} 0`)) return
    const [local, remote] = namesOf(store, flow, node)
    change(this.open({ flow, kind: 'tcp', node, number: 0 }, local, remote), t, 'open')
  }

  /** The first path of a connection is told of only when its state changes. */
  private openQuic(store: TraceStore, flow: number, node: number, number: number, t: number): void {
    if (this.byKey.has(`${flow} ${number}`)) return
    const [local, remote] = namesOf(store, flow, node)
    if (number === 0) change(this.open({ flow, kind: 'quic', node, number }, local, remote), t, 'open')
  }

  private open(
    key: Pick<NetworkPath, 'flow' | 'kind' | 'node' | 'number'>,
    local: string,
    remote: string,
  ): NetworkPath {
    const name = `${key.flow} ${key.number}`
    const known = this.byKey.get(name)
    if (known) return known
    const made: NetworkPath = {
      ...key,
      local,
      remote,
      spans: [],
      probes: [],
      toServer: new Set(),
      toClient: new Set(),
      end: '',
    }
    this.byKey.set(name, made)
    this.all.push(made)
    return made
  }

  private probe(flow: number, number: number, probe: PathProbe): void {
    this.find(flow, number)?.probes.push(probe)
  }

  private addressed({ end, path: number, dcid }: QuicPacket): void {
    const path = this.find(end.connection.flow, number)
    if (dcid !== '') (end.side === 'client' ? path?.toServer : path?.toClient)?.add(dcid)
  }

  /** The server numbers its paths by itself; where the two differ its packets stand on the latest path. */
  private find(flow: number, number: number): NetworkPath | undefined {
    return this.byKey.get(`${flow} ${number}`) ?? this.all.filter((one) => one.flow === flow).at(-1)
  }

  private onClosed(store: TraceStore, flow: number, node: number, t: number, why: string): void {
    if (!isClient(store, node)) return
    for (const path of this.all)
      if (path.flow === flow && path.spans.length > 0 && path.spans.at(-1)?.state !== 'closed') {
        path.end = why
        change(path, t, 'closed')
      }
  }
}

const isLive = ({ spans }: NetworkPath): boolean =>
  ['open', 'validating', 'validated'].includes(spans.at(-1)?.state ?? '')

function change({ spans }: NetworkPath, t: number, state: PathStateName): void {
  const last = spans.at(-1)
  if (last?.state === state) return
  if (last) last.to = t
  spans.push({ from: t, to: Infinity, state })
}

const isClient = (store: TraceStore, node: number): boolean => store.nodes.get(node)?.role === 'client'

/** Both ends of a flow by its name, that of `node` first. */
function namesOf(store: TraceStore, flow: number, node: number): readonly [string, string] {
  const [a = '', b = ''] = store.text(flow).split('-')
  const address = store.nodes.get(node)?.address ?? ''
  // A node that has moved since has another address than it was announced with; servers have the known ports.
  const isFirst = a.startsWith(`${address}:`) || (!b.startsWith(`${address}:`) && portOf(a) > portOf(b))
  return isFirst ? [a, b] : [b, a]
}

const portOf = (endpoint: string): number => Number(endpoint.slice(endpoint.lastIndexOf(':') + 1))
