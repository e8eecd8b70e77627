import { describe, expect, test } from 'vitest'
import { pageSpan, Requests } from '../../../shared/projections/requests.ts'
import { FLOW, TraceMaker } from '../../support/trace-maker.ts'

const client = { node: 'client', flow: FLOW }
const server = { node: 'server', flow: FLOW }

const queued = (request: number, attempt = 1) => ({
  request,
  method: 'GET',
  url: `https://server.lab/${request}`,
  initiator: 0,
  attempt,
})
const sent = (request: number, exchange: number) => ({
  request,
  exchange,
  version: 'h2',
  reused: exchange > 1,
})
const finished = (request: number, error = '') => ({
  request,
  content: 1000,
  encoded: 1000,
  encoding: '',
  source: 'network',
  sha256: '',
  error,
  message: error === '' ? '' : 'in words',
})
const started = (request: number) => ({ request, status: 200, content_type: 'text/html' })
const secured = {
  version: 'TLSv1.3',
  cipher_suite: 'TLS_AES_128_GCM_SHA256',
  group: 'X25519',
  alpn: 'h2',
  resumed: false,
  error: '',
  message: '',
}

/** A connection opened from 10 to 30 with TLS until 50; ESTABLISHED at the server comes later. */
const opened = (): TraceMaker =>
  new TraceMaker()
    .pair()
    .add(0, 'http:request_queued', queued(1), { node: 'client' })
    .add(10, 'tcp:state_changed', { from: 'CLOSED', to: 'SYN-SENT', why: 'call' }, client)
    .add(30, 'tcp:state_changed', { from: 'SYN-SENT', to: 'ESTABLISHED', why: 'segment' }, client)
    .add(40, 'tcp:state_changed', { from: 'SYN-RECEIVED', to: 'ESTABLISHED', why: 'segment' }, server)
    .add(50, 'security:handshake_finished', secured, client)
    .add(60, 'security:handshake_finished', secured, server)

function read(maker: TraceMaker) {
  const store = maker.store()
  const requests = new Requests()
  requests.update(store)
  return { requests, now: store.end }
}

const phasesOf = (maker: TraceMaker, index: number) => {
  const { requests, now } = read(maker)
  return requests.phases(requests.all[index], now).map(({ kind, from, to }) => `${kind} ${from}-${to}`)
}

describe('where the time of a request goes', () => {
  test('the first one waits for TCP, then TLS, then the answer', () => {
    const maker = opened()
      .add(50, 'http:request_sent', sent(1, 1), client)
      .add(90, 'http:response_started', started(1), client)
      .add(120, 'http:response_finished', finished(1), client)
    expect(phasesOf(maker, 0)).toEqual([
      'queued 0-10',
      'connecting 10-30',
      'securing 30-50',
      'waiting 50-90',
      'receiving 90-120',
    ])
  })

  test('one that was handed to the connection before it was ready waited for it all the same', () => {
    const maker = opened()
      .add(55, 'http:request_sent', sent(1, 1), client)
      .add(90, 'http:response_started', started(1), client)
    // It is still receiving when the trace ends.
    expect(phasesOf(maker, 0)).toEqual([
      'queued 0-10',
      'connecting 10-30',
      'securing 30-50',
      'queued 50-55',
      'waiting 55-90',
    ])
  })

  test('a later one waits its turn only', () => {
    const maker = opened()
      .add(60, 'http:request_queued', queued(2), { node: 'client' })
      .add(80, 'http:request_sent', sent(2, 3), client)
      .add(95, 'http:response_started', started(2), client)
      .add(99, 'http:response_finished', finished(2), client)
    expect(phasesOf(maker, 1)).toEqual(['queued 60-80', 'waiting 80-95', 'receiving 95-99'])
  })

  test('one from the cache has no phase but its own moment', () => {
    const maker = new TraceMaker()
      .pair()
      .add(5, 'http:request_queued', queued(1), { node: 'client' })
      .add(5, 'http:response_started', started(1), { node: 'client' })
      .add(5, 'http:response_finished', { ...finished(1), source: 'cache' }, { node: 'client' })
    expect(phasesOf(maker, 0)).toEqual([])
  })
})

describe('attempts', () => {
  const maker = opened()
    .add(50, 'http:request_sent', sent(1, 1), client)
    .add(70, 'http:response_finished', finished(1, 'timeout'), client)
    .add(70, 'http:request_queued', queued(1, 2), { node: 'client' })
    .add(75, 'http:request_sent', sent(1, 3), client)
    .add(95, 'http:response_started', started(1), client)
    .add(99, 'http:response_finished', finished(1), client)
  const { requests } = read(maker)

  test('are rows of their own, each with its outcome', () => {
    expect(requests.all.map(({ attempt, error, finished }) => ({ attempt, error, finished }))).toEqual([
      { attempt: 1, error: 'timeout', finished: 70 },
      { attempt: 2, error: '', finished: 99 },
    ])
  })

  test('are found by their exchange', () => {
    const { flow } = requests.all[0]
    expect(requests.ofExchange(flow, 1)).toBe(requests.all[0])
    expect(requests.ofExchange(flow, 3)).toBe(requests.all[1])
    expect(requests.ofExchange(flow, 5)).toBeUndefined()
  })

  test('span the page from the first wish to the last answer', () => {
    expect(pageSpan(requests.all)).toEqual({ from: 0, to: 99 })
    expect(pageSpan([])).toBeUndefined()
    expect(pageSpan(read(opened()).requests.all)).toBeUndefined()
  })
})

