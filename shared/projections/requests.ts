/** What the clients asked for, attempt by attempt, and where each attempt's time went. */
import type { EventTable } from '../trace/columns.ts'
import type { TraceStore } from '../trace/store.ts'
import { BeforeConnecting, type Wait } from './before-connecting.ts'
import { Cursor } from './cursor.ts'
import { QuicPackets, type QuicTransfer } from './quic-packets.ts'

/** How a client's connection came about; times in microseconds, NaN: not (yet). */
export interface Opening {
  /** Of QUIC: the connection, and when the first byte of each stream left, which may be before the handshake is over (0-RTT). */
  readonly quic?: { readonly connection: QuicTransfer; readonly left: Map<number, number> }
  /** First SYN, ESTABLISHED, end of the TLS handshake; of QUIC the first packet, then both at the end of its handshake. */
  readonly begun: number
  established: number
  secured: number
  /** TLS version and cipher suite agreed, or why it failed. */
  tls: string
  error: string
}

/** One attempt at a request. Times in microseconds, NaN: not (yet). */
export interface Attempt {
  /** Place in `Requests.all`. */
  readonly index: number
  /** Number of the client's name. */
  readonly node: number
  readonly lane: string
  /** Number of the request at its client, and of the attempt, from 1. */
  readonly request: number
  readonly attempt: number
  readonly method: string
  readonly url: string
  /** The request whose answer named it; 0: the experiment. */
  readonly initiator: number
  readonly queued: number
  sent: number
  /** Number of the name of its connection, 0: none; its stream (HTTP/2, HTTP/3) or its number there (HTTP/1.1). */
  flow: number
  exchange: number
  version: string
  /** The connection had served another before. */
  reused: boolean
  started: number
  status: number
  finished: number
  /** Bytes of content without its coding, and as it came. */
  content: number
  encoded: number
  encoding: string
  /** network, cache, validated or push; empty: not finished. */
  source: string
  error: string
  message: string
}

/**
 * What an attempt spends time with: the name is looked up, a packet waits for the Ethernet address of its next hop (ARP), TCP, TLS,
 * and so on; `opening` is QUIC's handshake, which is TLS's as well.
 */
export const PHASES = [
  'resolving',
  'addressing',
  'connecting',
  'securing',
  'opening',
  'queued',
  'waiting',
  'receiving',
] as const
export type PhaseKind = (typeof PHASES)[number]

export interface Phase {
  readonly kind: PhaseKind
  readonly from: number
  readonly to: number
}

const EVENTS = [
  'tcp:state_changed',
  'transport:packet_sent',
  'connectivity:connection_state_changed',
  'security:handshake_finished',
  'http:request_queued',
  'http:request_sent',
  'http:response_started',
  'http:response_finished',
] as const
type RequestEvent = (typeof EVENTS)[number]

export class Requests {
  /** In the order in which they were queued. */
  readonly all: Attempt[] = []
  /** By the number of the connection's name: how its client opened it. */
  readonly openings = new Map<number, Opening>()
  /** By client and request: the latest attempt. */
  private readonly latest = new Map<string, Attempt>()
  /** By connection and exchange. */
  private readonly exchanges = new Map<string, Attempt>()
  /** By lane: the connections that carried requests, as they were first used. */
  private readonly connections = new Map<string, number[]>()
  private readonly before = new BeforeConnecting()
  private readonly cursor = new Cursor<RequestEvent>(...EVENTS)

  update(store: TraceStore): void {
    this.before.update(store)
    const packets = QuicPackets.of(store)
    this.cursor.read(store, (name, table, row) => {
      if (name === 'tcp:state_changed') this.onState(store, table, row)
      else if (name === 'transport:packet_sent') this.onQuicPacket(packets, row)
      else if (name === 'connectivity:connection_state_changed') this.onQuicState(store, table, row)
      else if (name === 'security:handshake_finished') this.onSecured(store, table, row)
      else if (name === 'http:request_queued') this.onQueued(store, table, row)
      else this.onProgress(store, name, table, row)
    })
  }

  /** The attempt that was exchange number so-and-so of a connection. */
  ofExchange(flow: number, exchange: number): Attempt | undefined {
    return this.exchanges.get(`${flow} ${exchange}`)
  }

  /** Connections that carried requests are numbered a lane at a time, as they were first used; 0: it was not. */
  connectionNumber(lane: string, flow: number): number {
    return (this.connections.get(lane)?.indexOf(flow) ?? -1) + 1
  }

