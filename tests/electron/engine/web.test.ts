/** A folder over the lab's link for programs of this machine: its sockets, their way into the lab, their end. */
import { createSocket, type Socket } from 'node:dgram'
import { once } from 'node:events'
import { writeFileSync } from 'node:fs'
import { get } from 'node:https'
import { createServer, type AddressInfo } from 'node:net'
import { join } from 'node:path'
import { describe, expect, onTestFinished, test } from 'vitest'
import { startWeb, type WebOptions, type WebServer } from '../../../electron/engine/web.ts'
import { temporaryFolder } from '../../support/runs.ts'

function folder(): string {
  const root = temporaryFolder()
  writeFileSync(join(root, 'index.html'), '<p>home</p>')
  return root
}

const start = (options: Partial<WebOptions> = {}) =>
  startWeb({ root: folder(), port: 0, ...options }, { id: 1, directory: join(temporaryFolder(), 'run') })

async function started(options: Partial<WebOptions> = {}): Promise<WebServer> {
  const begun = await start(options)
  if (!begun.ok) throw new Error(begun.error.message)
  const { run } = begun.value
  onTestFinished(async () => {
    await run.stop()
    run.close()
  })
  return begun.value
}

/** The home page as a client that trusts the laboratory gets it from an address. */
function home({ port, root }: WebServer, host: string): Promise<string> {
  return new Promise((resolve, reject) => {
    const request = get({ host, port, ca: root, servername: 'localhost', agent: false }, (response) => {
      const chunks: Buffer[] = []
      response.on('data', (chunk: Buffer) => chunks.push(chunk))
      response.on('end', () => resolve(Buffer.concat(chunks).toString()))
    })
    request.on('error', reject)
  })
}

test('every address that it names has it, and the connections cross the link', async () => {
  const web = await started({ link: { up: { delay: 2_000 }, down: { delay: 2_000 } } })
  expect(web.addresses).toContain('127.0.0.1')
  for (const address of web.addresses) expect(await home(web, address)).toBe('<p>home</p>')
  const { reader } = web.run
  const connected = [...reader.events(['app:connected'])].filter(({ node }) => node === 'web/client')
  expect(connected).toHaveLength(web.addresses.length)
  const handshakes = [...reader.events(['security:handshake_finished'])]
  expect(handshakes.map(({ node, data }) => [node, data.error])).toEqual(
    web.addresses.map(() => ['web/server', '']),
  )
})

describe('datagrams', () => {
  /** A version that nobody speaks (RFC 9000 6.1), from a connection id of the visitor's. */
  const strange = (id: number): Buffer => {
    const bytes = Buffer.alloc(1_200)
    bytes.set([
      0xc0,
      0x1a,
      0x2a,
      0x3a,
      0x4a,
      8,
      ...Array<number>(8).fill(0xdd),
      8,
      ...Array<number>(8).fill(id),
    ])
    return bytes
  }
  async function visitor(): Promise<Socket> {
    const socket = createSocket('udp4').bind(0, '127.0.0.1')
    onTestFinished(() => void socket.close())
    await once(socket, 'listening')
    return socket
  }

  test('each visitor gets its own answers', async () => {
    const { port, run } = await started()
    const visitors = [await visitor(), await visitor()]
    const answers = visitors.map((socket, i) => {
      socket.send(strange(i + 1), port, '127.0.0.1')
      return once(socket, 'message') as Promise<[Buffer]>
    })
    for (const [i, answer] of answers.entries()) {
      const [bytes] = await answer
      // Version Negotiation: version 0, to the visitor's id.
      expect([...bytes.subarray(1, 5)]).toEqual([0, 0, 0, 0])
      expect([...bytes.subarray(6, 14)]).toEqual(Array<number>(8).fill(i + 1))
    }
    const flows = [...run.reader.events(['udp:datagram_received'])]
      .filter(({ node }) => node === 'web/server')
      .map(({ flow }) => flow)
    expect(new Set(flows).size).toBe(2)
  })

  test('garbage is nothing to it', async () => {
    const web = await started()
    const socket = await visitor()
    for (const size of [0, 1, 20, 1_200, 1_400, 9_000])
      socket.send(Buffer.alloc(size, 0xff), web.port, '127.0.0.1')
    expect(await home(web, '127.0.0.1')).toBe('<p>home</p>')
    expect(web.run.info.state).toBe('running')
  })
})

test('a folder that is not there', async () => {
  expect(await start({ root: '/nowhere/at/all' })).toMatchObject({ ok: false, error: { field: 'root' } })
  const file = join(folder(), 'index.html')
  expect(await start({ root: file })).toMatchObject({ ok: false, error: { field: 'root', value: file } })
})

test('a port that is taken', async () => {
  const server = createServer().listen(0, '127.0.0.1')
  onTestFinished(() => void server.close())
  await once(server, 'listening')
  const { port } = server.address() as AddressInfo
  await expect(start({ port })).rejects.toMatchObject({ code: 'EADDRINUSE' })
})

test('it ends with its run: the port is free again', async () => {
  const web = await started()
  await web.run.stop()
  const again = await started({ port: web.port })
  expect(again.port).toBe(web.port)
})
