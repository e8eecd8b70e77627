/** What a DNS server says to each kind of message, byte for byte where the standard says so. */
import { decode, encode, type Packet } from 'dns-packet'
import { describe, expect, it } from 'vitest'
import { replyTo, type Reply } from '../../../../../electron/engine/node/dns/reply.ts'
import { rcodeOf } from '../../../../../electron/engine/node/dns/reading.ts'
import { Zone } from '../../../../../electron/engine/node/dns/zone.ts'
import { parseAddress } from '../../../../../electron/protocol/wire/address.ts'
import { RECORDS, recordOf, type RecordInput } from '../../../../support/dns-lab.ts'

const zoneOf = (records: readonly RecordInput[]) =>
  new Zone(records.map(recordOf), (host) => (host === 'server' ? parseAddress('10.77.0.2') : undefined))

const opt = (udpPayloadSize: number, ednsVersion = 0) => ({
  ...{ type: 'OPT' as const, name: '.', udpPayloadSize, extendedRcode: 0, ednsVersion },
  ...{ flags: 0, flag_do: false, options: [] },
})

const query = (name: string, type: 'A' | 'TXT' | 'MX' | 'AAAA' | 'NS' | 'SOA' = 'A', change: Packet = {}) =>
  encode({ type: 'query', id: 0x1234, flags: 0x100, questions: [{ name, type }], ...change })

interface Options {
  readonly records?: readonly RecordInput[]
  readonly over?: 'udp' | 'tcp'
  readonly udpSize?: number
}
const ask = (bytes: Uint8Array, { records = RECORDS, over = 'udp', udpSize = 1_232 }: Options = {}): Reply =>
  replyTo(bytes, { zone: zoneOf(records), over, udpSize })

/** The reply to a query that has one, read again. */
function read(bytes: Uint8Array, options?: Options) {
  const packet = decode(ask(bytes, options).bytes!)
  const told = (records: Packet['answers']) =>
    (records ?? []).map((record) => [record.name, record.type, 'data' in record ? record.data : ''])
  const { id, flag_qr, flag_aa, flag_tc, flag_rd, flag_ra } = packet
  return {
    ...{ id, qr: flag_qr, aa: flag_aa, tc: flag_tc, rd: flag_rd, ra: flag_ra },
    rcode: rcodeOf(packet),
    questions: packet.questions,
    answers: told(packet.answers),
    authorities: told(packet.authorities),
    additionals: packet.additionals!,
  }
}

describe('an answer (RFC 1035 4.1)', () => {
  it('repeats id, question and RD, and is authoritative; nobody is asked further', () => {
    expect(read(query('site.lab'))).toMatchObject({
      ...{ id: 0x1234, qr: true, aa: true, tc: false, rd: true, ra: false, rcode: 'NOERROR' },
      questions: [{ name: 'site.lab', type: 'A', class: 'IN' }],
      answers: [['site.lab', 'A', '10.77.0.2']],
    })
  })

  it('repeats the question letter by letter, though names differ in case only (RFC 4343)', () => {
    const { questions, answers } = read(query('SiTe.LAB'))
    expect(questions).toMatchObject([{ name: 'SiTe.LAB' }])
    expect(answers).toEqual([['site.lab', 'A', '10.77.0.2']])
  })

  it('follows aliases, the chain in order (RFC 1034 3.6.2)', () => {
    const records = [
      { name: 'a.lab', type: 'CNAME', value: 'b.lab' },
      { name: 'b.lab', type: 'CNAME', value: 'site.lab' },
      { name: 'site.lab', type: 'A', value: '10.77.0.7' },
    ] as const
    expect(read(query('a.lab'), { records }).answers).toEqual([
      ['a.lab', 'CNAME', 'b.lab'],
      ['b.lab', 'CNAME', 'site.lab'],
      ['site.lab', 'A', '10.77.0.7'],
    ])
  })

  it('ends where aliases lead in a circle', () => {
    const records = [
      { name: 'a.lab', type: 'CNAME', value: 'b.lab' },
      { name: 'b.lab', type: 'CNAME', value: 'a.lab' },
    ] as const
    expect(read(query('a.lab'), { records }).answers).toHaveLength(2)
  })

  it.each([
    [
      'TXT',
      { name: 'x.lab', type: 'TXT', value: 'w'.repeat(300) },
      [Buffer.from('w'.repeat(255)), Buffer.from('w'.repeat(45))],
    ],
    ['MX', { name: 'x.lab', type: 'MX', value: '10 mail.lab' }, { preference: 10, exchange: 'mail.lab' }],
    ['AAAA', { name: 'x.lab', type: 'AAAA', value: 'fd00::1' }, 'fd00::1'],
    ['NS', { name: 'x.lab', type: 'NS', value: 'ns.lab' }, 'ns.lab'],
  ] as const)('has records of type %s', (type, record, data) => {
    expect(read(query('x.lab', type), { records: [record] }).answers).toEqual([['x.lab', type, data]])
  })
})

