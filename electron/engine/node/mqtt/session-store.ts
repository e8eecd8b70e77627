/**
 * What a client has sent and has no last answer to yet, kept for as long as its session lasts. MQTT.js has such stores and sends
 * from them again, but leaves the mark off with which that is to be done (MQTT-3.3.1-1), and forgets all with `end`.
 */
import { Readable } from 'node:stream'
import type { IStore, Packet } from 'mqtt'

type Key = Pick<Packet, 'messageId'>
type Answer = (error?: Error, packet?: Packet) => void

export class SessionStore implements IStore {
  private readonly packets = new Map<number | undefined, Packet>()
  private readonly sent = new Set<number | undefined>()

  /** A packet has gone out: from now on it is a duplicate. */
  markSent({ messageId }: Key): void {
    this.sent.add(messageId)
  }

  put(packet: Packet, done: () => void): this {
    this.packets.set(packet.messageId, packet)
    done()
    return this
  }

  createStream(): ReturnType<IStore['createStream']> {
    const packets = [...this.packets.values()].map((packet) =>
      packet.cmd === 'publish' && this.sent.has(packet.messageId) ? { ...packet, dup: true } : packet,
    )
    // The declared type is that of a polyfill; the library reads it as any stream.
    return Readable.from(packets) as never
  }

  get({ messageId }: Key, answer: Answer): this {
    const packet = this.packets.get(messageId)
    if (packet === undefined) answer(new Error('missing packet'))
    else answer(undefined, packet)
    return this
  }

  del({ messageId }: Key, answer: Answer): this {
    const packet = this.packets.get(messageId)
    this.packets.delete(messageId)
    this.sent.delete(messageId)
    if (packet === undefined) answer(new Error('missing packet'))
    else answer(undefined, packet)
    return this
  }

  close(done: () => void): void {
    done()
  }
}
