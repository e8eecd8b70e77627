/** One direction of an MQTT connection: packets, over and over, cut anywhere, and the order that they must have. */
import type { MqttPacketType } from '../../../../shared/mqtt.ts'
import { Gather } from '../octets.ts'
import type { Breach } from '../rule-reader.ts'
import type { Side } from '../side.ts'
import { readHeader, readPacket, type MqttReading } from './packet.ts'
import type { MqttPacket } from './packets.ts'
import { mqttRules } from './rules.ts'
import { MqttSession } from './session.ts'
import { integerSize, integerValue } from './variable-integer.ts'

/** As much is kept of a packet: the longest topic, and what else stands before a payload, fit in. */
const MOST_KEPT = 262_144

/** What the reader tells. `bytes` are a view, good during the call: the packet, or what was kept of it. */
export type MqttItem =
  | {
      readonly type: 'packet'
      readonly from: Side
      /** Of its first byte in what this side sends. */
      readonly offset: number
      readonly bytes: Uint8Array
      readonly packet: MqttPacket
      /** Protocol level that it was read by: that of the connection. */
      readonly level: number
    }
  /** A packet breaks a rule: its receiver is to close the connection (MQTT-4.8.0-1 of 3.1.1, MQTT 5 4.13). */
  | {
      readonly type: 'problem'
      readonly from: Side
      readonly offset: number
      readonly bytes: Uint8Array
      /** Of the byte at which it shows, in what this side sends. */
      readonly at: number
      readonly rule: string
      readonly reason: string
      /** CONNACK's return code that says so; undefined: the connection is closed without a word. */
      readonly returnCode: number | undefined
      /** Nobody can say where the next packet begins: what follows is not read. */
      readonly lost: boolean
    }
  /** A packet too long to be kept, of which more than its beginning would be needed. */
  | { readonly type: 'skipped'; readonly from: Side; readonly offset: number; readonly length: number }

const FINE: [rule: string, reason: string] = ['', '']

export type MqttSink = (item: MqttItem) => void

export class MqttReader {
  readonly from: Side
  private readonly sink: MqttSink
  private readonly session: MqttSession
  /** A packet that is not whole, as far as it is kept. */
  private readonly held = new Gather()
  /** Length of that packet; 0: not known yet. */
  private length = 0
  /** Where it began. */
  private start = 0
  /** It was told already what its fixed header breaks; the rest is passed over. */
  private judged = false
  /** Bytes taken: the offset of the next one. */
  private position = 0
  private lost = false

  /** `session` is shared with the reader of the other direction; without one, the server's packets are held to MQTT 3.1.1. */
  constructor(from: Side, sink: MqttSink, session = new MqttSession()) {
    this.from = from
    this.sink = sink
    this.session = session
  }

  /** Takes in the next bytes that this side sends, in any pieces. Total. */
  push(bytes: Uint8Array): void {
    let at = 0
    while (at < bytes.length && !this.lost) {
      const taken = this.held.length > 0 ? this.continue(bytes, at) : this.begin(bytes, at)
      at += taken
      this.position += taken
    }
  }

  /** A packet that lies in this piece is read where it is. */
  private begin(bytes: Uint8Array, at: number): number {
    const size = integerSize(bytes, at + 1, bytes.length)
    if (size > 0) {
      const length = 1 + size + integerValue(bytes, at + 1, size)
      if (length <= bytes.length - at && length <= MOST_KEPT) {
        this.tell(bytes.subarray(at, at + length), length, this.position)
        return length
      }
    }
    return this.continue(bytes, at)
  }

  /** Gathers what the packet still needs: its fixed header byte by byte, then the rest. */
  private continue(bytes: Uint8Array, at: number): number {
    const { held } = this
    if (this.length === 0) {
      held.add(bytes, at, at + 1)
      if (held.length > 1) this.measure()
      return 1
    }
    const passed = this.position - this.start
    const length = Math.min(this.length - passed, bytes.length - at)
    const kept = Math.min(length, MOST_KEPT - held.length)
    if (kept > 0) held.add(bytes, at, at + kept)
    if (passed + length === this.length) this.finish()
    return length
  }

