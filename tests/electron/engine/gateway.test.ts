import { once } from 'node:events'
import { get, createServer as createHttpServer } from 'node:http'
import { connect, createServer, type AddressInfo, type Server, type Socket } from 'node:net'
import { join } from 'node:path'
import { describe, expect, it, onTestFinished } from 'vitest'
import { startGateway } from '../../../electron/engine/gateway.ts'
import { planGateway } from '../../../electron/engine/gateway-plan.ts'
import type { Run } from '../../../electron/engine/run.ts'
import type { LinkInput } from '../../../shared/link.ts'
import { createLab, TestWindow } from '../../support/lab.ts'
import { temporaryFolder } from '../../support/runs.ts'
import { collect } from '../../support/streams.ts'

async function targetOf(onConnection: (socket: Socket) => void): Promise<{ port: number; server: Server }> {
  const sockets = new Set<Socket>()
  const server = createServer({ allowHalfOpen: true }, (socket) => {
    sockets.add(socket)
    socket.on('error', () => {})
    onConnection(socket)
  })
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  onTestFinished(() => {
    for (const socket of sockets) socket.destroy()
    server.close()
  })
  return { port: (server.address() as AddressInfo).port, server }
}

/** A gateway to a port; returns its own port. */
async function gatewayTo(port: number, link?: LinkInput): Promise<{ port: number; run: Run }> {
  const plan = planGateway({ listen: 0, to: { host: '127.0.0.1', port }, link })
  if (!plan.ok) throw new Error(plan.error.message)
  const { run, started } = startGateway(plan.value, { id: 1, directory: join(temporaryFolder(), 'run') })
  await started
  onTestFinished(async () => {
    await run.stop()
    run.close()
  })
  return { port: Number(run.info.gateway!.listen.split(':')[1]), run }
}

async function clientOf(port: number): Promise<Socket> {
  const socket = connect({ port, host: '127.0.0.1', allowHalfOpen: true })
  onTestFinished(() => void socket.destroy())
  await once(socket, 'connect')
  return socket
}

const bytes = (length: number, seed = 0): Buffer =>
  Buffer.from(Array.from({ length }, (_, i) => (i * 31 + (i >> 8) + seed) & 0xff))

const echo = (socket: Socket): void => void socket.pipe(socket)
const errorsOf = (run: Run): string[] =>
  [...run.reader.events(['app:finished'])].map(({ node, data }) => `${node} ${data.error}`).sort()

/** In a soak it is as many for an hour (tests/soak). */
const MANY = process.env.REXMIT_FULL === '1' ? 500 : 150

const PATIENT = { timeout: 20_000 }

