/** The probes of each ping and traceroute: who answered, after how long, or that nobody did (RFC 792, RFC 1393 2). */
import type { EventTable } from '../trace/columns.ts'
import type { TraceStore } from '../trace/store.ts'
import { Addresses } from './addresses.ts'
import { Cursor } from './cursor.ts'

export interface Probe {
  readonly number: number
  readonly t: number
  readonly pkt: number
  readonly ttl: number
  /** Length of the IP packet. */
  readonly size: number
  /** `echo_reply` and so on as `probe:answered` has it; `timed_out`; empty while it is waited for. */
  outcome: string
  /** Who answered. */
  from: string
  /** Microseconds; NaN without an answer. */
  rtt: number
  /** Of the next hop, in fragmentation_needed; else 0. */
  mtu: number
  /** When it was answered or given up; infinite until then. */
  ended: number
}

/** A ping or traceroute. */
export interface ProbeProgram {
  readonly lane: string
  /** Number of the name of its host. */
  readonly node: number
  readonly name: string
  readonly target: string
  readonly probes: Probe[]
  /** Its probes go one hop further each time: it is a traceroute. */
  climbs: boolean
}

/** What the probes with one TTL found. */
export interface ProbeHop {
  readonly ttl: number
  /** Who answered, in the order of the answers; several where the way has changed. */
  readonly from: readonly string[]
  readonly probes: readonly Probe[]
  /** Of the answers; NaN: there is none. */
  readonly median: number
}

export class Probes {
  readonly programs: ProbeProgram[] = []
  readonly addresses = new Addresses()
  private readonly byName = new Map<string, ProbeProgram>()
  private readonly cursor = new Cursor('probe:sent', 'probe:answered', 'probe:timed_out')

  update(store: TraceStore): void {
    this.addresses.update(store)
    this.cursor.read(store, (name, table, row) => {
      const { columns } = table
      if (name === 'probe:sent') return this.onSent(store, table, row)
      const program = this.byName.get(keyOf(table, row))
      const number = columns.number.data[row]
      // Numbers are given from 1 without gaps; a damaged recording may lie.
      const probe = program?.probes[number - 1]
      if (probe?.number !== number) return
      probe.ended = table.t.data[row]
      if (name === 'probe:timed_out') {
        probe.outcome = 'timed_out'
        return
      }
      probe.outcome = store.text(columns.kind.data[row])
      probe.from = store.text(columns.from.data[row])
      probe.rtt = columns.rtt.data[row]
      probe.mtu = columns.mtu.data[row]
    })
  }

  private onSent(store: TraceStore, table: EventTable, row: number): void {
    const { columns } = table
    const node = table.node.data[row]
    const key = keyOf(table, row)
    let program = this.byName.get(key)
    if (!program) {
      program = {
        lane: store.laneOf(node),
        node,
        name: store.text(columns.program.data[row]),
        target: store.text(columns.target.data[row]),
        probes: [],
        climbs: false,
      }
      this.byName.set(key, program)
      this.programs.push(program)
    }
    const { probes } = program
    const ttl = columns.ttl.data[row]
    if (probes.length > 0 && ttl !== probes[0].ttl) program.climbs = true
    probes.push({
      number: columns.number.data[row],
      t: table.t.data[row],
      pkt: table.pkt.data[row],
      ttl,
      size: columns.size.data[row],
      outcome: '',
      from: '',
      rtt: NaN,
      mtu: 0,
      ended: Infinity,
    })
  }

  of(lane: string): ProbeProgram[] {
    return this.programs.filter((program) => program.lane === lane)
  }
}

const keyOf = (table: EventTable, row: number): string =>
  `${table.node.data[row]} ${table.columns.program.data[row]}`

/** The hops of a traceroute, nearest first. */
export function hopsOf({ probes }: ProbeProgram): ProbeHop[] {
  const byTtl = new Map<number, Probe[]>()
  for (const probe of probes) byTtl.set(probe.ttl, [...(byTtl.get(probe.ttl) ?? []), probe])
  return [...byTtl]
    .sort(([a], [b]) => a - b)
    .map(([ttl, own]) => ({
      ttl,
      probes: own,
      from: [...new Set(own.map(({ from }) => from).filter((from) => from !== ''))],
      median: median(own.map(({ rtt }) => rtt).filter((rtt) => !Number.isNaN(rtt))),
    }))
}

export function median(values: readonly number[]): number {
  const sorted = [...values].sort((a, b) => a - b)
  const middle = sorted.length >> 1
  if (sorted.length === 0) return NaN
  return sorted.length % 2 === 1 ? sorted[middle] : (sorted[middle - 1] + sorted[middle]) / 2
}
