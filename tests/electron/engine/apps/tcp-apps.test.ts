/** The programs on plain TCP: what they do when, over a link of 5 ms each way without a limit of rate. */
import { describe, expect, it } from 'vitest'
import type { App, SetupInput } from '../../../../shared/experiment.ts'
import type { EventData, EventName } from '../../../../shared/trace/events.ts'
import { parseAddress } from '../../../../electron/protocol/wire/address.ts'
import { finishedRun, smallExperiment, smallSetup } from '../../../support/runs.ts'

type AppInput = SetupInput['apps'][string]
type Given<K extends App['kind']> = Omit<Extract<AppInput, { kind: K }>, 'kind' | 'host' | 'port' | 'to'>

const PORT = 5001
const send = (more: Given<'tcp-send'> = {}): AppInput =>
  ({ kind: 'tcp-send', host: 'client', to: 'server', port: PORT, ...more }) as const
const sink = (more: Given<'tcp-sink'> = {}): AppInput => ({
  ...({ kind: 'tcp-sink', host: 'server', port: PORT } as const),
  ...more,
})
const ask = (more: Given<'tcp-ask'> = {}): AppInput =>
  ({ kind: 'tcp-ask', host: 'client', to: 'server', port: PORT, ...more }) as const
const answer = (more: Given<'tcp-answer'> = {}): AppInput =>
  ({ kind: 'tcp-answer', host: 'server', port: PORT, ...more }) as const
const crowd = (more: Given<'tcp-crowd'> = {}): AppInput =>
  ({ kind: 'tcp-crowd', host: 'client', to: 'server', port: PORT, ...more }) as const

interface More {
  readonly link?: Parameters<typeof smallSetup>[0]
  readonly tcp?: Record<string, unknown>
  readonly steps?: readonly { at: number; set: Record<string, unknown> }[]
  readonly duration?: number
  readonly driver?: 'virtual' | 'live'
}

async function run(apps: Record<string, AppInput>, more: More = {}) {
  const setup = { ...smallSetup(more.link), apps }
  const tcp = { delayedAck: 0, ...more.tcp }
  const hosts = { client: { role: 'client', tcp }, server: { role: 'server', tcp } } as const
  const { steps = [], duration = 60_000_000, driver = 'virtual' } = more
  const experiment = smallExperiment({
    setup: { ...setup, hosts } as SetupInput,
    duration,
    steps: steps as never,
  })
  const finished = await finishedRun({ experiment: experiment as never, driver })
  const events = <N extends EventName>(name: N, node = '') =>
    [...finished.reader.events([name])].filter((event) => event.node.endsWith(node))
  const data = <N extends EventName>(name: N, node = '') =>
    events(name, node).map((event) => event.data as EventData<N>)
  const states = (node: string) => events('tcp:state_changed', node).map(({ t, data: { to } }) => [t, to])
  return { events, data, states, metrics: finished.summary!.metrics }
}

describe('a sender', () => {
  it('has the port that it is given', async () => {
    const { events } = await run({ a: send({ localPort: 40_000 }), s: sink() })
    expect(events('app:connected', 'server')[0].data.peer).toBe('10.77.0.1:40000')
  })

  it('cannot have a port whose connection is still in TIME-WAIT', async () => {
    const again = send({ localPort: 40_000, start: 1_000_000 })
    const { data } = await run({ a: send({ localPort: 40_000 }), b: again, s: sink() })
    expect(data('app:finished', 'client').map(({ error }) => error)).toEqual(['', 'address_in_use'])
  })

  it('closes so long after its last write', async () => {
    const { states } = await run({ a: send({ bytes: 1_000, closeDelay: 70_000 }), s: sink() })
    expect(states('client').find(([, to]) => to === 'FIN-WAIT-1')).toEqual([80_000, 'FIN-WAIT-1'])
  })

  it('reads what comes back until the peer has closed, too', async () => {
    const { data, states } = await run({ a: send({ bytes: 100 }), s: sink({ reply: 200_000 }) })
    expect(data('app:compared', 'client')).toEqual([{ bytes: 200_000, differing: 0 }])
    expect(states('client').map(([, to]) => to)).toEqual([
      ...['SYN-SENT', 'ESTABLISHED', 'FIN-WAIT-1', 'FIN-WAIT-2', 'TIME-WAIT'],
    ])
  })
})

