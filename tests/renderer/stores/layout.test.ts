import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest'
import { nextTick } from 'vue'
import { EXPERIMENTS } from '../../../shared/experiments/index.ts'
import { panesOf } from '../../../renderer/stage.ts'
import { SIDE_WIDTHS, useLayout } from '../../../renderer/stores/layout.ts'
import { useWorkbench } from '../../../renderer/stores/workbench.ts'
import { openWindow, stubBrowser } from '../../support/window-globals.ts'

beforeEach(() => {
  stubBrowser()
  openWindow()
})
afterEach(() => vi.unstubAllGlobals())

/** The same page loaded anew: other stores, the same storage. */
function reload(): ReturnType<typeof useLayout> {
  openWindow()
  return useLayout()
}

const handshake = EXPERIMENTS.find(({ id }) => id === 'tcp-handshake')!
const views = (layout: ReturnType<typeof useLayout>): string[] =>
  panesOf(layout.stage).map(({ tabs }) => tabs.join('+'))

describe('the panes', () => {
  it('are remembered for each experiment apart, also after a reload', async () => {
    const layout = useLayout()
    const before = views(layout)
    const [first] = panesOf(layout.stage)
    layout.split(first.id, first.tabs[0], 'row')
    const after = views(layout)
    expect(after).not.toEqual(before)

    useWorkbench().open(handshake)
    expect(views(layout)).not.toEqual(after)
    await nextTick()

    expect(views(reload())).toEqual(after)
  })

  it('keep their ids while nothing is changed, so that no chart is made anew', () => {
    const layout = useLayout()
    const { id } = panesOf(layout.stage)[0]
    useWorkbench().open(handshake)
    useWorkbench().open(EXPERIMENTS.find((experiment) => experiment.id === 'tcp-bulk')!)
    expect(panesOf(layout.stage)[0].id).toBe(id)
  })

  it('can be arranged as they were at first', () => {
    const layout = useLayout()
    const before = views(layout)
    const [first] = panesOf(layout.stage)
    layout.close(first.id, first.tabs[0])
    layout.resetStage()
    expect(views(layout)).toEqual(before)
  })

  it('are maximised one at a time, and no longer once another experiment is open', async () => {
    const layout = useLayout()
    const [first, second] = panesOf(layout.stage)
    layout.maximise(first.id)
    expect(layout.maximisedPane).toBe(first)
    layout.maximise(second.id)
    expect(layout.maximisedPane).toBe(second)
    layout.maximise(second.id)
    expect(layout.maximisedPane).toBeUndefined()
    layout.maximise(first.id)
    useWorkbench().open(handshake)
    await nextTick()
    expect(layout.maximised).toBeNull()
  })
})

describe('what was stored', () => {
  it('is taken back where it makes sense, and left where it does not', () => {
    localStorage.setItem('rexmit.frame', JSON.stringify({ left: 300, right: 9_000, timeline: 'tall' }))
    localStorage.setItem('rexmit.stages', JSON.stringify({ 'tcp-bulk': { kind: 'pane', tabs: ['none'] } }))
    const layout = reload()
    expect(layout.left).toBe(300)
    expect(layout.right).toBe(SIDE_WIDTHS.right[1])
    expect(panesOf(layout.stage)).toHaveLength(4)
  })

  it('does no harm when it is not even JSON, or there is no storage', () => {
    localStorage.setItem('rexmit.frame', '{')
    expect(reload().left).toBe(SIDE_WIDTHS.left[1])
    vi.stubGlobal('localStorage', undefined)
    const layout = reload()
    layout.left = 250
    expect(panesOf(layout.stage)).toHaveLength(4)
  })
})
