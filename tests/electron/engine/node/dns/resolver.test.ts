/** The resolver, in exchanges with a server that does as it should and with some that don't. */
import { decode, encode, type Packet } from 'dns-packet'
import { describe, expect, it } from 'vitest'
import type { Surroundings } from '../../../../../electron/engine/node/program.ts'
import { runDns, RTT } from '../../../../support/dns-lab.ts'

const outcomes = (lookups: readonly { readonly outcome: string }[]) => lookups.map(({ outcome }) => outcome)

/** A server over UDP that answers as `answer` says: with bytes, in this order, or nothing. */
const answering =
  (answer: (query: Packet & { readonly id: number }, bytes: Buffer, count: number) => readonly Buffer[]) =>
  (lab: Surroundings) => {
    let count = 0
    return {
      start: () => {
        const socket = lab.udp.bind(53, {
          onDatagram: (bytes, from) => {
            const query = decode(Buffer.from(bytes)) as Packet & { readonly id: number }
            for (const reply of answer(query, Buffer.from(bytes), ++count)) socket.send(from, reply)
          },
        })!
      },
    }
  }

const site = (query: Packet & { readonly id: number }, change: Partial<Packet> = {}): Buffer =>
  encode({
    type: 'response',
    id: query.id,
    questions: query.questions,
    answers: [{ type: 'A', name: 'site.lab', ttl: 60, data: '10.77.0.9' }],
    ...change,
  })

describe.each(['virtual', 'live'] as const)('in %s time', (driver) => {
  it('finds an address in one round trip, through an alias, and knows it from then on', async () => {
    const { lookups, queries } = await runDns({
      driver,
      queries: [{ name: 'www.site.lab' }, { name: 'www.site.lab' }],
    })
    // For as long as the alias is good, which is less than the address is.
    expect(lookups).toMatchObject([
      { outcome: 'answer', values: '10.77.0.2', ttl: 60_000_000 },
      { outcome: 'cache', values: '10.77.0.2' },
    ])
    expect(lookups[1].ttl).toBeLessThanOrEqual(60_000_000)
    expect(queries).toHaveLength(1)
    if (driver === 'live') return
    expect(lookups[0].took).toBeCloseTo(RTT, -3)
    expect(lookups[1].took).toBe(0)
  })
})

describe('what is known', () => {
  it('is good for its TTL, in lab time (RFC 1035 3.2.1)', async () => {
    const queries = [0, 59_000_000, 61_000_000].map((at) => ({ name: 'www.site.lab', at }))
    expect(outcomes((await runDns({ queries })).lookups)).toEqual(['answer', 'cache', 'answer'])
  })

  it('is asked for each time without a cache', async () => {
    const queries = [{ name: 'site.lab' }, { name: 'site.lab' }]
    const { lookups } = await runDns({ queries, resolver: { cache: false } })
    expect(outcomes(lookups)).toEqual(['answer', 'answer'])
  })

  it('includes that there is no such name, and no such type, for as long as the SOA says (RFC 2308 5)', async () => {
    const queries = [
      { name: 'none.lab' },
      { name: 'none.lab', at: 20_000_000 },
      { name: 'none.lab', at: 31_000_000 },
      { name: 'text.lab', type: 'A' as const, at: 40_000_000 },
    ]
    const { lookups } = await runDns({ queries })
    expect(outcomes(lookups)).toEqual(['nxdomain', 'cache', 'nxdomain', 'nodata'])
    expect(lookups[0].ttl).toBe(30_000_000)
  })

  it('does not include a no without SOA (RFC 2308 5)', async () => {
    const queries = [{ name: 'none.lab' }, { name: 'none.lab' }]
    const { lookups } = await runDns({ queries, records: [{ name: 'site.lab', type: 'A', value: 'server' }] })
    expect(outcomes(lookups)).toEqual(['nxdomain', 'nxdomain'])
  })

  it('does not include an answer with a TTL of 0', async () => {
    const records = [{ name: 'site.lab', type: 'A', value: 'server', ttl: 0 }] as const
    const { lookups } = await runDns({ queries: [{ name: 'site.lab' }, { name: 'site.lab' }], records })
    expect(outcomes(lookups)).toEqual(['answer', 'answer'])
  })
})

