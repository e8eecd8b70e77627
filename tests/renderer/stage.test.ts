import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { VIEW_IDS, type ViewId } from '../../shared/experiment.ts'
import { EXPERIMENTS } from '../../shared/experiments/index.ts'
import {
  closeView,
  defaultStage,
  panesOf,
  parseStage,
  resize,
  showView,
  splitPane,
  type Node,
} from '../../renderer/stage.ts'

/** The tree in short: `(a | b) / c+d`, the active tab with a star where it is not the first. */
function draw(node: Node): string {
  if (node.kind === 'pane')
    return node.tabs.map((tab) => (tab === node.active && tab !== node.tabs[0] ? `${tab}*` : tab)).join('+')
  return `(${node.children.map(draw).join(node.direction === 'row' ? ' | ' : ' / ')})`
}

const firstPane = (node: Node): number => panesOf(node)[0].id

describe('the panes at first', () => {
  it.each([
    [['ladder'], 'ladder'],
    [['ladder', 'states'], '(ladder | states)'],
    [['windows', 'rtt', 'queue'], '((windows | rtt) / queue)'],
    [['windows', 'rtt', 'sequence', 'packets'], '((windows | rtt) / (sequence | packets))'],
  ] as [ViewId[], string][])('%j: %s', (views, expected) => {
    expect(draw(defaultStage(views))).toBe(expected)
  })

  it('four are in sight, the others stand behind their kin', () => {
    expect(draw(defaultStage(['windows', 'rtt', 'sequence', 'packets', 'ladder', 'queue', 'goodput']))).toBe(
      '((windows+goodput | rtt+queue) / (sequence+ladder | packets))',
    )
  })

  it('with the ladder first give it their whole height, and the packets the place beside it', () => {
    expect(draw(defaultStage(['ladder', 'states', 'queue', 'packets', 'topology']))).toBe(
      '(ladder+topology | (states+queue / packets))',
    )
    expect(draw(defaultStage(['ladder', 'packets', 'rtt']))).toBe('(ladder | (packets / rtt))')
  })

  it('with the streams first give them their whole height, too', () => {
    expect(draw(defaultStage(['streams', 'waterfall', 'layers', 'frames']))).toBe(
      '(streams | (waterfall / layers+frames))',
    )
  })

  it('with the lanes side by side first give them all of the stage', () => {
    expect(draw(defaultStage(['headline', 'waterfall', 'packets', 'streams']))).toBe(
      'headline+waterfall+packets+streams',
    )
  })

  it('with the handshake, the chain, header blocks or the cache first give them their whole height, too', () => {
    expect(draw(defaultStage(['tls', 'keys', 'ladder', 'certificates', 'packets']))).toBe(
      '(tls+ladder+certificates | (keys / packets))',
    )
    for (const view of ['certificates', 'hpack', 'cache'] as const)
      expect(draw(defaultStage([view, 'rtt', 'packets']))).toBe(`(${view} | (rtt / packets))`)
  })

  it('the stalls, which stand on the right side anyway, come last', () => {
    expect(draw(defaultStage(['windows', 'stalls', 'rtt']))).toBe('((windows | rtt) / stalls)')
  })

  it.each(EXPERIMENTS.map(({ id, views }) => ({ id, views })))('$id has all its views', ({ views }) => {
    expect(
      panesOf(defaultStage(views))
        .flatMap(({ tabs }) => tabs)
        .sort(),
    ).toEqual([...new Set(views)].sort())
  })
})

