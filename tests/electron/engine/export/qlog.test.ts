import { describe, expect, it } from 'vitest'
import { AckTracker } from '../../../../electron/engine/export/ack-tracker.ts'
import { exportRun } from '../../../../electron/engine/export/export.ts'
import { RecordingScript } from '../../../support/recording.ts'
import { draftProblems } from '../../../support/qlog-schema.ts'
import { EVENT_NAMES } from '../../../../shared/trace/events.ts'
import { addNodes, FLOW, smallRun } from '../../../support/small-run.ts'

interface QlogEvent {
  time: number
  name: string
  group_id?: string
  data: Record<string, unknown> & { header?: { packet_number: number }; frames?: Record<string, unknown>[] }
}
interface QlogTrace {
  title: string
  vantage_point: Record<string, string>
  common_fields: Record<string, unknown>
  event_schemas: string[]
  events: QlogEvent[]
}
interface Qlog {
  file_schema?: string
  serialization_format?: string
  qlog_version?: string
  qlog_format?: string
  traces: QlogTrace[]
}

async function qlog(script: RecordingScript, version: 'draft' | '0.3', info = {}): Promise<Qlog> {
  const [file] = await exportRun(script.reader(info), 'qlog', { qlog: version })
  expect(file.name).toBe('trace.qlog')
  return JSON.parse(new TextDecoder().decode(file.bytes)) as Qlog
}

const named = (events: QlogEvent[], name: string) => events.filter((event) => event.name === name)

describe('the current draft', () => {
  it('says what it is in its first 256 characters', async () => {
    const [file] = await exportRun(smallRun().reader(), 'qlog')
    const head = new TextDecoder().decode(file.bytes.subarray(0, 256))
    expect(head).toContain('"file_schema":"urn:ietf:params:qlog:file:contained"')
    expect(head).toContain('"serialization_format":"application/qlog+json"')
  })

  it('has a trace for each node, seen from where it stands', async () => {
    const { traces } = await qlog(smallRun(), 'draft')
    expect(traces.map(({ vantage_point }) => vantage_point)).toEqual([
      { name: 'main/client', type: 'client' },
      { name: 'main/server', type: 'server' },
      { name: 'main/link', type: 'network', flow: 'client' },
    ])
    for (const trace of traces) expect(trace.event_schemas.length).toBeGreaterThan(0)
  })

  it('names a schema for every kind of event that there is', async () => {
    const script = addNodes(new RecordingScript(), 'main')
    const names = EVENT_NAMES.filter((name) => name !== 'sim:node_added')
    for (const name of names) script.emit(`main/client ${FLOW}`, name)
    const file = await qlog(script, 'draft')
    // That events of QUIC say what the draft asks for is for qlog-quic.test.ts to see; here they say nothing.
    expect(draftProblems(file as never).filter((problem) => problem.endsWith('no schema'))).toEqual([])
    const written = new Set(file.traces.flatMap(({ events }) => events.map(({ name }) => name)))
    for (const name of ['mqtt:packet', 'dns:message', 'ws:frame', 'grpc:message', 'simulation:scenario'])
      expect(written).toContain(name)
  })

  it('counts time in milliseconds on a clock that knows no date in virtual time', async () => {
    const { traces } = await qlog(smallRun(), 'draft')
    expect(traces[0].common_fields).toEqual({
      time_format: 'relative_to_epoch',
      reference_time: { clock_type: 'monotonic', epoch: 'unknown' },
    })
    for (const { events } of traces)
      for (let i = 1; i < events.length; i++)
        expect(events[i].time).toBeGreaterThanOrEqual(events[i - 1].time)
    expect(named(traces[0].events, 'tcp:segment_sent')[1].time).toBe(1.1)
  })

  it('gives the wall clock of a live run', async () => {
    const { traces } = await qlog(smallRun(), 'draft', { driver: 'live' })
    expect(traces[0].common_fields.reference_time).toMatchObject({
      wall_clock_time: '2026-01-02T03:04:05.678Z',
    })
  })

  it('gives the metrics of the sender the names and units of the draft', async () => {
    const { traces } = await qlog(smallRun(), 'draft')
    const [update] = named(traces[0].events, 'tcp:recovery_metrics_updated')
    expect(update.data).toMatchObject({
      congestion_window: 14_480,
      bytes_in_flight: 200,
      smoothed_rtt: 20,
      rtt_variance: 10,
      retransmission_timeout: 200,
    })
    expect(update.data).not.toHaveProperty('ssthresh')
  })

  it('writes names in lower case and spans in milliseconds', async () => {
    const { traces } = await qlog(smallRun(), 'draft')
    for (const { events } of traces)
      for (const { name, data } of events) {
        expect(name).toMatch(/^[a-z0-9]+:[a-z_]+$/)
        for (const key of Object.keys(data)) expect(key).toBe(key.toLowerCase())
      }
    expect(named(traces[2].events, 'link:packet_delivered')[0].data.delay).toBe(10)
  })

  it('has frames of HTTP/2 as their draft names them, made by the end that sends them', async () => {
    const script = addNodes(new RecordingScript(), 'main').emit(`main/client ${FLOW}`, 'http:frame', {
      from: 'client',
      stream: 1,
      type: 'DATA',
      flags: 1,
      offset: 33,
      length: 5,
      connection_window: 65_530,
      stream_window: -1,
    })
    const { traces } = await qlog(script, 'draft')
    expect(traces[0].event_schemas).toContain('urn:ietf:params:qlog:events:http2-00')
    expect(named(traces[0].events, 'http2:frame_created')).toEqual([
      {
        time: 0,
        name: 'http2:frame_created',
        group_id: FLOW,
        data: {
          stream_id: 1,
          length: 5,
          frame: { frame_type: 'data', flags: 1 },
          from: 'client',
          offset: 33,
          connection_window: 65_530,
        },
      },
    ])
  })

  it('puts knobs, marks and faults of the run into every trace', async () => {
    const script = addNodes(new RecordingScript(), 'main')
      .emit('', 'sim:knob_changed', { path: 'links.link.up.loss.rate', from: '0', to: '0.1' })
      .emit('', 'sim:mark', { text: 'now' })
      .emit('', 'sim:fault', { what: 'wire_loss', detail: 'x', count: 1 })
    const { traces } = await qlog(script, 'draft')
    for (const { events } of traces) {
      expect(events[0].name).toBe('simulation:scenario')
      expect(named(events, 'simulation:marker').map(({ data }) => data.message)).toEqual([
        'links.link.up.loss.rate: 0 -> 0.1',
        'now',
        'wire_loss: x (1)',
      ])
    }
  })
})

