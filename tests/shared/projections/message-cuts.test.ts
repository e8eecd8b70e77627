/** The projections of messages, streams, calls and protocol data units do not depend on how the events were cut into batches. */
import fc from 'fast-check'
import { expect, test } from 'vitest'
import { Calls } from '../../../shared/projections/calls.ts'
import { Framing } from '../../../shared/projections/framing.ts'
import { Messages } from '../../../shared/projections/messages.ts'
import { Pdus } from '../../../shared/projections/pdus.ts'
import { TraceStore } from '../../../shared/trace/store.ts'
import { TraceMaker } from '../../support/trace-maker.ts'

/** All that can be asked of them. */
const PROJECTIONS = {
  Messages: () => {
    const all = new Messages()
    return {
      update: (store: TraceStore) => all.update(store),
      all: () => [...all.lanes].map(([id, lane]) => [id, lane.deliveries, lane.mistakes, lane.figures]),
    }
  },
  Framing: () => {
    const framing = new Framing()
    return { update: (store: TraceStore) => framing.update(store), all: () => framing.streams }
  },
  Calls: () => {
    const calls = new Calls()
    return {
      update: (store: TraceStore) => calls.update(store),
      all: () => [...calls.lanes].map(([id, lane]) => [id, lane.calls, lane.ended]),
    }
  },
  Pdus: () => {
    const pdus = new Pdus()
    let last = new TraceStore()
    return {
      update: (store: TraceStore) => pdus.update((last = store)),
      all: () => Array.from({ length: pdus.length }, (_, number) => pdus.get(last, number)),
    }
  },
}

const step = fc.record({
  kind: fc.nat(10),
  number: fc.integer({ min: 1, max: 6 }),
  node: fc.constantFrom('a/client', 'a/server', 'b/client', 'b/server'),
  size: fc.integer({ min: 1, max: 300 }),
})
type Step = { kind: number; number: number; node: string; size: number }

/** One event of a run that makes no sense but touches every table that is read. */
function addStep(maker: TraceMaker, t: number, { kind, number, node, size }: Step): void {
  const at = { node, flow: 'f', pkt: number }
  const channel = `x${size % 2}`
  const client = node
  const wrong = size > 250 ? 'glued' : ''
  const copy = 1 + (size % 2)
  switch (kind) {
    case 0:
      return void maker.add(t, 'app:message_sent', { channel, message: number, size }, at)
    case 1: {
      const how = { copy, late: size > 200, delay: size, wrong }
      return void maker.add(t, 'app:message_received', { channel, message: number, size, ...how }, at)
    }
    case 2: {
      const place = { offset: 10 * t, length: 10 }
      return void maker.add(t, 'app:frame_written', { channel, message: number, ...place }, at)
    }
    case 3:
    case 4: {
      const name = kind === 3 ? 'app:stream_written' : 'app:stream_read'
      return void maker.add(t, name, { channel, offset: 10 * t, length: size }, at)
    }
    case 5: {
      const action = size > 80 ? 'added' : 'removed'
      return void maker.add(
        t,
        'mqtt:subscription',
        { client, filter: size > 150 ? '#' : 'a/+', qos: 1, action },
        at,
      )
    }
    case 6: {
      const what = { client, topic: 'a/b', qos: 1, retain: false, size }
      return void maker.add(t, 'mqtt:message_published', { message: number, ...what }, at)
    }
    case 7: {
      const what = { client, topic: 'a/b', qos: 1, dup: false, retain: false, copy, delay: size }
      return void maker.add(t, 'mqtt:message_delivered', { message: number, ...what }, at)
    }
    case 8:
      return void maker.add(t, 'rpc:call_started', { call: number, method: '/m', size }, at)
    case 9:
      return void maker
        .sent(t, number, node, { payload: size })
        .add(t, 'rpc:call_finished', { call: number, status: 'OK', size, error: '' }, at)
    default: {
      const what = { rule: 'MQTT-2.2.2-2', reason: 'reserved bits', bytes: 'c1', from: 'client' }
      return void maker.add(t, 'mqtt:problem', { ...what, offset: 10 * t }, at)
    }
  }
}

const cuts = fc.array(fc.nat(140), { maxLength: 8 })

test.each(Object.entries(PROJECTIONS))('%s', (_, make) => {
  fc.assert(
    fc.property(fc.array(step, { size: 'max', minLength: 1, maxLength: 120 }), cuts, (steps, places) => {
      const maker = new TraceMaker().pair('a').pair('b')
      steps.forEach((one, t) => addStep(maker, t, one))
      const whole = make()
      whole.update(maker.store())
      const store = new TraceStore()
      const parts = make()
      for (const batch of maker.batches(places)) {
        expect(store.append(batch)).toBeUndefined()
        parts.update(store)
        parts.all()
      }
      expect(parts.all()).toEqual(whole.all())
    }),
    { numRuns: process.env.REXMIT_FULL === '1' ? 500 : 40 },
  )
})
