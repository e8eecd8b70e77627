/** Bytes that are not what they should be: the place is marked, and reading goes on. */
import { describe, expect, test } from 'vitest'
import type { Crossed } from '../../../../support/tls-capture.ts'
import { courseOf, cut, dataOf, of, readTls } from '../../../../support/tls-reading.ts'
import { hexBytes, message, record, Sealer } from '../../../../support/tls-records.ts'
import { createRng } from '../../../../../electron/protocol/random.ts'
import { hexOf } from '../../../../../electron/protocol/wire/tls/key-log.ts'
import { alertFields } from '../../../../../electron/protocol/wire/tls/record-fields.ts'
import { nextTrafficSecret } from '../../../../../electron/protocol/wire/tls/key-schedule.ts'
import { nodeCrypto } from '../../../../../electron/engine/node-crypto.ts'

const ALERT = record(21, Uint8Array.of(2, 40))
const DONE = record(22, message(14, new Uint8Array(0)))
const join = (...parts: Uint8Array[]): Uint8Array => Uint8Array.from(Buffer.concat(parts))
const server = (...parts: Uint8Array[]): Crossed[] => [{ from: 'server', bytes: join(...parts) }]

/** Reads these bytes of a server whole and in pieces, which must come to the same. */
function read(...parts: Uint8Array[]) {
  const events = readTls(server(...parts), '')
  for (let most = 1; most < 8; most++)
    expect(readTls(cut(server(...parts), createRng(most), most), '')).toEqual(events)
  return events
}

const troubles = (events: ReturnType<typeof readTls>) =>
  events.flatMap((event) => {
    if (event.kind === 'malformed') return [`${event.reason} at ${event.offset}`]
    if (event.kind === 'resumed') return [`resumed after ${event.length} from ${event.offset}`]
    if (event.kind === 'undecryptable') return [`${event.reason} at ${event.offset}`]
    return []
  })

describe('records', () => {
  test.each([
    ['bad_content_type', '47455420', 4],
    ['bad_version', '1602010000', 5],
    ['record_overflow', '160303ffff', 5],
  ])('%s: reading resumes at the next possible header', (reason, hex, skipped) => {
    const events = read(ALERT, hexBytes(hex), ALERT)
    expect(troubles(events)).toEqual([`${reason} at 7`, `resumed after ${skipped} from 7`])
    expect(courseOf(events)).toEqual(['server alert handshake_failure', 'server alert handshake_failure'])
  })

  test('nothing but noise: it is reported once, and its length at the end', () => {
    const events = read(new Uint8Array(1000).fill(0xff))
    expect(troubles(events)).toEqual(['bad_content_type at 0', 'resumed after 1000 from 0'])
  })

  test('a stream that ends inside a record', () => {
    expect(troubles(read(ALERT, DONE.subarray(0, 7)))).toEqual(['truncated_record at 7'])
  })

  test('more plaintext than a record may have', () => {
    expect(troubles(readTls(server(record(22, new Uint8Array(16_388))), ''))).toContain(
      'record_overflow at 0',
    )
  })

  test.each([
    ['bad_alert', 21, '02'],
    ['bad_change_cipher_spec', 20, '02'],
    ['empty_fragment', 22, ''],
  ])('%s', (reason, type, hex) => {
    const events = read(record(type, hexBytes(hex)), DONE)
    expect(troubles(events)).toEqual([`${reason} at 0`])
    expect(courseOf(events)).toEqual(['server server_hello_done'])
  })
})

test('an alert in words', () => {
  const [alert] = of(read(ALERT), 'alert')
  expect(alertFields(alert)).toEqual([
    { name: 'Level', text: 'fatal (2)', offset: 0, length: 1 },
    { name: 'Description', text: 'handshake_failure (40)', offset: 1, length: 1 },
  ])
})

describe('handshake messages', () => {
  const hello = message(14, new Uint8Array(0))

  test('many in a record, and one in many records', () => {
    const ticket = message(4, hexBytes('00000e10 0010 000102030405060708090a0b0c0d0e0f'))
    const events = read(
      record(22, join(hello, ticket.subarray(0, 3))),
      record(22, ticket.subarray(3, 10)),
      record(22, join(ticket.subarray(10), hello)),
    )
    expect(troubles(events)).toEqual([])
    const [first, second, third] = of(events, 'handshake')
    expect([first, second, third].map(({ message }) => message.type)).toEqual([
      'server_hello_done',
      'new_session_ticket',
      'server_hello_done',
    ])
    expect(second.bytes).toEqual(ticket)
    expect(second.pieces).toEqual([
      { at: 0, length: 3, record: 0, stream: 9 },
      { at: 3, length: 7, record: 12, stream: 17 },
      { at: 10, length: 16, record: 24, stream: 29 },
    ])
    expect([second.offset, second.length]).toEqual([0, 49])
  })

  test('one that another kind of record interrupts is given up', () => {
    const events = read(record(22, Uint8Array.of(11, 0, 1, 0, 5)), ALERT, DONE)
    expect(troubles(events)).toEqual(['interrupted_handshake at 10'])
    expect(courseOf(events)).toEqual(['server alert handshake_failure', 'server server_hello_done'])
  })

  test('one longer than any is stepped over, not stored', () => {
    const length = 0x030000
    const body = Array.from({ length: length / 0x4000 }, () => record(22, new Uint8Array(0x4000)))
    const events = readTls(server(record(22, Uint8Array.of(11, 3, 0, 0)), ...body, DONE), '')
    expect(troubles(events)).toEqual(['handshake_too_long at 0'])
    expect(courseOf(events)).toEqual(['server server_hello_done'])
  })

  test('an extension with bad bytes does not hide those after it', () => {
    const extensions = hexBytes('0010 0003 000502 0017 0000 0023 0000')
    const body = join(hexBytes('0303'), new Uint8Array(32), hexBytes('00 0002 1301 01 00 000f'), extensions)
    const [{ message: found }] = of(read(record(22, message(1, body))), 'handshake')
    if (found.type !== 'client_hello') throw new Error(found.type)
    expect(found.extensions.map(({ name }) => name)).toEqual([
      'application_layer_protocol_negotiation',
      'extended_master_secret',
      'session_ticket',
    ])
  })

  test('a message that says less than it holds', () => {
    const [event] = of(read(record(22, message(24, hexBytes('0000')))), 'handshake')
    expect(event.fields.at(-1)).toMatchObject({ name: 'Trailing bytes', offset: 5, length: 1 })
    const [error] = of(read(record(22, message(24, hexBytes('0000')))), 'malformed')
    expect(error).toMatchObject({ reason: 'trailing_bytes', at: 5 })
  })
})

