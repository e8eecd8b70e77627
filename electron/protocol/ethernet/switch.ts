/** A learning bridge: IEEE 802.1D-2004 7.7 (forwarding), 7.8 (learning) and 7.9 (its table). The spanning tree is the set-up's. */
import type { Trace } from '../../../shared/trace/sink.ts'
import type { Micros } from '../../../shared/units.ts'
import { Fifo } from '../fifo.ts'
import type { Datagram, SansIo } from '../sansio.ts'
import { decodeEthernet, formatMac, isGroupMac, type MacAddress } from '../wire/ethernet.ts'

export interface SwitchOptions {
  readonly ports: number
  /** An address that was silent for so long is forgotten, in microseconds. */
  readonly aging: number
}

/** A port, and when a frame last came from there. */
interface Learned {
  readonly port: number
  readonly heardAt: Micros
}

/** 01:80:c2:00:00:00 to 0f are for bridges themselves and never passed on (7.12.6). */
const isReserved = (mac: MacAddress): boolean => Math.floor(mac / 16) === 0x0180_c200_000
/** Out of all ports but that by which it came. */
const ALL_OTHERS = 255
/** Addresses that it has room for. */
const MOST_ENTRIES = 4096

type Decision = 'known' | 'flooded' | 'broadcast' | 'filtered'

export class LearningSwitch implements SansIo<never> {
  private readonly trace: Trace
  private readonly ports: number
  private aging: number
  /** Those silent longest stand first. */
  private readonly table = new Map<MacAddress, Learned>()
  private readonly out = new Fifo<Datagram>()

  constructor(trace: Trace, { ports, aging }: SwitchOptions) {
    this.trace = trace
    this.ports = ports
    this.aging = aging
  }

  configure(aging: number): void {
    this.aging = aging
  }

  handleDatagram(now: Micros, datagram: Datagram): void {
    const { bytes, port } = datagram
    const read = decodeEthernet(bytes)
    if (!read.ok) {
      const { reason, offset } = read.error
      this.trace.emit('ethernet:frame_rejected', { reason, offset, size: bytes.length })
      return
    }
    const { source, destination, etherType } = read.value
    this.forgetSilent(now)
    this.learn(now, source, port)
    const [decision, to] = this.decide(destination, port)
    this.trace.emit('ethernet:frame_forwarded', {
      in_port: port,
      out_port: to,
      source: formatMac(source),
      destination: formatMac(destination),
      ethertype: etherType,
      decision,
      size: bytes.length,
    })
    if (decision === 'known') this.out.push({ ...datagram, port: to })
    else if (decision !== 'filtered') this.flood(datagram)
  }

  handleTimeout(): void {
    // Addresses are forgotten when the next frame comes: until then nobody could tell.
  }

  pollTransmit(): Datagram | undefined {
    return this.out.shift()
  }

  pollTimeout(): undefined {
    return undefined
  }

  pollEvent(): undefined {
    return undefined
  }

  private decide(destination: MacAddress, from: number): [Decision, number] {
    if (isReserved(destination)) return ['filtered', from]
    if (isGroupMac(destination)) return ['broadcast', ALL_OTHERS]
    const to = this.table.get(destination)?.port
    if (to === undefined) return ['flooded', ALL_OTHERS]
    return to === from ? ['filtered', from] : ['known', to]
  }

  private flood(datagram: Datagram): void {
    for (let port = 0; port < this.ports; port++)
      if (port !== datagram.port) this.out.push({ ...datagram, port })
  }

  /** 7.8: the source is where its frame came from. */
  private learn(now: Micros, source: MacAddress, port: number): void {
    const known = this.table.get(source)
    if (known === undefined && this.table.size >= MOST_ENTRIES) return
    this.table.delete(source)
    this.table.set(source, { port, heardAt: now })
    if (known === undefined) this.note(source, port, 'learned')
    else if (known.port !== port) this.note(source, port, 'moved')
  }

  /** 7.9.2: an entry that was not heard of for the ageing time is removed. */
  private forgetSilent(now: Micros): void {
    for (const [address, { port, heardAt }] of this.table) {
      if (now - heardAt <= this.aging) return
      this.table.delete(address)
      this.note(address, port, 'aged')
    }
  }

  private note(address: MacAddress, port: number, what: 'learned' | 'moved' | 'aged'): void {
    const fields = { address: formatMac(address), port, what, entries: this.table.size }
    this.trace.emit('ethernet:address_learned', fields)
  }
}
