/** The path's MTU: what routers say (RFC 1191, RFC 5927 7.2), what probes find and the way out of black holes (RFC 4821). */
import { describe, expect, it } from 'vitest'
import type { TcpSettingsInput } from '../../../../shared/tcp.ts'
import { rule } from '../../../support/rule.ts'
import { Script } from '../../../support/tcp-script.ts'

const TOO_LARGE = 4
const MINUTES = 60e6

/** Four segments of 1,460 bytes on their way, two more to send. */
function flying(settings: TcpSettingsInput = {}): Script {
  const s = Script.connected({ initialWindow: 4, congestion: 'newreno', ...settings })
  s.write(6 * 1460)
  s.expectData(4, 1460)
  s.quiet()
  return s
}

/** The peer acknowledges all that it was sent, `times` over or until there is no more; whatever goes out meanwhile does not matter. */
function acknowledgeAll(s: Script, times = Infinity): void {
  for (let i = 0; i < times && s.connection.unacknowledged > 0; i++) {
    s.skip()
    const { acked, in_flight } = s.connection.metrics()
    s.inject('.', { ack: 1 + acked + in_flight }).skip()
  }
}

const changes = (s: Script) => s.trace.of('tcp:path_mtu_changed')

describe('what routers say', () => {
  rule(1191, '3', "segments carry Don't Fragment, so that routers say what is too long", () => {
    flying()
    const s = Script.connected({ pathMtuDiscovery: false })
    expect(s.last.mayBeCut).toBe(true)
    expect(Script.connected().last.mayBeCut).toBe(false)
    expect(Script.connected({ pathMtuDiscovery: false, mtuProbing: true }).last.mayBeCut).toBe(false)
  })

  rule(1191, '6.4', 'what was too large goes again at once in smaller segments, the window as it was', () => {
    const s = flying()
    const { cwnd } = s.connection.metrics()
    s.unreachable(TOO_LARGE, 1, 1_040)
    for (let i = 0; i < 4; i++) {
      s.expect('.', { seq: 1 + i * 1460, length: 1000, cause: 'mtu' })
      s.expect('.', { seq: 1 + i * 1460 + 1000, length: 460, cause: 'mtu' })
    }
    s.quiet()
    expect(s.connection.metrics().cwnd).toBe(cwnd)
    expect(changes(s)).toEqual([{ mtu: 1_040, mss: 1_000, why: 'icmp' }])
    s.inject('.', { ack: 1461 })
    s.expect('.', { seq: 5841, length: 1000 })
    expect(s.trace.of('tcp:congestion_state_changed')).toEqual([])
  })

  rule(1191, '5', 'a router that says no MTU is taken for one of 576', () => {
    const s = flying()
    s.unreachable(TOO_LARGE, 1, 0)
    s.expect('.', { seq: 1, length: 536, cause: 'mtu' })
  })

  rule(1191, '3', 'the path never becomes wider by what a router says', () => {
    const s = flying()
    s.unreachable(TOO_LARGE, 1, 9_000)
    s.quiet()
    expect(changes(s)).toEqual([])
  })

  rule(1191, '3', 'nothing below 68 is believed', () => {
    const s = flying()
    s.unreachable(TOO_LARGE, 1, 10)
    s.expect('.', { seq: 1, length: 28, cause: 'mtu' })
  })

  rule(1191, '6.3', 'after ten minutes larger segments are tried again', () => {
    const s = flying()
    s.unreachable(TOO_LARGE, 1, 1_040).skip()
    acknowledgeAll(s)
    s.elapse(10 * MINUTES - 1_000)
    expect(changes(s).length).toBe(1)
    s.elapse(2_000)
    expect(changes(s).at(-1)).toEqual({ mtu: 1_500, mss: 1_460, why: 'timer' })
    s.write(2 * 1460)
    s.expect('.', { length: 1460 })
  })

  rule(1191, '6.3', 'ten minutes count from the last time that a router complained', () => {
    const s = flying()
    s.unreachable(TOO_LARGE, 1, 1_040).skip()
    acknowledgeAll(s)
    s.elapse(6 * MINUTES)
    s.write(1_000)
    s.expect('.', { length: 1_000 })
    s.unreachable(TOO_LARGE, 6 * 1460 + 1, 600)
    // Larger ones have come through, so it is believed only when these do not (RFC 5927 7.2).
    s.untilSent()
    s.skip()
    acknowledgeAll(s)
    expect(changes(s).length).toBe(2)
    s.elapse(9 * MINUTES)
    expect(changes(s).length).toBe(2)
    s.elapse(2 * MINUTES)
    expect(changes(s).at(-1)).toMatchObject({ mtu: 1_500, why: 'timer' })
  })

  rule(5927, '4.1', 'an error about nothing that is on its way is not believed', () => {
    const s = flying()
    s.unreachable(TOO_LARGE, 90_000, 500)
    s.unreachable(TOO_LARGE, -10, 500)
    s.quiet()
    expect(changes(s)).toEqual([])
  })

  rule(5927, '7.2', 'a size below one that has come through is believed only when data do not', () => {
    const s = flying()
    s.inject('.', { ack: 1461 }).skip()
    s.unreachable(TOO_LARGE, 1461, 600)
    s.quiet()
    expect(changes(s)).toEqual([])
    s.untilSent()
    expect(changes(s)).toEqual([{ mtu: 600, mss: 560, why: 'icmp' }])
    s.expect('.', { seq: 1461, length: 560 })
  })

  rule(5927, '7.2', 'the error is forgotten when the data were acknowledged after all', () => {
    const s = flying()
    s.inject('.', { ack: 1461 }).skip()
    s.unreachable(TOO_LARGE, 1461, 600)
    s.inject('.', { ack: 2921 }).skip()
    s.untilSent()
    s.expect('.', { seq: 2921, length: 1460, cause: 'rto' })
    expect(changes(s)).toEqual([])
  })

  it('is not asked for where routers may cut', () => {
    const s = flying({ pathMtuDiscovery: false })
    s.unreachable(TOO_LARGE, 1, 1_040)
    s.quiet()
  })
})

