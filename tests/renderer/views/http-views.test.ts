/** What the views of frames, layers, streams and requests say of a trace, without a window. */
import { describe, expect, test } from 'vitest'
import { messages } from '../../../renderer/locales/index.ts'
import { FrameRows, frameAt, passes } from '../../../renderer/views/frame-rows.ts'
import { extentOf, LayersScene, linkedTo } from '../../../renderer/views/layers-scene.ts'
import { toOffset, toX } from '../../../renderer/views/ruler.ts'
import { requestWords } from '../../../renderer/views/request-words.ts'
import { streamWords, targetOf } from '../../../renderer/views/stream-words.ts'
import { PageLoad } from '../../../shared/projections/page-load.ts'
import { TraceStore } from '../../../shared/trace/store.ts'
import { layeredTrace, type Plan } from '../../support/layered-trace.ts'
import { addPage } from '../../support/page-trace.ts'
import { FLOW, TraceMaker } from '../../support/trace-maker.ts'

/** The English texts, as vue-i18n fills them in. */
function translate(key: string, values: Record<string, string | number>): string {
  const found = key
    .split('.')
    .reduce<unknown>((tree, part) => (tree as Record<string, unknown>)[part], messages.en)
  return (found as string).replace(/\{(\w+)\}/g, (_, name: string) => String(values[name]))
}

function loadOf(store: TraceStore): PageLoad {
  const load = new PageLoad()
  load.update(store)
  return load
}

/** Two streams in three TLS records; the segment with the first frame is lost and sent again. */
const PLAN: Plan = {
  version: 'h2',
  pieces: [
    { stream: 0, length: 20 },
    { stream: 1, length: 60 },
    { stream: 3, length: 60 },
  ],
  records: { cuts: [80], extra: 17, first: 10 },
  flights: [
    { from: 0, to: 112, sent: 0, arrives: null },
    { from: 112, to: 194, sent: 1, arrives: 11 },
    { from: 0, to: 112, sent: 30, arrives: 40 },
  ],
}

describe('frames', () => {
  const store = layeredTrace(PLAN).store()
  const all = { lane: '', flow: null }
  const shown = (query: string): number[] => {
    const rows = new FrameRows({ ...all, query })
    rows.update(store)
    return Array.from({ length: rows.length }, (_, i) => frameAt(store, rows.at(i)).stream)
  }

  test.each([
    ['', [0, 1, 3]],
    ['3', [3]],
    ['#1', [1]],
    ['data', [1, 3]],
    ['settings server', [0]],
    ['client', []],
    ['data 0', []],
  ])('filtered by %j: streams %j', (query, streams) => {
    expect(shown(query)).toEqual(streams)
  })

  test('a word is looked for in the details, too', () => {
    const frame = { ...frameAt(store, 1), detail: 'END_STREAM, END_HEADERS' }
    expect(passes(frame, ['end_headers'])).toBe(true)
    expect(passes(frame, ['padded'])).toBe(false)
  })

  test('of another lane or connection are left out', () => {
    for (const choice of [
      { lane: 'h2', flow: null },
      { lane: '', flow: 'another' },
    ]) {
      const rows = new FrameRows({ ...choice, query: '' })
      rows.update(store)
      expect([rows.length, rows.total]).toEqual([0, 0])
    }
  })

  test('rows are found again as the trace grows', () => {
    const rows = new FrameRows({ ...all, query: 'data' })
    const growing = new TraceStore()
    for (const batch of layeredTrace(PLAN).batches([5, 8, 9])) {
      growing.append(batch)
      rows.update(growing)
    }
    expect([0, 1, 2].map((row) => rows.indexOf(row))).toEqual([-1, 0, 1])
  })
})

