/** What a peer may not do, with the code and the clause that it breaks (RFC 9114 8, RFC 9218). */
import { describe, expect, test } from 'vitest'
import { varint } from '../../../../electron/protocol/h3/frames.ts'
import type { Role } from '../../../../electron/protocol/h3/frame-rules.ts'
import { join, octets } from '../../../support/cuts.ts'
import { frame, GET, H3Script, headers, SETTINGS } from '../../../support/h3-script.ts'
import { fromHex } from '../../../support/packets.ts'

const OK = headers([{ name: ':status', value: '200' }])
const DATA = frame(0x00, octets('abc'))
const hex = (text: string): Uint8Array => fromHex(text)

describe('control streams (6.2.1, 7.2)', () => {
  test.each<[string, Role, Uint8Array]>([
    ['H3_MISSING_SETTINGS 9114 6.2.1', 'server', frame(0x0d, varint(1))],
    ['H3_MISSING_SETTINGS 9114 6.2.1', 'client', frame(0x21)],
    ['H3_FRAME_UNEXPECTED 9114 7.2.4', 'server', join(SETTINGS, SETTINGS)],
    ['H3_FRAME_UNEXPECTED 9114 7.2.1', 'server', join(SETTINGS, DATA)],
    ['H3_FRAME_UNEXPECTED 9114 7.2.2', 'client', join(SETTINGS, OK)],
    ['H3_FRAME_UNEXPECTED 9114 7.2.5', 'client', join(SETTINGS, frame(0x05, hex('000000')))],
    ['H3_FRAME_UNEXPECTED 9114 7.2.7', 'client', join(SETTINGS, frame(0x0d, varint(1)))],
    ['H3_FRAME_UNEXPECTED 9114 7.2.8', 'server', join(SETTINGS, frame(0x02))],
    ['H3_FRAME_UNEXPECTED 9114 7.2.8', 'server', join(SETTINGS, frame(0x06))],
    ['H3_FRAME_UNEXPECTED 9114 7.2.8', 'client', join(SETTINGS, frame(0x08))],
    ['H3_FRAME_UNEXPECTED 9114 7.2.8', 'client', join(SETTINGS, frame(0x09))],
    ['H3_FRAME_UNEXPECTED 9218 7.2', 'client', join(SETTINGS, frame(0xf0700, varint(0)))],
    ['H3_ID_ERROR 9114 7.2.3', 'client', join(SETTINGS, frame(0x03, varint(0)))],
    ['H3_ID_ERROR 9114 7.2.3', 'server', join(SETTINGS, frame(0x03, varint(0)))],
    ['H3_ID_ERROR 9114 7.2.6', 'client', join(SETTINGS, frame(0x07, varint(6)))],
    ['H3_ID_ERROR 9114 5.2', 'client', join(SETTINGS, frame(0x07, varint(4)), frame(0x07, varint(8)))],
    ['H3_ID_ERROR 9114 5.2', 'server', join(SETTINGS, frame(0x07, varint(1)), frame(0x07, varint(2)))],
    ['H3_ID_ERROR 9114 7.2.7', 'server', join(SETTINGS, frame(0x0d, varint(4)), frame(0x0d, varint(3)))],
    ['H3_ID_ERROR 9218 7.2', 'server', join(SETTINGS, frame(0xf0700, varint(2)))],
    ['H3_ID_ERROR 9218 7.2', 'server', join(SETTINGS, frame(0xf0701, varint(0)))],
    ['H3_FRAME_ERROR 9114 7.1', 'client', join(SETTINGS, frame(0x07))],
    ['H3_FRAME_ERROR 9114 7.1', 'client', join(SETTINGS, frame(0x07, hex('0400')))],
    ['H3_FRAME_ERROR 9114 7.1', 'server', join(SETTINGS, frame(0x0d, hex('40')))],
    ['H3_FRAME_ERROR 9114 7.1', 'server', frame(0x04, hex('0640'))],
    ['H3_SETTINGS_ERROR 9114 7.2.4.1', 'server', frame(0x04, hex('0201'))],
    ['H3_SETTINGS_ERROR 9114 7.2.4.1', 'server', frame(0x04, hex('0501'))],
    ['H3_SETTINGS_ERROR 9114 7.2.4', 'client', frame(0x04, hex('06010602'))],
    ['H3_EXCESSIVE_LOAD 9114 10.5', 'client', frame(0x04, new Uint8Array(5_000))],
    ['H3_EXCESSIVE_LOAD 9114 10.5', 'server', join(SETTINGS, hex('07 ffffffffffffffff'))],
  ])('%s at the %s', (expected, role, bytes) => {
    const script = new H3Script(role)
    script.peer(script.uni(0), join(varint(0), bytes))
    expect(script.closed?.startsWith(`${expected}:`), script.closed).toBe(true)
  })
})

