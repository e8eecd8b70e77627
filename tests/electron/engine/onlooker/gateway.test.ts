/** Clients and servers of the user's own through the gateway: HTTP in the clear is read, TLS as far as it shows itself. */
import { once } from 'node:events'
import * as http from 'node:http'
import * as https from 'node:https'
import type { AddressInfo, Server } from 'node:net'
import { join } from 'node:path'
import { expect, it, onTestFinished } from 'vitest'
import { startGateway } from '../../../../electron/engine/gateway.ts'
import { planGateway } from '../../../../electron/engine/gateway-plan.ts'
import type { EventData, EventName } from '../../../../shared/trace/events.ts'
import { temporaryFolder } from '../../../support/runs.ts'
import { createCertificates } from '../../../support/tls-certificates.ts'

/** A gateway to `server`; gives the port that it listens on, and what was seen once it has stopped. */
async function gatewayTo(server: Server) {
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  onTestFinished(() => void server.close())
  const { port } = server.address() as AddressInfo
  const plan = planGateway({
    listen: 0,
    to: { host: '127.0.0.1', port },
    link: { down: { loss: { rate: 0.05 } } },
  })
  if (!plan.ok) throw new Error(plan.error.message)
  const { run, started } = startGateway(plan.value, { id: 1, directory: join(temporaryFolder(), 'run') })
  onTestFinished(() => run.close())
  await started
  return {
    port: Number(run.info.gateway!.listen.split(':')[1]),
    /** Ends the run. */
    stop: () => run.stop(),
    all: <N extends EventName>(name: N): EventData<N>[] =>
      [...run.reader.events([name])].map(({ data }) => data as EventData<N>),
  }
}

const CONTENT = Buffer.alloc(200_000, 0x61)

async function fetchFrom(request: http.ClientRequest): Promise<number> {
  request.end()
  const [response] = (await once(request, 'response')) as [http.IncomingMessage]
  let bytes = 0
  for await (const chunk of response) bytes += (chunk as Buffer).length
  return bytes
}

it('reads requests and responses in the clear', async () => {
  const gateway = await gatewayTo(http.createServer((_, response) => response.end(CONTENT)))
  const { port } = gateway
  expect(await fetchFrom(http.request({ port, host: '127.0.0.1', path: '/x', agent: false }))).toBe(
    CONTENT.length,
  )
  await gateway.stop()
  expect(gateway.all('http:message_started')).toMatchObject([
    { from: 'client', method: 'GET', target: '/x' },
    { from: 'server', status: 200 },
  ])
  expect(gateway.all('http:message_finished')).toMatchObject([
    { from: 'client', content: 0, complete: true },
    { from: 'server', content: CONTENT.length, complete: true },
  ])
})

it('reads of TLS what is not encrypted, and says why the rest stays closed', async () => {
  const { authority, server } = await createCertificates()
  const gateway = await gatewayTo(https.createServer(server, (_, response) => response.end(CONTENT)))
  const { port } = gateway
  const options = { port, host: '127.0.0.1', agent: false, servername: 'server.test', ca: authority }
  expect(await fetchFrom(https.request(options as https.RequestOptions))).toBe(CONTENT.length)
  await gateway.stop()
  expect(gateway.all('security:handshake_message').map(({ name }) => name)).toEqual([
    'client_hello',
    'server_hello',
  ])
  const closed = gateway.all('security:record').filter((record) => record.protected)
  expect(closed.reduce((sum, { length }) => sum + length, 0)).toBeGreaterThan(CONTENT.length)
  expect(new Set(closed.map(({ problem }) => problem))).toEqual(new Set(['no_secret']))
  const causes = gateway.all('tcp:stall_changed').map(({ cause }) => cause)
  expect(causes.lastIndexOf('handshake')).toBeLessThan(causes.length - 2)
  expect(gateway.all('http:message_started')).toEqual([])
})
