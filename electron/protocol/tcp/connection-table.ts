/** Connections by their four-tuple. */
import type { Ipv4Address } from '../wire/address.ts'
import type { ControlBlock } from './control-block.ts'

export class ConnectionTable {
  /** By the two ports; in the list the addresses differ. */
  private readonly byPorts = new Map<number, ControlBlock[]>()
  /** Segments come in trains: the last one found is most often the next. */
  private last: ControlBlock | undefined
  size = 0

  find(
    localAddress: Ipv4Address,
    localPort: number,
    remoteAddress: Ipv4Address,
    remotePort: number,
  ): ControlBlock | undefined {
    const { last } = this
    const matches = ({ local, remote }: ControlBlock): boolean =>
      local.port === localPort &&
      remote.port === remotePort &&
      remote.address === remoteAddress &&
      local.address === localAddress
    if (last !== undefined && matches(last)) return last
    const found = this.byPorts.get(localPort * 65_536 + remotePort)?.find(matches)
    if (found !== undefined) this.last = found
    return found
  }

  /** All of them. */
  *[Symbol.iterator](): IterableIterator<ControlBlock> {
    for (const list of this.byPorts.values()) yield* list
  }

  add(block: ControlBlock): void {
    const key = block.local.port * 65_536 + block.remote.port
    const list = this.byPorts.get(key)
    if (list === undefined) this.byPorts.set(key, [block])
    else list.push(block)
    this.size++
  }

  remove(block: ControlBlock): void {
    const key = block.local.port * 65_536 + block.remote.port
    const list = this.byPorts.get(key)
    const at = list?.indexOf(block) ?? -1
    if (list === undefined || at < 0) return
    list.splice(at, 1)
    if (list.length === 0) this.byPorts.delete(key)
    if (this.last === block) this.last = undefined
    this.size--
  }
}
