/** What the TCP senders of one lane find out of their path's MTU (RFC 1191, RFC 4821), and how long a black hole held them. */
import type { EventName } from '../../../shared/trace/events.ts'
import type { TraceEvent } from '../recording/types.ts'
import type { LaneFacts } from './lane-facts.ts'

export const PATH_MTU_EVENTS = [
  'tcp:path_mtu_changed',
  'tcp:mtu_probe_ended',
] as const satisfies readonly EventName[]

type PathMtuEvent = TraceEvent<(typeof PATH_MTU_EVENTS)[number]>

const NAMES: ReadonlySet<string> = new Set(PATH_MTU_EVENTS)
export const isPathMtuEvent = (event: { readonly name: EventName }): event is PathMtuEvent =>
  NAMES.has(event.name)

export class PathMtuLog {
  /** What was found last; undefined: nothing but what both ends agreed on. */
  mtu: number | undefined
  changes = 0
  probes = 0
  probesFailed = 0
  blackHoles = 0
  blackHoleTime = 0
  blackHoleTimeouts = 0
  /** By end of a connection: bytes that were acknowledged, and since when no more are. */
  private readonly progress = new Map<string, { acked: number; since: number; timeouts: number }>()

  take({ t, name, node, flow, data }: PathMtuEvent): void {
    if (name === 'tcp:mtu_probe_ended') {
      this.probes++
      if (data.outcome === 'failure') this.probesFailed++
      return
    }
    this.mtu = data.mtu
    this.changes++
    if (data.why !== 'black_hole') return
    const end = this.progress.get(`${node} ${flow}`)
    this.blackHoles++
    if (end === undefined) return
    this.blackHoleTime += t - end.since
    this.blackHoleTimeouts += end.timeouts
    end.since = t
    end.timeouts = 0
  }

  onAcknowledged(t: number, node: string, flow: string, acked: number): void {
    const key = `${node} ${flow}`
    const known = this.progress.get(key)
    if (known === undefined || acked > known.acked) this.progress.set(key, { acked, since: t, timeouts: 0 })
  }

  onTimeout(node: string, flow: string): void {
    const end = this.progress.get(`${node} ${flow}`)
    if (end !== undefined) end.timeouts++
  }
}

export const PATH_MTU_METRICS = {
  /** The path's MTU in bytes as a sender knows it in the end. null: nobody found another than the interface's. */
  path_mtu: ({ pathMtu }: LaneFacts) => pathMtu.mtu ?? null,
  path_mtu_changes: ({ pathMtu }: LaneFacts) => pathMtu.changes,
  /** Probes of RFC 4821 that were sent and came to an end, and those that were too large. */
  mtu_probes: ({ pathMtu }: LaneFacts) => pathMtu.probes,
  mtu_probes_failed: ({ pathMtu }: LaneFacts) => pathMtu.probesFailed,
  /** From the last acknowledgment of something new to the sender's finding that full packets vanish, in microseconds. null: it found none. */
  black_hole_time: ({ pathMtu }: LaneFacts) => (pathMtu.blackHoles === 0 ? null : pathMtu.blackHoleTime),
  /** Retransmission timeouts in that time. */
  black_hole_timeouts: ({ pathMtu }: LaneFacts) =>
    pathMtu.blackHoles === 0 ? null : pathMtu.blackHoleTimeouts,
} as const
