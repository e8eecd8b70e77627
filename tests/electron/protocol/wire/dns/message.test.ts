/** DNS messages: what the library dns-packet writes, what RFC 1035 shows, and the rule of what is broken. */
import dnsPacket, { type Packet } from 'dns-packet'
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { dissectDns, readDns, recordText } from '../../../../../electron/protocol/wire/dns/message.ts'
import { rcodeName, typeName } from '../../../../../electron/protocol/wire/dns/names.ts'
import { ipv6Text } from '../../../../../electron/protocol/wire/dns/record-data.ts'
import { DnsStreamReader } from '../../../../../electron/protocol/wire/dns/stream.ts'
import { createRng } from '../../../../../electron/protocol/random.ts'
import type { DissectedField } from '../../../../../shared/dissection.ts'
import { cut, join } from '../../../../support/cuts.ts'
import { fromHex, RUNS } from '../../../../support/packets.ts'

const label = fc.stringMatching(/^[a-z0-9_][a-z0-9_-]{0,20}$/)
const name = fc.array(label, { minLength: 1, maxLength: 5 }).map((labels) => labels.join('.'))
const two = fc.integer({ min: 0, max: 65_535 })
const four = fc.integer({ min: 0, max: 0xffff_ffff })
const text = fc.stringMatching(/^[a-z0-9 ]{1,60}$/)

/** Records with what we should say of them. */
const record = fc.tuple(
  name,
  fc.integer({ min: 0, max: 0x7fff_ffff }),
  fc.oneof(
    fc.ipV4().map((address) => ({ type: 'A', data: address, says: address })),
    fc.ipV6().map((address) => ({ type: 'AAAA', data: address, says: undefined })),
    fc
      .tuple(fc.constantFrom('NS', 'CNAME', 'PTR', 'DNAME'), name)
      .map(([type, data]) => ({ type, data, says: data })),
    fc.tuple(two, name).map(([preference, exchange]) => ({
      type: 'MX',
      data: { preference, exchange },
      says: `${preference} ${exchange}`,
    })),
    fc
      .array(text, { minLength: 1, maxLength: 3 })
      .map((data) => ({ type: 'TXT', data, says: data.map((part) => `"${part}"`).join(' ') })),
    fc.tuple(name, name, fc.tuple(four, four, four, four, four)).map(([mname, rname, numbers]) => {
      const [serial, refresh, retry, expire, minimum] = numbers
      return {
        ...{ type: 'SOA', data: { mname, rname, serial, refresh, retry, expire, minimum } },
        says: [mname, rname, ...numbers].join(' '),
      }
    }),
    fc.tuple(two, two, two, name).map(([priority, weight, port, target]) => ({
      ...{ type: 'SRV', data: { priority, weight, port, target } },
      says: `${priority} ${weight} ${port} ${target}`,
    })),
  ),
)

const message = fc.record({
  id: two,
  response: fc.boolean(),
  flags: fc.subarray([0x400, 0x200, 0x100, 0x80, 0x20, 0x10]),
  rcode: fc.constantFrom(0, 1, 2, 3, 5),
  question: fc.tuple(name, fc.constantFrom('A', 'AAAA', 'TXT', 'MX')),
  answers: fc.array(record, { maxLength: 4 }),
  authorities: fc.array(record, { maxLength: 2 }),
  additionals: fc.array(record, { maxLength: 2 }),
  udpSize: fc.option(fc.integer({ min: 512, max: 4096 })),
})

describe('what dns-packet writes', () => {
  it('is read as it was meant', () => {
    fc.assert(
      fc.property(
        message,
        ({ id, response, flags, rcode, question, answers, authorities, additionals, udpSize }) => {
          const recordOf = ([owner, ttl, { type, data }]: (typeof answers)[0]) => ({
            name: owner,
            type,
            ttl,
            data,
          })
          const opt = { type: 'OPT', name: '.', udpPayloadSize: udpSize ?? 0, flags: 0x8000, options: [] }
          const packet = {
            ...{
              type: response ? 'response' : 'query',
              id,
              flags: flags.reduce((sum, bit) => sum | bit, rcode),
            },
            questions: [{ name: question[0], type: question[1] }],
            ...{ answers: answers.map(recordOf), authorities: authorities.map(recordOf) },
            additionals: [...additionals.map(recordOf), ...(udpSize === null ? [] : [opt])],
          }
          const bytes = dnsPacket.encode(packet as never)
          const { message: read, breach } = readDns(bytes)
          expect(breach).toBeUndefined()
          expect(read).toMatchObject({ id, response, rcode })
          expect([
            read.authoritative,
            read.truncated,
            read.recursionDesired,
            read.recursionAvailable,
          ]).toEqual([0x400, 0x200, 0x100, 0x80].map((bit) => flags.includes(bit)))
          expect(read.questions.map(({ name: asked, type }) => [asked, typeName(type)])).toEqual([question])
          const wanted = [...answers, ...authorities, ...additionals]
          const found = [...read.answers, ...read.authorities, ...read.additionals]
          expect(found.map(({ name: owner, type, ttl }) => [owner, typeName(type), ttl])).toEqual(
            wanted.map(([owner, ttl, { type }]) => [owner, type, ttl]),
          )
          const parsed: Packet = dnsPacket.decode(bytes)
          const theirs = [parsed.answers, parsed.authorities, parsed.additionals].flatMap(
            (list) => list ?? [],
          )
          wanted.forEach(([, , { type, says }], i) => {
            // Theirs writes IPv6 addresses in another form; its own reading of its bytes is what counts.
            expect(found[i].data).toBe(
              type === 'AAAA' ? canonical((theirs[i] as { data: string }).data) : says,
            )
          })
          expect(read.edns).toEqual(
            udpSize === null ? undefined : { udpSize, version: 0, dnssecOk: true, options: 0 },
          )
        },
      ),
      { numRuns: RUNS },
    )
  })
})

