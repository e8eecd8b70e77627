/** The DNS server as a program: over UDP and TCP, with its delay. */
import { decode, encode } from 'dns-packet'
import { describe, expect, it } from 'vitest'
import { framed, Unframer } from '../../../../../electron/engine/node/dns/framing.ts'
import type { Surroundings } from '../../../../../electron/engine/node/program.ts'
import type { LabSocket } from '../../../../../electron/engine/sockets.ts'
import { runDns, RTT, type DnsLab } from '../../../../support/dns-lab.ts'

const query = (id: number, name = 'site.lab') =>
  encode({ type: 'query', id, questions: [{ name, type: 'A' }] })

/** What a client gets by TCP that does with its connection what it likes; it is done a minute later. */
async function byTcp(use: (socket: LabSocket, lab: Surroundings) => void, server: DnsLab['server'] = {}) {
  const replies: { readonly at: number; readonly id: number | undefined }[] = []
  let isDone = false
  let closedAt = NaN
  const result = await runDns({
    server,
    clientProgram: (lab) => ({
      get done() {
        return isDone
      },
      start: () => {
        const socket = lab.sockets.connect(
          { address: lab.addressOf('server'), port: 53 },
          { allowHalfOpen: true },
        )
        const unframer = new Unframer()
        socket.on('error', () => undefined)
        socket.on('data', (bytes: Buffer) => {
          for (const reply of unframer.take(bytes)) replies.push({ at: lab.now(), id: decode(reply).id })
        })
        socket.on('end', () => {
          closedAt = lab.now()
          socket.end()
        })
        socket.once('connect', () => use(socket, lab))
        lab.after(60_000_000, () => (isDone = true))
      },
    }),
  })
  return { replies, closedAt, ...result }
}

describe('over TCP (RFC 7766)', () => {
  it('answers questions that come one behind the other, in whatever pieces', async () => {
    const { replies } = await byTcp((socket) => {
      const all = Buffer.concat([1, 2, 3].map((id) => framed(query(id))))
      for (const byte of all) socket.write(Buffer.from([byte]))
    })
    expect(replies.map(({ id }) => id)).toEqual([1, 2, 3])
  })

  it('answers what was asked before the client closed its side', async () => {
    const { replies, closedAt } = await byTcp((socket) => socket.end(framed(query(7))), { delay: 500_000 })
    expect(replies.map(({ id }) => id)).toEqual([7])
    expect(closedAt).toBeGreaterThan(500_000)
    expect(closedAt).toBeLessThan(1_000_000)
  })

  it('closes a connection that is idle for ten seconds (6.2.3)', async () => {
    const { closedAt, replies } = await byTcp((socket) => socket.write(framed(query(1))))
    expect(closedAt - replies[0].at).toBeCloseTo(10_000_000, -5)
  })

  it('says nothing to what is no query, and goes on', async () => {
    const { replies, all } = await byTcp((socket) => {
      socket.write(Buffer.concat([framed(Buffer.alloc(0)), framed(Buffer.from('junk')), framed(query(9))]))
    })
    expect(replies.map(({ id }) => id)).toEqual([9])
    // The one with four bytes and the empty one, told once each: by the onlooker at the client.
    expect(all('dns:problem')).toHaveLength(2)
  })
})

describe('over UDP', () => {
  it('takes as long as it is set to', async () => {
    const { lookups } = await runDns({ server: { delay: 300_000 } })
    expect(lookups[0].took).toBeCloseTo(RTT + 300_000, -3)
  })

  it('says where a host is, by its name in the set-up', async () => {
    const records = [{ name: 'me.lab', type: 'A', value: 'client' }] as const
    const { lookups } = await runDns({ records, queries: [{ name: 'me.lab' }] })
    expect(lookups).toMatchObject([{ values: '10.77.0.1' }])
  })
})

describe('a set-up', () => {
  it.each([
    ['A', 'nobody', 'a host or an IPv4 address'],
    ['A', '10.77.0.256', 'a host or an IPv4 address'],
    ['AAAA', '10.77.0.1', 'an IPv6 address'],
    ['CNAME', 'not a name', 'a name'],
    ['MX', 'mail.lab', 'a preference and a name'],
    ['SOA', 'ns.lab', 'two names and five numbers'],
  ] as const)('is refused when a record of type %s says %s', async (type, value, wanted) => {
    await expect(runDns({ records: [{ name: 'x.lab', type, value }] })).rejects.toThrow(wanted)
  })
})
