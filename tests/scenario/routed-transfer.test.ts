/** TCP through host, switch, router, router, switch, host: whole, under loss, in both drivers. */
import { describe, expect, it } from 'vitest'
import type { Run } from '../../electron/engine/run.ts'
import type { SetupInput } from '../../shared/experiment.ts'
import { routedSetup, switchedSetup } from '../support/network.ts'
import { createRun, packetBytes, smallExperiment, traceBytes } from '../support/runs.ts'

const full = process.env.REXMIT_FULL === '1'

async function finished(setup: SetupInput, driver: 'virtual' | 'live', seed = 1): Promise<Run> {
  const run = createRun({ experiment: smallExperiment({ setup }) as never, driver, seed })
  await run.start()
  await run.ended
  expect(run.info).toMatchObject({ state: 'finished' })
  return run
}

const figure = (run: Run, name: string): number | null => run.summary!.metrics[`one/${name}`]

/** Loses, doubles and disorders in the middle and at the edge, ARP like all else. */
const rough = (bytes: number): SetupInput => {
  const setup = routedSetup(
    {
      up: {
        delay: 4_000,
        loss: { rate: 0.03 },
        duplicate: { rate: 0.02 },
        jitter: { amount: 300, reorders: true },
      },
      down: { delay: 4_000, loss: { rate: 0.03 } },
    },
    bytes,
  )
  setup.links.desk = { ...setup.links.desk, up: { loss: { rate: 0.03 } }, down: { loss: { rate: 0.03 } } }
  return setup
}

describe.each(['virtual', 'live'] as const)('%s', (driver) => {
  it('all bytes arrive whole through two routers and two switches, under loss', async () => {
    for (const seed of full && driver === 'virtual' ? Array.from({ length: 50 }, (_, i) => i) : [1, 2]) {
      const run = await finished(rough(150_000), driver, seed)
      expect(run.summary!.faults).toEqual([])
      expect(figure(run, 'bytes_intact'), `seed ${seed}`).toBe(1)
      expect(figure(run, 'packets_lost')).toBeGreaterThan(0)
      expect(figure(run, 'hops')).toBe(2)
      // Corruption apart, nothing that arrives is to be refused.
      expect([...run.reader.events(['ip:packet_rejected'])]).toEqual([])
    }
  })

  it('a packet keeps its number, and loses one of its time to live at each router', async () => {
    const run = await finished(routedSetup({}, 20_000), driver)
    const syn = [...run.reader.events(['tcp:segment_sent'])][0]
    const steps = [...run.reader.events(['ip:packet_forwarded'])].filter(({ pkt }) => pkt === syn.pkt)
    expect(steps.map(({ node, data }) => `${node} ${data.ttl}`)).toEqual(['one/west 63', 'one/east 62'])
    // What leaves one router is what reaches the next.
    expect(steps[1].data.before).toBe(steps[0].data.after)
    const [sent, arrived] = [run.reader.packet(syn.pkt)!, run.reader.alteredPacket(syn.pkt)!]
    const hex = (bytes: Uint8Array) => Buffer.from(bytes).toString('hex')
    expect(steps[0].data.before).toBe(hex(sent.bytes).slice(0, steps[0].data.before.length))
    expect(steps[1].data.after).toBe(hex(arrived.bytes).slice(0, steps[1].data.after.length))
    // Payload and transport header are the same to the last byte.
    expect(hex(arrived.bytes.subarray(34))).toBe(hex(sent.bytes.subarray(34)))
  })

  it('each node asks once for each neighbour, and every forwarded packet is rewritten', async () => {
    const run = await finished(routedSetup({}, 20_000), driver)
    // client for west, west for east, east for server; the answers teach the way back.
    expect(figure(run, 'arp_requests')).toBe(3)
    expect(figure(run, 'arp_replies')).toBe(3)
    expect(figure(run, 'frames_flooded')).toBe(0)
    expect(figure(run, 'ttl_expired')).toBe(0)
    expect(figure(run, 'packets_forwarded')).toBeGreaterThan(40)
    expect(figure(run, 'headers_rewritten')).toBe(figure(run, 'packets_forwarded'))
    const { path_rtt_min: rtt } = Object.fromEntries(
      Object.entries(run.summary!.metrics).map(([name, value]) => [name.replace('one/', ''), value]),
    )
    expect(rtt).toBeGreaterThanOrEqual(10_800)
  })
})

