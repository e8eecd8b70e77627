/** ping and traceroute in a lane, by what the trace says of their probes. */
import { describe, expect, it } from 'vitest'
import { datagramKey, echoKey, quotedKey } from '../../../../electron/engine/apps/probes.ts'
import type { SetupInput } from '../../../../shared/experiment.ts'
import type { EventData } from '../../../../shared/trace/events.ts'
import { routedSetup } from '../../../support/network.ts'
import { finishedRun, smallExperiment } from '../../../support/runs.ts'
import type { StartOptions } from '../../../../electron/engine/plan.ts'

type Apps = SetupInput['apps']
interface Probe extends EventData<'probe:sent'> {
  readonly pkt: number
  readonly answer: EventData<'probe:answered'> | 'none' | undefined
}

async function probesOf(apps: Apps, change: Partial<SetupInput> = {}, options: Partial<StartOptions> = {}) {
  const setup = { ...routedSetup(), ...change, apps }
  const run = await finishedRun({ experiment: smallExperiment({ setup }), ...options })
  const probes = new Map<string, Probe>()
  for (const { name, data, pkt } of run.reader.events(['probe:sent', 'probe:answered', 'probe:timed_out'])) {
    const key = `${data.program} ${data.number}`
    const answer = name === 'probe:sent' ? undefined : name === 'probe:answered' ? data : 'none'
    if (name === 'probe:sent') probes.set(key, { ...data, pkt, answer })
    else probes.set(key, { ...probes.get(key)!, answer: answer as Probe['answer'] })
  }
  return { run, of: (program: string) => [...probes.values()].filter((probe) => probe.program === program) }
}

/** What answered each probe: kind and address. */
const answers = (probes: readonly Probe[]): (readonly [string, string] | 'none' | undefined)[] =>
  probes.map(({ answer }) => (typeof answer === 'object' ? [answer.kind, answer.from] : answer))

const ping = (more: object = {}): Apps[string] => ({ kind: 'ping', host: 'client', to: 'server', ...more })
const traceroute = (more: object = {}): Apps[string] => ({
  ...{ kind: 'traceroute', host: 'client', to: 'server' },
  ...more,
})

describe('ping', () => {
  it('has each request echoed by a host after one round trip of the path', async () => {
    const { of } = await probesOf({ ping: ping({ count: 3, every: 100_000 }) })
    expect(answers(of('ping'))).toEqual(Array(3).fill(['echo_reply', '10.77.2.20']))
    // Two networks of 200 us and the link of 5 ms, there and back; the first also waits for ARP.
    expect(of('ping').map(({ answer }) => (answer as EventData<'probe:answered'>).rtt)).toEqual([
      21_600, 10_800, 10_800,
    ])
    expect(of('ping').map(({ size, ttl, protocol }) => [size, ttl, protocol])).toEqual(
      Array(3).fill([84, 64, 'icmp']),
    )
  })

  it('is answered by a router from the very address that was asked for, on either side of it', async () => {
    const apps = { near: ping({ to: 'east' }), far: ping({ to: '10.77.2.1' }) }
    const { of } = await probesOf(apps)
    expect(answers(of('near'))).toEqual(Array(5).fill(['echo_reply', '10.77.1.2']))
    expect(answers(of('far'))).toEqual(Array(5).fill(['echo_reply', '10.77.2.1']))
  })

  it('waits in vain for nobody, and ends all the same', async () => {
    const { of, run } = await probesOf({ ping: ping({ to: '10.77.0.200', count: 2, timeout: 500_000 }) })
    expect(answers(of('ping'))).toEqual(['none', 'none'])
    expect(run.info.state).toBe('finished')
  })

  it('hears from a router that there is no such network, and no such host', async () => {
    const { of } = await probesOf({
      network: ping({ to: '10.77.9.9', count: 1 }),
      host: ping({ to: '10.77.2.200', count: 1, timeout: 10_000_000 }),
    })
    expect(answers(of('network'))).toEqual([['net_unreachable', '10.77.0.1']])
    expect(answers(of('host'))).toEqual([['host_unreachable', '10.77.1.2']])
  })

  it('goes in fragments when it is large, and says who would have had to cut it when that is forbidden', async () => {
    const base = routedSetup({ up: { delay: 5_000, mtu: 1200 } })
    const large = { size: 4_000, count: 1 }
    const apps = {
      cut: ping(large),
      whole: ping({ count: 1, size: 1_300, dontFragment: true }),
      own: ping({ ...large, dontFragment: true }),
    }
    const { of } = await probesOf(apps, base)
    expect(answers(of('cut'))).toEqual([['echo_reply', '10.77.2.20']])
    expect(of('whole')[0].answer).toMatchObject({
      kind: 'fragmentation_needed',
      from: '10.77.0.1',
      mtu: 1200,
    })
    expect(of('own')[0]).toMatchObject({
      pkt: 0,
      answer: { kind: 'fragmentation_needed', from: '10.77.0.10', mtu: 1500 },
    })
  })

  it('takes no answer to another for its own', async () => {
    const apps = { good: ping({ count: 4 }), bad: ping({ to: '10.77.9.9', count: 4 }) }
    const { of } = await probesOf(apps)
    expect(answers(of('good'))).toEqual(Array(4).fill(['echo_reply', '10.77.2.20']))
    expect(answers(of('bad'))).toEqual(Array(4).fill(['net_unreachable', '10.77.0.1']))
  })

  it('counts an answer that comes too late as none', async () => {
    const { of } = await probesOf({ ping: ping({ count: 1, timeout: 20_000 }) })
    expect(answers(of('ping'))).toEqual(['none'])
  })

  it('means by an address of the first lane that of its own', async () => {
    const lanes = ['a', 'b'].map((id) => ({ id, label: { en: id, zh: id } }))
    const setup = { ...routedSetup(), apps: { ping: ping({ to: '10.77.2.20', count: 1 }) } }
    const run = await finishedRun({ experiment: smallExperiment({ setup, lanes }) })
    const from = [...run.reader.events(['probe:answered'])].map(({ data }) => data.from)
    expect(from).toEqual(['10.77.2.20', '10.77.18.20'])
  })
})

