/** No projection may depend on how the events were cut into batches, nor on how often it was updated. */
import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { Bars } from '../../../shared/projections/bars.ts'
import { Changes } from '../../../shared/projections/changes.ts'
import { Density } from '../../../shared/projections/density.ts'
import { Goodput } from '../../../shared/projections/goodput.ts'
import { Layers } from '../../../shared/projections/layers.ts'
import { Losses } from '../../../shared/projections/losses.ts'
import { Packets } from '../../../shared/projections/packets.ts'
import { Paths } from '../../../shared/projections/paths.ts'
import { Queues } from '../../../shared/projections/queue.ts'
import { Rtt } from '../../../shared/projections/rtt.ts'
import { Sequence } from '../../../shared/projections/sequence.ts'
import { Series } from '../../../shared/projections/series.ts'
import { StallLog, Stalls } from '../../../shared/projections/stalls.ts'
import { States } from '../../../shared/projections/states.ts'
import { Windows } from '../../../shared/projections/windows.ts'
import { STALL_CAUSES } from '../../../shared/trace/events.ts'
import { TraceStore } from '../../../shared/trace/store.ts'
import { FLOW, TraceMaker } from '../../support/trace-maker.ts'

const PROJECTIONS = {
  Layers,
  Changes,
  Density,
  Goodput,
  Losses,
  Packets,
  Paths,
  Queues,
  Rtt,
  Sequence,
  Stalls,
  States,
  Windows,
}

/** One event of a run that makes no sense but touches every table that is read. */
const step = fc.record({
  kind: fc.nat(13),
  wait: fc.nat(5_000),
  back: fc.nat(60),
  node: fc.constantFrom('a/client', 'a/server', 'b/client', 'b/server'),
  size: fc.nat(3000),
})
const steps = fc.array(step, { size: 'max', minLength: 1, maxLength: 120 })
type Step = { kind: number; wait: number; back: number; node: string; size: number }

function trace(steps: readonly Step[]): TraceMaker {
  const maker = new TraceMaker().pair('a').pair('b')
  let t = 0
  steps.forEach((event, i) => addStep(maker, (t += event.wait), i, event))
  return maker
}

function addStep(maker: TraceMaker, t: number, i: number, { kind, back, node, size }: Step): void {
  // As in a real run: a number is given to one packet only, and nothing happens to it before.
  const pkt = kind < 2 ? i + 1 : Math.max(1, i - back)
  const link = { node: `${node[0]}/link`, pkt }
  const direction = size & 1
  switch (kind) {
    case 0:
    case 1:
      maker.sent(t, pkt, node, {
        seq: 4_294_960_000 + size,
        ack: size * 7,
        payload: size,
        cause: size > 2500 ? 'sack' : '',
      })
      break
    case 2:
      maker.received(t, pkt, node, size)
      break
    case 3:
      maker.metrics(t, node, { cwnd: size, in_flight: back, smoothed_rtt: size, acked: i * 1000 })
      break
    case 4:
      maker.add(t, 'link:packet_enqueued', { direction, queue_bytes: size, queue_packets: 1 }, link)
      break
    case 5:
      maker.add(t, 'link:packet_dequeued', { direction, queue_bytes: size, queue_packets: 0 }, link)
      break
    case 6:
      maker.add(
        t,
        'link:packet_dropped',
        { direction, reason: size > 1500 ? 'queue_full' : 'bernoulli', delay: size },
        link,
      )
      break
    case 7:
      maker.add(t, 'link:packet_delivered', { direction, delay: size }, link)
      break
    case 8:
      maker.add(
        t,
        'tcp:stall_changed',
        { cause: STALL_CAUSES[size % STALL_CAUSES.length] },
        { node, flow: 'f' },
      )
      break
    case 9:
      maker.add(t, 'link:packet_duplicated', { direction, copy: 1000 + i }, link)
      break
    case 10:
      maker.add(
        t,
        'security:record',
        {
          ...RECORD,
          offset: back * 100,
          length: size,
          plain_offset: back * 90,
          plain_length: Math.max(0, size - 22),
        },
        { node, flow: FLOW },
      )
      break
    case 11:
      maker.add(
        t,
        'http:frame',
        { ...FRAME, stream: size % 4, offset: back * 50, length: size },
        { node, flow: FLOW },
      )
      break
    case 12: {
      const message = { ...MESSAGE, exchange: size % 5, offset: back * 50 }
      maker.add(t, 'http:message_started', message, { node, flow: FLOW })
      break
    }
    default:
      maker.add(t, 'sim:knob_changed', { path: 'links.link.up.delay', from: '0', to: String(size) })
  }
}

const RECORD = {
  from: 'client',
  content_type: 23,
  inner_type: 23,
  version: 771,
  protected: true,
  problem: '',
} as const
const FRAME = {
  from: 'client',
  type: 'DATA',
  flags: 0,
  detail: '',
  connection_window: -1,
  stream_window: -1,
} as const
const MESSAGE = {
  from: 'client',
  version: 'http/1.1',
  part: 'request',
  length: 10,
  uncompressed: 10,
  method: 'GET',
  target: '/',
  status: 0,
  fields: '[]',
  end: true,
} as const

/** Everything that a projection holds, as plain values; where it reads on from is no part of the result. */
function plain(value: unknown): unknown {
  if (value instanceof Series) return { t: [...value.times.view()], v: [...value.values.view()] }
  if (value instanceof Bars) return [value.times, value.from, value.to, value.pkts].map((c) => [...c.view()])
  if (value instanceof StallLog) return [[...value.times.view()], [...value.totals(1e9)]]
  if (value instanceof Map) return [...value].map(([key, item]) => [key, plain(item)])
  if (ArrayBuffer.isView(value)) return [...(value as Uint8Array)]
  if (Array.isArray(value)) return value.map(plain)
  if (typeof value !== 'object' || value === null) return value
  if ('view' in value && typeof value.view === 'function') return [...value.view()]
  return Object.fromEntries(
    Object.entries(value)
      .filter(([key, item]) => key !== 'cursor' && typeof item !== 'function')
      .map(([key, item]) => [key, plain(item)]),
  )
}

describe.each(Object.entries(PROJECTIONS))('%s', (_, Projection) => {
  test('is the same however the events were cut into batches', () => {
    fc.assert(
      fc.property(steps, fc.array(fc.nat(120), { size: 'max', maxLength: 12 }), (steps, cuts) => {
        const maker = trace(steps)
        const whole = new Projection()
        whole.update(maker.store())
        const parts = new Projection()
        const store = new TraceStore()
        for (const batch of maker.batches(cuts)) {
          expect(store.append(batch)).toBeUndefined()
          parts.update(store)
        }
        expect(plain(parts)).toEqual(plain(whole))
      }),
      { numRuns: process.env.REXMIT_FULL === '1' ? 400 : 60 },
    )
  })

  test('an update without new events changes nothing', () => {
    const store = trace([{ kind: 0, wait: 1, back: 1, node: 'a/client', size: 9 }]).store()
    const projection = new Projection()
    projection.update(store)
    const before = plain(projection)
    projection.update(store)
    expect(plain(projection)).toEqual(before)
  })
})
