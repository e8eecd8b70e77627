import { once } from 'node:events'
import { request, createServer as createHttpServer } from 'node:http'
import { join } from 'node:path'
import { pipeline } from 'node:stream/promises'
import { Readable } from 'node:stream'
import * as v from 'valibot'
import { describe, expect, it, onTestFinished } from 'vitest'
import { planGateway } from '../../../electron/engine/gateway-plan.ts'
import { Run } from '../../../electron/engine/run.ts'
import { SocketHost, type LabSocket } from '../../../electron/engine/sockets.ts'
import type { DriverName } from '../../../shared/commands.ts'
import type { LinkInput } from '../../../shared/link.ts'
import { TcpSettings, type TcpSettingsInput } from '../../../shared/tcp.ts'
import { micros } from '../../../shared/units.ts'
import { temporaryFolder } from '../../support/runs.ts'
import { closed, collect } from '../../support/streams.ts'

const SERVER = 0x0a4d0002

/** A client and a server of the lab with a link between them, without end. */
async function pair(
  driver: DriverName = 'virtual',
  link: LinkInput = { up: { delay: 1_000 }, down: { delay: 1_000 } },
  tcp: TcpSettingsInput = {},
) {
  const plan = planGateway({ listen: 0, to: { host: 'nowhere', port: 1 }, link })
  if (!plan.ok) throw new Error(plan.error.message)
  const run = new Run({ ...plan.value, driver } as never, {
    id: 1,
    directory: join(temporaryFolder(), 'run'),
  })
  onTestFinished(async () => {
    await run.stop()
    run.close()
  })
  const { hosts } = run.scene.lanes[0]
  for (const { station } of hosts.values()) station.configure(micros(0), v.parse(TcpSettings, tcp))
  const [client, server] = ['client', 'server'].map((name) => new SocketHost(hosts.get(name)!, run.driver))
  await run.start()
  return { run, client, server }
}

/** A connected pair of sockets. */
async function connected(driver: DriverName = 'virtual', link?: LinkInput, tcp?: TcpSettingsInput) {
  const lab = await pair(driver, link, tcp)
  const accepted = new Promise<LabSocket>((resolve) =>
    lab.server.listen(80, resolve, { allowHalfOpen: true }),
  )
  const near = lab.client.connect({ address: SERVER, port: 80 }, { allowHalfOpen: true })
  const far = await accepted
  return { ...lab, near, far }
}

const bytes = (length: number): Buffer =>
  Buffer.from(Array.from({ length }, (_, i) => (i * 31 + (i >> 8)) & 0xff))

describe.each(['virtual', 'live'] as const)('a socket of the lab in %s time', (driver) => {
  it('carries bytes both ways, through loss, and closes in order', async () => {
    const link = { up: { delay: 1_000, loss: { rate: 0.03 } }, down: { delay: 1_000, loss: { rate: 0.03 } } }
    const { near, far } = await connected(driver, link)
    const [there, back] = [bytes(300_000), bytes(200_000)]
    far.end(back)
    near.end(there)
    const [atNear, atFar] = await Promise.all([collect(near), collect(far)])
    expect(atNear.equals(back)).toBe(true)
    expect(atFar.equals(there)).toBe(true)
  })

  it('can be closed one way and go on the other', async () => {
    const { near, far } = await connected(driver)
    near.end('question')
    expect((await collect(far)).toString()).toBe('question')
    expect(far.writable).toBe(true)
    far.end('answer')
    expect((await collect(near)).toString()).toBe('answer')
  })
})

