/** A second handshake on a TLS 1.2 connection, under the keys of the first (RFC 5246 7.4.1.1, RFC 5746). */
import { once } from 'node:events'
import * as tls from 'node:tls'
import { beforeAll, expect, it } from 'vitest'
import { duplexPair } from '../../../../support/duplex-pair.ts'
import type { Crossed } from '../../../../support/tls-capture.ts'
import { createCertificates } from '../../../../support/tls-certificates.ts'
import { courseOf, dataOf, of, readTls } from '../../../../support/tls-reading.ts'

/** What crosses when a client says something, shakes hands again, and says something more. */
async function renegotiate(): Promise<{ crossed: Crossed[]; keyLog: string }> {
  const { authority, server } = await createCertificates()
  const crossed: Crossed[] = []
  const lines: Buffer[] = []
  const ends = duplexPair((from, bytes) => crossed.push({ from, bytes }))
  const heard: string[] = []
  const acceptor = tls.createServer({ ...server, maxVersion: 'TLSv1.2' }, (socket) => {
    socket.on('data', (data: Buffer) => {
      heard.push(data.toString())
      socket.write(`heard ${data.toString()}`)
    })
    socket.on('error', () => {})
  })
  acceptor.on('keylog', (line) => lines.push(line))
  acceptor.emit('connection', ends.server)
  const client = tls.connect({ socket: ends.client, servername: 'server.test', ca: authority })
  client.on('keylog', (line) => lines.push(line))
  await once(client, 'secureConnect')
  client.write('before')
  await once(client, 'data')
  await new Promise<void>((resolve, reject) => {
    client.renegotiate({ rejectUnauthorized: true }, (error) => (error ? reject(error) : resolve()))
  })
  client.write('after')
  await once(client, 'data')
  client.destroy()
  return { crossed, keyLog: Buffer.concat(lines).toString() }
}

let crossed: Crossed[]
let keyLog: string
beforeAll(async () => {
  ;({ crossed, keyLog } = await renegotiate())
})

it('is read like the first, encrypted as it is, and so is what follows', () => {
  const events = readTls(crossed, keyLog)
  const course = courseOf(events).filter((step) => !step.endsWith('new_session_ticket'))
  const finished = [...course.keys()].filter((i) => course[i].endsWith(' finished'))
  expect(finished).toHaveLength(4)
  const hellos = of(events, 'handshake').filter(({ message }) => message.type === 'client_hello')
  expect(hellos.map(({ pieces }) => pieces[0].stream !== undefined)).toEqual([true, false])
  expect(dataOf(events, 'client').toString()).toBe('beforeafter')
  expect(dataOf(events, 'server').toString()).toBe('heard beforeheard after')
  expect(of(events, 'keys').map(({ from }) => from)).toHaveLength(4)
  expect(new Set(of(events, 'keys').map(({ key }) => Buffer.from(key).toString('hex'))).size).toBe(4)
  expect(of(events, 'undecryptable')).toEqual([])
  expect(of(events, 'malformed')).toEqual([])
})

it('stays closed from the change of keys on, if only the first secret is known', () => {
  const [first] = keyLog.split('\n')
  const events = readTls(crossed, first)
  expect(dataOf(events, 'client').toString()).toBe('before')
  const closed = of(events, 'undecryptable')
  expect(new Set(closed.map(({ reason }) => reason))).toEqual(new Set(['no_secret']))
})
