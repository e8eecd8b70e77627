/**
 * What became of each message of the lane's applications, for each of those that were to get it: messages over TCP, UDP and feeds
 * as their programs tell of them, and those of MQTT from publisher to subscribers.
 *
 * What is sent on a channel is for all who get anything from it, or for one whom nobody knows yet. A message of MQTT is for the clients
 * whose session held a matching subscription when it was published (MQTT 3.1.1 3.3.5), the publisher among them.
 */
import { topicMatches } from '../mqtt.ts'
import type { EventTable } from '../trace/columns.ts'
import type { TraceStore } from '../trace/store.ts'
import { Cursor } from './cursor.ts'
import type { Layers } from './layers.ts'
import { lowerBound, upperBound } from './series.ts'
import type { Span } from './spans.ts'

export interface Message {
  readonly lane: string
  /** From 1, in the lane or on its channel. */
  readonly number: number
  /** Who it is for, or what it belongs to; of MQTT the topic. */
  readonly channel: string
  /** -1: it is not of MQTT. */
  readonly qos: number
  /** No: a will, which shows when it is delivered; the figures leave it out. */
  readonly isPublished: boolean
  /** When it was given away, and the number of the event that says so. */
  readonly t: number
  readonly seq: number
  /** Numbers of the names of the node that sent it and of its flow. */
  readonly node: number
  readonly flow: number
  readonly size: number
  /** Where it lies in the stream of bytes, with its framing; undefined: in none. */
  place: Span | undefined
  readonly deliveries: Delivery[]
}

/** A message and one who is to get it, or got it all the same. */
export interface Delivery {
  readonly message: Message
  /** Name of the node; of MQTT the client identifier; empty: nobody knows yet. */
  receiver: string
  readonly isIntended: boolean
  /** In the order in which they came. */
  readonly receipts: Receipt[]
}

export interface Receipt {
  readonly t: number
  /** 1 for the first time. */
  readonly copy: number
  /** One with a higher number was here before. */
  readonly late: boolean
  /** Since it was sent; -1: unknown. */
  readonly delay: number
}

/** Something that was taken for a message and is none. */
export interface Mistake {
  readonly t: number
  readonly receiver: string
  readonly size: number
  /** glued, split or damaged. */
  readonly wrong: string
}

export interface DeliveryFigures {
  readonly sent: number
  /** Pairs of a message and one who is to get it, and how many of them have come about, whole. */
  readonly intended: number
  readonly delivered: number
  /** Of the delivered those to somebody who was not to get them when they were sent: what a broker had retained. */
  readonly unasked: number
  /** Intended, and not delivered by now. */
  readonly missing: number
  /** Copies beyond the first. */
  readonly duplicated: number
  readonly outOfOrder: number
  readonly mistaken: number
  /** Of first copies, in microseconds, in ascending order. */
  readonly delays: Float64Array
}

const EVENTS = [
  'app:message_sent',
  'app:message_received',
  'app:frame_written',
  'mqtt:session',
  'mqtt:subscription',
  'mqtt:message_published',
  'mqtt:message_delivered',
] as const
type MessageEvent = (typeof EVENTS)[number]

export class Messages {
  /** In the order of their first event. */
  readonly lanes = new Map<string, LaneMessages>()
  private readonly cursor = new Cursor<MessageEvent>(...EVENTS)

  update(store: TraceStore): void {
    this.cursor.read(store, (name, table, row) => this.open(store, table, row).take(store, name, table, row))
  }

  private open(store: TraceStore, table: EventTable, row: number): LaneMessages {
    const id = store.laneOf(table.node.data[row])
    let lane = this.lanes.get(id)
    if (lane === undefined) this.lanes.set(id, (lane = new LaneMessages(id)))
    return lane
  }
}

/** Topics of MQTT and channels of applications may have the same name. */
const MQTT = 'mqtt'

export class LaneMessages {
  /** In the order in which they were given away. */
  readonly messages: Message[] = []
  readonly mistakes: Mistake[] = []
  private readonly id: string
  private readonly byNumber = new Map<string, Message>()
  /** Of each channel who has got anything from it. */
  private readonly receivers = new Map<string, string[]>()
  /** Topic filters that the sessions of clients hold. */
  private readonly subscriptions = new Map<string, Set<string>>()
  /** The highest number that each client of MQTT has got from each publisher: among these order is kept (MQTT 3.1.1 4.6). */
  private readonly highest = new Map<string, number>()
  private flat: Delivery[] | undefined
  private counted: DeliveryFigures | undefined

