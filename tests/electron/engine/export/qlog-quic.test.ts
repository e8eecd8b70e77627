/** QUIC and HTTP/3 in qlog: the drafts' words, and what qvis draws. */
import { describe, expect, it } from 'vitest'
import { exportRun } from '../../../../electron/engine/export/export.ts'
import { qlogFrames } from '../../../../electron/engine/export/qlog-frames.ts'
import type { RecordingReader } from '../../../../electron/engine/recording/types.ts'
import { H3_LABS, type H3LabName } from '../../../support/h3-labs.ts'
import { runHttp } from '../../../support/http-lab.ts'
import { draftProblems, qvisProblems, type QlogEvent } from '../../../support/qlog-schema.ts'
import { QUIC_FLOW, QuicScript, stream, WAY } from '../../../support/quic-script.ts'

type File = Parameters<typeof draftProblems>[0]

async function qlog(reader: RecordingReader, version: 'draft' | '0.3'): Promise<File> {
  const [file] = await exportRun(reader, 'qlog', { qlog: version })
  return JSON.parse(new TextDecoder().decode(file.bytes)) as File
}

const eventsOf = (file: File, host: string): readonly QlogEvent[] =>
  file.traces.find(({ title }) => title === host)!.events

const named = (file: File, host: string, name: string) =>
  eventsOf(file, host).filter((event) => event.name === name)

const dataOf = (file: File, host: string, name: string) =>
  named(file, host, name).map(({ data: { packet: _, ...data } }) => data)

describe('frames', () => {
  const frames = JSON.stringify([
    { type: 'padding', length: 7 },
    {
      type: 'ack',
      delay: 25,
      ranges: [
        { from: 9, to: 12 },
        { from: 5, to: 5 },
        { from: 0, to: 3 },
      ],
    },
    { type: 'crypto', offset: 3, length: 100 },
    { type: 'stream', id: 4, offset: 10, fin: true, length: 20 },
    { type: 'reset_stream', id: 4, code: 268, finalSize: 30 },
    { type: 'max_streams', direction: 'bidirectional', maximum: 5 },
    { type: 'new_connection_id', number: 2, retirePriorTo: 1, id: '0a0b', resetToken: 'ff' },
    { type: 'connection_close', by: 'transport', code: 7, frameType: 8, reason: '6e6f' },
    { type: 'ack_frequency', number: 1, threshold: 2, maxDelay: 3, reordering: 4 },
  ])

  it('of the draft', () => {
    expect(qlogFrames(frames, 'draft')).toEqual([
      { frame_type: 'padding', raw: { length: 7, payload_length: 0 } },
      { frame_type: 'ack', ack_delay: 0.2, acked_ranges: [[0, 3], [5], [9, 12]] },
      { frame_type: 'crypto', offset: 3, raw: { payload_length: 100 } },
      { frame_type: 'stream', stream_id: 4, offset: 10, fin: true, raw: { payload_length: 20 } },
      { frame_type: 'reset_stream', stream_id: 4, error: 'unknown', error_code: 268, final_size: 30 },
      { frame_type: 'max_streams', stream_type: 'bidirectional', maximum: 5 },
      {
        frame_type: 'new_connection_id',
        sequence_number: 2,
        retire_prior_to: 1,
        connection_id_length: 2,
        connection_id: '0a0b',
        stateless_reset_token: 'ff',
      },
      {
        frame_type: 'connection_close',
        error_space: 'transport',
        error: 'unknown',
        error_code: 7,
        reason: 'no',
        trigger_frame_type: 8,
      },
      { frame_type: 'unknown', frame_type_bytes: 0xaf },
    ])
  })

  it('of 0.3 have lengths of their own, and ranges in pairs', () => {
    const [, ack, crypto, data, reset] = qlogFrames(frames, '0.3')
    expect(ack.acked_ranges).toEqual([
      [0, 3],
      [5, 5],
      [9, 12],
    ])
    expect(crypto).toEqual({ frame_type: 'crypto', offset: 3, length: 100 })
    expect(data).toEqual({ frame_type: 'stream', stream_id: 4, offset: 10, fin: true, length: 20 })
    expect(reset).toEqual({ frame_type: 'reset_stream', stream_id: 4, error_code: 268, final_size: 30 })
  })

  it('have the delay that the exponent of their sender says', () => {
    const ack = JSON.stringify([{ type: 'ack', delay: 1_000, ranges: [{ from: 0, to: 0 }] }])
    expect(qlogFrames(ack, 'draft', 0)).toMatchObject([{ ack_delay: 1 }])
    expect(qlogFrames(ack, 'draft', 10)).toMatchObject([{ ack_delay: 1_024 }])
  })

  it('that are none are left out', () => {
    for (const text of ['', '{}', 'null', '[1, null, {}]']) expect(qlogFrames(text, 'draft')).toEqual([])
  })
})