describe('layers', () => {
  const store = layeredTrace(PLAN).store()
  const load = loadOf(store)
  const stream = [...load.layers.all()][0]
  const scene = new LayersScene(store, load, stream)
  const everything = { from: 0, to: 1000 }

  test('a ruler of segments tells what was lost and what came again', () => {
    expect(
      scene.items('segments', everything).map(({ from, to, look, again }) => [from, to, look, again]),
    ).toEqual([
      [0, 112, 'lost', false],
      [0, 112, 'again', true],
      [112, 194, 'data', false],
    ])
  })

  test('frames lie where their records carry them', () => {
    // The records begin at 10 and 112, their content 5 bytes later; the second holds the last frame alone.
    expect(scene.items('frames', everything).map(({ from, to, texts: [text] }) => [from, to, text])).toEqual([
      [15, 35, 'SETTINGS 0  11 B'],
      [35, 95, 'DATA 1  51 B'],
      [117, 177, 'DATA 3  51 B'],
    ])
    expect(scene.items('records', everything).map(({ look }) => look)).toEqual(['handshake', 'data', 'data'])
  })

  test('only what is in sight is asked for', () => {
    expect(scene.items('frames', { from: 120, to: 130 }).map(({ id }) => id)).toEqual([2])
    expect(scene.items('exchanges', { from: 40, to: 60 }).map(({ id }) => id)).toEqual([1])
    expect(scene.items('exchanges', { from: 0, to: 30 })).toEqual([])
  })

  test('whatever is selected leads to the same bytes', () => {
    const exchange = { kind: 'exchange', flow: FLOW, exchange: 3 } as const
    const byExchange = linkedTo(store, load, exchange, null, 'server')!
    const byFrame = linkedTo(store, load, { kind: 'frame', row: 2 }, null, 'server')!
    const byRecord = linkedTo(store, load, { kind: 'record', row: 2 }, null, 'server')!
    const byPacket = linkedTo(store, load, null, 2, 'server')!
    for (const linked of [byExchange, byFrame, byRecord, byPacket])
      expect([linked.frames, linked.exchanges]).toEqual([[2], [3]])
    expect(extentOf(store, load, byFrame)).toEqual({ from: 112, to: 194 })
    expect(linkedTo(store, load, null, null, 'server')).toBeUndefined()
    expect(linkedTo(store, load, { ...exchange, flow: 'gone' }, null, 'server')).toBeUndefined()
  })

  test('offsets and pixels are each other turned round', () => {
    const span = { from: 1000, to: 31_000 }
    for (const offset of [1000, 12_345, 31_000])
      expect(toOffset(800, span, toX(800, span, offset))).toBeCloseTo(offset)
  })
})

describe('words', () => {
  test('a stream says what it waited for', () => {
    const store = layeredTrace(PLAN).store()
    const load = loadOf(store)
    const [one, three] = load.blocking.streams(store)
    const say = (stream: typeof one, t: number): string =>
      streamWords(load, store, stream, t, 'en', translate)
    expect(say(three, 20)).toBe('#3: cross-blocked for 29 µs, 60 B held; lost: #1, sent again as #3')
    expect(say(one, 40)).toBe('#1: 60 B, arriving from 0.040 ms to 0.040 ms')
  })

  test('a request says where its time went, and what came of it', () => {
    const maker = new TraceMaker().pair().sent(0, 1, 'server', { seq: 7, flags: 0x12 })
    addPage(maker, '', FLOW, 100)
    const store = maker.store()
    const { requests } = loadOf(store)
    const words = requests.all.map((attempt) => requestWords(requests, attempt, store.end, 'en', translate))
    expect(words).toEqual([
      '#1 GET / · queued 11 ms, sent, waiting 60 ms · connection 1, h2, exchange 1 · 200 · 41 B',
      '#2 GET /object/1 · queued 10 ms, sent, waiting 60 ms · connection 1, h2, exchange 3 · 200 · 41 B · wanted by #1',
      '#3 GET /kept · from the cache, no request was made · 41 B · wanted by #1',
      '#4 GET /gone · queued 77 ms · wanted by #1 · failed: ECONNRESET the connection broke before the response was whole',
    ])
  })

  test.each([
    ['https://server.lab/a/b?c=1', '/a/b?c=1'],
    ['/plain', '/plain'],
    ['http://x', 'http://x'],
  ])('the target of %s is %s', (url, target) => {
    expect(targetOf(url)).toBe(target)
  })
})
