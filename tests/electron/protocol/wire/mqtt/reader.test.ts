/** One direction and both: packets out of pieces, the order that the standards ask for, and the rule of what is broken. */
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { MqttReader, type MqttItem } from '../../../../../electron/protocol/wire/mqtt/reader.ts'
import { MqttSession } from '../../../../../electron/protocol/wire/mqtt/session.ts'
import type { MqttLevel } from '../../../../../electron/protocol/wire/mqtt/rules.ts'
import { createRng } from '../../../../../electron/protocol/random.ts'
import { bySide, type Side } from '../../../../../electron/protocol/wire/side.ts'
import { cut, join, octets } from '../../../../support/cuts.ts'
import { arbitraryPacket, generate } from '../../../../support/mqtt-packets.ts'
import { fromHex, RUNS } from '../../../../support/packets.ts'

/** What is told of these bytes; packets by their type. */
function told(push: (connection: { push(from: Side, bytes: Uint8Array): void }) => void): string[] {
  const lines: string[] = []
  const session = new MqttSession()
  const readers = bySide((side) => new MqttReader(side, (item) => lines.push(lineOf(item)), session))
  push({ push: (from, bytes) => readers[from].push(bytes) })
  return lines
}

const lineOf = (item: MqttItem): string => {
  if (item.type === 'packet') return `${item.from} ${item.packet.type} at ${item.offset}`
  if (item.type === 'skipped') return `${item.from} skipped ${item.length} at ${item.offset}`
  return `${item.from} ${item.rule} at ${item.at}${item.returnCode === undefined ? '' : `, code ${item.returnCode}`}`
}

const clientSends = (...hex: string[]) =>
  told((connection) => connection.push('client', join(...hex.map(fromHex))))

/** CONNECT of clean session, keep alive 60 s, client `a`. */
const CONNECT = '10 0d 0004 4d515454 04 02 003c 0001 61'
const CONNECT_31 = '10 0f 0006 4d5149736470 03 02 003c 0001 61'
const CONNECT_5 = '10 0e 0004 4d515454 05 02 003c 00 0001 61'
const AFTER = 15

describe('a stream', () => {
  it('is packets one after another, wherever it is cut', () => {
    fc.assert(
      fc.property(fc.constantFrom<MqttLevel>(3, 4, 5), fc.integer(), (level, seed) => {
        const packets = fc.sample(arbitraryPacket(level), { numRuns: 8, seed })
        const connect = fromHex(level === 3 ? CONNECT_31 : level === 4 ? CONNECT : CONNECT_5)
        const rest = packets.filter(({ cmd }) => !['connect', 'disconnect'].includes(cmd))
        const bytes = join(connect, ...rest.map((packet) => generate(packet, level)))
        const read = (pieces: readonly Uint8Array[]): object[] => {
          const items: object[] = []
          // Of bytes, views that are good during the call only, and may be fewer where the beginning tells enough.
          const keep = (item: MqttItem) => items.push(structuredClone({ ...item, bytes: undefined }))
          const reader = new MqttReader('client', keep)
          for (const piece of pieces) reader.push(piece)
          return items
        }
        const whole = read([bytes])
        expect(whole).toHaveLength(1 + rest.length)
        expect(read(cut(createRng(seed), bytes))).toEqual(whole)
      }),
      { numRuns: Math.ceil(RUNS / 4) },
    )
  })

  it('tells where each packet begins', () => {
    expect(clientSends(CONNECT, 'c000', 'c000')).toEqual([
      'client CONNECT at 0',
      `client PINGREQ at ${AFTER}`,
      `client PINGREQ at ${AFTER + 2}`,
    ])
  })

  it('keeps of a long PUBLISH what stands before its payload', () => {
    const items: MqttItem[] = []
    const reader = new MqttReader('client', (item) => items.push(item))
    reader.push(fromHex(CONNECT))
    // 1,000,004 bytes: remaining length 0x3d0900 in four bytes is 1,000,000 in three.
    const length = 1_000_000
    reader.push(join(fromHex('30 c0843d 0001 61'), new Uint8Array(length - 3), fromHex('c000')))
    const [, publish, ping] = items
    if (publish.type !== 'packet' || publish.packet.type !== 'PUBLISH') throw new Error(publish.type)
    expect(publish.packet.payloadLength).toBe(length - 3)
    expect(publish.packet.payload.length).toBeLessThan(300_000)
    expect(lineOf(ping)).toBe(`client PINGREQ at ${AFTER + 4 + length}`)
  })

  it('passes over another packet that is too long to keep', () => {
    expect(
      told((connection) => {
        connection.push('client', fromHex(CONNECT))
        connection.push(
          'client',
          join(fromHex('82 c0843d 0001 ffff'), new Uint8Array(999_996), fromHex('c000')),
        )
      }),
    ).toEqual(['client CONNECT at 0', 'client skipped 1000004 at 15', 'client PINGREQ at 1000019'])
  })
})