describe('a connection, written by hand', () => {
  function script() {
    const made = new QuicScript().handshake()
    const client = made.end('client')
    const server = made.end('server')
    made.at(200_000).emit(client, 'transport:parameters_set', {
      owner: 'local',
      parameters: '{"ack_delay_exponent":0,"initial_max_data":5,"unknown":[{"id":27,"value":"0a"}]}',
    })
    made.cross(200_000, 'client', '1rtt', 0, [
      { type: 'ack', delay: 1_000, ranges: [{ from: 0, to: 1 }] },
      stream(0, 0, 50, true),
    ])
    made.emit(server, 'transport:packet_dropped', { reason: 'unknown_connection_id', size: 30 })
    made.emit(server, 'transport:packet_buffered', { level: '1rtt', size: 60 })
    made.emit(client, 'transport:stream_state_changed', {
      stream: 3,
      side: 'receiving',
      from: 'recv',
      to: 'size_known',
    })
    made.emit(client, 'recovery:metrics_updated', { cwnd: 12_000, ssthresh: 0xffff_ffff, in_flight: 50 })
    made.emit(client, 'recovery:rtt_sampled', { rtt: 40_500 })
    made.emit(client, 'recovery:packets_acked', { space: 'application', packets: [0, 1, 4, 6] })
    made.emit(client, 'recovery:timer_expired', { timer: 'loss', space: 'application' })
    made.emit(client, 'recovery:stall_changed', { cause: 'connection_credit' })
    made.lost(300_000, 'client', 0)
    made.emit(client, 'transport:key_phase_changed', { generation: 1, by: 'peer' })
    for (const state of ['validating', 'validated'])
      made.emit(client, 'connectivity:path_state_changed', {
        path: 1,
        local: '10.77.0.9:50000',
        remote: '10.77.0.2:443',
        state,
      })
    made.send(300_000, 'client', '0rtt', 7)
    made.lost(310_000, 'client', 7)
    const moved = { level: '1rtt', number: 8, size: 40, frames: '[{"type":"ping"}]', path: 1, dcid: '0a0b' }
    made.emit(client, 'transport:packet_sent', moved, 99)
    const closed = { layer: 'transport', code: 0x128, name: 'CRYPTO_ERROR 0x28', reason: 'RFC 9001 4.8: x' }
    made.emit(client, 'connectivity:connection_closed', { by: 'local', ...closed })
    made.emit(server, 'connectivity:connection_closed', { by: 'timeout', layer: 'transport' })
    return made
  }

  it('follows the draft', async () => {
    const file = await qlog(script().reader(), 'draft')
    expect(draftProblems(file)).toEqual([])
    expect(dataOf(file, 'main/client', 'quic:packet_sent').at(2)).toEqual({
      header: { packet_type: '1RTT', packet_number: 0 },
      raw: { length: 100 },
      frames: [
        { frame_type: 'ack', ack_delay: 1, acked_ranges: [[0, 1]] },
        { frame_type: 'stream', stream_id: 0, offset: 0, fin: true, raw: { payload_length: 50 } },
      ],
    })
    expect(named(file, 'main/client', 'quic:packet_sent').map(({ tuple }) => tuple)).toEqual([
      ...Array<undefined>(4).fill(undefined),
      '1',
    ])
    expect(dataOf(file, 'main/client', 'quic:packet_sent').at(-1)).toMatchObject({
      header: { packet_number: 8, dcil: 2, dcid: '0a0b' },
    })
    expect(dataOf(file, 'main/server', 'quic:packet_buffered')).toEqual([
      { header: { packet_type: '1RTT' }, raw: { length: 60 }, trigger: 'keys_unavailable' },
    ])
    expect(dataOf(file, 'main/server', 'quic:packet_dropped')).toEqual([
      { raw: { length: 30 }, trigger: 'connection_unknown', details: { reason: 'unknown_connection_id' } },
    ])
    expect(dataOf(file, 'main/client', 'quic:parameters_set')).toEqual([
      {
        initiator: 'local',
        ack_delay_exponent: 0,
        initial_max_data: 5,
        unknown_parameters: [{ id: 27, value: '0a' }],
      },
    ])
    expect(dataOf(file, 'main/client', 'quic:packets_acked')).toEqual([
      { packet_number_space: 'application_data', packet_numbers: [0, 4, 5] },
    ])
    expect(dataOf(file, 'main/client', 'quic:recovery_metrics_updated')).toEqual([
      { congestion_window: 12_000, bytes_in_flight: 50, pto_count: 0 },
      { latest_rtt: 40.5 },
    ])
    expect(dataOf(file, 'main/client', 'quic:migration_state_updated').map((data) => data.new)).toEqual([
      'probing_started',
      'probing_successful',
    ])
    expect(dataOf(file, 'main/client', 'quic:tuple_assigned')).toHaveLength(1)
  })

  it('tells the frames of a packet at both ends, with the exponent of who sent it', async () => {
    const file = await qlog(script().reader(), 'draft')
    const [sent] = dataOf(file, 'main/client', 'quic:packet_sent').slice(2, 3)
    const received = dataOf(file, 'main/server', 'quic:packet_received').at(-1)
    expect(received).toEqual(sent)
  })

  it('names lost packets by the keys that they had', async () => {
    const file = await qlog(script().reader(), 'draft')
    const types = dataOf(file, 'main/client', 'quic:packet_lost').map(
      ({ header }) => (header as { packet_type: string }).packet_type,
    )
    expect(types).toEqual(['1RTT', '0RTT'])
  })

  it('ends by a name of the draft', async () => {
    const file = await qlog(script().reader(), 'draft')
    expect(dataOf(file, 'main/client', 'quic:connection_closed')).toEqual([
      {
        initiator: 'local',
        connection_error: 'crypto_error_0x128',
        reason: 'RFC 9001 4.8: x',
        trigger: 'error',
      },
    ])
    expect(dataOf(file, 'main/server', 'quic:connection_closed')).toEqual([
      { trigger: 'idle_timeout', reason: '' },
    ])
  })

  it('keeps what the drafts have no word for in namespaces of ours', async () => {
    const file = await qlog(script().reader(), 'draft')
    expect(dataOf(file, 'main/client', 'recovery:stall_changed')).toEqual([{ cause: 'connection_credit' }])
  })

  it('is what qvis reads in 0.3, in a group of its own', async () => {
    const file = await qlog(script().reader(), '0.3')
    expect(qvisProblems(file)).toEqual([])
    expect(file.traces.map(({ common_fields }) => common_fields.protocol_type)).toEqual([
      ['QUIC', 'HTTP3'],
      ['QUIC', 'HTTP3'],
    ])
    const names = new Set(eventsOf(file, 'main/client').map(({ name }) => name))
    for (const name of [
      'transport:packet_sent',
      'transport:packet_received',
      'transport:parameters_set',
      'transport:stream_state_updated',
      'recovery:metrics_updated',
      'recovery:packet_lost',
      'recovery:loss_timer_updated',
      'connectivity:connection_state_updated',
      'connectivity:connection_closed',
      'security:key_updated',
    ])
      expect(names, name).toContain(name)
    for (const { group_id } of eventsOf(file, 'main/server')) expect(group_id).toBe(QUIC_FLOW)
  })
})