describe('protected records of TLS 1.3', () => {
  const secrets = Array.from({ length: 3 }, (_, i) => new Uint8Array(32).fill(i + 1))
  const [early, handshake, application] = secrets
  const random = new Uint8Array(32).fill(9)
  const keyLog = [
    ['CLIENT_EARLY_TRAFFIC_SECRET', early],
    ['CLIENT_HANDSHAKE_TRAFFIC_SECRET', handshake],
    ['CLIENT_TRAFFIC_SECRET_0', application],
  ]
    .map(([label, secret]) => `${label as string} ${hexOf(random)} ${hexOf(secret as Uint8Array)}`)
    .join('\n')
  const clientHello = message(
    1,
    join(hexBytes('0303'), random, hexBytes('00 0004 1302 1301 01 00 0004 002a 0000')),
  )
  const serverHello = message(2, join(hexBytes('0303'), random, hexBytes('00 1301 00 0006 002b 0002 0304')))
  const finished = message(20, new Uint8Array(32))
  const text = (words: string) => Uint8Array.from(Buffer.from(words))
  const opening: Crossed[] = [
    { from: 'client', bytes: record(22, clientHello) },
    { from: 'server', bytes: record(22, serverHello) },
  ]
  const client = (bytes: Uint8Array): Crossed => ({ from: 'client', bytes })

  test('0-RTT data come before the ServerHello; EndOfEarlyData closes them', () => {
    const zero = new Sealer(early)
    const one = new Sealer(handshake)
    const events = readTls(
      [
        opening[0],
        client(zero.seal(23, text('early'))),
        opening[1],
        client(zero.seal(22, message(5, new Uint8Array(0)))),
        client(one.seal(22, finished)),
        client(new Sealer(application).seal(23, text('late'), 100)),
      ],
      keyLog,
    )
    expect(troubles(events)).toEqual([])
    expect(of(events, 'keys').map(({ epoch }) => epoch)).toEqual(['early', 'handshake', 'application'])
    expect(
      of(events, 'application_data').map(({ data, early: is }) => [String(Buffer.from(data)), is]),
    ).toEqual([
      ['early', true],
      ['late', false],
    ])
    expect(courseOf(events)).toContain('client end_of_early_data')
  })

  test('0-RTT data that the server refused are followed by the handshake all the same', () => {
    const events = readTls(
      [
        opening[0],
        client(new Sealer(new Uint8Array(32)).seal(23, text('lost'))),
        opening[1],
        client(new Sealer(handshake).seal(22, finished)),
      ],
      keyLog,
    )
    expect(troubles(events)).toEqual([`bad_record_mac at ${opening[0].bytes.length}`])
    expect(courseOf(events).at(-1)).toBe('client finished')
  })

  test('KeyUpdate: the next secret follows from the one before', () => {
    const updated = nextTrafficSecret(nodeCrypto, 'sha256', application)
    const twice = nextTrafficSecret(nodeCrypto, 'sha256', updated)
    const first = new Sealer(application)
    const second = new Sealer(updated)
    const events = readTls(
      [
        ...opening,
        client(first.seal(22, message(24, Uint8Array.of(1)))),
        client(second.seal(23, text('a'))),
        client(second.seal(22, message(24, Uint8Array.of(0)))),
        client(new Sealer(twice).seal(23, text('b'))),
      ],
      keyLog,
    )
    expect(troubles(events)).toEqual([])
    expect(of(events, 'keys').map(({ label }) => label)).toEqual([
      'CLIENT_TRAFFIC_SECRET_0',
      'CLIENT_TRAFFIC_SECRET_1',
      'CLIENT_TRAFFIC_SECRET_2',
    ])
    expect(dataOf(events, 'client').toString()).toBe('ab')
  })

  test('a damaged record, and one with a broken header, cost themselves only', () => {
    const sealer = new Sealer(application)
    const parts = Array.from({ length: 6 }, (_, i) => sealer.seal(23, text(String(i))))
    parts[1][8] ^= 1
    parts[3][1] = 0
    const events = readTls([...opening, ...parts.map(client)], keyLog)
    expect(dataOf(events, 'client').toString()).toBe('0245')
    const at = opening[0].bytes.length
    const size = parts[0].length
    expect(troubles(events)).toEqual([
      `bad_record_mac at ${at + size}`,
      `bad_version at ${at + 3 * size}`,
      `resumed after ${size} from ${at + 3 * size}`,
    ])
  })

  test('nothing but padding inside', () => {
    const sealer = new Sealer(application)
    const padded = sealer.seal(0, new Uint8Array(10), 10)
    const events = readTls([...opening, client(padded), client(sealer.seal(23, text('next')))], keyLog)
    expect(troubles(events)).toEqual([`no_content_type at ${opening[0].bytes.length}`])
    expect(dataOf(events, 'client').toString()).toBe('next')
  })
})
