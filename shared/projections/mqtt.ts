/**
 * MQTT in each lane: the clients of the broker with their connections, sessions, subscriptions and wills, what the broker retains, and
 * each message with all packets of its handshakes, from the publisher to the broker and from there to each subscriber.
 *
 * Programs of the laboratory tell of themselves. Of outsiders only packets are known: their client comes from CONNECT, and messages
 * without a number are told apart by their topic and order, which MQTT keeps (3.1.1 4.6).
 */
import { topicMatches } from '../mqtt.ts'
import type { EventTable } from '../trace/columns.ts'
import type { TraceStore } from '../trace/store.ts'
import { Cursor } from './cursor.ts'
import type { Layers } from './layers.ts'

export type MqttSide = 'client' | 'server'

/** A packet that belongs to a message: PUBLISH, or an answer in its handshake. */
export interface MqttStep {
  /** In `mqtt:packet`. */
  readonly row: number
  readonly t: number
  readonly node: number
  readonly flow: number
  /** The client at one end; the broker is at the other. */
  readonly client: string
  readonly from: MqttSide
  readonly type: string
  /** Packet identifier; 0: none. */
  readonly id: number
  readonly qos: number
  readonly dup: boolean
  readonly retain: boolean
}

export interface MqttDelivery {
  readonly client: string
  readonly t: number
  /** 1 for the first time. */
  readonly copy: number
}

export interface MqttMessage {
  /** In the lane; 0: an outsider's, or one that carries none. */
  readonly number: number
  readonly topic: string
  readonly qos: number
  readonly retain: boolean
  /** Client identifier; empty: the broker itself, with a will or from before the recording. */
  readonly publisher: string
  readonly t: number
  /** In the order in which they were sent. */
  readonly steps: MqttStep[]
  /** To applications, as their programs say. */
  readonly deliveries: MqttDelivery[]
  /** Clients that the broker has given it up for, or keeps it for while they are away. */
  readonly kept: Set<string>
  readonly dropped: Set<string>
  /** Whose session held a matching subscription when it was published (3.3.5). */
  readonly intended: readonly string[]
}

interface At<T> {
  readonly t: number
  readonly value: T
}

export interface MqttWillState {
  readonly action: string
  readonly topic: string
}

/** What is known of a client, in the order of time. */
export interface MqttClient {
  readonly id: string
  /** connecting, connected, refused, closed or waiting. */
  readonly states: At<string>[]
  /** Its connections by the numbers of their names. */
  readonly flows: At<number>[]
  readonly subscriptions: At<{ readonly filter: string; readonly qos: number; readonly holds: boolean }>[]
  readonly wills: At<MqttWillState>[]
  readonly queued: At<number>[]
  /** The session outlives its connection. */
  readonly sessions: At<string>[]
}

export interface ClientAt {
  /** As in `states`; empty: it has not shown up yet. */
  readonly state: string
  /** The broker keeps its session while it is away. */
  readonly isKept: boolean
  readonly queued: number
  readonly subscriptions: readonly { readonly filter: string; readonly qos: number }[]
  readonly will: MqttWillState | undefined
}

export interface Retained {
  readonly topic: string
  readonly message: number
  readonly size: number
}

const EVENTS = [
  'mqtt:packet',
  'mqtt:state',
  'mqtt:session',
  'mqtt:subscription',
  'mqtt:retained',
  'mqtt:queued',
  'mqtt:will',
  'mqtt:message_published',
  'mqtt:message_delivered',
] as const
type MqttEvent = (typeof EVENTS)[number]

export class Mqtt {
  /** In the order of their first event. */
  readonly lanes = new Map<string, LaneMqtt>()
  private readonly cursor = new Cursor<MqttEvent>(...EVENTS)

  update(store: TraceStore): void {
    this.cursor.read(store, (name, table, row) => {
      const id = store.laneOf(table.node.data[row])
      let lane = this.lanes.get(id)
      if (!lane) this.lanes.set(id, (lane = new LaneMqtt()))
      lane.take(store, name, table, row)
    })
  }
}

/** What is read of one event. */
interface Reader {
  readonly t: number
  readonly row: number
  readonly node: number
  readonly flow: number
  number(field: string): number
  text(field: string): string
}

