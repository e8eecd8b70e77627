import * as v from 'valibot'
import { describe, expect, it } from 'vitest'
import { judge, type Circumstances } from '../../../../electron/engine/metrics/expectations.ts'
import { summarize } from '../../../../electron/engine/metrics/summarize.ts'
import { Expectation, Setup, type Experiment } from '../../../../shared/experiment.ts'
import { EXPERIMENTS } from '../../../../shared/experiments/index.ts'
import { Summary } from '../../../../shared/summary.ts'
import { INFO, RecordingScript } from '../../../support/recording.ts'

const LOSS = 'links.link.up.loss.rate'
const setup = v.parse(Setup, {
  hosts: { client: { role: 'client' }, server: { role: 'server' } },
  links: { link: { a: 'client', b: 'server', up: { loss: { rate: 0.01 } } } },
  apps: {},
})

const claim = (fields: Partial<v.InferInput<typeof Expectation>>): Expectation =>
  v.parse(Expectation, {
    id: 'claim',
    text: { en: 'x', zh: 'x' },
    metric: 'main/figure',
    op: '=',
    value: 10,
    why: { en: 'y', zh: 'y' },
    ...fields,
  })

const run = (figure: number | null, more: Partial<Circumstances> = {}): Circumstances => ({
  metrics: { 'main/figure': figure, 'main/model': 20, 'main/nothing': null },
  setupOf: () => setup,
  changed: [],
  knobs: [],
  ...more,
})

const holds = (fields: Parameters<typeof claim>[0], figure: number | null) =>
  judge(claim(fields), run(figure)).holds

describe('comparison', () => {
  it.each([
    ['=', 10, true],
    ['=', 10.1, false],
    ['<', 10, false],
    ['<', 9.9, true],
    ['<=', 10, true],
    ['<=', 10.1, false],
    ['>', 10, false],
    ['>', 10.1, true],
    ['>=', 10, true],
    ['>=', 9.9, false],
  ] as const)('10 is expected as %s, measured %d: %s', (op, figure, expected) => {
    expect(holds({ op }, figure)).toBe(expected)
  })

  it('takes the tolerance as a share of the value', () => {
    expect(holds({ tolerance: 0.1 }, 11)).toBe(true)
    expect(holds({ tolerance: 0.1 }, 11.01)).toBe(false)
    expect(holds({ tolerance: 0.1 }, 9)).toBe(true)
  })

  it('forgives the rounding of floating point and no more', () => {
    expect(holds({ value: 1e6 }, 1e6 + 1e-6)).toBe(true)
    expect(holds({ value: 1e6 }, 1e6 + 1)).toBe(false)
  })

  it('compares with another figure by its name', () => {
    expect(holds({ value: 'main/model', tolerance: 0.1 }, 21)).toBe(true)
    expect(judge(claim({ value: 'main/model' }), run(5)).value).toBe(20)
  })
})

describe('a claim', () => {
  it('that is made does not hold when its own figure is missing', () => {
    expect(judge(claim({}), run(null))).toMatchObject({ holds: false, measured: null })
  })

  it('is void when the figure that it is held against is missing', () => {
    const verdict = judge(claim({ value: 'main/nothing' }), run(1))
    expect(verdict).toMatchObject({
      holds: null,
      value: null,
      void: { en: 'the run yields no main/nothing' },
    })
  })

  it('is void under other settings than those it is made for', () => {
    expect(judge(claim({ given: [{ path: LOSS, oneOf: [0.01, 0.02] }] }), run(10)).holds).toBe(true)
    const verdict = judge(claim({ given: [{ path: LOSS, oneOf: [0, 0.02] }] }), run(10))
    expect(verdict.holds).toBeNull()
    expect(verdict.void?.en).toBe(`claimed only with ${LOSS}: 0 %, 2 %; here: 1 %`)
    expect(verdict.void?.zh).toContain('0 %、2 %')
  })

  it('calls settings by the names that the knobs give them', () => {
    const [handshake] = EXPERIMENTS
    const knob = handshake.knobs.find(({ id }) => id === 'drop-up')!
    const [path] = knob.paths
    const dropped = { ...run(10), knobs: [knob], setupOf: () => handshake.setup }
    const verdict = judge(claim({ given: [{ path, oneOf: [knob.options![1].value] }] }), dropped)
    expect(verdict.void).toEqual({
      en: 'claimed only with Lost from the client: the first SYN; here: nothing',
      zh: '仅当“客户端方向丢掉”为 第一个 SYN 时才作此断言，这里是 不丢',
    })
  })

  it('compares settings that are lists by what is in them', () => {
    const path = 'links.link.up.drop'
    expect(judge(claim({ given: [{ path, oneOf: [[]] }] }), run(10)).holds).toBe(true)
    expect(judge(claim({ given: [{ path, oneOf: [[1]] }] }), run(10)).holds).toBeNull()
  })

  it.each([LOSS, 'links.link.up.loss', 'links.link.up.loss.rate'])('is void when %s was turned', (path) => {
    const given = [{ path: LOSS, oneOf: [0.01] }]
    const verdict = judge(claim({ given }), run(10, { changed: [path] }))
    expect(verdict).toMatchObject({ holds: null, void: { en: `${LOSS} was changed during the run` } })
  })

  it('stands when a setting was turned on which it does not depend', () => {
    const given = [{ path: LOSS, oneOf: [0.01] }]
    expect(
      judge(claim({ given }), run(10, { changed: ['links.link.up.lossless', 'apps.sink.rate'] })).holds,
    ).toBe(true)
  })

  it('is void after a fault', () => {
    expect(judge(claim({}), run(10, { spoilt: { en: 'lost', zh: '丢' } }))).toMatchObject({
      holds: null,
      void: { en: 'lost', zh: '丢' },
    })
  })
})