describe('frames of HTTP/3', () => {
  /** A request in two packets, the second of which comes first. */
  function script() {
    const made = new QuicScript().handshake()
    const client = made.end('client')
    made.send(200_000, 'client', '1rtt', 0, [stream(0, 0, 30)])
    made.send(200_000, 'client', '1rtt', 1, [stream(0, 30, 12, true)])
    made.emit(client, 'http:stream_opened', { from: 'client', stream: 6, kind: 'qpack_encoder' })
    const frame = { from: 'client', stream: 0, connection_window: -1, stream_window: -1 }
    made.emit(client, 'http:frame', { ...frame, type: 'HEADERS', offset: 0, length: 28 })
    made.emit(client, 'http:message_started', {
      from: 'client',
      part: 'request',
      version: 'h3',
      exchange: 0,
      fields: '[[":method","GET","indexed",1,17,"static"]]',
    })
    made.emit(client, 'http:frame', { ...frame, type: 'DATA', offset: 30, length: 10 })
    made.emit(client, 'http:frame', {
      ...frame,
      stream: 2,
      type: 'SETTINGS',
      detail: 'QPACK_MAX_TABLE_CAPACITY 4096, reserved 0x21 7, 0x99 8',
    })
    made.arrive(200_000 + WAY, 'client', '1rtt', 1).arrive(210_000 + WAY, 'client', '1rtt', 0)
    made.emit(made.end('server'), 'http:section_blocked', { stream: 0 })
    return made
  }
  const headers = [{ name: ':method', value: 'GET' }]

  it('are created with what they say, and parsed when all before is there', async () => {
    const file = await qlog(script().reader(), 'draft')
    expect(draftProblems(file)).toEqual([])
    expect(dataOf(file, 'main/client', 'http3:frame_created')).toEqual([
      { stream_id: 0, frame: { frame_type: 'headers', headers, raw: { payload_length: 28 } } },
      { stream_id: 0, frame: { frame_type: 'data', raw: { payload_length: 10 } } },
      {
        stream_id: 2,
        frame: {
          frame_type: 'settings',
          settings: [
            { name: 'settings_qpack_max_table_capacity', value: 4096 },
            { name: 'reserved', name_bytes: 0x21, value: 7 },
            { name: 'unknown', name_bytes: 0x99, value: 8 },
          ],
          raw: { payload_length: 0 },
        },
      },
    ])
    const parsed = named(file, 'main/server', 'http3:frame_parsed')
    expect(parsed.map(({ time, data }) => [time, data.stream_id])).toEqual([
      [260, 0],
      [260, 0],
    ])
    expect(parsed[0].data).toMatchObject({ frame: { frame_type: 'headers', headers } })
    expect(dataOf(file, 'main/client', 'http3:stream_type_set')).toEqual([
      { initiator: 'local', stream_id: 6, stream_type: 'qpack_encode' },
    ])
    expect(named(file, 'main/client', 'http2:frame_created')).toEqual([])
  })

  it('have lengths of their own in 0.3, and QPACK beside them', async () => {
    const file = await qlog(script().reader(), '0.3')
    expect(qvisProblems(file)).toEqual([])
    expect(dataOf(file, 'main/client', 'http:frame_created')[0]).toEqual({
      stream_id: 0,
      length: 28,
      frame: { frame_type: 'headers', headers },
    })
    expect(named(file, 'main/server', 'http:frame_parsed')).toHaveLength(2)
    expect(dataOf(file, 'main/server', 'qpack:stream_state_updated')).toEqual([
      { stream_id: 0, state: 'blocked' },
    ])
  })
})

