/** Four ways of hearing of messages that come up at a server. */
import { describe, expect, it } from 'vitest'
import { FEEDS, type Feed } from '../../../../../shared/messaging.ts'
import { runFeed, WAY, type FeedLab } from '../../../../support/feed-lab.ts'
import type { MessageResult } from '../../../../support/message-lab.ts'

const RTT = 2 * WAY
const upTo = (count: number): number[] => Array.from({ length: count }, (_, i) => i + 1)
const over = (how: Feed, more: FeedLab = {}): Promise<MessageResult> =>
  runFeed({ ...more, client: { how, ...more.client } })

/** Every message came once, in order and whole. */
function expectAll({ all, run }: MessageResult, count = 6): void {
  const received = all('app:message_received')
  expect(received.map(({ message }) => message)).toEqual(upTo(count))
  for (const one of received)
    expect(one).toMatchObject({ channel: 'server:80', copy: 1, late: false, wrong: '' })
  expect(run.summary!.metrics['one/messages_lost']).toBe(0)
  expect(all('app:finished')).toMatchObject([{ error: '' }])
}

const delays = ({ all }: MessageResult): number[] => all('app:message_received').map(({ delay }) => delay)

describe.each(FEEDS)('%s', (how) => {
  it.each(['virtual', 'live'] as const)(
    'hears every message once, in order and whole, in %s time',
    async (driver) => {
      const result = await over(how, { driver })
      expectAll(result)
      expect(Math.min(...delays(result))).toBeGreaterThanOrEqual(WAY)
    },
  )

  it('does so over TLS', async () => {
    const tls = {}
    expectAll(await over(how, { server: { port: 443, tls }, client: { port: 443, tls } }).then(withPort80))
  })

  it('does so under loss', async () => {
    const lossy = { delay: WAY, loss: { rate: 0.1 } }
    const result = await over(how, { link: { up: lossy, down: lossy } })
    expectAll(result)
    expect(result.all('link:packet_dropped').length).toBeGreaterThan(0)
  })

  it('gets what came up before it came itself', async () => {
    expectAll(await over(how, { client: { start: 5_000_000 } }))
  })

  it('gets through in the end when the network is cut at first', async () => {
    // The way there is cut at first: TCP tries again, and so does the client when TCP gives up.
    const result = await over(how, {
      link: {
        up: { delay: WAY, outage: { down: true } },
        down: { delay: WAY },
      },
      steps: [{ at: 3_000_000, set: { 'links.link.up.outage.down': false } }],
    })
    expectAll(result)
  })
})

/** The same, with the channel that a test without TLS has. */
const withPort80 = (result: MessageResult): MessageResult => ({
  ...result,
  all: (name) =>
    result.all(name).map((data) => ('channel' in data ? { ...data, channel: 'server:80' } : data)) as never,
})

describe('how long a message takes', () => {
  const EVEN = { server: { spacing: 'even', every: 700_000, start: 1_000_000 } } as const

  it('over a WebSocket, and by server-sent events: one way', async () => {
    for (const how of ['websocket', 'sse'] as const)
      for (const delay of delays(await over(how, EVEN))) expect(delay, how).toBeCloseTo(WAY, -3)
  })

  it('by long polling: one way, if the client waits already', async () => {
    for (const delay of delays(await over('long-polling', EVEN))) expect(delay).toBeCloseTo(WAY, -3)
  })

  it('by long polling: three ways, if it comes up just after an answer', async () => {
    const result = await over('long-polling', {
      server: { spacing: 'even', every: 1_000, count: 3, start: 1_000_000 },
    })
    expectAll(result, 3)
    // The answer goes there, the next request comes back, the next answer goes there, with all that came up meanwhile.
    const [first, second] = delays(result)
    expect(first).toBeCloseTo(WAY, -3)
    expect(second).toBeGreaterThan(3 * WAY - 2_000)
    expect(second).toBeLessThan(3 * WAY + 2_000)
  })

  it('by polling: up to the interval, and one way', async () => {
    const result = await over('polling', { client: { interval: 2_000_000 }, server: { count: 20 } })
    const waited = delays(result)
    expect(Math.max(...waited)).toBeLessThan(2_000_000 + RTT + 2_000)
    expect(Math.max(...waited)).toBeGreaterThan(1_000_000)
  })
})

describe('requests', () => {
  const requests = ({ run }: MessageResult): number => run.summary!.metrics['one/requests']!

  it('of polling go by the clock, whether there is news or not', async () => {
    const result = await over('polling', { server: { count: 1, start: 2_900_000 } })
    // At 0, 0.5 ... 3 s.
    expect(requests(result)).toBe(7)
    const statuses = result.all('http:response_started').map(({ status }) => status)
    expect(statuses).toEqual([204, 204, 204, 204, 204, 204, 200])
  })

  it('of long polling are one a message, and one for each time that it was held long enough', async () => {
    const result = await over('long-polling', {
      server: { count: 3, spacing: 'even', every: 1_000_000, start: 500_000, hold: 600_000 },
    })
    expectAll(result, 3)
    expect(result.all('http:response_started').map(({ status }) => status)).toEqual([200, 204, 200, 204, 200])
  })

  it.each(['sse', 'websocket'] as const)('%s makes one', async (how) => {
    expect(requests(await over(how))).toBe(1)
  })
})

describe('the WebSocket', () => {
  it('says where it is, at both ends, and closes with 1000', async () => {
    const { run } = await over('websocket')
    const states = [...run.reader.events(['ws:state'])].map(({ node, data }) => [node, data.state, data.code])
    expect(states.filter(([node]) => node === 'one/client')).toEqual([
      ['one/client', 'connecting', 0],
      ['one/client', 'open', 0],
      ['one/client', 'closed', 1000],
    ])
    expect(states.filter(([node]) => node === 'one/server')).toEqual([
      ['one/server', 'open', 0],
      ['one/server', 'closed', 1000],
    ])
  })

  it('shakes hands by HTTP: 101, and the answer to the key (RFC 6455 4.2.2)', async () => {
    const { all } = await over('websocket')
    const [request, response] = all('http:message_started')
    const fields = Object.fromEntries(JSON.parse(request.fields) as [string, string][])
    const answer = Object.fromEntries(JSON.parse(response.fields) as [string, string][])
    expect(response.status).toBe(101)
    const lower = (record: Record<string, string>): Record<string, string> =>
      Object.fromEntries(Object.entries(record).map(([name, value]) => [name.toLowerCase(), value]))
    expect(lower(fields)).toMatchObject({ upgrade: 'websocket', 'sec-websocket-version': '13' })
    expect(lower(fields)).not.toHaveProperty('sec-websocket-extensions')
    expect(lower(fields)['sec-websocket-key']).toHaveLength(24)
    expect(lower(answer)['sec-websocket-accept']).toHaveLength(28)
  })

  it('pings as often as it is told to, in lab time', async () => {
    const quiet = await over('websocket', { server: { count: 1, start: 5_050_000 } })
    const pinging = await over('websocket', {
      server: { count: 1, start: 5_050_000 },
      client: { ping: 1_000_000 },
    })
    // A Ping of 6 bytes, a Pong of 2, five times.
    const bytes = ({ run }: MessageResult): number => run.summary!.metrics['one/wire_bytes']!
    expect(bytes(pinging) - bytes(quiet)).toBe(5 * 8)
  })
})
