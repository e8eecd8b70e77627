/** Both directions of an MQTT connection. */
import { bySide, type BySide, type Side } from '../side.ts'
import { MqttReader, type MqttSink } from './reader.ts'
import { MqttSession } from './session.ts'

/**
 * Fed with the bytes that each side sends, in order and in any pieces, it tells the sink of packets and of rules that are broken. What
 * is broken it reads past, where packets can still be told apart. Total; what it keeps is bounded.
 */
export class MqttConnection {
  private readonly readers: BySide<MqttReader>

  constructor(sink: MqttSink) {
    const session = new MqttSession()
    this.readers = bySide((side) => new MqttReader(side, sink, session))
  }

  push(from: Side, bytes: Uint8Array): void {
    this.readers[from].push(bytes)
  }
}