describe('pages over HTTP/3', () => {
  const quick: H3LabName[] = ['with 3 % loss', 'with 0-RTT', 'of a client that moves']
  const names = process.env.REXMIT_FULL === '1' ? (Object.keys(H3_LABS) as H3LabName[]) : quick

  it.each(names)('%s: both versions are as they should be; nothing secret is in them', async (name) => {
    const { run } = await runHttp(H3_LABS[name])
    const draft = await qlog(run.reader, 'draft')
    expect(draftProblems(draft)).toEqual([])
    const old = await qlog(run.reader, '0.3')
    expect(qvisProblems(old)).toEqual([])
    for (const host of ['one/client', 'one/server']) {
      const count = [...run.reader.events(['transport:packet_sent'])].filter(({ node }) => node === host)
      expect(named(draft, host, 'quic:packet_sent').length).toBe(count.length)
      expect(named(old, host, 'transport:packet_sent').length).toBe(count.length)
      expect(dataOf(draft, host, 'quic:packet_received').every(({ frames }) => frames !== undefined)).toBe(
        true,
      )
    }
    // What one side makes the other reads, all of it.
    for (const [one, other] of [
      ['one/client', 'one/server'],
      ['one/server', 'one/client'],
    ]) {
      const made = dataOf(draft, one, 'http3:frame_created').map((data) => JSON.stringify(data))
      const read = dataOf(draft, other, 'http3:frame_parsed').map((data) => JSON.stringify(data))
      expect(read.length).toBe(made.length)
      expect(read.filter((data) => !made.includes(data))).toEqual([])
    }
    const written = JSON.stringify([draft, old])
    for (const { data } of run.reader.events(['security:secret_logged'])) {
      const secret = data.line.split(' ')[2]
      expect(written.includes(secret)).toBe(false)
    }
  })
})
