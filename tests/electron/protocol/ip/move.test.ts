/** A host that moves to another network (Host.move): what becomes of its packets, its UDP ports and its TCP connections. */
import { describe, expect, test } from 'vitest'
import type { TcpConnection } from '../../../../electron/protocol/tcp/stack.ts'
import { HostLab } from '../../../support/host-lab.ts'
import { CLIENT, SERVER } from '../../../support/packets.ts'

const ELSEWHERE = 0x0a4d0037

/** A connection over which the client has sent ten bytes. */
function connected(lab: HostLab): { client: TcpConnection; server: TcpConnection } {
  const listener = lab.server.listen(lab.now, 5001)
  const client = lab.client.connect(lab.now, { address: SERVER, port: 5001 }, {}, 40_000)
  client.write(lab.now, new Uint8Array(10))
  lab.run(lab.now + 100_000)
  return { client, server: listener.accept(lab.now)! }
}
const rejected = (lab: HostLab) =>
  lab.traced.filter(({ name }) => name === 'ip:packet_rejected').map(({ data }) => data.reason)
const unsent = (lab: HostLab) => lab.traced.filter(({ name }) => name === 'tcp:segment_unsent')

test('the move is told', () => {
  const lab = new HostLab()
  lab.client.move(ELSEWHERE)
  const event = lab.traced.find(({ name }) => name === 'connectivity:address_changed')
  expect(event).toMatchObject({ node: 'client', data: { from: '10.77.0.1', to: '10.77.0.55' } })
  expect(lab.client.address).toBe(ELSEWHERE)
})

test('an open UDP port goes on from the new address; the old one is nobody', () => {
  const lab = new HostLab()
  const port = lab.client.bindUdp(4_000)!
  lab.server.bindUdp(53)
  lab.client.move(ELSEWHERE)
  lab.client.sendUdp(lab.now, {
    fromPort: port,
    to: { address: SERVER, port: 53 },
    payload: new Uint8Array(3),
  })
  lab.server.sendUdp(lab.now, { fromPort: 53, to: { address: CLIENT, port }, payload: new Uint8Array(4) })
  lab.run()
  expect(lab.told.get(lab.server)).toMatchObject([{ type: 'datagram', source: { address: ELSEWHERE, port } }])
  expect(lab.told.get(lab.client)).toEqual([])
  expect(rejected(lab)).toEqual(['not_for_us'])
})

describe('a TCP connection stays with its old address', () => {
  test('what it sends does not leave, and nobody tells it; its timers give it up', () => {
    const lab = new HostLab({ client: {} })
    const { client } = connected(lab)
    const sent = lab.sent.length
    lab.client.move(ELSEWHERE)
    client.configure(lab.now, { dataRetries: 3 })
    client.write(lab.now, new Uint8Array(100))
    lab.run(lab.now + 200_000)
    expect(client.state).toBe('ESTABLISHED')
    expect(unsent(lab).length).toBeGreaterThan(0)
    expect(unsent(lab)[0]).toMatchObject({ node: 'client', data: { payload: 100, reason: 'address_lost' } })
    lab.run(lab.now + 100e6)
    expect(client.error).toBe('timed_out')
    expect(lab.sent.length).toBe(sent)
  })

  test('what the peer sends is not for this host any more', () => {
    const lab = new HostLab()
    const { client, server } = connected(lab)
    lab.client.move(ELSEWHERE)
    server.write(lab.now, new Uint8Array(100))
    lab.run(lab.now + 150_000)
    expect(client.readable).toBe(0)
    expect(rejected(lab)).toContain('not_for_us')
  })

  test('a new connection of the same ports is another one', () => {
    const lab = new HostLab()
    const { client } = connected(lab)
    lab.client.move(ELSEWHERE)
    const second = lab.client.connect(lab.now, { address: SERVER, port: 5001 }, {}, 40_000)
    lab.run(lab.now + 100_000)
    expect(second.state).toBe('ESTABLISHED')
    expect(second.local.address).toBe(ELSEWHERE)
    expect(client.state).toBe('ESTABLISHED')
    expect(second.flow).toBe('10.77.0.2:5001-10.77.0.55:40000')
  })

  test('back at its old address it goes on where it was', () => {
    const lab = new HostLab()
    const { client, server } = connected(lab)
    server.read(lab.now)
    lab.client.move(ELSEWHERE)
    client.write(
      lab.now,
      Uint8Array.from({ length: 3_000 }, (_, i) => i),
    )
    lab.run(lab.now + 150_000)
    lab.client.move(CLIENT)
    lab.run(lab.now + 10e6)
    const received: number[] = []
    for (let bytes = server.read(lab.now); bytes; bytes = server.read(lab.now)) received.push(...bytes)
    expect(received).toEqual(Array.from({ length: 3_000 }, (_, i) => i & 0xff))
  })
})
