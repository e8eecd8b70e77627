/** Figures of ping and traceroute. null: the lane has none, or none of its probes was answered so. */
import type { LaneFacts } from './lane-facts.ts'
import type { Probe } from './probe-log.ts'
import { quantile } from './quantile.ts'

type Figure = (lane: LaneFacts) => number | null

const ofProbes =
  (figure: (probes: readonly Probe[]) => number | null): Figure =>
  ({ probes: { probes } }) =>
    probes.length === 0 ? null : figure(probes)

/** Round trips of echo requests that were echoed, in microseconds. */
const ofEchoes = (figure: (roundTrips: readonly number[]) => number): Figure =>
  ofProbes((probes) => {
    const echoed = probes.flatMap(({ answer }) => (answer?.kind === 'echo_reply' ? [answer.rtt] : []))
    return echoed.length === 0 ? null : figure(echoed)
  })

/** Probes of the lane's first traceroute: the program whose first probe may go one hop. */
function routeOf({ probes }: LaneFacts): readonly Probe[] | undefined {
  for (const ofProgram of probes.programs.values()) {
    const [first, ...others] = ofProgram.values()
    if (first.ttl === 1) return [first, ...others]
  }
  return undefined
}

const ofRoute =
  (figure: (route: readonly Probe[]) => number | null): Figure =>
  (lane) => {
    const route = routeOf(lane)
    return route === undefined ? null : figure(route)
  }

/** Of each hop, by its time to live, the address that answered that this was over. */
function hopsOf(route: readonly Probe[]): ReadonlyMap<number, string> {
  const hops = new Map<number, string>()
  for (const { ttl, answer } of route)
    if (answer?.kind === 'time_exceeded' && !hops.has(ttl)) hops.set(ttl, answer.from)
  return hops
}

/** The probe that the most routers passed on: its way is what the others should have found. */
const furthest = (route: readonly Probe[]): Probe =>
  route.reduce((best, probe) => (probe.passed.length > best.passed.length ? probe : best))

/**
 * Hops for which the address that answered is that of the router which passed on a later probe there, on the side where it came in:
 * the interface by which an answer goes back (RFC 1812 4.3.2.4).
 */
function addressesRight(route: readonly Probe[]): number {
  const { passed } = furthest(route)
  return [...hopsOf(route)].filter(([ttl, address]) => passed[ttl - 1]?.address === address).length
}

export const PROBE_METRICS = {
  probes_sent: ofProbes((probes) => probes.length),
  /** Whatever the answer was. */
  probes_answered: ofProbes((probes) => probes.filter(({ answer }) => answer !== undefined).length),
  probes_timed_out: ({ probes }: LaneFacts) => (probes.programs.size === 0 ? null : probes.timedOut),
  /** Probes whose time to live was over on the way (RFC 792), and those that a router had no way for. */
  probes_expired: ofProbes(
    (probes) => probes.filter(({ answer }) => answer?.kind === 'time_exceeded').length,
  ),
  probes_unreachable: ofProbes(
    (probes) => probes.filter(({ answer }) => /^(net|host)_unreachable$/.test(answer?.kind ?? '')).length,
  ),
  /** Routers that passed on the same probe, at most. */
  probe_passes_max: ofProbes((probes) => Math.max(...probes.map(({ passed }) => passed.length))),
  ping_rtt_min: ofEchoes((roundTrips) => quantile(roundTrips, 0)),
  ping_rtt_median: ofEchoes((roundTrips) => quantile(roundTrips, 0.5)),
  ping_rtt_p95: ofEchoes((roundTrips) => quantile(roundTrips, 0.95)),
  ping_rtt_max: ofEchoes((roundTrips) => quantile(roundTrips, 1)),
  /** Hops of the lane's first traceroute at which a router answered. */
  hops_found: ofRoute((route) => hopsOf(route).size),
  hop_addresses_right: ofRoute(addressesRight),
  /** Different addresses among them; fewer than hops where packets go in a circle. */
  routers_found: ofRoute((route) => new Set(hopsOf(route).values()).size),
  /** 1: the target itself answered. */
  target_reached: ofRoute((route) =>
    route.some(({ answer }) => answer?.kind === 'port_unreachable' || answer?.kind === 'echo_reply') ? 1 : 0,
  ),
  /** Bits of the prefix by which the first router sent the traceroute's probes on. */
  first_prefix_length: ofRoute((route) => {
    const [first] = furthest(route).passed
    return first === undefined ? null : Number(first.prefix.split('/')[1])
  }),
} as const
