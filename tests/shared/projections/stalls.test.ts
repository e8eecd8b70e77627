import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { roundToSum, StallLog, Stalls } from '../../../shared/projections/stalls.ts'
import { STALL_CAUSES, type StallCause } from '../../../shared/trace/events.ts'
import { FLOW, TraceMaker } from '../../support/trace-maker.ts'

const where = { node: 'client', flow: FLOW }
const stall = (cause: StallCause) => ({ cause })

/** Handshake until 10, sending, then held by the congestion window from 20 on; last packet at 50. */
const maker = new TraceMaker()
  .add(0, 'tcp:stall_changed', stall('handshake'), where)
  .sent(0, 1, 'client', { flags: 2 })
  .add(10, 'tcp:stall_changed', stall('sending'), where)
  .add(20, 'tcp:stall_changed', stall('congestion_window'), where)
  .received(50, 2, 'client')
  .add(60, 'tcp:stall_changed', stall('idle'), where)

function logOf(trace: TraceMaker) {
  const store = trace.store()
  const stalls = new Stalls()
  stalls.update(store)
  const flow = store.strings.indexOf(FLOW)
  return { log: stalls.ends.get(flow, store.strings.indexOf('client'))!, end: stalls.endOf(flow) }
}

describe('the account', () => {
  test('goes from the first change to the last packet, and each moment has one cause', () => {
    const { log, end } = logOf(maker)
    expect(log.shares(end)).toEqual([
      { cause: 'handshake', time: 10, permille: 200 },
      { cause: 'congestion_window', time: 30, permille: 600 },
      { cause: 'sending', time: 10, permille: 200 },
    ])
  })

  test('words that are no cause are passed over', () => {
    const { log } = logOf(
      new TraceMaker()
        .add(0, 'tcp:stall_changed', stall('sending'), where)
        .add(5, 'tcp:stall_changed', { cause: 'rainy weather' }, where),
    )
    expect(log.times.length).toBe(1)
  })

  test('adds up to exactly 100 %, whatever the times', () => {
    const changes = fc.array(fc.tuple(fc.nat(1000), fc.nat(STALL_CAUSES.length - 1)), {
      minLength: 1,
      maxLength: 80,
      size: 'max',
    })
    fc.assert(
      fc.property(changes, fc.nat(50_000), (list, after) => {
        const log = new StallLog()
        let t = 0
        for (const [wait, cause] of list) log.change((t += wait), cause)
        const end = log.times.data[0] + 1 + after
        const shares = log.shares(end)
        expect(shares.reduce((sum, { permille }) => sum + permille, 0)).toBe(1000)
        expect(shares.reduce((sum, { time }) => sum + time, 0)).toBeCloseTo(1 + after, 6)
        expect(shares.every(({ time }) => time > 0)).toBe(true)
      }),
    )
  })
})

test('rounding gives what is missing to the largest remainders', () => {
  expect(roundToSum([1, 1, 1], 100)).toEqual([34, 33, 33])
  expect(roundToSum([0.1, 99.9], 100)).toEqual([0, 100])
  expect(roundToSum([0, 0], 100)).toEqual([0, 0])
})

describe('the strip over time', () => {
  const { log } = logOf(maker)

  test('shows intervals as they are when there is room', () => {
    expect(log.thin(0, 60, 1)).toEqual([
      { from: 0, to: 10, cause: 'handshake' },
      { from: 10, to: 20, cause: 'sending' },
      { from: 20, to: 60, cause: 'congestion_window' },
    ])
    expect(log.thin(15, 25, 1)).toEqual([
      { from: 15, to: 20, cause: 'sending' },
      { from: 20, to: 25, cause: 'congestion_window' },
    ])
  })

  test('covers all of the time once, in order, with no more intervals than pixels', () => {
    const changes = fc.array(fc.tuple(fc.nat(40), fc.nat(12)), { minLength: 1, maxLength: 200, size: 'max' })
    fc.assert(
      fc.property(changes, fc.integer({ min: 1, max: 50 }), (list, columns) => {
        const busy = new StallLog()
        let t = 0
        for (const [wait, cause] of list) busy.change((t += wait), cause)
        const from = busy.times.data[0]
        const to = t + 10
        const strip = busy.thin(from, to, (to - from) / columns)
        expect(strip[0].from).toBe(from)
        expect(strip.at(-1)!.to).toBe(to)
        for (let i = 1; i < strip.length; i++) expect(strip[i].from).toBeCloseTo(strip[i - 1].to, 9)
        expect(strip.length).toBeLessThanOrEqual(columns * 2 + 1)
      }),
    )
  })

  test('a pixel that many intervals share shows the cause with most time in it', () => {
    const busy = new StallLog()
    const [sending, recovery] = [STALL_CAUSES.indexOf('sending'), STALL_CAUSES.indexOf('recovery')]
    for (let i = 0; i < 10; i++) {
      busy.change(i * 10, sending)
      busy.change(i * 10 + 7, recovery)
    }
    expect(busy.thin(0, 100, 50).map(({ cause }) => cause)).toEqual(['sending'])
  })
})