describe('traceroute', () => {
  const hops = [
    ...Array<[string, string]>(3).fill(['time_exceeded', '10.77.0.1']),
    ...Array<[string, string]>(3).fill(['time_exceeded', '10.77.1.2']),
  ]

  it('names each router by the address on its near side, then the target, with datagrams', async () => {
    const { of } = await probesOf({ route: traceroute() })
    const end = Array<[string, string]>(3).fill(['port_unreachable', '10.77.2.20'])
    expect(answers(of('route'))).toEqual([...hops, ...end])
    expect(of('route').map(({ ttl }) => ttl)).toEqual([1, 1, 1, 2, 2, 2, 3, 3, 3])
  })

  it('does so with echo requests, too', async () => {
    const { of } = await probesOf({ route: traceroute({ probe: 'icmp' }) })
    const end = Array<[string, string]>(3).fill(['echo_reply', '10.77.2.20'])
    expect(answers(of('route'))).toEqual([...hops, ...end])
  })

  it('stops where a router knows no way on', async () => {
    const { of } = await probesOf({ route: traceroute({ to: '10.77.9.9', probes: 1 }) })
    expect(answers(of('route'))).toEqual([['net_unreachable', '10.77.0.1']])
  })

  it('gives up after so many hops where packets go in a circle', async () => {
    const { routers, ...rest } = routedSetup()
    const west = { ...routers!.west, routes: [{ to: '0.0.0.0/0', via: 'east' }] }
    const { of } = await probesOf(
      { route: traceroute({ to: '10.77.9.9', probes: 1, maxHops: 6 }) },
      { ...rest, routers: { ...routers, west } },
    )
    const from = answers(of('route')).map((answer) => (answer as [string, string])[1])
    expect(from).toEqual(['10.77.0.1', '10.77.1.2', '10.77.0.1', '10.77.1.2', '10.77.0.1', '10.77.1.2'])
  })

  it('goes on past a hop that keeps silent', async () => {
    // All errors of the first router are lost: its budget of them is one that others use up.
    const flood = ping({ ttl: 1, count: 2_000, every: 1_000, timeout: 10_000 })
    const { of } = await probesOf({
      flood,
      route: traceroute({ start: 500_000, probes: 1, timeout: 200_000 }),
    })
    const kinds = answers(of('flood')).map((answer) => (answer === 'none' ? 'none' : 'told'))
    // RFC 1812 4.3.2.8: 50 at once and 100 a second.
    expect(kinds.filter((kind) => kind === 'told').length).toBeGreaterThan(200)
    expect(kinds.filter((kind) => kind === 'told').length).toBeLessThanOrEqual(251)
    expect(answers(of('route'))[0]).toBe('none')
    expect(answers(of('route')).at(-1)).toEqual(['port_unreachable', '10.77.2.20'])
  })
})

