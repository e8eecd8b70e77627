/** One end of HTTP/3 against a peer that is played by hand (RFC 9114). */
import { describe, expect, test } from 'vitest'
import { varint } from '../../../../electron/protocol/h3/frames.ts'
import type { Http3Observer } from '../../../../electron/protocol/h3/observer.ts'
import { QpackEncoder } from '../../../../electron/protocol/qpack/encoder.ts'
import type { Micros } from '../../../../shared/units.ts'
import { join, octets } from '../../../support/cuts.ts'
import { frame, GET, H3Script, headers } from '../../../support/h3-script.ts'
import { fromHex } from '../../../support/packets.ts'

const NOW = 0 as Micros
const hex = (bytes: Uint8Array): string => Buffer.from(bytes).toString('hex')
const DATA = frame(0x00, octets('abc'))
const OK = [{ name: ':status', value: '200' }]

describe('RFC 9114 6.2, 7.2.4: the beginning', () => {
  test('three streams, and SETTINGS first on the control stream', () => {
    const { quic, events } = new H3Script('client')
    const [control, encoder, decoder] = [...quic.streams.keys()]
    expect([control, encoder, decoder]).toEqual([2, 6, 10])
    // Capacity 4096, section size 16384, 16 blocked streams.
    expect(hex(join(...quic.get(control).written))).toBe(
      '00' + '040a' + '01' + '5000' + '06' + '80004000' + '07' + '10',
    )
    expect(hex(join(...quic.get(encoder).written))).toBe('02')
    expect(hex(join(...quic.get(decoder).written))).toBe('03')
    expect(quic.priorities.get(control)).toEqual([-1, false])
    expect(events).toEqual([{ type: 'ready' }])
  })

  test('7.2.8: reserved numbers are sent on wish, and ignored wherever they come', () => {
    const script = new H3Script('server', { grease: 3 })
    // Setting and frame 0x1f * 3 + 0x21 = 0x7e.
    expect(hex(script.written(3))).toContain('407e03')
    expect(hex(script.written(3))).toMatch(/407e03000000$/)
    script.control(join(frame(0x21, octets('padding')), frame(0x1f * 1e6 + 0x21)))
    script.peer(script.uni(1), join(varint(0x40), octets('of no known type')), true)
    script.peer(0, join(frame(0x21, new Uint8Array(100)), headers(GET), frame(0x40), DATA, frame(0x21)), true)
    expect(script.read(0)).toBe('abc')
    expect(script.of('finished')).toEqual([{ type: 'finished', id: 0 }])
    expect(script.closed).toBeUndefined()
  })

  test("the peer's settings are told, those of unknown meaning are not", () => {
    const script = new H3Script('client')
    script.peer(script.uni(0), join(varint(0), frame(0x04, fromHex('01 50 00 07 05 06 80 00 10 00 21 3f'))))
    expect(script.of('settings')[0].settings).toEqual({
      qpackMaxTableCapacity: 4_096,
      qpackBlockedStreams: 5,
      maxFieldSectionSize: 4_096,
    })
    expect(script.connection.request(NOW, [...GET, { name: 'x', value: 'y'.repeat(4_096) }])).toBe(
      'too_large',
    )
  })
})

