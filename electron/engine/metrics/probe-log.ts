/** What ping and traceroute of one lane say, and, for comparison, which routers their probes did pass. */
import type { EventData, EventName } from '../../../shared/trace/events.ts'
import type { TraceEvent } from '../recording/types.ts'

export const PROBE_LOG_EVENTS = [
  'probe:sent',
  'probe:answered',
  'probe:timed_out',
  'sim:interface_added',
] as const satisfies readonly EventName[]

type ProbeLogEvent = TraceEvent<(typeof PROBE_LOG_EVENTS)[number]>

const NAMES: ReadonlySet<string> = new Set(PROBE_LOG_EVENTS)
export const isProbeLogEvent = (event: { readonly name: EventName }): event is ProbeLogEvent =>
  NAMES.has(event.name)

/** A router that passed a probe on. */
export interface Passage {
  /** Its address on the side where the probe came in. */
  readonly address: string
  /** The line of its table that was used. */
  readonly prefix: string
}

export interface Probe {
  readonly ttl: number
  /** undefined: nobody did. */
  answer: EventData<'probe:answered'> | undefined
  readonly passed: Passage[]
}

export class ProbeLog {
  timedOut = 0
  /** Of each program its probes, in the order in which they were sent. */
  readonly programs = new Map<string, Map<number, Probe>>()
  private readonly byPacket = new Map<number, Probe>()
  /** By node and index. */
  private readonly addresses = new Map<string, string>()

  get probes(): readonly Probe[] {
    return [...this.programs.values()].flatMap((probes) => [...probes.values()])
  }

  take({ name, node, pkt, data }: ProbeLogEvent): void {
    switch (name) {
      case 'sim:interface_added':
        this.addresses.set(`${node} ${data.index}`, data.address)
        return
      case 'probe:sent': {
        const probe: Probe = { ttl: data.ttl, answer: undefined, passed: [] }
        const program = `${node} ${data.program}`
        const probes = this.programs.get(program) ?? new Map<number, Probe>()
        this.programs.set(program, probes.set(data.number, probe))
        if (pkt > 0) this.byPacket.set(pkt, probe)
        return
      }
      case 'probe:answered': {
        const probe = this.programs.get(`${node} ${data.program}`)?.get(data.number)
        if (probe !== undefined) probe.answer = data
        return
      }
      case 'probe:timed_out':
        this.timedOut++
    }
  }

  onForwarded(node: string, pkt: number, { in_interface, prefix }: EventData<'ip:packet_forwarded'>): void {
    const address = this.addresses.get(`${node} ${in_interface}`) ?? ''
    this.byPacket.get(pkt)?.passed.push({ address, prefix })
  }
}
