import * as fc from 'fast-check'
import * as v from 'valibot'
import { describe, expect, test } from 'vitest'
import { LINK_OPTIONS, parseLinkOptions, SEED_OPTION } from '../../shared/link-options.ts'
import { LinkSpec } from '../../shared/link.ts'

/** The specification that the options give; throws their error. */
function spec(...pairs: [string, string][]): LinkSpec {
  const result = parseLinkOptions(pairs)
  if (!result.ok) throw new Error(JSON.stringify(result.error))
  return result.value
}

const errorOf = (...pairs: [string, string][]) => {
  const result = parseLinkOptions(pairs)
  return result.ok ? undefined : result.error
}

const OFF = v.parse(LinkSpec, {})

describe('the table', () => {
  test('no options give the link with everything off', () => {
    expect(spec()).toEqual(OFF)
    expect(OFF.up).toMatchObject({ delay: 0, mtu: 1500, rate: { limit: 0 }, loss: { rate: 0 }, everyNth: 0 })
  })

  test('names are unique, and none looks like the one-sided form of another', () => {
    const names = LINK_OPTIONS.map((option) => option.name)
    expect(new Set(names).size).toBe(names.length)
    expect(names.filter((name) => /-(up|down)$/.test(name))).toEqual([])
  })

  test('each option has help in both languages', () => {
    for (const { help } of [...LINK_OPTIONS, SEED_OPTION]) {
      expect(help.en).not.toBe('')
      expect(help.zh).toMatch(/[\u4e00-\u9fff]/)
    }
  })

  /** An argument that each option takes, and what it sets. */
  const EXAMPLES: [string, string, object][] = [
    ['rate', '10mbit', { rate: { limit: 10e6 } }],
    ['bucket', '15kB', { rate: { bucket: 15_000 } }],
    [
      'rate-schedule',
      '0s:10mbit,5s:1mbit',
      {
        rate: {
          schedule: [
            { at: 0, limit: 1e7 },
            { at: 5e6, limit: 1e6 },
          ],
        },
      },
    ],
    ['mahimahi', '1\n5\n5\n', { rate: { mahimahi: [1, 5, 5] } }],
    ['delay', '25ms', { delay: 25_000 }],
    ['jitter', '5ms', { jitter: { amount: 5_000 } }],
    ['jitter-distribution', 'pareto', { jitter: { distribution: 'pareto' } }],
    ['jitter-correlation', '25%', { jitter: { correlation: 0.25 } }],
    ['jitter-reorders', '', { jitter: { reorders: true } }],
    ['spikes', '5s,200ms,1s', { spikes: { every: 5e6, extra: 200_000, duration: 1e6 } }],
    ['slots', '5ms,15ms,8', { slots: { min: 5_000, max: 15_000, packets: 8 } }],
    ['loss', '2%', { loss: { rate: 0.02 } }],
    ['loss-correlation', '10%', { loss: { correlation: 0.1 } }],
    ['gilbert', '1%,30%,25%', { gilbertElliott: { p: 0.01, r: 0.3, lossBad: 0.75, lossGood: 0 } }],
    ['markov', '1%,60%,20%,50%,0.1%', { markov: { p13: 0.01, p31: 0.6, p32: 0.2, p23: 0.5, p14: 0.001 } }],
    ['every', '50', { everyNth: 50 }],
    ['drop', '12,40-42', { drop: [12, 40, 41, 42] }],
    [
      'drop-matching',
      'syn,!ack#1',
      { dropMatching: [{ match: { flags: ['syn'], without: ['ack'] }, ordinals: [1] }] },
    ],
    [
      'hold-matching',
      '2s,syn,!ack#1',
      { holdMatching: [{ match: { flags: ['syn'], without: ['ack'] }, ordinals: [1], by: 2e6 }] },
    ],
    ['duplicate', '0.1%', { duplicate: { rate: 0.001 } }],
    ['duplicate-correlation', '0.5', { duplicate: { correlation: 0.5 } }],
    ['reorder', '1%', { reorder: { rate: 0.01 } }],
    ['reorder-gap', '5', { reorder: { gap: 5 } }],
    ['reorder-hold', '20ms', { reorder: { hold: 20_000 } }],
    ['reorder-correlation', '0.5', { reorder: { correlation: 0.5 } }],
    ['corrupt', '0.1%', { corrupt: { rate: 0.001 } }],
    ['corrupt-correlation', '0.5', { corrupt: { correlation: 0.5 } }],
    ['corrupt-repair', '', { corrupt: { repair: true } }],
    ['queue', '100p', { queue: { unit: 'packets', limit: 100 } }],
    ['queue-discipline', 'drop-head', { queue: { discipline: 'drop-head' } }],
    ['codel', '10ms', { queue: { discipline: 'codel', target: 10_000, interval: 100_000 } }],
    ['ecn', '', { queue: { ecn: true }, markInsteadOfDrop: true }],
    ['mtu', '1280', { mtu: 1280 }],
    ['mtu-blackhole', '', { blackHole: true }],
    ['outage', '5s/1s', { outage: { up: 5e6, downFor: 1e6 } }],
    ['outage-start', '2s', { outage: { start: 2e6 } }],
    ['cut', '', { outage: { down: true } }],
    ['rebind', '5s,10.77.0.50,7', { rebind: { at: 5e6, address: '10.77.0.50', portShift: 7 } }],
    ['udp-blocked', '', { udpBlocked: true }],
  ]

  test.each(EXAMPLES)('--%s %j', (name, text, expected) => {
    expect(spec([name, text]).up).toMatchObject(expected)
    expect(spec([name, text]).down).toMatchObject(expected)
    expect(spec([`${name}-down`, text])).toMatchObject({ up: OFF.up, down: expected })
  })

  test('the examples above leave none out', () => {
    const shown = [...EXAMPLES.map(([name]) => name), 'burst'].sort()
    expect(LINK_OPTIONS.map((option) => option.name).sort()).toEqual(shown)
  })
})

