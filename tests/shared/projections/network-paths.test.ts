/** The ways of connections: paths of QUIC (RFC 9000 9), addresses of hosts that move, TCP that stays behind. */
import { describe, expect, it } from 'vitest'
import { Deliveries, longestPause } from '../../../shared/projections/deliveries.ts'
import { NetworkPaths } from '../../../shared/projections/network-paths.ts'
import type { TraceStore } from '../../../shared/trace/store.ts'
import { FLOW, TraceMaker } from '../../support/trace-maker.ts'

const [C, S] = ['client', 'server']
const at = (node: string, pkt = 0) => ({ node, flow: FLOW, pkt })
const SERVER = '10.77.0.2:5001'

function pathsOf(store: TraceStore): NetworkPaths {
  const paths = new NetworkPaths()
  paths.update(store)
  return paths
}

const spans = (store: TraceStore) =>
  pathsOf(store).all.map(({ kind, number, local, spans: list }) => [
    `${kind} ${number} ${local}`,
    ...list.map(({ from, to, state }) => `${state} ${from}-${to}`),
  ])

/** A client moves at 100 and goes on by another path, which is validated. */
const moved = (): TraceMaker =>
  new TraceMaker()
    .pair()
    .quicSent(0, 1, C, { level: 'initial', number: 0 })
    .add(100, 'connectivity:address_changed', { from: '10.77.0.1', to: '10.77.0.77' }, { node: C })
    .add(
      100,
      'connectivity:path_state_changed',
      { path: 1, local: '10.77.0.77:40001', remote: SERVER, state: 'validating' },
      at(C),
    )
    .add(100, 'connectivity:path_changed', { local_port: 40_001, remote: SERVER }, at(C))
    .quicSent(101, 2, C, { number: 0, path: 1, frames: [{ type: 'path_challenge', length: 8 }] })
    .quicSent(130, 3, S, { number: 0, path: 1, frames: [{ type: 'path_response', length: 8 }] })
    .add(
      150,
      'connectivity:path_state_changed',
      { path: 1, local: '10.77.0.77:40001', remote: SERVER, state: 'validated' },
      at(C),
    )
    .add(
      300,
      'connectivity:connection_closed',
      { by: 'peer', layer: 'application', code: 0, name: '', reason: '' },
      at(C),
    )

describe('QUIC', () => {
  it('leaves one path and goes on by another', () => {
    expect(spans(moved().store())).toEqual([
      ['quic 0 10.77.0.1:40000', 'open 0-100', 'abandoned 100-300', 'closed 300-Infinity'],
      ['quic 1 10.77.0.77:40001', 'validating 100-150', 'validated 150-300', 'closed 300-Infinity'],
    ])
    expect(pathsOf(moved().store()).all.map(({ end }) => end)).toEqual(['peer', 'peer'])
  })

  it('has the challenges and responses of both ends on their path', () => {
    const [first, second] = pathsOf(moved().store()).all
    expect(first.probes).toEqual([])
    expect(second.probes.map(({ kind, t, pkt }) => [kind, t, pkt])).toEqual([
      ['path_challenge', 101, 2],
      ['path_response', 130, 3],
    ])
  })

  it('has the connection ids that packets went to on it, each once, in their order', () => {
    const store = moved()
      .quicSent(310, 4, C, { level: 'initial', number: 1, dcid: 'aa' })
      .quicSent(311, 5, S, { level: 'initial', number: 1, dcid: 'c0' })
      .quicSent(312, 6, C, { number: 1, dcid: 'b0' })
      .quicSent(313, 7, C, { number: 2, dcid: 'b0' })
      .quicSent(314, 8, C, { number: 3, path: 1, dcid: 'b1' })
      .quicSent(315, 9, S, { number: 3, path: 1, dcid: 'c1' })
      .store()
    expect(pathsOf(store).all.map(({ toServer, toClient }) => [[...toServer], [...toClient]])).toEqual([
      [['aa', 'b0'], ['c0']],
      [['b1'], ['c1']],
    ])
  })

  it('is told of by its client: what the server says of its side makes no path', () => {
    const store = moved()
      .add(
        160,
        'connectivity:path_state_changed',
        { path: 2, local: SERVER, remote: '10.77.0.77:40001', state: 'failed' },
        at(S),
      )
      .store()
    expect(pathsOf(store).all).toHaveLength(2)
  })
})

describe('TCP', () => {
  it('is lost with its address, and begins anew as another connection', () => {
    const second = '10.77.0.2:5001-10.77.0.77:40002'
    const store = new TraceMaker()
      .pair()
      .sent(0, 1, C, {})
      .add(100, 'connectivity:address_changed', { from: '10.77.0.1', to: '10.77.0.77' }, { node: C })
      .sent(500, 2, C, {}, second)
      .add(900, 'tcp:connection_closed', { error: 'reset' }, { node: C, flow: second })
      .store()
    expect(spans(store)).toEqual([
      ['tcp 0 10.77.0.1:40000', 'open 0-100', 'lost 100-Infinity'],
      ['tcp 0 10.77.0.77:40002', 'open 500-900', 'closed 900-Infinity'],
    ])
    expect(pathsOf(store).moves).toMatchObject([{ t: 100, from: '10.77.0.1', to: '10.77.0.77' }])
  })
})

describe('what comes to the client', () => {
  const read = (maker: TraceMaker, t: number, flow = FLOW) =>
    maker.add(t, 'tcp:data_read', { bytes: 10 }, { node: C, flow })

  it('is that of all of its connections, in order; the longest pause is between two that follow each other', () => {
    const maker = new TraceMaker().pair()
    read(read(read(read(maker, 10), 20), 90, 'second'), 95, 'second')
    const store = maker.add(96, 'tcp:data_read', { bytes: 10 }, at(S)).store()
    const deliveries = new Deliveries()
    deliveries.update(store)
    expect(deliveries.toClients(store, '')).toEqual([10, 20, 90, 95])
    expect(longestPause(deliveries.toClients(store, ''))).toEqual({ from: 20, to: 90 })
  })

  it('of TCP with TLS is what came once TLS was ready', () => {
    const record = {
      ...{ from: 'client', offset: 0, length: 10, content_type: 22, inner_type: 22 },
      ...{ plain_offset: 0, plain_length: 0, protected: false, problem: '', version: 0x0303 },
    }
    const finished = {
      ...{ version: 'TLSv1.3', cipher_suite: '', group: '', alpn: '', resumed: false },
      ...{ error: '', message: '' },
    }
    const maker = new TraceMaker()
      .pair()
      .sent(0, 1, C, { payload: 10 })
      .add(0, 'security:record', record, at(C, 1))
    read(maker, 10)
    maker.add(15, 'security:handshake_finished', finished, at(C))
    const store = read(maker, 20).store()
    const deliveries = new Deliveries()
    deliveries.update(store)
    expect(deliveries.toClients(store, '')).toEqual([20])
  })

  it('has no pause before there are two moments', () => expect(longestPause([5])).toBeUndefined())
})
