/** Stall attribution (DESIGN 6.2): what the sender waits for, each moment one cause. */
import { describe, expect, it } from 'vitest'
import { STALL_CAUSES } from '../../../../shared/trace/events.ts'
import { MemoryTrace } from '../../../support/tcp-env.ts'
import { Script } from '../../../support/tcp-script.ts'
import { transfer } from '../../../support/tcp-transfer.ts'

const MSS = 1000

const causes = (s: Script): string[] => s.trace.of('tcp:stall_changed').map((e) => e.cause)

function established(settings = {}): Script {
  const s = new Script({ mss: MSS, congestion: 'newreno', initialWindow: 4, delayedAck: 0, ...settings })
  s.connect()
  s.expect('S').quiet()
  s.elapse(100_000)
  s.inject('S.', { options: { mss: MSS, sackPermitted: true } })
  s.expect('.').quiet()
  return s
}

describe('the causes', () => {
  it('begin with the handshake and go on with idle', () => {
    expect(causes(established())).toEqual(['handshake', 'idle'])
  })

  it('congestion_window, application, idle: a transfer without loss', () => {
    const s = established()
    s.write(6 * MSS)
    s.expectData(4, MSS)
    s.quiet()
    s.elapse(100_000)
    s.inject('.', { ack: 1 + 2 * MSS })
    s.expectData(2, MSS)
    s.quiet()
    s.inject('.', { ack: 1 + 6 * MSS }).quiet()
    expect(causes(s).slice(2)).toEqual(['congestion_window', 'application', 'idle'])
  })

  it('sending: nothing holds the sender back, all that will ever be sent is on its way', () => {
    const s = established()
    s.write(MSS)
    s.connection.shutdown(s.now)
    s.expect('F.').quiet()
    expect(causes(s).at(-1)).toBe('sending')
  })

  it('receive_window, while the peer has closed it', () => {
    const s = established()
    s.inject('.', { window: 0 })
    s.write(MSS)
    s.quiet()
    expect(causes(s).at(-1)).toBe('receive_window')
  })

  it('nagle, while a small segment waits for an ACK', () => {
    const s = established()
    s.write(10)
    s.expect('.', { length: 10 })
    s.write(10)
    s.quiet()
    expect(causes(s).at(-1)).toBe('nagle')
  })

  it('recovery, from the third duplicate ACK to the full one', () => {
    const s = established({ initialWindow: 8 })
    s.write(20 * MSS)
    s.expectData(8, MSS)
    s.quiet()
    s.inject('.', { ack: 1, sack: [1 + MSS, 1 + 5 * MSS] })
    s.expect('.', { seq: 1 }).skip()
    expect(causes(s).at(-1)).toBe('recovery')
    s.inject('.', { ack: 1 + 8 * MSS }).skip()
    expect(causes(s).at(-1)).toBe('congestion_window')
  })

  it('retransmission_timer, from when an ACK is overdue to when one comes', () => {
    const s = established({ minRto: 1_000_000 })
    s.write(20 * MSS)
    s.expectData(4, MSS)
    s.quiet()
    const sentAt = s.now
    // SRTT is 100 ms: after 200 ms something would have come.
    s.elapse(199_000)
    expect(causes(s).at(-1)).toBe('congestion_window')
    s.elapse(1_001)
    s.quiet()
    expect(causes(s).at(-1)).toBe('retransmission_timer')
    s.elapse(sentAt + 1e6 - s.now)
    s.expect('.', { seq: 1, cause: 'rto' }).quiet()
    expect(causes(s).at(-1)).toBe('retransmission_timer')
    s.inject('.', { ack: 1 + 2 * MSS }).skip()
    expect(causes(s).at(-1)).toBe('recovery')
    s.inject('.', { ack: 1 + 4 * MSS }).skip()
    expect(causes(s).at(-1)).toBe('congestion_window')
  })

  it('stays with recovery while SACKs come, though SND.UNA stands still', () => {
    const s = established({ initialWindow: 10, minRto: 1_000_000 })
    s.write(10 * MSS)
    s.expectData(10, MSS)
    s.quiet()
    s.inject('.', { ack: 1, sack: [1 + MSS, 1 + 4 * MSS] }).skip()
    for (let n = 5; n <= 9; n++) {
      s.elapse(90_000)
      s.inject('.', { ack: 1, sack: [1 + MSS, 1 + n * MSS] }).skip()
    }
    expect(causes(s).at(-1)).toBe('recovery')
    expect(causes(s)).not.toContain('retransmission_timer')
    s.elapse(200_001)
    s.quiet()
    expect(causes(s).at(-1)).toBe('retransmission_timer')
  })

  it('leaves out an overdue ACK that comes late only because the peer delays it', () => {
    const s = established({ delayedAck: 200_000 })
    s.write(100)
    s.expect('.', { length: 100 }).quiet()
    s.elapse(350_000)
    expect(causes(s).at(-1)).toBe('application')
  })
})

describe('a whole transfer', () => {
  it('reports changes only, by known names, from the handshake on', () => {
    const trace = new MemoryTrace()
    const flow = { bytes: 400_000, piece: 100_000, writePause: 0, readPause: 0 }
    transfer({
      seed: 5,
      delay: 10_000,
      loss: 0.03,
      up: flow,
      down: { ...flow, bytes: 0 },
      clientTrace: trace,
    })
    const seen = trace.of('tcp:stall_changed').map((e) => e.cause)
    expect(seen[0]).toBe('handshake')
    expect(seen.at(-1)).toBe('idle')
    for (const [i, cause] of seen.entries()) {
      expect(STALL_CAUSES).toContain(cause)
      expect(cause).not.toBe(seen[i - 1])
    }
  })
})
