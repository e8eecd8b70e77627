/** Figures of messages: they add up, and are what the link and the framing made of what was sent. */
import { describe, expect, it } from 'vitest'
import { DeliveryLog } from '../../../../electron/engine/metrics/delivery-log.ts'
import { quantile } from '../../../../electron/engine/metrics/quantile.ts'
import { runMessages, type MessageLab } from '../../../support/message-lab.ts'

type Figures = Record<string, number | null>

/** The figures of a run under their bare names. */
async function figuresOf(lab: MessageLab): Promise<Figures> {
  const { run } = await runMessages(lab)
  const { metrics } = run.summary!
  return Object.fromEntries(Object.entries(metrics).map(([name, value]) => [name.replace('one/', ''), value]))
}

const down = { delay: 5_000 }
const udp = (up: object, sender: object = {}): MessageLab => ({
  both: { over: 'udp' },
  sender: { count: 100, every: 1_000, ...sender },
  link: { up: { delay: 5_000, ...up }, down },
})

it('of UDP: delivered, lost, duplicated and out of order are what the link did', async () => {
  const figures = await figuresOf(udp({ loss: { rate: 0.1 }, duplicate: { rate: 0.1 } }))
  expect(figures.messages_sent).toBe(100)
  expect(figures.messages_intended).toBe(100)
  expect(figures.messages_lost).toBeGreaterThan(0)
  expect(figures.messages_delivered! + figures.messages_lost!).toBe(100)
  expect(figures.messages_duplicated).toBeGreaterThan(0)
  const reordered = await figuresOf(udp({ reorder: { rate: 0.1, gap: 2 } }))
  expect(reordered.messages_out_of_order).toBe(reordered.packets_reordered)
})

it('of delays: the mean, the middle, and the largest', async () => {
  const figures = await figuresOf({ sender: { count: 4, every: 100_000 } })
  // The first waits for the handshake: 15 ms, the others 5.
  expect(figures.message_delay_max).toBe(15_000)
  expect(figures.message_delay_median).toBe(5_000)
  expect(figures.message_delay_mean).toBe(7_500)
  expect(figures.message_delay_p95).toBe(15_000)
})

it('of bytes: all that hosts put on the wire, a message', async () => {
  const sizes = { count: 10, shortest: 100, every: 50_000 }
  // 20 bytes of IPv4 and 8 of UDP.
  expect(
    (await figuresOf({ ...udp({}, sizes), both: { over: 'udp', longest: 100 } })).wire_bytes_per_message,
  ).toBe(128)
  const tcp = await figuresOf({ both: { longest: 100 }, sender: sizes })
  // 104 bytes with 52 of headers, an ACK of 52 for each, and the beginning and the end of the connection.
  expect(tcp.wire_bytes_per_message).toBeGreaterThan(208)
  expect(tcp.wire_bytes_per_message).toBeLessThan(260)
})

it('of a reader without framing: what it got wrong, by how', async () => {
  const figures = await figuresOf({
    both: { framing: 'none' },
    sender: { count: 50, writes: 'cut', every: 1_000 },
  })
  expect(figures.messages_glued).toBeGreaterThan(0)
  expect(figures.messages_split).toBeGreaterThan(0)
  expect(figures.messages_damaged).toBe(0)
  expect(figures.messages_wrong).toBe(figures.messages_glued! + figures.messages_split!)
  expect(figures.messages_lost).toBe(50 - figures.messages_delivered!)
})

it('has no delay where nothing comes, and no calls where nobody calls', async () => {
  const { run } = await runMessages({ sender: { port: 6000, count: 1 } })
  expect(run.summary!.metrics['one/messages_delivered']).toBe(0)
  expect(run.summary!.metrics['one/message_delay_mean']).toBeNull()
  expect(run.summary!.metrics['one/calls_finished']).toBeNull()
})

describe('the log', () => {
  const came = { channel: 'feed', message: 1, size: 1, copy: 1, late: false, delay: 5, wrong: '' }
  const sent = { channel: 'feed', message: 1, size: 1 }

  it('intends what is sent on a channel for all who get anything from it', () => {
    const log = new DeliveryLog()
    log.onSent(sent)
    expect(log.intended).toBe(1)
    log.onReceived('a', came)
    log.onReceived('b', came)
    log.onReceived('b', { ...came, copy: 2 })
    expect([log.sent, log.intended, log.delivered, log.duplicated]).toEqual([1, 2, 2, 1])
    log.onIntended(3)
    expect([log.sent, log.intended]).toEqual([2, 5])
  })

  it('counts neither a late duplicate as out of order nor what is wrong as delivered', () => {
    const log = new DeliveryLog()
    log.onReceived('a', { ...came, copy: 2, late: true })
    log.onReceived('a', { ...came, copy: 0, late: false, delay: -1, wrong: 'split' })
    expect([log.delivered, log.outOfOrder, log.duplicated, log.wrongs]).toEqual([0, 0, 1, 1])
    expect(log.delays).toEqual([])
  })
})

it('takes the nearest rank for a quantile', () => {
  const values = [5, 1, 4, 2, 3]
  expect([0, 0.2, 0.21, 0.5, 0.95, 1].map((q) => quantile(values, q))).toEqual([1, 1, 2, 3, 5, 5])
})
