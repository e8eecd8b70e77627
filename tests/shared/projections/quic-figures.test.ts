/** The figures of a QUIC connection's ends: windows, round trips, stalls, and what was given to the application. */
import { describe, expect, it } from 'vitest'
import { Goodput } from '../../../shared/projections/goodput.ts'
import { Rtt } from '../../../shared/projections/rtt.ts'
import { Stalls } from '../../../shared/projections/stalls.ts'
import { Windows } from '../../../shared/projections/windows.ts'
import type { EventData } from '../../../shared/trace/events.ts'
import type { TraceStore } from '../../../shared/trace/store.ts'
import { FLOW, TraceMaker } from '../../support/trace-maker.ts'

const [C, S] = ['client', 'server']
const server = { node: S, flow: FLOW }
const METRICS: EventData<'recovery:metrics_updated'> = {
  ...{ cwnd: 12_000, ssthresh: 0xffff_ffff, in_flight: 0 },
  ...{ smoothed_rtt: 0, min_rtt: 0, rtt_variance: 0, pto_count: 0 },
}

function read<
  P extends { update(store: TraceStore): void; ends: { get(flow: number, node: number): unknown } },
>(maker: TraceMaker, projection: P, node: string): NonNullable<ReturnType<P['ends']['get']>> {
  const store = maker.store()
  projection.update(store)
  const end = projection.ends.get(store.strings.indexOf(FLOW), store.strings.indexOf(node))
  return end as NonNullable<ReturnType<P['ends']['get']>>
}

it('windows: of congestion control; the threshold is infinite until it is set', () => {
  const maker = new TraceMaker()
    .pair()
    .add(0, 'recovery:metrics_updated', METRICS, server)
    .add(10, 'recovery:metrics_updated', { ...METRICS, cwnd: 6000, ssthresh: 6000, in_flight: 4000 }, server)
  const { cwnd, ssthresh, inFlight, receiveWindow } = read(maker, new Windows(), S)
  expect([...cwnd.values.view()]).toEqual([12_000, 6000])
  expect([...ssthresh.values.view()]).toEqual([Infinity, 6000])
  expect([...inFlight.values.view()]).toEqual([0, 4000])
  expect(receiveWindow.length).toBe(0)
})

describe('round trips', () => {
  const maker = new TraceMaker()
    .pair()
    .add(0, 'recovery:metrics_updated', METRICS, server)
    .add(5, 'transport:parameters_set', { owner: 'local', parameters: '{"max_ack_delay":99}' }, server)
    .add(5, 'transport:parameters_set', { owner: 'remote', parameters: '{"max_ack_delay":10}' }, server)
    .add(10, 'recovery:rtt_sampled', { rtt: 50_000 }, server)
    .add(
      10,
      'recovery:metrics_updated',
      { ...METRICS, smoothed_rtt: 50_000, rtt_variance: 25_000, min_rtt: 50_000 },
      server,
    )
    .add(
      90,
      'recovery:metrics_updated',
      { ...METRICS, smoothed_rtt: 50_000, rtt_variance: 25_000, min_rtt: 50_000, pto_count: 2 },
      server,
    )
  const { samples, smoothed, rto } = read(maker, new Rtt(), S)

  it('are those measured', () => {
    expect([...samples.values.view()]).toEqual([50_000])
    expect([...smoothed.values.view()]).toEqual([50_000])
  })

  it('give the probe timeout of RFC 9002 6.2.1, with its back-off and what the peer says of its delay', () => {
    expect([...rto.values.view()]).toEqual([999_000, 160_000, 640_000])
  })

  it('take the default delay where the parameters are no JSON', () => {
    const odd = new TraceMaker()
      .pair()
      .add(5, 'transport:parameters_set', { owner: 'remote', parameters: '{' }, server)
      .add(10, 'recovery:metrics_updated', { ...METRICS, smoothed_rtt: 1000, rtt_variance: 0 }, server)
    expect([...read(odd, new Rtt(), S).rto.values.view()]).toEqual([27_000])
  })
})

it('stalls: the account ends with the last packet', () => {
  const maker = new TraceMaker()
    .pair()
    .quicSent(0, 1, C, { level: 'initial', number: 0 })
    .add(10, 'recovery:stall_changed', { cause: 'handshake' }, server)
    .add(30, 'recovery:stall_changed', { cause: 'sending' }, server)
    .quicSent(40, 2, S, { number: 0 })
    .quicReceived(60, 2, C, 0)
    .add(90, 'recovery:stall_changed', { cause: 'idle' }, server)
  const store = maker.store()
  const stalls = new Stalls()
  stalls.update(store)
  const flow = store.strings.indexOf(FLOW)
  expect(stalls.endOf(flow)).toBe(60)
  expect(stalls.ends.get(flow, store.strings.indexOf(S))!.shares(60)).toEqual([
    { cause: 'handshake', time: 20, permille: 400 },
    { cause: 'sending', time: 30, permille: 600 },
  ])
})

it('goodput: bytes that could be read in the order of their stream, once', () => {
  const data = (id: number, offset: number, length: number) => ({
    type: 'stream',
    id,
    offset,
    length,
    fin: false,
  })
  const maker = new TraceMaker()
    .pair()
    .quicSent(1, 1, S, { number: 0, frames: [{ type: 'crypto', offset: 0, length: 50 }] })
    .quicSent(2, 2, S, { number: 1, frames: [data(0, 0, 100)] })
    .quicSent(3, 3, S, { number: 2, frames: [data(0, 100, 100), data(4, 0, 10)] })
    .quicSent(4, 4, S, { number: 3, frames: [data(0, 0, 100)] })
    .quicReceived(11, 1, C, 0)
    .quicReceived(13, 3, C, 2)
    .quicReceived(14, 4, C, 3)
    .quicReceived(15, 2, C, 1)
  const { read: total } = read(maker, new Goodput(), C)
  expect([...total.times.view()]).toEqual([13, 14])
  expect([...total.values.view()]).toEqual([10, 210])
  expect(read(maker, new Goodput(), S).firstData).toBe(2)
})
