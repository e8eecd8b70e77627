/**
 * The TLS conversations of a run: the messages of each handshake in the order in which they were sent, the first data
 * after it, alerts, and how it ended for either side (RFC 8446 2 and 4, RFC 5246 7.3).
 */
import type { EventTable } from '../trace/columns.ts'
import type { TraceStore } from '../trace/store.ts'
import { Cursor } from './cursor.ts'

export type TlsSide = 'client' | 'server'

/** `sealed`: records that could not be opened, so that nobody knows what they are. */
export type TlsStepKind = 'handshake' | 'change_cipher_spec' | 'alert' | 'application_data' | 'sealed'

export interface TlsStep {
  readonly kind: TlsStepKind
  readonly from: TlsSide
  /** When its last byte was first sent, and the packet that it went in. */
  readonly t: number
  readonly pkt: number
  /** Where it begins in the TCP stream, and bytes there, record headers included. */
  readonly offset: number
  readonly length: number
  /** Records that were put together: all of the same kind one after another. */
  readonly records: number
  /** Of the message or alert, such as `client_hello`. */
  readonly name: string
  readonly protected: boolean
  /** Its row in `security:handshake_message`, `_alert` or `_record`. */
  readonly row: number
  /** Of an alert: 1 warning, 2 fatal. */
  readonly level: number
}

/** How the handshake ended for one side. */
export interface TlsOutcome {
  readonly t: number
  readonly version: string
  readonly cipherSuite: string
  readonly group: string
  readonly alpn: string
  readonly resumed: boolean
  /** Empty, or the code of the library. */
  readonly error: string
  readonly message: string
}

/** What someone read of it afterwards with a key that leaked. */
export interface TlsBreak {
  /** Bytes of protected application data that crossed, and of these that could be read. */
  readonly total: number
  readonly recovered: number
  /** The beginning of what was read. */
  readonly sample: string
}

/** Bytes that could not be read. */
export interface TlsGap {
  readonly t: number
  readonly from: TlsSide
  readonly offset: number
  readonly length: number
  readonly reason: string
}

export interface TlsConversation {
  /** Number of the flow's name. */
  readonly flow: number
  readonly lane: string
  readonly steps: readonly TlsStep[]
  readonly outcomes: Partial<Readonly<Record<TlsSide, TlsOutcome>>>
  readonly gaps: readonly TlsGap[]
  readonly broken?: TlsBreak
  /** Bytes of application data that each side has sent, as far as they can be read. */
  readonly data: Readonly<Record<TlsSide, number>>
}

/** ContentType (RFC 8446 5.1). */
const CHANGE_CIPHER_SPEC = 20
const APPLICATION_DATA = 23

type Mutable<T> = { -readonly [K in keyof T]: T[K] }

interface Conversation extends TlsConversation {
  readonly steps: Mutable<TlsStep>[]
  readonly outcomes: Partial<Record<TlsSide, TlsOutcome>>
  readonly gaps: TlsGap[]
  broken?: TlsBreak
  readonly data: Record<TlsSide, number>
  /** Which node speaks for which side. */
  readonly nodes: Map<number, TlsSide>
  /** The latest record of each side: an alert says nothing of the one that it came in. */
  readonly latest: Partial<Record<TlsSide, { readonly length: number; readonly protected: boolean }>>
}

/** A recording may say anything. */
export const sideOf = (text: string): TlsSide | undefined =>
  text === 'client' || text === 'server' ? text : undefined

export class TlsConversations {
  /** By the number of the flow's name, in the order of their first record. */
  readonly flows = new Map<number, TlsConversation>()
  private readonly cursor = new Cursor(
    'security:record',
    'security:handshake_message',
    'security:alert',
    'security:malformed',
    'security:handshake_finished',
    'security:decryption_attempted',
  )

  update(store: TraceStore): void {
    this.cursor.read(store, (name, table, row) => {
      const conversation = this.open(store, table, row)
      if (name === 'security:handshake_finished') return finish(conversation, store, table, row)
      if (name === 'security:decryption_attempted') {
        const { total, recovered, sample } = table.columns
        conversation.broken = {
          total: total.data[row],
          recovered: recovered.data[row],
          sample: store.text(sample.data[row]),
        }
        return
      }
      const from = sideOf(store.text(table.columns.from.data[row]))
      if (from === undefined) return
      if (name === 'security:malformed') return addGap(conversation, store, table, row, from)
      conversation.nodes.set(table.node.data[row], from)
      if (name === 'security:record') addRecord(conversation, store, table, row, from)
      else
        addStep(conversation, store, table, row, {
          from,
          kind: name === 'security:alert' ? 'alert' : 'handshake',
        })
    })
  }