describe('a pane', () => {
  it('takes a view in as a tab, once', () => {
    const one = defaultStage(['windows'])
    const two = showView(one, firstPane(one), 'rtt')
    expect(draw(two)).toBe('windows+rtt*')
    expect(draw(showView(two, firstPane(two), 'windows'))).toBe('windows+rtt')
  })

  it('shows the neighbour of the tab that was closed', () => {
    const root = showView(defaultStage(['windows']), 0, 'rtt')
    const pane = firstPane(root)
    const three = showView(showView(root, pane, 'rtt'), pane, 'queue')
    expect(draw(closeView(three, pane, 'queue'))).toBe('windows+rtt*')
    expect(draw(closeView(three, pane, 'windows'))).toBe('rtt+queue*')
  })

  it('goes with its last tab, and its neighbour takes the room', () => {
    const root = defaultStage(['windows', 'rtt', 'queue'])
    const [windows, rtt] = panesOf(root)
    const less = closeView(root, rtt.id, 'rtt')
    expect(draw(less)).toBe('(windows / queue)')
    expect(draw(closeView(less, windows.id, 'windows'))).toBe('queue')
  })

  it('stays when it is the only one', () => {
    const root = defaultStage(['windows'])
    expect(draw(closeView(root, firstPane(root), 'windows'))).toBe('windows')
  })

  it('is split to the side or below; what is alone in it is shown twice', () => {
    const root = defaultStage(['windows'])
    const pane = firstPane(root)
    const both = showView(root, pane, 'rtt')
    expect(draw(splitPane(both, pane, 'rtt', 'row'))).toBe('(windows | rtt)')
    expect(draw(splitPane(both, pane, 'windows', 'column'))).toBe('(rtt / windows)')
    expect(draw(splitPane(root, pane, 'windows', 'row'))).toBe('(windows | windows)')
  })
})

type Step = (node: Node, pane: number) => Node
const view = fc.constantFrom(...VIEW_IDS)
const step: fc.Arbitrary<Step> = fc.oneof(
  view.map(
    (id): Step =>
      (node, pane) =>
        showView(node, pane, id),
  ),
  view.map(
    (id): Step =>
      (node, pane) =>
        closeView(node, pane, id),
  ),
  fc.tuple(view, fc.constantFrom('row' as const, 'column' as const)).map(
    ([id, direction]): Step =>
      (node, pane) =>
        splitPane(node, pane, id, direction),
  ),
)
const steps = fc.array(fc.tuple(step, fc.nat()), { maxLength: 12 })
const play = (list: [Step, number][]): Node =>
  list.reduce<Node>(
    (node, [change, pick]) => {
      const panes = panesOf(node)
      return change(node, panes[pick % panes.length].id)
    },
    defaultStage(['windows', 'rtt', 'ladder']),
  )

function check(node: Node): void {
  if (node.kind === 'pane') {
    expect(node.tabs.length).toBeGreaterThan(0)
    expect(node.tabs).toContain(node.active)
    expect(new Set(node.tabs).size).toBe(node.tabs.length)
    return
  }
  expect(node.children.length).toBeGreaterThan(1)
  expect(node.sizes).toHaveLength(node.children.length)
  expect(node.sizes.reduce((sum, size) => sum + size, 0)).toBeCloseTo(1, 9)
  node.children.forEach(check)
}

describe('whatever is done to the panes', () => {
  it('no pane is empty, no branch has one child, and the shares sum to 1', () => {
    fc.assert(fc.property(steps, (list) => check(play(list))))
  })

  it('what is written down and read again looks the same', () => {
    fc.assert(
      fc.property(steps, (list) => {
        const node = play(list)
        const read = parseStage(JSON.parse(JSON.stringify(node)))
        // A stage that is nested deeper than anyone can see is not taken back.
        if (read) expect(draw(read)).toBe(draw(node))
      }),
    )
  })

  it('anything else that is read is refused, not half taken', () => {
    fc.assert(
      fc.property(fc.jsonValue(), (value) => {
        const node = parseStage(value)
        if (node) check(node)
      }),
    )
    expect(parseStage({ kind: 'pane', tabs: ['none'], active: 'none' })).toBeUndefined()
    const pane = { kind: 'pane', tabs: ['rtt'], active: 'rtt' }
    const row = { kind: 'branch', direction: 'row' }
    expect(parseStage({ ...row, children: [pane, pane], sizes: [0.5, NaN] })).toBeUndefined()
    expect(parseStage({ ...row, children: [pane], sizes: [0.5] })).toBeUndefined()
  })

  it('the shares can be set', () => {
    const root = defaultStage(['windows', 'rtt'])
    const wide = resize(root, root.id, [0.7, 0.3])
    expect(wide.kind === 'branch' && wide.sizes).toEqual([0.7, 0.3])
  })
})
