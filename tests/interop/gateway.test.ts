/** The user's own client through the gateway and its lossy link, as the terminal opens it: to real servers and to those in the lab. */
import { spawn } from 'node:child_process'
import { createHash, randomBytes } from 'node:crypto'
import { createSocket } from 'node:dgram'
import { once } from 'node:events'
import { readFileSync } from 'node:fs'
import { createServer as createHttpServer } from 'node:http'
import { createServer, type AddressInfo, type Server, type Socket } from 'node:net'
import { join } from 'node:path'
import { decode, encode } from 'dns-packet'
import { afterAll, beforeAll, describe, expect, it, onTestFinished } from 'vitest'
import { buildCli, type BuiltCli, type Rexmit } from '../support/cli.ts'
import { mosquittoPub, mosquittoSub } from '../support/mosquitto.ts'
import { findCurl, findMosquitto, findTshark } from '../support/tools.ts'
import { tsharkFields } from '../support/tshark.ts'

/** Exit statuses of curl. */
const COULD_NOT_CONNECT = 7
const TIMED_OUT = 28
const EMPTY_REPLY = 52
const RECEIVE_FAILED = 56

const BODY = randomBytes(300_000)
const digest = (bytes: Uint8Array) => createHash('sha256').update(bytes).digest('hex')

/** The gateway's end is a reset to the target; that is its right. */
const ignoreErrors = (socket: Socket) => void socket.on('error', () => undefined)

let rexmit: BuiltCli
beforeAll(async () => {
  rexmit = await buildCli()
}, 120_000)
afterAll(() => rexmit.remove())

async function listen(server: Server): Promise<number> {
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  onTestFinished(() => void server.close())
  return (server.address() as AddressInfo).port
}

async function gatewayTo(port: number, ...options: string[]): Promise<{ url: string; gateway: Rexmit }> {
  const gateway = rexmit.start('gateway', '--listen', '127.0.0.1:0', '--to', `127.0.0.1:${port}`, ...options)
  const [, listening] = await gateway.says(/^127\.0\.0\.1:(\d+) leads through the link/m)
  onTestFinished(async () => void (await gateway.interrupt()))
  return { url: `http://127.0.0.1:${listening}/`, gateway }
}

function curl(...args: string[]): Promise<{ status: number | null; body: Buffer }> {
  const child = spawn(findCurl()!, ['--silent', '--noproxy', '*', '--max-time', '50', ...args])
  const chunks: Buffer[] = []
  child.stdout.on('data', (chunk: Buffer) => chunks.push(chunk))
  return new Promise((resolve) =>
    child.on('close', (status) => resolve({ status, body: Buffer.concat(chunks) })),
  )
}

