/** The program `mqtt-client`: MQTT.js over the lab's sockets, told when to publish, to subscribe, to leave and to come back. */
import type * as Mqtt from 'mqtt'
import type { MqttClientApp } from '../../../../shared/mqtt.ts'
import type { Trace } from '../../../../shared/trace/sink.ts'
import { formatEndpoint } from '../../../protocol/wire/address.ts'
import type { LabSocket } from '../../sockets.ts'
import type { Cancel, Program, Surroundings } from '../program.ts'
import { secureClient, type TlsSessions } from '../tls.ts'
import { Cuts } from './cuts.ts'
import { Guard } from './guard.ts'
import { lettersOf, numberIn, type Letters } from './letters.ts'
import { CONNECT_WAIT, labInterval, NEVER_MS } from './library-time.ts'
import { nameless, typeOf } from './names.ts'
import { PacketStream } from './packet-stream.ts'
import { SessionStore } from './session-store.ts'
import { Subscriptions } from './subscriptions.ts'

type State = 'idle' | 'connecting' | 'connected' | 'refused' | 'waiting' | 'closed'
type Publication = MqttClientApp['publish'][number]

/** Protocol level of MQTT 3.1, which has another name (MQTT 3.1 3.1). */
const MQTT_31 = 3
/** Two bytes of seconds (MQTT 3.1.1 3.1.2.10). */
const LONGEST_KEEP_ALIVE = 65_535
/** DISCONNECT (MQTT 3.1.1 3.14). */
const DISCONNECT = Uint8Array.of(0xe0, 0)

export class MqttClient implements Program {
  private readonly setup: MqttClientApp
  private readonly lab: Surroundings
  private readonly letters: Letters
  private readonly cuts: Cuts
  private readonly subscriptions: Subscriptions
  private readonly outgoing = new SessionStore()
  private readonly tlsSessions: TlsSessions = new Map()
  private readonly timers = new Set<Cancel>()
  /** How often each message was delivered. */
  private readonly copies = new Map<number, number>()
  private mqtt!: typeof Mqtt
  private library: Mqtt.MqttClient | undefined
  private socket: LabSocket | undefined
  private trace: Trace
  private id: string
  private state: State = 'idle'
  /** Why the connection is about to close, if it is this end's doing. */
  private reason = ''
  private patience: Cancel | undefined
  private retry: Cancel | undefined
  private hasSubscribed = false
  private stopped = false
  /** What is still to come up, and what came up while the library could not take it. */
  private scheduled = 0
  private readonly unposted: (() => void)[] = []
  /** Messages whose handshake is not over. */
  private underWay = 0

  constructor(setup: MqttClientApp, lab: Surroundings) {
    this.setup = setup
    this.lab = lab
    this.id = setup.clientId
    this.trace = lab.trace
    this.letters = lettersOf(lab)
    this.cuts = new Cuts(setup.cuts)
    this.subscriptions = new Subscriptions(setup.subscribe)
  }

  get done(): boolean {
    if (this.scheduled > 0 || this.state === 'idle') return false
    if (this.state === 'closed' || this.state === 'refused') return true
    if (this.state !== 'connected' || this.socket === undefined) return false
    return this.underWay === 0 && !this.subscriptions.isWaiting && this.socket.connection.unacknowledged === 0
  }

  async prepare(): Promise<void> {
    this.mqtt = await import('mqtt')
  }

  start(): void {
    const { setup } = this
    this.at(0, () => {
      this.lab.trace.emit('app:started', { what: 'mqtt-client', bytes: 0 })
      this.connect()
    })
    for (const publication of setup.publish) this.post(publication, 0)
    for (const moment of this.subscriptions.moments) this.at(moment, () => this.subscribe())
    for (const { at, do: action } of setup.actions) this.at(at, () => this[action]())
  }

  stop(): void {
    for (const cancel of this.timers) cancel()
    this.patience?.()
    this.retry?.()
    this.stopped = true
    this.library?.end(true)
  }

  // --- the connection -------------------------------------------------------------------------------------

