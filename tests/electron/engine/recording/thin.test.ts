import { describe, expect, it } from 'vitest'
import { thinBatch } from '../../../../electron/engine/recording/thin.ts'
import { eventsOf } from '../../../../electron/engine/recording/events.ts'
import { BatchBuilder, decodeBatch, type Batch } from '../../../../shared/trace/batch.ts'

const metrics = {
  ...{ cwnd: 1, ssthresh: 2, in_flight: 3, send_window: 4, receive_window: 5, smoothed_rtt: 6 },
  ...{ rtt_variance: 7, rto: 8, send_buffer: 9, receive_buffer: 10, out_of_order: 11, acked: 12 },
}

function batch(): ArrayBuffer {
  const builder = new BatchBuilder()
  const [client, server] = ['client', 'server'].map((name) => builder.strings.number(name))
  for (let i = 0; i < 10; i++) {
    builder.add('tcp:metrics_updated', { ...metrics, cwnd: i }, i * 3, i, client, 0, 0)
    builder.add('tcp:rtt_sampled', { rtt: i, source: 'timestamp' }, i * 3 + 1, i, server, 0, 0)
    builder.add('sim:mark', { text: `mark ${i}` }, i * 3 + 2, i, 0, 0, 0)
  }
  return builder.flush()!
}

const decode = (buffer: ArrayBuffer): Batch => {
  const decoded = decodeBatch(buffer)
  if ('reason' in decoded) throw new Error(decoded.reason)
  return decoded
}

describe('thinning a batch', () => {
  it('leaves out all samples but the last of each node, counts them, and nothing else', () => {
    const before = decode(batch())
    const after = decode(thinBatch(batch()))
    expect(after).toMatchObject({
      number: 0,
      thinned: 18,
      events: before.events - 18,
      strings: before.strings,
    })
    const events = [...eventsOf([after])]
    expect(events.filter(({ name }) => name === 'sim:mark')).toHaveLength(10)
    expect(events.filter(({ name }) => name === 'tcp:metrics_updated').map(({ data }) => data)).toEqual([
      { ...metrics, cwnd: 9 },
    ])
    expect(events.filter(({ name }) => name === 'tcp:rtt_sampled')).toHaveLength(1)
    expect(events).toEqual(
      [...eventsOf([before])].filter(({ seq }) => events.some((kept) => kept.seq === seq)),
    )
  })

  it('leaves a batch without samples as it is', () => {
    const builder = new BatchBuilder()
    builder.add('sim:mark', { text: 'x' }, 0, 0, 0, 0, 0)
    const buffer = builder.flush()!
    expect(thinBatch(buffer)).toBe(buffer)
  })
})
