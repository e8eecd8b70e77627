/** The experiments about loss, reordering and the timer under their knobs, and against lanes that are not what they say. */
import { describe, expect, it } from 'vitest'
import type { Json } from '../../shared/experiment.ts'
import { findExperiment } from '../../shared/experiments/index.ts'
import { claimsOf, withLane } from '../support/claims.ts'

const C = 'hosts.client.tcp.'
const lossOf = (label: string): Json =>
  findExperiment('tcp-sack')!
    .knobs.find(({ id }) => id === 'lost')!
    .options!.find(({ label: { en } }) => en === label)!.value

describe('tcp-sack', () => {
  it('claims round trips of the holes when no retransmission is lost', async () => {
    const { held, failed } = await claimsOf('tcp-sack', { lost: lossOf('eight segments') })
    expect(failed).toEqual([])
    expect(held.slice(0, 3)).toEqual(['one-by-one', 'at-once', 'same-bytes'])
  })

  it.each(['one segment', 'nothing'])('claims but whole data when %s is lost', async (label) => {
    const { held, failed } = await claimsOf('tcp-sack', { lost: label === 'nothing' ? [] : lossOf(label) })
    expect([held, failed]).toEqual([['none-intact', 'sack-intact', 'rack-intact'], []])
  })

  it.each<[string, string, Record<string, Json>, string[]]>([
    ['the lane without SACK has it', 'none', { [`${C}sack`]: true }, ['waste', 'sack-faster']],
    ['the lane with SACK has none', 'sack', { [`${C}sack`]: false }, ['no-waste', 'sack-faster']],
    ['RACK is off', 'rack', { [`${C}rack`]: false }, ['rack-waits-not', 'rack-exact', 'rack-fastest']],
    ['the others have RACK', 'sack', { [`${C}rack`]: true }, ['sack-waits', 'rack-fastest']],
  ])('would notice if %s', async (_, lane, set, expected) => {
    expect((await claimsOf(withLane('tcp-sack', lane, set))).failed).toEqual(expected)
  })

  it('would notice a recovery of another kind', async () => {
    const set = { lost: lossOf('eight segments') }
    expect((await claimsOf(withLane('tcp-sack', 'none', { [`${C}sack`]: true }), set)).failed).toEqual([
      'one-by-one',
    ])
    expect((await claimsOf(withLane('tcp-sack', 'sack', { [`${C}sack`]: false }), set)).failed).toEqual([
      'at-once',
    ])
  })
})

describe('tcp-reorder', () => {
  it.each<[string, Record<string, Json>]>([
    ['six overtake', { gap: 6 }],
    ['ten overtake', { gap: 10 }],
    ['there are no timestamps', { timestamps: false }],
    ['there is loss, too', { loss: 0.005 }],
  ])('holds when %s', async (_, set) => {
    expect((await claimsOf('tcp-reorder', set)).failed).toEqual([])
  })

  it.each<[string, string, Record<string, Json>, string[]]>([
    [
      'the first lane had RACK',
      'count',
      { [`${C}rack`]: true, [`${C}undo`]: true },
      ['count-fooled', 'undo-pays', 'rack-pays'],
    ],
    ['nothing is undone', 'undo', { [`${C}undo`]: false }, ['undone', 'undo-pays']],
    ['the sender heeds no D-SACK', 'undo', { [`${C}dsack`]: false }, ['reported']],
    ['RACK is off', 'rack', { [`${C}rack`]: false, [`${C}undo`]: false }, ['rack-tolerates', 'rack-pays']],
    [
      'the link loses packets, too',
      'count',
      { 'links.link.up.dropMatching': [{ match: { payload: true }, ordinals: [40] }] },
      ['nothing-lost', 'all-spurious'],
    ],
  ])('would notice if %s', async (_, lane, set, expected) => {
    expect((await claimsOf(withLane('tcp-reorder', lane, set))).failed).toEqual(expected)
  })

  it('lets RACK learn to wait longer when the packets are later than its window', async () => {
    const { metrics } = await claimsOf('tcp-reorder', { gap: 20 })
    expect(metrics['rack/spurious_retransmissions']).toBeLessThan(
      metrics['count/spurious_retransmissions']! / 3,
    )
  })
})

describe('tcp-rto', () => {
  it.each<[string, string, Record<string, Json>, string[]]>([
    [
      'the rule was off in the first lane',
      'karn',
      { [`${C}karn`]: false },
      ['karn-few', 'karn-knows', 'karn-discards'],
    ],
    ['it was on in the second', 'naive', { [`${C}karn`]: true }, ['naive-many', 'naive-errs']],
    ['there were no timestamps', 'timestamps', { [`${C}timestamps`]: false }, ['timestamps-keep']],
    ['there was no back-off', 'karn', { [`${C}maxRto`]: 500_000 }, ['back-off']],
  ])('would notice if %s', async (_, lane, set, expected) => {
    expect((await claimsOf(withLane('tcp-rto', lane, set))).failed).toEqual(expected)
  })

  it('lets timestamps find out that the timeouts were spurious', async () => {
    const { metrics, failed } = await claimsOf('tcp-rto', {
      undo: true,
      rate: 4_000,
      'apps.sender.bytes': 60_000,
    })
    expect(failed).toEqual([])
    expect(metrics['timestamps/undone']).toBeGreaterThan(0)
  })
})
