import { describe, expect, it } from 'vitest'
import { collectFacts } from '../../../../electron/engine/metrics/facts.ts'
import { figures } from '../../../../electron/engine/metrics/summarize.ts'
import { ACK, FIN, RST } from '../../../../electron/protocol/wire/tcp.ts'
import { RecordingScript } from '../../../support/recording.ts'

const FLOW = '10.77.0.1:40000-10.77.0.2:80'
const CLIENT = `main/client ${FLOW}`
const SERVER = `main/server ${FLOW}`

const measure = (script: RecordingScript) => figures(collectFacts(script.reader()), ['main'])

/** Two hosts with a connection of which each has sent up to 1000. */
function established(): RecordingScript {
  const script = new RecordingScript()
  const node = { kind: 'host', address: '', a: '', b: '' }
  script.emit('main/client', 'sim:node_added', { ...node, role: 'client' })
  script.emit('main/server', 'sim:node_added', { ...node, role: 'server' })
  for (const end of [CLIENT, SERVER]) state(script, end, 'CLOSED', 'ESTABLISHED')
  return script
}

const state = (script: RecordingScript, end: string, from: string, to: string) =>
  script.emit(end, 'tcp:state_changed', { from, to, why: 'segment' })

let pkt = 0
/** A segment that arrives 10 us later. */
function segment(script: RecordingScript, from: string, flags: number, fields = {}) {
  const data = { seq: 1000, ack: 1000, flags, size: 40, ...fields }
  script.emit(from, 'tcp:segment_sent', data, ++pkt)
  script.emit(from === CLIENT ? SERVER : CLIENT, 'tcp:segment_received', {}, pkt)
}

describe('the segments of a close', () => {
  it('are four when each FIN is acknowledged for itself; data and their ACKs do not count', () => {
    const script = established()
    segment(script, CLIENT, FIN | ACK)
    segment(script, SERVER, ACK, { ack: 1001 })
    segment(script, SERVER, ACK, { ack: 1001, payload: 500 })
    segment(script, CLIENT, ACK, { seq: 1001, ack: 1500 })
    segment(script, SERVER, FIN | ACK, { seq: 1500, ack: 1001 })
    segment(script, CLIENT, ACK, { seq: 1001, ack: 1501 })
    expect(measure(script)['main/segments_to_close']).toBe(4)
  })

  it('are three when the second FIN acknowledges the first', () => {
    const script = established()
    segment(script, CLIENT, FIN | ACK)
    segment(script, SERVER, FIN | ACK, { ack: 1001 })
    segment(script, CLIENT, ACK, { seq: 1001, ack: 1001 })
    expect(measure(script)['main/segments_to_close']).toBe(3)
  })

  it('are more when a FIN is sent again; those of the next connection do not count', () => {
    const script = established()
    segment(script, CLIENT, FIN | ACK)
    segment(script, CLIENT, FIN | ACK, { cause: 'fin' })
    for (const end of [CLIENT, SERVER]) state(script, end, 'ESTABLISHED', 'CLOSED')
    for (const end of [CLIENT, SERVER]) state(script, end, 'CLOSED', 'ESTABLISHED')
    segment(script, CLIENT, FIN | ACK)
    expect(measure(script)).toMatchObject({ 'main/segments_to_close': 2, 'main/fins_repeated': 1 })
  })
})

describe('what is left', () => {
  it('at servers: connections, and what they keep', () => {
    const script = established()
    const metrics = { send_buffer: 100, receive_buffer: 20, out_of_order: 3, receive_window: 4_000 }
    script.emit(SERVER, 'tcp:metrics_updated', metrics)
    script.emit(CLIENT, 'tcp:metrics_updated', metrics)
    expect(measure(script)).toMatchObject({
      'main/connections_left': 1,
      'main/bytes_left_buffered': 4_123,
    })
  })

  it('nothing of one in TIME-WAIT or CLOSED', () => {
    for (const end of ['TIME-WAIT', 'CLOSED']) {
      const script = established()
      state(script, SERVER, 'ESTABLISHED', end)
      expect(measure(script)).toMatchObject({ 'main/connections_left': 0, 'main/bytes_left_buffered': 0 })
    }
  })
})

describe('TIME-WAIT', () => {
  it('is counted from the last FIN that came', () => {
    const script = established()
    script.at(1_000)
    state(script, CLIENT, 'FIN-WAIT-2', 'TIME-WAIT')
    script.at(4_000)
    segment(script, SERVER, FIN | ACK)
    script.at(9_000)
    state(script, CLIENT, 'TIME-WAIT', 'CLOSED')
    expect(measure(script)).toMatchObject({ 'main/time_wait_length': 5_000, 'main/time_wait_restarts': 1 })
  })
})

describe('what programs say', () => {
  it('of bytes that nobody wrote: null as long as nothing was compared', () => {
    const script = established()
    expect(measure(script)['main/corrupted_bytes']).toBeNull()
    script.emit(SERVER, 'app:compared', { bytes: 100, differing: 7 })
    script.emit(SERVER, 'app:compared', { bytes: 50, differing: 0 })
    expect(measure(script)['main/corrupted_bytes']).toBe(7)
  })

  it('of a crowd', () => {
    const script = established()
    for (const [i, waited] of [10, 20, 30].entries())
      script.emit(CLIENT, 'app:client_left', { client: i + 1, waited, error: '' })
    script.emit(CLIENT, 'app:client_left', { client: 4, waited: 99, error: 'impatient' })
    expect(measure(script)).toMatchObject({
      'main/crowd_served': 3,
      'main/crowd_failed': 1,
      'main/crowd_served_share': 0.75,
      'main/crowd_wait_median': 20,
    })
  })

  it('counts RSTs', () => {
    const script = established()
    segment(script, CLIENT, RST)
    expect(measure(script)['main/resets_sent']).toBe(1)
  })
})
