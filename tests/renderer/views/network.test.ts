/** The columns of a ladder of several hosts, the picture of a network, and the steps of a packet in words. */
import { describe, expect, test } from 'vitest'
import { Network } from '../../../shared/projections/network.ts'
import { Journeys } from '../../../shared/projections/journeys.ts'
import { Paths } from '../../../shared/projections/paths.ts'
import { States } from '../../../shared/projections/states.ts'
import { stepWords } from '../../../renderer/views/journey/words.ts'
import { columnsOf, ladderSight } from '../../../renderer/views/ladder-scene.ts'
import { mapAt } from '../../../renderer/views/topology-scene.ts'
import { JOURNEY_FLOW, networkTrace } from '../../support/network-trace.ts'
import { TraceMaker } from '../../support/trace-maker.ts'

const store = networkTrace().store()

const columnsIn = (maker: TraceMaker): string[] => {
  const made = maker.store()
  const network = new Network()
  network.update(made)
  return columnsOf(network.lane('')).map(({ name }) => name)
}

describe('the columns of a ladder', () => {
  test('are the hosts: neither switches nor routers', () => {
    expect(columnsIn(networkTrace())).toEqual(['dns', 'client', 'server'])
  })

  test('of two hosts have the client at the left, whoever was announced first', () => {
    const maker = new TraceMaker().host('b', 'server', '10.77.0.2').host('a', 'client', '10.77.0.1')
    expect(columnsIn(maker.link('link', 'b', 'a'))).toEqual(['a', 'b'])
  })

  test('of one server and several clients have the server between them', () => {
    const maker = new TraceMaker().host('broker', 'server', '10.77.0.1')
    for (const n of [2, 3, 4]) maker.host(`c${n}`, 'client', `10.77.0.${n}`).link(`l${n}`, `c${n}`, 'broker')
    expect(columnsIn(maker)).toEqual(['c2', 'c3', 'broker', 'c4'])
  })
})

describe('the ladder of a network', () => {
  const [paths, states] = [new Paths(), new States()]
  paths.update(store)
  states.update(store)
  const sight = ladderSight({
    store,
    paths,
    states,
    language: 'en',
    lane: '',
    flow: store.strings.indexOf(JOURNEY_FLOW),
    shows: () => true,
    part: null,
    range: { from: 0, to: 3_000 },
    height: 600,
    following: false,
    cursor: null,
    folding: false,
  })
  const of = (pkt: number) => sight.paths.find(({ packet }) => packet.pkt === pkt)

  test('leads from host to host over all links between them', () => {
    expect(of(1)).toMatchObject({ from: 0.5, to: 1, reach: 0.5 })
    expect(of(4)).toMatchObject({ from: 1, to: 0.5 })
  })

  test('shows how far a packet came that died on the third of four links', () => {
    expect(of(5)?.to).toBeCloseTo(0.5 + 0.5 * (2.5 / 4))
  })

  test('has what goes to a router, and comes from there, beside the host', () => {
    const [question, answer] = [of(2), of(3)]
    expect(question?.from).toBe(0.5)
    expect(question?.to).toBeCloseTo(0.7)
    expect(answer?.from).toBeCloseTo(0.7)
    expect(answer?.to).toBe(0.5)
  })
})

describe('the map at a moment', () => {
  const words = { lost: 'lost', inFlight: 'in flight', kinds: { switch: 'switch', router: 'router' } }
  const map = mapAt({ store, setup: undefined, now: 450, words }, '', undefined)

  test('has every node and link, and what is said of them', () => {
    expect(map.nodes.map(({ name, lines }) => `${name} ${lines[0]}`)).toEqual([
      'client 10.77.0.1',
      'dns 10.77.0.53',
      'switch switch',
      'near router',
      'far router',
      'server 10.77.2.2',
    ])
    expect(map.links).toHaveLength(5)
  })

  test('has the packets that are on their way', () => {
    expect(map.flying.map(({ packet, place }) => [packet.pkt, place])).toEqual([[1, 0.5]])
  })
})

describe('the steps of a packet in words', () => {
  const t = (key: string, values: object = {}): string =>
    [key.replace('view.journey.', ''), ...Object.values(values).map(String)].join(' ')
  const [paths, journeys] = [new Paths(), new Journeys()]
  paths.update(store)
  journeys.update(store)
  const words = (pkt: number): string[] =>
    journeys
      .of(store, paths, paths.packets.get(store, paths.packets.indexOf(pkt)))
      .map((step) => stepWords(t, 'en', step))

  test('say what each node does', () => {
    expect(words(1)).toEqual([
      'sent',
      'held 10.77.0.254',
      'released 10.77.0.254',
      '100 µs',
      'port 0 → 2 · decision.known',
      '100 µs',
      'TTL 64 → 63 · 10.77.2.0/24 → 10.77.1.2',
      '100 µs',
      'TTL 63 → 62 · 10.77.2.0/24 → 10.77.2.2',
      '100 µs',
      'arrived',
    ])
  })

  test('and how it ended', () => {
    expect(words(5).at(-1)).toBe('✕ random loss')
    expect(words(6).at(-1)).toBe('✕ TTL expired')
    expect(words(2)).toContain('port 0 → all_ports · decision.broadcast')
    expect(words(2).at(-1)).toBe('not_for_us')
  })
})