describe('the order of packets', () => {
  const both = (...crossed: [Side, string][]) =>
    told((connection) => {
      for (const [from, hex] of crossed) connection.push(from, fromHex(hex))
    })

  it('begins with CONNECT (MQTT-3.1.0-1)', () =>
    expect(clientSends('c000')).toEqual(['client MQTT-3.1.0-1 at 0']))

  it('has one CONNECT (MQTT-3.1.0-2)', () =>
    expect(clientSends(CONNECT, CONNECT)).toEqual(['client CONNECT at 0', `client MQTT-3.1.0-2 at ${AFTER}`]))

  it('has CONNACK first from the server (MQTT-3.2.0-1)', () => {
    expect(both(['client', CONNECT], ['server', 'd000'])).toEqual([
      'client CONNECT at 0',
      'server MQTT-3.2.0-1 at 0',
    ])
    expect(both(['client', CONNECT], ['server', '20020000'], ['server', 'd000'])).toEqual([
      'client CONNECT at 0',
      'server CONNACK at 0',
      'server PINGRESP at 4',
    ])
  })

  it('has nothing behind DISCONNECT (MQTT-3.14.4-2, in MQTT 5 MQTT-3.14.4-1)', () => {
    expect(clientSends(CONNECT, 'e000', 'c000')).toContain('client MQTT-3.14.4-2 at 17')
    expect(clientSends(CONNECT_5, 'e000', 'c000')).toContain('client MQTT-3.14.4-1 at 18')
  })

  it('has the refusal of a server without MQTT 5 in the form of 3.1.1', () =>
    expect(both(['client', CONNECT_5], ['server', '2002 0001'])).toEqual([
      'client CONNECT at 0',
      'server CONNACK at 0',
    ]))

  it('has a server that waits for its client, and AUTH before CONNACK in MQTT 5', () =>
    expect(both(['client', CONNECT_5], ['server', 'f002 1800'], ['server', '2003 0000 00'])).toEqual([
      'client CONNECT at 0',
      'server AUTH at 0',
      'server CONNACK at 4',
    ]))
})

describe('what follows', () => {
  it('a broken packet is read, where it has an end', () => {
    expect(clientSends(CONNECT, 'c100', 'c000')).toEqual([
      'client CONNECT at 0',
      'client MQTT-2.2.2-2 at 15',
      'client PINGREQ at 17',
    ])
  })

  it('a remaining length of five bytes is not', () => {
    expect(clientSends(CONNECT, '30 ffffffff 7f', 'c000')).toEqual([
      'client CONNECT at 0',
      'client MQTT 3.1.1 2.2.3 at 16',
    ])
  })

  it('is never thrown, nor read beyond the end', () => {
    const rng = createRng(3)
    for (let i = 0; i < RUNS; i++) {
      const reader = new MqttReader('client', () => undefined)
      reader.push(fromHex(CONNECT))
      reader.push(rng.bytes(rng.int(200)))
    }
  })
})