describe('burst', () => {
  test('--loss 2% --burst 3 is a Gilbert model with that mean loss and that mean burst', () => {
    const { loss, gilbertElliott } = spec(['burst', '3'], ['loss', '2%']).up
    expect(loss.rate).toBe(0)
    expect(gilbertElliott.p / (gilbertElliott.p + gilbertElliott.r)).toBeCloseTo(0.02, 12)
    expect(1 / gilbertElliott.r).toBeCloseTo(3, 12)
    expect(gilbertElliott).toMatchObject({ lossBad: 1, lossGood: 0 })
  })

  test('a burst for both sides goes to the side that has loss', () => {
    const both = spec(['loss-up', '2%'], ['burst', '3'])
    expect(both.up.gilbertElliott.r).toBeCloseTo(1 / 3)
    expect(both.down).toEqual(OFF.down)
  })

  test('without loss, below one packet, or too short for so much loss, it is refused', () => {
    expect(errorOf(['burst', '3'])).toEqual({
      option: '--burst',
      value: '3',
      allowed: 'a burst length that goes with --loss',
    })
    expect(errorOf(['loss', '2%'], ['burst', '0.5'])?.allowed).toContain('at least 1 ')
    expect(errorOf(['loss', '80%'], ['burst', '3'])?.allowed).toContain('at least 4 ')
    expect(errorOf(['loss', '2%'], ['loss-correlation', '0.2'], ['burst', '3'])?.allowed).toContain(
      'without --loss-correlation',
    )
  })
})

describe('directions', () => {
  test('the option for one direction goes before the one for both, whatever the order', () => {
    const wanted = { up: { loss: { rate: 0.05 } }, down: { loss: { rate: 0.02 } } }
    expect(spec(['loss-up', '5%'], ['loss', '2%'])).toMatchObject(wanted)
    expect(spec(['loss', '2%'], ['loss-up', '5%'])).toMatchObject(wanted)
  })

  test('drop-matching adds up', () => {
    const rules = spec(['drop-matching', 'fin'], ['drop-matching', 'udp,port=53,!payload']).up.dropMatching
    expect(rules).toEqual([
      { match: { flags: ['fin'] }, ordinals: [] },
      { match: { protocol: 'udp', port: 53, payload: false }, ordinals: [] },
    ])
  })
})

describe('bad input names the option, the value and what is allowed', () => {
  test.each([
    ['loss', '2x', /share/],
    ['loss-up', '200%', /share/],
    ['delay', '25', /25ms/],
    ['delay', '2000min', /<=/],
    ['mtu', '10', /68/],
    ['queue', '0', /none/],
    ['drop', '0', /from 1/],
    ['drop', '5-2', /from 1/],
    ['drop', '1-999999999', /from 1/],
    ['drop-matching', 'sny', /syn/],
    ['drop-matching', 'port=99999', /65535/],
    ['hold-matching', 'syn', /2s/],
    ['hold-matching', '2s', /syn/],
    ['hold-matching', '-1s,syn', /2s/],
    ['rate-schedule', '5s:1mbit,0s:2mbit', /order of time/],
    ['mahimahi', '5\n3', /backwards/],
    ['mahimahi', 'abc', /millisecond/],
    ['markov', '60%,50%,60%,1%,50%', /p13 \+ p14|p31 \+ p32/],
    ['slots', '9ms,1ms', /min/],
    ['codel', '1ms,2ms,3ms', /target/],
    ['outage', '5s', /5s\/1s/],
    ['rebind', '5s,nowhere', /./],
    ['ecn', 'maybe', /on or off/],
    ['jitter-distribution', 'gauss', /normal/],
    ['nonsense', '1', /one of rate/],
    ['toString', '1', /one of rate/],
  ])('--%s %s', (name, text, allowed) => {
    const error = errorOf([name, text])
    expect(error?.option).toBe(`--${name}`)
    expect(error?.allowed).toMatch(allowed)
    expect(error?.value).not.toBe('')
  })

  test('any text is taken or refused, never thrown at, and what is taken is valid', () => {
    const name = fc.constantFrom(...LINK_OPTIONS.map((option) => option.name))
    const text = fc.oneof(fc.string(), fc.stringMatching(/^[0-9.,:/#!%-]{0,12}[a-zA-Z%]{0,5}$/))
    fc.assert(
      fc.property(fc.array(fc.tuple(name, text), { maxLength: 5 }), (pairs) => {
        const result = parseLinkOptions(pairs)
        if (result.ok) expect(v.safeParse(LinkSpec, result.value).success).toBe(true)
        else expect(result.error.option).toMatch(/^--/)
      }),
      { numRuns: process.env.REXMIT_FULL === '1' ? 20_000 : 500 },
    )
  })
})