describe('a sink', () => {
  it('waits before it closes in turn', async () => {
    const { states } = await run({ a: send({ bytes: 100 }), s: sink({ closeDelay: 30_000 }) })
    const [asked] = states('server').find(([, to]) => to === 'CLOSE-WAIT')!
    const [closed] = states('server').find(([, to]) => to === 'LAST-ACK')!
    expect((closed as number) - (asked as number)).toBe(30_000)
  })

  it('closes first when it is told to, and ends in TIME-WAIT', async () => {
    const { states, data } = await run(
      { a: send({ close: false }), s: sink({ closeAfter: 50_000 }) },
      {
        duration: 1_000_000,
      },
    )
    // The SYN takes 5 ms, the SYN-ACK and the ACK 10 ms.
    expect(states('server')).toContainEqual([65_000, 'FIN-WAIT-1'])
    expect(data('app:finished', 'server')).toEqual([])
    const both = await run({ a: send({ closeDelay: 80_000 }), s: sink({ closeAfter: 50_000 }) })
    expect(both.states('server').at(-1)![1]).toBe('TIME-WAIT')
    expect(both.data('app:finished', 'server').map(({ error }) => error)).toEqual([''])
  })

  it('does not read for a while, then in portions', async () => {
    const slow = sink({ readDelay: 100_000, rate: 10_000, readSize: 500 })
    const { events } = await run({ a: send({ bytes: 2_000 }), s: slow })
    const reads = new Map<number, number>()
    for (const { t, data } of events('tcp:data_read', 'server'))
      reads.set(t, (reads.get(t) ?? 0) + data.bytes)
    // Accepted at 15 ms; 500 bytes at 10 kB/s take 50 ms, and the first have been saved up.
    expect([...reads]).toEqual([
      [115_000, 500],
      [165_000, 500],
      [215_000, 500],
      [265_000, 500],
    ])
  })

  it('finds the bytes that are not what the sender wrote', async () => {
    const link = { up: { delay: 5_000, corrupt: { rate: 0.1, repair: true } } }
    const { data } = await run({ a: send({ bytes: 200_000 }), s: sink() }, { link })
    const compared = data('app:compared', 'server')
    const sum = (name: 'bytes' | 'differing') => compared.reduce((all, event) => all + event[name], 0)
    expect(sum('bytes')).toBe(200_000)
    expect(sum('differing')).toBeGreaterThan(0)
    // A flipped bit spoils one byte of a segment.
    expect(sum('differing')).toBeLessThan(40)
  })
})

describe('question and answer', () => {
  it('takes a round trip and what it takes to find the answer', async () => {
    const { data } = await run({ a: ask({ rounds: 3, pause: 1_000 }), s: answer({ delay: 20_000 }) })
    expect(data('app:asked')).toEqual([1, 2, 3].map((round) => ({ round, bytes: 100 })))
    expect(data('app:answered')).toEqual([1, 2, 3].map((round) => ({ round, bytes: 100, time: 30_000 })))
    expect(data('app:finished').map(({ error }) => error)).toEqual(['', ''])
  })

  it('asks in several writes, at a distance', async () => {
    const asked = ask({ rounds: 2, writes: [40, 60], gap: 7_000, answer: 50 })
    const { data, events } = await run({ a: asked, s: answer({ answer: 50 }) }, { tcp: { nagle: false } })
    expect(events('tcp:data_written', 'client').map(({ t, data: { bytes } }) => [t, bytes])).toEqual([
      [10_000, 40],
      [17_000, 60],
      [27_000, 40],
      [34_000, 60],
    ])
    expect(data('app:answered').map(({ time }) => time)).toEqual([17_000, 17_000])
  })

  it('goes on without an answer where none is wanted', async () => {
    const { events, data } = await run({
      a: ask({ rounds: 3, answer: 0, pause: 4_000 }),
      s: answer({ answer: 0 }),
    })
    expect(events('app:asked').map(({ t }) => t)).toEqual([10_000, 14_000, 18_000])
    expect(data('app:finished').map(({ error }) => error)).toEqual(['', ''])
  })

  it('says so when the answers do not come', async () => {
    const { data } = await run({ a: ask({ rounds: 2 }), s: sink({ closeAfter: 40_000 }) })
    expect(data('app:finished', 'client').map(({ error }) => error)).toEqual(['unanswered'])
  })

  it('asks more than the send buffer holds', async () => {
    const { data } = await run(
      { a: ask({ rounds: 2, writes: [100_000] }), s: answer({ question: 100_000 }) },
      { tcp: { sendBuffer: 10_000 } },
    )
    expect(data('app:answered')).toHaveLength(2)
  })
})

