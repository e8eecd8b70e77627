import { describe, expect, it } from 'vitest'
import { collectFacts } from '../../../../electron/engine/metrics/facts.ts'
import { cubicWindow, mathisWindow, renoFriendlyWindow } from '../../../../electron/engine/metrics/models.ts'
import { figures } from '../../../../electron/engine/metrics/summarize.ts'
import { ACK } from '../../../../electron/protocol/wire/tcp.ts'
import { RecordingScript } from '../../../support/recording.ts'

const FLOW = '10.77.0.1:40000-10.77.0.2:5001'
const CLIENT = `reno/client ${FLOW}`
const SERVER = `reno/server ${FLOW}`
const MSS = 1000

const measure = (script: RecordingScript) => figures(collectFacts(script.reader()), ['reno'])

interface Data {
  seq: number
  pkt: number
  cause?: string
  payload?: number
}

const data = (script: RecordingScript, { seq, pkt, cause = '', payload = MSS }: Data) =>
  script.emit(CLIENT, 'tcp:segment_sent', { seq, flags: ACK, payload, size: payload + 52, cause }, pkt)

const delivered = (script: RecordingScript, pkt: number, direction = 0, delay = 10_000) =>
  script.emit('reno/link', 'link:packet_delivered', { direction, delay }, pkt)

const dropped = (script: RecordingScript, pkt: number) =>
  script.emit('reno/link', 'link:packet_dropped', { direction: 0, reason: 'bernoulli' }, pkt)

describe('five segments across the wrap of sequence numbers, two lost, one of them twice', () => {
  const first = 0xffff_f830 // 2,000 below the wrap
  const seq = (n: number) => (first + n * MSS) >>> 0
  const script = new RecordingScript().at(0)
  for (let n = 0; n < 5; n++) data(script, { seq: seq(n), pkt: n + 1 })
  dropped(dropped(script, 2), 4)
  for (const pkt of [1, 3, 5]) delivered(script, pkt)
  data(script.at(20_000), { seq: seq(1), pkt: 6, cause: 'sack' })
  data(script, { seq: seq(3), pkt: 7, cause: 'sack' })
  dropped(script, 6)
  delivered(script, 7)
  script.at(220_000).emit(CLIENT, 'tcp:state_changed', { to: 'ESTABLISHED' })
  script.emit(CLIENT, 'tcp:timer_expired', { timer: 'retransmit', count: 1 })
  data(script, { seq: seq(1), pkt: 8, cause: 'rto' })
  delivered(script, 8)
  script.at(230_000).emit(SERVER, 'tcp:segment_received', { payload: MSS, new_data: MSS }, 8)
  script.emit(SERVER, 'tcp:data_read', { bytes: 5 * MSS })
  const metrics = measure(script)

  it('counts retransmissions by sequence number and by cause', () => {
    expect(metrics['reno/data_segments']).toBe(8)
    expect(metrics['reno/retransmissions']).toBe(3)
    expect(metrics['reno/retransmissions_sack']).toBe(2)
    expect(metrics['reno/retransmissions_rto']).toBe(1)
    expect(metrics['reno/retransmissions_without_cause']).toBe(0)
    expect(metrics['reno/resent_bytes']).toBe(3 * MSS)
    expect(metrics['reno/timeouts']).toBe(1)
  })

  it('counts lost data segments and their share', () => {
    expect(metrics['reno/data_segments_lost']).toBe(3)
    expect(metrics['reno/loss_share']).toBe(3 / 8)
  })

  it('takes the goodput from the first data segment to the last byte read', () => {
    expect(metrics['reno/transfer_time']).toBe(230_000)
    expect(metrics['reno/goodput']).toBeCloseTo((5 * MSS * 8e6) / 230_000, 6)
    expect(metrics['reno/throughput']).toBeCloseTo((8 * MSS * 8e6) / 230_000, 6)
  })
})

it('notices a retransmission that carries no cause', () => {
  const script = new RecordingScript()
  data(script, { seq: 1, pkt: 1 })
  data(script, { seq: 1, pkt: 2 })
  data(script, { seq: 1, pkt: 3, cause: 'limited_transmit' })
  expect(measure(script)['reno/retransmissions_without_cause']).toBe(2)
})

it('counts the new part of a segment that repeats old bytes and brings new ones', () => {
  const script = new RecordingScript()
  data(script, { seq: 1, pkt: 1, payload: 500 })
  data(script, { seq: 1, pkt: 2, payload: 1000, cause: 'rto' })
  const metrics = measure(script)
  expect(metrics['reno/retransmissions']).toBe(1)
  expect(metrics['reno/resent_bytes']).toBe(500)
})