describe('RFC 9114 4.1: messages', () => {
  test('a request with content and trailers, interim and final response, in the order in which they were sent', () => {
    const script = new H3Script('server').control()
    const trailers = [{ name: 'x-sum', value: '6' }]
    const whole = join(headers(GET), DATA, frame(0x00), frame(0x00, octets('def')), headers(trailers))
    for (const byte of whole) script.peer(0, Uint8Array.of(byte))
    script.peer(0, new Uint8Array(0), true)
    // Content stops all behind it until it is read.
    expect(script.of('headers').map(({ kind }) => kind)).toEqual(['request'])
    expect(script.read(0)).toBe('abcdef')
    expect(script.of('headers').map(({ kind, fields }) => [kind, fields])).toEqual([
      ['request', GET],
      ['trailers', trailers],
    ])
    expect(script.of('finished')).toHaveLength(1)

    const { connection } = script
    expect(connection.respond(NOW, 0, [{ name: ':status', value: '103' }])).toBe(true)
    expect(connection.respond(NOW, 0, OK)).toBe(true)
    expect(connection.sendData(NOW, 0, octets('hello'))).toBe(true)
    expect(connection.sendTrailers(NOW, 0, trailers)).toBe(true)
    expect(script.quic.get(0).finWritten).toBe(true)
    expect(connection.openRequests).toBe(0)

    const client = new H3Script('client').control()
    const id = client.request()
    client.peer(id, script.written(0), true)
    expect(client.read(id)).toBe('hello')
    expect(client.of('headers').map(({ kind }) => kind)).toEqual(['informational', 'response', 'trailers'])
    expect(client.of('finished')).toHaveLength(1)
    expect(client.connection.openRequests).toBe(0)
  })

  test('what is sent out of turn is a bug of ours', () => {
    const script = new H3Script('client').control()
    const id = script.request(GET, false)
    expect(() => script.connection.respond(NOW, id, OK)).toThrow('is to send content')
  })

  test('4.1.1: a cancelled request ends both directions and takes nothing more', () => {
    const script = new H3Script('client').control()
    const id = script.request(GET, false)
    script.connection.cancel(NOW, id)
    expect([script.quic.reset.get(id), script.quic.stopped.get(id)]).toEqual([0x10c, 0x10c])
    expect(script.connection.sendData(NOW, id, octets('x'))).toBe(false)
    // RFC 9204 2.2.2.2: the peer's encoder hears of it.
    expect(hex(script.written(10))).toBe('03' + '40')
    script.peer(id, headers(OK))
    expect(script.of('headers')).toEqual([])
    expect(script.quic.get(id).unread).toEqual([])
  })

  test('a response that is reset half way', () => {
    const script = new H3Script('client').control()
    const id = script.request()
    script.peer(id, join(headers(OK), DATA)).peerResets(id, 0x102)
    expect(script.of('reset')).toEqual([{ type: 'reset', id, code: 0x102 }])
    expect(script.read(id)).toBe('')
    expect(script.of('finished')).toEqual([])
    expect(script.connection.openRequests).toBe(0)
  })

  test('what comes in one datagram with its reset is void', () => {
    const script = new H3Script('client').control()
    const id = script.request()
    const stream = script.quic.get(id)
    stream.receive.resetCode = 0x10b
    script.peer(id, headers(OK), true).peerResets(id, 0x10b)
    expect(script.of('headers')).toEqual([])
    expect(script.of('finished')).toEqual([])
    expect(script.of('reset')).toEqual([{ type: 'reset', id, code: 0x10b }])
  })

  test('a peer that stops reading gets nothing more', () => {
    const script = new H3Script('server').control().peer(0, headers(GET), true)
    script.connection.respond(NOW, 0, OK)
    script.quic.get(0).send.isReset = true
    expect(script.connection.sendData(NOW, 0, octets('x'))).toBe(true)
    script.tell({ type: 'stop_sending', id: 0, code: 0x10c })
    expect(script.connection.sendData(NOW, 0, octets('x'))).toBe(false)
    expect(script.of('stopped')).toEqual([{ type: 'stopped', id: 0, code: 0x10c }])
  })

  test('RFC 9001 4.6.2: when 0-RTT is refused all begins anew', () => {
    const script = new H3Script('client', {}, 6, 'early')
    const first = script.request()
    script.tell({ type: 'early_refused' })
    expect(script.events.slice(-2)).toEqual([{ type: 'early_refused' }, { type: 'ready' }])
    expect(script.connection.openRequests).toBe(0)
    expect(script.request()).toBe(first + 4)
    expect(hex(script.written(14))).toBe(hex(script.written(2)))
    const late = new H3Script('client')
    late.tell({ type: 'early_refused' })
    expect(late.events).toEqual([{ type: 'ready' }])
  })
})