describe('0.3, for qvis', () => {
  it('announces itself as qvis asks for', async () => {
    const { qlog_version, qlog_format, file_schema, traces } = await qlog(smallRun(), '0.3')
    expect([qlog_version, qlog_format, file_schema]).toEqual(['0.3', 'JSON', undefined])
    expect(traces.map(({ vantage_point }) => vantage_point.type)).toEqual(['client', 'server'])
    for (const { events } of traces) for (const event of events) expect(event.group_id).toBe(FLOW)
  })

  it('numbers segments by end, with size, stream data and window', async () => {
    const { traces } = await qlog(smallRun(), '0.3')
    const sent = named(traces[0].events, 'transport:packet_sent')
    expect(sent.map(({ data }) => data.header!.packet_number)).toEqual([0, 1, 2, 3])
    expect(sent[3].data).toMatchObject({
      header: { packet_type: '1RTT', packet_number: 3 },
      raw: { length: 140, payload_length: 100 },
    })
    expect(sent[3].data.frames![0]).toEqual({
      frame_type: 'stream',
      stream_id: 0,
      offset: 99,
      length: 100,
      fin: false,
    })
  })

  it('says which numbers an acknowledgment covers, once', async () => {
    const { traces } = await qlog(smallRun(), '0.3')
    const acks = named(traces[0].events, 'transport:packet_received').map(({ data }) =>
      data.frames!.filter((frame) => frame.frame_type === 'ack').map((frame) => frame.acked_ranges),
    )
    expect(acks).toEqual([[[[0, 0]]], []])
  })

  it('names the lost segment by its number', async () => {
    const { traces } = await qlog(smallRun(), '0.3')
    expect(named(traces[0].events, 'recovery:packet_lost')[0].data.header!.packet_number).toBe(1)
  })
})

describe('acknowledged segments', () => {
  const tracker = () => {
    const made = new AckTracker()
    for (let i = 0; i < 5; i++) made.add(i, i * 10, i * 10 + 10)
    return made
  }

  it('are taken up to the acknowledgment number, each once', () => {
    const made = tracker()
    expect(made.take(25, [])).toEqual([[0, 1]])
    expect(made.take(25, [])).toEqual([])
    expect(made.take(50, [])).toEqual([[2, 4]])
  })

  it('and within SACK blocks', () => {
    const made = tracker()
    expect(
      made.take(10, [
        [20, 30],
        [40, 50],
      ]),
    ).toEqual([
      [0, 0],
      [2, 2],
      [4, 4],
    ])
    expect(made.take(50, [])).toEqual([
      [1, 1],
      [3, 3],
    ])
  })

  it('a segment and its retransmission together: TCP cannot tell which arrived', () => {
    const made = tracker()
    made.add(5, 0, 10)
    expect(made.numberOf(0)).toBe(5)
    expect(made.take(10, [])).toEqual([
      [0, 0],
      [5, 5],
    ])
    expect(made.take(20, [])).toEqual([[1, 1]])
  })
})