/** An IPv6 address in the one form that URLs have. */
const canonical = (address: string): string => new URL(`http://[${address}]/`).hostname.slice(1, -1)

it('writes IPv6 addresses as RFC 5952 says', () => {
  fc.assert(
    fc.property(fc.array(fc.constantFrom(0, 0, 0, 1, 255), { minLength: 16, maxLength: 16 }), (octets) => {
      const words = Array.from({ length: 8 }, (_, i) =>
        (octets[2 * i] * 256 + octets[2 * i + 1]).toString(16),
      )
      expect(ipv6Text(Uint8Array.from(octets))).toBe(canonical(words.join(':')))
    }),
    { numRuns: RUNS },
  )
})

/** A response with one question for a.test, and what follows it. */
const HEADER = (answers: number) => `0001 8180 0001 000${answers} 0000 0000`
const QUESTION = '0161 0474657374 00 0001 0001'

describe('names', () => {
  it('go on where a pointer leads (RFC 1035 4.1.4)', () => {
    const bytes = fromHex(`${HEADER(2)} ${QUESTION}
      c00c 0005 0001 00000e10 0006 03777777 c00e
      03777777 c00e 0001 0001 0000003c 0004 c0000201`)
    const { message: read, breach } = readDns(bytes)
    expect(breach).toBeUndefined()
    expect(read.answers.map(recordText)).toEqual([
      'a.test 3600 IN CNAME www.test',
      'www.test 60 IN A 192.0.2.1',
    ])
    const names = dnsPacket.decode(Buffer.from(bytes)).answers?.map(({ name: owner }) => owner)
    expect(read.answers.map(({ name: owner }) => owner)).toEqual(names)
  })

  it('have octets that are not printable as \\DDD, and dots of labels as \\. (RFC 1035 5.1)', () => {
    const bytes = fromHex('0001 0100 0001 0000 0000 0000 04 612e00ff 00 0001 0001')
    expect(readDns(bytes).message.questions[0].name).toBe('a\\.\\000\\255')
  })

  it('of the root are a dot', () =>
    expect(readDns(fromHex('0001 0100 0001 0000 0000 0000 00 0002 0001')).message.questions[0].name).toBe(
      '.',
    ))
})

const LONG = `3f${'61'.repeat(63)}`