describe('RFC 9114 7.2.4.2: settings that are remembered for 0-RTT', () => {
  const remembered = { qpackMaxTableCapacity: 4_096, qpackBlockedStreams: 5, maxFieldSectionSize: 4_096 }
  const early = (settings: string) => {
    const script = new H3Script('client', { remembered }, 3, 'early')
    return script.peer(script.uni(0), join(varint(0), frame(0x04, fromHex(settings))))
  }

  test('hold at once: the dynamic table is used before SETTINGS have come', () => {
    const script = new H3Script('client', { remembered }, 3, 'early')
    script.request([...GET, { name: 'x', value: 'y' }])
    expect(script.written(6).length).toBeGreaterThan(5)
    expect(script.connection.request(NOW, [{ name: 'x', value: 'y'.repeat(4_096) }])).toBe('too_large')
  })

  test.each([
    ['the same', '015000 0705 065000', undefined],
    ['larger ones', '015000 0706', undefined],
    ['another capacity', '016000 0705 065000', 'QPACK_DECODER_STREAM_ERROR 9204 3.2.3'],
    ['no capacity', '0705 065000', 'QPACK_DECODER_STREAM_ERROR 9204 3.2.3'],
    ['fewer blocked streams', '015000 0704', 'H3_SETTINGS_ERROR 9114 7.2.4.2'],
    ['a smaller field section', '015000 0705 064fff', 'H3_SETTINGS_ERROR 9114 7.2.4.2'],
  ])('the server then sends %s', (_what, settings, closed) => {
    expect(early(settings).closed?.split(':')[0]).toBe(closed)
  })

  test('without 0-RTT they mean nothing', () => {
    const script = new H3Script('client', { remembered })
    script.request([...GET, { name: 'x', value: 'y' }])
    expect(script.written(6)).toHaveLength(1)
  })
})

describe('RFC 9114 5.2: GOAWAY', () => {
  test('the client makes no more requests, and those that were not looked at are told', () => {
    const script = new H3Script('client')
    const ids = [script.request(), script.request(), script.request()]
    script.control(frame(0x07, varint(ids[1])))
    expect(script.of('goaway')).toEqual([{ type: 'goaway', id: ids[1] }])
    expect(script.of('unprocessed').map(({ id }) => id)).toEqual(ids.slice(1))
    expect(script.connection.request(NOW, GET)).toBe('going_away')
    script.peer(ids[0], headers(OK), true)
    expect(script.of('finished')).toEqual([{ type: 'finished', id: ids[0] }])
  })

  test('a first one with the largest id there is', () => {
    const script = new H3Script('client')
    script.control(join(frame(0x07, fromHex('fffffffffffffffc')), frame(0x07, varint(8))))
    expect(script.closed).toBeUndefined()
    expect(script.of('goaway')).toHaveLength(2)
  })

  test('the server rejects what comes after it', () => {
    const script = new H3Script('server').control().peer(0, headers(GET), true)
    script.connection.goaway(NOW)
    expect(hex(script.written(3)).endsWith('070104')).toBe(true)
    script.peer(4, headers(GET), true)
    expect([script.quic.reset.get(4), script.quic.stopped.get(4)]).toEqual([0x10b, 0x10b])
    expect(script.of('headers').map(({ id }) => id)).toEqual([0])
    expect(script.connection.respond(NOW, 0, OK, true)).toBe(true)
  })
})

describe('RFC 9218: priorities', () => {
  test('by the field, and by PRIORITY_UPDATE, which outweighs it, early or late', () => {
    const script = new H3Script('server')
    const fields = [...GET, { name: 'priority', value: 'u=1, i' }]
    script.control(frame(0xf0700, join(varint(4), octets('u=6'))))
    script.peer(0, headers(fields), true).peer(4, headers(fields), true)
    expect(script.quic.priorities.get(0)).toEqual([1, true])
    expect(script.quic.priorities.get(4)).toEqual([6, false])
    script.peer(script.uni(0), frame(0xf0700, join(varint(0), octets('u=0'))))
    expect(script.quic.priorities.get(0)).toEqual([0, false])
    expect(script.of('priority').map(({ id, priority }) => [id, priority.urgency])).toEqual([
      [0, 1],
      [4, 6],
      [0, 0],
    ])
  })

  test('a client says how urgent a response is', () => {
    const script = new H3Script('client').control()
    const id = script.request()
    script.connection.prioritize(NOW, id, { urgency: 2, incremental: true })
    expect(hex(script.written(2)).endsWith(hex(frame(0xf0700, join(varint(id), octets('u=2, i')))))).toBe(
      true,
    )
  })
})