describe('streams (6)', () => {
  test('a second stream of a kind', () => {
    for (const [type, clause] of [
      [0, '9114 6.2.1'],
      [2, '9204 4.2'],
      [3, '9204 4.2'],
    ] as const) {
      const script = new H3Script('server')
      script.peer(script.uni(0), varint(type)).peer(script.uni(1), varint(type))
      expect(script.closed).toContain(`H3_STREAM_CREATION_ERROR ${clause}`)
    }
  })

  test('a critical stream that ends, is reset, or is to be stopped', () => {
    for (const [type, own] of [
      [0, 2],
      [2, 6],
      [3, 10],
    ]) {
      const ended = new H3Script('client')
      ended.peer(ended.uni(0), varint(type), true)
      const reset = new H3Script('client')
      reset.peer(reset.uni(0), varint(type)).peerResets(reset.uni(0))
      const stopped = new H3Script('client')
      stopped.tell({ type: 'stop_sending', id: own, code: 0x100 })
      for (const { closed } of [ended, reset, stopped])
        expect(closed).toContain('H3_CLOSED_CRITICAL_STREAM 9114 6.2.1')
    }
  })

  test('push streams and streams that a server opens', () => {
    const server = new H3Script('server')
    server.peer(server.uni(0), varint(1))
    expect(server.closed).toContain('H3_STREAM_CREATION_ERROR 9114 6.2.2')
    const client = new H3Script('client')
    client.peer(client.uni(0), hex('0100'))
    expect(client.closed).toContain('H3_ID_ERROR 9114 4.6')
    const other = new H3Script('client')
    other.peer(1, new Uint8Array(0))
    expect(other.closed).toContain('H3_STREAM_CREATION_ERROR 9114 6.1')
  })

  test('6.2: a peer that lets us open too few', () => {
    expect(new H3Script('client', {}, 2).closed).toContain('H3_GENERAL_PROTOCOL_ERROR 9114 6.2')
  })

  test('QPACK: the codes of RFC 9204 6', () => {
    const encoder = new H3Script('server')
    encoder.peer(encoder.uni(0), hex('02 01'))
    expect(encoder.closed).toContain('QPACK_ENCODER_STREAM_ERROR 9204 4.3.4')
    const decoder = new H3Script('server')
    decoder.peer(decoder.uni(0), hex('03 84'))
    expect(decoder.closed).toContain('QPACK_DECODER_STREAM_ERROR 9204 4.4.1')
    const section = new H3Script('server')
    section.peer(0, frame(0x01, hex('0000 ff24')))
    expect(section.closed).toContain('QPACK_DECOMPRESSION_FAILED 9204 3.1')
  })
})

