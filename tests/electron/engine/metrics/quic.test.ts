/** Figures of QUIC connections, from traces written by hand. */
import { describe, expect, it } from 'vitest'
import { collectFacts } from '../../../../electron/engine/metrics/facts.ts'
import { figures } from '../../../../electron/engine/metrics/summarize.ts'
import { SYN } from '../../../../shared/tcp-flags.ts'
import { QUIC_FLOW, QuicScript, stream, WAY } from '../../../support/quic-script.ts'

const ROUND_TRIP = 2 * WAY

const of = (script: QuicScript) => figures(collectFacts(script.reader()), ['main'])

describe('the handshake', () => {
  it('takes from the first Initial to its completion at the client, and so many datagrams', () => {
    expect(of(new QuicScript().handshake())).toMatchObject({
      'main/quic_connections': 1,
      'main/connections_opened': 1,
      'main/connections_established': 1,
      'main/quic_handshake_time': ROUND_TRIP,
      'main/quic_handshake_rtts': 1,
      'main/handshake_datagrams': 4,
      'main/quic_packets_sent': 4,
      // ESTABLISHED, and a TLS of its own, are of TCP.
      'main/client_established': null,
      'main/tls_handshake_time': null,
    })
  })

  it('counts a datagram with two packets once, and no packet under application keys', () => {
    const script = new QuicScript()
    const pkt = script.send(0, 'client', 'initial', 0)
    const packet = { level: 'handshake', number: 0, size: 100, frames: '[]' }
    script.emit(script.end('client'), 'transport:packet_sent', packet, pkt)
    script.send(10, 'client', '1rtt', 0)
    script.opened(ROUND_TRIP, 'client')
    expect(of(script)).toMatchObject({ 'main/handshake_datagrams': 1, 'main/quic_packets_sent': 3 })
  })

  it('weighs what the server sends before it knows who asks, and nothing after that', () => {
    const script = new QuicScript().handshake()
    // 1,200 bytes came; 140 + 740 had gone out when the client's Handshake packet arrived.
    expect(of(script)['main/amplification_factor_max']).toBeCloseTo(880 / 1_200)
    script.cross(3 * WAY, 'server', '1rtt', 0, [stream(0, 0, 60_000)])
    expect(of(script)['main/amplification_factor_max']).toBeCloseTo(880 / 1_200)
  })

  it('does not weigh a new path, which is validated by itself', () => {
    const script = new QuicScript().handshake()
    const moved = '10.77.0.2:443-10.77.0.9:50001'
    const datagram = (t: number, side: 'client' | 'server', name: 'sent' | 'received', payload: number) =>
      script.at(t).emit(script.end(side, moved), `udp:datagram_${name}`, { payload })
    datagram(500_000, 'client', 'sent', 40)
    datagram(550_000, 'server', 'received', 40)
    datagram(550_000, 'server', 'sent', 9_000)
    expect(of(script)['main/amplification_factor_max']).toBeCloseTo(880 / 1_200)
  })

  it('obeys a Retry, which the parameters of the server tell of', () => {
    const script = new QuicScript().handshake()
    expect(of(script)['main/quic_retries']).toBe(0)
    const parameters = JSON.stringify({ initial_max_data: 1, retry_source_connection_id: '0102' })
    script.emit(script.end('client'), 'transport:parameters_set', { owner: 'remote', parameters })
    expect(of(script)['main/quic_retries']).toBe(1)
  })

  it('is begun anew for another version; its numbers begin anew, too', () => {
    const script = new QuicScript()
    script.send(0, 'client', 'initial', 0)
    script.at(ROUND_TRIP).emit(script.end('client'), 'connectivity:connection_closed', {
      by: 'version_negotiation',
    })
    script.send(ROUND_TRIP, 'client', 'initial', 0)
    expect(of(script)).toMatchObject({
      'main/quic_versions_negotiated': 1,
      'main/quic_connections': 1,
      'main/quic_numbers_repeated': 0,
    })
  })

  it('may bring a parameter that nobody knows', () => {
    const script = new QuicScript().handshake()
    expect(of(script)['main/unknown_parameter_arrived']).toBe(0)
    script.emit(script.end('server'), 'transport:parameters_set', {
      owner: 'remote',
      parameters: '{"unknown":',
    })
    expect(of(script)['main/unknown_parameter_arrived']).toBe(0)
    script.emit(script.end('server'), 'transport:parameters_set', {
      owner: 'remote',
      parameters: '{"unknown":[{"id":27,"value":"00"}]}',
    })
    expect(of(script)['main/unknown_parameter_arrived']).toBe(1)
  })
})