describe('a socket of the lab', () => {
  it('stops the writer when the reader does not read, and loses nothing', async () => {
    const { near, far, run } = await connected('virtual', {}, { sendBuffer: 65_536, receiveBuffer: 65_536 })
    const total = 3_000_000
    let written = 0
    const source = new Readable({
      read() {
        const chunk = Buffer.alloc(Math.min(65_536, total - written), written >> 16)
        written += chunk.length
        this.push(chunk.length > 0 ? chunk : null)
      },
    })
    const sending = pipeline(source, near)
    // Else lab time would fly by while nobody reads, with a window probe a minute.
    run.setPace(1)
    // Enough turns for all to be sent, were there no back-pressure.
    for (let i = 0; i < 2_000; i++) await new Promise((resolve) => setImmediate(resolve))
    // What the buffers of TCP and of the streams hold, not the whole.
    expect(written).toBeGreaterThan(100_000)
    expect(written).toBeLessThan(500_000)
    let received = 0
    for await (const chunk of far) received += (chunk as Buffer).length
    await sending
    expect(received).toBe(total)
  })

  it('keeps bytes back of which its reader can make nothing, and gives them before the end', async () => {
    const { near, far } = await connected()
    // A reader of lines.
    far.patience = { isWorthTelling: (some) => some.includes(0x0a) }
    const told: string[] = []
    far.on('data', (some: Buffer) => told.push(some.toString()))
    for (const text of ['one ', 'line\n', 'and ', 'no more']) {
      near.write(text)
      await new Promise<void>((resolve) => {
        const look = () => (far.connection.readable > 0 || near.writableLength > 0 ? again() : resolve())
        const again = () => setTimeout(look, 5)
        again()
      })
    }
    near.end()
    await once(far, 'end')
    expect(told.join('')).toBe('one line\nand no more')
    expect(told[0]).toMatch(/^one line\n/)
  })

  it('closes its own side by itself unless half-open connections are allowed', async () => {
    const { client, server } = await pair()
    server.listen(80, (socket) => socket.end('bye'))
    const near = client.connect({ address: SERVER, port: 80 })
    const end = closed(near)
    expect((await collect(near)).toString()).toBe('bye')
    await end
    expect(near.writableFinished).toBe(true)
  })

  it('is told of a port that nobody listens on: ECONNREFUSED', async () => {
    const { client } = await pair()
    const near = client.connect({ address: SERVER, port: 81 })
    await expect(once(near, 'connect')).rejects.toMatchObject({ code: 'ECONNREFUSED', syscall: 'connect' })
    expect(near.destroyed).toBe(true)
  })

  it('is told of a host that never answers: ETIMEDOUT', async () => {
    const { client } = await pair('virtual', { up: { outage: { down: true } } })
    const near = client.connect({ address: SERVER, port: 80 })
    await expect(once(near, 'connect')).rejects.toMatchObject({ code: 'ETIMEDOUT' })
  })

  it('is told of a reset: ECONNRESET', async () => {
    const { near, far } = await connected()
    far.resetAndDestroy()
    near.resume()
    await expect(once(near, 'end')).rejects.toMatchObject({ code: 'ECONNRESET' })
  })

  it('resets the connection when it is destroyed with an error', async () => {
    const { near, far } = await connected()
    near.on('error', () => {})
    near.destroy(new Error('enough'))
    far.resume()
    await expect(once(far, 'end')).rejects.toMatchObject({ code: 'ECONNRESET' })
  })

  it('resets the peer that goes on sending after it was destroyed', async () => {
    const { near, far } = await connected()
    near.destroy()
    const failed = once(far, 'error')
    far.resume()
    const more = setInterval(() => far.writable && far.write('more'), 1)
    onTestFinished(() => clearInterval(more))
    const [error] = await failed
    expect(error).toMatchObject({ code: 'ECONNRESET' })
  })

  it('serves an HTTP server and client of Node', async () => {
    const { client, server } = await pair()
    const http = createHttpServer({ keepAliveTimeout: 0 }, (incoming, response) => {
      void collect(incoming).then((body) => response.end(`${incoming.method} ${incoming.url} ${body.length}`))
    })
    server.listen(80, (socket) => http.emit('connection', socket))
    const ask = (path: string, body: Buffer): Promise<string> =>
      new Promise((resolve, reject) => {
        const outgoing = request(
          {
            ...{ method: 'POST', path, host: 'server.lab', headers: { connection: 'close' } },
            createConnection: () => client.connect({ address: SERVER, port: 80 }) as never,
          },
          (response) => resolve(collect(response).then(String)),
        )
        outgoing.on('error', reject)
        outgoing.end(body)
      })
    const answers = await Promise.all([ask('/a', bytes(10)), ask('/b', bytes(100_000))])
    expect(answers).toEqual(['POST /a 10', 'POST /b 100000'])
  })

  it('does not let application errors into the world', async () => {
    const { near, far, run } = await connected()
    far.on('data', () => far.destroy(new Error('the application is broken')))
    far.on('error', () => {})
    const end = closed(near)
    near.write('x')
    await end
    expect(run.info.state).toBe('running')
  })
})
