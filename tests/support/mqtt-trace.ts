/** Traces of MQTT, written by hand: a publisher, a broker and subscribers on the two ends of one link. */
import type { EventData } from '../../shared/trace/events.ts'
import { TraceMaker } from './trace-maker.ts'

const PACKET: EventData<'mqtt:packet'> = {
  from: 'client',
  type: 'PUBLISH',
  version: 4,
  packet_id: 0,
  qos: 0,
  dup: false,
  retain: false,
  topic: '',
  message: 0,
  header: 2,
  length: 40,
  offset: 0,
  detail: '',
  bytes: '',
}

export const flowOf = (port: number): string => `10.77.0.1:${port}-10.77.0.2:1883`

export class MqttMaker extends TraceMaker {
  private readonly offsets = new Map<string, number>()
  private pkts = 0

  /** An MQTT packet on the connection of this port, and the segment that carries it; `delay`: null if it dies. */
  mqtt(
    t: number,
    port: number,
    packet: Partial<EventData<'mqtt:packet'>>,
    delay: number | null = 100,
    cause = '',
  ): this {
    const data = { ...PACKET, ...packet }
    const node = data.from === 'client' ? 'client' : 'server'
    const key = `${node} ${port}`
    const offset = this.offsets.get(key) ?? 0
    const pkt = ++this.pkts
    this.offsets.set(key, offset + data.length)
    this.add(t, 'mqtt:packet', { ...data, offset }, { node, flow: flowOf(port) })
    return this.segment(t, port, node, offset, data.length, delay, pkt, cause)
  }

  /** The bytes of the last MQTT packet of a side once more. */
  again(t: number, port: number, node: 'client' | 'server', length = 40, delay: number | null = 100): this {
    const offset = (this.offsets.get(`${node} ${port}`) ?? length) - length
    return this.segment(t, port, node, offset, length, delay, ++this.pkts, 'rto')
  }

  private segment(
    t: number,
    port: number,
    node: string,
    offset: number,
    length: number,
    delay: number | null,
    pkt: number,
    cause: string,
  ): this {
    const direction = node === 'client' ? 0 : 1
    this.sent(t, pkt, node, { seq: offset, payload: length, flags: 0x18, cause }, flowOf(port))
    return delay === null
      ? this.add(
          t + 10,
          'link:packet_dropped',
          { direction, reason: 'bernoulli', delay: 10 },
          { node: 'link', pkt },
        )
      : this.add(t + delay, 'link:packet_delivered', { direction, delay }, { node: 'link', pkt })
  }

  connected(t: number, client: string, port: number, clean = false, queued = 0, action = 'created'): this {
    const state = { client, state: 'connected', session_present: action === 'resumed', code: 0, reason: '' }
    return this.add(
      t,
      'mqtt:state',
      { ...state, state: 'connecting' },
      { node: 'client', flow: flowOf(port) },
    )
      .add(t, 'mqtt:session', { client, action, clean, queued }, { node: 'server' })
      .add(t, 'mqtt:state', state, { node: 'client', flow: flowOf(port) })
  }

  subscribed(t: number, client: string, filter: string, qos: number): this {
    return this.add(t, 'mqtt:subscription', { client, filter, qos, action: 'added' }, { node: 'server' })
  }

  published(t: number, client: string, message: number, topic: string, qos: number, size = 32): this {
    const data = { client, message, topic, qos, retain: false, size }
    return this.add(t, 'mqtt:message_published', data, { node: 'client' })
  }

  delivered(t: number, client: string, message: number, topic: string, qos: number, copy = 1): this {
    const data = { client, message, topic, qos, dup: copy > 1, retain: false, copy, delay: 1 }
    return this.add(t, 'mqtt:message_delivered', data, { node: 'client' })
  }
}
