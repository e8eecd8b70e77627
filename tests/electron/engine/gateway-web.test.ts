/** A gateway to the web server in the lab. */
import { once } from 'node:events'
import { Agent, get, request, type IncomingMessage } from 'node:http'
import { describe, expect, it, onTestFinished } from 'vitest'
import type { Run } from '../../../electron/engine/run.ts'
import { openGateway } from '../../support/gateway.ts'
import { collect } from '../../support/streams.ts'

async function openWeb(): Promise<{ run: Run; port: number; agent: Agent }> {
  const lossy = { delay: 1_000, loss: { rate: 0.02 } }
  const gateway = await openGateway({ to: 'web', link: { up: lossy, down: lossy } })
  const agent = new Agent({ keepAlive: true, maxSockets: 6 })
  onTestFinished(() => agent.destroy())
  return { ...gateway, agent }
}

async function fetched(port: number, path: string, agent: Agent) {
  const [response] = (await once(get({ port, path, host: '127.0.0.1', agent }), 'response')) as [
    IncomingMessage,
  ]
  const type = response.headers['content-type']
  return { status: response.statusCode, type, body: await collect(response) }
}

describe('the web server in the lab, through a gateway', () => {
  it('shows a page with all that it names', async () => {
    const { run, port, agent } = await openWeb()
    const page = await fetched(port, '/', agent)
    expect(page).toMatchObject({ status: 200, type: 'text/html; charset=utf-8' })
    const named = [...page.body.toString().matchAll(/(?:src|href)="(\/[^"]+\.(?:svg|css))"/g)].map(
      ([, path]) => path,
    )
    expect(named.length).toBe(25)
    const parts = await Promise.all(named.map((path) => fetched(port, path, agent)))
    for (const [i, part] of parts.entries())
      expect([named[i], part.status, part.type]).toEqual([
        named[i],
        200,
        named[i].endsWith('.css') ? 'text/css' : 'image/svg+xml',
      ])
    expect(run.info.gateway).toMatchObject({ to: 'web', protocol: 'tcp', connections: { refused: 0 } })
    // What crossed the link stands in the trace as an onlooker read it.
    const targets = [...run.reader.events(['http:message_started'])].flatMap(({ data }) =>
      data.part === 'request' ? [data.target] : [],
    )
    expect(new Set(targets)).toEqual(new Set(['/', ...named]))
  })

  it('gives as many bytes as somebody asks for', async () => {
    const { port, agent } = await openWeb()
    const { body } = await fetched(port, '/bytes/123456', agent)
    expect(body.length).toBe(123_456)
    expect((await fetched(port, '/bytes/0', agent)).body.length).toBe(0)
  })

  it.each(['/none', '/image/0.svg', '/image/25.svg', '/bytes/100000001', '/bytes/-1'])(
    'has nothing at %s',
    async (path) => {
      const { port, agent } = await openWeb()
      expect((await fetched(port, path, agent)).status).toBe(404)
    },
  )

  it('takes no other methods than GET and HEAD', async () => {
    const { port, agent } = await openWeb()
    const ask = async (method: string): Promise<IncomingMessage> => {
      const asked = request({ port, host: '127.0.0.1', agent, method }).end()
      const [response] = (await once(asked, 'response')) as [IncomingMessage]
      response.resume()
      return response
    }
    expect((await ask('POST')).statusCode).toBe(405)
    const head = await ask('HEAD')
    expect(head.statusCode).toBe(200)
    expect(Number(head.headers['content-length'])).toBeGreaterThan(1_000)
  })
})