describe('what an ICMP error quotes', () => {
  const quoted = { source: 1, destination: 2, sourcePort: 40_000, destinationPort: 33_434, sequence: 0 }

  it('is a probe only if it is a datagram or an echo request', () => {
    expect(quotedKey({ ...quoted, protocol: 17 })).toBe(datagramKey(40_000, 33_434))
    expect(quotedKey({ ...quoted, protocol: 6 })).toBeUndefined()
    // Type and code stand where ports would, identifier and number where TCP has its sequence number.
    const echo = { ...quoted, protocol: 1, sequence: 0x0007_0009 }
    expect(quotedKey({ ...echo, sourcePort: 8 << 8 })).toBe(echoKey(7, 9))
    expect(quotedKey({ ...echo, sourcePort: 0 })).toBeUndefined()
  })
})

describe('a host that loses its power', () => {
  it('takes its programs with it: nothing is sent any more, and the run ends', async () => {
    const setup = {
      ...routedSetup(),
      apps: { ping: ping({ count: 50, every: 100_000 }), route: traceroute() },
    }
    const steps = [
      { at: 250_000, set: { 'hosts.client.power': 'off' } },
      { at: 600_000, set: { 'hosts.client.power': 'on' } },
    ]
    const run = await finishedRun({ experiment: smallExperiment({ setup, steps }) })
    const sent = [...run.reader.events(['probe:sent'])]
    expect(sent.filter(({ data }) => data.program === 'ping').length).toBe(3)
    expect(sent.every(({ t }) => t < 250_000)).toBe(true)
    expect(run.summary!.duration).toBeLessThan(1_000_000)
  })
})

describe('what the set-up may ask', () => {
  it('refuses a target that is neither address nor host nor router', async () => {
    await expect(probesOf({ ping: ping({ to: 'nobody' }) })).rejects.toThrow('an address, a host or a router')
  })

  it('runs live as well', async () => {
    const apps = { ping: ping({ count: 2, every: 50_000 }), route: traceroute({ probes: 1 }) }
    const { of } = await probesOf(apps, {}, { driver: 'live' })
    expect(answers(of('ping'))).toEqual(Array(2).fill(['echo_reply', '10.77.2.20']))
    expect(answers(of('route')).map((answer) => (answer as [string, string])[1])).toEqual([
      '10.77.0.1',
      '10.77.1.2',
      '10.77.2.20',
    ])
  })
})

describe('figures', () => {
  const measured = async (apps: Apps, change: Partial<SetupInput> = {}) => {
    const { run } = await probesOf(apps, change)
    return (name: string) => run.summary!.metrics[`one/${name}`]
  }

  it('has the median and the slow end of round trips', async () => {
    const of = await measured({ ping: ping({ count: 20, every: 100_000 }) })
    expect([of('ping_rtt_median'), of('ping_rtt_p95'), of('ping_rtt_max')]).toEqual([10_800, 10_800, 21_600])
    expect([of('probes_sent'), of('probes_answered'), of('probes_timed_out')]).toEqual([20, 20, 0])
    expect(of('hops_found')).toBeNull()
  })

  it('holds the hops that were found against the routers that were passed', async () => {
    const of = await measured({ route: traceroute() })
    expect([of('hops_found'), of('hop_addresses_right'), of('routers_found')]).toEqual([2, 2, 2])
    expect([of('target_reached'), of('first_prefix_length')]).toEqual([1, 24])
  })

  it('knows no right address of a hop that no probe passed', async () => {
    const of = await measured({ route: traceroute({ maxHops: 2 }) })
    expect([of('hops_found'), of('hop_addresses_right'), of('target_reached')]).toEqual([2, 1, 0])
  })

  it('counts the fragments that hosts and routers make, and the datagrams that were whole again', async () => {
    const of = await measured(
      { ping: ping({ size: 2_800, count: 1 }) },
      routedSetup({ up: { delay: 5_000, mtu: 1_000 } }),
    )
    // 2,808 bytes of payload in 1480 and 1328; the router cuts both in two; the reply comes in two.
    expect([of('fragments'), of('fragments_on_the_way')]).toEqual([8, 4])
    expect([of('reassemblies'), of('reassemblies_failed')]).toEqual([2, 0])
  })
})
