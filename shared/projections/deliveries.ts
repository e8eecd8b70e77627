/**
 * When bytes came within reach of the clients' applications, over all connections of a lane: what a move to another network, or a
 * connection that dies, costs the user. Of TCP with TLS only what came once TLS was ready counts.
 */
import type { TraceStore } from '../trace/store.ts'
import { Cursor, EndMap } from './cursor.ts'
import { Goodput } from './goodput.ts'

/** A time in which nothing came; microseconds. */
export interface Pause {
  readonly from: number
  readonly to: number
}

export class Deliveries {
  private readonly goodput = new Goodput()
  /** When the TLS of an end was ready; infinite: it is not yet. */
  private readonly ready = new EndMap<{ t: number }>(() => ({ t: Infinity }))
  private readonly cursor = new Cursor('security:record', 'security:handshake_finished')

  update(store: TraceStore): void {
    this.goodput.update(store)
    this.cursor.read(store, (name, table, row) => {
      const flow = table.flow.data[row]
      if (name === 'security:handshake_finished')
        this.ready.open(flow, table.node.data[row]).t = table.t.data[row]
      // Whoever speaks TLS over TCP speaks it from the first byte on, and so do both ends.
      else for (const { node } of store.flows.get(flow)?.ends ?? []) this.ready.open(flow, node)
    })
  }

  /** The moments at which bytes came to an end, in ascending order. */
  private timesOf(flow: number, node: number, times: ArrayLike<number>, length: number): number[] {
    const since = this.ready.get(flow, node)?.t ?? 0
    const list: number[] = []
    for (let at = 0; at < length; at++) if (times[at] >= since) list.push(times[at])
    return list
  }

  /** The moments at which bytes came to the clients of a lane, in ascending order, over all of their connections. */
  toClients(store: TraceStore, lane: string): readonly number[] {
    return this.goodput.ends.all
      .filter(({ node }) => store.laneOf(node) === lane && store.nodes.get(node)?.role === 'client')
      .flatMap(({ flow, node, value: { read } }) => this.timesOf(flow, node, read.times.data, read.length))
      .sort((a, b) => a - b)
  }
}

/** The longest time between two moments that follow each other; undefined where there are fewer. */
export function longestPause(times: readonly number[]): Pause | undefined {
  let longest: Pause | undefined
  for (let at = 1; at < times.length; at++)
    if (longest === undefined || times[at] - times[at - 1] > longest.to - longest.from)
      longest = { from: times[at - 1], to: times[at] }
  return longest
}
