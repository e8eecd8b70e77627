import type { EventData, EventName } from './events.ts'

/**
 * Where cores write what happens. The engine stamps sequence number, time, node, flow and packet; a core
 * passes the event's own fields only.
 */
export interface Trace {
  /** Writes one event. `pkt` names the packet when it is not the one being handled. */
  emit<N extends EventName>(name: N, data: EventData<N>, pkt?: number): void
  /** The same trace for events of this node or flow. */
  scope(of: { node?: string; flow?: string }): Trace
}

/** A trace that forgets; for cores under test. */
export const silentTrace: Trace = { emit: () => undefined, scope: () => silentTrace }