describe('0-RTT', () => {
  /** Two requests leave with the first flight; the server reads one of two packets. */
  function early() {
    const script = new QuicScript()
    script.cross(0, 'client', 'initial', 0)
    script.send(0, 'client', '0rtt', 0, [stream(0, 0, 30, true), stream(2, 0, 5)])
    script.send(0, 'client', '0rtt', 1, [stream(4, 0, 40, true)])
    return script.arrive(WAY, 'client', '0rtt', 0)
  }

  it('carries requests and their bytes', () => {
    expect(of(early())).toMatchObject({
      'main/early_data_requests': 2,
      'main/early_data_bytes': 75,
      'main/early_data_accepted': 1,
    })
  })

  it('is read by another connection when the first flight is sent again', () => {
    const script = early()
    script.arrive(5 * WAY, 'client', '0rtt', 0).arrive(5 * WAY, 'client', '0rtt', 1)
    expect(of(script)['main/early_data_accepted']).toBe(2)
  })

  it('is not read by a server without its keys', () => {
    const script = new QuicScript()
    script.cross(0, 'client', 'initial', 0)
    script.send(0, 'client', '0rtt', 0, [stream(0, 0, 30, true)])
    expect(of(script)).toMatchObject({ 'main/early_data_requests': 1, 'main/early_data_accepted': 0 })
  })
})

describe('packet numbers', () => {
  it('are lost in earnest, or only taken for lost, before or after they arrive', () => {
    const script = new QuicScript().handshake()
    for (const number of [0, 1, 2]) script.send(200_000, 'server', '1rtt', number, [stream(0, number, 1)])
    script.arrive(250_000, 'server', '1rtt', 0).lost(300_000, 'server', 0)
    script.lost(300_000, 'server', 1).arrive(310_000, 'server', '1rtt', 1)
    script.lost(300_000, 'server', 2)
    expect(of(script)).toMatchObject({
      'main/quic_packets_lost': 3,
      'main/quic_packets_spuriously_lost': 2,
      'main/quic_numbers_repeated': 0,
    })
  })

  it('of each space are numbers of their own; 0-RTT and 1-RTT share theirs', () => {
    const script = new QuicScript()
    script.send(0, 'client', 'initial', 0)
    script.send(0, 'client', '0rtt', 0)
    script.send(0, 'client', 'handshake', 0)
    expect(of(script)['main/quic_numbers_repeated']).toBe(0)
    script.send(0, 'client', '1rtt', 0)
    expect(of(script)['main/quic_numbers_repeated']).toBe(1)
  })

  it('leave no doubt about what was acknowledged, unless one stands for two packets', () => {
    const script = new QuicScript().handshake()
    for (const number of [0, 1, 2]) script.send(200_000, 'server', '1rtt', number)
    const ack = () =>
      script
        .at(300_000)
        .emit(script.end('server'), 'recovery:packets_acked', { space: 'application', packets: [0, 3] })
    ack().emit(script.end('server'), 'recovery:rtt_sampled', { rtt: 100_000 })
    script.emit(script.end('client'), 'recovery:rtt_sampled', { rtt: 100_000 })
    expect(of(script)).toMatchObject({ 'main/quic_rtt_samples': 2, 'main/rtt_samples_discarded': 0 })
    script.send(300_000, 'server', '1rtt', 2)
    ack()
    expect(of(script)['main/rtt_samples_discarded']).toBe(1)
  })

  it('of TCP do not exist: what it throws away by Karn is counted', () => {
    const script = new QuicScript()
    for (const side of ['client', 'server'] as const)
      script.emit(script.end(side), 'tcp:rtt_discarded', { rtt: 5 })
    expect(of(script)).toMatchObject({ 'main/rtt_samples_discarded': 2, 'main/quic_rtt_samples': null })
  })
})

