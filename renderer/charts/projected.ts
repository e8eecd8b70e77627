/** One projection of a kind for each recording, whoever reads it; brought up to date when it is asked for. */
import type { TraceStore } from '../../shared/trace/store.ts'

interface Projection {
  update(store: TraceStore): void
}

const byStore = new WeakMap<TraceStore, Map<new () => Projection, Projection>>()

/** The projection of this kind, up to date with the store. A view that is hidden asks for nothing and costs nothing. */
export function projected<P extends Projection>(store: TraceStore, kind: new () => P): P {
  let kinds = byStore.get(store)
  if (!kinds) byStore.set(store, (kinds = new Map()))
  let projection = kinds.get(kind) as P | undefined
  if (!projection) kinds.set(kind, (projection = new kind()))
  projection.update(store)
  return projection
}