describe('a gateway', () => {
  it('carries the bytes of many connections at once, through loss', async () => {
    const target = await targetOf(echo)
    const lossy = { delay: 1_000, loss: { rate: 0.02 } }
    const { port, run } = await gatewayTo(target.port, { up: lossy, down: lossy })
    const clients = Array.from({ length: 10 }, async (_, i) => {
      const socket = await clientOf(port)
      const sent = bytes(20_000 + i * 10_000, i)
      socket.end(sent)
      expect((await collect(socket)).equals(sent)).toBe(true)
    })
    await Promise.all(clients)
    const flows = new Set([...run.reader.events(['tcp:segment_sent'])].map(({ flow }) => flow))
    expect(flows.size).toBe(10)
    expect([...run.reader.events(['link:packet_dropped'])].length).toBeGreaterThan(0)
    expect([...run.reader.events(['sim:fault'])]).toEqual([])
  })

  it(`serves ${MANY} connections at once, counts them, and keeps none`, async () => {
    const target = await targetOf(echo)
    const { port, run } = await gatewayTo(target.port)
    const clients = await Promise.all(Array.from({ length: MANY }, () => clientOf(port)))
    const echoed = await Promise.all(
      clients.map(async (client, i) => {
        client.write(`hello ${i}`)
        return String((await once(client, 'data'))[0])
      }),
    )
    expect(echoed).toEqual(clients.map((_, i) => `hello ${i}`))
    expect(run.info.gateway!.connections).toEqual({ open: MANY, total: MANY, refused: 0 })
    for (const client of clients) client.end().resume()
    await expect.poll(() => run.info.gateway!.connections.open, PATIENT).toBe(0)
    // What is left of them waits out TIME-WAIT; nothing else is kept.
    const [{ hosts }] = run.scene.lanes
    for (const { station } of hosts.values())
      await expect.poll(() => station.host.tcp.connectionCount, PATIENT).toBe(0)
    expect(errorsOf(run).every((line) => line.endsWith(' '))).toBe(true)
    expect([...run.reader.events(['sim:fault'])]).toEqual([])
  })

  it('lets a browser fetch a page', async () => {
    const page = bytes(150_000)
    const http = createHttpServer((_, response) => response.end(page))
    http.listen(0, '127.0.0.1')
    await once(http, 'listening')
    onTestFinished(() => void http.close())
    const { port } = await gatewayTo((http.address() as AddressInfo).port, { down: { loss: { rate: 0.02 } } })
    const [response] = await once(get({ port, host: '127.0.0.1', agent: false }), 'response')
    expect((await collect(response)).equals(page)).toBe(true)
  })

  it('carries a half-close both ways', async () => {
    const target = await targetOf((socket) => {
      void collect(socket).then((question) => socket.end(`${question} was asked`))
    })
    const { port } = await gatewayTo(target.port)
    const client = await clientOf(port)
    client.end('what')
    expect((await collect(client)).toString()).toBe('what was asked')
  })

  it('carries a reset of the target to the client, after what was sent before', async () => {
    const target = await targetOf((socket) => socket.once('data', () => socket.resetAndDestroy()))
    const { port, run } = await gatewayTo(target.port)
    const client = await clientOf(port)
    client.write('x')
    const [error] = await once(client, 'error')
    expect(error).toMatchObject({ code: 'ECONNRESET' })
    await once(client, 'close')
    // The far side sees the target's reset, the near side the lab's.
    expect(errorsOf(run)).toEqual(['gateway/client ECONNRESET', 'gateway/server ECONNRESET'])
  })

  it('carries a reset of the client to the target', async () => {
    const reset = new Promise<NodeJS.ErrnoException>((resolve) => {
      void targetOf((socket) => socket.once('error', resolve).resume()).then(async (target) => {
        const { port } = await gatewayTo(target.port)
        const client = await clientOf(port)
        client.write('x')
        setTimeout(() => client.resetAndDestroy(), 50)
      })
    })
    expect(await reset).toMatchObject({ code: 'ECONNRESET' })
  })

  it('shows a target that is down as what it is', async () => {
    const { server, port: free } = await targetOf(() => {})
    server.close()
    await once(server, 'close')
    const { port, run } = await gatewayTo(free)
    const client = await clientOf(port)
    const [error] = await once(client, 'error')
    expect(error).toMatchObject({ code: 'ECONNRESET' })
    expect(errorsOf(run)).toEqual(['gateway/client ECONNRESET', 'gateway/server ECONNREFUSED'])
  })

  it('lets a client wait for a target that never answers, until it gives up', async () => {
    let gone!: () => void
    const left = new Promise<void>((resolve) => (gone = resolve))
    const target = await targetOf((socket) => socket.resume().once('end', gone))
    const { port } = await gatewayTo(target.port)
    const client = await clientOf(port)
    client.write('hello?')
    const waited = Symbol('waited')
    const pause = new Promise((resolve) => setTimeout(() => resolve(waited), 100))
    expect(await Promise.race([once(client, 'data'), once(client, 'close'), pause])).toBe(waited)
    client.end()
    await left
  })

  it('lets the client go when its run is stopped', async () => {
    const target = await targetOf(echo)
    const { port, run } = await gatewayTo(target.port)
    const client = await clientOf(port)
    client.write('x')
    await once(client, 'data')
    const failed = once(client, 'error')
    await run.stop()
    expect((await failed)[0]).toMatchObject({ code: 'ECONNRESET' })
    await expect(clientOf(port)).rejects.toMatchObject({ code: 'ECONNREFUSED' })
  })

  it('is started, seen and stopped from a window; a port that is in use is said to be', async () => {
    const target = await targetOf(echo)
    const window = new TestWindow(createLab())
    const command = { type: 'gateway.start', to: { host: '127.0.0.1', port: target.port } } as const
    const info = await window.ask({ ...command, listen: 0, link: { up: { delay: 500 } } })
    expect(info).toMatchObject({ kind: 'gateway', driver: 'live', state: 'running', experiment: 'gateway' })
    expect(info.gateway!.to).toBe(`127.0.0.1:${target.port}`)
    const listen = Number(info.gateway!.listen.split(':')[1])
    expect(await window.refused({ ...command, listen })).toMatchObject({ code: 'busy', field: 'listen' })
    const set = await window.ask({
      type: 'run.set',
      run: info.run,
      name: 'links.link.up.loss.rate',
      value: 0.1,
    })
    expect(set.setup.links.link.up.loss.rate).toBe(0.1)
    expect(await window.ask({ type: 'run.stop', run: info.run })).toMatchObject({ state: 'stopped' })
  })
})