  /** Opens the network connection, unless there is one. */
  private connect(): void {
    if (this.state === 'connecting' || this.state === 'connected') return
    this.retry?.()
    this.reason = ''
    if (this.library === undefined) this.library = this.createLibrary()
    else this.library.connect()
    this.patience = this.lab.after(CONNECT_WAIT, () => this.library?.stream.destroy())
  }

  private createLibrary(): Mqtt.MqttClient {
    const { setup, lab } = this
    const library = new this.mqtt.MqttClient(() => this.openStream(), {
      clientId: setup.clientId,
      clean: setup.clean,
      keepalive: Math.min(Math.round(setup.keepAlive / 1e6), LONGEST_KEEP_ALIVE),
      protocolVersion: setup.version,
      protocolId: setup.version === MQTT_31 ? 'MQIsdp' : 'MQTT',
      username: setup.username,
      password: setup.password,
      ...(setup.will && { will: this.willOf(setup.will) }),
      outgoingStore: this.outgoing as never,
      messageIdProvider: new this.mqtt.UniqueMessageIdProvider(),
      timerVariant: labInterval(lab),
      connectTimeout: NEVER_MS,
      // It is to keep its session for when it is told to connect again, which it is in lab time.
      reconnectPeriod: NEVER_MS,
      resubscribe: false,
    })
    library.on('connect', () => this.onReady())
    library.on('close', () => this.onClosed())
    library.on('error', (error) => this.onError(error))
    library.on('message', (topic, payload, packet) => this.onMessage(topic, payload, packet))
    library.on('packetsend', (packet) => {
      if (packet.cmd === 'publish' && packet.qos > 0 && !setup.clean) this.outgoing.markSent(packet)
    })
    library.on('packetreceive', (packet) => {
      if (packet.cmd === 'connack') this.onConnack(packet)
    })
    return library
  }

  private openStream(): PacketStream {
    const { lab, setup } = this
    const remote = { address: lab.addressOf(setup.to), port: setup.port }
    const socket = lab.sockets.connect(remote)
    const { flow, local } = socket.connection
    this.socket = socket
    this.trace = lab.trace.scope({ flow })
    if (setup.clientId === '') this.id = nameless(local)
    this.become('connecting')
    socket.on('error', () => undefined)
    socket.once('connect', () => {
      lab.trace.scope({ flow }).emit('app:connected', { peer: formatEndpoint(remote.address, remote.port) })
    })
    const { tls } = setup
    const inner =
      tls === null ? socket : secureClient(lab, socket, tls, { alpn: [], sessions: this.tlsSessions })
    const cut = (): void => {
      this.reason = 'cut'
      socket.resetAndDestroy()
    }
    const guard = new Guard('server', {
      onPacket: () => undefined,
      onBreach: () => {
        this.reason ||= 'error'
        process.nextTick(() => stream.endIncoming())
      },
    })
    const stream: PacketStream = new PacketStream(inner, {
      heard: (bytes) => guard.hear(bytes),
      arrived: (packet) => {
        if (!guard.admits()) return false
        if (this.cuts.isDue(typeOf(packet), 'received')) stream.cutAfterThis(cut)
        return true
      },
      leaving: (packet) => {
        if (this.cuts.isDue(typeOf(packet), 'sent')) stream.cutAfterThis(cut)
        return packet
      },
    })
    return stream
  }

  /** Leaves in order. What is under way stays for when it comes back. */
  private disconnect(): void {
    this.retry?.()
    if (this.state === 'connecting' || this.state === 'connected') {
      this.reason = 'disconnect'
      // Not by the library's `end`: it waits for all that is under way by the wall clock, and forgets the session.
      this.library?.stream.end(DISCONNECT)
    } else if (this.state !== 'closed') this.become('closed')
  }

  private break(): void {
    if (this.state !== 'connecting' && this.state !== 'connected') return
    this.reason = 'break'
    this.socket?.resetAndDestroy()
  }