describe('asking again', () => {
  it('comes after the timeout, and then after twice as long (RFC 1035 4.2.1); at last it gives up', async () => {
    const { lookups, queries } = await runDns({
      link: { up: { loss: { rate: 1 } } },
      resolver: { timeout: 1_000_000, tries: 3 },
    })
    expect(queries.map(({ at, attempt }) => [at, attempt])).toEqual([
      [0, 1],
      [1_000_000, 2],
      [3_000_000, 3],
    ])
    expect(lookups).toMatchObject([{ outcome: 'timeout', values: '', took: 7_000_000 }])
  })

  it('has another id and another port each time (RFC 5452 9.2), of the run’s seed', async () => {
    const ask = async (seed: number) => {
      const { queries, run } = await runDns({ link: { up: { loss: { rate: 1 } } }, seed })
      const flows = [...run.reader.events(['udp:datagram_sent'])].map(({ flow }) => flow)
      return { ids: queries.map(({ id }) => id), flows }
    }
    const [one, again, other] = [await ask(1), await ask(1), await ask(2)]
    expect(new Set(one.ids).size).toBe(3)
    expect(new Set(one.flows).size).toBe(3)
    expect(again).toEqual(one)
    expect(other.ids).not.toEqual(one.ids)
  })

  it('takes the answer to an earlier attempt, and knows the second for what it is: late', async () => {
    const slow = { delay: 700_000 }
    const { lookups, queries, all } = await runDns({
      link: { up: slow, down: slow },
      resolver: { timeout: 1_000_000 },
      queries: [{ name: 'site.lab' }, { name: 'none.lab', at: 2_000_000 }],
    })
    expect(queries.filter(({ at }) => at < 2_000_000)).toHaveLength(2)
    expect(lookups[0]).toMatchObject({ outcome: 'answer', took: expect.closeTo(1_400_000, -3) as number })
    expect(all('dns:problem')[0]).toMatchObject({
      rule: 'RFC 5452 9.1',
      reason: 'nobody waits for it any more',
    })
  })

  it('goes by TCP when the answer was cut (RFC 7766 5): a round trip to open, and one more', async () => {
    const records = [{ name: 'site.lab', type: 'A', value: 'server', times: 55 }] as const
    const { lookups, queries } = await runDns({ records })
    expect(queries.map(({ over, attempt }) => [over, attempt])).toEqual([
      ['udp', 1],
      ['tcp', 1],
    ])
    expect(lookups[0].values.split(',')).toHaveLength(55)
    expect(lookups[0].took).toBeGreaterThanOrEqual(3 * RTT)
    expect(lookups[0].took).toBeLessThan(3.2 * RTT)
  })

  it('goes on by TCP if that fails the first time', async () => {
    const records = [{ name: 'site.lab', type: 'A', value: 'server', times: 55 }] as const
    const { lookups, queries } = await runDns({
      records,
      // The query is the first packet; then two SYNs are lost.
      link: { up: { delay: 10_000, drop: [2, 3] }, down: { delay: 10_000 } },
      resolver: { timeout: 500_000, tries: 4 },
    })
    expect(outcomes(lookups)).toEqual(['answer'])
    expect(queries.at(-1)).toMatchObject({ over: 'tcp' })
  })

  it('leaves EDNS out when the server finds fault with it (RFC 6891 6.2.2)', async () => {
    const serverProgram = answering((query) => [
      query.additionals!.length > 0 ? encode({ type: 'response', id: query.id, flags: 1 }) : site(query),
    ])
    const { lookups, queries } = await runDns({ serverProgram })
    expect(outcomes(lookups)).toEqual(['answer'])
    expect(queries).toHaveLength(2)
  })
})

describe('what is no answer', () => {
  const hostile = async (answers: Parameters<typeof answering>[0]) => {
    const { lookups, all } = await runDns({
      serverProgram: answering((query, bytes, count) => [
        ...(count === 1 ? answers(query, bytes, count) : []),
        ...(count === 2 ? [site(query)] : []),
      ]),
    })
    // It waited for the second attempt all the same.
    expect(outcomes(lookups)).toEqual(['answer'])
    expect(lookups[0].took).toBeGreaterThan(1_000_000)
    return all('dns:problem').map(({ rule, reason, from }) => ({ rule, reason, from }))
  }
  const told = (rule: string, reason: RegExp) =>
    expect.objectContaining({
      rule,
      from: 'server',
      reason: expect.stringMatching(reason) as string,
    }) as unknown

  it('because of its id (RFC 5452 9.1)', async () => {
    const problems = await hostile((query) => [site({ ...query, id: query.id ^ 1 })])
    expect(problems).toContainEqual(told('RFC 5452 9.1', /the id is not that of the query/))
  })

  it('because of its question (RFC 5452 9.1)', async () => {
    const problems = await hostile((query) => [
      site(query, { questions: [{ name: 'other.lab', type: 'A' }] }),
    ])
    expect(problems).toContainEqual(told('RFC 5452 9.1', /another question/))
  })

  it('because it is a query', async () => {
    const problems = await hostile((_query, bytes) => [bytes])
    expect(problems).toContainEqual(told('RFC 1035 4.1.1', /a query where a response/))
  })

  it('because a name in it points at itself (RFC 1035 4.1.4)', async () => {
    const problems = await hostile((query) => {
      const bytes = site(query)
      // The owner of the answer becomes a pointer to itself.
      const at = bytes.length - (2 + 4 + 4 + 2 + 4) - 'site.lab'.length - 2 + 4 - 2
      const looped = Buffer.from(bytes)
      looped.writeUInt16BE(0xc000 | at, at)
      return [looped]
    })
    expect(problems).toContainEqual(told('RFC 1035 4.1.4', /does not lead back/))
  })

  it('because it is cut off', async () => {
    const problems = await hostile((query) => [site(query).subarray(0, -3)])
    expect(problems).toContainEqual(told('RFC 1035 4.1', /longer than what it is part of/))
  })

  it('because it is hardly anything', async () => {
    const problems = await hostile(() => [Buffer.from([1, 2, 3])])
    expect(problems).toContainEqual(told('RFC 1035 4.1', /cut short/))
  })

  it('because it comes from another port (RFC 5452 9.1)', async () => {
    const { all, lookups } = await runDns({
      resolver: { tries: 1 },
      serverProgram: (lab) => ({
        start: () => {
          const elsewhere = lab.udp.bind(5353, { onDatagram: () => undefined })!
          lab.udp.bind(53, {
            onDatagram: (bytes, from) => {
              elsewhere.send(from, site(decode(Buffer.from(bytes)) as never))
            },
          })
        },
      }),
    })
    expect(outcomes(lookups)).toEqual(['timeout'])
    expect(all('dns:problem')).toContainEqual(told('RFC 5452 9.1', /not come from the server/))
  })
})

it('gives up on a server that can’t say, and says which name', async () => {
  const serverProgram = answering((query) => [
    encode({ type: 'response', id: query.id, flags: 2, questions: query.questions }),
  ])
  const { lookups, all } = await runDns({ serverProgram })
  expect(outcomes(lookups)).toEqual(['failed'])
  expect(all('app:finished')).toContainEqual(expect.objectContaining({ error: 'site.lab: failed' }))
})