describe('bytes of streams', () => {
  /** 3,000 bytes on stream 0 in three packets; the second dies, and its bytes come with the fourth. */
  function transfer() {
    const script = new QuicScript().handshake()
    const t = 200_000
    script.send(t, 'server', '1rtt', 0, [stream(0, 0, 1_000)])
    const dead = script.send(t + 1_000, 'server', '1rtt', 1, [{ type: 'ack' }, stream(0, 1_000, 1_000)])
    script.send(t + 2_000, 'server', '1rtt', 2, [stream(0, 2_000, 1_000, true)])
    script.at(t + 1_500).emit('main/link', 'link:packet_dropped', { direction: 1, reason: 'bernoulli' }, dead)
    script.arrive(t + WAY, 'server', '1rtt', 0).arrive(t + WAY + 2_000, 'server', '1rtt', 2)
    script.lost(t + 100_000, 'server', 1)
    script.send(t + 100_000, 'server', '1rtt', 3, [stream(0, 1_000, 1_000)])
    return script.arrive(t + 100_000 + WAY, 'server', '1rtt', 3)
  }

  it('are read in order, and make goodput', () => {
    const whole = 100_000 + WAY
    expect(of(transfer())).toMatchObject({
      'main/bytes_read': 3_000,
      'main/transfer_time': whole,
      'main/goodput': (3_000 * 8e6) / whole,
      'main/throughput': (4_000 * 8e6) / whole,
      'main/data_segments': 4,
      'main/data_segments_lost': 1,
      'main/loss_share': 0.25,
      'main/retransmissions': 1,
      'main/retransmissions_without_cause': 0,
      'main/resent_bytes': 1_000,
      'main/duplicate_bytes': 0,
      'main/segment_size': 1_000,
    })
  })

  it('wait for what is missing: a pause in delivery, of the stream and of the client', () => {
    expect(of(transfer())).toMatchObject({
      'main/delivery_gap_max': 100_000,
      'main/delivery_gap_rtts': 1,
      'main/stream_wait_max': 100_000,
    })
  })

  it('of another stream go on meanwhile', () => {
    const script = new QuicScript().handshake()
    const t = 200_000
    script.send(t, 'server', '1rtt', 0, [stream(0, 0, 10), stream(4, 0, 10)])
    script.send(t, 'server', '1rtt', 1, [stream(4, 10, 10)])
    script.send(t, 'server', '1rtt', 2, [stream(0, 10, 10)])
    script.arrive(t + 50_000, 'server', '1rtt', 0).arrive(t + 80_000, 'server', '1rtt', 1)
    script.arrive(t + 110_000, 'server', '1rtt', 2)
    expect(of(script)).toMatchObject({ 'main/delivery_gap_max': 30_000, 'main/stream_wait_max': 60_000 })
  })

  it('that come twice are duplicates; those of one-way streams are nobody’s answer', () => {
    const script = transfer()
    script.send(400_000, 'server', '1rtt', 4, [stream(0, 500, 1_000), stream(3, 0, 7)])
    script.arrive(450_000, 'server', '1rtt', 4)
    expect(of(script)).toMatchObject({
      'main/duplicate_bytes': 1_000,
      'main/bytes_read': 3_007,
      'main/delivery_gap_max': 100_000,
    })
  })

  it('are on the wire as payload of UDP, handshake, acknowledgments and headers included', () => {
    const sent = 1_200 + 140 + 740 + 92 + 1_040 + 1_050 + 1_040 + 1_040
    expect(of(transfer())['main/wire_bytes']).toBe(sent)
  })

  it('are not invented from frames that are no frames', () => {
    const script = new QuicScript()
    const written = ['["stream"]', '{"stream"', '[{"type":"stream","id":"0","offset":0,"length":1}]', 'null']
    for (const [number, frames] of written.entries()) {
      const data = { level: '1rtt', number, size: 40, frames }
      script.emit(script.end('client'), 'transport:packet_sent', data, number + 1)
    }
    expect(of(script)['main/data_segments']).toBe(0)
  })
})