describe('over QUIC', () => {
  const request = (id: number) => ({ type: 'stream', id, offset: 0, length: 40, fin: true })
  const h3 = (number: number, exchange: number) => ({ ...sent(number, exchange), version: 'h3' })
  /** A connection whose handshake lasts from 10 to 60; request 1 is queued at 0, request 2 at 20. */
  const opening = (): TraceMaker =>
    new TraceMaker()
      .pair()
      .add(0, 'http:request_queued', queued(1), { node: 'client' })
      .quicSent(10, 1, 'client', { level: 'initial', number: 0 })
      .add(20, 'http:request_queued', queued(2), { node: 'client' })

  test('a request waits for the handshake, and for its first byte to leave', () => {
    const maker = opening()
      .add(11, 'http:request_sent', h3(1, 0), client)
      .add(60, 'connectivity:connection_state_changed', { from: 'handshaking', to: 'open' }, client)
      .add(60, 'security:handshake_finished', { ...secured, alpn: 'h3' }, client)
      .quicSent(65, 2, 'client', { number: 0, frames: [request(0)] })
      .add(90, 'http:response_started', started(1), client)
      .add(100, 'http:response_finished', finished(1), client)
    expect(phasesOf(maker, 0)).toEqual([
      'queued 0-10',
      'opening 10-60',
      'queued 60-65',
      'waiting 65-90',
      'receiving 90-100',
    ])
    expect(read(maker).requests.openings.values().next().value).toMatchObject({
      ...{ begun: 10, established: 60, secured: 60, tls: 'TLSv1.3 TLS_AES_128_GCM_SHA256' },
    })
  })

  test('as 0-RTT data it does not wait for the end of the handshake', () => {
    const maker = opening()
      .add(11, 'http:request_sent', h3(1, 0), client)
      .quicSent(12, 1, 'client', { level: '0rtt', number: 0, frames: [request(0)] })
      .add(60, 'connectivity:connection_state_changed', { from: 'handshaking', to: 'open' }, client)
      .add(61, 'http:response_started', started(1), client)
      .add(70, 'http:response_finished', finished(1), client)
    expect(phasesOf(maker, 0)).toEqual(['queued 0-10', 'opening 10-12', 'waiting 12-61', 'receiving 61-70'])
  })

  test('while the handshake goes on, all of the time since it began is its', () => {
    const maker = opening().quicReceived(40, 1, 'server', 0, 'initial')
    const attempt = { ...read(maker).requests.all[1], flow: maker.store().strings.indexOf(FLOW) }
    expect(read(maker).requests.phases(attempt, 40)).toEqual([{ kind: 'opening', from: 20, to: 40 }])
  })
})

describe('before a client can connect', () => {
  const lookup = { lookup: 1, name: 'www.site.lab', type: 'A' }
  const found = { lookup: 1, outcome: 'answer', values: '10.77.0.2', ttl: 60_000_000 }
  const released = (waited: number) => ({ address: '10.77.0.254', interface: 0, waited })
  /** A connection from 1030 to 1050, for a name that was looked up until then. */
  const named = (): TraceMaker =>
    new TraceMaker()
      .pair()
      .add(1000, 'http:request_queued', queued(1), { node: 'client' })
      .add(1000, 'dns:lookup_started', lookup, { node: 'client' })

  const connected = (maker: TraceMaker): TraceMaker =>
    maker
      .add(1030, 'dns:lookup_finished', found, { node: 'client' })
      .add(1030, 'tcp:state_changed', { from: 'CLOSED', to: 'SYN-SENT', why: 'call' }, client)
      .add(1050, 'tcp:state_changed', { from: 'SYN-SENT', to: 'ESTABLISHED', why: 'segment' }, client)
      .add(1050, 'http:request_sent', sent(1, 1), client)
      .add(1070, 'http:response_started', started(1), client)
      .add(1080, 'http:response_finished', finished(1), client)

  test('its lookup comes first', () => {
    expect(phasesOf(connected(named()), 0)).toEqual([
      'resolving 1000-1030',
      'connecting 1030-1050',
      'waiting 1050-1070',
      'receiving 1070-1080',
    ])
  })

  test('a lookup without end takes all of the time', () => {
    const maker = named().add(1100, 'sim:mark', { text: '' })
    expect(phasesOf(maker, 0)).toEqual(['resolving 1000-1100'])
  })

  test('the lookup of another client is none of its', () => {
    const maker = new TraceMaker()
      .pair()
      .add(1000, 'http:request_queued', queued(1), { node: 'client' })
      .add(1000, 'dns:lookup_started', lookup, { node: 'server' })
    expect(phasesOf(connected(maker), 0)[0]).toBe('queued 1000-1030')
  })

  test('what waits for Ethernet addresses is cut out of whatever it held up, of one lane', () => {
    const maker = named()
      .add(1004, 'arp:packet_released', released(4), { node: 'client' })
      .add(1012, 'arp:packet_released', released(5), { node: 'router' })
      // Two at the same time count once.
      .add(1013, 'arp:packet_released', released(3), { node: 'router' })
    expect(phasesOf(connected(maker), 0).slice(0, 5)).toEqual([
      'addressing 1000-1004',
      'resolving 1004-1007',
      'addressing 1007-1013',
      'resolving 1013-1030',
      'connecting 1030-1050',
    ])
  })
})
