/** Reads MQTT's data types (MQTT 3.1.1 1.5, MQTT 5 1.5) in order. */
import type { Side } from '../side.ts'
import { bytesText, RuleReader, shownText, type RuleReaderOptions } from '../rule-reader.ts'
import { decodeUtf8 } from '../utf8.ts'
import { mqttRules, type MqttLevel, type MqttRules } from './rules.ts'
import { integerFields, integerSize, integerValue, MOST_INTEGER } from './variable-integer.ts'

const NOTHING = new Uint8Array(0)

/** What is known of a packet beside its bytes. */
export interface MqttContext {
  /** Protocol level of the connection. */
  readonly level: MqttLevel
  /** Who has sent it; undefined: nobody knows, and what only one side may send is not looked at. */
  readonly from?: Side
}

export class MqttFieldReader extends RuleReader {
  level: MqttLevel
  rules: MqttRules
  readonly from: Side | undefined
  /** Four bits of the first byte. */
  flags = 0
  /** Bytes of the fixed header. */
  header = 0
  /** CONNACK's return code to what is refused with one; undefined: the connection is closed without (MQTT 3.1.1 4.8). */
  returnCode: number | undefined

  constructor(bytes: Uint8Array, { level, from }: MqttContext, options?: RuleReaderOptions) {
    super(bytes, mqttRules(level).room, options)
    this.level = level
    this.rules = mqttRules(level)
    this.from = from
  }

  /** The version turns out: all that follows is held to its rules. */
  setLevel(level: MqttLevel): void {
    this.level = level
    this.rules = mqttRules(level)
  }

  /** A CONNACK answers what breaks this rule, if no other was broken before it. */
  refuseWith(returnCode: number, rule: string): void {
    if (this.breach?.rule === rule) this.returnCode ??= returnCode
  }

  /** An integer of one to four bytes. */
  integer(name: string, describe: (value: number) => string = String): number {
    if (this.stopped) return 0
    const { at, bytes, end } = this
    const size = integerSize(bytes, at, end)
    const count = size > 0 ? size : size < 0 ? MOST_INTEGER : end - at + 1
    const offset = this.take(name, count)
    if (offset < 0) return 0
    const value = integerValue(bytes, offset, count)
    if (this.noting) this.note(name, describe(value), offset, count, integerFields(bytes, offset, count))
    if (size < 0) {
      this.breaks(this.rules.remainingLength, 'a fourth byte that says that another follows')
      this.stopped = true
    } else if (size > 1 && bytes[offset + size - 1] === 0)
      this.breaks(this.rules.shortestInteger, 'more bytes than it needs')
    return value
  }

  /** Octets with their length before them in two bytes; a view. The field covers both. */
  binary(name: string, describe: (bytes: Uint8Array) => string = bytesText): Uint8Array {
    const length = this.prefix(name)
    if (length < 0) return NOTHING
    const value = this.bytes.subarray(this.at - length, this.at)
    if (this.noting) this.noteString(name, describe(value), length)
    return value
  }

  /** A UTF-8 string with its length before it in two bytes (MQTT 3.1.1 1.5.3). */
  text(name: string): string {
    const length = this.prefix(name)
    if (length < 0) return ''
    const from = this.at - length
    const text = decodeUtf8(this.bytes, from, this.at)
    if (this.noting) {
      const shown = text === undefined ? bytesText(this.bytes.subarray(from, this.at)) : shownText(text)
      this.noteString(name, length === 0 ? 'empty' : shown, length)
    }
    if (text === undefined) this.breaks(this.rules.utf8, `${name} is no UTF-8`)
    else if (text.includes('\0')) this.breaks(this.rules.nullCharacter, `${name} holds U+0000`)
    return text ?? ''
  }

  /** The identifier of a packet; `rule` is what forbids 0. */
  packetId(rule = this.rules.packetId): number {
    const id = this.number('Packet Identifier', 2)
    if (id === 0) this.breaks(rule, 'Packet Identifier is 0')
    return id
  }

  private prefix(name: string): number {
    const { at, bytes, end } = this
    const length = end - at >= 2 ? (bytes[at] << 8) | bytes[at + 1] : 0
    return this.take(name, 2 + length) < 0 ? -1 : length
  }

  private noteString(name: string, text: string, length: number): void {
    const offset = this.at - length - 2
    const children = [{ name: 'Length', text: String(length), offset, length: 2 }]
    if (length > 0) children.push({ name: 'Value', text, offset: offset + 2, length })
    this.note(name, text, offset, 2 + length, children)
  }
}
