/**
 * A network connection of the broker: the guard in front of Aedes. What breaks a rule of the standard does not come through, but
 * closes the connection (MQTT-4.8.0-1); and so does silence for longer than the client has promised (MQTT-3.1.2-24).
 */
import type { Client } from 'aedes'
import type { Duplex } from 'node:stream'
import type { Trace } from '../../../../shared/trace/sink.ts'
import type { Micros } from '../../../../shared/units.ts'
import type { MqttConnect, MqttPacket } from '../../../protocol/wire/mqtt/packets.ts'
import type { LabSocket } from '../../sockets.ts'
import type { Cancel, Surroundings } from '../program.ts'
import { Guard } from './guard.ts'
import { CONNECT_WAIT } from './library-time.ts'
import { nameless, typeOf } from './names.ts'
import { PacketStream } from './packet-stream.ts'

/** Why a connection comes to its end. */
export type Ending = 'disconnect' | 'broken' | 'keep_alive' | 'protocol_error'

/** MQTT-3.1.2-24: the server waits for one and a half times the keep alive. */
const PATIENCE = 1.5
const CONNACK = 0x20

export class Visit {
  readonly stream: PacketStream
  readonly trace: Trace
  /** Set once the connection was handed to Aedes. */
  client: Client | undefined
  /** Whether CONNACK is to say that there is a session (MQTT-3.2.2-2). */
  sessionPresent = false
  ending: Ending = 'broken'
  connect: MqttConnect | undefined
  private readonly lab: Surroundings
  private readonly socket: LabSocket
  private readonly inner: Duplex
  private lastHeard: Micros
  private timer: Cancel | undefined
  private hasAnswered = false

  constructor(lab: Surroundings, inner: Duplex, socket: LabSocket) {
    this.lab = lab
    this.inner = inner
    this.socket = socket
    this.trace = lab.trace.scope({ flow: socket.connection.flow })
    this.lastHeard = lab.now()
    const guard = new Guard('client', {
      onPacket: (packet) => this.onPacket(packet),
      onBreach: (returnCode) => this.refuse(returnCode),
    })
    this.stream = new PacketStream(inner, {
      heard: (bytes) => guard.hear(bytes),
      arrived: () => guard.admits(),
      leaving: (packet) => this.answer(packet),
    })
    this.timer = lab.after(CONNECT_WAIT, () => this.close('protocol_error'))
    this.stream.once('close', () => this.timer?.())
  }

  /** The identifier of the client, or its name if it gave none. */
  get clientId(): string {
    return this.connect?.clientId || nameless(this.socket.connection.remote)
  }

  /** Nothing is under way from the broker to the client, and nothing is about to be. */
  get isQuiet(): boolean {
    return this.socket.connection.unacknowledged === 0 && this.client?.connecting !== true
  }

  /** Closes the network connection. */
  close(ending: Ending): void {
    this.ending = ending
    this.stream.destroy()
  }

  private onPacket(packet: MqttPacket | undefined): void {
    this.lastHeard = this.lab.now()
    if (packet?.type === 'CONNECT') this.onConnect(packet)
    else if (packet?.type === 'DISCONNECT') this.ending = 'disconnect'
  }

  /** A rule is broken: what came before it still counts. The onlooker says which one it is. */
  private refuse(code: number | undefined): void {
    if (this.ending !== 'disconnect') this.ending = 'protocol_error'
    if (code !== undefined && !this.hasAnswered) {
      this.inner.write(Uint8Array.of(CONNACK, 2, 0, code))
      this.tellRefused(code)
    }
    // Not before the packets of this piece that are whole and well have arrived.
    process.nextTick(() => this.stream.endIncoming())
  }

  tellRefused(code: number): void {
    this.trace.emit('mqtt:refused', { client: this.clientId, code, reason: REFUSALS[code] ?? '' })
  }

  private onConnect(packet: MqttConnect): void {
    // A view of bytes that are somebody else's.
    this.connect = { ...packet }
    this.timer?.()
    this.timer = undefined
    if (packet.keepAlive > 0) this.awaitSilence(packet.keepAlive * 1e6)
  }

  private awaitSilence(interval: number): void {
    const left = this.lastHeard + PATIENCE * interval - this.lab.now()
    if (left > 0) {
      this.timer = this.lab.after(left, () => this.awaitSilence(interval))
      return
    }
    const silent = this.lab.now() - this.lastHeard
    this.trace.emit('mqtt:keep_alive_expired', { client: this.clientId, interval, silent })
    this.close('keep_alive')
  }

  /** Aedes speaks of a session only if it has subscriptions. */
  private answer(packet: Uint8Array): Uint8Array {
    if (this.hasAnswered || typeOf(packet) !== 'CONNACK') return packet
    this.hasAnswered = true
    const [first, length, flags, code] = packet
    return Uint8Array.of(first, length, code === 0 ? Number(this.sessionPresent) : flags, code)
  }
}

/** MQTT 3.1.1 3.2.2.3. */
export const REFUSALS: readonly string[] = [
  '',
  'unacceptable protocol version',
  'identifier rejected',
  'server unavailable',
  'bad user name or password',
  'not authorized',
]