  /** The fixed header may be whole; what it breaks nobody needs to wait for. */
  private measure(): void {
    const { bytes } = this.held
    const size = integerSize(bytes, 1, bytes.length)
    if (size === 0) return
    this.start = this.position + 1 - bytes.length
    if (size < 0) return this.lose()
    this.length = 1 + size + integerValue(bytes, 1, size)
    if (this.length === bytes.length) return this.finish()
    const reading = readHeader(bytes, { level: this.session.level, from: this.from })
    // What rules a first CONNECT is held to stands in what follows.
    if (reading.type === 'CONNECT' && !this.session.connected) return
    const breach = this.misplaced(reading) ?? reading.breach
    if (breach === undefined) return
    this.judged = true
    this.follow(reading)
    this.tellProblem(bytes, this.start, breach, undefined)
  }

  /** A remaining length with a fifth byte: the packet has no end. */
  private lose(): void {
    this.lost = true
    this.tell(this.held.bytes, this.held.length, this.start)
    this.held.clear()
  }

  private finish(): void {
    if (!this.judged) this.tell(this.held.bytes, this.length, this.start)
    this.judged = false
    this.held.clear()
    this.length = 0
  }

  private tell(bytes: Uint8Array, length: number, offset: number): void {
    const { from, session } = this
    const reading = readPacket(bytes, { level: session.level, from }, length)
    if (bytes.length < length && (reading.cut || reading.type !== 'PUBLISH'))
      return this.sink({ type: 'skipped', from, offset, length })
    const misplaced = this.misplaced(reading)
    this.follow(reading)
    const breach = misplaced ?? reading.breach
    if (breach === undefined && reading.packet !== undefined)
      return this.sink({ type: 'packet', from, offset, bytes, packet: reading.packet, level: reading.level })
    this.tellProblem(bytes, offset, breach!, misplaced === undefined ? reading.returnCode : undefined)
  }

  private tellProblem(
    bytes: Uint8Array,
    offset: number,
    breach: Breach,
    returnCode: number | undefined,
  ): void {
    const { from, lost } = this
    const { rule, reason } = breach
    const at = offset + breach.offset
    this.sink({ type: 'problem', from, offset, bytes, at, rule, reason, returnCode, lost })
  }

  /** What is wrong with where the packet stands among others, which makes its own contents idle. */
  private misplaced({ type }: MqttReading): Breach | undefined {
    if (type === undefined) return undefined
    const [rule, reason] = this.from === 'client' ? this.orderOfClient(type) : this.orderOfServer(type)
    return rule === '' ? undefined : { rule, reason, offset: 0 }
  }

  /** The rule that a packet of the client breaks by coming now, and how; an empty one: none. */
  private orderOfClient(type: MqttPacketType): [rule: string, reason: string] {
    const { connected, disconnected, level } = this.session
    const rules = mqttRules(level)
    if (type === 'CONNECT') return connected ? [rules.connectOnce, 'a second CONNECT'] : FINE
    if (!connected) return [rules.connectFirst, `${type} before CONNECT`]
    return disconnected ? [rules.disconnectLast, `${type} after DISCONNECT`] : FINE
  }

  private orderOfServer(type: MqttPacketType): [rule: string, reason: string] {
    const { acknowledged, level } = this.session
    const rules = mqttRules(level)
    if (type === 'AUTH') return FINE
    if (type === 'CONNACK') return acknowledged ? [rules.connackOnce, 'a second CONNACK'] : FINE
    return acknowledged ? FINE : [rules.connackFirst, `${type} before CONNACK`]
  }

  private follow({ type, level }: MqttReading): void {
    const { session, from } = this
    if (from === 'client' && type === 'CONNECT' && !session.connected) {
      session.connected = true
      session.level = level
    } else if (from === 'client' && type === 'DISCONNECT') session.disconnected = true
    else if (from === 'server' && type === 'CONNACK') session.acknowledged = true
  }
}