export class LaneMqtt {
  readonly clients = new Map<string, MqttClient>()
  /** In the order in which they were published. */
  readonly messages: MqttMessage[] = []
  /** The message of each packet that belongs to one, by its row in `mqtt:packet`. */
  readonly ofRow = new Map<number, MqttMessage>()
  /** Number of the name of the broker's node. */
  broker: number | undefined
  private readonly retained: At<Retained & { readonly set: boolean }>[] = []
  private readonly byNumber = new Map<number, MqttMessage>()
  /** Handshakes by client, side of the PUBLISH, and packet identifier: they outlive the connection (4.4). */
  private readonly handshakes = new Map<string, MqttMessage>()
  private readonly clientOfFlow = new Map<number, string>()
  /** Messages without a number that have not come to the broker's other side yet, by topic. */
  private readonly anonymous = new Map<string, MqttMessage[]>()
  /** Topic filters by client as they are now, and who holds one for a topic, until they change. */
  private readonly held = new Map<string, Set<string>>()
  private readonly subscribers = new Map<string, readonly string[]>()
  /** Clients whose programs tell of their connections. */
  private readonly insiders = new Set<string>()
  /** The broker tells of sessions and subscriptions itself. */
  private isTold = false

  /** The client at an end of a connection; before its CONNECT the name of the connection. */
  clientOf(store: TraceStore, flow: number): string {
    return this.clientOfFlow.get(flow) ?? store.text(flow)
  }

  retainedAt(t: number): Retained[] {
    const topics = new Map<string, Retained>()
    for (const { t: at, value } of this.retained) {
      if (at > t) break
      if (value.set) topics.set(value.topic, value)
      else topics.delete(value.topic)
    }
    return [...topics.values()]
  }

  /** What a client is like at a moment. */
  clientAt({ states, subscriptions, wills, queued, sessions }: MqttClient, t: number): ClientAt {
    const held = new Map<string, number>()
    for (const { t: at, value } of subscriptions) {
      if (at > t) break
      if (value.holds) held.set(value.filter, value.qos)
      else held.delete(value.filter)
    }
    const state = latest(states, t) ?? ''
    const session = latest(sessions, t)
    const isAway = state !== 'connected' && session !== undefined && session !== 'ended'
    return {
      state,
      isKept: isAway,
      queued: isAway ? (latest(queued, t) ?? 0) : 0,
      subscriptions: [...held].map(([filter, qos]) => ({ filter, qos })),
      will: latest(wills, t),
    }
  }

  take(store: TraceStore, name: MqttEvent, table: EventTable, row: number): void {
    const { columns } = table
    const number = (field: string): number => columns[field].data[row]
    const read: Reader = {
      t: table.t.data[row],
      row,
      node: table.node.data[row],
      flow: table.flow.data[row],
      number,
      text: (field) => store.text(number(field)),
    }
    if (name === 'mqtt:packet') this.onPacket(store, read)
    else if (name === 'mqtt:message_published') this.onPublished(read)
    else if (name === 'mqtt:message_delivered') this.onDelivered(read)
    else if (name === 'mqtt:retained') {
      const { t, text } = read
      const value = { topic: text('topic'), message: number('message'), size: number('size') }
      this.retained.push({ t, value: { ...value, set: text('action') === 'set' } })
    } else this.onClient(name, read)
  }

  // --- clients ----------------------------------------------------------------------------------------------

  private client(id: string): MqttClient {
    let client = this.clients.get(id)
    if (!client) {
      client = { id, states: [], flows: [], subscriptions: [], wills: [], queued: [], sessions: [] }
      this.clients.set(id, client)
    }
    return client
  }

  private onClient(
    name: 'mqtt:state' | 'mqtt:session' | 'mqtt:subscription' | 'mqtt:queued' | 'mqtt:will',
    { t, node, flow, text, number }: Reader,
  ): void {
    const client = this.client(text('client'))
    if (name === 'mqtt:state') {
      this.insiders.add(client.id)
      client.states.push({ t, value: text('state') })
      return this.connect(client, t, flow)
    }
    this.isTold = true
    this.broker ??= node
    switch (name) {
      case 'mqtt:session': {
        const action = text('action')
        client.sessions.push({ t, value: action })
        client.queued.push({ t, value: number('queued') })
        if (action === 'kept' || action === 'ended') this.turn(client, t, 'closed')
        // A session that is created has no subscriptions, whatever was there before (3.1.2.4).
        if (action === 'created' || action === 'ended') this.forget(client, t)
        return
      }
      case 'mqtt:subscription': {
        const qos = number('qos')
        const holds = text('action') === 'added' && qos < 128
        return this.subscribe(client, t, text('filter'), qos, holds)
      }
      case 'mqtt:queued': {
        client.queued.push({ t, value: number('queued') })
        const message = this.byNumber.get(number('message'))
        const isKept = text('action') === 'kept'
        message?.[isKept ? 'kept' : 'dropped'].add(client.id)
        return
      }
      case 'mqtt:will':
        return void client.wills.push({ t, value: { action: text('action'), topic: text('topic') } })
    }
  }

