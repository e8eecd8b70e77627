/** What the experiments about windows, small writes, waiting bytes and repetition claim is not true of other settings: their claims can fail. */
import { describe, expect, it } from 'vitest'
import type { Json } from '../../shared/experiment.ts'
import { findExperiment } from '../../shared/experiments/index.ts'
import { finishedRun } from '../support/runs.ts'

type Sets = Readonly<Record<string, Readonly<Record<string, Json>>>>

/** The claims that fail when some lanes are set otherwise, and every claim is made whatever is set. */
async function failing(id: string, sets: Sets): Promise<string[]> {
  const experiment = structuredClone(findExperiment(id)!)
  for (const expectation of experiment.expectations) expectation.given = []
  for (const lane of experiment.lanes) Object.assign(lane.set, sets[lane.id] ?? {})
  const run = await finishedRun({ experiment: experiment as never })
  return run.summary!.expectations.filter(({ holds }) => holds === false).map((verdict) => verdict.id)
}

const SCALING = 'hosts.server.tcp.windowScaling'
const NAGLE = 'hosts.client.tcp.nagle'
const DELAYED = 'hosts.server.tcp.delayedAck'
const DROP = 'links.link.up.dropMatching'
const THIRD: Json = [{ match: { payload: true }, ordinals: [100] }]
const arq = (name: string) => ({ 'apps.sender.scheme': name, 'apps.receiver.scheme': name })

// Lanes know nothing of each other, so that all of them may be wrong at once.
describe.each<[string, string, Sets, string[]]>([
  [
    'tcp-flow-control',
    'a reader that keeps up with room enough, one careful end, a reader that does not stop, scaling the other way round',
    {
      slow: { 'apps.sink.rate': 0, 'hosts.server.tcp.receiveBuffer': 4_000_000 },
      silly: { 'hosts.server.tcp.receiverSws': true },
      stopped: { 'apps.sink.readDelay': 0 },
      unscaled: { [SCALING]: true },
      scaled: { [SCALING]: false },
    },
    [
      'slow-rate',
      'slow-waits',
      'silly-crumbs',
      'stopped-closed',
      'stopped-probes',
      'stopped-update',
      'unscaled-rate',
      'unscaled-waits',
      'scaled-rate',
    ],
  ],
  [
    'tcp-flow-control',
    'silly windows for all, the other careful end',
    {
      slow: { 'hosts.client.tcp.senderSws': false, 'hosts.server.tcp.receiverSws': false },
      silly: { 'hosts.client.tcp.senderSws': true },
    },
    ['slow-full', 'silly-crumbs', 'silly-bytes'],
  ],
  [
    'tcp-nagle',
    'the rules the other way round, and two writes after all',
    {
      both: { [NAGLE]: false },
      nagle: { [NAGLE]: false },
      delayed: { [NAGLE]: true },
      neither: { [NAGLE]: true, [DELAYED]: 40_000 },
      'one-write': { 'apps.asker.writes': [100, 100] },
    },
    [
      'both-round',
      'both-stall',
      'both-write',
      'nagle-round',
      'delayed-round',
      'neither-round',
      'neither-segments',
      'one-write-round',
    ],
  ],
  ['tcp-nagle', 'an ACK that waits less long', { both: { [DELAYED]: 10_000 } }, ['both-round', 'both-write']],
  [
    'tcp-hol',
    'the loss in the other lane',
    { clean: { [DROP]: THIRD }, lost: { [DROP]: [] } },
    ['clean-held', 'clean-delay', 'lost-one', 'lost-held', 'lost-burst', 'lost-delay', 'lost-area'],
  ],
  [
    'reliable-udp',
    'each protocol in the place of another',
    {
      'stop-and-wait': arq('selective-repeat'),
      'go-back-n': arq('selective-repeat'),
      'selective-repeat': arq('go-back-n'),
      quic: { 'links.link.down.drop': [20, 30, 40, 50, 60, 70, 80, 90] },
    },
    [
      'stop-and-wait-rate',
      'go-back-n-resent',
      'go-back-n-use',
      'selective-repeat-resent',
      'selective-repeat-spurious',
      'selective-repeat-timeouts',
      'faster',
      'quic-resent',
    ],
  ],
])('%s with %s', (id, _, sets, expected) => {
  it('does not hold what it claims', async () => {
    expect(await failing(id, sets)).toEqual(expect.arrayContaining(expected))
  })
})

it('a path twice as long makes the price of a lost segment four times as high', async () => {
  const priceAt = async (delay: number) => {
    const run = await finishedRun({ experiment: 'tcp-hol', set: { delay } })
    return run.summary!.metrics['lost/held_byte_time']!
  }
  expect((await priceAt(100_000)) / (await priceAt(50_000))).toBeCloseTo(4, 0)
})

it.each([
  ['loss, reordering and duplication', { loss: 0.05, reorder: 0.05, duplicate: 0.05 }],
  ['a fixed timeout and a window of one', { timeout: 100_000, window: 1 }],
])('reliable-udp brings every byte under %s, and claims no more than is so', async (_, set) => {
  const run = await finishedRun({ experiment: 'reliable-udp', set })
  for (const lane of ['stop-and-wait', 'go-back-n', 'selective-repeat'])
    expect(run.summary!.metrics[`${lane}/bytes_intact`], lane).toBe(1)
  expect(run.summary!.expectations.filter(({ holds }) => holds === false)).toEqual([])
})
