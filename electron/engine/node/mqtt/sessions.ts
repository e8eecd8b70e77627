/**
 * What the broker knows of its clients and keeps for them (MQTT 3.1.1 3.1.2.4): subscriptions, messages that are not acknowledged or
 * wait for a client that is away, identifiers of QoS 2.
 */
import type { AedesPublishPacket, Client, PublishPacket } from 'aedes'
import { topicMatches } from '../../../../shared/mqtt.ts'

/** A packet as Aedes keeps it; `pubrel` stands for a message of QoS 2 of which the client has said that it has it. */
export type KeptPacket = Omit<AedesPublishPacket, 'cmd'> & { cmd: 'publish' | 'pubrel'; messageId?: number }

interface Kept {
  packet: KeptPacket
  /** The connection on which it was sent last. */
  sentTo: Client | undefined
}

export class Session {
  readonly id: string
  readonly clean: boolean
  /** The connection of the client; undefined: it is away. */
  client: Client | undefined
  /** Filters with the QoS that was granted. */
  readonly subscriptions = new Map<string, number>()
  /** Messages of QoS 2 that the client has sent and not released, by packet identifier. */
  readonly incoming = new Map<number, PublishPacket>()
  /** The packet identifier that was used last. */
  lastPacketId = 0
  /** Number of the message that was forwarded last, as the broker counts. */
  lastForwarded: number | undefined
  /** By the broker's count, in the order in which they came. */
  private readonly kept = new Map<number, Kept>()
  private readonly byPacketId = new Map<number, number>()

  constructor(id: string, clean: boolean) {
    this.id = id
    this.clean = clean
  }

  get isAway(): boolean {
    return this.client === undefined
  }

  /** Messages that are kept for the client. */
  get queued(): number {
    return this.kept.size
  }

  /** The highest QoS of all subscriptions that a topic matches (MQTT-3.3.5-1); undefined: none does. */
  qosFor(topic: string): number | undefined {
    let highest: number | undefined
    for (const [filter, qos] of this.subscriptions)
      if ((highest === undefined || qos > highest) && topicMatches(filter, topic)) highest = qos
    return highest
  }

  keep(packet: KeptPacket): void {
    this.kept.set(packet.brokerCounter, { packet, sentTo: undefined })
  }

  /** A packet is about to be sent. */
  update(packet: KeptPacket, client: Client): void {
    const count = packet.cmd === 'pubrel' ? this.byPacketId.get(packet.messageId!) : packet.brokerCounter
    const kept = count === undefined ? undefined : this.kept.get(count)
    if (kept === undefined || count === undefined) return
    kept.sentTo = client
    if (packet.cmd === 'pubrel')
      kept.packet = { ...packet, brokerId: kept.packet.brokerId, brokerCounter: count }
    else if (packet.qos === 0) this.kept.delete(count)
    else {
      kept.packet.messageId = packet.messageId
      this.byPacketId.set(packet.messageId!, count)
      this.lastPacketId = packet.messageId!
    }
  }

  /** The client has acknowledged it for good. */
  release(packetId: number | undefined): KeptPacket | undefined {
    const count = packetId === undefined ? undefined : this.byPacketId.get(packetId)
    if (packetId === undefined || count === undefined) return undefined
    const kept = this.kept.get(count)
    this.byPacketId.delete(packetId)
    this.kept.delete(count)
    return kept?.packet
  }

  /** What is to be sent to a client that has come back: that which was sent before is marked (MQTT-3.3.1-1, MQTT-4.4.0-1). */
  waitingFor(client: Client): KeptPacket[] {
    return [...this.kept.values()]
      .filter(({ sentTo }) => sentTo !== client)
      .map(({ packet, sentTo }) =>
        packet.cmd === 'publish' && sentTo !== undefined ? { ...packet, dup: true } : packet,
      )
  }
}

/** A session that keeps messages of a topic, and the QoS at which its client wants them. */
export interface Interested {
  readonly clientId: string
  readonly topic: string
  readonly qos: number
}

/** Of so many topics it is remembered who is interested: a stranger can name any number. */
const MOST_TOPICS = 10_000

export class Sessions {
  private readonly sessions = new Map<string, Session>()
  /** Which of those that stay are interested in a topic; worked out anew when a subscription changes. */
  private readonly interested = new Map<string, readonly Interested[]>()

  get(id: string): Session | undefined {
    return this.sessions.get(id)
  }

  add(session: Session): void {
    this.sessions.set(session.id, session)
    this.interested.clear()
  }

  remove(session: Session): void {
    if (this.sessions.get(session.id) === session) this.sessions.delete(session.id)
    this.interested.clear()
  }

  subscribe(session: Session, filter: string, qos: number): void {
    session.subscriptions.set(filter, qos)
    if (!session.clean) this.interested.clear()
  }

  unsubscribe(session: Session, filters: readonly string[]): void {
    for (const filter of filters) session.subscriptions.delete(filter)
    if (!session.clean) this.interested.clear()
  }

  /** Sessions that outlive their connection and are interested in a topic. */
  interestedIn(topic: string): readonly Interested[] {
    const known = this.interested.get(topic)
    if (known !== undefined) return known
    if (this.interested.size >= MOST_TOPICS) this.interested.clear()
    const found = this.lookUp(topic)
    this.interested.set(topic, found)
    return found
  }

  private lookUp(topic: string): Interested[] {
    const found: Interested[] = []
    for (const session of this.sessions.values()) {
      const qos = session.clean ? undefined : session.qosFor(topic)
      if (qos !== undefined) found.push({ clientId: session.id, topic, qos })
    }
    return found
  }
}
