/** QUIC connections whose client moves (RFC 9000 9): by choice, when its host is in another network, and behind a NAT that forgets. */
import { beforeAll, describe, expect, test } from 'vitest'
import type { Run } from '../../../../electron/engine/run.ts'
import { Timeline } from '../../../../electron/engine/timeline.ts'
import { quicRun } from '../../../support/quic-run.ts'
import { createCertificates, type TestCertificates } from '../../../support/tls-certificates.ts'

let certificates: TestCertificates
beforeAll(async () => {
  certificates = await createCertificates()
})

const RTT = 40_000
const way = { delay: RTT / 2, rate: { limit: 20e6 } }

function moveAt(run: Run, at: number, address: number): void {
  const [lane] = run.scene.lanes
  const { client } = lane.setup.hosts
  const hosts = { ...lane.setup.hosts, client: { ...client, address } }
  const move = (now: number): void => run.scene.configure(now as never, lane, { ...lane.setup, hosts })
  run.scene.world.add('mover', new Timeline([{ at, set: {} }], move))
}

/** When and by which addresses, as `node remote`, for each change of path. */
const changes = (run: Run) =>
  [...run.reader.events(['connectivity:path_changed'])].map(({ t, node, flow, data }) => ({
    t,
    node,
    flow,
    data,
  }))
const validated = (run: Run, node: string) =>
  [...run.reader.events(['connectivity:path_state_changed'])].filter(
    (event) => event.node === node && event.data.state === 'validated',
  )
/** The longest pause between two datagrams that the client got, from `since` on. */
function longestGap(run: Run, since: number): number {
  const times = [...run.reader.events(['udp:datagram_received'])]
    .filter(({ node, t }) => node === 'one/client' && t >= since - RTT)
    .map(({ t }) => t)
  return Math.max(...times.slice(1).map((t, i) => t - times[i]))
}

/**
 * RFC 9000 9.5: over the whole run no end sends to one connection id from two addresses, or at two. `pairs`: by how many pairs of
 * addresses each end has sent, as its own datagrams say (what a NAT makes of them is not the sender's business).
 */
function expectOwnIds(run: Run, pairs: Record<'client' | 'server', number>): void {
  const flows = new Map([...run.reader.events(['udp:datagram_sent'])].map(({ pkt, flow }) => [pkt, flow]))
  const sent = [...run.reader.events(['transport:packet_sent'])].filter(({ data }) => data.level === '1rtt')
  for (const side of ['client', 'server'] as const) {
    const flowsOf = new Map<unknown, Set<unknown>>()
    for (const { data, pkt } of sent.filter(({ node }) => node === `one/${side}`)) {
      expect(data.dcid).toMatch(/^[0-9a-f]{16}$/)
      const of = flowsOf.get(data.dcid) ?? new Set()
      flowsOf.set(data.dcid, of.add(flows.get(pkt)))
    }
    for (const of of flowsOf.values()) expect([...of]).toEqual([expect.any(String)])
    expect(new Set([...flowsOf.values()].flatMap((of) => [...of])).size).toBe(pairs[side])
  }
}

describe('the host of the client moves', () => {
  test('its connection goes on at once by another port, the server validates the path, all arrives', () => {
    const { run, asker } = quicRun({ certificates, link: { up: way, down: way }, size: 1_500_000 })
    moveAt(run, 500_000, 77)
    run.runToEnd({ summarize: false })
    expect(asker.received).toBe(1_500_000)
    const [client, server, ...others] = changes(run)
    expect(others).toEqual([])
    expect(client).toMatchObject({ node: 'one/client', data: { remote: '10.77.0.2:443' } })
    expect(server).toMatchObject({
      node: 'one/server',
      data: { remote: `10.77.0.77:${client.data.local_port}`, local_port: 443 },
    })
    // Both keep the name that the flow had at first.
    expect(client.flow).toMatch(/^10\.77\.0\.1:/)
    expect(server.flow).toBe(client.flow)
    expect(validated(run, 'one/server').length).toBeGreaterThanOrEqual(2)
    expect(validated(run, 'one/client').at(-1)!.t).toBeGreaterThan(500_000)
    expect(longestGap(run, 500_000)).toBeLessThanOrEqual(3 * RTT)
    expectOwnIds(run, { client: 2, server: 2 })
    // What was on its way to the old address is lost there.
    const rejected = [...run.reader.events(['ip:packet_rejected'])]
    expect(rejected.some(({ data }) => data.reason === 'not_for_us')).toBe(true)
  })

  test('in the middle of the handshake, before which nobody may move: the run ends all the same', () => {
    const { run } = quicRun({ certificates, link: { up: way, down: way }, size: 50_000 })
    moveAt(run, RTT + 5_000, 77)
    run.runToEnd({ summarize: false })
    // RFC 9000 9: nobody moves before the handshake is confirmed; the connection may die, but the run ends.
    expect(run.info.state).toBe('finished')
  })

  test('live', async () => {
    const { run, asker } = quicRun({
      certificates,
      driver: 'live',
      link: { up: way, down: way },
      size: 200_000,
    })
    moveAt(run, 250_000, 77)
    await run.start()
    await run.ended
    expect(run.info.error).toBeUndefined()
    expect(asker.received).toBe(200_000)
    // A busy machine may not have confirmed the handshake by then; the server sees the move in either case.
    expect(changes(run).map(({ node }) => node)).toContain('one/server')
  })
})

describe('a NAT on the way forgets its mapping (RFC 9000 9.3.3)', () => {
  test.each([
    ['another address', { at: 500_000, address: '10.77.0.99', portShift: 1_000 }],
    ['another port alone', { at: 500_000, address: '10.77.0.1', portShift: 1_000 }],
  ])(
    '%s: a client that sends does not notice; the server validates the new path and goes on',
    (_, rebind) => {
      const { run, asker } = quicRun({
        certificates,
        link: { up: { ...way, rebind }, down: way },
        size: 1_500_000,
      })
      run.runToEnd({ summarize: false })
      expect(asker.received).toBe(1_500_000)
      const moved = changes(run)
      expect(moved.map(({ node }) => node)).toEqual(['one/server'])
      expect(moved[0].data.remote).toMatch(new RegExp(`^${rebind.address.replaceAll('.', '\\.')}:`))
      expect(validated(run, 'one/server').some(({ t }) => t > 500_000)).toBe(true)
      expect(longestGap(run, 500_000)).toBeLessThanOrEqual(3 * RTT)
      expectOwnIds(run, { client: 1, server: 2 })
    },
  )
})
