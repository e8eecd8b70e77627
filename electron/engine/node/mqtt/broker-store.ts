/**
 * What Aedes has its broker keep. Its own store in memory leaves out what the standard wants: the mark of a duplicate
 * (MQTT-3.3.1-1), the QoS of the subscription (MQTT-3.8.4-6), and the session of a client without subscriptions (MQTT-3.2.2-2).
 */
import { Readable } from 'node:stream'
import type { AedesPublishPacket, Client, PublishPacket } from 'aedes'
import { topicMatches } from '../../../../shared/mqtt.ts'
import type { Trace } from '../../../../shared/trace/sink.ts'
import { numberIn } from './letters.ts'
import { Sessions, type Interested, type KeptPacket, type Session } from './sessions.ts'

/** By its identifier, as Aedes asks for a client. */
type Named = Pick<Client, 'id'>

export class BrokerStore {
  readonly sessions = new Sessions()
  private readonly retained = new Map<string, PublishPacket>()
  private readonly trace: Trace
  private readonly queueQoSZero: boolean
  /** Numbers of messages of QoS 0 that are kept; the broker counts up, these down. */
  private lastCount = 0

  constructor(trace: Trace, queueQoSZero: boolean) {
    this.trace = trace
    this.queueQoSZero = queueQoSZero
  }

  /** Nothing is to be fetched first. Aedes insists on a promise, as in all that follows. */
  async setup(): Promise<void> {}

  // --- subscriptions: the sessions have them already -------------------------------------------------------

  async addSubscriptions(): Promise<void> {}

  async removeSubscriptions({ id }: Named, filters: readonly string[]): Promise<void> {
    const session = this.sessions.get(id)
    if (session !== undefined) this.sessions.unsubscribe(session, filters)
  }

  async cleanSubscriptions(): Promise<void> {}

  async subscriptionsByClient({ id }: Named): Promise<{ topic: string; qos: number }[]> {
    const subscriptions = this.sessions.get(id)?.subscriptions ?? []
    return [...subscriptions].map(([topic, qos]) => ({ topic, qos }))
  }

  async subscriptionsByTopic(topic: string): Promise<readonly Interested[]> {
    return this.sessions.interestedIn(topic)
  }

  // --- messages to clients --------------------------------------------------------------------------------

  async outgoingEnqueueCombi(all: readonly Interested[], packet: AedesPublishPacket): Promise<void> {
    for (const { clientId, qos } of all) {
      const session = this.sessions.get(clientId)
      if (session === undefined) continue
      const lower = Math.min(qos, packet.qos)
      if (lower > 0) this.keep(session, { ...packet, qos: lower as 1 | 2 })
      else this.offerZero(session, packet)
    }
  }

  /** A message of QoS 0 was published, of which Aedes asks nobody whether to keep it. */
  keepZero(packet: AedesPublishPacket): void {
    for (const { clientId } of this.sessions.interestedIn(packet.topic)) {
      const session = this.sessions.get(clientId)
      if (session !== undefined) this.offerZero(session, packet)
    }
  }

  async outgoingUpdate(client: Client, packet: KeptPacket): Promise<void> {
    this.sessionOf(client)?.update(packet, client)
  }

  async outgoingClearMessageId(client: Client, { messageId }: KeptPacket): Promise<KeptPacket | undefined> {
    return this.sessionOf(client)?.release(messageId)
  }

  outgoingStream(client: Client): Readable {
    return Readable.from(this.sessionOf(client)?.waitingFor(client) ?? [])
  }

  private offerZero(session: Session, packet: AedesPublishPacket): void {
    if (!session.isAway) return
    if (this.queueQoSZero) this.keep(session, { ...packet, qos: 0, brokerCounter: --this.lastCount })
    else this.tellQueued(session, packet.payload, 0, 'dropped')
  }

  private keep(session: Session, packet: KeptPacket): void {
    session.keep(packet)
    if (session.isAway) this.tellQueued(session, packet.payload, packet.qos, 'kept')
  }

  private tellQueued(session: Session, payload: string | Buffer, qos: number, action: string): void {
    const told = { client: session.id, message: numberIn(Buffer.from(payload)), qos, action }
    this.trace.emit('mqtt:queued', { ...told, queued: session.queued })
  }

  // --- messages of QoS 2 from clients -----------------------------------------------------------------------

  async incomingStorePacket(client: Client, packet: PublishPacket): Promise<void> {
    this.sessionOf(client)?.incoming.set(packet.messageId!, packet)
  }

  async incomingGetPacket(client: Client, { messageId }: PublishPacket): Promise<PublishPacket> {
    const packet = this.sessionOf(client)?.incoming.get(messageId!)
    if (packet === undefined) throw new Error('no such packet')
    return packet
  }

  async incomingDelPacket(client: Client, { messageId }: PublishPacket): Promise<void> {
    if (!this.sessionOf(client)?.incoming.delete(messageId!)) throw new Error('no such packet')
  }

  /** A clean session is a new one from the start, so there is nothing to clean. */
  async cleanIncoming(): Promise<void> {}

  /** The session that goes on over this connection: a client that was taken over has none any more. */
  private sessionOf(client: Client): Session | undefined {
    const session = this.sessions.get(client.id)
    return session?.client === client ? session : undefined
  }

  // --- retained messages and wills ------------------------------------------------------------------------

  async storeRetained(packet: PublishPacket): Promise<void> {
    const { topic, payload } = packet
    const message = numberIn(Buffer.from(payload))
    const isCleared = payload.length === 0
    if (!isCleared) this.retained.set(topic, packet)
    // MQTT-3.3.1-10 and -11.
    else if (!this.retained.delete(topic)) return
    const action = isCleared ? 'cleared' : 'set'
    this.trace.emit('mqtt:retained', { topic, message, size: payload.length, action })
  }

  createRetainedStreamCombi(filters: readonly string[]): Readable {
    const all = this.retained.size === 0 ? [] : [...this.retained.values()]
    return Readable.from(all.filter(({ topic }) => filters.some((filter) => topicMatches(filter, topic))))
  }

  /** The will itself goes with the connection. */
  async putWill({ id }: Named, { topic }: PublishPacket): Promise<void> {
    this.trace.emit('mqtt:will', { client: id, action: 'registered', topic, reason: '' })
  }

  async delWill(): Promise<void> {}

  /** Wills of other brokers: there are none. */
  streamWill(): Readable {
    return Readable.from([])
  }
}
