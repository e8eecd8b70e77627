/**
 * What the HTTP clients of a run asked for, put together from what they say themselves (`http:request_*`,
 * `http:response_*`) and from what an onlooker read of the messages (`http:message_*`). Times are microseconds of lab time.
 */
import type { EventName } from '../../../shared/trace/events.ts'
import { laneOfName } from '../../../shared/trace/store.ts'
import type { RecordingReader, TraceEvent } from '../recording/types.ts'

/** The header section of a message and what followed it. */
export interface SeenMessage {
  readonly fields: readonly (readonly [name: string, value: string])[]
  /** Bytes of its header section on the wire. */
  readonly headerBytes: number
  /** Bytes of content; null as long as it has not ended. */
  content: number | null
  finished: number | null
}

/** One try of one request. */
export interface Load {
  readonly lane: string
  /** The host of the client. */
  readonly node: string
  readonly number: number
  readonly attempt: number
  readonly method: string
  readonly url: string
  /** Number of the request whose answer named it; 0: none. */
  readonly initiator: number
  readonly queued: number
  sent: number | null
  flow: string
  exchange: number
  version: string
  reused: boolean
  responded: number | null
  status: number
  contentType: string
  outcome: { readonly t: number; readonly data: TraceEvent<'http:response_finished'>['data'] } | null
}

/** When the client's end of a connection came to life. */
export interface Opening {
  /** The first SYN, or Initial packet. */
  begun: number | null
  /** ESTABLISHED; of QUIC the end of its handshake, which is that of TLS. */
  established: number | null
  /** The end of the handshake of TLS. */
  secured: number | null
  quic: boolean
}

/** When a client's resolver was at work. */
export interface Lookup {
  readonly from: number
  to: number | null
}

export interface PageLoads {
  /** In the order in which they were asked for. */
  readonly loads: readonly Load[]
  opening(load: Load): Opening | undefined
  /** The last lookup of the client that was over when it began to connect for this request. */
  lookup(load: Load): Lookup | undefined
  message(load: Load, part: 'request' | 'response'): SeenMessage | undefined
  /** IPv4 address of a node. */
  readonly addresses: ReadonlyMap<string, string>
}

const READ = [
  'sim:node_added',
  'dns:lookup_started',
  'dns:lookup_finished',
  'tcp:state_changed',
  'transport:packet_sent',
  'connectivity:connection_state_changed',
  'security:handshake_finished',
  'http:request_queued',
  'http:request_sent',
  'http:response_started',
  'http:response_finished',
  'http:message_started',
  'http:message_finished',
] as const satisfies readonly EventName[]

type Read = TraceEvent<(typeof READ)[number]>

/** Pairs of name and value from the JSON of an event; a recording may hold anything. */
export function parseHeaderFields(json: string): [string, string][] {
  try {
    const list: unknown = JSON.parse(json)
    if (!Array.isArray(list)) return []
    return list.flatMap((field: unknown): [string, string][] =>
      Array.isArray(field) && typeof field[0] === 'string' && typeof field[1] === 'string'
        ? [[field[0], field[1]]]
        : [],
    )
  } catch {
    return []
  }
}

/** A promised request is the request of its stream. */
const PARTS: Readonly<Record<string, 'request' | 'response'>> = {
  request: 'request',
  push: 'request',
  response: 'response',
}

class Reader implements PageLoads {
  readonly loads: Load[] = []
  readonly addresses = new Map<string, string>()
  /** The last try of a request, by node and number. */
  private readonly current = new Map<string, Load>()
  private readonly openings = new Map<string, Opening>()
  /** By node. */
  private readonly lookups = new Map<string, Lookup[]>()
  private readonly messages = new Map<string, SeenMessage>()

  opening({ node, flow }: Load): Opening | undefined {
    return this.openings.get(`${node} ${flow}`)
  }

  lookup(load: Load): Lookup | undefined {
    const begun = this.opening(load)?.begun ?? null
    if (begun === null) return undefined
    return this.lookups.get(load.node)?.findLast(({ to }) => to !== null && to >= load.queued && to <= begun)
  }

