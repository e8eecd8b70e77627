/** The program `mqtt-broker`: Aedes on the lab's sockets, behind a guard (`visit.ts`) and with a memory (`broker-store.ts`) of ours. */
import type * as Library from 'aedes'
import type { Aedes, AedesOptions, AedesPublishPacket, Client, Subscription } from 'aedes'
import type { Duplex } from 'node:stream'
import type { MqttBrokerApp } from '../../../../shared/mqtt.ts'
import type { LabSocket } from '../../sockets.ts'
import type { Program, Surroundings } from '../program.ts'
import { secureServer } from '../tls.ts'
import { BrokerStore } from './broker-store.ts'
import { NEVER_MS } from './library-time.ts'
import { Session } from './sessions.ts'
import { REFUSALS, Visit } from './visit.ts'

/** The name of the broker: the same in all runs, and only its own messages bear it. */
const BROKER = 'lab'
/** Packets that a client may send before it has its CONNACK (MQTT 3.1.1 3.1.4). */
const MOST_EARLY_PACKETS = 1_000

/** What Aedes has in a client that its types do not tell of. */
interface Insides {
  _nextId: number
  duplicates: Record<string, number>
  will: unknown
}

export class MqttBroker implements Program {
  private readonly setup: MqttBrokerApp
  private readonly lab: Surroundings
  private readonly store: BrokerStore
  private readonly visits = new Map<Duplex, Visit>()
  private readonly byClient = new WeakMap<Client, Visit>()
  private library!: typeof Library
  private aedes: Aedes | undefined
  /** Closings that are still to come up. */
  private scheduled: number
  /** The visit that was not quiet at the last look. */
  private busy: Visit | undefined

  constructor(setup: MqttBrokerApp, lab: Surroundings) {
    this.setup = setup
    this.lab = lab
    this.store = new BrokerStore(lab.trace, setup.queueQoSZero)
    this.scheduled = setup.closings.length
  }

  /** It waits for clients, but for the bytes that are still on their way to one, and for what it is set to do at a time. */
  get done(): boolean {
    if (this.scheduled > 0) return false
    if (this.busy !== undefined && this.visits.has(this.busy.stream) && !this.busy.isQuiet) return false
    this.busy = undefined
    for (const visit of this.visits.values()) if (!visit.isQuiet) this.busy = visit
    return this.busy === undefined
  }

  async prepare(): Promise<void> {
    this.library = await import('aedes')
  }

  start(): void {
    const { lab, setup } = this
    lab.trace.emit('app:started', { what: 'mqtt-broker', bytes: 0 })
    const aedes = new this.library.Aedes(this.options())
    this.aedes = aedes
    aedes.on('error' as never, () => undefined)
    aedes.on('connectionError', ({ conn }, error) => this.onRefused(conn, error))
    aedes.on('clientDisconnect', (client) => this.onLeft(client))
    aedes.on('subscribe', (subscriptions, client) => this.onSubscribed(subscriptions, client))
    aedes.on('unsubscribe', (filters, client) => this.onUnsubscribed(filters, client))
    aedes.on('publish', (packet) => {
      if (packet.qos === 0 && !packet.topic.startsWith('$SYS/')) this.store.keepZero(packet)
    })
    void lab.hold(aedes.listen()).then(() => this.listen())
    for (const { client, at } of setup.closings)
      lab.after(at, () => {
        this.scheduled--
        for (const visit of this.visits.values()) if (visit.clientId === client) visit.close('broken')
      })
  }

  stop(): void {
    this.aedes?.close()
    for (const visit of this.visits.values()) visit.stream.destroy()
  }

  /** Takes a network connection, which need not come from the lab's own clients. */
  private accept(inner: Duplex, socket: LabSocket): void {
    const visit = new Visit(this.lab, inner, socket)
    const { stream } = visit
    this.visits.set(stream, visit)
    stream.once('close', () => this.visits.delete(stream))
    visit.client = this.aedes!.handle(stream)
    this.byClient.set(visit.client, visit)
  }

  private listen(): void {
    const { lab, setup } = this
    const { host, port, tls } = setup
    if (tls === null) {
      lab.sockets.listen(port, (socket) => {
        socket.on('error', () => undefined)
        this.accept(socket, socket)
      })
    } else
      secureServer(lab, port, tls, {
        host,
        alpn: [],
        onConnection: (stream, socket) => this.accept(stream, socket),
      })
  }

  private options(): AedesOptions {
    return {
      id: BROKER,
      persistence: this.store,
      // Its timers: four times the interval of the heartbeat is the longest.
      heartbeatInterval: Math.floor(NEVER_MS / 4),
      connectTimeout: NEVER_MS,
      drainTimeout: 0,
      // No limits that the standard does not know: they would be lost messages without a cause to see.
      concurrency: 0,
      maxInflightInbound: 0,
      queueLimit: MOST_EARLY_PACKETS,
      preConnect: (client, packet, answer) => {
        const visit = this.visitOf(client)
        // The keep alive is the guard's: Aedes would count it by the wall clock.
        Object.assign(packet, { keepalive: 0, clientId: packet.clientId || visit?.clientId })
        // Aedes refuses levels that it does not know as the standard says (MQTT-3.1.2-2), so it is not to know this one.
        const isSpoken = this.setup.versions.some((level) => level === packet.protocolVersion)
        if (!isSpoken) Object.assign(packet, { protocolVersion: 0 })
        answer(null, visit !== undefined)
      },
      authenticate: (client, username, password, answer) => {
        const code = this.refusalOf(client.id, username, password)
        if (code === 0) this.welcome(client)
        else this.visitOf(client)?.tellRefused(code)
        const error = Object.assign(new Error(REFUSALS[code]), { returnCode: code })
        answer(code === 0 ? null : error, code === 0)
      },
      authorizePublish: (client, packet, answer) => {
        // MQTT-3.3.1-3: the mark is the publisher's own.
        packet.dup = false
        if (client !== null && (client as Client & Insides).will === packet)
          this.tellWill(client, 'published')
        answer(packet.topic.startsWith('$SYS/') ? new Error('reserved topic') : null)
      },
      authorizeSubscribe: (client, subscription, answer) => {
        const session = this.store.sessions.get(client.id)
        if (session !== undefined)
          this.store.sessions.subscribe(session, subscription.topic, subscription.qos)
        // Each message is forwarded by the QoS of all subscriptions that it matches, so none of them is to lower it.
        answer(null, { ...subscription, qos: 2 })
      },
      authorizeForward: (client, packet) => this.forwarded(client, packet),
    }
  }

