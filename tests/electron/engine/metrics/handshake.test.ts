import { describe, expect, it } from 'vitest'
import { collectFacts } from '../../../../electron/engine/metrics/facts.ts'
import { figures } from '../../../../electron/engine/metrics/summarize.ts'
import { ACK, SYN } from '../../../../electron/protocol/wire/tcp.ts'
import { RecordingScript } from '../../../support/recording.ts'

const FLOW = '10.77.0.1:40000-10.77.0.2:80'
const CLIENT = `main/client ${FLOW}`
const SERVER = `main/server ${FLOW}`
const ONE_WAY = 50_000

const measure = (script: RecordingScript) => figures(collectFacts(script.reader()), ['main'])

/** A segment on its way over the link, delivered when `arrives`. */
function send(
  script: RecordingScript,
  from: string,
  t: number,
  flags: number,
  pkt: number,
  arrives?: number,
) {
  const up = from === CLIENT
  script.at(t).emit(from, 'tcp:segment_sent', { seq: up ? 100 : 900, flags, size: 60 }, pkt)
  const direction = up ? 0 : 1
  if (arrives === undefined)
    return script.emit('main/link', 'link:packet_dropped', { direction, reason: 'matched' }, pkt)
  script.at(arrives).emit('main/link', 'link:packet_delivered', { direction, delay: arrives - t }, pkt)
  return script.emit(up ? SERVER : CLIENT, 'tcp:segment_received', {}, pkt)
}

const state = (script: RecordingScript, who: string, from: string, to: string) =>
  script.emit(who, 'tcp:state_changed', { from, to, why: 'segment' })

const queues = (script: RecordingScript, syn_queue: number, accept_queue: number) =>
  script.emit('main/server', 'tcp:queues_changed', { syn_queue, accept_queue })

describe('three segments, none lost', () => {
  const script = new RecordingScript()
  send(script, CLIENT, 1_000, SYN, 1, 1_000 + ONE_WAY)
  queues(script, 1, 0)
  send(script, SERVER, 1_000 + ONE_WAY, SYN | ACK, 2, 1_000 + 2 * ONE_WAY)
  state(script, CLIENT, 'SYN-SENT', 'ESTABLISHED')
  send(script, CLIENT, 1_000 + 2 * ONE_WAY, ACK, 3, 1_000 + 3 * ONE_WAY)
  state(script, SERVER, 'SYN-RECEIVED', 'ESTABLISHED')
  queues(script, 0, 1)
  script.at(400_000)
  queues(script, 0, 0)
  const metrics = measure(script)

  it('takes 1 round trip of the link at the client and 1.5 at the server', () => {
    expect(metrics['main/client_established']).toBe(2 * ONE_WAY)
    expect(metrics['main/server_established']).toBe(3 * ONE_WAY)
    expect(metrics['main/client_established_rtts']).toBe(1)
    expect(metrics['main/server_established_rtts']).toBe(1.5)
  })

  it('counts segments, connections and queues', () => {
    expect(metrics['main/handshake_segments']).toBe(3)
    expect(metrics['main/handshake_retries']).toBe(0)
    expect(metrics['main/connections_established']).toBe(1)
    expect(metrics['main/syn_queue_max']).toBe(1)
    expect(metrics['main/accept_queue_max']).toBe(1)
    expect(metrics['main/syn_queue_rtts']).toBe(1)
  })

  it('has no interval between repeated SYNs', () => {
    expect(metrics['main/syn_interval_1']).toBeNull()
    expect(metrics['main/syn_ack_interval_1']).toBeNull()
  })
})

describe('two SYNs lost', () => {
  const script = new RecordingScript()
  send(script, CLIENT, 0, SYN, 1)
  script.at(1e6).emit(CLIENT, 'tcp:timer_expired', { timer: 'retransmit', count: 1 })
  send(script, CLIENT, 1e6, SYN, 2)
  send(script, CLIENT, 3e6, SYN, 3, 3e6 + ONE_WAY)
  send(script, SERVER, 3e6 + ONE_WAY, SYN | ACK, 4, 3e6 + 2 * ONE_WAY)
  state(script, CLIENT, 'SYN-SENT', 'ESTABLISHED')
  const metrics = measure(script)

  it('shows the back-off, and counts from the first SYN', () => {
    expect(metrics['main/syn_interval_1']).toBe(1e6)
    expect(metrics['main/syn_interval_2']).toBe(2e6)
    expect(metrics['main/syn_interval_3']).toBeNull()
    expect(metrics['main/client_established']).toBe(3e6 + 2 * ONE_WAY)
    expect(metrics['main/handshake_retries']).toBe(2)
    expect(metrics['main/packets_lost']).toBe(2)
  })

  it('does not take the timer of a SYN for a timeout of the transfer', () => {
    expect(metrics['main/timeouts']).toBe(0)
  })

  it('does not call a connection open of which one end is not', () => {
    expect(metrics['main/server_established']).toBeNull()
    expect(metrics['main/handshake_segments']).toBeNull()
  })
})

it('yields nulls, not zeros, for what did not happen', () => {
  const metrics = measure(new RecordingScript().emit('main/client', 'sim:node_added', { kind: 'host' }))
  expect(metrics['main/client_established']).toBeNull()
  expect(metrics['main/client_established_rtts']).toBeNull()
  expect(metrics['main/goodput']).toBeNull()
  expect(metrics['main/stall_total']).toBeNull()
  expect(metrics['main/connections_established']).toBe(0)
})
