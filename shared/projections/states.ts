/** The states of both ends of each connection (RFC 9293 3.3.2), and the queues of the listeners. */
import type { TraceStore } from '../trace/store.ts'
import { Cursor, EndMap } from './cursor.ts'
import { Series } from './series.ts'

export interface StateChange {
  readonly t: number
  readonly state: string
  /** What brought it about. */
  readonly why: string
}

export interface ListenerQueues {
  readonly synQueue: Series
  readonly acceptQueue: Series
  readonly synLimit: Series
  readonly acceptLimit: Series
  /** Connections turned away so far. */
  readonly dropped: Series
}

export class States {
  readonly ends = new EndMap<StateChange[]>(() => [])
  /** By listening node and the flow of its events (empty for most). */
  readonly listeners = new EndMap<ListenerQueues>(() => ({
    synQueue: new Series(),
    acceptQueue: new Series(),
    synLimit: new Series(),
    acceptLimit: new Series(),
    dropped: new Series(),
  }))
  private readonly cursor = new Cursor('tcp:state_changed', 'tcp:queues_changed')

  update(store: TraceStore): void {
    this.cursor.read(store, (name, table, row) => {
      const t = table.t.data[row]
      const node = table.node.data[row]
      const { columns } = table
      if (name === 'tcp:state_changed') {
        this.ends
          .open(table.flow.data[row], node)
          .push({ t, state: store.text(columns.to.data[row]), why: store.text(columns.why.data[row]) })
        return
      }
      // One account a node: the queues belong to the listener, whichever connection changed them.
      const queues = this.listeners.open(0, node)
      queues.synQueue.step(t, columns.syn_queue.data[row])
      queues.acceptQueue.step(t, columns.accept_queue.data[row])
      queues.synLimit.step(t, columns.syn_limit.data[row])
      queues.acceptLimit.step(t, columns.accept_limit.data[row])
      queues.dropped.step(t, columns.dropped.data[row])
    })
  }
}

/** The state at `t`; undefined before the first change. */
export function stateAt(changes: readonly StateChange[], t: number): StateChange | undefined {
  let low = 0
  let high = changes.length
  while (low < high) {
    const middle = (low + high) >>> 1
    if (changes[middle].t <= t) low = middle + 1
    else high = middle
  }
  return changes[low - 1]
}