  message({ lane, flow, exchange }: Load, part: 'request' | 'response'): SeenMessage | undefined {
    return flow === '' ? undefined : this.messages.get(`${lane} ${flow} ${exchange} ${part}`)
  }

  take(event: Read): void {
    const { t, node, flow } = event
    switch (event.name) {
      case 'sim:node_added':
        this.addresses.set(node, event.data.address)
        break
      case 'dns:lookup_started':
        this.lookups.set(node, [...(this.lookups.get(node) ?? []), { from: t, to: null }])
        break
      case 'dns:lookup_finished':
        // One at a time, but for those that wait for the same answer.
        for (const lookup of this.lookups.get(node) ?? []) lookup.to ??= t
        break
      case 'tcp:state_changed':
        if (event.data.to === 'SYN-SENT') this.open(node, flow).begun = t
        else if (event.data.to === 'ESTABLISHED') this.open(node, flow).established = t
        break
      case 'transport:packet_sent': {
        const opening = this.open(node, flow)
        opening.begun ??= t
        opening.quic = true
        break
      }
      case 'connectivity:connection_state_changed':
        if (event.data.to === 'open') this.open(node, flow).established = t
        break
      case 'security:handshake_finished':
        if (event.data.error === '') this.open(node, flow).secured = t
        break
      case 'http:message_started':
      case 'http:message_finished':
        this.takeMessage(event)
        break
      default:
        this.takeRequest(event)
    }
  }

  private open(node: string, flow: string): Opening {
    const key = `${node} ${flow}`
    let opening = this.openings.get(key)
    if (opening === undefined)
      this.openings.set(key, (opening = { begun: null, established: null, secured: null, quic: false }))
    return opening
  }

  private takeMessage(event: TraceEvent<'http:message_started' | 'http:message_finished'>): void {
    const part = PARTS[event.data.part]
    if (part === undefined) return
    const key = `${laneOfName(event.node)} ${event.flow} ${event.data.exchange} ${part}`
    if (event.name === 'http:message_started') {
      const { fields, length, end } = event.data
      const ended = end ? { content: 0, finished: event.t } : { content: null, finished: null }
      this.messages.set(key, { fields: parseHeaderFields(fields), headerBytes: length, ...ended })
      return
    }
    const message = this.messages.get(key)
    if (message === undefined) return
    message.content = event.data.content
    message.finished = event.t
  }

  private takeRequest(
    event: TraceEvent<
      'http:request_queued' | 'http:request_sent' | 'http:response_started' | 'http:response_finished'
    >,
  ): void {
    const { t, node, flow } = event
    const key = `${node} ${event.data.request}`
    if (event.name === 'http:request_queued') {
      const { request: number, method, url, initiator, attempt } = event.data
      const asked = { lane: laneOfName(node), node, number, attempt, method, url, initiator, queued: t }
      const load: Load = { ...asked, ...NOTHING_YET }
      this.current.set(key, load)
      this.loads.push(load)
      return
    }
    const load = this.current.get(key)
    if (load === undefined) return
    if (event.name === 'http:request_sent') {
      const { exchange, version, reused } = event.data
      Object.assign(load, { sent: t, flow, exchange, version, reused })
    } else if (event.name === 'http:response_started') {
      const { status, content_type: contentType } = event.data
      Object.assign(load, { responded: t, status, contentType })
    } else {
      load.outcome = { t, data: event.data }
      // Pushed: no request of the client's took it to a connection (RFC 9113 8.4).
      if (event.data.source === 'push') Object.assign(load, { sent: load.queued, flow, version: 'h2' })
    }
  }
}

const NOTHING_YET = {
  sent: null,
  flow: '',
  exchange: 0,
  version: '',
  reused: false,
  responded: null,
  status: 0,
  contentType: '',
  outcome: null,
}

/** Reads the requests of all clients of a run. */
export function readPageLoads(reader: RecordingReader): PageLoads {
  const loads = new Reader()
  for (const event of reader.events(READ)) loads.take(event)
  return loads
}