  constructor(id: string) {
    this.id = id
  }

  /** All deliveries, those of one message after another. */
  get deliveries(): readonly Delivery[] {
    return (this.flat ??= this.messages.flatMap(({ deliveries }) => deliveries))
  }

  get figures(): DeliveryFigures {
    return (this.counted ??= figuresOf(this))
  }

  take(store: TraceStore, name: MessageEvent, table: EventTable, row: number): void {
    const { columns } = table
    const number = (field: string): number => columns[field].data[row]
    const text = (field: string): string => store.text(number(field))
    const t = table.t.data[row]
    this.flat = this.counted = undefined
    switch (name) {
      case 'app:message_sent':
        return this.onSent(this.add(table, row, text('channel'), -1))
      case 'app:message_received': {
        const node = store.text(table.node.data[row])
        const receiver = node.slice(node.indexOf('/') + 1)
        if (text('wrong') !== '')
          return void this.mistakes.push({ t, receiver, size: number('size'), wrong: text('wrong') })
        const [copy, delay] = [number('copy'), number('delay')]
        return this.onReceived(text('channel'), number('message'), receiver, {
          t,
          copy,
          late: number('late') > 0,
          delay,
        })
      }
      case 'app:frame_written': {
        const message = this.byNumber.get(keyOf(text('channel'), number('message')))
        const from = number('offset')
        if (message) message.place = { from, to: from + number('length') }
        return
      }
      case 'mqtt:session':
        // Only what is kept or taken over still has its subscriptions (MQTT 3.1.1 3.1.2.4).
        if (['created', 'ended'].includes(text('action'))) this.subscriptions.delete(text('client'))
        return
      case 'mqtt:subscription':
        return this.onSubscription(
          text('client'),
          text('filter'),
          text('action') === 'added' && number('qos') < 128,
        )
      case 'mqtt:message_published':
        // Without a payload it has no number to be known by.
        if (number('size') > 0) this.onPublished(this.add(table, row, text('topic'), number('qos')))
        return
      case 'mqtt:message_delivered':
        if (number('message') > 0)
          this.onDelivered(table, row, text('topic'), text('client'), {
            t,
            copy: number('copy'),
            delay: number('delay'),
          })
    }
  }

  private add(table: EventTable, row: number, channel: string, qos: number, isPublished = true): Message {
    const { message, size } = table.columns
    const made: Message = {
      lane: this.id,
      number: message.data[row],
      channel,
      qos,
      isPublished,
      t: table.t.data[row],
      seq: table.seq.data[row],
      node: table.node.data[row],
      flow: table.flow.data[row],
      size: size?.data[row] ?? 0,
      place: undefined,
      deliveries: [],
    }
    this.messages.push(made)
    this.byNumber.set(keyOf(qos < 0 ? channel : MQTT, made.number), made)
    return made
  }

  // --- applications -----------------------------------------------------------------------------------------

  private onSent(message: Message): void {
    const receivers = this.receivers.get(message.channel) ?? ['']
    for (const receiver of receivers) addDelivery(message, receiver, true)
  }

  private onReceived(channel: string, number: number, receiver: string, receipt: Receipt): void {
    this.meet(channel, receiver)
    const message = this.byNumber.get(keyOf(channel, number))
    message?.deliveries.find((one) => one.receiver === receiver)?.receipts.push(receipt)
  }

  /** What was sent before on the channel is for this receiver, too. */
  private meet(channel: string, receiver: string): void {
    const known = this.receivers.get(channel)
    if (known?.includes(receiver)) return
    this.receivers.set(channel, [...(known ?? []), receiver])
    for (const message of this.messages) {
      if (message.channel !== channel || message.qos >= 0) continue
      if (known === undefined) message.deliveries[0].receiver = receiver
      else addDelivery(message, receiver, true)
    }
  }

  // --- MQTT -------------------------------------------------------------------------------------------------

  private onSubscription(client: string, filter: string, holds: boolean): void {
    let filters = this.subscriptions.get(client)
    if (filters === undefined) this.subscriptions.set(client, (filters = new Set()))
    if (holds) filters.add(filter)
    else filters.delete(filter)
  }

