/** What the window counts of messages and calls, from the trace, is what the summary says of them. */
import { describe, expect, test } from 'vitest'
import { Calls, meanOf, sumOf } from '../../shared/projections/calls.ts'
import { Messages, quantileOf } from '../../shared/projections/messages.ts'
import { TraceStore } from '../../shared/trace/store.ts'
import { finishedRun } from '../support/runs.ts'

async function finished(experiment: string) {
  const run = await finishedRun({ experiment, seed: 3 })
  const store = new TraceStore()
  for (const batch of run.reader.batches()) expect(store.append(batch)).toBeUndefined()
  return { store, metrics: run.summary!.metrics, lanes: run.info.lanes.map(({ id }) => id) }
}

describe('messages', () => {
  test.each([
    'tcp-vs-udp',
    'framing',
    'websocket',
    'mqtt-qos',
    'mqtt-pubsub',
    'mqtt-offline',
    'mqtt-will',
    'mqtt-connect',
    'mqtt-vs-http',
  ])(
    '%s',
    async (id) => {
      const { store, metrics, lanes } = await finished(id)
      const messages = new Messages()
      messages.update(store)
      expect(messages.lanes.size).toBeGreaterThan(0)
      for (const lane of lanes) {
        const figures = messages.lanes.get(lane)?.figures
        const of = (name: string) => metrics[`${lane}/${name}`]
        if (figures === undefined || figures.sent === 0) {
          expect(of('messages_sent'), lane).toBeNull()
          continue
        }
        const { sent, intended, delivered, missing, duplicated, outOfOrder, mistaken, delays } = figures
        expect({ lane, sent, intended, delivered, missing, duplicated, outOfOrder, mistaken }).toEqual({
          lane,
          sent: of('messages_sent'),
          intended: of('messages_intended'),
          delivered: of('messages_delivered'),
          missing: of('messages_lost'),
          duplicated: of('messages_duplicated'),
          outOfOrder: of('messages_out_of_order'),
          mistaken: of('messages_wrong'),
        })
        if (delays.length > 0)
          expect([quantileOf(delays, 0.5), quantileOf(delays, 0.95), quantileOf(delays, 1)]).toEqual([
            of('message_delay_median'),
            of('message_delay_p95'),
            of('message_delay_max'),
          ])
      }
    },
    60_000,
  )
})

test('calls', async () => {
  const { store, metrics, lanes } = await finished('rpc')
  const calls = new Calls()
  calls.update(store)
  for (const lane of lanes) {
    const { ended } = calls.lanes.get(lane)!
    const of = (name: string) => metrics[`${lane}/${name}`]
    expect(ended.filter(({ status }) => status === 'OK')).toHaveLength(of('calls_finished')!)
    expect([sumOf(ended[0].bytes!), sumOf(ended.at(-1)!.bytes!)]).toEqual([
      of('first_call_bytes'),
      of('last_call_bytes'),
    ])
    const mean = meanOf(ended)!
    expect(mean.message).toBeCloseTo(of('call_message_bytes')!, 6)
    expect(mean.headers).toBeCloseTo(of('call_header_bytes')!, 6)
  }
})