it('counts a data segment that the receiver refused as damaged among the lost, a late one not', () => {
  const script = new RecordingScript()
  data(script, { seq: 1, pkt: 1 })
  data(script, { seq: 1001, pkt: 2 })
  script.emit('reno/server', 'ip:packet_rejected', { layer: 'tcp', reason: 'bad_checksum' }, 1)
  script.emit('reno/server', 'ip:packet_rejected', { layer: 'tcp', reason: 'no_listener' }, 2)
  const metrics = measure(script)
  expect(metrics['reno/data_segments_lost']).toBe(1)
  expect(metrics['reno/packets_rejected']).toBe(2)
})

it("knows a lost copy of a data packet for what it is, and a lost ACK for what it's not", () => {
  const script = new RecordingScript()
  data(script, { seq: 1, pkt: 1 })
  script.emit('reno/link', 'link:packet_duplicated', { direction: 0, copy: 2 }, 1)
  dropped(script, 2)
  script.emit(SERVER, 'tcp:segment_sent', { flags: ACK, size: 52 }, 3)
  script.emit('reno/link', 'link:packet_dropped', { direction: 1, reason: 'bernoulli' }, 3)
  const metrics = measure(script)
  expect(metrics['reno/data_segments_lost']).toBe(1)
  expect(metrics['reno/packets_lost']).toBe(2)
  expect(metrics['reno/packets_duplicated']).toBe(1)
})

describe('windows', () => {
  const script = new RecordingScript()
  const update = (t: number, cwnd: number, ssthresh = 0xffff_ffff, acked = 0) =>
    script.at(t).emit(CLIENT, 'tcp:metrics_updated', { cwnd, ssthresh, acked })
  for (let n = 0; n < 20; n++) data(script.at(0), { seq: 1 + n * MSS, pkt: n + 1 })
  update(0, 10_000)
  update(1000, 20_000, undefined, 4000)
  data(script.at(2900), { seq: 20_001, pkt: 21, cause: 'limited_transmit' })
  script.at(3000).emit(CLIENT, 'tcp:congestion_state_changed', { from: 'slow_start', to: 'recovery' })
  update(3000, 8_000, 8_000, 4000)
  script.at(3500).emit(CLIENT, 'tcp:congestion_state_changed', {
    from: 'recovery',
    to: 'congestion_avoidance',
  })
  data(script.at(4000), { seq: 21_001, pkt: 22 })
  const metrics = measure(script)

  it('are averaged over time up to the last data segment', () => {
    expect(metrics['reno/mean_window']).toBe((10_000 + 2 * 20_000 + 8_000) / 4)
    expect(metrics['reno/max_window']).toBe(20_000)
  })

  it('fall at a loss to a share of FlightSize, limited transmit not counted (RFC 5681 3.2)', () => {
    expect(metrics['reno/decrease_factor']).toBe(8_000 / 16_000)
    expect(metrics['reno/recoveries']).toBe(1)
    expect(metrics['reno/recovery_time']).toBe(500)
  })

  it('tell nothing of the factor at the floor of two segments', () => {
    const low = new RecordingScript()
    for (let n = 0; n < 3; n++) data(low, { seq: 1 + n * MSS, pkt: n + 1 })
    low.emit(CLIENT, 'tcp:metrics_updated', { cwnd: 3000, ssthresh: 3000 })
    low.emit(CLIENT, 'tcp:congestion_state_changed', { to: 'recovery' })
    low.emit(CLIENT, 'tcp:metrics_updated', { cwnd: 2000, ssthresh: 2000 })
    expect(measure(low)['reno/decrease_factor']).toBeNull()
  })
})

describe('stall attribution', () => {
  const account = (firstChange: number) => {
    const script = new RecordingScript().at(1000)
    data(script, { seq: 1, pkt: 1 })
    script.at(firstChange).emit(CLIENT, 'tcp:stall_changed', { cause: 'handshake' })
    script.at(2000).emit(CLIENT, 'tcp:stall_changed', { cause: 'congestion_window' })
    script.at(4000).emit(CLIENT, 'tcp:stall_changed', { cause: 'recovery' })
    script.at(5000).emit(SERVER, 'tcp:segment_received', {})
    script.at(9000).emit(CLIENT, 'tcp:stall_changed', { cause: 'idle' })
    return measure(script)
  }

  it('gives shares of the time from the first packet to the last that add up to 1', () => {
    const metrics = account(1000)
    expect(metrics['reno/stall_handshake']).toBe(0.25)
    expect(metrics['reno/stall_congestion_window']).toBe(0.5)
    expect(metrics['reno/stall_recovery']).toBe(0.25)
    expect(metrics['reno/stall_idle']).toBe(0)
    expect(metrics['reno/stall_total']).toBe(1)
  })

  it('shows a gap in the account', () => {
    expect(account(1500)['reno/stall_total']).toBeCloseTo(0.875, 12)
  })
})

