/** The states of both ends of each connection (RFC 9293 3.3.2; RFC 9000 10 for QUIC), and the queues of the listeners. */
import type { TraceStore } from '../trace/store.ts'
import { Cursor, EndMap } from './cursor.ts'
import { Listeners } from './listeners.ts'

export interface StateChange {
  readonly t: number
  readonly state: string
  /** What brought it about. */
  readonly why: string
}

export class States {
  readonly ends = new EndMap<StateChange[]>(() => [])
  private readonly queues = new Listeners()
  private readonly cursor = new Cursor(
    'tcp:state_changed',
    'transport:packet_sent',
    'connectivity:connection_state_changed',
    'connectivity:connection_closed',
  )

  /** What was said of the end of a QUIC connection, before its state follows. */
  private readonly closed = new EndMap<{ why: string }>(() => ({ why: '' }))

  /** By the node that listens. */
  get listeners(): Listeners['ends'] {
    return this.queues.ends
  }

  update(store: TraceStore): void {
    this.queues.update(store)
    this.cursor.read(store, (name, table, row) => {
      const flow = table.flow.data[row]
      const node = table.node.data[row]
      const t = table.t.data[row]
      const text = (field: string): string => store.text(table.columns[field].data[row])
      switch (name) {
        case 'tcp:state_changed':
          return void this.ends.open(flow, node).push({ t, state: text('to'), why: text('why') })
        case 'connectivity:connection_closed':
          this.closed.open(flow, node).why = `${text('by')} ${text('name')}`.trim()
          return
        case 'connectivity:connection_state_changed': {
          const why = this.closed.get(flow, node)?.why ?? ''
          return void this.ends.open(flow, node).push({ t, state: text('to'), why })
        }
        case 'transport:packet_sent':
          // A QUIC connection is in its handshake from the start, which is no change that would be told of.
          if (this.ends.get(flow, node) === undefined)
            this.ends.open(flow, node).push({ t, state: 'handshaking', why: '' })
      }
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

/** Whether data goes both ways. */
export const isOpenState = (state: string): boolean => state === 'ESTABLISHED' || state === 'open'

/** Whether there is no connection yet, or no more. */
export const isIdleState = (state: string): boolean => ['CLOSED', 'LISTEN', 'closed'].includes(state)
