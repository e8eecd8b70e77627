/** The same calls in two styles: what they carry, what they cost, and how they fail. */
import { describe, expect, it } from 'vitest'
import { RPC_STYLES } from '../../../../../shared/messaging.ts'
import type { MessageResult } from '../../../../support/message-lab.ts'
import { RTT, runCalls } from '../../../../support/rpc-lab.ts'

const statuses = ({ all }: MessageResult): string[] => all('rpc:call_finished').map(({ status }) => status)
const metric = ({ run }: MessageResult, name: string): number => run.summary!.metrics[`one/${name}`]!
const times = ({ run }: MessageResult): number[] => {
  const starts = new Map([...run.reader.events(['rpc:call_started'])].map(({ t, data }) => [data.call, t]))
  return [...run.reader.events(['rpc:call_finished'])].map(({ t, data }) => t - starts.get(data.call)!)
}

describe.each(RPC_STYLES)('%s', (style) => {
  it.each(['virtual', 'live'] as const)('answers every call, in %s time', async (driver) => {
    const result = await runCalls({ style, driver })
    expect(statuses(result)).toEqual(Array(10).fill('OK'))
    expect(result.all('rpc:call_started').map(({ call }) => call)).toEqual([1, 2, 3, 4, 5, 6, 7, 8, 9, 10])
    expect(result.all('rpc:call_started')[0].method).toBe('/lab.Sensors/Read')
    expect(metric(result, 'calls_finished')).toBe(10)
    expect(result.all('app:finished')).toMatchObject([{ error: '' }])
  })

  it('does so over TLS, and under loss', async () => {
    const tls = { both: { port: 443, tls: {} } }
    expect(statuses(await runCalls({ style, ...tls }))).toEqual(Array(10).fill('OK'))
    const lossy = { delay: RTT / 2, loss: { rate: 0.1 } }
    expect(statuses(await runCalls({ style, link: { up: lossy, down: lossy } }))).toEqual(
      Array(10).fill('OK'),
    )
  })

  it('takes a round trip a call, one more for the first to open the connection, and what the server takes', async () => {
    const delay = 30_000
    const [first, ...others] = times(await runCalls({ style, server: { delay } }))
    expect(first).toBeGreaterThan(2 * RTT + delay - 1)
    expect(first).toBeLessThan(2 * RTT + delay + 1_000)
    for (const time of others) {
      expect(time).toBeGreaterThan(RTT + delay - 1)
      expect(time).toBeLessThan(RTT + delay + 1_000)
    }
  })

  it('makes as many calls at a time as it is told to', async () => {
    const result = await runCalls({ style, server: { delay: 50_000 }, client: { concurrency: 5 } })
    expect(statuses(result)).toEqual(Array(10).fill('OK'))
    expect(metric(result, 'connections_opened')).toBe(style === 'json' ? 5 : 1)
    let open = 0
    let most = 0
    for (const { name } of result.run.reader.events(['rpc:call_started', 'rpc:call_finished'])) {
      open += name === 'rpc:call_started' ? 1 : -1
      most = Math.max(most, open)
    }
    expect(most).toBe(5)
  })

  it('gives a call up at its deadline, and goes on with the next', async () => {
    const result = await runCalls({
      style,
      server: { delay: 100_000 },
      client: { calls: 3, deadline: 50_000 },
    })
    expect(statuses(result)).toEqual(Array(3).fill('DEADLINE_EXCEEDED'))
    expect(times(result)).toEqual([50_000, 50_000, 50_000])
    expect(metric(result, 'calls_failed')).toBe(3)
    expect(metric(result, 'calls_deadline_exceeded')).toBe(3)
    // A stream can be given up alone; of HTTP/1.1 the whole connection goes.
    expect(metric(result, 'connections_opened')).toBe(style === 'json' ? 3 : 1)
  })

  it('has answers in time with a deadline that is long enough', async () => {
    const result = await runCalls({ style, server: { delay: 10_000 }, client: { deadline: 200_000 } })
    expect(statuses(result)).toEqual(Array(10).fill('OK'))
  })

  it('fails with UNAVAILABLE where nobody listens', async () => {
    const result = await runCalls({ style, client: { port: 6000, calls: 2 } })
    expect(statuses(result)).toEqual(['UNAVAILABLE', 'UNAVAILABLE'])
    expect(result.all('rpc:call_finished')[0].error).toContain('ECONNREFUSED')
  })
})

describe('both', () => {
  it('ask and answer the same: what the one decodes is what the other does', async () => {
    const json = await runCalls({ style: 'json' })
    const grpc = await runCalls({ style: 'grpc' })
    const sizes = ({ all }: MessageResult) => all('rpc:call_finished').map(({ size }) => size)
    // Ten readings: 60-odd bytes each in JSON, 17 in protobuf (a tag and a length of 2, 7 of time, 5 of temperature, 2 of humidity).
    for (const size of sizes(json)) expect(size).toBeGreaterThan(10 * 55)
    for (const size of sizes(grpc)) expect(size).toBeLessThanOrEqual(10 * 16)
  })

  it('cost less once the connection is there and, of gRPC, the tables of HPACK are filled', async () => {
    const json = await runCalls({ style: 'json', client: { readings: 1 } })
    const grpc = await runCalls({ style: 'grpc', client: { readings: 1 } })
    expect(metric(grpc, 'first_call_bytes')).toBeGreaterThan(2 * metric(grpc, 'last_call_bytes'))
    expect(metric(grpc, 'last_call_bytes')).toBeLessThan(metric(json, 'last_call_bytes'))
    expect(metric(grpc, 'call_header_bytes')).toBeLessThan(metric(json, 'call_header_bytes') / 2)
  })

  it('tell of their requests as an HTTP client does', async () => {
    for (const style of RPC_STYLES) {
      const result = await runCalls({ style })
      expect(metric(result, 'requests')).toBe(10)
      expect(metric(result, 'requests_failed')).toBe(0)
    }
  })
})