describe('request streams (4.1, 7.2): the connection is closed', () => {
  test.each<[string, Role, Uint8Array, boolean?]>([
    ['H3_FRAME_UNEXPECTED 9114 4.1', 'server', DATA],
    ['H3_FRAME_UNEXPECTED 9114 4.1', 'server', join(headers(GET), headers([]), headers([]))],
    ['H3_FRAME_UNEXPECTED 9114 4.1', 'server', join(headers(GET), headers([]), DATA)],
    ['H3_FRAME_UNEXPECTED 9114 4.1', 'client', join(headers([{ name: ':status', value: '103' }]), DATA)],
    ['H3_FRAME_UNEXPECTED 9114 7.2.3', 'server', frame(0x03, varint(0))],
    ['H3_FRAME_UNEXPECTED 9114 7.2.4', 'server', SETTINGS],
    ['H3_FRAME_UNEXPECTED 9114 7.2.5', 'server', frame(0x05, hex('000000'))],
    ['H3_FRAME_UNEXPECTED 9114 7.2.6', 'client', frame(0x07, varint(0))],
    ['H3_FRAME_UNEXPECTED 9114 7.2.7', 'server', frame(0x0d, varint(0))],
    ['H3_FRAME_UNEXPECTED 9114 7.2.8', 'client', frame(0x09)],
    ['H3_FRAME_UNEXPECTED 9218 7.2', 'server', frame(0xf0700, varint(0))],
    ['H3_ID_ERROR 9114 7.2.5', 'client', frame(0x05, hex('000000'))],
    ['H3_FRAME_ERROR 9114 7.1', 'client', frame(0x05)],
    ['H3_FRAME_ERROR 9114 7.1', 'server', hex('0105 00'), true],
    ['H3_FRAME_ERROR 9114 7.1', 'server', hex('01'), true],
    ['H3_FRAME_ERROR 9114 7.1', 'client', join(OK, hex('0001')), true],
    ['H3_EXCESSIVE_LOAD 9114 10.5', 'server', hex('01 80010000')],
  ])('%s at the %s', (expected, role, bytes, fin = false) => {
    const script = new H3Script(role).control()
    const id = role === 'client' ? script.request() : 0
    script.peer(id, bytes, fin)
    expect(script.closed?.startsWith(`${expected}:`), script.closed).toBe(true)
  })

  test('4.4: trailers in a tunnel', () => {
    const script = new H3Script('client').control()
    const id = script.request(
      [
        { name: ':method', value: 'CONNECT' },
        { name: ':authority', value: 'server.test:443' },
      ],
      false,
    )
    script.peer(id, join(OK, DATA))
    expect(script.read(id)).toBe('abc')
    script.peer(id, headers([]))
    expect(script.closed).toContain('H3_FRAME_UNEXPECTED 9114 4.4')
  })
})

/** Fields of a good request, with some changed; an empty value leaves one out. */
function request(changes: Record<string, string | undefined>, ...more: [string, string][]) {
  const fields = new Map(GET.map(({ name, value }) => [name, value as string | undefined]))
  for (const [name, value] of Object.entries(changes)) fields.set(name, value)
  return [...fields, ...more]
    .filter((field): field is [string, string] => field[1] !== undefined)
    .map(([name, value]) => ({ name, value }))
}
const response = (...fields: [string, string][]) => fields.map(([name, value]) => ({ name, value }))