describe('the sender', () => {
  it('says why it waits, and the shares add up', () => {
    const script = new QuicScript()
    script.send(0, 'server', '1rtt', 0, [stream(0, 0, 100)])
    script.at(0).emit(script.end('server'), 'recovery:stall_changed', { cause: 'handshake' })
    script.at(60_000).emit(script.end('server'), 'recovery:stall_changed', { cause: 'connection_credit' })
    script.arrive(100_000, 'server', '1rtt', 0)
    expect(of(script)).toMatchObject({
      'main/stall_handshake': 0.6,
      'main/stall_connection_credit': 0.4,
      'main/stall_total': 1,
    })
  })

  it('has a window, round trips, recoveries and probe timeouts', () => {
    const script = new QuicScript().handshake()
    const server = script.end('server')
    script.send(200_000, 'server', '1rtt', 0, [stream(0, 0, 1_200)])
    script.at(200_000).emit(server, 'recovery:metrics_updated', { cwnd: 20_000, ssthresh: 0xffff_ffff })
    script.at(210_000).emit(server, 'recovery:rtt_sampled', { rtt: 30_000 })
    script.at(300_000).emit(server, 'recovery:congestion_state_changed', {
      from: 'slow_start',
      to: 'recovery',
      trigger: 'packet_lost',
    })
    script.emit(server, 'recovery:metrics_updated', { cwnd: 14_000, ssthresh: 14_000 })
    script.at(340_000).emit(server, 'recovery:congestion_state_changed', {
      from: 'recovery',
      to: 'congestion_avoidance',
    })
    script.emit(server, 'recovery:timer_expired', { timer: 'pto', space: 'application', count: 1 })
    script.emit(server, 'recovery:timer_expired', { timer: 'loss', space: 'application' })
    expect(of(script)).toMatchObject({
      'main/max_window': 20_000,
      'main/mean_rtt': 30_000,
      'main/recoveries': 1,
      'main/recovery_time': 40_000,
      'main/decrease_factor': 0.7,
      'main/timeouts': 1,
    })
  })

  it('does not tell its factor where the window is at its floor of two datagrams', () => {
    const script = new QuicScript()
    const server = script.end('server')
    script.send(0, 'server', '1rtt', 0, [stream(0, 0, 1_200)])
    script.emit(server, 'recovery:metrics_updated', { cwnd: 3_000, ssthresh: 0xffff_ffff })
    script.emit(server, 'recovery:congestion_state_changed', { from: 'slow_start', to: 'recovery' })
    script.emit(server, 'recovery:metrics_updated', { cwnd: 2_480, ssthresh: 2_480 })
    expect(of(script)['main/decrease_factor']).toBeNull()
  })
})

describe('paths', () => {
  it('change, and are validated by each end; the first needs no validation of its own', () => {
    const script = new QuicScript().handshake()
    const state = (side: 'client' | 'server', path: number) =>
      script.emit(script.end(side), 'connectivity:path_state_changed', { path, state: 'validated' })
    state('server', 0)
    for (const side of ['client', 'server'] as const) {
      script.emit(script.end(side), 'connectivity:path_changed', { local_port: 50_000 })
      state(side, 1)
    }
    expect(of(script)).toMatchObject({ 'main/path_changes': 1, 'main/paths_validated': 2 })
  })
})

