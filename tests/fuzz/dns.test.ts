/** Whatever comes: the server and the resolver of DNS throw nothing, hang on nothing, and serve whoever comes next. */
import { decode, encode } from 'dns-packet'
import { expect, it } from 'vitest'
import { replyTo } from '../../electron/engine/node/dns/reply.ts'
import { isFault, readMessage } from '../../electron/engine/node/dns/message.ts'
import { readAnswer, whyNoAnswer } from '../../electron/engine/node/dns/reading.ts'
import { Zone } from '../../electron/engine/node/dns/zone.ts'
import { createRng } from '../../electron/protocol/random.ts'
import { wound } from '../support/cuts.ts'
import { RECORDS, recordOf, runDns } from '../support/dns-lab.ts'

const COUNT = process.env.REXMIT_FULL === '1' ? 100_000 : 10_000
const zone = new Zone(RECORDS.map(recordOf), () => 0x0a4d0002)
const opt = {
  type: 'OPT',
  name: '.',
  udpPayloadSize: 1_232,
  extendedRcode: 0,
  ednsVersion: 0,
  flags: 0,
} as const
const asked = { name: 'site.lab', type: 'A' } as const

const MESSAGES = [
  encode({ type: 'query', id: 1, questions: [{ name: 'www.site.lab', type: 'A' }] }),
  encode({
    type: 'query',
    id: 2,
    questions: [asked],
    additionals: [{ ...opt, flag_do: false, options: [] }],
  }),
  encode({
    type: 'response',
    id: 3,
    questions: [asked],
    answers: [
      { type: 'CNAME', name: 'site.lab', ttl: 5, data: 'x.lab' },
      { type: 'A', name: 'x.lab', ttl: 5, data: '10.77.0.2' },
      { type: 'TXT', name: 'site.lab', data: ['some', 'text'] },
      { type: 'MX', name: 'site.lab', data: { preference: 1, exchange: 'x.lab' } },
    ],
    authorities: [{ type: 'SOA', name: 'lab', ttl: 9, data: { mname: 'a.lab', rname: 'b.lab', minimum: 7 } }],
  }),
].map((bytes) => new Uint8Array(bytes))

it('a server answers anything with a message that can be read, or not at all', () => {
  const rng = createRng(1)
  let answered = 0
  for (let i = 0; i < COUNT; i++) {
    const bytes = wound(rng, new Uint8Array(MESSAGES[rng.int(MESSAGES.length)]))
    const over = rng.int(2) === 0 ? 'udp' : 'tcp'
    const { bytes: reply } = replyTo(bytes, { zone, over, udpSize: 1_232 })
    if (reply === undefined) continue
    answered++
    const packet = decode(reply)
    expect(packet.flag_qr).toBe(true)
    expect(packet.id).toBe((bytes[0] << 8) | bytes[1])
  }
  expect(answered).toBeGreaterThan(COUNT / 10)
})

it('a resolver makes something of anything', () => {
  const rng = createRng(2)
  const outcomes = new Set<string>()
  for (let i = 0; i < COUNT; i++) {
    const message = readMessage(wound(rng, new Uint8Array(MESSAGES[rng.int(MESSAGES.length)])))
    if (isFault(message)) {
      outcomes.add(message.rule)
      continue
    }
    const why = whyNoAnswer(message, 3, asked)
    outcomes.add(why?.rule ?? readAnswer(message, asked).outcome)
  }
  for (const one of ['RFC 1035 4.1', 'RFC 1035 4.1.4', 'RFC 5452 9.1', 'answer', 'nodata'])
    expect([...outcomes]).toContain(one)
})

it('a client finds what it asks for among answers that are none', async () => {
  const rng = createRng(3)
  const { lookups, run } = await runDns({
    queries: Array.from({ length: 20 }, () => asked),
    resolver: { cache: false, timeout: 100_000 },
    serverProgram: (lab) => ({
      start: () => {
        const socket = lab.udp.bind(53, {
          onDatagram: (bytes, from) => {
            for (let i = 0; i < 10; i++) socket.send(from, wound(rng, new Uint8Array(MESSAGES[2])))
            const { id } = decode(Buffer.from(bytes))
            const answers = [{ type: 'A', name: 'site.lab', ttl: 5, data: '10.77.0.2' }] as const
            socket.send(from, encode({ type: 'response', id, questions: [asked], answers: [...answers] }))
          },
        })!
      },
    }),
  })
  expect(run.info.state).toBe('finished')
  expect(lookups).toHaveLength(20)
  for (const { outcome, values } of lookups) expect([outcome, values]).toEqual(['answer', '10.77.0.2'])
})
