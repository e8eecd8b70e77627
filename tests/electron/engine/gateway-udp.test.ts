/** Gateways over UDP: programs of this machine exchange datagrams through the lab's link. */
import { createSocket, type Socket } from 'node:dgram'
import { once } from 'node:events'
import { describe, expect, it, onTestFinished } from 'vitest'
import type { Run } from '../../../electron/engine/run.ts'
import { createLab, TestWindow } from '../../support/lab.ts'
import { openGateway } from '../../support/gateway.ts'

async function bound(type: 'udp4' | 'udp6' = 'udp4'): Promise<Socket> {
  const socket = createSocket(type)
  onTestFinished(() => {
    try {
      socket.close()
    } catch {
      // The test has closed it.
    }
  })
  socket.bind(0, type === 'udp4' ? '127.0.0.1' : '::1')
  await once(socket, 'listening')
  return socket
}

/** Sends back what comes, to whomever. */
async function echo(type: 'udp4' | 'udp6' = 'udp4'): Promise<number> {
  const socket = await bound(type)
  socket.on('message', (bytes, { port, address }) => socket.send(bytes, port, address))
  return socket.address().port
}

const open = (options: Omit<Parameters<typeof openGateway>[0], 'protocol'>) =>
  openGateway({ protocol: 'udp', ...options })

/** Sends numbered datagrams one after another, with a pause; returns the numbers that came back, until none has come for a while. */
async function exchange(client: Socket, port: number, count: number, size = 100): Promise<Set<number>> {
  const back = new Set<number>()
  client.on('message', (bytes) => {
    if (bytes.length === size) back.add(bytes.readUInt32BE())
  })
  for (let i = 1; i <= count; i++) {
    const bytes = Buffer.alloc(size, i)
    bytes.writeUInt32BE(i)
    client.send(bytes, port, '127.0.0.1')
    if (i % 20 === 0) await pause(2)
  }
  for (let quiet = 0; back.size < count && quiet < 500;) {
    const before = back.size
    await pause(20)
    quiet = back.size > before ? 0 : quiet + 20
  }
  return back
}

const pause = (ms: number): Promise<unknown> => new Promise((resolve) => setTimeout(resolve, ms))
const namesOf = (run: Run) =>
  [...run.reader.events(['app:connected', 'app:finished'])].map(({ name, node, data }) => ({
    name,
    node,
    ...data,
  }))

describe('a gateway over UDP', () => {
  it('carries each datagram there and back, each client with a port of its own in the lab', async () => {
    const { run, port } = await open({ to: { host: '127.0.0.1', port: await echo() } })
    const clients = await Promise.all([bound(), bound(), bound()])
    const heard = await Promise.all(clients.map((client) => exchange(client, port, 50)))
    for (const back of heard) expect(back.size).toBe(50)
    const flows = new Set([...run.reader.events(['udp:datagram_sent'])].map(({ flow }) => flow))
    expect(flows.size).toBe(3)
    expect(run.info.gateway).toMatchObject({
      protocol: 'udp',
      connections: { open: 3, total: 3, refused: 0 },
    })
  })

  it('loses what the link loses, and says nothing to the programs', async () => {
    const to = { host: '127.0.0.1', port: await echo() }
    const link = { up: { loss: { rate: 0.2 } }, down: { loss: { rate: 0.2 } } }
    const { run, port } = await open({ to, link })
    const back = await exchange(await bound(), port, 300)
    const dropped = [...run.reader.events(['link:packet_dropped'])].length
    expect(back.size).toBe(300 - dropped)
    // 36 % on average over both directions; the seed is fixed.
    expect(dropped).toBeGreaterThan(60)
    expect(dropped).toBeLessThan(160)
    expect([...run.reader.events(['sim:fault'])]).toEqual([])
  })

  it('cuts a datagram that is longer than the MTU into fragments, as a kernel would', async () => {
    const { run, port } = await open({ to: { host: '127.0.0.1', port: await echo() } })
    const back = await exchange(await bound(), port, 3, 4_000)
    expect(back.size).toBe(3)
    expect([...run.reader.events(['link:packet_delivered'])].length).toBe(2 * 3 * 3)
  })

  it('leads to a target on IPv6, and to one by its name', async () => {
    const port = await echo('udp6').catch(() => undefined)
    if (port !== undefined) {
      const gateway = await open({ to: { host: '::1', port } })
      expect((await exchange(await bound(), gateway.port, 5)).size).toBe(5)
      expect(gateway.run.info.gateway!.to).toBe(`[::1]:${port}`)
    }
    const named = await open({ to: { host: 'localhost', port: await echo() } })
    expect((await exchange(await bound(), named.port, 5)).size).toBe(5)
  })

  it('shows a target that is down as silence; the trace says that nobody was there', async () => {
    const socket = await bound()
    const { port: closed } = socket.address()
    socket.close()
    const { run, port } = await open({ to: { host: '127.0.0.1', port: closed } })
    expect((await exchange(await bound(), port, 3)).size).toBe(0)
    const refused = namesOf(run).filter(({ name }) => name === 'app:finished')
    expect(refused[0]).toMatchObject({ node: 'gateway/server', error: 'ECONNREFUSED' })
  })

  it('takes answers from its target only', async () => {
    const target = await bound()
    const stranger = await bound()
    target.on('message', (_bytes, { port, address }) => stranger.send('from a stranger', port, address))
    const { port } = await open({ to: { host: '127.0.0.1', port: target.address().port } })
    const client = await bound()
    const heard: string[] = []
    client.on('message', (bytes) => heard.push(bytes.toString()))
    client.send('hello', port, '127.0.0.1')
    await once(target, 'message')
    await pause(50)
    expect(heard).toEqual([])
  })

  it('leaves nothing open when its run is stopped', async () => {
    const { run, port } = await open({ to: { host: '127.0.0.1', port: await echo() } })
    await exchange(await bound(), port, 2)
    await run.stop()
    expect(run.info.gateway!.connections).toEqual({ open: 0, total: 1, refused: 0 })
    const again = await bound()
    again.close()
    const taken = createSocket('udp4')
    onTestFinished(() => void taken.close())
    taken.bind({ port, address: '127.0.0.1', exclusive: true })
    await once(taken, 'listening')
  })

  it('refuses a port that is in use, a name without an address, and a server that is not reached so', async () => {
    const window = new TestWindow(createLab())
    const taken = (await bound()).address().port
    const to = { host: '127.0.0.1', port: 9 }
    const start = { type: 'gateway.start', protocol: 'udp' } as const
    expect(await window.refused({ ...start, listen: taken, to })).toMatchObject({
      code: 'busy',
      field: 'listen',
    })
    const nowhere = { host: 'nowhere.invalid', port: 9 }
    expect(await window.refused({ ...start, listen: 0, to: nowhere })).toMatchObject({
      code: 'not_found',
      field: 'to.host',
    })
    expect(await window.refused({ ...start, listen: 0, to: 'broker' })).toMatchObject({
      field: 'protocol',
      allowed: 'tcp',
    })
  })
})