  private subscribe(client: MqttClient, t: number, filter: string, qos: number, holds: boolean): void {
    client.subscriptions.push({ t, value: { filter, qos, holds } })
    let filters = this.held.get(client.id)
    if (!filters) this.held.set(client.id, (filters = new Set()))
    if (holds) filters.add(filter)
    else filters.delete(filter)
    this.subscribers.clear()
  }

  private forget(client: MqttClient, t: number): void {
    for (const filter of this.held.get(client.id) ?? []) this.subscribe(client, t, filter, 0, false)
  }

  private connect(client: MqttClient, t: number, flow: number): void {
    if (flow === 0 || client.flows.at(-1)?.value === flow) return
    client.flows.push({ t, value: flow })
    this.clientOfFlow.set(flow, client.id)
  }

  // --- messages ---------------------------------------------------------------------------------------------

  private onPublished({ t, text, number }: Reader): void {
    const made = this.add(
      t,
      text('client'),
      text('topic'),
      number('qos'),
      number('retain') > 0,
      number('message'),
    )
    // Without a payload its packet carries no number.
    if (number('size') === 0) this.wait(made)
  }

  private onDelivered({ t, text, number }: Reader): void {
    const message = this.byNumber.get(number('message'))
    message?.deliveries.push({ client: text('client'), t, copy: number('copy') })
  }

  private add(
    t: number,
    publisher: string,
    topic: string,
    qos: number,
    retain: boolean,
    number: number,
  ): MqttMessage {
    const message = {
      number,
      topic,
      qos,
      retain,
      publisher,
      t,
      steps: [],
      deliveries: [],
      kept: new Set<string>(),
      dropped: new Set<string>(),
      intended: this.subscribersTo(topic),
    }
    this.messages.push(message)
    if (number > 0) this.byNumber.set(number, message)
    return message
  }

  private subscribersTo(topic: string): readonly string[] {
    let found = this.subscribers.get(topic)
    if (!found) {
      found = [...this.held]
        .filter(([, filters]) => [...filters].some((filter) => topicMatches(filter, topic)))
        .map(([client]) => client)
      this.subscribers.set(topic, found)
    }
    return found
  }

  private wait(message: MqttMessage): void {
    const waiting = this.anonymous.get(message.topic)
    if (waiting) waiting.push(message)
    else this.anonymous.set(message.topic, [message])
  }

  private onPacket(store: TraceStore, read: Reader): void {
    const { t, row, node, flow, number, text } = read
    const from: MqttSide = text('from') === 'client' ? 'client' : 'server'
    const type = text('type')
    if (from === 'server') this.broker ??= node
    if (type === 'CONNECT') this.onConnect(store, read)
    const client = this.clientOf(store, flow)
    this.onOutsider(client, from, type, read)
    const step: MqttStep = {
      row,
      t,
      node,
      flow,
      client,
      from,
      type,
      id: number('packet_id'),
      qos: number('qos'),
      dup: number('dup') > 0,
      retain: number('retain') > 0,
    }
    const message = type === 'PUBLISH' ? this.published(step, read) : this.answered(step)
    if (!message) return
    message.steps.push(step)
    this.ofRow.set(row, message)
  }

  /** The message of a PUBLISH. */
  private published(step: MqttStep, { t, number, text }: Reader): MqttMessage {
    const { client, from, id, dup, qos, retain } = step
    const key = `${client} ${from} ${id}`
    const topic = text('topic')
    const known = dup && id > 0 ? this.handshakes.get(key) : undefined
    const carried = number('message')
    let message = known ?? (carried > 0 ? this.byNumber.get(carried) : this.unnumbered(step, topic))
    if (!message) {
      message = this.add(t, from === 'client' ? client : '', topic, qos, retain, carried)
      if (from === 'client' && carried === 0) this.wait(message)
    }
    if (id > 0) this.handshakes.set(key, message)
    return message
  }

