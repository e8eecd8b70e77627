/** The queues of each listener (RFC 4987 2.1): half-open connections, those that wait to be accepted, and what became of the others. */
import type { EventTable } from '../trace/columns.ts'
import type { TraceStore } from '../trace/store.ts'
import { Cursor, EndMap } from './cursor.ts'
import { Series } from './series.ts'

/** Numbers of connections over time; each holds until the next. */
export interface ListenerQueues {
  readonly synQueue: Series
  readonly acceptQueue: Series
  readonly synLimit: Series
  readonly acceptLimit: Series
  /** Connections turned away so far. */
  readonly dropped: Series
  /** Cookies sent, accepted, and refused (expired or forged) so far; empty while there are none (RFC 4987 3.6). */
  readonly cookiesSent: Series
  readonly cookiesAccepted: Series
  readonly cookiesRefused: Series
}

export class Listeners {
  /** One account a node, under flow 0: the queues belong to the listener, whichever connection changed them. */
  readonly ends = new EndMap<ListenerQueues>(() => ({
    synQueue: new Series(),
    acceptQueue: new Series(),
    synLimit: new Series(),
    acceptLimit: new Series(),
    dropped: new Series(),
    cookiesSent: new Series(),
    cookiesAccepted: new Series(),
    cookiesRefused: new Series(),
  }))
  private readonly cursor = new Cursor('tcp:queues_changed', 'tcp:syn_cookie')

  update(store: TraceStore): void {
    this.cursor.read(store, (name, table, row) => {
      const queues = this.ends.open(0, table.node.data[row])
      if (name === 'tcp:queues_changed') onQueues(queues, table, row)
      else onCookie(queues, table.t.data[row], store.text(table.columns.what.data[row]))
    })
  }

  /** The listeners of a lane, as they first told of themselves. */
  of(store: TraceStore, lane: string): readonly { readonly node: number; readonly value: ListenerQueues }[] {
    return this.ends.all.filter(({ node }) => store.laneOf(node) === lane)
  }
}

function onQueues(queues: ListenerQueues, table: EventTable, row: number): void {
  const { columns } = table
  const t = table.t.data[row]
  queues.synQueue.step(t, columns.syn_queue.data[row])
  queues.acceptQueue.step(t, columns.accept_queue.data[row])
  queues.synLimit.step(t, columns.syn_limit.data[row])
  queues.acceptLimit.step(t, columns.accept_limit.data[row])
  queues.dropped.step(t, columns.dropped.data[row])
}

function onCookie(queues: ListenerQueues, t: number, what: string): void {
  const series =
    what === 'sent'
      ? queues.cookiesSent
      : what === 'accepted'
        ? queues.cookiesAccepted
        : queues.cookiesRefused
  series.push(t, series.length + 1)
}