  private open(store: TraceStore, table: EventTable, row: number): Conversation {
    const flow = table.flow.data[row]
    const known = this.flows.get(flow) as Conversation | undefined
    if (known) return known
    const made: Conversation = {
      flow,
      lane: store.laneOf(table.node.data[row]),
      steps: [],
      outcomes: {},
      gaps: [],
      data: { client: 0, server: 0 },
      nodes: new Map(),
      latest: {},
    }
    this.flows.set(flow, made)
    return made
  }
}

function addStep(
  { steps, latest }: Conversation,
  store: TraceStore,
  table: EventTable,
  row: number,
  { from, kind }: { from: TlsSide; kind: TlsStepKind },
): void {
  const { columns } = table
  const last = steps.at(-1)
  const record = kind === 'alert' ? latest[from] : undefined
  const length = record?.length ?? columns.length?.data[row] ?? 0
  if (kind === 'sealed' && last?.kind === kind && last.from === from) {
    last.length += length
    last.records++
    return
  }
  steps.push({
    kind,
    from,
    t: table.t.data[row],
    pkt: table.pkt.data[row],
    offset: columns.offset.data[row],
    length,
    records: 1,
    name: columns.name ? store.text(columns.name.data[row]) : kind,
    protected: record?.protected ?? columns.protected?.data[row] === 1,
    row,
    level: columns.level?.data[row] ?? 0,
  })
}

function addRecord(
  conversation: Conversation,
  store: TraceStore,
  table: EventTable,
  row: number,
  from: TlsSide,
): void {
  const { columns } = table
  const inner = columns.inner_type.data[row]
  conversation.latest[from] = {
    length: columns.length.data[row],
    protected: columns.protected.data[row] === 1,
  }
  if (columns.content_type.data[row] === CHANGE_CIPHER_SPEC)
    addStep(conversation, store, table, row, { from, kind: 'change_cipher_spec' })
  else if (store.text(columns.problem.data[row]) !== '')
    addStep(conversation, store, table, row, { from, kind: 'sealed' })
  else if (inner === APPLICATION_DATA) {
    const isFirst = !conversation.steps.some((step) => step.kind === 'application_data' && step.from === from)
    if (isFirst) addStep(conversation, store, table, row, { from, kind: 'application_data' })
    conversation.data[from] += columns.plain_length.data[row]
  }
}

function addGap(
  { gaps }: Conversation,
  store: TraceStore,
  table: EventTable,
  row: number,
  from: TlsSide,
): void {
  const { offset, length, reason } = table.columns
  gaps.push({
    t: table.t.data[row],
    from,
    offset: offset.data[row],
    length: length.data[row],
    reason: store.text(reason.data[row]),
  })
}

/** The side of an end: the one whose bytes it sent; one that never sent any is known by its node. */
function finish({ outcomes, nodes }: Conversation, store: TraceStore, table: EventTable, row: number): void {
  const node = table.node.data[row]
  const side = nodes.get(node) ?? sideOf(store.nodes.get(node)?.role ?? '')
  if (side === undefined) return
  const { columns } = table
  const text = (field: string): string => store.text(columns[field].data[row])
  outcomes[side] = {
    t: table.t.data[row],
    version: text('version'),
    cipherSuite: text('cipher_suite'),
    group: text('group'),
    alpn: text('alpn'),
    resumed: columns.resumed.data[row] === 1,
    error: text('error'),
    message: text('message'),
  }
}

/** Steps that one side sent without hearing from the other in between. */
export interface TlsFlight {
  readonly from: TlsSide
  readonly steps: readonly TlsStep[]
}

export function flightsOf(steps: readonly TlsStep[]): TlsFlight[] {
  const flights: { from: TlsSide; steps: TlsStep[] }[] = []
  for (const step of steps) {
    const last = flights.at(-1)
    if (last?.from === step.from) last.steps.push(step)
    else flights.push({ from: step.from, steps: [step] })
  }
  return flights
}

/**
 * Round trips that the client spent before it could send data: the flights of the server that it waited for. Of a
 * handshake that has not come so far, those up to now.
 */
export function roundTrips(flights: readonly TlsFlight[]): number {
  let count = 0
  for (const { from, steps } of flights) {
    if (from === 'server') count++
    else if (count > 0 && steps.some(({ kind }) => kind === 'application_data')) break
  }
  return count
}