  private onState(store: TraceStore, table: EventTable, row: number): void {
    const flow = table.flow.data[row]
    const t = table.t.data[row]
    const to = store.text(table.columns.to.data[row])
    // Only the end that opens a connection is ever in this state (RFC 9293 3.3.2).
    if (to === 'SYN-SENT')
      this.openings.set(flow, { begun: t, established: NaN, secured: NaN, tls: '', error: '' })
    const opening = this.openings.get(flow)
    if (to !== 'ESTABLISHED' || opening === undefined || !Number.isNaN(opening.established)) return
    // The end that opened it is there first.
    opening.established = t
  }

  private onQuicPacket(packets: QuicPackets, row: number): void {
    const packet = packets.inRow(row)
    if (packet?.end.side !== 'client') return
    const { connection } = packet.end
    let opening = this.openings.get(connection.flow)
    if (opening?.quic?.connection !== connection) {
      const unknown = { established: NaN, secured: NaN, tls: '', error: '' }
      opening = { quic: { connection, left: new Map() }, begun: packet.sent, ...unknown }
      this.openings.set(connection.flow, opening)
    }
    const { left } = opening.quic!
    for (const frame of packet.frames)
      if (frame.type === 'stream' && !left.has(frame.id)) left.set(frame.id, packet.sent)
  }

  private onQuicState(store: TraceStore, table: EventTable, row: number): void {
    const opening = this.openings.get(table.flow.data[row])
    if (opening?.quic?.connection.ends[0].node !== table.node.data[row]) return
    if (store.text(table.columns.to.data[row]) !== 'open') return
    opening.established = opening.secured = table.t.data[row]
  }

  private onSecured(store: TraceStore, table: EventTable, row: number): void {
    const opening = this.openings.get(table.flow.data[row])
    if (opening === undefined || store.nodes.get(table.node.data[row])?.role === 'server') return
    const text = (field: string): string => store.text(table.columns[field].data[row])
    opening.secured = table.t.data[row]
    opening.error = text('error')
    opening.tls = [text('version'), text('cipher_suite')].filter((part) => part !== '').join(' ')
  }

  private onQueued(store: TraceStore, table: EventTable, row: number): void {
    const { columns } = table
    const node = table.node.data[row]
    const request = columns.request.data[row]
    const attempt: Attempt = {
      index: this.all.length,
      node,
      lane: store.laneOf(node),
      request,
      attempt: columns.attempt.data[row],
      method: store.text(columns.method.data[row]),
      url: store.text(columns.url.data[row]),
      initiator: columns.initiator.data[row],
      queued: table.t.data[row],
      ...{ sent: NaN, flow: 0, exchange: 0, version: '', reused: false },
      ...{ started: NaN, status: 0, finished: NaN },
      ...{ content: 0, encoded: 0, encoding: '', source: '', error: '', message: '' },
    }
    this.all.push(attempt)
    this.latest.set(`${node} ${request}`, attempt)
  }

  private onProgress(store: TraceStore, name: RequestEvent, table: EventTable, row: number): void {
    const { columns } = table
    const attempt = this.latest.get(`${table.node.data[row]} ${columns.request.data[row]}`)
    if (attempt === undefined) return
    const t = table.t.data[row]
    const text = (field: string): string => store.text(columns[field].data[row])
    if (name === 'http:request_sent') {
      attempt.sent = t
      attempt.flow = table.flow.data[row]
      attempt.exchange = columns.exchange.data[row]
      attempt.version = text('version')
      attempt.reused = columns.reused.data[row] === 1
      this.exchanges.set(`${attempt.flow} ${attempt.exchange}`, attempt)
      const known = this.connections.get(attempt.lane)
      if (known === undefined) this.connections.set(attempt.lane, [attempt.flow])
      else if (!known.includes(attempt.flow)) known.push(attempt.flow)
    } else if (name === 'http:response_started') {
      attempt.started = t
      attempt.status = columns.status.data[row]
    } else {
      attempt.finished = t
      attempt.content = columns.content.data[row]
      attempt.encoded = columns.encoded.data[row]
      attempt.encoding = text('encoding')
      attempt.source = text('source')
      attempt.error = text('error')
      attempt.message = text('message')
    }
  }

