/** The experiments about a listener's queues and about silence: each claim fails when what it rests on is taken away. */
import { describe, expect, it } from 'vitest'
import type { Experiment } from '../../shared/experiment.ts'
import { findExperiment } from '../../shared/experiments/index.ts'
import { finishedRun } from '../support/runs.ts'

/** Ids of the claims that do not hold once an experiment was changed. */
async function failing(
  id: string,
  change: (experiment: Experiment) => Partial<Experiment>,
): Promise<string[]> {
  const experiment = findExperiment(id)!
  const run = await finishedRun({ experiment: { ...experiment, ...change(experiment) } as never })
  return run.summary!.expectations.filter(({ holds }) => holds === false).map((verdict) => verdict.id)
}

/** The lanes with one of them otherwise. */
const lane =
  (id: string, change: Partial<Experiment['lanes'][number]>) =>
  ({ lanes }: Experiment) => ({
    lanes: lanes.map((known) => (known.id === id ? { ...known, ...change } : known)),
  })

describe('tcp-queues', () => {
  it.each([
    ['the flood in the calm lane', lane('calm', { without: [] }), ['calm-served']],
    [
      'an accept that is not slow',
      lane('slow', { set: {} }),
      ['accept-queue', 'slow-turned-away', 'slow-served'],
    ],
    ['no flood in its lane', lane('flood', { without: ['flood'] }), ['flood-queue', 'flood-served']],
    [
      'cookies in the lane without',
      lane('flood', { set: { 'hosts.server.tcp.synCookies': true } }),
      ['flood-served'],
    ],
    [
      'no cookies in the lane with them',
      lane('cookies', { set: {} }),
      ['cookies-served', 'cookies-accepted'],
    ],
    [
      'no flood in the lane with cookies',
      lane('cookies', { without: ['flood'] }),
      ['cookies-queue', 'cookies-accepted'],
    ],
    [
      'a server that thinks for 400 ms',
      ({ setup }: Experiment) => ({
        setup: { ...setup, apps: { ...setup.apps, server: { ...setup.apps.server, delay: 400_000 } } },
      }),
      ['calm-wait', 'cookies-wait'],
    ],
  ] as const)('%s', async (_, change, failed) => {
    expect(await failing('tcp-queues', change as never)).toEqual(failed)
  })

  it('serves by cookies just as well without timestamps, but the connections have no SACK', async () => {
    const served = await Promise.all(
      [true, false].map(async (timestamps) => {
        const run = await finishedRun({ experiment: 'tcp-queues', set: { timestamps } })
        const cookies = [...run.reader.events(['tcp:syn_cookie'])].filter(({ data }) => data.what === 'sent')
        const pkts = new Set(
          [...run.reader.events(['tcp:segment_sent'])]
            .filter(({ data, flow }) => data.sack_permitted && cookies.some((cookie) => cookie.flow === flow))
            .filter(({ node }) => node === 'cookies/server')
            .map(({ pkt }) => pkt),
        )
        return [run.summary!.metrics['cookies/crowd_served_share'], pkts.size > 0]
      }),
    )
    expect(served).toEqual([
      [1, true],
      [1, false],
    ])
  })
})

describe('tcp-keepalive', () => {
  it.each([
    ['nobody crashes', () => ({ steps: [] }), ['crashed-found', 'restarted-found', 'restarted-probes']],
    [
      'nobody is started anew',
      ({ steps }: Experiment) => ({ steps: steps.slice(0, 1) }),
      ['restarted-found', 'restarted-probes'],
    ],
    [
      'the living one crashes, too',
      ({ steps }: Experiment) => ({
        steps: [{ ...steps[0], lanes: ['alive', 'crashed', 'restarted'] }, steps[1]],
      }),
      ['alive-open'],
    ],
    [
      'HTTP does not use a connection again',
      lane('http', { without: ['talker', 'listener'], set: { 'apps.browser.reuse': false } }),
      ['http-connections'],
    ],
  ] as const)('%s', async (_, change, failed) => {
    expect(await failing('tcp-keepalive', change as never)).toEqual(failed)
  })

  it('with keep-alive off nobody notices the crash', async () => {
    const run = await finishedRun({ experiment: 'tcp-keepalive', set: { idle: 0 } })
    expect(run.summary!.metrics['crashed/dead_peer_found']).toBeNull()
    expect(run.summary!.metrics['crashed/keep_alives']).toBe(0)
  })
})