describe.skipIf(!findCurl())('curl through the gateway', () => {
  const withBody = () =>
    createHttpServer((request, response) => {
      if (request.method !== 'PUT') return void response.end(BODY)
      const hash = createHash('sha256')
      request.on('data', (chunk: Buffer) => hash.update(chunk))
      request.on('end', () => response.end(hash.digest('hex')))
    })

  it.each(['0%', '2%', '10%'])('at %s loss fetches every byte as it is', async (loss) => {
    const { url } = await gatewayTo(await listen(withBody()), '--loss', loss, '--delay', '1ms')
    const { status, body } = await curl(url)
    expect(status).toBe(0)
    expect(body.length).toBe(BODY.length)
    expect(digest(body)).toBe(digest(BODY))
  })

  it('sends every byte as it is, too, and hears the answer', async () => {
    const { url } = await gatewayTo(await listen(withBody()), '--loss', '2%', '--delay', '1ms')
    const { status, body } = await curl('--upload-file', join(rexmit.folder, 'dist', 'cli.js'), url)
    expect(status).toBe(0)
    expect(body.toString()).toBe(digest(readFileSync(join(rexmit.folder, 'dist', 'cli.js'))))
  })

  it('carries many connections at once', async () => {
    const { url } = await gatewayTo(await listen(withBody()), '--loss', '1%', '--delay', '1ms')
    const all = await Promise.all(Array.from({ length: 8 }, () => curl(url)))
    for (const { status, body } of all) expect([status, digest(body)]).toEqual([0, digest(BODY)])
  })

  it('shows a target that is down as a connection that is reset', async () => {
    const server = createServer()
    const port = await listen(server)
    await new Promise((resolve) => server.close(resolve))
    const { url } = await gatewayTo(port, '--delay', '1ms')
    const { status, body } = await curl(url)
    expect([COULD_NOT_CONNECT, EMPTY_REPLY, RECEIVE_FAILED]).toContain(status)
    expect(body).toHaveLength(0)
  })

  it('shows a target that resets in mid-answer as that, with the bytes before it', async () => {
    const server = createServer((socket) => {
      ignoreErrors(socket)
      socket.once('data', () => {
        socket.write('HTTP/1.1 200 OK\r\nContent-Length: 1000\r\n\r\nhalf', () =>
          setTimeout(() => socket.resetAndDestroy(), 100),
        )
      })
    })
    const { url } = await gatewayTo(await listen(server), '--delay', '1ms')
    const { status, body } = await curl(url)
    expect(status).toBe(RECEIVE_FAILED)
    expect(body.toString()).toBe('half')
  })

  it('leaves a target that never answers unanswered', async () => {
    const { url } = await gatewayTo(await listen(createServer(ignoreErrors)), '--delay', '1ms')
    const { status, body } = await curl('--max-time', '2', url)
    expect(status).toBe(TIMED_OUT)
    expect(body).toHaveLength(0)
  })

  it('is a run of the engine behind a window, on request', async () => {
    const out = join(rexmit.folder, 'window')
    const options = ['--window', '--no-open', '--out', out, '--delay', '1ms']
    const { url, gateway } = await gatewayTo(await listen(withBody()), ...options)
    await gateway.says(/^http:\/\/127\.0\.0\.1:\d+\/\?token=\S+$/m)
    expect((await curl(url)).status).toBe(0)
    const { status, stderr } = await gateway.interrupt()
    expect(status, stderr).toBe(0)
    const summary = JSON.parse(readFileSync(join(out, 'summary.json'), 'utf8')) as {
      metrics: Record<string, number>
    }
    expect(summary.metrics['gateway/connections_established']).toBe(1)
    expect(readFileSync(join(out, 'capture.pcapng')).length).toBeGreaterThan(BODY.length)
  })

  it.skipIf(!findTshark())('leaves a capture in which a stranger finds the same HTTP', async () => {
    const out = join(rexmit.folder, 'gateway')
    const { url, gateway } = await gatewayTo(
      await listen(withBody()),
      '--loss',
      '1%',
      '--delay',
      '1ms',
      '--out',
      out,
    )
    expect((await curl(url)).status).toBe(0)
    const { status, stderr } = await gateway.interrupt()
    expect(status, stderr).toBe(0)
    const fields = ['tcp.checksum.status', '_ws.malformed']
    const frames = tsharkFields(join(out, 'capture.pcapng'), fields)
    expect(frames.length).toBeGreaterThan(200)
    for (const frame of frames) expect(frame).toEqual({ 'tcp.checksum.status': '1', '_ws.malformed': '' })
    const summary = JSON.parse(readFileSync(join(out, 'summary.json'), 'utf8')) as {
      metrics: Record<string, number>
    }
    expect(summary.metrics['gateway/connections_established']).toBe(1)
  })
})