  /** Lookups of names and waits for neighbours, whoever they were for. */
  get beforeConnecting(): BeforeConnecting {
    return this.before
  }

  /**
   * What an attempt did when, without gaps, from the wish to its end (until `now`, the end of the trace, if it has none).
   * What it waited for while its connection was being opened is the opening, TCP's first and then TLS's, or QUIC's; before that its
   * client looked the name up, if it did. Of all these, moments in which a packet could not go on for lack of an Ethernet address
   * are ARP's.
   */
  phases(attempt: Attempt, now: number): Phase[] {
    const { node, lane, flow } = attempt
    const begun = this.openings.get(flow)?.begun ?? now
    const lookups = this.before.lookups.filter((lookup) => lookup.node === node && lookup.from <= begun)
    const named = cut(this.phasesOfExchange(attempt, now), 'resolving', ['queued'], lookups, now)
    return cut(named, 'addressing', AWAY, this.before.neighbourWaits(lane), now)
  }

  private phasesOfExchange(attempt: Attempt, now: number): Phase[] {
    const { queued, sent, started, finished } = attempt
    const end = Number.isNaN(finished) ? now : finished
    const opening = this.openings.get(attempt.flow)
    if (opening?.quic) return phasesFrom(queued, end, this.quicBounds(attempt, opening, end))
    const established = opening ? known(opening.established, end) : queued
    const secured = opening ? known(opening.secured, established) : queued
    const ready = Math.max(known(sent, end), secured)
    const bounds: Bound[] = [
      ['queued', opening ? opening.begun : known(sent, end)],
      ['connecting', established],
      ['securing', secured],
      ['queued', ready],
      ['waiting', known(started, end)],
      ['receiving', end],
    ]
    return phasesFrom(queued, end, bounds)
  }

  /** With 0-RTT a request leaves before the handshake is over, and waits no longer for it (RFC 9001 4.6). */
  private quicBounds({ sent, exchange, started }: Attempt, opening: Opening, end: number): Bound[] {
    const left = known(opening.quic?.left.get(exchange) ?? NaN, known(sent, end))
    return [
      ['queued', opening.begun],
      ['opening', Math.min(known(opening.secured, end), left)],
      ['queued', left],
      ['waiting', known(started, end)],
      ['receiving', end],
    ]
  }
}

/** Phases in which a packet of the client or for it is on its way. */
const AWAY: readonly PhaseKind[] = ['resolving', 'connecting', 'securing', 'opening', 'waiting']

/** Phases with those moments of `from` that lie in one of `waits` given to `kind`. */
function cut(
  phases: readonly Phase[],
  kind: PhaseKind,
  from: readonly PhaseKind[],
  waits: readonly Wait[],
  now: number,
): Phase[] {
  if (waits.length === 0) return [...phases]
  return phases.flatMap((phase) => {
    if (!from.includes(phase.kind)) return [phase]
    const parts: Phase[] = []
    let at = phase.from
    for (const wait of waits) {
      // Waits are told in whole microseconds: what is left before one may be nothing.
      const begin = wait.from - at < 1 ? at : wait.from
      const end = Math.min(phase.to, known(wait.to, now))
      if (end <= begin) continue
      if (begin > at) parts.push({ ...phase, from: at, to: begin })
      parts.push({ kind, from: begin, to: end })
      at = end
    }
    return at < phase.to ? [...parts, { ...phase, from: at }] : parts
  })
}

/** Until when at the latest something is done. */
type Bound = readonly [PhaseKind, number]

function phasesFrom(start: number, end: number, bounds: readonly Bound[]): Phase[] {
  const phases: Phase[] = []
  let at = start
  for (const [kind, bound] of bounds) {
    const to = Math.min(bound, end)
    if (to <= at) continue
    phases.push({ kind, from: at, to })
    at = to
  }
  return phases
}

const known = (t: number, otherwise: number): number => (Number.isNaN(t) ? otherwise : t)

/** From the first wish of a lane to its last answer; undefined without any request, and while one goes on. */
export function pageSpan(
  attempts: readonly Attempt[],
): { readonly from: number; readonly to: number } | undefined {
  if (attempts.length === 0 || attempts.some(({ finished }) => Number.isNaN(finished))) return undefined
  const from = attempts.reduce((first, { queued }) => Math.min(first, queued), Infinity)
  const to = attempts.reduce((last, { finished }) => Math.max(last, finished), from)
  return { from, to }
}