describe('on one switch', () => {
  it('a third host sees what is for all, and nothing that is for another once that one is known', async () => {
    const run = await finished(switchedSetup({}, 50_000), 'virtual')
    expect(figure(run, 'bytes_intact')).toBe(1)
    expect(figure(run, 'hops')).toBe(0)
    const atThird = [...run.reader.events(['link:packet_delivered'])].filter(
      ({ node }) => node === 'one/other',
    )
    const requests = [...run.reader.events(['arp:message_sent'])].filter(
      ({ data }) => data.operation === 'request',
    )
    expect(atThird.map(({ pkt }) => pkt)).toEqual(requests.map(({ pkt }) => pkt))
    // Between two of three hosts lie two of three links.
    expect(figure(run, 'path_rtt_min')).toBe(400)
  })

  it('frames are flooded again when the switch forgets sooner than hosts do', async () => {
    const setup = switchedSetup({}, 50_000)
    setup.switches = { office: { aging: 100 } }
    const run = await finished(setup, 'virtual')
    expect(figure(run, 'bytes_intact')).toBe(1)
    expect(figure(run, 'frames_flooded')).toBeGreaterThan(0)
    const unwanted = [...run.reader.events(['ethernet:frame_rejected'])]
    expect(unwanted.length).toBe(figure(run, 'frames_flooded'))
    expect(unwanted.every(({ node, data }) => node === 'one/third' && data.reason === 'not_for_us')).toBe(
      true,
    )
  })
})

describe('what fails', () => {
  it('a lost ARP reply costs a second; the SYN waits for it', async () => {
    const setup = switchedSetup({ down: { delay: 100, drop: [1] } }, 10_000)
    const run = await finished(setup, 'virtual')
    expect(figure(run, 'arp_requests')).toBe(2)
    const [syn] = [...run.reader.events(['arp:packet_released'])].filter(({ node }) => node === 'one/client')
    expect(syn.data.waited).toBe(1_000_400)
    expect(figure(run, 'bytes_intact')).toBe(1)
  })

  it('a network that no route leads to: the router says so, and nobody connects', async () => {
    const setup = routedSetup({}, 10_000)
    setup.routers!.west.routes = []
    const run = await finished(setup, 'virtual')
    const told = [...run.reader.events(['icmp:message_received'])].filter(({ node }) => node === 'one/client')
    expect(told.length).toBeGreaterThan(0)
    expect(told.every(({ data }) => data.type === 3 && data.code === 0)).toBe(true)
    expect(figure(run, 'client_established')).toBeNull()
  })

  it('routes in a ring: the time to live ends it, and the sender is told', async () => {
    const setup = routedSetup({}, 10_000)
    // Each router thinks that the other knows the way to the server's network, from which east was cut off.
    setup.hosts.server = { role: 'server', network: 3, address: 20, gateway: 'east' }
    setup.routers!.east.interfaces[1].network = 3
    setup.routers!.west.routes = [{ to: '0.0.0.0/0', via: 'east' }]
    setup.routers!.east.routes = [
      { to: '0.0.0.0/0', via: 'west' },
      { to: '10.77.3.16/28', via: 'west' },
    ]
    const run = await finished(setup, 'virtual')
    const [syn] = [...run.reader.events(['tcp:segment_sent'])]
    const passed = [...run.reader.events(['ip:packet_forwarded'])].filter(({ pkt }) => pkt === syn.pkt)
    expect(passed.map(({ data }) => data.ttl)).toEqual(Array.from({ length: 63 }, (_, i) => 63 - i))
    expect(figure(run, 'ttl_expired')).toBeGreaterThan(0)
    const told = [...run.reader.events(['icmp:message_received'])].filter(({ node }) => node === 'one/client')
    expect(told[0].data).toEqual({ type: 11, code: 0 })
  })
})

it('equal runs are equal to the byte, in trace and packets', () => {
  const [one, other] = [1, 2].map(() => {
    const run = createRun({ experiment: smallExperiment({ setup: rough(60_000) }) as never, seed: 9 })
    run.runToEnd()
    return run
  })
  expect(traceBytes(one).equals(traceBytes(other))).toBe(true)
  expect(packetBytes(one).equals(packetBytes(other))).toBe(true)
})
