/** The strips of a byte stream. */
import { describe, expect, test } from 'vitest'
import { FramingScene, STRIPS, type FramingLane } from '../../../renderer/views/framing/scene.ts'
import { Framing } from '../../../shared/projections/framing.ts'
import { PageLoad } from '../../../shared/projections/page-load.ts'
import { FLOW, TraceMaker } from '../../support/trace-maker.ts'

const channel = 'server:5001'
const at = (node: string) => ({ node, flow: FLOW })
const ALL = { from: 0, to: 1_000 }

/** Three messages of 100 bytes in segments of 150, of which the second is lost and sent again; two reads, each taken for a message. */
function laneOf(): { scene: FramingScene; lane: FramingLane } {
  const maker = new TraceMaker().pair().sent(0, 1, 'client', { seq: 99, flags: 2 })
  for (const message of [1, 2, 3])
    maker.add(
      1,
      'app:frame_written',
      { channel, message, offset: 100 * (message - 1), length: 100 },
      at('client'),
    )
  maker
    .add(1, 'app:stream_written', { channel, offset: 0, length: 300 }, at('client'))
    .sent(2, 2, 'client', { seq: 100, payload: 150 })
    .sent(3, 3, 'client', { seq: 250, payload: 150 })
    .add(4, 'link:packet_dropped', { direction: 0, reason: 'listed', delay: 1 }, { node: 'link', pkt: 3 })
    .sent(50, 4, 'client', { seq: 250, payload: 150, cause: 'rto' })
  const took = { channel, message: 0, size: 150, copy: 0, late: false, delay: -1, wrong: 'glued' }
  maker
    .add(20, 'app:stream_read', { channel, offset: 0, length: 150 }, at('server'))
    .add(20, 'app:message_received', took, at('server'))
    .add(60, 'app:stream_read', { channel, offset: 150, length: 150 }, at('server'))
    .add(60, 'app:message_received', took, at('server'))
  const store = maker.store()
  const [framing, load] = [new Framing(), new PageLoad()]
  framing.update(store)
  load.update(store)
  const [stream] = framing.streams
  const bytes = load.layers.streamOf(stream.flow, stream.node)
  return {
    scene: new FramingScene(store, load, { glued: 'GLUED' }),
    lane: { id: '', label: '', stream, bytes },
  }
}
const { scene, lane } = laneOf()

test.each([
  ['messages', ['0-100 odd', '100-200 even', '200-300 odd']],
  ['writes', ['0-300 write']],
  ['segments', ['0-150 segment', '150-300 lost', '150-300 again']],
  ['reads', ['0-150 read', '150-300 read']],
  ['taken', ['0-150 glued', '150-300 glued']],
] as const)('%s', (strip, expected) => {
  expect(scene.items(lane, strip, ALL).map(({ from, to, look }) => `${from}-${to} ${look}`)).toEqual(expected)
})

describe('an item', () => {
  test('says what it is in the words that it was given, and which packet carried it', () => {
    expect(scene.items(lane, 'taken', ALL)[0].texts).toEqual(['GLUED'])
    expect(scene.items(lane, 'segments', ALL).map(({ pkt }) => pkt)).toEqual([2, 3, 4])
  })

  test('shows its seams: boundaries of messages within it, not those at its ends', () => {
    const boundaries = scene.items(lane, 'taken', ALL).map((item) => scene.boundaries(lane, item))
    expect(boundaries).toEqual([[100], [200]])
    expect(scene.boundaries(lane, { from: 100, to: 200 })).toEqual([])
  })

  test('beyond what is in sight is left out', () => {
    const counts = STRIPS.map((strip) => scene.items(lane, strip, { from: 0, to: 50 }).length)
    expect(counts).toEqual([1, 1, 1, 1, 1])
  })
})
