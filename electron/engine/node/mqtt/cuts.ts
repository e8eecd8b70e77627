/** When the network connection of a client is to be cut: between two packets, not at a time. */
import type { MqttClientApp, MqttPacketType } from '../../../../shared/mqtt.ts'

type Cut = MqttClientApp['cuts'][number]

export class Cuts {
  private readonly cuts: readonly Cut[]
  private readonly counts = new Map<string, number>()

  constructor(cuts: readonly Cut[]) {
    this.cuts = cuts
  }

  /** Counts a packet; returns whether the connection is to be cut right after it. */
  isDue(packet: MqttPacketType | undefined, when: Cut['when']): boolean {
    if (packet === undefined || this.cuts.length === 0) return false
    const key = `${when} ${packet}`
    const nth = (this.counts.get(key) ?? 0) + 1
    this.counts.set(key, nth)
    return this.cuts.some((cut) => cut.packet === packet && cut.when === when && cut.nth === nth)
  }
}