/** Broken packets of a client behind a CONNECT of the version, each with the rule of 3.1, 3.1.1 and 5; '-': it is none there. */
const BROKEN: [what: string, hex: string, rules: [string, string, string]][] = [
  ['a reserved type', '0000', ['MQTT 3.1 2.1', 'MQTT 3.1.1 2.2.1', 'MQTT 5 2.1.2']],
  ['AUTH', 'f000', ['MQTT 3.1 2.1', 'MQTT 3.1.1 2.2.1', '-']],
  ['a packet of servers', '20020000', ['MQTT 3.1 2.1', 'MQTT 3.1.1 2.2.1', 'MQTT 5 2.1.2']],
  ['reserved flags of PINGREQ', 'c800', ['-', 'MQTT-2.2.2-2', 'MQTT-2.1.3-1']],
  ['PUBREL without its flag', '6002 0001', ['-', 'MQTT-2.2.2-2', 'MQTT-2.1.3-1']],
  ['QoS 3', '3606 0001 61 0001 00', ['MQTT 3.1 2.1', 'MQTT-3.3.1-4', 'MQTT-3.3.1-4']],
  ['DUP with QoS 0', '3804 0001 61 00', ['-', 'MQTT-3.3.1-2', 'MQTT-3.3.1-2']],
  ['a packet identifier of 0', '3206 0001 61 0000 00', ['MQTT 3.1 2.4', 'MQTT-2.3.1-1', 'MQTT-2.2.1-3']],
  ['an answer to packet 0', '4002 0000', ['MQTT 3.1 2.4', 'MQTT-2.3.1-6', 'MQTT-2.2.1-5']],
  ['a topic that is no UTF-8', '3004 0001 ff 00', ['MQTT 3.1 2.5', 'MQTT-1.5.3-1', 'MQTT-1.5.4-1']],
  ['a surrogate in a topic', '3006 0003 eda080 00', ['MQTT 3.1 2.5', 'MQTT-1.5.3-1', 'MQTT-1.5.4-1']],
  ['U+0000 in a topic', '3004 0001 00 00', ['-', 'MQTT-1.5.3-2', 'MQTT-1.5.4-2']],
  ['a wildcard in a topic name', '3006 0003 612f23 00', ['MQTT 3.1 3.3', 'MQTT-3.3.2-2', 'MQTT-3.3.2-2']],
  ['an empty topic name', '3003 0000 00', ['-', 'MQTT-4.7.3-1', 'MQTT-4.7.3-1']],
  ['a topic beyond the packet', '3003 0009 61', ['MQTT 3.1 2.1', 'MQTT 3.1.1 2.2.3', 'MQTT 5 2.1.4']],
  ['more than an answer has', 'c001 00', ['MQTT 3.1 2.1', 'MQTT 3.1.1 2.2.3', 'MQTT 5 2.1.4']],
  ['a length of more bytes than it needs', 'c0 8000', ['-', '-', 'MQTT-1.5.5-1']],
]

/** Of the payload of SUBSCRIBE and UNSUBSCRIBE; in MQTT 5 a property length of 0 stands before it. */
const BROKEN_FILTERS: [what: string, first: number, payload: string, rules: [string, string, string]][] = [
  ['no filter', 0x82, '', ['MQTT 3.1 3.8', 'MQTT-3.8.3-3', 'MQTT-3.8.3-2']],
  ['no filter to leave', 0xa2, '', ['MQTT 3.1 3.10', 'MQTT-3.10.3-2', 'MQTT-3.10.3-2']],
  ['an empty filter', 0x82, '0000 00', ['-', 'MQTT-4.7.3-1', 'MQTT-4.7.3-1']],
  ['# before the end', 0x82, '0003 232f61 00', ['MQTT 3.1 Appendix A', 'MQTT-4.7.1-2', 'MQTT-4.7.1-1']],
  ['# behind a letter', 0xa2, '0002 6123', ['MQTT 3.1 Appendix A', 'MQTT-4.7.1-2', 'MQTT-4.7.1-1']],
  ['+ behind a letter', 0x82, '0002 612b 00', ['MQTT 3.1 Appendix A', 'MQTT-4.7.1-3', 'MQTT-4.7.1-2']],
  ['QoS 3 asked for', 0x82, '0001 61 03', ['MQTT 3.1 3.8', 'MQTT-3-8.3-4', 'MQTT 5 3.8.3.1']],
  ['reserved bits', 0x82, '0001 61 40', ['-', 'MQTT-3-8.3-4', 'MQTT-3.8.3-5']],
  ['Retain Handling 3', 0x82, '0001 61 30', ['-', 'MQTT-3-8.3-4', 'MQTT 5 3.8.3.1']],
]

const STARTS: [MqttLevel, string][] = [
  [3, CONNECT_31],
  [4, CONNECT],
  [5, CONNECT_5],
]

/** The first rule that is broken behind this CONNECT, or '-'. */
function ruleOf(start: string, hex: string): string {
  let rule = '-'
  const reader = new MqttReader('client', (item) => {
    if (item.type === 'problem' && rule === '-') ({ rule } = item)
  })
  reader.push(fromHex(start + hex))
  return rule
}

const hexByte = (value: number) => value.toString(16).padStart(2, '0')

