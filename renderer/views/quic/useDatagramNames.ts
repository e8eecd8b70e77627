/** What datagrams are that no connection knows of (Retry, Version Negotiation, a stateless reset): their bytes say it. */
import { useSession } from '../../stores/session.ts'
import { useTrace } from '../../stores/trace.ts'

/** Name of the layer in a dissection; what follows it is the kind of packet. */
const LAYER = /^QUIC (.*)$/

export function useDatagramNames(onRead: () => void): { of(pkt: number): string } {
  const session = useSession()
  const trace = useTrace()
  const known = new WeakMap<object, Map<number, string>>()

  async function read(names: Map<number, string>, pkt: number): Promise<void> {
    try {
      const { dissection } = await session.readPacket(pkt)
      const kinds = dissection.layers.flatMap(({ name }) => LAYER.exec(name)?.[1] ?? [])
      names.set(pkt, kinds.join(' | '))
      onRead()
    } catch {
      // Its bytes were not kept: it stays without a name.
    }
  }

  /** Empty until its bytes have been read. */
  function of(pkt: number): string {
    let names = known.get(trace.store.value)
    if (!names) known.set(trace.store.value, (names = new Map()))
    const name = names.get(pkt)
    if (name !== undefined) return name
    names.set(pkt, '')
    void read(names, pkt)
    return ''
  }

  return { of }
}
