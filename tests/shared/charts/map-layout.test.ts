import { describe, expect, test } from 'vitest'
import { mapLayout } from '../../../shared/charts/map-layout.ts'
import { Network } from '../../../shared/projections/network.ts'
import { networkTrace } from '../../support/network-trace.ts'
import { TraceMaker } from '../../support/trace-maker.ts'

function layoutOf(maker: TraceMaker) {
  const store = maker.store()
  const network = new Network()
  network.update(store)
  const { places, columns, rows } = mapLayout(network.lane(''))
  const named = [...places].map(([id, { column, row }]) => [store.text(id), column, row])
  return {
    places: Object.fromEntries(named.map(([name, column, row]) => [name, [column, row]])),
    columns,
    rows,
  }
}

describe('the map of a network', () => {
  test('leads from the client to the server in a straight line, with branches beside it', () => {
    const { places, columns, rows } = layoutOf(networkTrace())
    expect(columns).toBe(5)
    expect(rows).toBe(2)
    const line = ['client', 'switch', 'near', 'far', 'server'].map((name) => places[name])
    expect(line.map(([column]) => column)).toEqual([0, 1, 2, 3, 4])
    expect(new Set(line.map(([, row]) => row)).size).toBe(1)
    expect(places.dns, 'above the switch that it hangs on').toEqual([1, 0])
  })

  test('of a star has the centre between the others', () => {
    const maker = new TraceMaker().host('broker', 'server', '10.77.0.1')
    for (const n of [2, 3, 4, 5])
      maker.host(`c${n}`, 'client', `10.77.0.${n}`).link(`l${n}`, `c${n}`, 'broker')
    const { places } = layoutOf(maker)
    expect(places.c2).toEqual([0, 1])
    expect(places.broker).toEqual([1, 1])
    expect([places.c3, places.c4, places.c5]).toEqual([
      [2, 0],
      [2, 1],
      [2, 2],
    ])
  })

  test('two nodes never stand in the same place, whatever the links', () => {
    const maker = new TraceMaker().host('a', 'client', '10.77.0.1')
    for (let n = 0; n < 30; n++)
      maker.host(`n${n}`, 'server', '').link(`k${n}`, `n${n}`, n % 7 === 6 ? 'a' : `n${(n * 5) % 31}`)
    const { places } = layoutOf(maker)
    const all = Object.values(places).map(String)
    expect(all).toHaveLength(31)
    expect(new Set(all).size).toBe(31)
  })

  test('of nothing is empty', () => {
    expect(layoutOf(new TraceMaker())).toEqual({ places: {}, columns: 1, rows: 0 })
  })
})
