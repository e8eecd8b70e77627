import { createPinia, setActivePinia } from 'pinia'
import { beforeEach, describe, expect, it } from 'vitest'
import { useSelection } from '../../../renderer/stores/selection.ts'

beforeEach(() => setActivePinia(createPinia()))

describe('what is selected', () => {
  it('is a packet with its moment and its lane, where they are known', () => {
    const selection = useSelection()
    selection.selectPacket(3, { t: 500, lane: 'reno' })
    selection.selectPacket(4)
    expect([selection.pkt, selection.cursor, selection.lane]).toEqual([4, 500, 'reno'])
  })

  it('is a span of time, the right way round, from 0 on, and never nothing', () => {
    const selection = useSelection()
    selection.zoom({ from: 900, to: 100 })
    expect(selection.range).toEqual({ from: 100, to: 900 })
    selection.zoom({ from: -50, to: 10 })
    expect(selection.range).toEqual({ from: 0, to: 10 })
    selection.zoom({ from: 7, to: 7 })
    expect(selection.range).toEqual({ from: 7, to: 8 })
    selection.zoom(null)
    expect(selection.range).toBeNull()
  })

  it('is a set of lanes, each switched by itself', () => {
    const selection = useSelection()
    selection.toggleLane('reno')
    expect([selection.isShown('reno'), selection.isShown('cubic')]).toEqual([false, true])
    selection.toggleLane('reno')
    expect(selection.isShown('reno')).toBe(true)
  })

  it('is cleared without the zoom and the lanes, and reset with them', () => {
    const selection = useSelection()
    selection.selectPacket(3, { t: 500, lane: 'reno' })
    selection.zoom({ from: 0, to: 10 })
    selection.toggleLane('cubic')
    selection.clear()
    expect([selection.pkt, selection.cursor]).toEqual([null, null])
    expect(selection.range).not.toBeNull()
    selection.reset()
    expect([selection.range, selection.lane, selection.hiddenLanes.size]).toEqual([null, null, 0])
  })
})