describe('a gateway to a server in the lab', () => {
  async function gatewayTo(...options: string[]): Promise<Rexmit> {
    const gateway = rexmit.start('gateway', '--listen', '127.0.0.1:0', '--loss', '5%', ...options)
    await gateway.says(/^127\.0\.0\.1:\d+ leads through the link to the \w+ server in the lab/m)
    onTestFinished(async () => void (await gateway.interrupt()))
    return gateway
  }

  it.skipIf(!findCurl())('web is fetched with the command line that the terminal prints', async () => {
    const gateway = await gatewayTo('--to', 'web')
    const [, url] = await gateway.says(/^curl -o bytes (http:\S+\/bytes\/1000000)$/m)
    const { status, body } = await curl(url)
    expect([status, body.length]).toEqual([0, 1_000_000])
    const page = await curl(new URL('/', url).href)
    expect(page.body.toString()).toContain('other side of the link')
  })

  it.skipIf(!findMosquitto('mosquitto_pub') || !findMosquitto('mosquitto_sub'))(
    'broker is reached with the command lines that the terminal prints',
    async () => {
      const gateway = await gatewayTo('--to', 'broker')
      const [, port] = await gateway.says(
        /^mosquitto_sub -h 127\.0\.0\.1 -p (\d+) -V mqttv311 -t 'lab\/#' -q 1 -v$/m,
      )
      await gateway.says(new RegExp(`^mosquitto_pub .* -p ${port} .* -t lab/greeting -q 1 -m hello$`, 'm'))
      // Kept for who comes later, so that nobody has to wait for anybody.
      const options = { port: Number(port), qos: 1 } as const
      const published = await mosquittoPub({ ...options, topic: 'lab/greeting', retain: true }, ['hello'])
      expect(published.status).toBe(0)
      expect(await mosquittoSub({ ...options, filter: 'lab/#' }, 1)).toEqual(['1 hello'])
    },
  )

  it('dns is asked over UDP, and again until it answers', async () => {
    const gateway = await gatewayTo('--to', 'dns', '--loss', '20%')
    const [, port] = await gateway.says(/^dig @127\.0\.0\.1 -p (\d+) www\.rexmit\.test$/m)
    const query = encode({ type: 'query', id: 1, questions: [{ type: 'A', name: 'www.rexmit.test' }] })
    const { answers } = decode(await askAgainAndAgain(Number(port), query))
    expect(answers).toMatchObject([{ type: 'CNAME' }, { type: 'A', data: '192.0.2.1' }])
  })
})

it('a gateway over UDP loses what the link loses, and nothing else', async () => {
  const target = createSocket('udp4').bind(0, '127.0.0.1')
  onTestFinished(() => void target.close())
  await once(target, 'listening')
  target.on('message', (bytes, { port, address }) => target.send(bytes, port, address))
  const to = `127.0.0.1:${target.address().port}`
  const out = join(rexmit.folder, 'udp')
  const options = ['--udp', '--loss', '20%', '--out', out]
  const gateway = rexmit.start('gateway', '--listen', '127.0.0.1:0', '--to', to, ...options)
  const [, port] = await gateway.says(/^127\.0\.0\.1:(\d+) leads through the link to \S+ over UDP/m)
  const client = createSocket('udp4')
  onTestFinished(() => void client.close())
  const back = new Set<number>()
  client.on('message', (bytes) => back.add(bytes.readUInt8()))
  for (let i = 0; i < 200; i++) {
    client.send(Buffer.of(i), Number(port), '127.0.0.1')
    if (i % 10 === 0) await new Promise((resolve) => setTimeout(resolve, 5))
  }
  // Until nothing comes any more.
  for (let before = -1; before < back.size;) {
    before = back.size
    await new Promise((resolve) => setTimeout(resolve, 1_000))
  }
  expect((await gateway.interrupt()).status).toBe(0)
  const rows = readFileSync(join(out, 'events.csv'), 'utf8').split('\n')
  const dropped = rows.filter((row) => row.includes('link:packet_dropped')).length
  expect(dropped).toBeGreaterThan(30)
  expect(back.size).toBe(200 - dropped)
})

/** Asks every 100 ms until an answer comes, as resolvers do. */
async function askAgainAndAgain(port: number, query: Buffer): Promise<Buffer> {
  const socket = createSocket('udp4')
  const again = setInterval(() => socket.send(query, port, '127.0.0.1'), 100)
  try {
    const [answer] = (await once(socket, 'message')) as [Buffer]
    return answer
  } finally {
    clearInterval(again)
    socket.close()
  }
}
