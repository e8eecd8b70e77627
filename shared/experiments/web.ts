/** What the experiments of HTTP share: two hosts, a link, the conditions of a claim about round trips, and knobs. */
import type { ExperimentInput, Json } from '../experiment.ts'
import { bothWays, LINK_KNOBS } from './link-knobs.ts'

type KnobInput = ExperimentInput['knobs'][number]

/** 100 Mbit/s: a few kilobytes take next to no time, so that what is left to count are round trips. */
export const FAST = 100_000_000

/** One condition of an expectation. */
export const is = (path: string, ...oneOf: Json[]) => ({ path, oneOf })

/** A browser and a site, both without Nagle's algorithm, as browsers and web servers have it. */
export const WEB_HOSTS = {
  client: { role: 'client', tcp: { nagle: false } },
  server: { role: 'server', tcp: { nagle: false } },
} as const satisfies ExperimentInput['setup']['hosts']

/** The path between them, the same both ways. */
export const webLink = (delay: number, limit = FAST): ExperimentInput['setup']['links'] => {
  const direction = { delay, rate: { limit } }
  return { link: { a: 'client', b: 'server', up: direction, down: direction } }
}

/** Nothing is lost or held up: what takes time is the distance and the protocol. */
export const UNDISTURBED = [
  ...bothWays('loss.rate').map((path) => is(path, 0)),
  ...bothWays('jitter.amount').map((path) => is(path, 0)),
]
/** And the rate is so high that bytes cost no time worth mentioning, the path so long that computing hardly does. */
export const ROUND_TRIPS_ONLY = [
  ...UNDISTURBED,
  ...bothWays('rate.limit').map((path) => is(path, FAST)),
  ...bothWays('delay').map((path) => is(path, 50_000, 100_000, 150_000, 200_000, 300_000)),
]

/**
 * How far from a count of round trips a figure may lie, as a share of it. In virtual time it hardly does; at the wall clock both
 * ends need time to compute, each time, and most of it at the beginning while their code is cold. Below twenty it is less than
 * one round trip, so that no other count would pass.
 */
export const withinRoundTrips = (count: number): number => Math.max(0.05, 0.45 / count)

/** The knobs of the path that each of them has. */
export const PATH_KNOBS: readonly KnobInput[] = [
  { ...LINK_KNOBS.delay, paths: bothWays('delay') },
  {
    ...LINK_KNOBS.rate,
    hint: {
      en: 'Of both directions. On a narrow link bytes take time, too, and no longer round trips alone.',
      zh: '两个方向的速率。链路一窄，传字节也要时间，耗时就不再只由往返次数决定。',
    },
    paths: bothWays('rate.limit'),
  },
  {
    ...LINK_KNOBS.loss,
    hint: {
      en: 'Share of packets lost in each direction. No claim about round trips is made then.',
      zh: '每个方向随机丢失的比例。打开后不再对往返次数作断言。',
    },
    paths: bothWays('loss.rate'),
    // Beyond, connections break off, and what was to be counted is asked for again.
    max: 0.1,
  },
  { ...LINK_KNOBS.jitter, paths: bothWays('jitter.amount') },
]