describe('RFC 9204 2.1.2: a section that comes before its insertions', () => {
  function blockedServer() {
    const told: string[] = []
    const tell =
      (what: string) =>
      (...args: unknown[]): void => {
        told.push([what, ...args.slice(1).filter((arg) => typeof arg !== 'object')].join(' '))
      }
    const observer: Http3Observer = {
      onStreamType: () => undefined,
      onFrameCreated: () => undefined,
      onFrameParsed: tell('frame'),
      onSectionEncoded: () => undefined,
      onSectionDecoded: tell('section'),
      onTableChange: tell('table'),
      onBlocked: tell('blocked'),
      onUnblocked: tell('unblocked'),
      onViolation: tell('violation'),
    }
    const script = new H3Script('server', { observer }).control()
    const encoder = new QpackEncoder({ capacity: 4_096 })
    encoder.applySettings(4_096, 16)
    const fields = [...GET, { name: 'user-agent', value: 'rexmit' }]
    const section = encoder.encode(0, fields).bytes
    const instructions = join(varint(0x02), encoder.takeOutput())
    return { script, fields, section, instructions, told }
  }

  test('waits, and all behind it; then goes on', () => {
    const { script, fields, section, instructions, told } = blockedServer()
    told.length = 0
    script.peer(0, join(frame(0x01, section), DATA), true)
    expect(script.of('headers')).toEqual([])
    expect(script.connection.blockedStreams).toBe(1)
    expect(told).toEqual([`frame 0 ${section.length + 2}`, `blocked 0 2 ${section.length}`])
    told.length = 0
    for (const byte of instructions) script.peer(script.uni(1), Uint8Array.of(byte))
    expect(script.of('headers')[0].fields).toEqual(fields)
    expect(script.read(0)).toBe('abc')
    expect(script.connection.blockedStreams).toBe(0)
    expect(told).toEqual([
      'table decoder',
      'table decoder',
      'table decoder',
      'unblocked 0 true',
      'section 0',
      'frame 0 5',
    ])
    // The first insertion was told by itself; the section acknowledges both.
    expect(hex(script.written(11))).toBe('03' + '01' + '80')
  })

  test('a stream that is given up while it waits', () => {
    const { script, section, instructions, told } = blockedServer()
    script.peer(0, frame(0x01, section)).peerResets(0)
    expect(script.connection.blockedStreams).toBe(0)
    expect(told.at(-1)).toBe('unblocked 0 false')
    script.peer(script.uni(1), instructions)
    expect(script.of('headers')).toEqual([])
    expect(hex(script.written(11))).toBe('03' + '40' + '02')
  })

  test('RFC 9114 5: what comes after the end of the connection is not looked at', () => {
    const { script, section, instructions } = blockedServer()
    script.peer(0, frame(0x01, section))
    script.connection.close(NOW)
    script.peer(script.uni(1), instructions)
    expect(script.of('headers')).toEqual([])
    expect(script.connection.request(NOW, GET)).toBe('closed')
  })
})

describe('RFC 9204 2.2.2.3: what the decoder tells', () => {
  /** A peer's section that refers to what it inserts, and the decoder stream of ours that answers it. */
  function coming() {
    const script = new H3Script('server').control()
    const encoder = new QpackEncoder({ capacity: 4_096 })
    encoder.applySettings(4_096, 16)
    const { bytes } = encoder.encode(0, [...GET, { name: 'x-new', value: 'inserted' }], 1_000)
    const instructions = join(varint(2), encoder.takeOutput())
    // Behind the type of the stream.
    const answers = () => hex(script.written(11)).slice(2)
    return { script, instructions, section: frame(0x01, bytes), answers }
  }

  test('an acknowledgment of a section in the same datagram makes an increment needless', () => {
    const { script, instructions, section, answers } = coming()
    script.part(script.uni(1), instructions).part(0, section)
    script.tell({ type: 'settled' })
    expect(script.of('headers')).toHaveLength(1)
    expect(answers()).toBe('80')
  })

  test('insertions alone are told at the end of their datagram', () => {
    const { script, instructions, section, answers } = coming()
    script.peer(script.uni(1), instructions)
    expect(answers()).toMatch(/^0[1-9]$/)
    script.peer(0, section)
    expect(answers()).toMatch(/^0[1-9]80$/)
  })
})
