import * as v from 'valibot'
import { describe, expect, it } from 'vitest'
import { Experiment, type Text } from '../../../shared/experiment.ts'
import { EXPERIMENTS, findExperiment } from '../../../shared/experiments/index.ts'
import { valueAt } from '../../../electron/engine/settings.ts'
import { METRICS } from '../../../electron/engine/metrics/table.ts'

/** Every text in an experiment, with the path to it. */
function texts(value: unknown, path = ''): [string, Text][] {
  if (typeof value !== 'object' || value === null) return []
  const keys = Object.keys(value).sort().join()
  if (keys === 'en,zh') return [[path, value as Text]]
  return Object.entries(value).flatMap(([key, item]) => texts(item, `${path}.${key}`))
}

it('lists each experiment once', () => {
  const ids = EXPERIMENTS.map((experiment) => experiment.id)
  expect(new Set(ids).size).toBe(ids.length)
  expect(findExperiment('tcp-bulk')?.id).toBe('tcp-bulk')
  expect(findExperiment('no-such')).toBeUndefined()
})

describe.each(EXPERIMENTS.map((experiment) => [experiment.id, experiment] as const))(
  '%s',
  (_, experiment) => {
    const knobPaths = experiment.knobs.flatMap((knob) => knob.paths)
    const lanes = experiment.lanes.map((lane) => lane.id)

    it('is what a file could hold: unchanged by JSON and by the schema', () => {
      const copy: unknown = JSON.parse(JSON.stringify(experiment))
      expect(copy).toEqual(experiment)
      expect(v.safeParse(Experiment, copy).success).toBe(true)
    })

    it('names settings that exist', () => {
      const paths = [
        ...knobPaths,
        ...experiment.lanes.flatMap((lane) => Object.keys(lane.set)),
        ...experiment.steps.flatMap((step) => Object.keys(step.set)),
        ...experiment.expectations.flatMap(({ given }) => given.map(({ path }) => path)),
      ]
      for (const path of paths) expect(valueAt(experiment.setup, path), path).not.toBeUndefined()
    })

    it('names hosts and applications that exist', () => {
      const { switches, routers, links } = experiment.setup
      const hosts = Object.keys(experiment.setup.hosts)
      const nodes = [...hosts, ...Object.keys(switches), ...Object.keys(routers)]
      for (const link of Object.values(links)) expect(nodes).toContain(link.a)
      for (const link of Object.values(links)) expect(nodes).toContain(link.b)
      for (const app of Object.values(experiment.setup.apps)) expect(hosts).toContain(app.host)
    })

    it('claims only what is measured, of lanes that there are', () => {
      for (const { metric, value } of experiment.expectations)
        for (const name of typeof value === 'string' ? [metric, value] : [metric]) {
          const [lane, figure] = name.split('/')
          expect(lanes, name).toContain(lane)
          expect(METRICS, name).toHaveProperty(figure)
        }
    })

    it('has knobs with a range, options or neither, and with their first value within', () => {
      expect(new Set(experiment.knobs.map((knob) => knob.id)).size).toBe(experiment.knobs.length)
      expect(new Set(knobPaths).size).toBe(knobPaths.length)
      for (const knob of experiment.knobs) {
        const value = valueAt(experiment.setup, knob.paths[0])
        for (const path of knob.paths) expect(valueAt(experiment.setup, path), path).toEqual(value)
        if (knob.kind === 'number') {
          expect(value, knob.id).toBeGreaterThanOrEqual(knob.min!)
          expect(value, knob.id).toBeLessThanOrEqual(knob.max!)
          if (knob.scale === 'log') expect(knob.min, knob.id).toBeGreaterThan(0)
        } else if (knob.kind === 'choice') {
          expect(
            knob.options!.map((option) => option.value),
            knob.id,
          ).toContainEqual(value)
        } else expect(typeof value, knob.id).toBe('boolean')
      }
    })

    it('ties claims to settings that its knobs can reach', () => {
      const ids = experiment.expectations.map(({ id }) => id)
      expect(new Set(ids).size).toBe(ids.length)
      for (const { path, oneOf } of experiment.expectations.flatMap(({ given }) => given))
        for (const value of oneOf) {
          const knob = experiment.knobs.find(({ paths }) => paths.includes(path))
          if (knob?.kind === 'choice')
            expect(knob.options!.map((option) => option.value)).toContainEqual(value)
          else if (knob?.kind === 'number') {
            expect(value, path).toBeGreaterThanOrEqual(knob.min!)
            expect(value, path).toBeLessThanOrEqual(knob.max!)
          } else if (knob?.kind === 'switch') expect(typeof value, path).toBe('boolean')
          else expect(value, path).toEqual(valueAt(experiment.setup, path))
        }
    })

    it('speaks both languages, and Chinese in Chinese', () => {
      const all = texts(experiment)
      expect(all.length).toBeGreaterThan(10)
      const names = new Set(['Reno', 'CUBIC', 'BBR', 'CoDel'])
      for (const [path, { en, zh }] of all) {
        expect(en.trim(), path).not.toBe('')
        if (!names.has(en)) expect(zh, path).toMatch(/\p{Script=Han}/u)
        expect(en, path).not.toMatch(/\p{Script=Han}/u)
      }
    })

    it('has exactly one right answer to its prediction', () => {
      if (experiment.prediction === undefined) return
      expect(experiment.prediction.choices.filter((choice) => choice.right)).toHaveLength(1)
    })
  },
)