describe('a no (RFC 2308)', () => {
  it('is NXDOMAIN for a name that there is not, with the SOA', () => {
    expect(read(query('none.lab'))).toMatchObject({
      rcode: 'NXDOMAIN',
      answers: [],
      authorities: [['lab', 'SOA', { mname: 'ns.lab', minimum: 30 }]],
    })
  })

  it('is an empty NOERROR for a name without this type, and for one that only has names below it (RFC 8020)', () => {
    expect(read(query('text.lab'))).toMatchObject({
      rcode: 'NOERROR',
      answers: [],
      authorities: [['lab', 'SOA', {}]],
    })
    const records = [{ name: 'a.b.lab', type: 'A', value: '10.77.0.7' }] as const
    expect(read(query('b.lab'), { records })).toMatchObject({
      rcode: 'NOERROR',
      answers: [],
      authorities: [],
    })
  })

  it('says so of the end of a chain, too', () => {
    const records = [{ name: 'a.lab', type: 'CNAME', value: 'gone.lab' }] as const
    expect(read(query('a.lab'), { records })).toMatchObject({
      rcode: 'NXDOMAIN',
      answers: [['a.lab', 'CNAME', 'gone.lab']],
    })
  })

  it('is what a label with a dot in it gets: that is another name', () => {
    const bytes = query('xxxxxlab')
    // One label of eight bytes becomes `site.lab`.
    Buffer.from('site.lab').copy(bytes, 13)
    expect(read(bytes)).toMatchObject({ rcode: 'NXDOMAIN', answers: [] })
  })
})

describe('an answer that is long', () => {
  const records = [{ name: 'site.lab', type: 'A', value: 'server', times: 30 }] as const

  it('of more than 512 bytes is cut over UDP: TC, and not a part of it (RFC 1035 4.2.1, RFC 2181 9)', () => {
    expect(read(query('site.lab'), { records })).toMatchObject({ tc: true, answers: [], rcode: 'NOERROR' })
    expect(read(query('site.lab'), { records, over: 'tcp' }).answers).toHaveLength(30)
  })

  it('fits when the client can take more by EDNS, and the server, too (RFC 6891 6.2.3)', () => {
    const ask = (size: number, udpSize: number) =>
      read(query('site.lab', 'A', { additionals: [opt(size)] }), { records, udpSize })
    expect(ask(1_232, 1_232)).toMatchObject({
      tc: false,
      additionals: [{ type: 'OPT', udpPayloadSize: 1_232 }],
    })
    expect(ask(700, 1_232)).toMatchObject({ tc: true, answers: [] })
    expect(ask(4_096, 700)).toMatchObject({ tc: true, additionals: [{ udpPayloadSize: 700 }] })
    // Less than 512 counts as 512 (6.2.5), and a server without EDNS says nothing of it.
    expect(read(query('site.lab', 'A', { additionals: [opt(0)] })).tc).toBe(false)
    expect(ask(4_096, 0)).toMatchObject({ tc: true, additionals: [] })
  })

  it('has values of its own in each record', () => {
    const { answers } = read(query('site.lab'), { records, over: 'tcp' })
    expect(new Set(answers.map(([, , data]) => data)).size).toBe(30)
    expect(answers[0][2]).toBe('10.77.0.2')
  })
})

