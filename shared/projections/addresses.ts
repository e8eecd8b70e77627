/** Whose an IPv4 address is: hosts as they were announced, and every interface of hosts and routers. */
import type { TraceStore } from '../trace/store.ts'
import { Cursor } from './cursor.ts'

export class Addresses {
  /** Numbers of the names of nodes by lane and address. */
  private readonly nodes = new Map<string, number>()
  private readonly cursor = new Cursor('sim:node_added', 'sim:interface_added')

  update(store: TraceStore): void {
    this.cursor.read(store, (_, table, row) => {
      const node = table.node.data[row]
      const address = store.text(table.columns.address.data[row])
      if (address !== '') this.nodes.set(`${store.laneOf(node)} ${address}`, node)
    })
  }

  /** Number of the name of the node of a lane that has this address. */
  nodeAt(lane: string, address: string): number | undefined {
    return this.nodes.get(`${lane} ${address}`)
  }

  /** The name of that node without its lane; empty: nobody has the address. */
  nameAt(store: TraceStore, lane: string, address: string): string {
    const node = this.nodeAt(lane, address)
    if (node === undefined) return ''
    const name = store.text(node)
    return name.slice(name.indexOf('/') + 1)
  }
}
