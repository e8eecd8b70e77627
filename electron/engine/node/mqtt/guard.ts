/**
 * What lets packets through to a library that keep to the rules, and nothing from the first on that does not: its connection is to be
 * closed (MQTT-4.8.0-1).
 */
import type { MqttPacket } from '../../../protocol/wire/mqtt/packets.ts'
import { MqttReader } from '../../../protocol/wire/mqtt/reader.ts'
import type { Side } from '../../../protocol/wire/side.ts'

export interface GuardNews {
  /** A packet is whole and well; undefined: it is too long for more than its fixed header to have been looked at. */
  onPacket(packet: MqttPacket | undefined): void
  /** A rule is broken; `returnCode` is that of the CONNACK that says so, if any does. Told once. */
  onBreach(returnCode: number | undefined): void
}

export class Guard {
  private readonly reader: MqttReader
  /** Packets that may pass and have not yet. */
  private passes = 0
  private isBroken = false

  /** @param from whose packets these are */
  constructor(from: Side, news: GuardNews) {
    this.reader = new MqttReader(from, (item) => {
      if (this.isBroken) return
      if (item.type === 'problem') {
        this.isBroken = true
        return news.onBreach(item.returnCode)
      }
      this.passes++
      news.onPacket(item.type === 'packet' ? item.packet : undefined)
    })
  }

  /** Bytes have come, in any pieces. */
  hear(bytes: Uint8Array): void {
    this.reader.push(bytes)
  }

  /** Whether the next packet may pass. To be asked of each, in order, when all its bytes were heard. */
  admits(): boolean {
    if (this.passes === 0) return false
    this.passes--
    return true
  }
}