describe('a crowd', () => {
  it('is served, each by a connection of its own', async () => {
    const { data } = await run({ c: crowd({ clients: 30, every: 2_000 }), s: answer() })
    const left = data('app:client_left')
    expect(left.map(({ client }) => client)).toEqual(Array.from({ length: 30 }, (_, i) => i + 1))
    // The handshake, and the question with its answer.
    expect(left.every(({ waited, error }) => waited === 20_000 && error === '')).toBe(true)
    expect(data('app:finished', 'client')).toEqual([{ bytes: 3_000, sha256: '', error: '' }])
  })

  it('loses its patience', async () => {
    const slow = answer({ acceptDelay: 500_000 })
    const { data } = await run({ c: crowd({ clients: 5, every: 1_000, patience: 100_000 }), s: slow })
    expect(data('app:client_left').map(({ waited, error }) => [waited, error])).toEqual(
      Array.from({ length: 5 }, () => [100_000, 'impatient']),
    )
  })

  it('is turned away where nobody listens', async () => {
    const { data } = await run({ c: crowd({ clients: 3 }), s: { ...answer(), port: 80 } as AppInput })
    expect(data('app:client_left').map(({ error }) => error)).toEqual(['refused', 'refused', 'refused'])
  })
})

describe('a flood of SYNs', () => {
  const flood: AppInput = {
    kind: 'syn-flood',
    host: 'client',
    to: 'server',
    port: PORT,
    count: 500,
    rate: 5_000,
  }

  it('comes from addresses of the lane at which nobody is, as fast as it is set to, and ends', async () => {
    const { events, data } = await run({ f: flood, s: answer() }, { duration: 1_000_000 })
    const sent = events('tcp:segment_sent', 'client')
    expect(sent).toHaveLength(500)
    expect(sent.at(-1)!.t).toBeCloseTo(499 * 200, 0)
    const sources = sent.map(({ flow }) => (flow.split(':')[0] === '10.77.0.2' ? flow.split('-')[1] : flow))
    for (const source of sources) {
      const address = parseAddress(source.split(':')[0])!
      expect(address >>> 8).toBe(0x0a4d00)
      expect([1, 2]).not.toContain(address & 0xff)
    }
    expect(new Set(sources).size).toBeGreaterThan(490)
    expect(data('app:finished', 'client')).toEqual([{ bytes: 0, sha256: '', error: '' }])
  })

  it('leaves the host that it comes from without a connection, and fills the queue of the other', async () => {
    const { states, metrics } = await run({ f: flood, s: answer() }, { duration: 1_000_000 })
    expect(states('client')).toEqual([])
    expect(metrics['one/syn_queue_max']).toBe(128)
    expect(metrics['one/connections_established']).toBe(0)
  })
})

describe('a host that is switched off', () => {
  const off = (at: number, host = 'server') => ({ at, set: { [`hosts.${host}.power`]: 'off' } })
  const on = (at: number, host = 'server') => ({ at, set: { [`hosts.${host}.power`]: 'on' } })

  it('ends its programs and says nothing any more', async () => {
    const steps = [off(100_000, 'client')]
    const { data, events } = await run(
      { a: send({ close: false, bytes: 10 }), s: sink() },
      { steps, duration: 1e6 },
    )
    expect(data('app:finished', 'client')).toMatchObject([{ bytes: 10, error: 'host_off' }])
    expect(events('tcp:segment_sent', 'client').every(({ t }) => t < 100_000)).toBe(true)
    expect(data('app:finished', 'server')).toEqual([])
  })

  it('listens anew when it is on again, and knows no connection of before', async () => {
    const steps = [off(100_000), on(200_000)]
    const late = send({ start: 300_000, bytes: 10 })
    const first = send({ bytes: 10, wait: 250_000 })
    const { data } = await run({ first, late, s: sink() }, { steps })
    expect(data('app:finished', 'server').map(({ error }) => error)).toEqual(['host_off', ''])
    expect(data('app:finished', 'client').map(({ error }) => error)).toEqual(['reset', ''])
  })

  it('starts the programs that have not started yet when it is on again', async () => {
    const setup = { a: send({ start: 50_000, bytes: 10 }), s: sink() }
    const { events } = await run(setup, { steps: [off(10_000, 'client'), on(90_000, 'client')] })
    expect(events('app:started', 'client').map(({ t }) => t)).toEqual([90_000])
  })

  it('may be off from the beginning', async () => {
    const steps = [off(0), on(400_000)]
    const { states } = await run({ a: send({ bytes: 10 }), s: sink() }, { steps })
    expect(states('server')[0][1]).toBe('SYN-RECEIVED')
    expect(states('server')[0][0]).toBe(1_005_000)
  })

  it('may be off from time to time by the wall clock, too: its socket stays, and nothing is taken', async () => {
    const steps = [off(200_000), on(400_000)]
    const { data, events } = await run(
      { first: send({ bytes: 10, wait: 500_000 }), late: send({ start: 700_000, bytes: 10 }), s: sink() },
      { steps, driver: 'live' },
    )
    expect(data('app:finished', 'client').map(({ error }) => error)).toEqual(['reset', ''])
    expect(events('sim:fault')).toEqual([])
  })
})