describe('summary', () => {
  const experiment: Experiment = {
    ...EXPERIMENTS[0],
    expectations: [
      claim({ metric: 'main/bytes_read', value: 10 }),
      claim({ id: 'other', metric: 'main/timeouts', value: 0 }),
    ],
  }
  const script = () =>
    new RecordingScript()
      .emit('main/client f', 'tcp:segment_sent', { payload: 10 }, 1)
      .at(5000)
      .emit('main/server f', 'tcp:data_read', { bytes: 10 })
  const info = { setup, lanes: INFO.lanes }

  it('is what its schema says, and carries figures and verdicts', () => {
    const summary = summarize(script().reader(info, experiment))
    expect(v.safeParse(Summary, JSON.parse(JSON.stringify(summary))).success).toBe(true)
    expect(summary.metrics['main/bytes_read']).toBe(10)
    expect(summary.expectations.map((verdict) => verdict.holds)).toEqual([true, true])
    expect(summary.duration).toBe(5000)
    expect(summary.parameters.setup).toEqual(setup)
  })

  it('says of each fault what it was, and judges nothing then', () => {
    const faulty = script().emit('', 'sim:fault', { what: 'wire_loss', detail: 'main/client', count: 2 })
    const summary = summarize(faulty.reader(info, experiment))
    expect(summary.faults).toEqual(['wire_loss: main/client (2)'])
    expect(summary.expectations[0]).toMatchObject({ holds: null, void: { en: 'wire_loss: main/client (2)' } })
  })

  it.each([
    ['stopped', undefined, 'the run was stopped before its end'],
    ['recovered', 'the engine crashed', 'the run broke off: the engine crashed'],
  ] as const)('judges nothing of a run that is %s', (state, error, reason) => {
    const summary = summarize(script().reader({ ...info, state, error }, experiment))
    expect(summary.expectations[0]).toMatchObject({ holds: null, void: { en: reason } })
  })

  it("sees the conditions of a claim with its lane's own settings", () => {
    const lanes = [{ ...INFO.lanes[0], set: { [LOSS]: 0.5 } }]
    const made = {
      ...experiment,
      expectations: [claim({ metric: 'main/timeouts', value: 0, given: [{ path: LOSS, oneOf: [0.5] }] })],
    }
    expect(summarize(script().reader({ ...info, lanes }, made)).expectations[0].holds).toBe(true)
    expect(summarize(script().reader(info, made)).expectations[0].holds).toBeNull()
  })

  it('yields the figures of a gateway, whose nodes have no lane', () => {
    const gateway = new RecordingScript()
      .emit('client f', 'tcp:segment_sent', { payload: 10 }, 1)
      .at(10)
      .emit('server f', 'tcp:data_read', { bytes: 10 })
    const summary = summarize(gateway.reader({ kind: 'gateway', lanes: [] }))
    expect(summary.metrics.bytes_read).toBe(10)
    expect(summary.expectations).toEqual([])
  })
})