  private onPublished(message: Message): void {
    for (const [client, filters] of this.subscriptions)
      if ([...filters].some((filter) => topicMatches(filter, message.channel)))
        addDelivery(message, client, true)
  }

  private onDelivered(
    table: EventTable,
    row: number,
    topic: string,
    client: string,
    { t, copy, delay }: Omit<Receipt, 'late'>,
  ): void {
    const message =
      this.byNumber.get(keyOf(MQTT, table.columns.message.data[row])) ??
      this.add(table, row, topic, table.columns.qos.data[row], false)
    const way = `${client} ${message.node}`
    const highest = this.highest.get(way) ?? 0
    this.highest.set(way, Math.max(highest, message.number))
    const delivery =
      message.deliveries.find((one) => one.receiver === client) ?? addDelivery(message, client, false)
    delivery.receipts.push({ t, copy, late: copy === 1 && message.number < highest, delay })
  }
}

const keyOf = (channel: string, number: number): string => `${number} ${channel}`

function addDelivery(message: Message, receiver: string, isIntended: boolean): Delivery {
  const made: Delivery = { message, receiver, isIntended, receipts: [] }
  message.deliveries.push(made)
  return made
}

function figuresOf({ messages, mistakes }: LaneMessages): DeliveryFigures {
  const published = messages.filter(({ isPublished }) => isPublished)
  const deliveries = published.flatMap((message) => message.deliveries)
  const got = deliveries.filter(({ receipts }) => receipts.length > 0)
  const firsts = got.map(({ receipts }) => receipts[0])
  const intended = deliveries.filter(({ isIntended }) => isIntended)
  return {
    sent: published.length,
    intended: intended.length,
    delivered: got.length,
    unasked: got.filter(({ isIntended }) => !isIntended).length,
    missing: intended.filter(({ receipts }) => receipts.length === 0).length,
    duplicated: got.reduce((sum, { receipts }) => sum + receipts.length - 1, 0),
    outOfOrder: firsts.filter(({ late }) => late).length,
    mistaken: mistakes.length,
    delays: Float64Array.from(firsts.filter(({ delay }) => delay >= 0).map(({ delay }) => delay)).sort(),
  }
}

/** The smallest of some numbers in ascending order that a share `q` of them does not exceed (the nearest rank); NaN: there is none. */
export const quantileOf = (sorted: Float64Array, q: number): number =>
  sorted.length === 0 ? NaN : sorted[Math.max(0, Math.ceil(q * sorted.length) - 1)]

/**
 * The first packet that carried a message: the datagram that was sent right after it was given away, the segment with its first byte,
 * or the PUBLISH of its publisher; null: nobody says.
 */
export function carrierOf(store: TraceStore, layers: Layers, message: Message): number | null {
  if (message.qos >= 0) return publishOf(store, message)
  if (message.place !== undefined) {
    const stream = layers.streamOf(message.flow, message.node)
    const [first] = stream?.toTcp(message.place) ?? []
    const [row] = (first && stream?.segments.overlapping({ from: first.from, to: first.from + 1 })) ?? []
    return row === undefined ? null : store.table('tcp:segment_sent').pkt.data[row]
  }
  return datagramOf(store, message)
}

function datagramOf(store: TraceStore, { seq, t, node, flow }: Message): number | null {
  const table = store.table('udp:datagram_sent')
  const row = lowerBound(table.seq, seq)
  const isIt = row < table.length && table.t.data[row] === t && table.node.data[row] === node
  return isIt && table.flow.data[row] === flow ? table.pkt.data[row] : null
}

/** When the link lost the datagram that a message was in; undefined: it did not, or there was none. */
export function lostAt(store: TraceStore, message: Message): number | undefined {
  const pkt = message.qos < 0 && message.place === undefined ? datagramOf(store, message) : null
  const fate = pkt === null ? undefined : store.fate(pkt)
  return fate?.kind === 'dropped' ? store.table(fate.in).t.data[fate.row] : undefined
}

function publishOf(store: TraceStore, { number, node, t }: Message): number | null {
  const table = store.table('mqtt:packet')
  for (let row = upperBound(table.t, t - 1); row < table.length; row++) {
    const isIt = table.columns.message.data[row] === number && table.node.data[row] === node
    if (isIt) return table.pkt.data[row]
  }
  return null
}
