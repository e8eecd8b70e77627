/** The set-ups of lanes. */
import { describe, expect, it } from 'vitest'
import { laneSetup } from '../../../electron/engine/settings.ts'
import { findExperiment } from '../../../shared/experiments/index.ts'

const { setup } = findExperiment('tcp-bulk')!
const [first] = Object.keys(setup.apps)
const lane = { id: 'main', label: { en: '', zh: '' }, set: {} }

describe('a lane', () => {
  it('has the applications of the set-up', () => {
    expect(laneSetup(setup, lane)).toEqual({ ok: true, value: setup })
  })

  it('does without some of them', () => {
    const result = laneSetup(setup, { ...lane, without: [first] })
    expect(result.ok && Object.keys(result.value.apps)).toEqual(Object.keys(setup.apps).slice(1))
  })

  it('must know what it does without', () => {
    const result = laneSetup(setup, { ...lane, without: ['nobody'] })
    expect(result.ok || result.error).toMatchObject({ field: 'lanes.main.without', value: 'nobody' })
  })
})