describe('bytes', () => {
  const finish = (node: string, sha256: string, error = '', bytes = 10) =>
    [node, { bytes, sha256, error }] as const
  const intact = (...ends: ReturnType<typeof finish>[]) => {
    const script = new RecordingScript()
    for (const [node, fields] of ends) script.emit(`reno/${node}`, 'app:finished', fields)
    return measure(script)['reno/bytes_intact']
  }

  it('are intact when what was read is what was written', () => {
    expect(intact(finish('client', 'a'), finish('server', 'a'))).toBe(1)
    expect(
      intact(finish('client', 'a'), finish('client', 'b'), finish('server', 'b'), finish('server', 'a')),
    ).toBe(1)
  })

  it('are not when a digest, the number or the end differs', () => {
    expect(intact(finish('client', 'a'), finish('server', 'b'))).toBe(0)
    expect(intact(finish('client', 'a'), finish('server', 'a', '', 9))).toBe(0)
    expect(intact(finish('client', 'a'), finish('server', 'a', 'reset'))).toBe(0)
    expect(intact(finish('client', 'a'), finish('client', 'a'), finish('server', 'a'))).toBe(0)
  })

  it('say nothing where an application has no digest of what it moved', () => {
    expect(intact(finish('client', ''), finish('server', 'a'))).toBeNull()
    expect(intact(finish('client', '', 'address_in_use'), finish('server', 'a'))).toBe(0)
  })

  it('say nothing before both sides have finished', () => {
    expect(intact(finish('client', 'a'))).toBeNull()
  })
})

describe('models', () => {
  it('Mathis: C = sqrt(3/2) for b = 1, sqrt(3/4) for b = 2', () => {
    expect(mathisWindow(0.01)).toBeCloseTo(12.247, 3)
    expect(mathisWindow(0.01, 2)).toBeCloseTo(8.66, 3)
  })

  // RFC 9438 5.1 tabulates the mean window at an RTT of 0.1 s; where Reno's is larger, it is Reno's.
  it.each([
    [1e-2, 12],
    [1e-3, 38],
    [1e-4, 187],
    [1e-5, 1054],
    [1e-6, 5926],
    [1e-7, 33_325],
    [1e-8, 187_396],
  ])('CUBIC at p = %d: %d segments', (p, segments) => {
    const window = Math.max(cubicWindow(p, 100_000), renoFriendlyWindow(p))
    expect(Math.abs(window / segments - 1)).toBeLessThan(0.025)
  })

  /** A transfer through so many recoveries, a segment lost in each and one more after them. */
  function recovered(recoveries: number): RecordingScript {
    const script = new RecordingScript()
    let pkt = 0
    const next = () => data(script.at(pkt * 100), { seq: 1 + pkt * MSS, pkt: ++pkt })
    const lose = () => dropped(next(), pkt)
    for (let n = 0; n < recoveries; n++) {
      lose()
      script.emit(CLIENT, 'tcp:congestion_state_changed', { to: 'recovery' })
      script.emit(CLIENT, 'tcp:metrics_updated', { acked: pkt * MSS })
      // Queues of the start, which are not to be counted.
      delivered(delivered(script, 0, 0, 90_000), 0, 1, 90_000)
      script.emit(CLIENT, 'tcp:congestion_state_changed', { from: 'recovery', to: 'congestion_avoidance' })
    }
    for (let n = 0; n < 99; n++) next()
    lose()
    delivered(delivered(delivered(script, 1, 0, 12_000), 2, 0, 8_000), 3, 1, 10_000)
    return script.emit(CLIENT, 'tcp:metrics_updated', { acked: pkt * MSS })
  }

  it('turn into bits a second with the segment size and the path of the run', () => {
    const metrics = measure(recovered(3))
    expect(metrics['reno/steady_rtt']).toBe(20_000)
    expect(metrics['reno/steady_loss_share']).toBe(0.01)
    expect(metrics['reno/mathis_goodput']).toBeCloseTo((Math.sqrt(1.5) / 0.1) * MSS * 8 * 50, 3)
    expect(metrics['reno/cubic_goodput']).toBeCloseTo((Math.sqrt(1.5) / 0.1) * MSS * 8 * 50, 3)
  })

  it('are held against the goodput after the third recovery, as slow start is no part of them', () => {
    const metrics = measure(recovered(3))
    // 100 segments from the third recovery, at the third packet, to the last, 100 packets later.
    expect(metrics['reno/steady_goodput']).toBeCloseTo((100 * MSS * 8e6) / (100 * 100), 6)
  })

  it('say nothing of a run that was not through three recoveries', () => {
    const metrics = measure(recovered(2))
    expect(metrics['reno/mathis_goodput']).toBeNull()
    expect(metrics['reno/steady_goodput']).toBeNull()
  })

  it('say nothing of a run without loss', () => {
    const script = new RecordingScript()
    data(script, { seq: 1, pkt: 1 })
    delivered(script, 1)
    expect(measure(script)['reno/mathis_goodput']).toBeNull()
    expect(measure(script)['reno/cubic_goodput']).toBeNull()
  })
})
