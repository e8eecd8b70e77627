/** Figures of how losses were found, and of recoveries for nothing. */
import { describe, expect, it } from 'vitest'
import { collectFacts } from '../../../../electron/engine/metrics/facts.ts'
import { figures } from '../../../../electron/engine/metrics/summarize.ts'
import { ACK } from '../../../../electron/protocol/wire/tcp.ts'
import { RecordingScript } from '../../../support/recording.ts'

const FLOW = '10.77.0.1:40000-10.77.0.2:5001'
const CLIENT = `lane/client ${FLOW}`
const SERVER = `lane/server ${FLOW}`
const MSS = 1000

const measure = (script: RecordingScript) => figures(collectFacts(script.reader()), ['lane'])
const data = (script: RecordingScript, pkt: number, seq: number, cause = '') =>
  script.emit(CLIENT, 'tcp:segment_sent', { seq, flags: ACK, payload: MSS, size: MSS + 40, cause }, pkt)
const comes = (script: RecordingScript, pkt: number, fresh: number) =>
  script.emit(SERVER, 'tcp:segment_received', { payload: MSS, new_data: fresh }, pkt)
const phase = (script: RecordingScript, t: number, from: string, to: string) =>
  script.at(t).emit(CLIENT, 'tcp:congestion_state_changed', { from, to, trigger: '' })

describe('spurious retransmissions', () => {
  it('are what arrived twice because it was sent twice, whichever came first, and not what the network copied', () => {
    const script = new RecordingScript().at(0)
    for (let n = 0; n < 3; n++) data(script, n + 1, n * MSS)
    data(script, 4, 0, 'rack')
    comes(script, 4, MSS)
    comes(script, 1, 0)
    comes(script, 2, MSS)
    script.emit('lane/link', 'link:packet_duplicated', { direction: 0, copy: 5 }, 3)
    comes(script, 3, MSS)
    comes(script, 5, 0)
    const metrics = measure(script)
    expect(metrics['lane/spurious_retransmissions']).toBe(1)
    expect(metrics['lane/retransmissions_rack']).toBe(1)
  })
})

describe('repairs', () => {
  it('last from the first loss found until nothing is missing, through timeouts as well', () => {
    const script = new RecordingScript().at(0)
    data(script, 1, 0)
    phase(script, 100, 'slow_start', 'recovery')
    phase(script, 400, 'recovery', 'loss')
    phase(script, 900, 'loss', 'congestion_avoidance')
    phase(script, 2_000, 'congestion_avoidance', 'recovery')
    phase(script, 2_050, 'recovery', 'congestion_avoidance')
    expect(measure(script)['lane/repair_time']).toBe(850)
  })

  it('count what was undone, probed and reported', () => {
    const script = new RecordingScript().at(0)
    data(script, 1, 0)
    script.emit(CLIENT, 'tcp:recovery_undone', { found_by: 'dsack', cwnd: 1, ssthresh: 1 })
    script.emit(CLIENT, 'tcp:loss_probe_sent', { what: 'last', timeout: 1 })
    for (const resent of [true, false])
      script.emit(CLIENT, 'tcp:duplicate_reported', { seq: 0, length: MSS, resent })
    expect(measure(script)).toMatchObject({ 'lane/undone': 1, 'lane/loss_probes': 1, 'lane/dsacks': 2 })
  })
})

describe('the estimate', () => {
  const estimate = (script: RecordingScript, smoothed: number, rto: number) =>
    script.emit(CLIENT, 'tcp:metrics_updated', { smoothed_rtt: smoothed, rto })
  const crosses = (script: RecordingScript, direction: number, delay: number) =>
    script.emit('lane/link', 'link:packet_delivered', { direction, delay }, 1)

  it('is compared with what the last packets took there and back, each time that it changes', () => {
    const script = new RecordingScript().at(0)
    data(script, 1, 0)
    estimate(script, 0, 1_000_000)
    crosses(crosses(script, 0, 6_000), 1, 4_000)
    estimate(script, 10_000, 30_000)
    estimate(script, 10_000, 30_000)
    crosses(script, 0, 16_000)
    estimate(script, 12_000, 60_000)
    const metrics = measure(script)
    // Exact the first time, 12 for 20 ms the second.
    expect(metrics['lane/rtt_error']).toBeCloseTo(0.2, 9)
    expect(metrics).toMatchObject({
      'lane/rto_first': 30_000,
      'lane/rto_first_rtts': 3,
      'lane/rto_max': 60_000,
    })
  })

  it('has no figure as long as nothing came back', () => {
    const script = new RecordingScript().at(0)
    data(script, 1, 0)
    expect(measure(script)).toMatchObject({ 'lane/rtt_error': null, 'lane/rto_first': null })
  })
})
