/** MQTT: control packets, and the rules that are broken. */
import { hexOfBytes } from '../../../shared/hex.ts'
import { packetText } from '../../protocol/wire/mqtt/packet-text.ts'
import type { MqttPacket, MqttPublish } from '../../protocol/wire/mqtt/packets.ts'
import { TOPIC_ALIAS } from '../../protocol/wire/mqtt/properties.ts'
import { MqttReader, type MqttItem } from '../../protocol/wire/mqtt/reader.ts'
import { MqttSession } from '../../protocol/wire/mqtt/session.ts'
import { bySide, type BySide, type Side } from '../../protocol/wire/side.ts'
import type { Layer } from './layer.ts'
import { labNumber } from './lab-number.ts'
import type { Report } from './report.ts'

/** Bytes of a packet that the trace carries. */
const MOST_BYTES = 512
/** Topic aliases that are kept in mind; clients and brokers allow fewer. */
const MOST_ALIASES = 256

export class MqttLayer implements Layer {
  private readonly report: Report
  private readonly session = new MqttSession()
  private readonly readers: BySide<MqttReader>
  /** The topics that our own side has given numbers to (MQTT 5 3.3.2.3.4). */
  private readonly aliases = new Map<number, string>()

  constructor(report: Report) {
    this.report = report
    const tellOwn = (item: MqttItem): void => {
      if (item.from === report.own) this.tell(item)
    }
    this.readers = bySide((side) => new MqttReader(side, tellOwn, this.session))
  }

  readonly handshaking = false

  /** Of the other side only what our own packets can't be read without: the version that a client's CONNECT names. */
  handleBytes(from: Side, bytes: Uint8Array): void {
    if (from === this.report.own || (from === 'client' && !this.session.connected))
      this.readers[from].push(bytes)
  }

  /** A packet that is not whole by then was cut off with the connection, which is no fault of its sender's. */
  handleEnd(): void {}

  credit(): undefined {}

  private tell(item: MqttItem): void {
    const { from } = item
    if (item.type === 'packet') return this.tellPacket(item)
    if (item.type === 'skipped') {
      const reason = `a packet of ${item.length} bytes was passed over`
      return this.report.emit('mqtt:problem', { from, offset: item.offset, rule: '', reason, bytes: '' })
    }
    const { at: offset, rule, reason, bytes } = item
    this.report.emit('mqtt:problem', { from, offset, rule, reason, bytes: beginning(bytes) })
  }

  private tellPacket({ from, offset, bytes, packet, level }: Extract<MqttItem, { type: 'packet' }>): void {
    const publish = packet.type === 'PUBLISH' ? packet : undefined
    this.report.emit('mqtt:packet', {
      from,
      type: packet.type,
      version: level,
      packet_id: 'packetId' in packet ? packet.packetId : 0,
      qos: publish?.qos ?? 0,
      dup: publish?.dup ?? false,
      retain: publish?.retain ?? false,
      topic: publish === undefined ? filtersOf(packet) : this.topicOf(publish),
      message: publish === undefined ? 0 : labNumber(publish.payload),
      header: packet.header,
      length: packet.length,
      offset,
      detail: packetText(packet, level),
      bytes: beginning(bytes),
    })
  }

  private topicOf({ topic, properties }: MqttPublish): string {
    const alias = properties.find(({ id }) => id === TOPIC_ALIAS)?.value as number | undefined
    if (alias === undefined) return topic
    if (topic === '') return this.aliases.get(alias) ?? ''
    if (this.aliases.has(alias) || this.aliases.size < MOST_ALIASES) this.aliases.set(alias, topic)
    return topic
  }
}

const beginning = (bytes: Uint8Array): string => hexOfBytes(bytes.subarray(0, MOST_BYTES))

function filtersOf(packet: MqttPacket): string {
  if (packet.type === 'SUBSCRIBE') return packet.subscriptions.map(({ filter }) => filter).join('\n')
  return packet.type === 'UNSUBSCRIBE' ? packet.filters.join('\n') : ''
}
