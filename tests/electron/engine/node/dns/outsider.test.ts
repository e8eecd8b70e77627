/** What an outsider sends to the DNS server in the lab that it should not: answered as the standard says, and shown with the rule. */
import { createSocket } from 'node:dgram'
import { once } from 'node:events'
import { encode } from 'dns-packet'
import { expect, it, onTestFinished } from 'vitest'
import { openGateway } from '../../../../support/gateway.ts'

const query = encode({ type: 'query', id: 0x1234, questions: [{ type: 'A', name: 'rexmit.test' }] })
const header = query.subarray(0, 12)
/** The header of a query comes back as a response with FORMERR. */
const FORMERR = '123480010000000000000000'

it.each([
  [
    'a name that points at itself',
    Buffer.concat([header, Buffer.from([0xc0, 12, 0, 1, 0, 1])]),
    'RFC 1035 4.1.4',
  ],
  ['a query that is cut off', query.subarray(0, 20), 'RFC 1035 4.1'],
  [
    'two questions',
    encode({
      type: 'query',
      id: 0x1234,
      questions: [
        { type: 'A', name: 'a.test' },
        { type: 'A', name: 'b.test' },
      ],
    }),
    'RFC 9619 4',
  ],
] as const)('%s gets FORMERR, and the next query its answer', async (_, bad, rule) => {
  const { run, port } = await openGateway({ protocol: 'udp', to: 'dns' })
  const socket = createSocket('udp4')
  onTestFinished(() => void socket.close())
  const say = async (bytes: Uint8Array): Promise<string> => {
    socket.send(bytes, port, '127.0.0.1')
    const [reply] = (await once(socket, 'message')) as [Buffer]
    return reply.toString('hex')
  }
  expect(await say(bad)).toBe(FORMERR)
  expect(await say(query)).toMatch(/^12348400/)
  const problems = [...run.reader.events(['dns:problem'])]
  expect(problems.map(({ data }) => [data.from, data.rule])).toEqual([['client', rule]])
  // With the packet that it came in.
  expect(problems[0].pkt).toBeGreaterThan(0)
})

it('a response where a query should be is not answered', async () => {
  const { run, port } = await openGateway({ protocol: 'udp', to: 'dns' })
  const socket = createSocket('udp4')
  onTestFinished(() => void socket.close())
  const replies: string[] = []
  socket.on('message', (bytes) => replies.push(bytes.subarray(0, 2).toString('hex')))
  const response = Buffer.from(query)
  response.writeUInt16BE(0x5678, 0)
  response[2] |= 0x80
  socket.send(response, port, '127.0.0.1')
  socket.send(query, port, '127.0.0.1')
  await expect.poll(() => replies).toEqual(['1234'])
  const problems = [...run.reader.events(['dns:problem'])]
  expect(problems.map(({ data }) => data.rule)).toEqual(['RFC 1035 4.1.1'])
})