  /** The return code for a client (MQTT 3.1.1 3.2.2.3); 0: it may come. */
  private refusalOf(id: string, username = '', password?: Buffer): number {
    const { unavailable, refusedClients, users, unauthorized } = this.setup
    if (unavailable) return 3
    if (refusedClients.includes(id)) return 2
    if (
      users !== null &&
      (!Object.hasOwn(users, username) || users[username] !== (password?.toString() ?? ''))
    )
      return 4
    return username !== '' && unauthorized.includes(username) ? 5 : 0
  }

  /** A client may come: its session goes on, or begins (MQTT 3.1.1 3.1.2.4). */
  private welcome(client: Client): void {
    const { sessions } = this.store
    const visit = this.visitOf(client)
    const before = sessions.get(client.id)
    if (before?.isAway === false) this.tellSession(before, 'taken_over')
    const resumed = before !== undefined && !before.clean && !client.clean
    if (before !== undefined && !resumed) this.end(before)
    const session = resumed ? before : new Session(client.id, client.clean)
    if (!resumed) sessions.add(session)
    session.client = client
    this.tellSession(session, resumed ? 'resumed' : 'created')
    if (visit !== undefined) visit.sessionPresent = resumed
    const insides = client as Client & Insides
    // Aedes begins anywhere, even at 0; what is still under way must keep its identifier for itself (MQTT-2.3.1-2).
    insides._nextId = (session.lastPacketId % 65_535) + 1
    insides.duplicates = NOTHING_SEEN
  }

  private onLeft(client: Client): void {
    const visit = this.visitOf(client)
    if (visit?.ending === 'disconnect') this.tellWill(client, 'discarded')
    const session = this.store.sessions.get(client.id)
    // Another connection may have taken it over.
    if (session?.client !== client) return
    session.client = undefined
    if (session.clean) this.end(session)
    else this.tellSession(session, 'kept')
  }

  private end(session: Session): void {
    this.store.sessions.remove(session)
    this.tellSession(session, 'ended')
    if (!session.clean) this.tellRemoved(session.id, [...session.subscriptions.keys()])
  }

  /** Aedes itself refuses protocol levels other than those of MQTT 3.1 and 3.1.1, and identifiers that are too long for 3.1. */
  private onRefused(conn: Duplex, { errorCode = 0 }: Error & { readonly errorCode?: number }): void {
    if (errorCode > 0) this.visits.get(conn)?.tellRefused(errorCode)
  }

  private onSubscribed(subscriptions: readonly Subscription[], { id }: Client): void {
    for (const { topic: filter, qos } of subscriptions)
      this.lab.trace.emit('mqtt:subscription', { client: id, filter, qos, action: 'added' })
  }

  private onUnsubscribed(filters: readonly string[], client: Client): void {
    const session = this.store.sessions.get(client.id)
    if (session?.client === client) this.store.sessions.unsubscribe(session, filters)
    this.tellRemoved(client.id, filters)
  }

  /**
   * What a client is to be sent of a message that matches a subscription of it: at the highest QoS of all that match
   * (MQTT-3.3.5-1, MQTT-3.8.4-6), and once.
   */
  private forwarded(client: Client, packet: AedesPublishPacket): AedesPublishPacket | undefined {
    // One that has its identifier comes out of the session's store, as it was kept.
    if (packet.messageId !== undefined) return packet
    const session = this.store.sessions.get(client.id)
    if (session === undefined || session.lastForwarded === packet.brokerCounter) return undefined
    session.lastForwarded = packet.brokerCounter
    const qos = Math.min(packet.qos, session.qosFor(packet.topic) ?? 0) as 0 | 1 | 2
    return qos === packet.qos ? packet : { ...packet, qos }
  }

  private visitOf(client: Client): Visit | undefined {
    return this.byClient.get(client)
  }

  private tellSession({ id: client, clean, queued }: Session, action: string): void {
    this.lab.trace.emit('mqtt:session', { client, action, clean, queued })
  }

  private tellRemoved(client: string, filters: readonly string[]): void {
    for (const filter of filters)
      this.lab.trace.emit('mqtt:subscription', { client, filter, qos: 0, action: 'removed' })
  }

  private tellWill(client: Client, action: 'published' | 'discarded'): void {
    const visit = this.visitOf(client)
    const topic = visit?.connect?.will?.topic
    if (visit === undefined || topic === undefined) return
    this.lab.trace.emit('mqtt:will', { client: client.id, action, topic, reason: visit.ending })
  }
}

/**
 * What Aedes takes for the messages that a client has seen. It goes by the highest number, and so drops a message that another has
 * overtaken within the broker; we know better (`lastForwarded`).
 */
const NOTHING_SEEN: Record<string, number> = Object.defineProperty({}, BROKER, {
  get: () => 0,
  set: () => undefined,
})
