import { createSocket, type Socket } from 'node:dgram'
import { once } from 'node:events'
import type { AddressInfo } from 'node:net'
import { join } from 'node:path'
import fc from 'fast-check'
import { describe, expect, it, onTestFinished } from 'vitest'
import {
  parseWire,
  runHost,
  runLink,
  type HostOptions,
  type LinkOptions,
  type OutsiderRun,
} from '../../../electron/engine/outsider.ts'
import { encodeIcmp, icmpLength, type IcmpMessage } from '../../../electron/protocol/wire/icmp.ts'
import { decodeIpv4, encodeIpv4, PROTOCOL_ICMP } from '../../../electron/protocol/wire/ipv4.ts'
import { SocketHost } from '../../../electron/engine/sockets.ts'
import { temporaryFolder } from '../../support/runs.ts'
import { collect } from '../../support/streams.ts'
import type { Result } from '../../../shared/errors.ts'

const directory = (): string => join(temporaryFolder(), 'run')

function opened(result: Result<OutsiderRun>): OutsiderRun {
  if (!result.ok) throw new Error(result.error.message)
  const { run } = result.value
  onTestFinished(async () => {
    await run.stop()
    run.close()
  })
  return result.value
}

const host = async (options: Partial<HostOptions>): Promise<OutsiderRun> =>
  opened(
    await runHost(
      { wire: { listen: 0 }, address: '10.77.0.2', ...options },
      { id: 1, directory: directory() },
    ),
  )
const link = async (options: Partial<LinkOptions> = {}): Promise<OutsiderRun> =>
  opened(await runLink({ a: { listen: 0 }, b: { listen: 0 }, ...options }, { id: 1, directory: directory() }))

async function stranger(): Promise<{ socket: Socket; port: number; received: Buffer[] }> {
  const socket = createSocket('udp4')
  const received: Buffer[] = []
  socket.on('message', (bytes) => received.push(bytes))
  socket.bind(0, '127.0.0.1')
  await once(socket, 'listening')
  onTestFinished(() => void socket.close())
  return { socket, port: (socket.address() as AddressInfo).port, received }
}

/** A whole, valid packet: a ping from 10.77.0.1 to 10.77.0.2. */
function ping(sequence = 1): Uint8Array {
  const message: IcmpMessage = { kind: 'echo_request', identifier: 7, sequence, payload: new Uint8Array(8) }
  const bytes = new Uint8Array(20 + icmpLength(message))
  const header = {
    ...{ dscp: 0, ecn: 0, identification: 1, dontFragment: true, moreFragments: false, fragmentOffset: 0 },
    ...{ ttl: 64, protocol: PROTOCOL_ICMP, source: 0x0a4d0001, destination: 0x0a4d0002 },
    options: new Uint8Array(0),
  }
  encodeIpv4(header, icmpLength(message), bytes)
  encodeIcmp(message, bytes, 20)
  return bytes
}

const until = async (holds: () => boolean): Promise<void> => {
  while (!holds()) await new Promise((resolve) => setTimeout(resolve, 1))
}

describe('a wire as the terminal writes it', () => {
  it('is read', () => {
    expect(parseWire('udp:127.0.0.1:7001')).toEqual({ ok: true, value: { listen: 7001 } })
    expect(parseWire('udp:127.0.0.1:7001,peer=127.0.0.1:7002')).toEqual({
      ok: true,
      value: { listen: 7001, peer: 7002 },
    })
  })

  it.each([
    '',
    '7001',
    'udp:0.0.0.0:7001',
    'udp:127.0.0.1:70001',
    'udp:127.0.0.1:1,peer=10.0.0.1:2',
    'tcp:127.0.0.1:1',
  ])('refuses %j and says what is allowed', (text) => {
    expect(parseWire(text)).toMatchObject({
      ok: false,
      error: { code: 'invalid', field: 'wire', value: text },
    })
  })
})

