/** What the onlookers, the clients and the broker of a lane tell of MQTT. Its messages go to the log of deliveries, too. */
import { topicMatches } from '../../../shared/mqtt.ts'
import type { EventData } from '../../../shared/trace/events.ts'
import type { TraceEvent } from '../recording/types.ts'
import type { DeliveryLog } from './delivery-log.ts'
import { Mean } from './mean.ts'

export const MQTT_EVENTS = [
  'mqtt:packet',
  'mqtt:state',
  'mqtt:message_published',
  'mqtt:publish_finished',
  'mqtt:message_delivered',
  'mqtt:session',
  'mqtt:refused',
  'mqtt:subscription',
  'mqtt:retained',
  'mqtt:queued',
  'mqtt:will',
  'mqtt:keep_alive_expired',
] as const

type MqttEvent = TraceEvent<(typeof MQTT_EVENTS)[number]>

const NAMES: ReadonlySet<string> = new Set(MQTT_EVENTS)

export const isMqttEvent = (event: TraceEvent): event is MqttEvent => NAMES.has(event.name)

/** The packets that carry a message from one side to the other, whatever its QoS (MQTT 3.1.1 4.3). */
const OF_MESSAGES = new Set(['PUBLISH', 'PUBACK', 'PUBREC', 'PUBREL', 'PUBCOMP'])

export class MqttLog {
  readonly lengths = new Mean()
  headerMax = 0
  /** Packets by their type. */
  readonly packets = new Map<string, number>()
  ofMessages = 0
  redeliveries = 0
  refusals = 0
  /** Of the last CONNACK that a client got; undefined: none did. */
  returnCode: number | undefined
  /** From the first CONNECT to its CONNACK, in microseconds. */
  connectTime: number | undefined
  published = 0
  /** Whose handshake came to its end at the publisher, and that were given up. */
  publishesFinished = 0
  publishesFailed = 0
  willsPublished = 0
  willsDiscarded = 0
  sessionsResumed = 0
  queuedMax = 0
  dropped = 0
  subscriptionsMax = 0
  readonly retained = new Set<string>()
  keepAliveExpired = 0
  /** The last time that it did. */
  expiry: EventData<'mqtt:keep_alive_expired'> | undefined
  private readonly deliveries: DeliveryLog
  /** When CONNECT was sent, by flow. */
  private readonly connects = new Map<string, number>()
  /** Filters by client. */
  private readonly subscriptions = new Map<string, Set<string>>()
  private subscribed = 0
  /** Who is to get a message of a topic now. */
  private readonly audiences = new Map<string, ReadonlySet<string>>()
  private readonly messages = new Map<
    number,
    { readonly by: string; readonly audience: ReadonlySet<string> }
  >()
  /** The highest number that a client has got of a publisher. */
  private readonly highest = new Map<string, number>()

  constructor(deliveries: DeliveryLog) {
    this.deliveries = deliveries
  }

  get seen(): boolean {
    return this.lengths.count > 0
  }

  take({ t, flow, name, data }: MqttEvent): void {
    switch (name) {
      case 'mqtt:packet':
        return this.onPacket(t, flow, data)
      case 'mqtt:state':
        return this.onState(t, flow, data)
      case 'mqtt:message_published':
        return this.onPublished(data)
      case 'mqtt:publish_finished':
        if (data.error === '') this.publishesFinished++
        else this.publishesFailed++
        return
      case 'mqtt:message_delivered':
        return this.onDelivered(data)
      case 'mqtt:session':
        if (data.action === 'resumed') this.sessionsResumed++
        this.queuedMax = Math.max(this.queuedMax, data.queued)
        return
      case 'mqtt:refused':
        this.refusals++
        return
      case 'mqtt:subscription':
        return this.onSubscription(data)
      case 'mqtt:retained':
        this.retained[data.action === 'set' ? 'add' : 'delete'](data.topic)
        return
      case 'mqtt:queued':
        if (data.action === 'dropped') this.dropped++
        this.queuedMax = Math.max(this.queuedMax, data.queued)
        return
      case 'mqtt:will':
        if (data.action === 'published') this.willsPublished++
        if (data.action === 'discarded') this.willsDiscarded++
        return
      case 'mqtt:keep_alive_expired':
        this.keepAliveExpired++
        this.expiry = data
    }
  }

  private onPacket(t: number, flow: string, data: EventData<'mqtt:packet'>): void {
    const { type, header, length, dup } = data
    this.lengths.add(length)
    this.headerMax = Math.max(this.headerMax, header)
    this.packets.set(type, (this.packets.get(type) ?? 0) + 1)
    if (OF_MESSAGES.has(type)) this.ofMessages++
    if (type === 'PUBLISH' && dup) this.redeliveries++
    if (type === 'CONNECT') this.connects.set(flow, t)
  }

  private onState(t: number, flow: string, { state, code }: EventData<'mqtt:state'>): void {
    if (state !== 'connected' && state !== 'refused') return
    this.returnCode = code
    const then = this.connects.get(flow)
    if (then !== undefined) this.connectTime ??= t - then
  }

  private onSubscription({ client, filter, action, qos }: EventData<'mqtt:subscription'>): void {
    let filters = this.subscriptions.get(client)
    if (filters === undefined) this.subscriptions.set(client, (filters = new Set()))
    this.subscribed -= filters.size
    if (action === 'removed') filters.delete(filter)
    // MQTT 3.1.1 3.9.3: 128 is a refusal.
    else if (qos < 128) filters.add(filter)
    this.subscribed += filters.size
    this.subscriptionsMax = Math.max(this.subscriptionsMax, this.subscribed)
    this.audiences.clear()
  }

  /** It is for everybody whose session holds a subscription that it matches now. */
  private onPublished({ client: by, message, topic }: EventData<'mqtt:message_published'>): void {
    const audience = this.audienceOf(topic)
    this.published++
    this.messages.set(message, { by, audience })
    this.deliveries.onIntended(audience.size)
  }

  private onDelivered({ client, message, copy, delay }: EventData<'mqtt:message_delivered'>): void {
    // Wills and messages of others were published by nobody here.
    const known = this.messages.get(message)
    if (known === undefined) return
    const way = `${client}\n${known.by}`
    const highest = this.highest.get(way) ?? 0
    this.highest.set(way, Math.max(highest, message))
    const unasked = !known.audience.has(client)
    this.deliveries.onDelivery({ copy, delay, late: message < highest, unasked })
  }

  private audienceOf(topic: string): ReadonlySet<string> {
    let audience = this.audiences.get(topic)
    if (audience === undefined) {
      const found = [...this.subscriptions].filter(([, filters]) =>
        [...filters].some((filter) => topicMatches(filter, topic)),
      )
      this.audiences.set(topic, (audience = new Set(found.map(([client]) => client))))
    }
    return audience
  }
}
