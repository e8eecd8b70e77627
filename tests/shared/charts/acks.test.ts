/** Packet numbers over time: every moment that the trace tells of a packet is a sign of its own. */
import { expect, test } from 'vitest'
import { acksChart, NumbersRead } from '../../../shared/charts/acks.ts'
import { DARK } from '../../../shared/charts/theme.ts'
import { Changes } from '../../../shared/projections/changes.ts'
import { Losses } from '../../../shared/projections/losses.ts'
import { FLOW, TraceMaker } from '../../support/trace-maker.ts'

const [C, S] = ['client', 'server']

test('a packet has signs for when it left, was taken in and was acknowledged; one that died has none of the last two', () => {
  const store = new TraceMaker()
    .pair()
    .quicSent(0, 1, C, { level: 'initial', number: 0 })
    .quicSent(100, 2, C, { number: 0 })
    .quicSent(200, 3, C, { number: 1 })
    .quicReceived(150, 2, S, 0)
    .quicSent(160, 4, S, { number: 0, frames: [{ type: 'ack', delay: 0, ranges: [{ from: 0, to: 0 }] }] })
    .quicReceived(210, 4, C, 0)
    .add(210, 'recovery:packets_acked', { space: 'application', packets: [0, 1] }, { node: C, flow: FLOW })
    .add(250, 'link:packet_dropped', { direction: 0, reason: 'listed', delay: 0 }, { node: 'link', pkt: 3 })
    .store()
  const read = new NumbersRead()
  read.update(store)
  const losses = new Losses()
  losses.update(store)
  const changes = new Changes()
  changes.update(store)
  const { option } = acksChart(
    read,
    {
      ...{ store, language: 'en', theme: DARK, width: 800, height: 400, range: { from: 0, to: 400 } },
      ...{ lanes: [], flow: null, losses, changes },
    },
    { side: 'client', space: 'application' },
  )
  const series = option.series as readonly { name?: string; data?: unknown }[]
  const points = (name: string) =>
    series
      .filter((one) => one.name === name)
      .flatMap(({ data }) => [...(data as Iterable<number | readonly number[]>)])
      .flat()
  expect(points('packet sent')).toEqual([100, 0, 200, 1])
  expect(points('received')).toEqual([150, 0])
  expect(points('packet acknowledged')).toEqual([210, 0])
  expect(points('lost on the way')).toEqual([250, 1])
})