describe('the rule that is broken by', () => {
  it.each(BROKEN)('%s', (_, hex, rules) => {
    expect(STARTS.map(([, start]) => ruleOf(start, hex))).toEqual(rules)
  })

  it.each(BROKEN_FILTERS)('%s in SUBSCRIBE or UNSUBSCRIBE', (_, first, payload, rules) => {
    const found = STARTS.map(([level, start]) => {
      const body = `0001${level === 5 ? '00' : ''}${payload.replaceAll(' ', '')}`
      return ruleOf(start, `${hexByte(first)}${hexByte(body.length / 2)}${body}`)
    })
    expect(found).toEqual(rules)
  })

  it.each([
    ['another protocol name', '10 0d 0004 4d515450 04 02 003c 0001 61', 'MQTT-3.1.2-1 at 2'],
    ['an unknown protocol level', '10 0d 0004 4d515454 06 02 003c 0001 61', 'MQTT-3.1.2-2 at 8, code 1'],
    [
      'the level of MQTT 3.1 with the new name',
      '10 0d 0004 4d515454 03 02 003c 0001 61',
      'MQTT-3.1.2-2 at 8, code 1',
    ],
    ['the reserved flag', '10 0d 0004 4d515454 04 03 003c 0001 61', 'MQTT-3.1.2-3 at 9'],
    ['Will QoS without a will', '10 0d 0004 4d515454 04 0a 003c 0001 61', 'MQTT-3.1.2-13 at 9'],
    ['Will QoS 3', '10 12 0004 4d515454 04 1e 003c 0001 61 0001 62 0000', 'MQTT-3.1.2-14 at 9'],
    ['Will Retain without a will', '10 0d 0004 4d515454 04 22 003c 0001 61', 'MQTT-3.1.2-15 at 9'],
    [
      'a password without a user name',
      '10 10 0004 4d515454 04 42 003c 0001 61 0001 62',
      'MQTT-3.1.2-22 at 9',
    ],
    [
      'no identifier for a session to keep',
      '10 0c 0004 4d515454 04 00 003c 0000',
      'MQTT-3.1.3-7 at 12, code 2',
    ],
    [
      'a will topic with a wildcard',
      '10 12 0004 4d515454 04 06 003c 0001 61 0001 23 0000',
      'MQTT-3.3.2-2 at 15',
    ],
    ['a will that is not there', '10 0d 0004 4d515454 04 06 003c 0001 61', 'MQTT 3.1.1 2.2.3 at 15'],
    ['bytes behind the payload', '10 0e 0004 4d515454 04 02 003c 0001 61 00', 'MQTT 3.1.1 2.2.3 at 15'],
  ])('%s in CONNECT', (_, hex, line) => expect(clientSends(hex)).toEqual([`client ${line}`]))

  it('what MQTT 5 allows it allows: a password alone, no identifier', () => {
    expect(clientSends('10 11 0004 4d515454 05 42 003c 00 0001 61 0001 62')).toEqual(['client CONNECT at 0'])
    expect(clientSends('10 0d 0004 4d515454 05 00 003c 00 0000')).toEqual(['client CONNECT at 0'])
  })

  it.each([
    ['reserved flags', '2002 0200', 'MQTT 3.1.1 3.2.2.1'],
    ['an unknown code', '2002 0006', 'MQTT 3.1.1 3.2.2.3'],
    ['a session in a refusal', '2002 0105', 'MQTT-3.2.2-4'],
  ])('%s in CONNACK', (_, hex, rule) => {
    const lines = told((connection) => {
      connection.push('client', fromHex(CONNECT))
      connection.push('server', fromHex(hex))
    })
    expect(lines[1]).toContain(`server ${rule} at `)
  })

  it.each([
    ['an unknown property', '01 7f', 'MQTT 5 2.2.2.2'],
    ['a property of other packets', '05 1100000001', 'MQTT 5 2.2.2.2'],
    ['a property twice', '04 0100 0100', 'MQTT 5 2.2.2.2'],
    ['a flag of 2', '02 0102', 'MQTT 5 2.2.2.2'],
    ['a topic alias of 0', '03 230000', 'MQTT-3.3.2-8'],
    ['a Subscription Identifier from a client', '02 0b01', 'MQTT-3.3.4-6'],
    ['a property beyond the property length', '02 230001', 'MQTT 5 2.1.4'],
    ['properties beyond the packet', '7f 2300', 'MQTT 5 2.1.4'],
  ])('%s in PUBLISH of MQTT 5', (_, properties, rule) => {
    const body = `000161${properties.replaceAll(' ', '')}`
    expect(ruleOf(CONNECT_5, `30${hexByte(body.length / 2)}${body}`)).toBe(rule)
  })

  it('nothing, where an alias stands for the topic of MQTT 5', () =>
    expect(ruleOf(CONNECT_5, '3006 0000 03 230001')).toBe('-'))

  it('what its fixed header tells, before the rest is there, and once', () => {
    expect(told((connection) => connection.push('client', octets('GET / HTTP/1.1\r\n')))).toEqual([
      'client MQTT-3.1.0-1 at 0',
    ])
    expect(clientSends(CONNECT, 'c103', '000000', 'c000')).toEqual([
      'client CONNECT at 0',
      'client MQTT-2.2.2-2 at 15',
      'client PINGREQ at 20',
    ])
  })
})