describe('requests over QUIC', () => {
  /** One request answered on the first connection, one on the second, which is opened later. */
  function twoConnections(second: 'h3' | 'h2') {
    const script = new QuicScript().handshake()
    const client = script.end('client')
    const ask = (t: number, request: number, flow: string, version: string) =>
      script
        .at(t)
        .emit(`main/client ${flow}`, 'http:request_queued', { request })
        .emit(`main/client ${flow}`, 'http:request_sent', { request, version })
        .at(t + ROUND_TRIP)
        .emit(`main/client ${flow}`, 'http:response_started', { request, status: 200 })
    ask(100_000, 1, QUIC_FLOW, 'h3')
    if (second === 'h2') script.at(300_000).emit(client, 'tcp:segment_sent', { flags: SYN, seq: 7 }, 50)
    const other = '10.77.0.1:50001-10.77.0.2:443'
    if (second === 'h3')
      script
        .at(400_000)
        .emit(
          `main/client ${other}`,
          'transport:packet_sent',
          { level: 'initial', number: 0, size: 1_200, frames: '[]' },
          51,
        )
    ask(450_000, 2, second === 'h2' ? QUIC_FLOW : other, second)
    return script
  }

  it('have their first byte counted from the first packet of the lane, and of the last connection', () => {
    expect(of(twoConnections('h3'))).toMatchObject({
      'main/first_byte_time': 200_000,
      'main/first_byte_rtts': 2,
      'main/last_first_byte_rtts': 1.5,
      'main/version_used': 3,
      'main/connections_opened': 2,
      'main/quic_connections': 2,
    })
  })

  it('are told apart from those over TCP with the same addresses and ports', () => {
    expect(of(twoConnections('h2'))).toMatchObject({
      'main/last_first_byte_rtts': 2.5,
      'main/version_used': 2,
      'main/connections_opened': 2,
      'main/quic_connections': 1,
    })
  })

  it('fall back after a time, if QUIC does not win', () => {
    const tried = (winner: string) => {
      const script = new QuicScript().handshake()
      const say = (t: number, version: string, outcome: string) =>
        script.at(t).emit('main/client', 'http:version_tried', { version, outcome })
      say(1_000, 'h3', 'started')
      say(301_000, 'h2', 'started')
      say(401_000, winner, 'won')
      return of(script)['main/fallback_time']
    }
    expect(tried('h2')).toBe(400_000)
    expect(tried('h3')).toBeNull()
  })
})

describe('HTTP/3', () => {
  it('has streams of the client with even numbers, instructions, and sections that wait', () => {
    const script = new QuicScript().handshake()
    const client = script.end('client')
    for (const id of [0, 4]) script.emit(client, 'http:frame', { stream: id, type: 'HEADERS' })
    script.emit(client, 'http:frame', { stream: 2, type: 'MAX_PUSH_ID' })
    for (const on of ['encoder', 'encoder', 'decoder'])
      script.emit(client, 'http:qpack_instruction', { on, length: 12 })
    script.emit(script.end('server'), 'http:section_blocked', { stream: 4 })
    expect(of(script)).toMatchObject({
      'main/streams': 2,
      'main/streams_client': 2,
      'main/streams_server': 0,
      'main/frames_headers': 2,
      'main/frames_max_push_id': 1,
      'main/encoder_instructions': 2,
      'main/encoder_stream_bytes': 24,
      'main/qpack_sections_blocked': 1,
    })
  })
})

describe('delivery over TCP', () => {
  /** Reads of the client at these times; the connection is done with TLS at `secured`, if it has any. */
  function reads(times: readonly number[], secured?: number) {
    const script = new QuicScript()
    const client = script.end('client')
    if (secured !== undefined) script.at(0).emit(client, 'security:record', { from: 'client' })
    for (const t of [...times, ...(secured === undefined ? [] : [secured])].sort((a, b) => a - b)) {
      script.at(t)
      if (t === secured) script.emit(client, 'security:handshake_finished')
      else script.emit(client, 'tcp:data_read', { bytes: 100 })
    }
    script.at(900_000).emit(script.end('server'), 'tcp:data_read', { bytes: 1 })
    script.at(999_000).emit(script.end('server'), 'tcp:data_read', { bytes: 1 })
    return of(script)['main/delivery_gap_max']
  }

  it('pauses between two reads of the client', () => {
    expect(reads([100_000, 110_000, 150_000, 160_000])).toBe(40_000)
    expect(reads([100_000])).toBeNull()
  })

  it('begins when TLS is ready', () => {
    expect(reads([100_000, 200_000, 210_000], 150_000)).toBe(10_000)
  })
})

describe('an option of TCP that nobody knows', () => {
  it('arrives at the server, or does not; null where nobody looks', () => {
    const looked = (arrived?: boolean) => {
      const script = new QuicScript()
      script.emit(script.end('client'), 'tcp:segment_sent', { flags: SYN }, 1)
      if (arrived !== undefined) {
        script.emit(script.end('server'), 'tcp:option_negotiated', { kind: 253, arrived })
        script.emit(script.end('client'), 'tcp:option_negotiated', { kind: 253, arrived: true })
      }
      return of(script)['main/unknown_option_arrived']
    }
    expect([looked(), looked(false), looked(true)]).toEqual([null, 0, 1])
  })
})
