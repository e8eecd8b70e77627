import { describe, expect, test } from 'vitest'
import { changeLabels, changeText, pathName } from '../../../shared/charts/changes.ts'
import { directionText, settingAt } from '../../../shared/charts/link-text.ts'
import { DirectionSpec } from '../../../shared/link.ts'
import type { Change } from '../../../shared/projections/changes.ts'
import * as v from 'valibot'

const knob = (t: number, path: string, from: unknown, to: unknown): Change => ({
  kind: 'knob',
  t,
  path,
  from: JSON.stringify(from),
  to: JSON.stringify(to),
})
const UP = 'links.link.up'
const DOWN = 'links.link.down'

test('a path is named by what it sets and its direction', () => {
  expect(pathName('links.link.up.loss.rate', 'en')).toBe('Loss up')
  expect(pathName('links.link.down.loss.rate', 'zh')).toBe('丢包率 下行')
  expect(pathName('links.link.down.loss.rate', 'zh', true)).toBe('丢包率')
  expect(pathName('links.link.up.spikes.every', 'en')).toBe('spikes.every up')
  expect(pathName('hosts.client.tcp.nagle', 'en')).toBe('tcp.nagle')
  expect(pathName('apps.sink.rate', 'en')).toBe('sink.rate')
})

describe('values have the unit of what they set', () => {
  test.each<[string, unknown, unknown, string]>([
    [`${UP}.loss.rate`, 0, 0.05, 'Loss up: 0 % → 5 %'],
    [`${UP}.rate.limit`, 100e6, 0, 'Rate up: 100 Mbit/s → ∞'],
    [`${DOWN}.delay`, 10_000, 30_000, 'One-way delay down: 10 ms → 30 ms'],
    [`${UP}.queue.discipline`, 'drop-tail', 'codel', 'queue.discipline up: drop-tail → codel'],
    ['hosts.client.tcp.nagle', true, false, 'tcp.nagle: true → false'],
    ['apps.sink.rate', 0, 64_000, 'sink.rate: 0 B/s → 64 kB/s'],
    ['apps.browser.timeout', 1_000_000, 500_000, 'browser.timeout: 1 s → 500 ms'],
    ['apps.site.resources./page.objectSize', 800, 20_000, '/page.objectSize: 800 B → 20 kB'],
    ['hosts.client.tcp.minRto', 1_000_000, 200_000, 'tcp.minRto: 1 s → 200 ms'],
  ])('%s', (path, from, to, text) => {
    expect(changeText(knob(0, path, from, to), 'en')).toBe(text)
  })

  test('what is no JSON stands as it is', () => {
    const change: Change = { kind: 'knob', t: 0, path: 'links.a.up.delay', from: '{', to: '<b>' }
    expect(changeText(change, 'en')).toBe('One-way delay up: { → <b>')
  })
})

describe('changes close together share a label', () => {
  const texts = (changes: readonly Change[], width = 10) =>
    changeLabels(changes, 0, 1000, width, 'en').map(({ t, text }) => [t, text])

  test('a slider that was drawn is told from its first value to its last', () => {
    const drawn = [0.01, 0.02, 0.03].map((loss, i) => knob(100 + i, `${UP}.loss.rate`, loss - 0.01, loss))
    expect(texts(drawn)).toEqual([[102, 'Loss up: 0 % → 3 %']])
    expect(texts(drawn, 1)).toHaveLength(3)
  })

  test('both directions changed alike are one', () => {
    expect(texts([knob(5, `${UP}.delay`, 0, 5_000), knob(5, `${DOWN}.delay`, 0, 5_000)])).toEqual([
      [5, 'One-way delay: 0 µs → 5 ms'],
    ])
    expect(texts([knob(5, `${UP}.delay`, 0, 5_000), knob(5, `${DOWN}.delay`, 0, 6_000)])).toEqual([
      [5, expect.stringContaining('delay up')],
    ])
  })

  test('others stand side by side, cut where they grow too long', () => {
    const changes: Change[] = [
      { kind: 'mark', t: 5, text: 'half time' },
      knob(6, `${UP}.loss.rate`, 0, 0.01),
      { kind: 'mark', t: 50, text: 'x'.repeat(200) },
    ]
    const [first, second] = texts(changes)
    expect(first).toEqual([6, 'half time · Loss up: 0 % → 1 %'])
    expect((second[1] as string).length).toBeLessThanOrEqual(40)
  })

  test('of what grows too long, the mark tells more than the beginning of a setting', () => {
    const mark = { kind: 'mark', t: 5, text: 'the way back is in order again' } as const
    expect(texts([mark, knob(6, `${UP}.loss.rate`, 1, 0)])).toEqual([[6, mark.text]])
  })

  test('a step of an experiment speaks the language of the window, what a user wrote stays', () => {
    const marks = ['The way back is cut', 'my own words'].map((text, i): Change => ({
      kind: 'mark',
      t: 50 * i,
      text,
    }))
    const words = changeLabels(marks, 0, 1000, 1, 'zh').map(({ text }) => text)
    expect(words).toEqual(['返回方向断开', 'my own words'])
  })

  test('those outside of the picture are left out, and faults are marked as such', () => {
    const labels = changeLabels(
      [
        { kind: 'mark', t: 2000, text: 'later' },
        { kind: 'fault', t: 3, what: 'wire_loss', detail: '' },
      ],
      0,
      1000,
      1,
      'en',
    )
    expect(labels).toEqual([{ t: 3, text: '! wire_loss', fault: true }])
  })
})

describe('what is set on a link, at a moment', () => {
  const changes = [
    knob(10, `${UP}.loss.rate`, 0, 0.05),
    knob(15, `${DOWN}.loss.rate`, 0, 0.5),
    knob(20, `${UP}.loss.rate`, 0.05, 0.01),
  ]

  test.each([
    [5, 0],
    [10, 0.05],
    [19, 0.05],
    [20, 0.01],
    [99, 0.01],
  ])('at %d: %d', (t, value) => {
    expect(settingAt(changes, `${UP}.loss.rate`, t, 0.01)).toBe(value)
  })

  test('in words', () => {
    const spec = v.parse(DirectionSpec, { rate: { limit: 20e6 }, delay: 10_000, loss: { rate: 0.005 } })
    const now = (_: string, value: unknown) => value
    expect(directionText(now, spec, 'lost')).toBe('20 Mbit/s · 10 ms · 0.5 % lost')
    expect(directionText((path, value) => (path === 'loss.rate' ? 0 : value), spec, 'lost')).toBe(
      '20 Mbit/s · 10 ms',
    )
  })
})