describe('malformed messages (4.1.2 to 4.4): the stream is given up, the connection lives', () => {
  test.each([
    ['9114 4.3.1', request({ ':method': undefined })],
    ['9114 4.3.1', request({ ':scheme': undefined })],
    ['9114 4.3.1', request({ ':path': undefined })],
    ['9114 4.3.1', request({ ':path': '' })],
    ['9114 4.3.1', request({ ':path': '*' })],
    ['9114 4.3.1', request({ ':authority': undefined })],
    ['9114 4.3.1', request({ ':authority': '' })],
    ['9114 4.3.1', request({ ':authority': 'me@server.test' })],
    ['9114 4.3.1', request({}, ['host', 'other.test'])],
    ['9114 4.3', request({ ':status': '200' })],
    ['9114 4.3', request({ ':protocol': 'websocket' })],
    ['9114 4.3', request({}, [':path', '/again'])],
    ['9114 4.3', [{ name: 'accept', value: '*/*' }, ...GET]],
    ['9114 4.4', request({ ':method': 'CONNECT' })],
    ['9114 4.4', response([':method', 'CONNECT'])],
    ['9114 4.2', request({}, ['Accept', '*/*'])],
    ['9114 4.2', request({}, ['a b', ''])],
    ['9114 4.2', request({}, ['', ''])],
    ['9114 4.2', request({}, ['connection', 'close'])],
    ['9114 4.2', request({}, ['transfer-encoding', 'chunked'])],
    ['9114 4.2', request({}, ['upgrade', 'h2c'])],
    ['9114 4.2', request({}, ['keep-alive', '1'])],
    ['9114 4.2', request({}, ['proxy-connection', '1'])],
    ['9114 4.2', request({}, ['te', 'gzip'])],
    ['9114 10.3', request({}, ['x', 'a\r\nb'])],
    ['9114 10.3', request({}, ['x', '\0'])],
    ['9110 7.2', request({}, ['host', 'server.test'], ['host', 'b'])],
    ['9110 8.6', request({}, ['content-length', '1'], ['content-length', '2'])],
    ['9110 8.6', request({}, ['content-length', '-1'])],
  ])('a request, by %s: %j', (clause, fields) => {
    const script = new H3Script('server').control().peer(0, headers(fields), true)
    expect(script.closed).toBeUndefined()
    const [{ violation }] = script.of('failed')
    expect(violation.code).toBe('H3_MESSAGE_ERROR')
    expect(violation.reason.startsWith(`${clause}:`), violation.reason).toBe(true)
    expect(script.quic.reset.get(0)).toBe(0x10e)
    expect(script.of('headers')).toEqual([])
    expect(script.connection.openRequests).toBe(0)
  })

  test.each([
    ['9114 4.3.2', response()],
    ['9110 15', response([':status', '20'])],
    ['9110 15', response([':status', '2000'])],
    ['9114 4.5', response([':status', '101'])],
    ['9114 4.3', response([':status', '200'], [':path', '/'])],
    ['9114 4.2', response([':status', '200'], ['connection', 'close'])],
  ])('a response, by %s: %j', (clause, fields) => {
    const script = new H3Script('client').control()
    const id = script.request()
    script.peer(id, headers(fields))
    expect(script.of('failed')[0].violation.reason.startsWith(`${clause}:`)).toBe(true)
    expect(script.quic.stopped.get(id)).toBe(0x10e)
  })

  test('pseudo-header fields in trailers', () => {
    const script = new H3Script('server').control()
    script.peer(0, join(headers(GET), headers([{ name: ':path', value: '/' }])), true)
    expect(script.of('failed')[0].violation.reason).toContain('9114 4.3:')
  })

  test('content that is longer or shorter than announced', () => {
    for (const [length, code] of [
      ['2', 'H3_MESSAGE_ERROR'],
      ['4', 'H3_MESSAGE_ERROR'],
    ]) {
      const script = new H3Script('server').control()
      script.peer(0, join(headers(request({}, ['content-length', length])), DATA), true)
      script.read(0)
      expect(script.of('failed').map(({ violation }) => violation.code)).toEqual([code])
      expect(script.of('finished')).toEqual([])
    }
  })

  test('content in answer to HEAD', () => {
    const script = new H3Script('client').control()
    const id = script.request(request({ ':method': 'HEAD' }))
    script.peer(id, headers(response([':status', '200'], ['content-length', '3'])))
    expect(script.of('failed')).toEqual([])
    script.peer(id, DATA)
    expect(script.of('failed')).toHaveLength(1)
  })

  test('4.1: a request or a response without a header section', () => {
    const server = new H3Script('server').control().peer(0, new Uint8Array(0), true)
    expect(server.of('failed')[0].violation.code).toBe('H3_REQUEST_INCOMPLETE')
    expect(server.quic.reset.get(0)).toBe(0x10d)
    const client = new H3Script('client').control()
    const id = client.request()
    client.peer(id, headers(response([':status', '103'])), true)
    expect(client.of('failed')[0].violation.code).toBe('H3_MESSAGE_ERROR')
  })

  test('4.2.2: a field section larger than we said', () => {
    const script = new H3Script('server', {
      settings: { qpackMaxTableCapacity: 0, qpackBlockedStreams: 0, maxFieldSectionSize: 300 },
    })
    script
      .control()
      .peer(0, headers(request({}, ...Array.from({ length: 5 }, (): [string, string] => ['a', 'b']))))
    expect(script.closed).toBeUndefined()
    expect(script.of('failed')[0].violation).toMatchObject({ code: 'H3_EXCESSIVE_LOAD' })
  })
})