describe('bad input', () => {
  it('gets no answer when it is no query or no header (RFC 1035 4.1.1)', () => {
    const response = encode({ type: 'response', id: 1, questions: [{ name: 'site.lab', type: 'A' }] })
    expect(ask(response)).toEqual({ fault: expect.objectContaining({ rule: 'RFC 1035 4.1.1' }) as unknown })
    expect(ask(Buffer.from([0, 1, 2]))).toEqual({ fault: expect.objectContaining({ offset: 3 }) as unknown })
    expect(ask(Buffer.alloc(0)).bytes).toBeUndefined()
  })

  it.each([
    [
      'a name that points at itself (4.1.4)',
      () => Buffer.concat([query('a').subarray(0, 12), Buffer.from([0xc0, 12, 0, 1, 0, 1])]),
      'RFC 1035 4.1.4',
    ],
    [
      'a name that points forward (4.1.4)',
      () => Buffer.concat([query('a').subarray(0, 12), Buffer.from([0xc0, 18, 0, 1, 0, 1, 0])]),
      'RFC 1035 4.1.4',
    ],
    [
      'a label of an unassigned kind (4.1.4)',
      () => Buffer.concat([query('a').subarray(0, 12), Buffer.from([0x80, 0, 0, 1, 0, 1])]),
      'RFC 1035 4.1.4',
    ],
    [
      'a name of more than 255 bytes (2.3.4)',
      () => query(Array<string>(130).fill('a').join('.')),
      'RFC 1035 2.3.4',
    ],
    ['a name that goes beyond the end', () => query('site.lab').subarray(0, 16), 'RFC 1035 4.1'],
    ['a question without type and class', () => query('site.lab').subarray(0, -3), 'RFC 1035 4.1'],
    [
      'a record that goes beyond the end',
      () => query('site.lab', 'A', { additionals: [opt(512)] }).subarray(0, -1),
      'RFC 1035 4.1',
    ],
    ['no question (RFC 9619)', () => query('a', 'A', { questions: [] }), 'RFC 9619 4'],
    [
      'two questions (RFC 9619)',
      () =>
        query('a', 'A', {
          questions: [
            { name: 'a.lab', type: 'A' },
            { name: 'b.lab', type: 'A' },
          ],
        }),
      'RFC 9619 4',
    ],
    [
      'two OPT records (RFC 6891 6.1.1)',
      () => query('a', 'A', { additionals: [opt(512), opt(512)] }),
      'RFC 6891 6.1.1',
    ],
  ])('gets FORMERR: %s', (_, make, rule) => {
    const { bytes, fault } = ask(make())
    expect(fault?.rule).toBe(rule)
    // The header only, with the id: 1 is FORMERR.
    expect(bytes?.toString('hex')).toBe('123481010000000000000000')
  })

  it('gets NOTIMP when it is another kind of query, with the opcode as it came', () => {
    const bytes = query('site.lab')
    bytes[2] |= 5 << 3
    expect(ask(bytes)).toEqual({ bytes: Buffer.from('1234a9040000000000000000', 'hex') })
  })

  it('gets BADVERS when it wants a newer EDNS (RFC 6891 6.1.3)', () => {
    const reply = read(query('site.lab', 'A', { additionals: [opt(512, 1)] }))
    expect(reply).toMatchObject({
      rcode: 'NOERROR',
      answers: [],
      additionals: [{ extendedRcode: 1, ednsVersion: 0 }],
    })
  })
})
