/** A gateway to the DNS server in the lab, as a resolver of this machine would use it. */
import { createSocket } from 'node:dgram'
import { once } from 'node:events'
import { decode, encode, RECURSION_DESIRED, TRUNCATED_RESPONSE, type Answer } from 'dns-packet'
import { describe, expect, it, onTestFinished } from 'vitest'
import type { LinkInput } from '../../../shared/link.ts'
import { openGateway } from '../../support/gateway.ts'

const open = (link?: LinkInput) => openGateway({ protocol: 'udp', to: 'dns', link })

/** Asks until there is an answer, as resolvers do. */
async function ask(port: number, name: string, type: 'A' | 'AAAA' | 'MX' = 'A') {
  const socket = createSocket('udp4')
  onTestFinished(() => void socket.close())
  const question = encode({ type: 'query', id: 7, flags: RECURSION_DESIRED, questions: [{ type, name }] })
  const send = (): void => socket.send(question, port, '127.0.0.1')
  const again = setInterval(send, 100)
  onTestFinished(() => clearInterval(again))
  send()
  const [bytes] = (await once(socket, 'message')) as [Buffer]
  clearInterval(again)
  return decode(bytes)
}

const valuesOf = (answers: readonly Answer[] = []) =>
  answers.map((answer) => [answer.type, 'data' in answer ? answer.data : undefined])

describe('the DNS server in the lab, through a gateway', () => {
  it('answers for its zone', async () => {
    const { run, port } = await open()
    const { id, answers } = await ask(port, 'www.rexmit.test')
    expect(id).toBe(7)
    expect(valuesOf(answers)).toEqual([
      ['CNAME', 'rexmit.test'],
      ['A', '192.0.2.1'],
    ])
    expect(valuesOf((await ask(port, 'rexmit.test', 'AAAA')).answers)).toEqual([['AAAA', '2001:db8::1']])
    expect(run.info.gateway).toMatchObject({ to: 'dns', protocol: 'udp', connections: { total: 2 } })
  })

  it('truncates what no datagram holds (RFC 1035 4.2.1), and says what does not exist', async () => {
    const { port } = await open()
    const many = await ask(port, 'many.rexmit.test')
    expect((many.flags ?? 0) & TRUNCATED_RESPONSE).not.toBe(0)
    expect((await ask(port, 'none.rexmit.test')).flags! & 0xf).toBe(3)
  })

  it('answers in the end whatever the link loses, as resolvers ask again', async () => {
    const lossy = { loss: { rate: 0.3 } }
    const { run, port } = await open({ up: lossy, down: lossy })
    const answers = await Promise.all(Array.from({ length: 20 }, () => ask(port, 'rexmit.test')))
    for (const { answers: found } of answers) expect(valuesOf(found)).toEqual([['A', '192.0.2.1']])
    expect([...run.reader.events(['link:packet_dropped'])].length).toBeGreaterThan(0)
  })
})