describe('the rule that is broken by', () => {
  it.each([
    ['a header cut short', '0001 0100 0001', 'RFC 1035 4.1', 6],
    ['fewer records than were counted', `${HEADER(1)} ${QUESTION}`, 'RFC 1035 4.1', 24],
    ['bytes behind the last record', `${HEADER(0)} ${QUESTION} 00`, 'RFC 1035 4.1', 24],
    ['a pointer to itself', '0001 0100 0001 0000 0000 0000 c00c 0001 0001', 'RFC 1035 4.1.4', 12],
    ['a pointer forwards', '0001 0100 0001 0000 0000 0000 c00e 0161 00 0001', 'RFC 1035 4.1.4', 12],
    ['two pointers at each other', `${HEADER(1)} 0161 c00e 0001 0001 c00c`, 'RFC 1035 4.1.4', 14],
    ['a pointer to its own name', '0001 0100 0001 0000 0000 0000 0161 c00c 0001 0001', 'RFC 1035 4.1.4', 14],
    ['a reserved label type', '0001 0100 0001 0000 0000 0000 4161 00 0001 0001', 'RFC 1035 4.1.4', 12],
    [
      'a name of 257 octets',
      `0001 0100 0001 0000 0000 0000 ${LONG.repeat(4)} 00 0001 0001`,
      'RFC 1035 2.3.4',
      204,
    ],
    ['a label beyond the message', '0001 0100 0001 0000 0000 0000 3f61', 'RFC 1035 4.1', 12],
    [
      'an address of 3 octets',
      `${HEADER(1)} ${QUESTION} c00c 0001 0001 00000000 0003 010203`,
      'RFC 1035 3.4.1',
      36,
    ],
    [
      'data behind an address',
      `${HEADER(1)} ${QUESTION} c00c 0001 0001 00000000 0005 0102030405`,
      'RFC 1035 4.1',
      40,
    ],
    [
      'an IPv6 address of 4 octets',
      `${HEADER(1)} ${QUESTION} c00c 001c 0001 00000000 0004 01020304`,
      'RFC 3596 2.2',
      36,
    ],
    [
      'data beyond the message',
      `${HEADER(1)} ${QUESTION} c00c 0001 0001 00000000 0009 01020304`,
      'RFC 1035 4.1',
      34,
    ],
    ['TXT without a string', `${HEADER(1)} ${QUESTION} c00c 0010 0001 00000000 0000`, 'RFC 1035 3.3.14', 34],
    ['the bit Z', `0001 0140 0001 0000 0000 0000 ${QUESTION}`, 'RFC 1035 4.1.1', 2],
    ['two questions', `0001 0100 0002 0000 0000 0000 ${QUESTION} ${QUESTION}`, 'RFC 9619 4', 4],
    ['OPT among the answers', `${HEADER(1)} ${QUESTION} 00 0029 0200 00000000 0000`, 'RFC 6891 6.1.1', 25],
    [
      'an OPT of a name',
      `0001 0100 0001 0000 0000 0001 ${QUESTION} c00c 0029 0200 00000000 0000`,
      'RFC 6891 6.1.2',
      26,
    ],
    [
      'two OPT',
      `0001 0100 0001 0000 0000 0002 ${QUESTION} 00 0029 0200 00000000 0000 00 0029 0200 00000000 0000`,
      'RFC 6891 6.1.1',
      36,
    ],
  ])('%s', (_, hex, rule, offset) => {
    expect(readDns(fromHex(hex)).breach).toMatchObject({ rule, offset })
  })

  it('a chain of pointers as long as the message is found in time that does not grow with the square', () => {
    // Each pointer leads to the one before it; every record's name begins at the end of the chain.
    const chain = Array.from({ length: 8_000 }, (_, i) => 0xc000 | Math.max(12, 12 + 2 * (i - 1)))
    const bytes = join(
      fromHex('0001 8000 0000 0fff 0000 0000'),
      Uint8Array.from(chain.flatMap((word) => [word >> 8, word & 255])),
    )
    expect(readDns(bytes).breach?.rule).toBe('RFC 1035 4.1.4')
  })
})

it('the extended response code of OPT counts (RFC 6891 6.1.3)', () => {
  const bytes = fromHex(`0001 8000 0001 0000 0000 0001 ${QUESTION} 00 0029 0200 01 00 0000 0000`)
  expect(rcodeName(readDns(bytes).message.rcode)).toBe('BADVERS')
})

describe('fields for people', () => {
  const flat = (fields: readonly DissectedField[]): DissectedField[] =>
    fields.flatMap((field) => [field, ...flat(field.children ?? [])])

  it('have their places, pointers too', () => {
    const { summary, layers } = dissectDns(
      fromHex(`${HEADER(1)} ${QUESTION} c00c 0001 0001 0000003c 0004 c0000201`),
    )
    expect(summary).toBe('DNS response NOERROR 0x0001 A a.test, answers 1')
    expect(layers.map(({ name: title, offset, length }) => [title, offset, length])).toEqual([
      ['Header', 0, 12],
      ['Question section', 12, 12],
      ['Answer section', 24, 16],
    ])
    expect(flat(layers)).toContainEqual({ name: 'Pointer', text: 'to byte 12', offset: 24, length: 2 })
    expect(flat(layers)).toContainEqual({ name: 'RCODE', text: 'NOERROR', offset: 3, length: 1 })
    expect(flat(layers)).toContainEqual({ name: 'Address', text: '192.0.2.1', offset: 36, length: 4 })
  })

  it('say what is wrong where it is', () => {
    const { summary, layers } = dissectDns(fromHex('0001 0100 0001 0000 0000 0000 c00c 0001 0001'))
    expect(summary).toContain('(a pointer that does not lead back: RFC 1035 4.1.4)')
    expect(flat(layers).filter(({ problem }) => problem)).toMatchObject([{ name: 'Pointer', offset: 12 }])
  })
})

it('messages are cut out of TCP, wherever it is cut (RFC 1035 4.2.2)', () => {
  const rng = createRng(9)
  const messages = Array.from({ length: 30 }, () => rng.bytes(rng.int(400)))
  const bytes = join(...messages.map((one) => join(Uint8Array.of(one.length >> 8, one.length & 255), one)))
  const found: [number, Uint8Array][] = []
  const reader = new DnsStreamReader((one, offset) => found.push([offset, one.slice()]))
  for (const piece of cut(rng, bytes)) reader.push(piece)
  expect(found.map(([, one]) => one)).toEqual(messages)
  for (const [offset, one] of found) expect(bytes.slice(offset, offset + one.length)).toEqual(one)
})