/** A sender that tries sizes and heeds no router, with data for a long time. */
function probing(settings: TcpSettingsInput = {}): Script {
  const s = Script.connected({
    ...{ initialWindow: 10, congestion: 'newreno', pathMtuDiscovery: false, mtuProbing: true },
    ...settings,
  })
  s.write(200_000)
  return s
}

const ended = (s: Script) => s.trace.of('tcp:mtu_probe_ended')

describe('probes', () => {
  rule(4821, '7.2', 'without routers to heed it begins with 1,024 bytes a packet', () => {
    const s = probing({ mss: 1_460 })
    s.expect('.', { seq: 1, length: 1_460, cause: 'mtu_probe' })
    s.expect('.', { seq: 1_461, length: 984, cause: '' })
  })

  rule(
    4821,
    '7.4',
    'a probe is data of its own, followed by as many segments as show that it was lost',
    () => {
      const s = probing()
      s.expect('.', { seq: 1, length: 1_460, cause: 'mtu_probe' })
      s.expectData(8, 984, { cause: '' })
      s.quiet()
    },
  )

  rule(4821, '7.4', 'there is no probe while there is too little to send after it', () => {
    const s = Script.connected({ pathMtuDiscovery: false, mtuProbing: true })
    s.write(1_460 + 2 * 984)
    s.expectData(3, 984, { cause: '' })
  })

  rule(
    4821,
    '7.4',
    'there is no probe while the congestion window has no room for it and what follows',
    () => {
      const s = probing({ initialWindow: 4 })
      s.expectData(4, 984, { cause: '' })
      s.quiet()
    },
  )

  rule(4821, '7.6.1', 'a probe that arrives makes segments larger at once', () => {
    const s = probing()
    s.expect('.', { cause: 'mtu_probe' }).skip()
    s.inject('.', { ack: 1_461 })
    expect(ended(s)).toEqual([{ size: 1_500, outcome: 'success' }])
    expect(changes(s)).toEqual([{ mtu: 1_500, mss: 1_460, why: 'probe' }])
    s.expect('.', { length: 1_460, cause: '' })
  })

  rule(
    4821,
    '7.6.2',
    'a probe alone that is lost goes again in segments of the size that is known, and is no congestion',
    () => {
      const s = probing()
      s.expect('.', { cause: 'mtu_probe' }).skip()
      const { cwnd } = s.connection.metrics()
      for (let i = 1; i <= 2; i++) s.inject('.', { ack: 1, sack: [1_461, 1_461 + i * 984] }).skip()
      s.inject('.', { ack: 1, sack: [1_461, 1_461 + 3 * 984] })
      s.expect('.', { seq: 1, length: 984, cause: 'mtu' })
      s.expect('.', { seq: 985, length: 476, cause: 'mtu' })
      for (let i = 4; i <= 8; i++) s.inject('.', { ack: 1, sack: [1_461, 1_461 + i * 984] }).skip()
      s.inject('.', { ack: 1_461 + 8 * 984 })
      expect(ended(s)).toEqual([{ size: 1_500, outcome: 'failure' }])
      expect(s.trace.of('tcp:congestion_state_changed')).toEqual([])
      expect(s.connection.metrics().cwnd).toBeGreaterThanOrEqual(cwnd)
    },
  )

  rule(4821, '7.6.2', 'the same without SACK, by three duplicates', () => {
    const s = probing({ sack: false })
    s.expect('.', { cause: 'mtu_probe' }).skip()
    const { cwnd } = s.connection.metrics()
    for (let i = 0; i < 2; i++) s.inject('.', { ack: 1 }).skip()
    s.inject('.', { ack: 1 })
    s.expect('.', { seq: 1, length: 984, cause: 'mtu' })
    for (let i = 0; i < 5; i++) s.inject('.', { ack: 1 }).skip()
    s.inject('.', { ack: 1_461 + 8 * 984 }).skip()
    expect(ended(s)).toEqual([{ size: 1_500, outcome: 'failure' }])
    expect(s.trace.of('tcp:congestion_state_changed')).toEqual([])
    expect(s.connection.metrics().cwnd).toBeGreaterThanOrEqual(cwnd)
  })

  rule(4821, '7.6.2', 'the same where RACK finds the loss', () => {
    const s = probing({ rack: true, sack: true })
    s.expect('.', { cause: 'mtu_probe' }).skip()
    s.inject('.', { ack: 1, sack: [1_461, 1_461 + 8 * 984] })
    s.expect('.', { seq: 1, length: 984, cause: 'mtu' })
    s.inject('.', { ack: 1_461 + 8 * 984 }).skip()
    expect(ended(s)).toEqual([{ size: 1_500, outcome: 'failure' }])
    expect(s.trace.of('tcp:congestion_state_changed')).toEqual([])
  })

  rule(4821, '7.3', 'after a failure the middle between what came through and what did not is tried', () => {
    const s = probing()
    s.expect('.', { cause: 'mtu_probe' }).skip()
    s.inject('.', { ack: 1, sack: [1_461, 1_461 + 4 * 984] }).skip()
    s.inject('.', { ack: 1_461 + 8 * 984 })
    // 1,024 comes through, 1,500 does not: 1,262.
    s.expect('.', { length: 1_222, cause: 'mtu_probe' })
  })

  rule(
    4821,
    '7.6.3',
    'a probe that only the timer finds lost has failed, and the window shrinks as after any timeout',
    () => {
      const s = probing()
      s.expect('.', { cause: 'mtu_probe' }).skip()
      s.untilSent()
      s.expect('.', { seq: 1, length: 984, cause: 'rto' })
      expect(ended(s)).toEqual([{ size: 1_500, outcome: 'failure' }])
      expect(s.connection.metrics().cwnd).toBe(984)
    },
  )

  rule(4821, '7.6.4', 'a probe with other losses beside it proves nothing, and these are congestion', () => {
    const s = probing()
    s.expect('.', { cause: 'mtu_probe' }).skip()
    // The first after the probe is missing, too.
    const from = 1_461 + 984
    s.inject('.', { ack: 1, sack: [from, from + 5 * 984] })
    s.expect('.', { seq: 1, length: 984, cause: 'sack' })
    expect(ended(s)).toEqual([{ size: 1_500, outcome: 'inconclusive' }])
    expect(s.trace.of('tcp:congestion_state_changed').at(-1)).toMatchObject({ to: 'recovery' })
  })

  rule(4821, '7.6.4', 'the same size is tried again later', () => {
    const s = probing()
    s.expect('.', { cause: 'mtu_probe' }).skip()
    const from = 1_461 + 984
    s.inject('.', { ack: 1, sack: [from, from + 5 * 984] }).skip()
    s.inject('.', { ack: 1_461 + 8 * 984 }).skip()
    for (let i = 0; i < 20 && ended(s).length < 2; i++) acknowledgeAll(s, 1)
    expect(ended(s)[1]).toEqual({ size: 1_500, outcome: 'success' })
  })

  /** A path that lets packets of up to `mtu` bytes through: acknowledges all, but has a longer probe missing. */
  function search(s: Script, mtu: number): void {
    for (let quiet = 0; quiet < 3; quiet++) {
      s.write(20_000)
      const sent = s.take()
      const probe = sent.find(({ cause }) => cause === 'mtu_probe')
      if (probe !== undefined) quiet = 0
      if (probe !== undefined && probe.length + 40 > mtu) {
        s.inject('.', { ack: probe.seq }).take()
        s.inject('.', { ack: probe.seq, sack: [probe.seq + probe.length, s.ourNext] }).take()
      }
      s.inject('.', { ack: s.ourNext })
    }
  }

  rule(4821, '7.3', 'the search comes within a few bytes of what the path takes, and ends there', () => {
    for (const mtu of [1_024, 1_100, 1_300, 1_499, 1_500]) {
      const s = probing({ initialWindow: 20 })
      search(s, mtu)
      const found = changes(s).at(-1)?.mtu ?? 1_024
      expect(found).toBeLessThanOrEqual(mtu)
      expect(found).toBeGreaterThan(mtu - 8)
      expect(ended(s).length).toBeLessThanOrEqual(8)
    }
  })

  rule(4821, '7.3', 'ten minutes later it begins anew', () => {
    const s = probing({ initialWindow: 20 })
    search(s, 1_300)
    const before = ended(s).length
    acknowledgeAll(s)
    s.elapse(11 * MINUTES)
    search(s, 1_500)
    expect(ended(s)[before]).toEqual({ size: 1_500, outcome: 'success' })
  })

  it('ends early where a router names the size of a probe', () => {
    const s = Script.connected({ mtuProbing: true, initialWindow: 10, congestion: 'newreno', dataRetries: 8 })
    s.write(30_000)
    // A black hole at first, then a path whose routers speak.
    for (let i = 0; i < 2; i++) {
      s.skip()
      s.untilSent()
    }
    for (let i = 0; i < 20; i++) {
      s.write(20_000)
      const sent = s.take()
      const probe = sent.find(({ cause }) => cause === 'mtu_probe')
      if (probe !== undefined) {
        s.unreachable(TOO_LARGE, probe.seq, 1_100)
        expect(ended(s).at(-1)).toEqual({ size: probe.length + 40, outcome: 'failure' })
        s.expect('.', { seq: probe.seq, length: 984, cause: 'mtu' })
        return
      }
      s.inject('.', { ack: Math.max(...sent.map(({ seq, length }) => seq + length)) })
    }
    expect.unreachable('no probe was sent')
  })
})