  private onConnack({ sessionPresent, returnCode, reasonCode }: Mqtt.IConnackPacket): void {
    this.patience?.()
    const code = returnCode ?? reasonCode ?? 0
    if (code > 0) return this.become('refused', { code })
    const present = sessionPresent && !this.setup.clean
    if (!present) this.subscriptions.forget()
    this.become('connected', { session_present: present })
  }

  private onError({ message, code }: Error & { readonly code?: unknown }): void {
    if (message === 'Keepalive timeout') this.reason ||= 'keep_alive'
    else if (code !== 'ECONNRESET') this.reason ||= 'error'
  }

  private onClosed(): void {
    if (this.stopped) return
    this.patience?.()
    const leaves = this.reason === 'disconnect'
    if (this.state !== 'refused') this.become('closed', { reason: this.reason || 'peer' })
    if (leaves || this.setup.reconnect === 0) return
    this.become('waiting')
    this.retry = this.lab.after(this.setup.reconnect, () => this.connect())
  }

  private become(
    state: State,
    told: Partial<{ session_present: boolean; code: number; reason: string }> = {},
  ): void {
    this.state = state
    const nothing = { session_present: false, code: 0, reason: '' }
    this.trace.emit('mqtt:state', { client: this.id, state, ...nothing, ...told })
  }

  // --- messages -------------------------------------------------------------------------------------------

  private post(publication: Publication, index: number): void {
    this.at(publication.at + index * publication.every, () => {
      if (index + 1 < publication.times) this.post(publication, index + 1)
      this.publish(publication)
    })
  }

  private publish({ topic, qos, retain, size }: Publication): void {
    const { number: message, payload } = this.letters.write(size)
    this.letters.published(message, this.lab.now())
    const told = { message, topic, qos, retain, size: payload.length }
    this.trace.emit('mqtt:message_published', { client: this.id, ...told })
    this.underWay++
    this.tell(() => {
      this.library!.publish(topic, payload, { qos, retain }, (error) => {
        this.underWay--
        this.trace.emit('mqtt:publish_finished', { client: this.id, message, error: error?.message ?? '' })
      })
    })
  }

  /** Gives the library something to do: now, or when it has been connected once and is not about to leave. */
  private tell(action: () => void): void {
    if (this.hasSubscribed && this.reason === '') action()
    else this.unposted.push(action)
  }

  /** All that waits for a connection: what is subscribed to comes first, so that it gets what is published now. */
  private onReady(): void {
    this.subscribe()
    this.hasSubscribed = true
    for (const action of this.unposted.splice(0)) action()
  }

  private subscribe(): void {
    const { library, subscriptions } = this
    if (library?.connected !== true || this.reason !== '') return
    const { subscribe, unsubscribe } = subscriptions.due(this.lab.now() - this.setup.start)
    const filters = Object.keys(subscribe)
    if (filters.length > 0) library.subscribe({ ...subscribe }, subscriptions.ask(filters, 'add'))
    if (unsubscribe.length > 0)
      library.unsubscribe([...unsubscribe], subscriptions.ask(unsubscribe, 'delete'))
  }

  private onMessage(topic: string, payload: Buffer, { qos, dup, retain }: Mqtt.IPublishPacket): void {
    const message = numberIn(payload)
    const copy = message === 0 ? 1 : (this.copies.get(message) ?? 0) + 1
    this.copies.set(message, copy)
    const delay = this.letters.age(message, this.lab.now())
    const told = { client: this.id, message, topic, qos, dup, retain, copy, delay }
    this.trace.emit('mqtt:message_delivered', told)
  }

  private willOf({ topic, size, qos, retain }: NonNullable<MqttClientApp['will']>) {
    return { topic, payload: this.letters.write(size).payload, qos, retain }
  }

  /** At a moment of the application's own time, or now if it has gone by. */
  private at(moment: number, action: () => void): void {
    this.scheduled++
    const cancel = this.lab.after(Math.max(0, this.setup.start + moment - this.lab.now()), () => {
      this.timers.delete(cancel)
      action()
      this.scheduled--
    })
    this.timers.add(cancel)
  }
}