describe('a host alone', () => {
  it('answers whoever sends the first valid packet, and from then on nobody else', async () => {
    const { run, ports } = await host({})
    const [friend, other] = [await stranger(), await stranger()]
    friend.socket.send(ping(), ports[0], '127.0.0.1')
    await until(() => friend.received.length === 1)
    const answer = decodeIpv4(friend.received[0])
    expect(answer).toMatchObject({ ok: true, value: { source: 0x0a4d0002, destination: 0x0a4d0001 } })
    other.socket.send(ping(), ports[0], '127.0.0.1')
    await until(() => [...run.reader.events(['wire:datagram_ignored'])].length === 1)
    expect(other.received).toEqual([])
  })

  it('takes packets from the peer that was named only', async () => {
    const [friend, other] = [await stranger(), await stranger()]
    const { ports, run } = await host({ wire: { listen: 0, peer: friend.port } })
    other.socket.send(ping(), ports[0], '127.0.0.1')
    await until(() => [...run.reader.events(['wire:datagram_ignored'])].length === 1)
    friend.socket.send(ping(), ports[0], '127.0.0.1')
    await until(() => friend.received.length === 1)
    expect(other.received).toEqual([])
  })

  it('counts, shows and ignores what is no packet, whatever the bytes', async () => {
    const { run, ports } = await host({ echo: 7 })
    const { socket, received } = await stranger()
    const garbage = fc.sample(fc.uint8Array({ minLength: 1, maxLength: 100 }), { numRuns: 50, seed: 1 })
    // A packet that is cut, one that is longer than it says, one with a flipped bit.
    const bad = [ping().subarray(0, 30), Buffer.concat([ping(), Buffer.from('x')]), flip(ping(), 12)]
    for (const bytes of [...garbage, ...bad]) socket.send(bytes, ports[0], '127.0.0.1')
    await until(() => [...run.reader.events(['wire:datagram_ignored'])].length === garbage.length + 3)
    socket.send(flip(ping(), 25), ports[0], '127.0.0.1')
    socket.send(ping(), ports[0], '127.0.0.1')
    await until(() => received.length === 1)
    const rejected = [...run.reader.events(['ip:packet_rejected'])].map(({ data }) => data.reason)
    expect(rejected).toEqual(['bad_checksum'])
    expect(run.info.state).toBe('running')
  })

  const flip = (bytes: Uint8Array, at: number): Uint8Array => {
    const copy = Uint8Array.from(bytes)
    copy[at] ^= 1
    return copy
  }

  it('refuses an address that is none', async () => {
    const result = await runHost(
      { wire: { listen: 0 }, address: '10.77.0.256' },
      { id: 1, directory: directory() },
    )
    expect(result).toMatchObject({ ok: false, error: { field: 'address', value: '10.77.0.256' } })
  })

  it('says that a port is in use', async () => {
    const { port } = await stranger()
    await expect(host({ wire: { listen: port } })).rejects.toMatchObject({ code: 'EADDRINUSE' })
  })
})

describe('three programs', () => {
  it('make a connection: host, link and host attach to each other on the wire', async () => {
    const serving = await host({ echo: 7, chargen: 19, discard: 9 })
    const between = await link({
      b: { listen: 0, peer: serving.ports[0] },
      link: { up: { delay: 1_000, loss: { rate: 0.05 } }, down: { delay: 1_000 } },
    })
    const talking = await host({ wire: { listen: 0, peer: between.ports[0] }, address: '10.77.0.1' })
    const node = talking.run.scene.world.nodes[0]
    const client = new SocketHost({ node, station: node.core as never }, talking.run.driver)
    const sent = Buffer.alloc(100_000, 'rexmit')
    const echo = client.connect({ address: 0x0a4d0002, port: 7 }, { allowHalfOpen: true })
    echo.end(sent)
    expect((await collect(echo)).equals(sent)).toBe(true)
    const chargen = client.connect({ address: 0x0a4d0002, port: 19 })
    const [lines] = await once(chargen, 'data')
    expect(String(lines).split('\r\n')[0]).toBe(
      String.fromCharCode(...Array.from({ length: 72 }, (_, i) => 32 + i)),
    )
    chargen.destroy()
    const discard = client.connect({ address: 0x0a4d0002, port: 9 }, { allowHalfOpen: true })
    discard.end(sent)
    expect(await collect(discard)).toHaveLength(0)
    expect([...between.run.reader.events(['link:packet_dropped'])].length).toBeGreaterThan(0)
  })
})