describe('black holes (RFC 2923 2.1)', () => {
  const hole = (settings: TcpSettingsInput = {}) => flying({ mtuProbing: true, dataRetries: 8, ...settings })

  rule(4821, '7.7', 'full segments that vanish twice without a word go again in smaller ones', () => {
    const s = hole()
    s.untilSent()
    s.expect('.', { seq: 1, length: 1_460, cause: 'rto' })
    s.untilSent()
    expect(changes(s)).toEqual([{ mtu: 1_024, mss: 984, why: 'black_hole' }])
    s.expect('.', { seq: 1, length: 984, cause: 'rto' })
  })

  rule(4821, '7.7', 'smaller still while nothing comes through', () => {
    const s = hole()
    for (let i = 0; i < 5; i++) {
      s.untilSent()
      s.skip()
    }
    expect(changes(s).map(({ mtu }) => mtu)).toEqual([1_024, 508, 296, 68])
  })

  rule(4821, '7.7', 'what comes through afterwards is the beginning of a search', () => {
    const s = hole()
    for (let i = 0; i < 2; i++) {
      s.untilSent()
      s.skip()
    }
    s.write(100_000)
    for (let i = 0; i < 20 && ended(s).length === 0; i++) acknowledgeAll(s, 1)
    expect(ended(s)[0]).toEqual({ size: 1_262, outcome: 'success' })
  })

  it('is a prison without probing', () => {
    const s = flying({ dataRetries: 3 })
    for (let i = 0; i < 3; i++) {
      s.untilSent()
      s.expect('.', { seq: 1, length: 1_460, cause: 'rto' })
    }
    s.untilSent()
    expect(s.events()).toContain('closed: timed_out')
  })

  it('is not suspected where only small segments are missing', () => {
    const s = Script.connected({ mtuProbing: true })
    s.write(500)
    s.expect('.', { length: 500 })
    for (let i = 0; i < 4; i++) {
      s.untilSent()
      s.expect('.', { seq: 1, length: 500 })
    }
  })
})
