/** An environment for TCP cores under test: real HMAC, seeded dice, a trace that remembers. */
import { createHmac } from 'node:crypto'
import type { TcpSettingsInput } from '../../shared/tcp.ts'
import { TcpSettings } from '../../shared/tcp.ts'
import type { EventData, EventName } from '../../shared/trace/events.ts'
import { silentTrace } from '../../shared/trace/sink.ts'
import type { Trace } from '../../shared/trace/sink.ts'
import { createRng } from '../../electron/protocol/random.ts'
import type { Env } from '../../electron/protocol/sansio.ts'
import * as v from 'valibot'

export interface TracedEvent {
  readonly name: EventName
  readonly data: Record<string, unknown>
}

/** Keeps every event in order. */
export class MemoryTrace implements Trace {
  readonly events: TracedEvent[] = []
  /** The packet that each event was told of with. */
  readonly packets: (number | undefined)[] = []

  emit<N extends EventName>(name: N, data: EventData<N>, pkt?: number): void {
    this.events.push({ name, data })
    this.packets.push(pkt)
  }

  scope(): Trace {
    return this
  }

  /** The data of all events of this name. */
  of<N extends EventName>(name: N): EventData<N>[] {
    return this.events.filter((e) => e.name === name).map((e) => e.data as EventData<N>)
  }
}

export function tcpEnv(seed: number, trace: Trace = silentTrace): Env {
  let packets = 0
  return {
    rng: createRng(seed),
    crypto: {
      hmacSha256: (key, data) => new Uint8Array(createHmac('sha256', key).update(data).digest()),
    },
    trace,
    nextPacketId: () => ++packets,
  }
}

/** Whole settings from those that a test cares for. */
export const tcpSettings = (some: TcpSettingsInput = {}): TcpSettings => v.parse(TcpSettings, some)
