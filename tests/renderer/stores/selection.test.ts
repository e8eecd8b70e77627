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

  it('holds what was chosen above TCP until another packet is chosen', () => {
    const selection = useSelection()
    selection.selectItem({ kind: 'exchange', flow: 'a-b', exchange: 3 }, 7, { t: 9, lane: 'h2' })
    expect(selection.item).toEqual({ kind: 'exchange', flow: 'a-b', exchange: 3 })
    expect([selection.pkt, selection.flow, selection.cursor, selection.lane]).toEqual([7, 'a-b', 9, 'h2'])
    selection.selectItem({ kind: 'frame', row: 4 }, null)
    expect([selection.item?.kind, selection.pkt]).toEqual(['frame', null])
    selection.selectPacket(8)
    expect([selection.item, selection.pkt]).toEqual([null, 8])
    selection.selectItem({ kind: 'record', row: 4 }, 9)
    selection.clear()
    expect([selection.item, selection.pkt]).toEqual([null, null])
  })
})