  /** The first message of the topic that has not gone this way yet. */
  private unnumbered({ client, from }: MqttStep, topic: string): MqttMessage | undefined {
    return this.anonymous
      .get(topic)
      ?.find(
        ({ publisher, steps }) =>
          (from === 'server' || publisher === client) &&
          !steps.some((step) => step.type === 'PUBLISH' && step.from === from && step.client === client),
      )
  }

  /** The message that an answer belongs to: PUBREL comes from who has sent the PUBLISH, the others from who has received it. */
  private answered({ client, from, type, id }: MqttStep): MqttMessage | undefined {
    if (!['PUBACK', 'PUBREC', 'PUBREL', 'PUBCOMP'].includes(type)) return undefined
    const publisher = type === 'PUBREL' ? from : from === 'client' ? 'server' : 'client'
    return this.handshakes.get(`${client} ${publisher} ${id}`)
  }

  // --- who does not tell of itself --------------------------------------------------------------------------

  private onConnect(store: TraceStore, { t, flow, text }: Reader): void {
    const found = /^client (.*?)(, |$)/.exec(text('detail'))
    const id = found && found[1] !== 'without identifier' ? found[1] : store.text(flow)
    if (!this.clientOfFlow.has(flow)) this.connect(this.client(id), t, flow)
  }

  /** The state of a client that does not tell of it. */
  private turn({ id, states }: MqttClient, t: number, state: string): void {
    if (!this.insiders.has(id) && states.at(-1)?.value !== state) states.push({ t, value: state })
  }

  private onOutsider(id: string, from: MqttSide, type: string, { t, text }: Reader): void {
    const state = STATE_AFTER[type]
    if (state !== undefined) this.turn(this.client(id), t, state)
    if (this.isTold || from !== 'client' || (type !== 'SUBSCRIBE' && type !== 'UNSUBSCRIBE')) return
    const client = this.client(id)
    const words = text('detail').split(', ')
    text('topic')
      .split('\n')
      .forEach((filter, i) => {
        const qos = Number(/ QoS ([012])/.exec(words[i] ?? '')?.[1] ?? 0)
        this.subscribe(client, t, filter, qos, type === 'SUBSCRIBE')
      })
  }
}

const STATE_AFTER: Readonly<Record<string, string | undefined>> = {
  CONNECT: 'connecting',
  CONNACK: 'connected',
  DISCONNECT: 'closed',
}

/** The value as it was at `t`. */
function latest<T>(changes: readonly At<T>[], t: number): T | undefined {
  let low = 0
  let high = changes.length
  while (low < high) {
    const middle = (low + high) >>> 1
    if (changes[middle].t <= t) low = middle + 1
    else high = middle
  }
  return low > 0 ? changes[low - 1].value : undefined
}

/** What became of a message at those whom it was for. */
export interface MqttOutcome {
  readonly intended: number
  /** Different ones of them that got it. */
  readonly delivered: number
  /** Those that the broker keeps it for. */
  readonly waiting: number
  readonly missing: number
  /** Copies beyond the first. */
  readonly duplicated: number
}

/** By what applications say; of outsiders, by the PUBLISH packets that were sent to them. */
export function outcomeOf(message: MqttMessage): MqttOutcome {
  const { deliveries, intended, steps, kept } = message
  const sent = steps.filter(({ type, from }) => type === 'PUBLISH' && from === 'server')
  const got = new Set((message.number > 0 ? deliveries : sent).map(({ client }) => client))
  const whom = new Set([...intended, ...got])
  const waiting = [...whom].filter((client) => !got.has(client) && kept.has(client)).length
  return {
    intended: whom.size,
    delivered: got.size,
    waiting,
    missing: whom.size - got.size - waiting,
    duplicated: deliveries.filter(({ copy }) => copy > 1).length,
  }
}

/** Numbers of the packets that carried a part of an MQTT packet, in the order in which they were sent. */
export function carriersOf(store: TraceStore, layers: Layers, { row, flow, node }: MqttStep): number[] {
  const { columns } = store.table('mqtt:packet')
  const stream = layers.streamOf(flow, node)
  const from = columns.offset.data[row]
  const spans = stream?.toTcp({ from, to: from + columns.length.data[row] }) ?? []
  const rows = new Set(spans.flatMap((span) => stream?.segments.overlapping(span) ?? []))
  const { pkt } = store.table('tcp:segment_sent')
  return [...rows].sort((a, b) => a - b).map((segment) => pkt.data[segment])
}
