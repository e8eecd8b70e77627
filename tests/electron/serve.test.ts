import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { request as httpRequest, type IncomingHttpHeaders } from 'node:http'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { WebSocket } from 'ws'
import { CommandRefused } from '../../electron/ipc/engine-client.ts'
import { type LabServer, startServer } from '../../electron/serve.ts'

const worker = join(import.meta.dirname, '../support/echo-engine.mjs')
let folder: string
let server: LabServer

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'rexmit-serve-'))
  await writeFile(join(folder, 'index.html'), '<!doctype html><title>Rexmit</title>')
  await writeFile(join(folder, '.secret.json'), '{}')
  server = await startServer({ port: 0, open: false, recordings: folder, page: folder, worker })
})
afterEach(async () => {
  await server.close()
  await rm(folder, { recursive: true })
})

interface Answer {
  readonly status: number
  readonly headers: IncomingHttpHeaders
  readonly body: string
}

function get(path: string, headers: Record<string, string> = {}, method = 'GET'): Promise<Answer> {
  const { port } = new URL(server.url)
  return new Promise((resolve, reject) => {
    const request = httpRequest({ host: '127.0.0.1', port, path, headers, method }, (response) => {
      let body = ''
      response.setEncoding('utf8')
      response.on('data', (text: string) => (body += text))
      response.on('end', () => resolve({ status: response.statusCode!, headers: response.headers, body }))
    })
    request.on('error', reject)
    request.end()
  })
}

/** Opens the WebSocket; resolves to the socket, or to the status with which it was refused. */
function open(options: { token?: string; origin?: string; host?: string; path?: string } = {}) {
  const { port, searchParams, origin } = new URL(server.url)
  const token = options.token ?? searchParams.get('token')!
  const socket = new WebSocket(`ws://127.0.0.1:${port}${options.path ?? '/lab'}?token=${token}`, {
    headers: { host: options.host ?? `127.0.0.1:${port}`, origin: options.origin ?? origin },
  })
  return new Promise<WebSocket | number>((resolve) => {
    socket.on('open', () => resolve(socket))
    socket.on('unexpected-response', (_request, response) => {
      resolve(response.statusCode!)
      socket.terminate()
    })
    socket.on('error', () => undefined)
  })
}

async function opened(): Promise<WebSocket> {
  const socket = await open()
  if (typeof socket === 'number') throw new Error(`refused with ${socket}`)
  return socket
}

/** The next message that `wanted` takes. */
function next<T>(socket: WebSocket, wanted: (data: Buffer, binary: boolean) => T | undefined): Promise<T> {
  return new Promise((resolve) => {
    const look = (data: Buffer, binary: boolean): void => {
      const found = wanted(data, binary)
      if (found === undefined) return
      socket.off('message', look)
      resolve(found)
    }
    socket.on('message', look)
  })
}

const json =
  (type: string) =>
  (data: Buffer, binary: boolean): Record<string, unknown> | undefined => {
    const message = binary ? {} : (JSON.parse(data.toString()) as Record<string, unknown>)
    return message.type === type ? message : undefined
  }

describe('the page over loopback HTTP', () => {
  it('comes with a policy that allows no source but its own', async () => {
    const { status, headers, body } = await get('/')
    expect(status).toBe(200)
    expect(body).toContain('Rexmit')
    expect(headers['content-security-policy']).toContain("default-src 'none'")
    expect(headers['content-security-policy']).toContain("script-src 'self';")
    expect(headers['content-security-policy']).not.toContain('unsafe')
    expect(headers['x-content-type-options']).toBe('nosniff')
  })

  it.each(['/../package.json', '/%2e%2e/package.json', '/.secret.json', '//etc/passwd', '/a/../../b.json'])(
    'serves nothing outside its folder and no dot file: %s',
    async (path) => {
      expect((await get(path)).status).toBe(404)
    },
  )

  it('answers only to its own names, so that no foreign domain can be pointed at it', async () => {
    expect((await get('/', { host: 'evil.example' })).status).toBe(403)
    expect((await get('/', { host: `evil.example:${new URL(server.url).port}` })).status).toBe(403)
    expect((await get('/', { host: `localhost:${new URL(server.url).port}` })).status).toBe(200)
  })

  it('takes no other method', async () => {
    expect((await get('/', {}, 'POST')).status).toBe(405)
  })

  it('says when its port is taken', async () => {
    const port = Number(new URL(server.url).port)
    await expect(
      startServer({ port, open: false, recordings: folder, page: folder, worker }),
    ).rejects.toThrow('EADDRINUSE')
  })
})

describe('the WebSocket', () => {
  it.each([
    ['no token', { token: '' }, 401],
    ['another token of the same length', { token: 'x'.repeat(32) }, 401],
    ['a foreign page', { origin: 'http://evil.example' }, 403],
    ['a page of another port', { origin: 'http://127.0.0.1:1' }, 403],
    ['a foreign host', { host: 'evil.example' }, 403],
    ['another path', { path: '/other' }, 404],
  ])('is refused to %s', async (_who, options, status) => {
    expect(await open(options)).toBe(status)
  })

  it('carries requests, answers with bytes, and batches', async () => {
    const socket = await opened()
    const batch = next(socket, (data, binary) => (binary ? [...data] : undefined))
    const reply = next(socket, json('reply'))
    socket.send(JSON.stringify({ id: 5, command: { type: 'run.list' } }))
    expect(await batch).toEqual([7, 0, 0, 0, 2, 0, 0, 0, 1, 2, 3])
    expect(await reply).toEqual({
      type: 'reply',
      id: 5,
      ok: true,
      result: { command: { type: 'run.list' }, bytes: { $bytes: 'AP8=' } },
    })
    socket.close()
  })

  it('closes on what is not JSON, and on binary', async () => {
    for (const [data, code] of [
      ['{', 1007],
      [Buffer.of(1), 1003],
    ] as const) {
      const socket = await opened()
      const closed = new Promise((resolve) => socket.on('close', resolve))
      socket.send(data)
      expect(await closed).toBe(code)
    }
  })

  it('tells of a crash of the engine and works again with the next one', async () => {
    const socket = await opened()
    const states: unknown[] = []
    const readyAgain = next(socket, (data, binary) => {
      const notice = json('engine')(data, binary)
      if (notice) states.push([notice.state, notice.detail])
      return notice?.state === 'ready' && states.length > 1 ? true : undefined
    })
    socket.send(JSON.stringify({ id: 1, command: { type: 'run.forget', run: 13 } }))
    await readyAgain
    expect(states.slice(-2)).toEqual([
      ['crashed', 'the engine ended with status 3'],
      ['ready', ''],
    ])
    const reply = next(socket, json('reply'))
    socket.send(JSON.stringify({ id: 2, command: { type: 'run.list' } }))
    expect(await reply).toMatchObject({ id: 2, ok: true })
    socket.close()
  })
})

describe('the engine client of the main side', () => {
  it('resolves with results and rejects with what the engine says is wrong', async () => {
    expect(await server.engine.request({ type: 'run.list' })).toMatchObject({ command: { type: 'run.list' } })
    const refused = await server.engine.request({ type: 'run.stop', run: 1 }).catch((error: unknown) => error)
    expect(refused).toBeInstanceOf(CommandRefused)
    expect((refused as CommandRefused).error.field).toBe('run')
  })

  it('leaves no request hanging when the engine dies', async () => {
    await expect(server.engine.request({ type: 'run.forget', run: 13 })).rejects.toThrow('status 3')
  })
})
